"""Reads stored records as a parser's inputs: validated and lazy, and again each time the parser iterates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from itertools import chain
from operator import is_not, length_hint
from typing import Any, Literal

import pyarrow as pa
from pydantic_core import ErrorDetails

from dazz_assets.declare.parser import key_text
from dazz_assets.declare.stream import RecordModel
from dazz_assets.http.placeholders import parent_field
from dazz_assets.lake import stored_versions
from dazz_assets.lake.files import column_bytes
from dazz_assets.lake.versions.latest_versions import LatestVersions
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.transform.masked_values import describe_values
from dazz_assets.transform.quarantine import LOCATION_COLUMNS, Kind, Quarantine, invalid_reason, problem_kind
from dazz_assets.transform.record_readers import InvalidRecordError, make_reader

_LOCATION = [*LOCATION_COLUMNS, "problem"]
_COLUMNS = [*_LOCATION, "parent", "record"]
# Records are read in parts that stay in the processor's cache until the parser has used them.
_PART_ROWS = 128
# Cache full-refresh inputs up to this size between windows, since each window reads them again.
_CACHED_BYTES = 16 * 2**20


Scope = Literal["all", "all in order", "window"]


class TooManyInvalidError(Exception):
    """More records of a stream are invalid than its `max_invalid` allows."""


@dataclass(slots=True)
class RecordCounts:
    """Counts the records of one stream: read, invalid, and replaced with an older valid version.

    invalid_at: of each invalid record, how many had been read with it.
    stopped: whether reading ended early, as too many were invalid.
    """

    read: int = 0
    stopped: bool = False
    invalid_at: list[int] = field(default_factory=list)
    replaced: int = 0

    @property
    def invalid(self) -> int:
        """How many records were invalid."""
        return len(self.invalid_at)


@dataclass(frozen=True, slots=True)
class _ModelBatch:
    """Rows, and their records as models: None for one that has no valid version."""

    rows: pa.RecordBatch
    models: Sequence[RecordModel | None]


_IS_VALID: Any = partial(is_not, None)


class StoredRecords:
    """The latest valid version of each record of a stream, or of the records whose latest version lies in a window.

    An invalid version goes to quarantine, under the window, and the record's newest valid version replaces it.
    scope: "all" come in any order, those of a window always in order.
    thread: reads the next rows while some are in use.
    departures: since when records are no longer listed, by key; None while no whole list says so.
    Iterating raises TooManyInvalidError as soon as the share of invalid records is certain to exceed `max_invalid`.
    """

    def __init__(
        self,
        stream: StreamSpec,
        latest: LatestVersions,
        quarantine: Quarantine,
        counts: RecordCounts,
        scope: Scope = "all",
        window: date | None = None,
        thread: Executor | None = None,
        departures: Callable[[], Mapping[str, datetime | None]] = dict,
    ) -> None:
        self._stream = stream
        self._read_departures = departures
        self._latest = latest
        self._quarantine = quarantine
        self._counts = counts
        self._thread = thread
        self._scope = scope
        self._window = window
        self._is_whole = scope != "window"
        self._reader = make_reader(stream.required_model)
        self._hidden = (*stream.personal, *stream.sensitive)
        self._cached: list[_ModelBatch] | None = None
        self._by_key: dict[str, RecordModel] | None = None
        # The part that a parser reads now, and the iterator that gives it the part's models.
        self._in_use: tuple[_ModelBatch, Iterator[RecordModel | None]] | None = None
        # How many rows were counted: those that are read again are not.
        self._counted = 0
        self.was_read = False

    def __iter__(self) -> Iterator[RecordModel]:
        # Built in C throughout, as this is done for each record.
        return chain.from_iterable(filter(_IS_VALID, models) for _, models in self._use())

    def with_parents(self, parents: object) -> Iterator[tuple[RecordModel, RecordModel | None]]:
        """Yield each record with its parent; None for one whose parent is not among the parents' valid records.

        Raises TypeError if `parents` are not all records of the parent stream.
        """
        by_key = self._require_parents(parents).by_key()
        for batch, models in self._use():
            for model, parent in zip(models, batch.rows.column("parent").to_pylist(), strict=True):
                if model is not None:
                    yield model, by_key.get(parent or "")

    def last_read(self) -> str | None:
        """The key of the record that was handed out last; None before the first one, and when all were."""
        if self._in_use is None:
            return None
        batch, models = self._in_use
        place = len(batch.models) - length_hint(models) - 1
        return None if place < 0 else str(batch.rows.column("key")[place].as_py())

    def forget_last_read(self) -> None:
        """Take note that what was handed out so far is no longer of interest."""
        self._in_use = None

    def gone_since(self, key: tuple[object, ...]) -> datetime | None:
        """Since when the record with this key is no longer listed; None for one that is, or never was."""
        gone = self._departures("gone_since")
        terms = self._stream.primary_key
        if len(terms) == len(key) > 1:  # What a parent gives to a key is a text.
            key = tuple(
                value if parent_field(term) is None else str(value) for term, value in zip(terms, key, strict=True)
            )
        return gone.get(key_text(key))

    def departures(self) -> Mapping[str, datetime | None]:
        """What left the list, by key, and since when; None while no whole list says so."""
        return self._departures("departures")

    def _departures(self, asked: str) -> Mapping[str, datetime | None]:
        if self._stream.cursor is not None:
            raise TypeError(
                f"{asked}() of {self._stream.name}: the stream has a cursor, so its lists hold only what changed, "
                "and none of them says that a record is gone; ask a stream without a cursor"
            )
        return self._read_departures()

    def by_key(self) -> Mapping[str, RecordModel]:
        """All records by their keys, read once and kept in memory."""
        if self._by_key is None:
            self._by_key = {
                str(key): model
                for batch in self._read()
                for model, key in zip(batch.models, batch.rows.column("key").to_pylist(), strict=True)
                if model is not None
            }
        return self._by_key

    def _require_parents(self, parents: object) -> StoredRecords:
        name, parent = self._stream.name, self._stream.parent
        if parent is None:
            raise TypeError(f"with_parents() of {name}: the stream has no parent; iterate over it alone")
        if not isinstance(parents, StoredRecords) or not parents._is_whole:
            raise TypeError(f"with_parents() of {name}: give it the parser's FullRefresh input of {parent}")
        if parents._stream.name != parent:
            raise TypeError(
                f"with_parents() of {name}: it was given the records of {parents._stream.name}, but the parent is "
                f"{parent}; give it the parser's FullRefresh input of {parent}"
            )
        return parents

    def _use(self) -> Iterator[tuple[_ModelBatch, Iterator[RecordModel | None]]]:
        """The parts, each with the iterator that gives a parser its models, which tells how far it has come."""
        for batch in self._read():
            self._in_use = batch, iter(batch.models)
            yield self._in_use
        self._in_use = None

    def _read(self) -> Iterator[_ModelBatch]:
        if self._cached is not None:
            yield from self._cached
            return
        self.was_read = True
        cache: list[_ModelBatch] | None = [] if self._is_whole else None
        size = first = 0
        batches = self._read_rows()
        for batch in _read_ahead(batches, self._thread) if self._thread else batches:
            size += batch.nbytes
            for read in self._validate(batch, first):
                if cache is not None and size <= _CACHED_BYTES:
                    cache.append(read)
                else:
                    cache = None
                yield read
            first += batch.num_rows
        self._cached = cache

    def _read_rows(self) -> Iterator[pa.RecordBatch]:
        if self._scope == "window":
            return self._latest.read_window(self._window, _COLUMNS)
        return self._latest.read(_COLUMNS) if self._scope == "all" else self._latest.read_in_order(_COLUMNS)

    def _validate(self, batch: pa.RecordBatch, first: int) -> Iterator[_ModelBatch]:
        """The models of a batch, part by part. From the first part on that has an invalid record, all at once.

        first: how many rows come before the batch.
        """
        for start in range(0, batch.num_rows, _PART_ROWS):
            part = batch.slice(start, _PART_ROWS)
            models = self._read_part(part)
            if models is None:
                rest = batch.slice(start)
                yield _ModelBatch(rest, self._validate_each(rest, self._counts_of(first + start, rest.num_rows)))
                return
            self._counts_of(first + start, part.num_rows).read += len(models)
            yield _ModelBatch(part, models)

    def _counts_of(self, first: int, rows: int) -> RecordCounts:
        """What counts these rows. Only the first time that they are asked for is it kept."""
        is_new = first >= self._counted
        self._counted = max(self._counted, first + rows)
        return self._counts if is_new else RecordCounts()

    def _read_part(self, part: pa.RecordBatch) -> Sequence[RecordModel] | None:
        """The models of a part; None if it has an invalid record."""
        is_clean = part.column("problem").null_count == part.num_rows
        return self._reader.read_all(part.column("record")) if is_clean else None

    def _validate_each(self, batch: pa.RecordBatch, counts: RecordCounts) -> Sequence[RecordModel | None]:
        """The models of a batch that has invalid records, which older versions replace where they can."""
        counts.read += batch.num_rows
        # The sequences of invalid records by key. In the list their keys stand for them until they are replaced.
        invalid: dict[str, int] = {}
        found: list[RecordModel | str | None] = []
        for start in range(0, batch.num_rows, _PART_ROWS):
            part = batch.slice(start, _PART_ROWS)
            found += self._read_part(part) or self._read_one_by_one(part, batch.num_rows - start, invalid, counts)
        older = self._read_newest_valid(invalid)
        counts.replaced += len(older)
        return [older.get(item) if isinstance(item, str) else item for item in found]

    def _read_one_by_one(
        self, part: pa.RecordBatch, left: int, invalid: dict[str, int], counts: RecordCounts
    ) -> list[RecordModel | str | None]:
        """Each record of a part as `_read_one` gives it. left: how many of the batch the part and what follows are."""
        rows, records = part.select(_LOCATION).to_pylist(), column_bytes(part.column("record"))
        return [
            self._read_one(row, record, left - number, invalid, counts)
            for number, (row, record) in enumerate(zip(rows, records, strict=True), start=1)
        ]

    def _read_one(
        self, row: dict[str, Any], record: bytes, unread: int, invalid: dict[str, int], counts: RecordCounts
    ) -> RecordModel | str | None:
        """A record as the model; the key of an invalid one, None for one without a key or cursor."""
        if row["problem"] is not None:
            self._quarantine_row(row, problem_kind(row["problem"]), row["problem"], unread, counts)
            return None
        lost: list[ErrorDetails] = []
        try:
            model = self._reader.read(record, lost)
        except InvalidRecordError as error:
            looks_like = describe_values(error.problems, self._hidden)
            reason = invalid_reason(error.problems, self._stream.sensitive)
            self._quarantine_row(row, "invalid", reason, unread, counts, looks_like)
            invalid[row["key"]] = row["sequence"]
            return str(row["key"])
        if lost:
            looks_like = describe_values(lost, self._hidden)
            reason = invalid_reason(lost, self._stream.sensitive)
            self._quarantine.add_record(self._window, self._stream.name, row, "part", reason, looks_like)
        return model

    def _quarantine_row(
        self,
        row: dict[str, Any],
        kind: Kind,
        reason: str,
        unread: int,
        counts: RecordCounts,
        looks_like: str | None = None,
    ) -> None:
        """Put a record into quarantine. unread: how many of its batch come after it."""
        counts.invalid_at.append(counts.read - unread)
        self._quarantine.add_record(self._window, self._stream.name, row, kind, reason, looks_like)
        # A table has at least as many rows as records, so the final share is no smaller than this one.
        if exceeds_max_invalid(self._stream, counts.invalid, self._latest.version.rows):
            counts.read -= unread
            counts.stopped = True
            raise TooManyInvalidError

    def _read_newest_valid(self, invalid: Mapping[str, int]) -> dict[str, RecordModel]:
        """The newest valid version by key. invalid: the sequence of the invalid latest version, by key."""
        found: dict[str, RecordModel] = {}
        # Each look for versions is a query.
        keys = self._latest.have_several(list(invalid)) if invalid else ()
        for batch in stored_versions(self._latest.version, keys, ["key", "sequence", "record"]):
            for row in batch.to_pylist():
                if row["key"] not in found and row["sequence"] != invalid[row["key"]]:
                    with suppress(InvalidRecordError):
                        found[row["key"]] = self._reader.read(row["record"].encode())
        return found


def _read_ahead(batches: Iterator[pa.RecordBatch], thread: Executor) -> Iterator[pa.RecordBatch]:
    """The batches; the thread reads the next one from the disk while one is in use."""
    reading = thread.submit(next, batches, None)
    while (batch := reading.result()) is not None:
        reading = thread.submit(next, batches, None)
        yield batch


def exceeds_max_invalid(stream: StreamSpec, invalid: int, total: int) -> bool:
    """Whether the share of invalid records is above `max_invalid`. A single one never is, unless that is 0."""
    allowed = stream.max_invalid * total
    return invalid > (allowed if stream.max_invalid == 0 else max(1.0, allowed))
