"""High-water marks of a stream, or of each parent of a sub-stream; and the identity of a stream's stored rows."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from dazz_assets.errors import SyncError
from dazz_assets.extract.open_changes import find_settling
from dazz_assets.extract.stream_requests import ANCESTOR, parent_fields, split_generations
from dazz_assets.http.json.json_fields import FieldReader
from dazz_assets.http.paging.pagination import keeps_place
from dazz_assets.lake import MARKS_SCHEMA, Commit, Table, TableVersion, latest_versions
from dazz_assets.lake.commit import MARK, PASSES
from dazz_assets.lake.files import column_bytes
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.tables import is_synced
from dazz_assets.windows import to_microseconds

NOT_SET = -(2**62)
"""Stands for nothing in the log, where a transaction can't be unset."""

# The application transactions of a raw table that hold the marks of a stream without parents: those of a sub-stream
# are in its marks table.
_TRANSACTIONS = {
    "mark": MARK,
    "boundary": "boundary",
    "covered": "covered",
    "reread_at": "reread",
    "reread_to": "reread_to",
}


def read_mark(version: TableVersion | None) -> int | None:
    """The high-water mark of a raw table, in microseconds; None if it has none."""
    return None if version is None else _read_transaction(version, MARK)


@dataclass(slots=True)
class Source:
    """What one walk lists: the whole stream (parent None), or what belongs to one parent.

    fields: the values of the parent's record that requests need. mark: the high-water mark, in microseconds.
    boundary: fingerprint of the records at or after the mark (less the look-back) when it was set.
    covered: a time up to which it was fetched without a gap, in microseconds, though the mark may lie far before it:
        it is kept where syncs would otherwise list a long range again that holds nothing new.
    position: where the last walk of a feed ended: a link or a token (see `LinkHeader.resume`).
    reread_at: when its latest listing from the start began, in microseconds, of a stream with `Cursor(reread=)`.
    reread_to: how far that one got, in cursor time; None once it is complete. The very first goes by the mark.
    content: the hash of the parent's record. listed: what that was when what belongs to it was last listed to its end.
    settles_at: until when the parent may change and its record stay the same, in microseconds, as far as it matters.

    The columns of the marks table have these names, without `settles_at`: what is listed for good is settled.
    """

    parent: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    mark: int | None = None
    boundary: int | None = None
    covered: int | None = None
    position: str | None = None
    content: int | None = None
    listed: int | None = None
    reread_at: int | None = None
    reread_to: int | None = None
    settles_at: int | None = None


def source_transactions(source: Source) -> dict[str, int]:
    """What is committed of the marks of a stream without parents; of a sub-stream's source nothing."""
    if source.parent is not None:
        return {}
    values = {transaction: getattr(source, name) for name, transaction in _TRANSACTIONS.items()}
    return {transaction: NOT_SET if value is None else value for transaction, value in values.items()}


def _read_transaction(version: TableVersion, name: str) -> int | None:
    value = version.transaction(name)
    return None if value == NOT_SET else value


class Marks:
    """What a stream's syncs walk, with the marks.

    Those of a sub-stream's parents are in a small table beside the stream's. For a feed without a parent, that has one
    row, with the position where the last walk ended; any other stream has no such table.
    lost_parents: whether parents were kept that are gone since.
    """

    def __init__(self, session: Session, stream: StreamSpec) -> None:
        self._session = session
        self._stream = stream
        self._table: Table = session.lake.marks(session.spec.name, stream.name, session.connection.id)
        self._paths = parent_fields(stream)
        self._has_table = stream.parent is not None or keeps_place(stream.paginator)
        self._passes: dict[str, int] = {}
        self._saved: list[dict[str, object]] | None = None
        self.lost_parents = False

    def sources(self, stored: TableVersion | None) -> list[Source]:
        """The whole stream, or one source for each stored record of its parent. stored: the stream's raw table.

        Raises SyncError if the parent was never synced.
        """
        found = [self._whole_stream(stored)] if self._stream.parent is None else self._of_parents()
        if is_synced(stored):
            return found
        # Marks say nothing of a table that somebody removed: all is listed from the start.
        return [
            Source(source.parent, source.fields, content=source.content, settles_at=source.settles_at)
            for source in found
        ]

    def _whole_stream(self, stored: TableVersion | None) -> Source:
        if stored is None:
            return Source()
        table = self._table.open() if self._has_table else None
        position = next((source.position for source in self._read_marks(table)), None)
        marks: dict[str, Any] = {name: _read_transaction(stored, found) for name, found in _TRANSACTIONS.items()}
        return Source(position=position, **marks)

    def _of_parents(self) -> list[Source]:
        """A source for each stored record of the parent.

        The raw tables of the parent and of the ancestors that are named are read only if they changed since the marks
        were written.
        """
        session, parent = self._session, self._session.spec.streams[self._stream.parent or ""]
        stored = session.raw(parent).open()
        if not is_synced(stored):
            raise SyncError(
                f"{session.place(self._stream)}: its parent {parent.name} was never synced; "
                f"sync (or materialize) {parent.name} first"
            )
        self._passes = {"parents": stored.transaction(PASSES) or 0, **self._ancestor_passes(parent)}
        version = self._table.open()
        known = {source.parent: source for source in self._read_marks(version)}
        if version is not None and self._are_current(version, known.values()):
            self._saved = _to_rows(known.values())
            return list(known.values())
        found = [self._with_mark(source, known.get(source.parent)) for source in self._read_parents(parent)]
        self.lost_parents = not known.keys() <= {source.parent for source in found}
        return found

    def save(self, sources: Iterable[Source]) -> None:
        """Write the marks. Call after committing the data: a mark that lags only means reading records again."""
        if not self._has_table or not (self._stream.cursor is not None or self._stream.parents == "changed"):
            return
        rows = _to_rows(sources)
        if rows == self._saved:
            return
        self._saved = rows
        file = self._table.new_file(None)
        file.write(pa.Table.from_pylist(rows, MARKS_SCHEMA))
        written = file.close()
        self._table.commit(lambda _: Commit(add=[written], replace="everything", transactions=self._passes))

    def _read_marks(self, version: TableVersion | None) -> Iterator[Source]:
        if version is None:
            return
        for batch in version.read():
            for row in batch.to_pylist():
                yield Source(**row | {"parent": row["parent"] or None, "fields": json.loads(row["fields"])})

    def _are_current(self, version: TableVersion, known: Collection[Source]) -> bool:
        """Whether stored sources are those that the ancestors' tables hold now, with all fields that are needed."""
        if any(version.transaction(name) != passes for name, passes in self._passes.items()):
            return False
        if self._stream.parents == "changed" and any(source.listed != source.content for source in known):
            return False  # Whether they are settled is not stored.
        fields = {field for source in known for field in source.fields}
        return not known or fields.issuperset(self._paths)

    def _ancestor_passes(self, parent: StreamSpec) -> dict[str, int]:
        """The passes of the tables above the parent's that are read for `{parent.parent.x}`."""
        passes: dict[str, int] = {}
        _, above = split_generations(self._paths)
        while above and parent.parent is not None:
            parent = self._session.spec.streams[parent.parent]
            stored = self._session.raw(parent).open()
            passes[f"parents/{parent.name}"] = (stored.transaction(PASSES) if stored else None) or 0
            _, above = split_generations(above)
        return passes

    def _read_parents(self, stream: StreamSpec) -> Iterator[Source]:
        cursor, now = stream.cursor, to_microseconds(self._session.now())
        is_open = self._stream.parents == "changed" and cursor is not None
        zone_is_known = cursor is not None and cursor.zone is not None
        for key, fields, content, changed, at in self._read_fields(stream, self._paths):
            settles_at = find_settling(changed, at, now, zone_is_known=zone_is_known) if is_open else None
            yield Source(key, fields, content=content, settles_at=settles_at)

    def _read_fields(
        self, stream: StreamSpec, paths: Sequence[str]
    ) -> Iterator[tuple[str, dict[str, str], int, str | None, int]]:
        """Yield the key of each stored record of a stream, the values it has at these paths, its content's hash, and
        its cursor, as it was sent and in microseconds.

        `parent.x` is `x` of its parent's record; without such a path, the tables above are not read.
        """
        own, above = split_generations(paths)
        parents: dict[str | None, dict[str, str]] = {}
        if stream.parent is not None and above:
            grandparent = self._session.spec.streams[stream.parent]
            parents |= {key: fields for key, fields, *_ in self._read_fields(grandparent, above)}
        stored, reader = self._session.raw(stream).open(), FieldReader(own) if own else None
        if stored is None:
            return
        names = ("key", "parent", "content_hash", "cursor", "cursor_at")
        for batch in latest_versions(stored, [*names, "record"], problems=False):
            records = column_bytes(batch.column("record"))
            values = reader.read(records) if reader else [()] * len(records)
            columns = (batch.column(name).to_pylist() for name in names)
            for key, owner, content, cursor, at, texts in zip(*columns, values, strict=True):
                fields = {path: text for path, text in zip(own, texts, strict=True) if text is not None}
                inherited = {f"{ANCESTOR}{path}": text for path, text in parents.get(owner, {}).items()}
                yield str(key), fields | inherited, content, cursor, at

    def _with_mark(self, source: Source, known: Source | None) -> Source:
        # Match by key alone: a parent whose path changed (a renamed repository) keeps its mark.
        if known is None:
            return source
        return replace(known, fields=source.fields, content=source.content, settles_at=source.settles_at)


def _to_rows(sources: Iterable[Source]) -> list[dict[str, object]]:
    """What the table stores of the sources, in its order."""
    return [
        {name: getattr(source, name) for name in MARKS_SCHEMA.names}
        | {"parent": source.parent or "", "fields": json.dumps(source.fields, sort_keys=True)}
        for source in sorted(sources, key=lambda source: source.parent or "")
    ]


IDENTITY = "identity"
"""The application transaction of a raw table that holds its `row_identity`."""


def row_identity(stream: StreamSpec) -> int:
    """A hash of the paths of a stream's key and cursor."""
    return transaction_hash(json.dumps([stream.primary_key, stream.cursor and stream.cursor.field]))


def transaction_hash(text: str) -> int:
    """A hash of a text with 63 bits, which fit an application transaction of Delta."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def has_other_identity(stored: TableVersion | None, stream: StreamSpec) -> bool:
    """Whether the stored rows were made with another key or cursor."""
    known = None if stored is None else stored.transaction(IDENTITY)
    return known is not None and known != row_identity(stream)
