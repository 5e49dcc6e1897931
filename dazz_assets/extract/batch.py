"""Reads the records of a page into rows (key, cursor, window, content hash and text), and rows into a record batch."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from dazz_assets.http import WalkedPage
from dazz_assets.http.json_fields import Buffer, FieldReader, LiteralText
from dazz_assets.http.json_slices import find_problem
from dazz_assets.http.placeholders import parent_field
from dazz_assets.lake import RAW_SCHEMA
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.spec.timestamps import parse_timestamp
from dazz_assets.windows import Windows, to_microseconds

# What vendors send for a time that never was: nothing, the first day of a calendar, or 0.
_NO_TIME = re.compile(r"\s*|null|none|0|0000-00-00.*|0001-01-01T00:00:00.*", re.I)
FETCHED = "fetched"
"""`Cursor(nulls="fetched")`: a record whose cursor is null counts as changed when it was fetched."""


@dataclass(slots=True)
class RawRow:
    """One record of a page with its key, cursor, window, hash and origin. The fields are columns of the raw table.

    cursor_at, fetched_at: microseconds since the epoch. problem: why the record can't be parsed; None if it can.
    """

    key: str
    cursor: str | None
    cursor_at: int | None
    window: date | None
    content_hash: int
    fetched_at: int
    page: int
    position: int
    url: str
    parent: str | None
    problem: str | None
    record: Buffer


class RowReader:
    """Reads the pages of one stream into rows."""

    def __init__(self, stream: StreamSpec, windows: Windows) -> None:
        self._stream = stream
        self._windows = windows
        paths = list(stream.key_paths)
        if stream.cursor:
            paths.append(stream.cursor.field)
            if stream.cursor.nulls not in (None, FETCHED):
                paths.append(str(stream.cursor.nulls))
        self._reader = FieldReader(paths) if paths else None
        # For each term of the key the field of the parent's record, None for a path of the record; empty without any.
        terms = [parent_field(term) for term in stream.primary_key]
        self._key_parent_fields = terms if any(terms) else []

    def read_rows(self, step: WalkedPage, parent: str | None, parent_fields: Mapping[str, str]) -> list[RawRow]:
        """One row for each record of a page, in the page's order.

        parent, parent_fields: the key of the parent that the page belongs to, and values of its record.
        """
        records, fetched_at = step.records, to_microseconds(step.page.fetched_at)
        fields: Sequence[tuple[str | None, ...]] = self._reader.read(records) if self._reader else [()] * len(records)
        if step.ids is not None and not self._stream.primary_key:
            fields = [(id_,) for id_ in step.ids]
        faults, page, url = _find_faults(step), step.number, step.page.url
        return [
            self._make_row(record, values, fetched_at, page, position, url, parent, parent_fields, faults.get(position))
            for position, (record, values) in enumerate(zip(records, fields, strict=True))
        ]

    def _make_row(
        self,
        record: Buffer,
        values: tuple[str | None, ...],
        fetched_at: int,
        page_number: int,
        position: int,
        url: str,
        parent: str | None,
        parent_fields: Mapping[str, str],
        fault: str | None,
    ) -> RawRow:
        stream = self._stream
        key = _format_key(self._key_values(values, parent_fields))
        cursor = values[len(stream.key_paths)] if stream.cursor else None
        if stream.cursor is not None and stream.cursor.nulls is not None and cursor is not None:
            cursor = None if _NO_TIME.fullmatch(cursor) else cursor
        cursor_at = parse_timestamp(cursor) if cursor is not None else None
        problem = fault
        if stream.cursor is not None and cursor is None and stream.cursor.nulls is not None:
            is_fetched = stream.cursor.nulls == FETCHED
            cursor_at = None if is_fetched else parse_timestamp(values[-1] or "")
            problem = problem or self._find_problem(key, "", 0)
            if cursor_at is None and not is_fetched:
                problem = problem or self._describe_missing_cursor(values[-1])
        else:
            problem = problem or self._find_problem(key, cursor, cursor_at)
        content_hash = _hash_content(parent, key if problem is None else None, record)
        if problem is not None or key is None:
            # Key such a record by its content, and store it in the window of its fetch.
            key, cursor_at = f"content:{content_hash & (2**64 - 1):016x}", None
        window = None
        if stream.cursor:
            window = self._windows.containing(fetched_at if cursor_at is None else cursor_at)
        return RawRow(
            key,
            cursor,
            cursor_at,
            window,
            content_hash,
            fetched_at,
            page_number,
            position,
            url,
            parent,
            problem,
            record,
        )

    def _key_values(self, values: tuple[str | None, ...], parent_fields: Mapping[str, str]) -> tuple[str | None, ...]:
        """The values of the key's terms, given those of the record's paths. A parent's are texts, also its numbers."""
        if not self._key_parent_fields:
            return values[: len(self._stream.primary_key) or 1]  # without a key: the id in an object by id
        of_record = iter(values)
        return tuple(
            next(of_record) if field is None else _as_text(parent_fields.get(field))
            for field in self._key_parent_fields
        )

    def _describe_missing_cursor(self, second: str | None) -> str:
        cursor = self._stream.cursor
        if cursor is None or second is None:
            return f"no cursor at {cursor and cursor.field}, and none at {cursor and cursor.nulls}"
        return f"no cursor at {cursor.field}, and what is at {cursor.nulls} is not a time: {second[:60]!r}"

    def _find_problem(self, key: str | None, cursor: str | None, cursor_at: int | None) -> str | None:
        stream = self._stream
        if key is None and (stream.primary_key or stream.shape == "by_id"):
            return f"no key at {' and '.join(stream.primary_key)}"
        if stream.cursor and cursor is None:
            return f"no cursor at {stream.cursor.field}"
        if stream.cursor and cursor_at is None:
            return f"the cursor at {stream.cursor.field} is not a time: {str(cursor)[:60]!r}"
        return None


def _find_faults(step: WalkedPage) -> dict[int, str]:
    """Which records of a page are not JSON, by position: `NaN` and `Infinity` are numbers of other languages."""
    body = step.page.body
    if b"NaN" not in body and b"Infinity" not in body:
        return {}
    found = ((position, find_problem(bytes(record))) for position, record in enumerate(step.records))
    return {position: f"it can't be read: {problem}" for position, problem in found if problem is not None}


def _as_text(value: str | None) -> str | None:
    return None if value is None else str(value)


def _format_key(values: tuple[str | None, ...]) -> str | None:
    if not values or None in values:
        return None
    return values[0] if len(values) == 1 else _format_json_array(values)


def _format_json_array(values: tuple[str | None, ...]) -> str:
    items = (value if isinstance(value, LiteralText) else json.dumps(value, ensure_ascii=False) for value in values)
    return f"[{','.join(map(str, items))}]"


def _hash_content(parent: str | None, key: str | None, record: Buffer) -> int:
    digest = hashlib.blake2b(record, digest_size=8, key=b"" if parent is None else _hash_key(parent))
    if key is not None:
        digest.update(b"\0" + key.encode())
    return int.from_bytes(digest.digest(), "little", signed=True)


def _hash_key(parent: str) -> bytes:
    """A parent as a key of BLAKE2b, which takes at most 64 bytes."""
    key = parent.encode()
    return key if len(key) <= hashlib.blake2b.MAX_KEY_SIZE else hashlib.blake2b(key).digest()


def make_batch(numbered: Sequence[tuple[int, RawRow]]) -> pa.RecordBatch:
    """Rows, each with its sequence number, as a batch in the raw table's schema."""
    rows = [row for _, row in numbered]
    columns: dict[str, pa.Array[Any]] = {
        "key": pa.array([row.key for row in rows], pa.string()),
        "cursor": pa.array([row.cursor for row in rows], pa.string()),
        "cursor_at": pa.array([row.cursor_at for row in rows], pa.int64()),
        "content_hash": pa.array([row.content_hash for row in rows], pa.int64()),
        "sequence": pa.array([sequence for sequence, _ in numbered], pa.int64()),
        "fetched_at": pa.array([row.fetched_at for row in rows], pa.timestamp("us", "UTC")),
        "page": pa.array([row.page for row in rows], pa.int64()),
        "position": pa.array([row.position for row in rows], pa.int64()),
        "url": pa.array([row.url for row in rows], pa.string()),
        "parent": pa.array([row.parent for row in rows], pa.string()),
        "problem": pa.array([row.problem for row in rows], pa.string()),
        "record": _join_records([row.record for row in rows]),
    }
    schema = pa.schema([field for field in RAW_SCHEMA if field.name in columns])
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _join_records(records: Sequence[Buffer]) -> pa.StringArray:
    """The records as one column: offsets over their joined bytes, with no copy per record."""
    lengths = np.fromiter((len(memoryview(record)) for record in records), np.int32, len(records))
    offsets = np.zeros(len(records) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.StringArray.from_buffers(len(records), pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(records)))
