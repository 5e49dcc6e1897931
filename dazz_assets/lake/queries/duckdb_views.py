"""The views of a query: for each table name, one over the files of the tables' current versions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import PythonUDFType
from duckdb.sqltypes import VARCHAR

from dazz_assets.lake.errors import QueryError
from dazz_assets.lake.lake import Lake
from dazz_assets.lake.paths import TablePath
from dazz_assets.lake.queries.duckdb_connection import read_parquet_sql
from dazz_assets.lake.queries.hidden_fields import read_sensitive
from dazz_assets.lake.schema import FINGERPRINT, INPUTS, RAW_SCHEMA, WINDOW, merge_schemas
from dazz_assets.lake.table import Table
from dazz_assets.lake.table_version import TableVersion
from dazz_assets.lake.versions.latest_versions import SEQUENCE_OF_RANK
from dazz_assets.names import OUR_COLUMNS
from dazz_assets.sensitive import SensitiveFields

# The columns of a raw view, and the folders of domain tables that are columns of their views.
_RAW_COLUMNS = ("connection", "key", "parent", "cursor", "fetched_at", "record")
_FOLDERS = ("integration", "connection", "parser")


class Catalog:
    """The table names that a query can use, found from the lake's folders, and the views for them."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._tables: dict[str, list[Table]] = defaultdict(list)
        for table in lake.tables("raw", "domain", "quarantine"):
            self._tables[_view_name(table.path)].append(table)

    @property
    def names(self) -> set[str]:
        """All table names."""
        return set(self._tables)

    def create_views(self, connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
        """Create views for some names. Raises QueryError for a name that two streams share."""
        connection.execute("create schema raw")
        for name in names:
            tables = self._tables[name]
            versions = [version for table in tables if (version := table.open()) is not None]
            if name.startswith("raw."):
                _check_one_stream(name, [table.path for table in tables])
                _create_raw_view(connection, name, versions, self._sensitive_fields(tables))
            else:
                _create_domain_view(connection, name, versions)

    def _sensitive_fields(self, tables: Iterable[Table]) -> SensitiveFields:
        """The fields that the stream of these tables declares sensitive, as any of its connections has it."""
        paths = [table.path for table in tables]
        return SensitiveFields(
            field
            for path in paths
            for field in read_sensitive(self._lake, path.integration, path.connection, path.name)
        )


def _view_name(path: TablePath) -> str:
    return f"raw.{path.integration}_{path.name}" if path.kind == "raw" else path.name or "quarantine"


def _check_one_stream(name: str, paths: list[TablePath]) -> None:
    if len(streams := sorted({f"{path.integration}/{path.name}" for path in paths})) > 1:
        raise QueryError(
            f"{name} is ambiguous: it could be any of the streams {' and '.join(streams)}. Rename one of them."
        )


def _create_raw_view(
    connection: duckdb.DuckDBPyConnection, name: str, versions: list[TableVersion], sensitive: SensitiveFields
) -> None:
    columns = ", ".join(_RAW_COLUMNS)
    if sensitive:
        function = _create_hiding_function(connection, name, sensitive)
        columns = columns.replace("record", f"{function}(record) as record")
    schema = pa.schema([pa.field("connection", pa.string()), *RAW_SCHEMA])
    parts = [_select_nothing(connection, pa.schema([schema.field(column) for column in _RAW_COLUMNS]))]
    for windowed in (True, False):
        if files := _list_files(version for version in versions if version.windowed is windowed):
            hive = {"connection": "VARCHAR"} | ({WINDOW: "DATE"} if windowed else {})
            source = read_parquet_sql(files, hive)
            parts.append(
                f"select {columns} from {source} as versions semi join "
                f"(select connection, {SEQUENCE_OF_RANK} as newest from {source} group by connection, key) as latest "
                "on versions.connection = latest.connection and versions.sequence = latest.newest"
            )
    schema_name, _, view = name.partition(".")
    connection.execute(f'create view {schema_name}."{view}" as {" union all by name ".join(parts)}')


def _create_hiding_function(connection: duckdb.DuckDBPyConnection, name: str, sensitive: SensitiveFields) -> str:
    """The name of a function in SQL that hides the sensitive fields of records."""

    def hide(records: Any) -> Any:
        return pa.array([None if text is None else sensitive.hide(text) for text in records.to_pylist()], pa.string())

    function = f"hide_sensitive_of_{re.sub('[^a-z0-9_]', '_', name)}"
    connection.create_function(function, hide, [VARCHAR], VARCHAR, type=PythonUDFType.ARROW)
    return function


def _create_domain_view(connection: duckdb.DuckDBPyConnection, name: str, versions: list[TableVersion]) -> None:
    model = merge_schemas(pa.schema([f for f in version.schema if f.name not in OUR_COLUMNS]) for version in versions)
    own = [*(pa.field(folder, pa.string()) for folder in _FOLDERS), pa.field(WINDOW, pa.date32())]
    columns = pa.schema([*own, pa.field(INPUTS, pa.string()), *model])
    parts = [_select_nothing(connection, columns)]
    if files := _list_files(versions):
        hive = dict.fromkeys(_FOLDERS, "VARCHAR") | {WINDOW: "DATE"}
        parts.append(f"select * exclude ({FINGERPRINT}) from {read_parquet_sql(files, hive, by_name=True)}")
    connection.execute(f'create view "{name}" as {" union all by name ".join(parts)}')


def _select_nothing(connection: duckdb.DuckDBPyConnection, schema: pa.Schema) -> str:
    """A query without rows. It gives a view its columns, their types and their order, whatever the files contain."""
    types = connection.from_arrow(schema.empty_table()).types
    columns = (f'null::{kind} as "{name}"' for name, kind in zip(schema.names, types, strict=True))
    return f"select {', '.join(columns)} where false"


def _list_files(versions: Iterable[TableVersion]) -> str:
    """The files of versions as an SQL list; empty text if there are none."""
    paths = [path.replace("'", "''") for version in versions for path in version.duckdb_paths()]
    return "[" + ", ".join(f"'{path}'" for path in paths) + "]" if paths else ""
