"""SQL over the lake: run a query in an in-memory DuckDB, and export its rows to a file."""

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

from dazz_assets.lake.errors import NoLakeError, QueryError
from dazz_assets.lake.lake import Lake
from dazz_assets.lake.queries.duckdb_connection import connect_duckdb, run_statement
from dazz_assets.lake.queries.duckdb_views import Catalog

_Result = TypeVar("_Result")
ReadResult = Callable[[duckdb.DuckDBPyConnection, duckdb.DuckDBPyRelation], _Result]


def query(lake: Lake, sql: str) -> pa.Table:
    """The rows of a query over `raw.<integration>_<stream>`, `quarantine` and the domain tables.

    Works while syncs write: it reads the versions that are current when it begins. Raises QueryError for a mistake in
    the query (for an unknown table, the message lists the known ones), and NoLakeError before the first sync.
    """
    return run_query(lake, sql, lambda connection, relation: to_arrow(relation))


def json_rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Rows of JSON values: times as ISO 8601, decimals as strings."""
    for batch in table.to_batches(max_chunksize=8192):
        for row in batch.to_pylist():
            yield msgspec.to_builtins(row)


def run_query(lake: Lake, sql: str, read: ReadResult[_Result]) -> _Result:
    """Call `read` with a query's lazy relation, and return what it returns.

    If vacuum removes a file during the query, the query runs once more over the files of the newest versions. So
    `read` may be called twice.
    """
    try:
        return _run_once(lake, sql, read)
    except duckdb.IOException:
        try:
            return _run_once(lake, sql, read)
        except duckdb.Error as error:
            raise QueryError(str(error)) from error


def open_relation(lake: Lake, sql: str) -> duckdb.DuckDBPyRelation:
    """A query's lazy relation over the versions that are current now. Raises the errors that `query` raises."""
    try:
        return _prepare(lake, sql, connect_duckdb())
    except duckdb.Error as error:
        raise QueryError(str(error)) from error


def _run_once(lake: Lake, sql: str, read: ReadResult[_Result]) -> _Result:
    with closing(connect_duckdb()) as connection:
        try:
            return read(connection, _prepare(lake, sql, connection))
        except duckdb.IOException:
            raise
        except duckdb.Error as error:
            raise QueryError(str(error)) from error


def _prepare(lake: Lake, sql: str, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    _check_reads(connection, sql)
    catalog = Catalog(lake)
    if not catalog.names:
        raise NoLakeError(f"The lake at {lake} is empty: run `dazz sync` first.")
    catalog.create_views(connection, _find_table_names(connection, sql, catalog))
    return run_statement(connection, sql)


def _check_reads(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise QueryError unless this is one statement that only reads."""
    statements = connection.extract_statements(sql)
    if len(statements) > 1:
        raise QueryError(f"These are {len(statements)} statements: a query is one, that reads.")
    if not statements or not _only_reads(connection, statements[0]):
        raise QueryError(
            "A query is one statement that reads: SELECT, WITH, FROM, VALUES, PIVOT, DESCRIBE, SUMMARIZE or SHOW."
        )


def _only_reads(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> bool:
    if statement.type is not duckdb.StatementType.MULTI:
        return statement.type is duckdb.StatementType.SELECT
    # A PIVOT, or what is made from one; only what reads may stand in parentheses.
    try:
        return bool(connection.extract_statements(f"from (\n{statement.query.strip().rstrip(';')}\n)"))
    except duckdb.ParserException:
        return False


def _find_table_names(connection: duckdb.DuckDBPyConnection, sql: str, catalog: Catalog) -> set[str]:
    """The names of the tables that a query reads; all names if DuckDB can't find them (SHOW TABLES, PIVOT)."""
    try:
        found = connection.get_table_names(sql, qualified=True)
    except duckdb.ParserException as error:
        raise QueryError(str(error)) from error
    except duckdb.Error:
        return catalog.names
    # DuckDB includes the alias: `findings AS f`.
    tables = {re.split(r"\s+AS\s+", name, maxsplit=1, flags=re.IGNORECASE)[0] for name in found}
    names = {name.replace('"', "").lower().removeprefix("memory.").removeprefix("main.") for name in tables}
    if unknown := sorted(names - catalog.names):
        raise QueryError(_describe_unknown_table(unknown[0], catalog.names))
    return names or catalog.names


def _describe_unknown_table(name: str, known: set[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5) or [table for table in known if table.endswith(f".{name}")]
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"There is no table {name} in the lake.{hint} Its tables are: {', '.join(sorted(known))}."


def to_arrow(relation: duckdb.DuckDBPyRelation) -> pa.Table:
    """A relation's rows, with unique column names, and sums of integers as integers."""
    table: pa.Table = relation.to_arrow_table()
    for index, kind in enumerate(relation.types):
        if str(kind) == "HUGEINT":  # the type of sum() over integers, which becomes a decimal in Arrow
            table = _cast_to_integer(table, index)
    return table.rename_columns(_make_unique(table.column_names))


def _cast_to_integer(table: pa.Table, index: int) -> pa.Table:
    try:
        column = table.column(index).cast(pa.int64())
    except pa.ArrowInvalid:
        return table
    return table.set_column(index, table.column_names[index], column)


def _make_unique(names: list[str]) -> list[str]:
    """Number repeated names as DuckDB does: a second `id` becomes `id_1`."""
    used: dict[str, None] = {}
    for name in names:
        used[next(free for n in count() if (free := f"{name}_{n}" if n else name) not in used)] = None
    return list(used)


def export(lake: Lake, sql: str, path: Path) -> None:
    """Write the rows of a query to a file. An existing file is replaced once the new one is complete.

    The suffix decides the format: csv, parquet, json (a list of objects) or duckdb (a database with the table
    `result`). Raises QueryError for another suffix, and the errors that `query` raises.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise QueryError(f"{path.name} has an unknown suffix; use one of {', '.join(_WRITERS)}.")
    if not path.absolute().parent.is_dir():
        raise QueryError(
            f"Can't write {path.name}: the folder {path.absolute().parent} does not exist. Create it first."
        )
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")

    def write_partial(connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation) -> None:
        partial.unlink(missing_ok=True)
        write(connection, relation, partial)

    try:
        run_query(lake, sql, write_partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _write_csv(connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, path: Path) -> None:
    relation.to_csv(str(path), header=True, timestamp_format="%Y-%m-%dT%H:%M:%S.%fZ")


def _write_parquet(connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, path: Path) -> None:
    relation.to_parquet(str(path), compression="zstd")


def _write_json(connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"[")
        for number, row in enumerate(json_rows(to_arrow(relation))):
            file.write(b",\n" if number else b"\n")
            file.write(msgspec.json.encode(row))
        file.write(b"\n]\n")


def _write_duckdb(connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, path: Path) -> None:
    quoted = str(path).replace("'", "''")
    connection.execute(f"attach '{quoted}' as exported")
    try:
        relation.create("exported.result")
    finally:
        connection.execute("detach exported")


_WRITERS: dict[str, Callable[[duckdb.DuckDBPyConnection, duckdb.DuckDBPyRelation, Path], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".json": _write_json,
    ".duckdb": _write_duckdb,
}
