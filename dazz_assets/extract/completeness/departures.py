"""Which records a snapshot stream no longer lists, and since when.

A list says that a record is gone only if it is whole, and the record was listed before: one that is newer than the last
list is not gone. What such a list lacks is kept beside the table, as the rows themselves are replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from dazz_assets.extract.sync_state import SyncState
from dazz_assets.lake import DEPARTURES_SCHEMA, Commit, DataFile, Table, TableVersion
from dazz_assets.lake.table import read_uncommitted

# The application transaction of a raw table that holds the version of its departures.
_VERSION = "departures"
# Of each key: its parent, and since when it is gone; None while no whole list said so.
_Rows = dict[str, tuple[str | None, datetime | None]]


class Departures:
    """The records that left the lists of a snapshot stream. What a cursor lists says nothing of what is before it.

    uncertain: parents whose list may lack records, or was not listed at all; None for a stream without parents.
    listed_at: when the lists were begun; None if no parent was left to list.
    """

    def __init__(self, state: SyncState, uncertain: AbstractSet[str | None], listed_at: datetime | None) -> None:
        self._state = state
        self._table = _find_table(state, state.stream.name)
        self._before = dict(_read(self._table.open())) if state.stream.cursor is None else {}
        self._uncertain, self._parents = set(uncertain), frozenset(state.parents)
        self._at = listed_at or state.session.now()

    def record(self, files: Sequence[DataFile]) -> None:
        """Keep what the stored rows have and these files, which are to replace them, lack.

        Call before they do: after a crash between the two, a record that is kept here and still stored is not gone.
        """
        state = self._state
        if state.stream.cursor is not None or state.identity_changed:
            self._write({})  # keys mean something else now
            return
        new = list(_read_rows(state.table, files))
        listed = pa.chunked_array([batch.column("key") for batch in new], pa.string())
        # A record that lost its key may be any of those that are missing.
        self._uncertain |= {parent for batch in new for parent in _parents_of_problems(batch)}
        missing: _Rows = {}
        for batch in state.stored.read(["key", "parent", "problem"]):
            left = pc.and_(pc.is_null(batch.column("problem")), pc.invert(pc.is_in(batch.column("key"), listed)))
            missing |= {row["key"]: (row["parent"], None) for row in batch.filter(left).to_pylist()}
        came_back = set(pc.filter(listed, pc.is_in(listed, pa.array(self._before, pa.string()))).to_pylist())
        self._write(
            self._confirmed({key: row for key, row in (missing | self._before).items() if key not in came_back})
        )

    def confirm(self) -> None:
        """Keep which records are gone that were missing before, if the same list came again."""
        if _are_unconfirmed(self._before):
            self._write(self._confirmed(self._before))

    def transaction(self) -> dict[str, int]:
        """The version of what is kept, for the raw table's log: one that it doesn't have is a change for parsers."""
        version = self._table.open()
        return {} if version is None else {_VERSION: version.version}

    def _confirmed(self, rows: _Rows) -> _Rows:
        gone_parents = self._gone_parents({parent for parent, since in rows.values() if since is None})
        return {
            key: (parent, since if since is not None or not self._is_certain(parent, gone_parents) else self._at)
            for key, (parent, since) in rows.items()
        }

    def _is_certain(self, parent: str | None, gone_parents: AbstractSet[str]) -> bool:
        """Whether all that belongs to a parent was listed. A parent without a list has none only if it is gone."""
        if self._state.stream.parent is None or parent in self._parents:
            return parent not in self._uncertain
        return parent in gone_parents

    def _gone_parents(self, parents: AbstractSet[str | None]) -> AbstractSet[str]:
        parent = self._state.stream.parent
        if parent is None or parents <= self._parents:
            return frozenset()
        table = _find_table(self._state, parent)
        return {key for key, (_, since) in _read(table.open()) if since is not None}

    def _write(self, rows: _Rows) -> None:
        if rows == self._before:
            return
        self._before = rows
        found = [{"key": key, "parent": parent, "gone_since": since} for key, (parent, since) in sorted(rows.items())]
        file = self._table.new_file(None)
        file.write(pa.Table.from_pylist(found, DEPARTURES_SCHEMA))
        written = file.close()
        self._table.commit(lambda _: Commit([written], "everything"))


def has_unconfirmed(state: SyncState) -> bool:
    """Whether records of a snapshot are missing of which no whole list said yet that they are gone.

    Those of parents that are not listed don't count.
    """
    table = _find_table(state, state.stream.name)
    return _are_unconfirmed({key: row for key, row in _read(table.open()) if row[0] not in state.unchanged})


def _find_table(state: SyncState, stream: str) -> Table:
    return state.session.lake.departures(state.session.spec.name, stream, state.session.connection.id)


def _are_unconfirmed(rows: _Rows) -> bool:
    return any(since is None for _, since in rows.values())


def _read(version: TableVersion | None) -> Iterator[tuple[str, tuple[str | None, datetime | None]]]:
    for batch in version.read() if version is not None else ():
        for row in batch.to_pylist():
            yield row["key"], (row["parent"], row["gone_since"])


def _read_rows(raw: Table, files: Iterable[DataFile]) -> Iterator[pa.RecordBatch]:
    for file in files:
        yield from read_uncommitted(raw, file, ["key", "parent", "problem"])


def _parents_of_problems(rows: pa.RecordBatch) -> set[str | None]:
    return set(rows.filter(pc.is_valid(rows.column("problem"))).column("parent").to_pylist())
