"""A page's records as rows of a raw table."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dazz_assets.http import Page
from dazz_assets.http.json_fields import Buffer, FieldReader, Literal
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.spec.timestamps import parse_timestamp
from dazz_assets.windows import Windows, to_microseconds


@dataclass(slots=True)
class RawRow:
    """One record of a page, with what it takes to trust it; the columns are those of the raw table."""

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
    """Makes the rows of one stream's pages."""

    def __init__(self, stream: StreamSpec, windows: Windows) -> None:
        self._stream = stream
        self._windows = windows
        paths = list(stream.primary_key)
        if stream.cursor:
            paths.append(stream.cursor.field)
        self._reader = FieldReader(paths) if paths else None

    def rows(self, page: Page, records: Sequence[Buffer], number: int, parent: str | None) -> list[RawRow]:
        """The rows of the page with this number (from 1), in the page's order."""
        fetched_at = to_microseconds(page.fetched_at)
        fields = self._reader.read(records) if self._reader else [()] * len(records)
        return [
            self._row(record, values, fetched_at, number, position, page.url, parent)
            for position, (record, values) in enumerate(zip(records, fields, strict=True))
        ]

    def _row(
        self,
        record: Buffer,
        values: tuple[str | None, ...],
        fetched_at: int,
        number: int,
        position: int,
        url: str,
        parent: str | None,
    ) -> RawRow:
        stream = self._stream
        key = _key(values[: len(stream.primary_key)])
        cursor = values[-1] if stream.cursor else None
        cursor_at = parse_timestamp(cursor) if cursor is not None else None
        problem = self._problem(key, cursor, cursor_at)
        content_hash = _content_hash(parent, key if problem is None else None, record)
        if problem is not None or key is None:
            # Such a record has no place of its own: it is known by its content, and lies where it was fetched.
            key, cursor_at = f"content:{content_hash & (2**64 - 1):016x}", None
        window = None
        if stream.cursor:
            window = self._windows.containing(fetched_at if cursor_at is None else cursor_at)
        return RawRow(
            key, cursor, cursor_at, window, content_hash, fetched_at, number, position, url, parent, problem, record
        )

    def _problem(self, key: str | None, cursor: str | None, cursor_at: int | None) -> str | None:
        stream = self._stream
        if stream.primary_key and key is None:
            return f"no key at {_shown(stream.primary_key)}"
        if stream.cursor and cursor is None:
            return f"no cursor at {stream.cursor.field}"
        if stream.cursor and cursor_at is None:
            return f"the cursor at {stream.cursor.field} is no time: {str(cursor)[:60]!r}"
        return None


def _key(values: tuple[str | None, ...]) -> str | None:
    if not values or None in values:
        return None
    return values[0] if len(values) == 1 else _json_array(values)


def _json_array(values: tuple[str | None, ...]) -> str:
    items = (value if isinstance(value, Literal) else json.dumps(value, ensure_ascii=False) for value in values)
    return f"[{','.join(map(str, items))}]"


def _content_hash(parent: str | None, key: str | None, record: Buffer) -> int:
    digest = hashlib.blake2b(record, digest_size=8, key=b"" if parent is None else parent.encode()[:64])
    if key is not None:
        digest.update(b"\0" + key.encode())
    return int.from_bytes(digest.digest(), "little", signed=True)


def _shown(key: tuple[str, ...]) -> str:
    return " and ".join(key)
