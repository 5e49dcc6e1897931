"""The latest version of each record of a raw table.

The latest version of a key is the row with the greatest cursor; among equals, the one fetched last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import date
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dazz_assets.lake.duckdb_connection import connect_duckdb, read_bounded, read_parquet_sql, run_statement
from dazz_assets.lake.ordered_rows import BATCH_ROWS, read_in_order
from dazz_assets.lake.schema import WINDOW
from dazz_assets.lake.table_version import StoredFile, TableVersion

#: Orders the versions of a record by one number: by cursor, and equal cursors by time of fetch. A version without a
#: cursor comes first. Measured faster than the maximum of a struct, arg_max and two joins.
RANK = "coalesce(cursor_at, -9223372036854775808)::hugeint * 18446744073709551616::hugeint + sequence"
#: The sequence of the row with the greatest rank.
SEQUENCE_OF_RANK = f"(max({RANK}) & 9223372036854775807::hugeint)::bigint"


def latest_versions(
    version: TableVersion,
    columns: Sequence[str],
    windows: Collection[date | None] | None = None,
    *,
    problems: bool = True,
) -> Iterator[pa.RecordBatch]:
    """Columns of the latest version of each key, read in bounded memory, in any order.

    windows: only keys whose latest version is in one of these windows.
    problems: whether to include records that lack a key or, in a stream with a cursor, a cursor.
    """
    chosen = [file for file in version.files if windows is None or file.window in windows]
    conditions = "" if problems else "where problem is null"
    sql = f"""
        select {", ".join(_column_sql(name, version) for name in columns)}
        from {_read_files_sql(version, "$chosen")}
        semi join (select {SEQUENCE_OF_RANK} as latest from {_read_files_sql(version, "$files")} group by key)
            on sequence = latest
        {conditions}"""
    compared = _files_to_compare(version, chosen)
    return _read_batches(sql, chosen=version.duckdb_paths(chosen), files=version.duckdb_paths(compared))


def window_fingerprints(version: TableVersion) -> dict[date | None, str]:
    """A fingerprint of each window's set of latest versions; equal sets have equal fingerprints.

    Computed from keys and hashes alone; at most 64 characters long. Windows that hold no latest version are omitted. A
    table without windows has one fingerprint, under None.
    """
    sql = f"""
        select {_column_sql(WINDOW, version)}, count(*), sum(content_hash::hugeint)::varchar, bit_xor(content_hash)
        from {_read_files_sql(version, "$files")}
        semi join (select {SEQUENCE_OF_RANK} as latest from {_read_files_sql(version, "$files")} group by key)
            on sequence = latest
        group by 1"""
    if not version.files:
        return {}
    columns = read_bounded(sql, {"files": version.duckdb_paths()}).columns
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return {window: f"{count}-{int(total) % 2**96:024x}-{mix % 2**64:016x}" for window, count, total, mix in rows}


def count_keys(version: TableVersion, *, without_parents: Collection[str] = ()) -> int:
    """The number of different keys, apart from those of some parents."""
    if not version.files:
        return 0
    condition = "where parent is null or not list_contains($parents, parent)" if without_parents else ""
    sql = f"select count(distinct key) from {_read_files_sql(version, '$files')} {condition}"
    values: dict[str, Any] = {"files": version.duckdb_paths()}
    if without_parents:
        values["parents"] = sorted(without_parents)
    return int(read_bounded(sql, values).column(0)[0].as_py())


def hashes_since(version: TableVersion, cursor_at: int | None) -> pa.Int64Array:
    """Content hashes of the rows whose cursor is at or after a time in microseconds, or that have no cursor.

    With None, of all rows. Of several rows with one key and cursor, only the one fetched last counts. Files whose
    statistics show only older cursors are not opened.
    """
    files = [file for file in version.files if _may_contain_since(file, cursor_at)]
    condition = "" if cursor_at is None else "where cursor_at >= $since or cursor_at is null"
    # A key can have several contents at one cursor (the cursor is a date, or a status went back and forth). Only the
    # last one is stored already: if an earlier content comes back, that is a change.
    source = _read_files_sql(version, "$files")
    sql = f"""
        select content_hash from {source}
        semi join (select max(sequence) as newest from {source} {condition} group by key, cursor_at)
            on sequence = newest"""
    values: dict[str, Any] = {"files": version.duckdb_paths(files)}
    if cursor_at is not None:
        values["since"] = cursor_at
    schema = pa.schema([pa.field("content_hash", pa.int64(), nullable=True)])
    hashes = pa.Table.from_batches(_read_batches(sql, **values), schema).column(0)
    return pa.array(hashes.combine_chunks(), pa.int64())


def stored_versions(version: TableVersion, keys: Collection[str], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """All stored versions of some keys, ordered by key, newest first."""
    sql = f"""
        select {", ".join(_column_sql(name, version) for name in columns)}
        from {_read_files_sql(version, "$files")}
        where key in (select unnest($keys))
        order by key, {RANK} desc"""
    return _read_batches(sql, files=version.duckdb_paths(), keys=list(keys)) if keys else iter(())


def hash_keys_with_versions(version: TableVersion) -> frozenset[int]:
    """A hash, good within this process, of each key that has more than one stored row."""
    if not version.files:
        return frozenset()
    sql = f"select key from {_read_files_sql(version, '$files')} group by key having count(*) > 1"
    keys = read_bounded(sql, {"files": version.duckdb_paths()}).column(0)
    return frozenset(hash(key) for chunk in keys.chunks for key in chunk.to_pylist())


class LatestInOrder:
    """Reads the latest versions in the order of cursor and key, which doesn't depend on when they were fetched.

    windows: those that will be read, one after another. None: all records are read at once.
    One query finds them all, before the first is read, and eight bytes are kept for each.
    """

    def __init__(self, version: TableVersion, windows: Collection[date | None] | None = None) -> None:
        self.windows = windows
        self._version = version

    @cached_property
    def keys_with_versions(self) -> frozenset[int]:
        """See `hash_keys_with_versions`."""
        return hash_keys_with_versions(self._version)

    @cached_property
    def _sequences(self) -> dict[date | None, NDArray[np.int64]]:
        return _latest_in_order(self._version, self.windows)

    def read(self, columns: Sequence[str], window: date | None = None) -> Iterator[pa.RecordBatch]:
        """Columns of the latest versions in a window, or of all."""
        if window not in self._sequences:
            return iter(())
        files = [file for file in self._version.files if self.windows is None or file.window == window]
        return read_in_order(self._version, files, self._sequences[window], columns)


def _latest_in_order(
    version: TableVersion, windows: Collection[date | None] | None
) -> dict[date | None, NDArray[np.int64]]:
    """The sequences of the latest versions by window, or under None if no windows are given, in order."""
    if not version.files:
        return {}
    source = _read_files_sql(version, "$files")
    sql = f"""
        select {WINDOW if windows is not None and version.windowed else "null::date"} as in_window, sequence
        from {source} semi join (select {SEQUENCE_OF_RANK} as latest from {source} group by key) on sequence = latest
        where list_contains($windows, in_window) or (in_window is null and $undated)
        order by in_window, cursor_at, key"""
    values = {
        "files": version.duckdb_paths(),
        "windows": [item for item in windows or () if item is not None],
        "undated": windows is None or None in windows,
    }
    table: Any = read_bounded(sql, values)
    if not table.num_rows:
        return {}
    sequences = table.column("sequence").to_numpy()
    runs = table.column("in_window").value_counts().to_pylist()
    ends = list(accumulate(run["counts"] for run in runs))
    return {run["values"]: sequences[end - run["counts"] : end] for run, end in zip(runs, ends, strict=True)}


def _read_batches(sql: str, **values: Any) -> Iterator[pa.RecordBatch]:
    if [] in (values.get("chosen"), values.get("files")):
        return
    with closing(connect_duckdb()) as connection:
        connection.execute("set preserve_insertion_order = false")
        yield from run_statement(connection, sql, values).to_arrow_reader(BATCH_ROWS)


def _read_files_sql(version: TableVersion, files: str) -> str:
    return read_parquet_sql(files, {WINDOW: "DATE"} if version.windowed else {})


def _column_sql(name: str, version: TableVersion) -> str:
    return f"null::date as {WINDOW}" if name == WINDOW and not version.windowed else f'"{name}"'


def _may_contain_since(file: StoredFile, cursor_at: int | None) -> bool:
    """Whether the file may contain a row with a cursor at or after a time, or without one."""
    newest, nulls = file.max_values.get("cursor_at"), file.null_counts.get("cursor_at")
    if cursor_at is None or nulls is None or nulls > 0 or newest is None:
        return True
    return bool(newest >= cursor_at)


def _files_to_compare(version: TableVersion, chosen: Sequence[StoredFile]) -> Sequence[StoredFile]:
    """The chosen files, and all that may contain newer versions of their records, by the statistics in the log."""
    if any(
        file.null_counts.get("cursor_at") != 0 or "cursor_at" not in file.min_values for file in chosen if file.rows
    ):
        return version.files
    oldest = min((file.min_values["cursor_at"] for file in chosen if file.rows), default=None)
    paths = {file.path for file in chosen}
    return [file for file in version.files if file.path in paths or _may_contain_since(file, oldest)]
