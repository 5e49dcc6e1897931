"""The lake: which tables there are, and who may write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.fs as pafs

from dazz_assets.lake.lock import OnWait, hold_lock
from dazz_assets.lake.paths import DEPTHS, Kind, LakeRoot, TablePath
from dazz_assets.lake.schema import MARKS_SCHEMA, QUARANTINE_SCHEMA, RAW_SCHEMA, WINDOW, domain_schema
from dazz_assets.lake.table import Table

if TYPE_CHECKING:
    from dazz_assets.lake.reading import LakeTable


class Lake:
    """Parquet tables under Delta Lake's log, one a connection. `url` is a path or a URL; the first commit makes it."""

    def __init__(self, url: str | Path) -> None:
        self.location = LakeRoot(url)

    def __str__(self) -> str:
        return str(self.location)

    def table(self, name: str, *, connection: str | None = None, columns: Sequence[str] | None = None) -> LakeTable:
        """What there is of a name that `dazz query` knows, to be read: of all connections or of one.

        lake.table("findings", connection="acme", columns=["id", "severity"]).to_pandas()
        """
        # Queries are made of lakes, and not the other way round.
        from dazz_assets.lake.reading import LakeTable

        return LakeTable(self, name, connection, columns)

    def raw(self, integration: str, stream: str, connection: str, *, windowed: bool) -> Table:
        """What a stream's API sent. `windowed` for incremental streams."""
        schema = pa.schema([field for field in RAW_SCHEMA if windowed or field.name != WINDOW])
        return self._table(TablePath("raw", integration, connection, stream), schema)

    def domain(self, table: str, integration: str, parser: str, connection: str, schema: pa.Schema) -> Table:
        """A parser's objects of one model; `schema` is the model's own columns."""
        return self._table(TablePath("domain", integration, connection, table, parser), domain_schema(schema, table))

    def quarantine(self, integration: str, parser: str, connection: str) -> Table:
        """What a parser could not take, with the reasons."""
        place = TablePath("quarantine", integration, connection, "", parser)
        return self._table(place, domain_schema(QUARANTINE_SCHEMA, "quarantine"))

    def marks(self, integration: str, stream: str, connection: str) -> Table:
        """The marks of a sub-stream, one row a parent."""
        return self._table(TablePath("marks", integration, connection, stream), MARKS_SCHEMA)

    def tables(self, *kinds: Kind) -> Iterator[Table]:
        """The tables that the lake holds, of the given kinds or all, to be read or compacted. None is opened yet."""
        for kind in kinds or DEPTHS:
            for folder in self._folders(kind, DEPTHS[kind]):
                place = TablePath.of(folder)
                log = self.location.filesystem.get_file_info(self.location.inside(f"{folder}/_delta_log"))
                if place is not None and log.type == pafs.FileType.Directory:
                    yield self._table(place, None)

    def tables_of_parser(self, integration: str, parser: str, connection: str) -> Iterator[Table]:
        """The domain tables that a parser ever published to for a connection."""
        for folder in self._folders("domain", 1):
            place = TablePath("domain", integration, connection, folder.rpartition("/")[2], parser)
            if (snapshot := self._table(place, None).open()) is not None:
                yield self._table(place, snapshot.schema)

    def lock(
        self, integration: str, connection: str, on_wait: OnWait | None = None, *, doing: str = "synced"
    ) -> AbstractContextManager[None]:
        """Be the only process that writes this connection's tables. Re-entrant; released when the process dies.

        `on_wait` is told whom this process waits for: "snyk/acme is being synced by process 123". The locks lie in the
        lake, as two lakes never share one. Object storage has no such lock: there the compare-and-swap of each commit
        is what is left.
        """
        place = TablePath("raw", integration, connection, "any")
        if self.location.local is None:
            return nullcontext()
        path = self.location.local / ".locks" / place.integration / f"{place.connection}.lock"
        return hold_lock(path, f"{integration}/{connection}", doing, on_wait)

    def _table(self, place: TablePath, schema: pa.Schema | None) -> Table:
        return Table(self.location, place, lambda: self.lock(place.integration, place.connection), schema)

    def _folders(self, folder: str, depth: int) -> Iterator[str]:
        if not depth:
            yield folder
            return
        for entry in sorted(self._listed(folder), key=lambda entry: entry.base_name):
            if entry.type == pafs.FileType.Directory:
                yield from self._folders(f"{folder}/{entry.base_name}", depth - 1)

    def _listed(self, folder: str) -> list[pafs.FileInfo]:
        try:
            return self.location.filesystem.get_file_info(pafs.FileSelector(self.location.inside(folder)))
        except FileNotFoundError:
            # pyarrow's own allow_not_found fails where the folder appears between its two looks.
            return []
