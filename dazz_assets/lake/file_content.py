"""A hash of the rows of a file of objects, which the log keeps with the file's statistics.

It is the same for the same rows, in whatever order and batches they were written. It is made with DuckDB's `hash`, so
another version of DuckDB may give another hash for them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from threading import Lock

import duckdb
import numpy as np
import pyarrow as pa

from dazz_assets.lake.queries.duckdb_connection import connect_duckdb

# Sorts before all provenance, which begins with a letter.
_BEGIN, _END = "(content=", ") "
# Up to so many rows wait for others. To hash more takes longer than to prepare a statement.
_FEW_ROWS = 256
_WAITING_TABLES = 128
_WAITING_BYTES = 2**20


class ContentHashes:
    """Makes the hashes of files that have the same columns.

    Few rows wait until there are many, or a hash is asked for: a statement takes longer than to hash a window.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[tuple[ContentHash, pa.Table]] = []
        self._bytes = 0

    def new(self) -> ContentHash:
        """The hash of a file without rows."""
        return ContentHash(self)

    def add(self, content: ContentHash, rows: pa.Table) -> None:
        """Include rows in a hash, now or later."""
        with self._lock:
            self._waiting.append((content, rows))
            self._bytes += rows.nbytes
            is_much = rows.num_rows > _FEW_ROWS or self._bytes >= _WAITING_BYTES
            if is_much or len(self._waiting) >= _WAITING_TABLES:
                self._hash_waiting()

    def finish(self) -> None:
        """Include the rows that wait."""
        with self._lock:
            self._hash_waiting()

    def _hash_waiting(self) -> None:
        if not self._waiting:
            return
        tables = [rows for _, rows in self._waiting]
        for number, total, mix in _hash_tables(tables):
            self._waiting[number][0].include(tables[number].num_rows, total, mix)
        self._waiting, self._bytes = [], 0


class ContentHash:
    """The hash of rows that are added batch by batch. Pickled, it is its text."""

    def __init__(self, hashes: ContentHashes) -> None:
        self._hashes = hashes
        self._rows, self._sum, self._mix = 0, 0, 0

    def add(self, rows: pa.Table) -> None:
        """Include rows."""
        self._hashes.add(self, rows)

    def include(self, rows: int, total: int, mix: int) -> None:
        """Include the digests of so many rows, added up and mixed."""
        self._rows, self._sum, self._mix = self._rows + rows, self._sum + total, self._mix ^ mix

    def __str__(self) -> str:
        self._hashes.finish()
        return f"{self._rows}-{self._sum % 2**96:024x}-{self._mix:016x}"

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def _hash_tables(tables: Sequence[pa.Table]) -> list[tuple[int, int, int]]:
    """The digests of the rows of each table, by its number: their sum, and all mixed."""
    columns = ", ".join('"' + name.replace('"', '""') + '"' for name in tables[0].column_names)
    numbers = np.repeat(np.arange(len(tables)), [rows.num_rows for rows in tables])
    rows = pa.concat_tables(tables).append_column("table number", pa.array(numbers))
    with closing(_connection(os.getpid()).cursor()) as cursor:
        cursor.register("added rows", rows)
        digests = f'select "table number" as number, hash({columns}) as digest from "added rows"'
        sql = f"select number, sum(digest::hugeint), bit_xor(digest) from ({digests}) group by number"
        found: list[tuple[int, int, int]] = cursor.execute(sql).fetchall()
        cursor.unregister("added rows")
    return found


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
