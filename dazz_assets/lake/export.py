"""The result of a query as a file."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path

import duckdb
import msgspec

from dazz_assets.lake.errors import QueryError
from dazz_assets.lake.lake import Lake
from dazz_assets.lake.query import as_arrow, json_rows, run

_ISO = "%Y-%m-%dT%H:%M:%S.%fZ"


def export(lake: Lake, sql: str, path: Path) -> None:
    """Write the rows of a query to a file, by its ending: csv, parquet, json (a list of objects) or duckdb (a database
    with the table `result`). A file that is there is replaced when the new one is complete.

    Raises QueryError for another ending, and as `query` does.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise QueryError(f"{path.name} has none of the endings that say what to write: {', '.join(_WRITERS)}.")
    if not path.absolute().parent.is_dir():
        raise QueryError(f"There is no folder {path.absolute().parent} to write {path.name} to.")
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")

    def take(connection: duckdb.DuckDBPyConnection, found: duckdb.DuckDBPyRelation) -> None:
        partial.unlink(missing_ok=True)
        write(connection, found, partial)

    try:
        run(lake, sql, take)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _csv(connection: duckdb.DuckDBPyConnection, found: duckdb.DuckDBPyRelation, path: Path) -> None:
    found.to_csv(str(path), header=True, timestamp_format=_ISO)


def _parquet(connection: duckdb.DuckDBPyConnection, found: duckdb.DuckDBPyRelation, path: Path) -> None:
    found.to_parquet(str(path), compression="zstd")


def _json(connection: duckdb.DuckDBPyConnection, found: duckdb.DuckDBPyRelation, path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"[")
        for number, row in enumerate(json_rows(as_arrow(found))):
            file.write(b",\n" if number else b"\n")
            file.write(msgspec.json.encode(row))
        file.write(b"\n]\n")


def _duckdb(connection: duckdb.DuckDBPyConnection, found: duckdb.DuckDBPyRelation, path: Path) -> None:
    quoted = str(path).replace("'", "''")
    connection.execute(f"attach '{quoted}' as exported")
    try:
        found.create("exported.result")
    finally:
        connection.execute("detach exported")


_WRITERS: dict[str, Callable[[duckdb.DuckDBPyConnection, duckdb.DuckDBPyRelation, Path], None]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": _json,
    ".duckdb": _duckdb,
}
