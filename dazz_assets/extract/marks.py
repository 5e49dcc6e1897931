"""High-water marks: of a stream, or of each parent of a sub-stream, and what its stored rows were keyed by."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from dazz_assets.errors import SyncError
from dazz_assets.extract.stream_requests import parent_fields
from dazz_assets.http.json_fields import FieldReader
from dazz_assets.lake import MARKS_SCHEMA, Commit, Table, TableVersion, latest_versions
from dazz_assets.lake.files import column_bytes
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec

NO_MARK = -(2**62)
"""What stands for no mark in the log: a transaction that was set once can't be unset."""


def read_mark(snapshot: TableVersion | None) -> int | None:
    """The high-water mark of a raw table, in microseconds; None where there is none."""
    mark = None if snapshot is None else snapshot.transaction("mark")
    return None if mark == NO_MARK else mark


@dataclass(slots=True)
class Source:
    """What one walk lists: the whole stream (parent None), or what belongs to one parent.

    fields: the values of the parent's record that requests need. mark: the high-water mark, in microseconds.
    boundary: fingerprint of the records at or after the mark (less the look-back) when it was set.
    covered: how far the ground is fetched without a gap, during a sync.
    """

    parent: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    mark: int | None = None
    boundary: int | None = None
    covered: int | None = None


class Marks:
    """The parents of a sub-stream with their marks: a small table beside the stream's."""

    def __init__(self, session: Session, stream: StreamSpec) -> None:
        self._session = session
        self._stream = stream
        self._table: Table = session.lake.marks(session.spec.name, stream.name, session.connection.id)
        self._parents_passes: int | None = None
        self._saved: list[tuple[object, ...]] | None = None

    def sources(self) -> list[Source]:
        """One source for each stored record of the parent. Raises SyncError where the parent was never synced.

        The parent's raw is read only where it changed since these marks were written.
        """
        session, parent = self._session, self._session.spec.streams[self._stream.parent or ""]
        stored = session.raw(parent).open()
        if stored is None or stored.transaction("passes") is None:
            raise SyncError(
                f"{session.name}, stream {self._stream.name}: its parent {parent.name} was never synced; "
                f"sync (or materialize) {parent.name} first"
            )
        self._parents_passes = stored.transaction("passes") or 0
        snapshot = self._table.open()
        known = {source.parent: source for source in self._stored(snapshot)}
        if snapshot is not None and snapshot.transaction("parents") == self._parents_passes:
            self._saved = _state(list(known.values()))
            return list(known.values())
        return [self._merged(source, known.get(source.parent)) for source in self._parents(stored)]

    def save(self, sources: Iterable[Source]) -> None:
        """Write the marks, after the data that they stand for is safe. One that lags is only read again."""
        rows = sorted(sources, key=lambda source: source.parent or "")
        if (state := _state(rows)) == self._saved:
            return
        self._saved = state
        file = self._table.new_file(None)
        file.write(
            pa.table(
                [
                    [source.parent for source in rows],
                    [json.dumps(source.fields, sort_keys=True) for source in rows],
                    [source.mark for source in rows],
                    [source.boundary for source in rows],
                ],
                schema=MARKS_SCHEMA,
            )
        )
        done = file.close()
        self._table.commit(
            lambda _: Commit(add=[done], replace="everything", transactions={"parents": self._parents_passes or 0})
        )

    def _stored(self, snapshot: TableVersion | None) -> Iterator[Source]:
        if snapshot is None:
            return
        for batch in snapshot.read():
            for row in batch.to_pylist():
                yield Source(row["parent"], json.loads(row["fields"]), row["mark"], row["boundary"])

    def _parents(self, stored: TableVersion) -> Iterator[Source]:
        paths = parent_fields(self._stream)
        reader = FieldReader(paths) if paths else None
        for batch in latest_versions(stored, ["key", "record"], problems=False):
            keys, records = batch.column("key").to_pylist(), column_bytes(batch, "record")
            values = reader.read(records) if reader else [()] * len(records)
            for key, texts in zip(keys, values, strict=True):
                yield Source(key, {path: text for path, text in zip(paths, texts, strict=True) if text is not None})

    def _merged(self, source: Source, known: Source | None) -> Source:
        # A parent whose path changed (a renamed repository) is still the same parent: its mark holds.
        return source if known is None else Source(source.parent, source.fields, known.mark, known.boundary)


def _state(sources: list[Source]) -> list[tuple[object, ...]]:
    """What is written of them; in the order of the parents, as the table holds it."""
    return [(source.parent, dict(source.fields), source.mark, source.boundary) for source in sources]


IDENTITY = "identity"
"""The application transaction of a raw table that holds it."""


def row_identity(stream: StreamSpec) -> int:
    """Of the paths of its key and cursor; 63 bits, so that it fits a version of Delta's application transactions."""
    text = json.dumps([stream.primary_key, stream.cursor and stream.cursor.field])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def has_other_identity(stored: TableVersion | None, stream: StreamSpec) -> bool:
    """Whether rows are stored that were made with another key or cursor."""
    known = None if stored is None else stored.transaction(IDENTITY)
    return known is not None and known != row_identity(stream)
