"""Finds keys that rows of several parents share: of two such rows, only one is the latest version of the key."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass

from dazz_assets.lake.files import DataFile
from dazz_assets.lake.queries.duckdb_connection import connect_duckdb, read_parquet_sql
from dazz_assets.lake.table import Table
from dazz_assets.lake.table_version import TableVersion


@dataclass(frozen=True, slots=True)
class SharedKeys:
    """Keys that are in use under several parents.

    records: how many records they stand for, each key counted once for each parent.
    example: a key, and two of its parents. are_added: whether new rows alone share a key, without the stored ones.
    """

    keys: int
    records: int
    example: tuple[str, str, str]
    are_added: bool


def find_shared_keys(
    table: Table, added: Sequence[DataFile], stored: TableVersion | None, parents: Collection[str]
) -> SharedKeys | None:
    """Return the keys of uncommitted files that several parents share, also with stored rows; None if there are none.

    parents: stored rows of others are not compared: a parent that is gone has no records any more.
    """
    if not added:
        return None
    values = {"added": [table.root.duckdb_path(f"{table.path.folder}/{file.path}") for file in added]}
    known = f"select key, parent, true as is_new from {_rows_sql('$added')}"
    if stored is not None and stored.files:
        known += f"""
            union select key, parent, false from {_rows_sql("$stored")} and key in (select key from added)
            and parent in (select unnest($parents))"""
        values |= {"stored": stored.duckdb_paths(), "parents": list(parents)}
    sql = f"""
        with added as (select distinct key from {_rows_sql("$added")}),
        known as ({known}),
        shared as (
            select key, count(distinct parent) as records, min(parent) as one, max(parent) as other,
                count(distinct parent) filter (is_new) > 1 as are_added
            from known group by key having count(distinct parent) > 1)
        select count(*), sum(records)::bigint, arg_min(struct_pack(key, one, other), key), bool_or(are_added)
        from shared"""
    with closing(connect_duckdb()) as connection:
        row = connection.execute(sql, values).fetchone()
    if row is None or not row[0]:
        return None
    return SharedKeys(row[0], row[1], (row[2]["key"], row[2]["one"], row[2]["other"]), row[3])


def _rows_sql(files: str) -> str:
    """The rows of files that have a key of their own, to continue with `and`."""
    return f"{read_parquet_sql(files, {})} where problem is null"
