"""A hash of the rows of a file of objects, which the log keeps with the file's statistics.

It is the same for the same rows, in whatever order and batches they were written. It is made with DuckDB's `hash`, so
another version of DuckDB may give another hash for them.
"""

from __future__ import annotations

import os
from contextlib import closing
from functools import cache

import duckdb
import pyarrow as pa

from dazz_assets.lake.duckdb_connection import connect_duckdb

# Sorts before all provenance, which begins with a letter.
_BEGIN, _END = "(content=", ") "


class ContentHash:
    """The hash of rows that are added batch by batch."""

    def __init__(self) -> None:
        self._rows, self._sum, self._mix = 0, 0, 0

    def add(self, rows: pa.Table) -> None:
        """Include rows."""
        columns = ", ".join('"' + name.replace('"', '""') + '"' for name in rows.column_names)
        with closing(_connection(os.getpid()).cursor()) as cursor:
            cursor.register("added rows", rows)
            digests = f'select hash({columns}) as digest from "added rows"'
            sql = f"select sum(digest::hugeint), bit_xor(digest) from ({digests})"
            ((total, mix),) = cursor.execute(sql).fetchall()
            cursor.unregister("added rows")
        self._rows, self._sum, self._mix = self._rows + rows.num_rows, self._sum + total, self._mix ^ mix

    def __str__(self) -> str:
        return f"{self._rows}-{self._sum % 2**96:024x}-{self._mix:016x}"


def lower_bound_with_content(inputs: str, content: str) -> str:
    """A lower bound of the provenance of a file's rows that also tells the hash of the file.

    The log has no other place for a value of a file that is no value of its rows.
    """
    return f"{_BEGIN}{content}{_END}{inputs}"


def content_in_lower_bound(bound: str) -> str | None:
    """The hash that `lower_bound_with_content` put in; None for a file that was written before there was one."""
    return bound.removeprefix(_BEGIN).partition(_END)[0] if bound.startswith(_BEGIN) else None


@cache
def _connection(_process: int) -> duckdb.DuckDBPyConnection:
    """One connection for each process, as making one takes longer than hashing a window. Its cursors are separate."""
    connection = connect_duckdb()
    connection.execute("set threads = 1")
    return connection
