"""High-water marks of a stream, or of each parent of a sub-stream; and the identity of a stream's stored rows."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from dazz_assets.errors import SyncError
from dazz_assets.extract.stream_requests import parent_fields
from dazz_assets.http.json_fields import FieldReader
from dazz_assets.lake import MARKS_SCHEMA, Commit, Table, TableVersion, latest_versions
from dazz_assets.lake.commit import MARK, PASSES
from dazz_assets.lake.files import column_bytes
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.tables import is_synced

NO_MARK = -(2**62)
"""Stands for no mark in the log, where a transaction can't be unset."""

BOUNDARY = "boundary"
"""The application transaction of a raw table that holds `Source.boundary`."""


def read_mark(version: TableVersion | None) -> int | None:
    """The high-water mark of a raw table, in microseconds; None if it has none."""
    mark = None if version is None else version.transaction(MARK)
    return None if mark == NO_MARK else mark


@dataclass(slots=True)
class Source:
    """What one walk lists: the whole stream (parent None), or what belongs to one parent.

    fields: the values of the parent's record that requests need. mark: the high-water mark, in microseconds.
    boundary: fingerprint of the records at or after the mark (less the look-back) when it was set.
    covered: during a sync, the end of the range fetched so far without a gap, in microseconds.
    position: where the last walk of a feed ended: a link or a token (see `LinkHeader.resume`).
    """

    parent: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    mark: int | None = None
    boundary: int | None = None
    covered: int | None = None
    position: str | None = None


class Marks:
    """The parents of a sub-stream with their marks, kept in a small table beside the stream's.

    For a feed without a parent, the table has one row, with the position where the last walk ended.
    """

    def __init__(self, session: Session, stream: StreamSpec) -> None:
        self._session = session
        self._stream = stream
        self._table: Table = session.lake.marks(session.spec.name, stream.name, session.connection.id)
        self._parents_passes: int | None = None
        self._saved: list[tuple[object, ...]] | None = None

    def sources(self) -> list[Source]:
        """One source for each stored record of the parent. Raises SyncError if the parent was never synced.

        The parent's raw table is read only if it changed since the marks were written.
        """
        session, parent = self._session, self._session.spec.streams[self._stream.parent or ""]
        stored = session.raw(parent).open()
        if not is_synced(stored):
            raise SyncError(
                f"{session.name}, stream {self._stream.name}: its parent {parent.name} was never synced; "
                f"sync (or materialize) {parent.name} first"
            )
        self._parents_passes = stored.transaction(PASSES) or 0
        version = self._table.open()
        known = {source.parent: source for source in self._read_marks(version)}
        if version is not None and version.transaction("parents") == self._parents_passes:
            self._saved = _to_rows(list(known.values()))
            return list(known.values())
        return [self._with_mark(source, known.get(source.parent)) for source in self._read_parents(stored)]

    def position(self) -> str | None:
        """Return where the last walk of a feed without a parent ended."""
        return next((source.position for source in self._read_marks(self._table.open())), None)

    def save(self, sources: Iterable[Source]) -> None:
        """Write the marks. Call after committing the data: a mark that lags only means reading records again."""
        ordered = sorted(sources, key=lambda source: source.parent or "")
        if (rows := _to_rows(ordered)) == self._saved:
            return
        self._saved = rows
        file = self._table.new_file(None)
        file.write(
            pa.table(
                [
                    [source.parent or "" for source in ordered],
                    [json.dumps(source.fields, sort_keys=True) for source in ordered],
                    [source.mark for source in ordered],
                    [source.boundary for source in ordered],
                    [source.position for source in ordered],
                ],
                schema=MARKS_SCHEMA,
            )
        )
        written = file.close()
        self._table.commit(
            lambda _: Commit(add=[written], replace="everything", transactions={"parents": self._parents_passes or 0})
        )

    def _read_marks(self, version: TableVersion | None) -> Iterator[Source]:
        if version is None:
            return
        for batch in version.read():
            for row in batch.to_pylist():
                yield Source(
                    row["parent"] or None,
                    json.loads(row["fields"]),
                    row["mark"],
                    row["boundary"],
                    position=row.get("position"),
                )

    def _read_parents(self, stored: TableVersion) -> Iterator[Source]:
        paths = parent_fields(self._stream)
        reader = FieldReader(paths) if paths else None
        for batch in latest_versions(stored, ["key", "record"], problems=False):
            keys, records = batch.column("key").to_pylist(), column_bytes(batch, "record")
            values = reader.read(records) if reader else [()] * len(records)
            for key, texts in zip(keys, values, strict=True):
                yield Source(key, {path: text for path, text in zip(paths, texts, strict=True) if text is not None})

    def _with_mark(self, source: Source, known: Source | None) -> Source:
        # Match by key alone: a parent whose path changed (a renamed repository) keeps its mark.
        if known is None:
            return source
        return Source(source.parent, source.fields, known.mark, known.boundary, position=known.position)


def _to_rows(sources: list[Source]) -> list[tuple[object, ...]]:
    """What the table stores of the sources."""
    return [(source.parent, dict(source.fields), source.mark, source.boundary, source.position) for source in sources]


IDENTITY = "identity"
"""The application transaction of a raw table that holds its `row_identity`."""


def row_identity(stream: StreamSpec) -> int:
    """Hash the paths of a stream's key and cursor to 63 bits, which fit a Delta application transaction."""
    text = json.dumps([stream.primary_key, stream.cursor and stream.cursor.field])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def has_other_identity(stored: TableVersion | None, stream: StreamSpec) -> bool:
    """Whether the stored rows were made with another key or cursor."""
    known = None if stored is None else stored.transaction(IDENTITY)
    return known is not None and known != row_identity(stream)
