"""Rows of two sets of files that differ, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import duckdb

from resources.lake.duck import connect, relation
from resources.lake.schema import FINGERPRINT, INPUTS

_BATCH_ROWS = 2_048
# Beyond it DuckDB spills to disk.
_MEMORY = "200MB"
# Names of views; a model may have a field `was`, and none with a space.
_SIDES = ('"it was"', '"it is"')

Row = dict[str, Any]


def side_by_side(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[Row | None, Row | None]]:
    """The rows of two sets of files of domain objects (paths for DuckDB) that may differ, in the order of their ids.

    None where one side has no row of an id. A row has the model's columns alone. Ids are compared with a digest of
    their rows first, so that rows that are equal are never built. A column that only one side has may be null there:
    such rows come as well.
    """
    with closing(connect()) as connection:
        connection.execute(f"set memory_limit = '{_MEMORY}'")
        columns = [_view(connection, name, files) for name, files in zip(_SIDES, (before, after), strict=True)]
        every = list(dict.fromkeys([*columns[0], *columns[1]]))
        was, now = (_digests(name, every, own) for name, own in zip(_SIDES, columns, strict=True))
        connection.execute(
            f"create table differing as select id from ({was}) as a full join ({now}) as b using (id) "
            "where a.digest is distinct from b.digest"
        )
        rows = relation(
            connection,
            f"select {_SIDES[0]}, {_SIDES[1]} from differing left join {_SIDES[0]} using (id) "
            f"left join {_SIDES[1]} using (id) order by differing.id",
        )
        for batch in rows.to_arrow_reader(_BATCH_ROWS):
            for was_row, now_row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield _row(was_row), _row(now_row)


def _view(connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[str]) -> list[str]:
    """Make a view of the rows of some files, and return its columns."""
    if files:
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        source = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
        sql = f"select * exclude ({FINGERPRINT}, {INPUTS}) from {source}"
    else:
        sql = "select null::varchar as id where false"
    connection.execute(f"create view {name} as {sql}")
    return relation(connection, f"from {name}").columns


def _digests(name: str, every: Sequence[str], own: Sequence[str]) -> str:
    values = ", ".join(f'"{column}"' if column in own else "null" for column in every)
    return f"select id, hash({values}) as digest from {name}"


def _row(row: Row | None) -> Row | None:
    return None if row is None or row["id"] is None else row
