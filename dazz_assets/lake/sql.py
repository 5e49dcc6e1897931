"""SQL over the lake: DuckDB in memory, with a view for each table that the query names, and results as files."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from difflib import get_close_matches
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import msgspec
import pyarrow as pa

from dazz_assets.lake.duckdb_views import Catalog, connect_duckdb, run_statement
from dazz_assets.lake.errors import NoLake, QueryError
from dazz_assets.lake.lake import Lake

_Result = TypeVar("_Result")
Take = Callable[[duckdb.DuckDBPyConnection, duckdb.DuckDBPyRelation], _Result]


def query(lake: Lake, sql: str) -> pa.Table:
    """The rows of a query over `raw.<integration>_<stream>`, `quarantine` and the domain tables.

    Works while syncs write: it reads the versions that are current when it begins. Raises QueryError for a mistake in
    the query, with the tables that there are for a name that isn't one, and NoLake before the first sync.
    """
    return run_query(lake, sql, lambda connection, found: to_arrow(found))


def json_rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Rows as JSON has them: times as ISO 8601, decimals as strings."""
    for batch in table.to_batches(max_chunksize=8192):
        for row in batch.to_pylist():
            yield msgspec.to_builtins(row)


def run_query(lake: Lake, sql: str, take: Take[_Result]) -> _Result:
    """Run a query and hand its relation, not run yet, to `take`. `take` may be called twice: where compaction and
    vacuum removed a file under the query, it is run again over the files that there are then.
    """
    try:
        return _run(lake, sql, take)
    except duckdb.IOException:
        try:
            return _run(lake, sql, take)
        except duckdb.Error as error:
            raise QueryError(str(error)) from error


def relation_of(lake: Lake, sql: str) -> duckdb.DuckDBPyRelation:
    """A query's relation, not run yet, over the versions that are current now. Raises as `query` does."""
    try:
        return _prepared(lake, sql, connect_duckdb())
    except duckdb.Error as error:
        raise QueryError(str(error)) from error


def _run(lake: Lake, sql: str, take: Take[_Result]) -> _Result:
    with closing(connect_duckdb()) as connection:
        try:
            return take(connection, _prepared(lake, sql, connection))
        except duckdb.IOException:
            raise
        except duckdb.Error as error:
            raise QueryError(str(error)) from error


def _prepared(lake: Lake, sql: str, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    catalog = Catalog(lake)
    if not catalog.names:
        raise NoLake(f"There is nothing in the lake at {lake} yet: sync first, with `dazz sync`.")
    catalog.create_views(connection, _named(connection, sql, catalog))
    return run_statement(connection, sql)


def _named(connection: duckdb.DuckDBPyConnection, sql: str, catalog: Catalog) -> set[str]:
    """The tables of the lake that a query names; all where that can't be told (SHOW TABLES, PIVOT)."""
    try:
        found = connection.get_table_names(sql, qualified=True)
    except duckdb.ParserException as error:
        raise QueryError(str(error)) from error
    except duckdb.Error:
        return catalog.names
    # An alias comes with its table, as `findings AS f`.
    tables = {re.split(r"\s+AS\s+", name, maxsplit=1, flags=re.IGNORECASE)[0] for name in found}
    names = {name.replace('"', "").lower().removeprefix("memory.").removeprefix("main.") for name in tables}
    if unknown := sorted(names - catalog.names):
        raise QueryError(_unknown(unknown[0], catalog.names))
    return names or catalog.names


def _unknown(name: str, known: set[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5) or [table for table in known if table.endswith(f".{name}")]
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"There is no table {name} in the lake.{hint} There are: {', '.join(sorted(known))}."


def to_arrow(found: duckdb.DuckDBPyRelation) -> pa.Table:
    """A relation's rows, each column with a name of its own, sums of integers as integers."""
    table: pa.Table = found.to_arrow_table()
    for index, kind in enumerate(found.types):
        if str(kind) == "HUGEINT":  # what sum() of integers is; a number to people, a decimal to Arrow
            table = _as_integer(table, index)
    return table.rename_columns(_apart(table.column_names))


def _as_integer(table: pa.Table, index: int) -> pa.Table:
    try:
        column = table.column(index).cast(pa.int64())
    except pa.ArrowInvalid:
        return table
    return table.set_column(index, table.column_names[index], column)


def _apart(names: list[str]) -> list[str]:
    """Names made different as DuckDB does it: a second `id` is `id_1`."""
    taken: dict[str, None] = {}
    for name in names:
        taken[next(free for n in count() if (free := f"{name}_{n}" if n else name) not in taken)] = None
    return list(taken)


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
        run_query(lake, sql, take)
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
        for number, row in enumerate(json_rows(to_arrow(found))):
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
