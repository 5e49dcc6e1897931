"""The rows that differ between two sets of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import duckdb

from dazz_assets.lake.queries.duckdb_connection import connect_duckdb, run_statement
from dazz_assets.lake.schema import FINGERPRINT, INPUTS

_BATCH_ROWS = 2_048
# Rows sorted together. More of them, with all their columns, exceed the memory limit below.
_ROWS_AT_ONCE = 25_000
# Above this limit DuckDB spills to disk.
_MEMORY = "200MB"
# View names. They contain a space, so that no field of a model has the same name.
_SIDES = ('"it was"', '"it is"')

Row = dict[str, Any]


def diff_rows(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[Row | None, Row | None]]:
    """Pairs of rows, by id, that may differ between two sets of files of domain objects (paths for DuckDB).

    The pairs are ordered by id; a side that lacks the id has None. Rows hold only the model's columns. A digest of each
    row is compared first, so that equal rows are never built in Python. Rows that differ only by a column that is
    missing on one side and null on the other may be included.
    """
    with closing(connect_duckdb()) as connection:
        connection.execute(f"set memory_limit = '{_MEMORY}'")
        columns = [_create_view(connection, name, files) for name, files in zip(_SIDES, (before, after), strict=True)]
        all_columns = list(dict.fromkeys([*columns[0], *columns[1]]))
        was, now = (_digests_sql(name, all_columns, own) for name, own in zip(_SIDES, columns, strict=True))
        connection.execute(
            f"create table differing as select id, (row_number() over (order by id) - 1) // {_ROWS_AT_ONCE} as part "
            f"from ({was}) as a full join ({now}) as b using (id) where a.digest is distinct from b.digest"
        )
        (parts,) = connection.execute("select coalesce(max(part) + 1, 0) from differing").fetchone() or (0,)
        for part in range(parts):
            yield from _pair_rows(*(_read_ordered(connection, name, part) for name in _SIDES))


def _read_ordered(connection: duckdb.DuckDBPyConnection, name: str, part: int) -> Iterator[Row]:
    # Each result needs its own cursor, as two are read in turn.
    with closing(connection.cursor()) as cursor:
        ids = f"select id from differing where part = {part}"
        rows = run_statement(cursor, f"from {name} semi join ({ids}) using (id) order by id")
        for batch in rows.to_arrow_reader(_BATCH_ROWS):
            yield from batch.to_pylist()


def _pair_rows(before: Iterator[Row], after: Iterator[Row]) -> Iterator[tuple[Row | None, Row | None]]:
    was, now = next(before, None), next(after, None)
    while was is not None or now is not None:
        first = min(row["id"] for row in (was, now) if row is not None)
        pair = tuple(row if row is not None and row["id"] == first else None for row in (was, now))
        yield pair[0], pair[1]
        was = was if pair[0] is None else next(before, None)
        now = now if pair[1] is None else next(after, None)


def _create_view(connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[str]) -> list[str]:
    """Create a view of the rows of some files, and return its columns."""
    if files:
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        source = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
        sql = f"select * exclude ({FINGERPRINT}, {INPUTS}) from {source}"
    else:
        sql = "select null::varchar as id where false"
    connection.execute(f"create view {name} as {sql}")
    return run_statement(connection, f"from {name}").columns


def _digests_sql(name: str, all_columns: Sequence[str], own: Sequence[str]) -> str:
    values = ", ".join(f'"{column}"' if column in own else "null" for column in all_columns)
    return f"select id, hash({values}) as digest from {name}"
