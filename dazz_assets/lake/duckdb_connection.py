"""Connections to an in-memory DuckDB, and what statements over Parquet files are made of."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import duckdb
import pyarrow as pa

from dazz_assets.lake.errors import QueryError

# Without a limit DuckDB takes up to 80% of the machine's memory, in each process, before it spills to the disk.
_BOUNDED_MEMORY = "100MB"
# Each of its threads takes some of that.
_BOUNDED_THREADS = 2


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


def read_bounded(sql: str, values: Mapping[str, Any]) -> pa.Table:
    """The rows of a statement over keys and hashes, found in bounded memory.

    Of some ten million keys DuckDB can't find them in that; then it takes what it needs.
    """
    # So that DuckDB's memory doesn't come on top of what was freed before.
    pa.default_memory_pool().release_unused()
    with closing(connect_duckdb()) as connection:
        connection.execute(f"set memory_limit = '{_BOUNDED_MEMORY}'; set threads = {_BOUNDED_THREADS}")
        rows: pa.Table
        try:
            rows = run_statement(connection, sql, values).to_arrow_table()
        except duckdb.OutOfMemoryException:
            connection.execute("reset memory_limit; reset threads")
            rows = run_statement(connection, sql, values).to_arrow_table()
        return rows


def read_parquet_sql(files: str, hive_types: dict[str, str], *, by_name: bool = False) -> str:
    """A `read_parquet` call for `files` (an SQL list or parameter), with columns for the values in folder names."""
    options = ["union_by_name = true"] if by_name else []
    if hive_types:
        types = ", ".join(f"'{name}': {kind}" for name, kind in hive_types.items())
        options += ["hive_partitioning = true", "hive_types_autocast = false", f"hive_types = {{{types}}}"]
    else:
        options.append("hive_partitioning = false")
    return f"read_parquet({files}, {', '.join(options)})"
