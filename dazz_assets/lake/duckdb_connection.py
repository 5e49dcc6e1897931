"""Connections to an in-memory DuckDB, and what statements over Parquet files are made of."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from typing import Any

import duckdb

from dazz_assets.lake.errors import QueryError


def connect_duckdb() -> duckdb.DuckDBPyConnection:
    """A new connection in UTC. It spills to the system's temporary folder and installs no extensions."""
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
    """The lazy relation of a statement. Raises QueryError for a statement that returns no rows."""
    relation = connection.sql(sql, params=dict(values) if values else None)
    if relation is None:
        raise QueryError("The statement returns no rows: use SELECT.")
    return relation


def read_parquet_sql(files: str, hive_types: dict[str, str], *, by_name: bool = False) -> str:
    """A `read_parquet` call for `files` (an SQL list or parameter), with columns for the values in folder names."""
    options = ["union_by_name = true"] if by_name else []
    if hive_types:
        types = ", ".join(f"'{name}': {kind}" for name, kind in hive_types.items())
        options += ["hive_partitioning = true", "hive_types_autocast = false", f"hive_types = {{{types}}}"]
    else:
        options.append("hive_partitioning = false")
    return f"read_parquet({files}, {', '.join(options)})"
