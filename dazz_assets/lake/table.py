"""A table of the lake, the only function that commits to it, and its uncommitted files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import date

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.schema import Schema as DeltaSchema
from deltalake.transaction import AddAction, RemoveAction, Transaction

from dazz_assets.lake.commit import Commit, check_commit, has_landed
from dazz_assets.lake.errors import CommitRefusedError, LakeError
from dazz_assets.lake.file_content import ContentHashes
from dazz_assets.lake.files import DataFile, FileWriter, new_file_path, read_parquet_file, window_constants
from dazz_assets.lake.paths import LakeRoot, TablePath
from dazz_assets.lake.schema import FINGERPRINT, INPUTS, WINDOW, added_columns
from dazz_assets.lake.table_version import TableVersion

_ATTEMPTS = 20
_CONFIGURATION = {"delta.checkpointInterval": "100", "delta.logRetentionDuration": "interval 30 days"}


class Table:
    """One table of one connection.

    `schema` is the schema that new files and commits give it, `window_start` included. A table without one, as
    `Lake.tables` returns it, can only be read and compacted.
    """

    def __init__(
        self,
        root: LakeRoot,
        path: TablePath,
        lock: Callable[[], AbstractContextManager[None]],
        schema: pa.Schema | None = None,
    ) -> None:
        self.root = root
        self.path = path
        self.schema = schema
        self._lock = lock
        self._uri = root.uri(path.folder)
        self._hashes = ContentHashes()

    def __repr__(self) -> str:
        return f"Table({self.path.folder!r})"

    def exists(self) -> bool:
        """Whether anything was ever committed."""
        return self._open_delta() is not None

    def open(self, version: int | None = None) -> TableVersion | None:
        """The newest version, or an older one that vacuum still keeps; None for a table that doesn't exist."""
        delta = self._open_delta(version)
        return None if delta is None else TableVersion(self.root, self.path, delta)

    def new_path(self, window: date | None = None) -> str:
        """A path for a new file of a window, relative to the table, which no file ever had."""
        return new_file_path(window, windowed=WINDOW in self._require_schema().names)

    def new_file(
        self, window: date | None = None, *, fingerprint: str = "", inputs: str = "", path: str | None = None
    ) -> FileWriter:
        """A writer for a new file of a window.

        Its `write` takes the columns of the stream or model. `fingerprint` and `inputs` are for domain and quarantine
        tables: they are stored in every row of the file. path: one that `new_path` gave for this file.
        """
        schema = self._require_schema()
        own = {WINDOW, FINGERPRINT, INPUTS}
        if window is not None and WINDOW not in schema.names:
            raise LakeError(f"{self.path.folder} has no windows: omit the window of its files.")
        return FileWriter(
            self.root,
            self.path.folder,
            pa.schema([field for field in schema if field.name not in own]),
            window=window,
            path=path or self.new_path(window),
            constants=window_constants(fingerprint, inputs) if FINGERPRINT in schema.names else {},
            hashes=self._hashes,
        )

    def commit(self, work: Callable[[TableVersion | None], Commit | None]) -> int | None:
        """Commit what `work` returns for the table's newest version. Every change of a table's rows goes through here.

        Returns the table's version afterwards. `work` gets None for a table that doesn't exist yet, and returns None
        if there is nothing to do (its pass is already stored). If another process commits first, `work` is called
        again with the version that won, so that it checks again whether its pass is stored and what it replaces. A
        commit to a table that doesn't exist creates it, even an empty commit.

        Raises CommitRefusedError if the commit would break a rule of the lake, LakeError if others won every time.
        """
        with self._lock():
            commit: Commit | None = None
            for _ in range(_ATTEMPTS):
                stored = self.open()
                if commit is not None and stored is not None and has_landed(commit, stored):
                    _mark_committed(commit)
                    return stored.version
                commit = work(stored)
                if commit is None or (stored is not None and commit.is_empty):
                    return None if stored is None else stored.version
                check_commit(commit, stored, self.root, self.path.folder, self._require_schema())
                with suppress(CommitFailedError):
                    version = self._write(commit, stored)
                    _mark_committed(commit)
                    return version
        raise LakeError(
            f"{self.path.folder}: other processes committed first, {_ATTEMPTS} times in a row. Is the connection "
            "synced from two machines? Stop one of the syncs and try again."
        )

    def _write(self, commit: Commit, stored: TableVersion | None) -> int:
        delta = self._create() if stored is None else self._add_columns(stored)
        partitions = delta.metadata().partition_columns
        delta.create_write_transaction(
            # Files are removed one by one: the filter of mode="overwrite" can't select the window without a date.
            [*_remove_actions(commit, stored), *(_add_action(file, windowed=bool(partitions)) for file in commit.add)],
            mode="append",
            schema=delta.schema(),
            partition_by=partitions,
            commit_properties=CommitProperties(
                max_commit_retries=0,
                app_transactions=[Transaction(name, value) for name, value in commit.transactions.items()],
            ),
        )
        return delta.version() + 1

    def _create(self) -> DeltaTable:
        schema = self._require_schema()
        try:
            delta = DeltaTable.create(
                self._uri,
                DeltaSchema.from_arrow(schema),
                partition_by=[WINDOW] if WINDOW in schema.names else None,
                configuration=_CONFIGURATION,
                commit_properties=CommitProperties(max_commit_retries=0),
            )
        except DeltaError as error:
            if self.exists():  # another process created it in the meantime
                raise CommitFailedError(str(error)) from error
            raise
        return _require_version(delta, 0)

    def _add_columns(self, stored: TableVersion) -> DeltaTable:
        """Add the columns that a version lacks; the table at that version, or at the next one with those columns."""
        added = added_columns(stored.schema, self._require_schema(), self.path.folder)
        if not added:
            return stored.delta
        delta = DeltaTable(self._uri, version=stored.version)
        fields = DeltaSchema.from_arrow(pa.schema(added)).fields
        delta.alter.add_columns(fields, commit_properties=CommitProperties(max_commit_retries=0))
        return _require_version(delta, stored.version + 1)

    def _open_delta(self, version: int | None = None) -> DeltaTable | None:
        try:
            return DeltaTable(self._uri, version=version)
        except TableNotFoundError:
            return None

    def _require_schema(self) -> pa.Schema:
        if self.schema is None:
            raise CommitRefusedError(
                f"{self.path.folder} was opened without a schema, only for reading: it takes no files."
            )
        return self.schema


def _require_version(delta: DeltaTable, version: int) -> DeltaTable:
    """The handle, if it is at the expected version after a change by deltalake. Raises CommitFailedError otherwise.

    deltalake reads the table again after creating or altering it. The handle then includes what others committed in
    between: rows that the caller's commit doesn't account for.
    """
    if delta.version() != version:
        raise CommitFailedError(f"Version {delta.version()} was committed in the meantime.")
    return delta


def _mark_committed(commit: Commit) -> None:
    for file in commit.add:
        file.committed = True


def _remove_actions(commit: Commit, stored: TableVersion | None) -> list[RemoveAction]:
    if stored is None or commit.replace == "nothing":
        return []
    now = time.time_ns() // 1_000_000
    return [
        RemoveAction(file.path, True, now, file.size, _partition_values(file.window, windowed=stored.windowed))
        for file in stored.files
        if commit.replace == "everything" or file.window in commit.replace
    ]


def _add_action(file: DataFile, *, windowed: bool) -> AddAction:
    return AddAction(
        path=file.path,
        size=file.size,
        partition_values=_partition_values(file.window, windowed=windowed),
        modification_time=file.written_at,
        data_change=True,
        stats=file.stats,
    )


def _partition_values(window: date | None, *, windowed: bool) -> dict[str, str | None]:
    return {WINDOW: window.isoformat() if window else None} if windowed else {}


def read_uncommitted(table: Table, file: DataFile, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of an uncommitted file, in the order in which they were written."""
    return read_parquet_file(_filesystem_path(table, file.path), table.root.filesystem, columns)


def remove_uncommitted(table: Table, file: DataFile) -> None:
    """Remove a file unless it is committed or already gone."""
    if not file.committed:
        remove_unfinished(table, file.path)


def remove_unfinished(table: Table, path: str) -> None:
    """Remove a file that was never committed, if it is there. path: relative to the table, from `new_path`."""
    with suppress(FileNotFoundError):
        table.root.filesystem.delete_file(_filesystem_path(table, path))


def _filesystem_path(table: Table, path: str) -> str:
    return table.root.filesystem_path(f"{table.path.folder}/{path}")
