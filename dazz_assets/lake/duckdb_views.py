"""DuckDB over the lake: in memory, with views over the files of the tables' current versions."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import pyarrow as pa

from dazz_assets.lake.errors import QueryError
from dazz_assets.lake.lake import Lake
from dazz_assets.lake.paths import TablePath
from dazz_assets.lake.schema import FINGERPRINT, INPUTS, OWN_COLUMNS, RAW_SCHEMA, WINDOW, merge_schemas
from dazz_assets.lake.table import Table
from dazz_assets.lake.table_version import TableVersion

#: An order of versions as one number: the greatest cursor, and of those the one fetched last. The fastest of the
#: formulations that were measured (a struct's maximum, arg_max, two joins). A version without a cursor comes first.
RANK = "coalesce(cursor_at, -9223372036854775808)::hugeint * 18446744073709551616::hugeint + sequence"
#: The sequence back from the greatest rank.
SEQUENCE_OF_RANK = f"(max({RANK}) & 9223372036854775807::hugeint)::bigint"


def connect_duckdb() -> duckdb.DuckDBPyConnection:
    """A connection of its own, in UTC, which spills to the system's temporary folder and installs nothing."""
    return duckdb.connect(
        config={
            "TimeZone": "UTC",
            "temp_directory": os.path.join(tempfile.gettempdir(), f"duckdb-{os.getpid()}"),
            "autoinstall_known_extensions": "false",
        }
    )


def run_statement(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any] | None = None
) -> duckdb.DuckDBPyRelation:
    """What a statement returns, not run yet. Raises QueryError for one that returns nothing."""
    found = connection.sql(sql, params=dict(values) if values else None)
    if found is None:
        raise QueryError("The statement returns no rows: ask with SELECT.")
    return found


def read_parquet_sql(files: str, hive_types: dict[str, str], *, by_name: bool = False) -> str:
    """A `read_parquet` of `files` (an SQL list or parameter), with the columns that their folders hold."""
    options = ["union_by_name = true"] if by_name else []
    if hive_types:
        types = ", ".join(f"'{name}': {kind}" for name, kind in hive_types.items())
        options += ["hive_partitioning = true", "hive_types_autocast = false", f"hive_types = {{{types}}}"]
    else:
        options.append("hive_partitioning = false")
    return f"read_parquet({files}, {', '.join(options)})"


_RAW_COLUMNS = ("connection", "key", "cursor", "fetched_at", "record")
_FOLDERS = ("integration", "connection", "parser")


class Catalog:
    """The names that a query may use, from the lake's folders, and the views that stand behind them."""

    def __init__(self, lake: Lake) -> None:
        self._tables: dict[str, list[Table]] = defaultdict(list)
        for table in lake.tables("raw", "domain", "quarantine"):
            self._tables[_name(table.place)].append(table)

    @property
    def names(self) -> set[str]:
        """All names."""
        return set(self._tables)

    def create_views(self, connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
        """Create the views of some names. Raises QueryError for one that two streams share."""
        connection.execute("create schema raw")
        for name in names:
            tables = self._tables[name]
            snapshots = [snapshot for table in tables if (snapshot := table.open()) is not None]
            if name.startswith("raw."):
                _check_one_stream(name, [table.place for table in tables])
                _create_raw_view(connection, name, snapshots)
            else:
                _create_domain_view(connection, name, snapshots)


def _name(place: TablePath) -> str:
    return f"raw.{place.integration}_{place.name}" if place.kind == "raw" else place.name or "quarantine"


def _check_one_stream(name: str, places: list[TablePath]) -> None:
    if len(streams := sorted({f"{place.integration}/{place.name}" for place in places})) > 1:
        raise QueryError(f"{name} could be any of the streams {' and '.join(streams)}: name one of them otherwise.")


def _create_raw_view(connection: duckdb.DuckDBPyConnection, name: str, snapshots: list[TableVersion]) -> None:
    schema = pa.schema([pa.field("connection", pa.string()), *RAW_SCHEMA])
    parts = [_empty(connection, pa.schema([schema.field(column) for column in _RAW_COLUMNS]))]
    for windowed in (True, False):
        if files := _files(snapshot for snapshot in snapshots if snapshot.windowed is windowed):
            hive = {"connection": "VARCHAR"} | ({WINDOW: "DATE"} if windowed else {})
            source = read_parquet_sql(files, hive)
            parts.append(
                f"select {', '.join(_RAW_COLUMNS)} from {source} as versions semi join "
                f"(select connection, {SEQUENCE_OF_RANK} as winner from {source} group by connection, key) as winners "
                "on versions.connection = winners.connection and versions.sequence = winners.winner"
            )
    schema_name, _, view = name.partition(".")
    connection.execute(f'create view {schema_name}."{view}" as {" union all by name ".join(parts)}')


def _create_domain_view(connection: duckdb.DuckDBPyConnection, name: str, snapshots: list[TableVersion]) -> None:
    model = merge_schemas(pa.schema([f for f in s.schema if f.name not in OWN_COLUMNS]) for s in snapshots)
    own = [*(pa.field(folder, pa.string()) for folder in _FOLDERS), pa.field(WINDOW, pa.date32())]
    columns = pa.schema([*own, pa.field(INPUTS, pa.string()), *model])
    parts = [_empty(connection, columns)]
    if files := _files(snapshots):
        hive = dict.fromkeys(_FOLDERS, "VARCHAR") | {WINDOW: "DATE"}
        parts.append(f"select * exclude ({FINGERPRINT}) from {read_parquet_sql(files, hive, by_name=True)}")
    connection.execute(f'create view "{name}" as {" union all by name ".join(parts)}')


def _empty(connection: duckdb.DuckDBPyConnection, schema: pa.Schema) -> str:
    """A query of no rows that gives a view its columns, their types and their order, whatever the files hold."""
    types = connection.from_arrow(schema.empty_table()).types
    columns = (f'null::{kind} as "{name}"' for name, kind in zip(schema.names, types, strict=True))
    return f"select {', '.join(columns)} where false"


def _files(snapshots: Iterable[TableVersion]) -> str:
    """The files as a list in SQL; empty where there are none."""
    paths = [path.replace("'", "''") for snapshot in snapshots for path in snapshot.paths()]
    return "[" + ", ".join(f"'{path}'" for path in paths) + "]" if paths else ""
