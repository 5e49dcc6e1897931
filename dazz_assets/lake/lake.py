"""The lake: its tables, and the lock of each connection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.fs as pafs

from dazz_assets.lake.lock import OnWait, hold_lock
from dazz_assets.lake.paths import DEPTHS, LakeRoot, TableKind, TablePath
from dazz_assets.lake.schema import (
    DEPARTURES_SCHEMA,
    MARKS_SCHEMA,
    QUARANTINE_SCHEMA,
    RAW_SCHEMA,
    WINDOW,
    domain_schema,
)
from dazz_assets.lake.table import Table

if TYPE_CHECKING:
    from dazz_assets.lake.queries.reading import LakeTable


class Lake:
    """Parquet tables under Delta Lake's log, each of one connection.

    `url` is a path or a URL. The first commit creates the folder.
    """

    def __init__(self, url: str | Path) -> None:
        self.root = LakeRoot(url)

    def __str__(self) -> str:
        return str(self.root)

    def table(self, name: str, *, connection: str | None = None, columns: Sequence[str] | None = None) -> LakeTable:
        """The rows of a table by the name that `dazz query` uses, of all connections or of one.

        lake.table("findings", connection="acme", columns=["id", "severity"]).to_pandas()
        """
        # Imported here because `reading` imports this module.
        from dazz_assets.lake.queries.reading import LakeTable

        return LakeTable(self, name, connection, columns)

    def raw(self, integration: str, stream: str, connection: str, *, windowed: bool) -> Table:
        """The raw table of a stream: the records as the API sent them. `windowed` is true for incremental streams."""
        schema = pa.schema([field for field in RAW_SCHEMA if windowed or field.name != WINDOW])
        return self._table(TablePath("raw", integration, connection, stream), schema)

    def domain(self, table: str, integration: str, parser: str, connection: str, schema: pa.Schema) -> Table:
        """The table of a parser's objects of one model. `schema` has the model's own columns."""
        return self._table(TablePath("domain", integration, connection, table, parser), domain_schema(schema, table))

    def quarantine(self, integration: str, parser: str, connection: str) -> Table:
        """The table of records and objects that a parser's runs put into quarantine, with the reasons."""
        path = TablePath("quarantine", integration, connection, "", parser)
        return self._table(path, domain_schema(QUARANTINE_SCHEMA, "quarantine"))

    def marks(self, integration: str, stream: str, connection: str) -> Table:
        """The marks of a sub-stream, one row per parent."""
        return self._table(TablePath("marks", integration, connection, stream), MARKS_SCHEMA)

    def departures(self, integration: str, stream: str, connection: str) -> Table:
        """The records that a snapshot stream no longer lists."""
        return self._table(TablePath("departures", integration, connection, stream), DEPARTURES_SCHEMA)

    def tables(self, *kinds: TableKind) -> Iterator[Table]:
        """The tables that the lake holds, of all kinds or some, for reading and compaction. None is opened yet."""
        for kind in kinds or DEPTHS:
            for folder in self._find_folders(kind, DEPTHS[kind]):
                path = TablePath.from_folder(folder)
                log = self.root.filesystem.get_file_info(self.root.filesystem_path(f"{folder}/_delta_log"))
                if path is not None and log.type == pafs.FileType.Directory:
                    yield self._table(path, None)

    def tables_of_parser(self, integration: str, parser: str, connection: str) -> Iterator[Table]:
        """All domain tables that a parser ever published to for a connection."""
        for folder in self._find_folders("domain", 1):
            path = TablePath("domain", integration, connection, folder.rpartition("/")[2], parser)
            if (version := self._table(path, None).open()) is not None:
                yield self._table(path, version.schema)

    def tables_beside(self, path: TablePath) -> Iterator[Table]:
        """The domain tables to which other parsers published the same objects, of the same connection."""
        for folder in self._find_folders(f"domain/{path.name}/integration={path.integration}", 1):
            other = TablePath.from_folder(f"{folder}/connection={path.connection}")
            if other is not None and other.parser != path.parser:
                yield self._table(other, None)

    def lock(
        self, integration: str, connection: str, on_wait: OnWait | None = None, *, action: str = "synced"
    ) -> AbstractContextManager[None]:
        """Lock this connection's tables against other processes. Re-entrant; released when the process dies.

        If the process has to wait, it calls `on_wait` with a message that names the holder and its `action`:
        "desk/acme is being synced by process 123". The lock files lie in the lake, so that two lakes never share one.
        Object storage has no lock: there, only the compare-and-swap of each commit keeps writers apart.
        """
        path = TablePath("raw", integration, connection, "any")  # checks the names
        if self.root.local is None:
            return nullcontext()
        file = self.root.local / ".locks" / path.integration / f"{path.connection}.lock"
        return hold_lock(file, f"{integration}/{connection}", action, on_wait)

    def _table(self, path: TablePath, schema: pa.Schema | None) -> Table:
        return Table(self.root, path, lambda: self.lock(path.integration, path.connection), schema)

    def _find_folders(self, folder: str, depth: int) -> Iterator[str]:
        if not depth:
            yield folder
            return
        for entry in sorted(self._list_folder(folder), key=lambda entry: entry.base_name):
            if entry.type == pafs.FileType.Directory:
                yield from self._find_folders(f"{folder}/{entry.base_name}", depth - 1)

    def _list_folder(self, folder: str) -> list[pafs.FileInfo]:
        try:
            return self.root.filesystem.get_file_info(pafs.FileSelector(self.root.filesystem_path(folder)))
        except FileNotFoundError:
            # pyarrow's allow_not_found fails if the folder appears between its two checks.
            return []
