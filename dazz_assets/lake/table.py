"""A table of the lake, the one function that commits to it, and its files that wait for their commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.schema import Schema as DeltaSchema
from deltalake.transaction import AddAction, RemoveAction, Transaction

from dazz_assets.lake.commit import Commit, check_commit, has_landed
from dazz_assets.lake.errors import CommitRefused, LakeError
from dazz_assets.lake.files import DataFile, SliceWriter, window_constants
from dazz_assets.lake.paths import LakeRoot, TablePath
from dazz_assets.lake.schema import FINGERPRINT, INPUTS, WINDOW, added_columns
from dazz_assets.lake.table_version import TableVersion

_ATTEMPTS = 20
_CONFIGURATION = {"delta.checkpointInterval": "100", "delta.logRetentionDuration": "interval 30 days"}


class Table:
    """One table of one connection. `schema` is what it is wanted to be, `window_start` included; without one (a
    table that was found in the lake) it is only read and compacted.
    """

    def __init__(
        self,
        location: LakeRoot,
        place: TablePath,
        lock: Callable[[], AbstractContextManager[None]],
        schema: pa.Schema | None = None,
    ) -> None:
        self.location = location
        self.place = place
        self.schema = schema
        self._lock = lock
        self._uri = location.uri(place.folder)

    def __repr__(self) -> str:
        return f"Table({self.place.folder!r})"

    def exists(self) -> bool:
        """Whether anything was ever committed."""
        return self._delta() is not None

    def open(self, version: int | None = None) -> TableVersion | None:
        """The newest version, or an older one as long as vacuum keeps it; None for a table that doesn't exist."""
        delta = self._delta(version)
        return None if delta is None else TableVersion(self.location, self.place, delta)

    def new_file(self, window: date | None = None, *, fingerprint: str = "", inputs: str = "") -> SliceWriter:
        """A new file of a window. Of a domain table it takes the window's constants, and then the model's columns."""
        schema = self._wanted()
        own = {WINDOW, FINGERPRINT, INPUTS}
        windowed = WINDOW in schema.names
        if window is not None and not windowed:
            raise LakeError(f"{self.place.folder} has no windows: its files belong to none.")
        return SliceWriter(
            self.location,
            self.place.folder,
            pa.schema([field for field in schema if field.name not in own]),
            window=window,
            windowed=windowed,
            constants=window_constants(fingerprint, inputs) if FINGERPRINT in schema.names else {},
        )

    def commit(self, work: Callable[[TableVersion | None], Commit | None]) -> int | None:
        """Commit what `work` makes of the table's newest version, and return the version then; nothing goes around it.

        `work` is given None for a table that doesn't exist yet. It returns None where there is nothing to do (its pass
        is already in). Where another process was quicker, it is called again with the version that won: so it looks
        anew whether its pass is in and what it replaces. A commit of a table that doesn't exist creates it, also an
        empty one.

        Raises CommitRefused where a rule of the lake would be broken, LakeError where others were quicker each time.
        """
        with self._lock():
            tried: Commit | None = None
            for _ in range(_ATTEMPTS):
                snapshot = self.open()
                if tried is not None and snapshot is not None and has_landed(tried, snapshot):
                    return _committed(tried, snapshot.version)
                tried = work(snapshot)
                if tried is None or (snapshot is not None and tried.is_empty):
                    return None if snapshot is None else snapshot.version
                check_commit(tried, snapshot, self.location, self.place.folder, self._wanted())
                with suppress(CommitFailedError):
                    return _committed(tried, self._write(tried, snapshot))
        raise LakeError(
            f"{self.place.folder}: other processes committed {_ATTEMPTS} times in between. Is it synced twice?"
        )

    def _write(self, commit: Commit, snapshot: TableVersion | None) -> int:
        delta = self._created() if snapshot is None else self._widened(snapshot)
        partitions = delta.metadata().partition_columns
        delta.create_write_transaction(
            # Removes are named one by one: the filter of mode="overwrite" can't name the window without a date.
            [*_removes(commit, snapshot), *(_add(file, windowed=bool(partitions)) for file in commit.add)],
            mode="append",
            schema=delta.schema(),
            partition_by=partitions,
            commit_properties=CommitProperties(
                max_commit_retries=0,
                app_transactions=[Transaction(name, value) for name, value in commit.transactions.items()],
            ),
        )
        return delta.version() + 1

    def _created(self) -> DeltaTable:
        schema = self._wanted()
        try:
            delta = DeltaTable.create(
                self._uri,
                DeltaSchema.from_arrow(schema),
                partition_by=[WINDOW] if WINDOW in schema.names else None,
                configuration=_CONFIGURATION,
                commit_properties=CommitProperties(max_commit_retries=0),
            )
        except DeltaError as error:
            if self.exists():  # another process created it meanwhile
                raise CommitFailedError(str(error)) from error
            raise
        return _unless_overtaken(delta, 0)

    def _widened(self, snapshot: TableVersion) -> DeltaTable:
        """The table at the snapshot's version, or one later with the columns that it lacked."""
        added = added_columns(snapshot.schema, self._wanted(), self.place.folder)
        if not added:
            return snapshot.delta
        delta = DeltaTable(self._uri, version=snapshot.version)
        fields = DeltaSchema.from_arrow(pa.schema(added)).fields
        delta.alter.add_columns(fields, commit_properties=CommitProperties(max_commit_retries=0))
        return _unless_overtaken(delta, snapshot.version + 1)

    def _delta(self, version: int | None = None) -> DeltaTable | None:
        try:
            return DeltaTable(self._uri, version=version)
        except TableNotFoundError:
            return None

    def _wanted(self) -> pa.Schema:
        if self.schema is None:
            raise CommitRefused(f"{self.place.folder} was opened without a schema, to be read: it takes no files.")
        return self.schema


def _unless_overtaken(delta: DeltaTable, version: int) -> DeltaTable:
    """The handle that deltalake has after a change of its own, unless it holds another's commit as well.

    deltalake reads the table again after creating or altering it, and then holds what was committed in between: rows
    that the work to be committed never saw.
    """
    if delta.version() != version:
        raise CommitFailedError(f"Version {delta.version()} was committed meanwhile.")
    return delta


def _committed(commit: Commit, version: int) -> int:
    for file in commit.add:
        file.committed = True
    return version


def _removes(commit: Commit, snapshot: TableVersion | None) -> list[RemoveAction]:
    if snapshot is None or commit.replace == "nothing":
        return []
    now = time.time_ns() // 1_000_000
    return [
        RemoveAction(file.path, True, now, file.size, _partition(file.window, windowed=snapshot.windowed))
        for file in snapshot.files
        if commit.replace == "everything" or file.window in commit.replace
    ]


def _add(file: DataFile, *, windowed: bool) -> AddAction:
    return AddAction(
        path=file.path,
        size=file.size,
        partition_values=_partition(file.window, windowed=windowed),
        modification_time=file.written_at,
        data_change=True,
        stats=file.stats,
    )


def _partition(window: date | None, *, windowed: bool) -> dict[str, str | None]:
    return {WINDOW: window.isoformat() if window else None} if windowed else {}


def read_uncommitted(table: Table, file: DataFile, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a file in the order of their writing."""
    with pq.ParquetFile(_path(table, file), filesystem=table.location.filesystem) as stored:
        yield from stored.iter_batches(columns=None if columns is None else list(columns))


def remove_uncommitted(table: Table, file: DataFile) -> None:
    """Remove a file that no commit names, where it is still there."""
    if not file.committed:
        with suppress(FileNotFoundError):
            table.location.filesystem.delete_file(_path(table, file))


def _path(table: Table, file: DataFile) -> str:
    return table.location.inside(f"{table.place.folder}/{file.path}")
