"""Finds keys whose new rows are older than a stored one, by their cursor: the stored one stays the latest version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dazz_assets.lake.files import DataFile
from dazz_assets.lake.queries.duckdb_connection import read_bounded, read_parquet_sql
from dazz_assets.lake.table import Table
from dazz_assets.lake.table_version import StoredFile, TableVersion


@dataclass(frozen=True, slots=True)
class OutrankedKeys:
    """Keys whose new rows have an earlier cursor than a stored one. example: one of them.

    stored_at, new_at: the cursors of the example, in microseconds; None of a new row without one.
    """

    keys: int
    example: str
    stored_at: int
    new_at: int | None


def find_outranked(table: Table, added: Sequence[DataFile], stored: TableVersion) -> OutrankedKeys | None:
    """Return the keys of new files whose rows are all older than a stored one; None if there are none.

    Opens only the stored files that may hold one, by their statistics: of a usual sync, which adds newer rows, none.
    """
    files = [file for file in stored.files if _is_newer(file, _oldest(added))]
    if not added or not files:
        return None
    sql = f"""
        with added as (
            select key, max(coalesce(cursor_at, -9223372036854775808)) as at
            from {read_parquet_sql("$added", {})} where problem is null group by key),
        newest as (
            select key, max(cursor_at) as at from {read_parquet_sql("$stored", {})}
            where problem is null and key in (select key from added) group by key),
        outranked as (
            select added.key, newest.at as stored_at, added.at as new_at
            from added join newest on added.key = newest.key and newest.at > added.at)
        select count(*), min(key), arg_min(stored_at, key), arg_min(new_at, key) from outranked"""
    paths = [table.root.duckdb_path(f"{table.path.folder}/{file.path}") for file in added]
    row = read_bounded(sql, {"added": paths, "stored": stored.duckdb_paths(files)}).to_pylist()[0]
    keys, key, stored_at, new_at = row.values()
    return OutrankedKeys(keys, key, stored_at, None if new_at == -(2**63) else new_at) if keys else None


def _oldest(added: Sequence[DataFile]) -> int | None:
    """The earliest cursor of some files; None if a row without a problem may have none."""
    oldest = [file.statistics["minValues"].get("cursor_at") for file in added]
    return None if any(map(_lacks_cursor, added)) else min((at for at in oldest if at is not None), default=None)


def _lacks_cursor(file: DataFile) -> bool:
    nulls = file.statistics["nullCount"]
    if "cursor_at" not in nulls or "problem" not in nulls:
        return True
    with_problem = file.rows - int(nulls["problem"])  # None of them has a cursor.
    return int(nulls["cursor_at"]) > with_problem


def _is_newer(file: StoredFile, oldest: int | None) -> bool:
    """Whether a stored file may hold a cursor that is later than the oldest new one."""
    newest = file.max_values.get("cursor_at")
    return file.rows > 0 and newest is not None and (oldest is None or newest > oldest)
