"""Connections to an in-memory DuckDB, and what statements over Parquet files are made of."""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from dazz_assets.lake.freed_memory import return_free_memory
from dazz_assets.lake.paths import remote_roots

# Without a limit DuckDB takes up to 80% of the machine's memory, in each process, before it spills to the disk. From
# some 500,000 keys on it uses the first one whole. That is enough for two million, in about the same time as more; with
# six million, the try in vain takes a second.
_MEMORY_LIMITS = ("16MB", "50MB", "100MB", "200MB", "400MB", "800MB", "80%")


def connect_duckdb(**settings: str) -> duckdb.DuckDBPyConnection:
    """A new connection in UTC. It spills to the system's temporary folder and installs no extensions."""
    connection = duckdb.connect(
        config={
            "TimeZone": "UTC",
            "temp_directory": os.path.join(tempfile.gettempdir(), f"duckdb-{os.getpid()}"),
            "autoinstall_known_extensions": "false",
            **settings,
        }
    )
    if remote_roots:
        from dazz_assets.lake.queries.remote_files import RemoteFiles  # Its library takes a while to import.

        connection.register_filesystem(RemoteFiles())
    return connection


@cache
def _bounded_connection(limit: str, process: int, reads_remote: bool) -> duckdb.DuckDBPyConnection:
    """A connection within a limit of memory, kept by the process: to make one takes longer than most statements.

    Its one thread takes the whole of the limit. It caches no files, which would stay in memory between statements.
    """
    connection = connect_duckdb(
        memory_limit=limit, threads="1", preserve_insertion_order="false", enable_external_file_cache="false"
    )
    atexit.register(connection.close)
    return connection


def run_statement(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any] | None = None
) -> duckdb.DuckDBPyRelation:
    """The lazy relation of a statement that reads."""
    return connection.sql(sql, params=dict(values) if values else None)


def read_bounded(sql: str, values: Mapping[str, Any]) -> pa.Table:
    """The rows of a statement over keys and hashes, in any order unless it says one, found in bounded memory.

    What DuckDB can't find within a limit, although it spills to the disk, is tried again with more.
    """
    return_free_memory()
    for limit in _MEMORY_LIMITS:
        with closing(_bounded_connection(limit, os.getpid(), bool(remote_roots)).cursor()) as connection:
            try:
                rows: pa.Table = run_statement(connection, sql, values).to_arrow_table()
                return rows
            except duckdb.OutOfMemoryException:
                if limit == _MEMORY_LIMITS[-1]:
                    raise
    raise AssertionError("there is a limit")


def read_parquet_sql(files: str, hive_types: dict[str, str], *, by_name: bool = False) -> str:
    """A `read_parquet` call for `files` (an SQL list or parameter), with columns for the values in folder names."""
    options = ["union_by_name = true"] if by_name else []
    if hive_types:
        types = ", ".join(f"'{name}': {kind}" for name, kind in hive_types.items())
        options += ["hive_partitioning = true", "hive_types_autocast = false", f"hive_types = {{{types}}}"]
    else:
        options.append("hive_partitioning = false")
    return f"read_parquet({files}, {', '.join(options)})"
