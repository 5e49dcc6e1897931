"""The latest version of each record of a raw table.

The latest version of a key is the row with the greatest cursor; among equals, the one fetched last.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dazz_assets.lake.queries.duckdb_connection import read_bounded, read_parquet_sql
from dazz_assets.lake.schema import WINDOW
from dazz_assets.lake.table_version import StoredFile, TableVersion
from dazz_assets.lake.versions.ordered_rows import BATCH_ROWS, put_in_order, read_in_order

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
    superseded = _find_superseded(version, _files_to_compare(version, chosen))
    names = list(columns) if problems else list(dict.fromkeys([*columns, "problem"]))
    for batch in _read_others(version, chosen, superseded, names):
        rows = batch if problems else batch.filter(batch.column("problem").is_null())
        if rows.num_rows:
            yield rows.select(list(columns))


def window_fingerprints(version: TableVersion) -> dict[date | None, str]:
    """A fingerprint of each window's set of latest versions; equal sets have equal fingerprints.

    Computed from keys and hashes alone; at most 64 characters long. Windows that hold no latest version are omitted. A
    table without windows has one fingerprint, under None.
    """
    source = _read_files_sql(version)
    sql = f"""
        with {_superseded_sql(source)}
        select {WINDOW if version.windowed else "null::date"}, count(*), sum(content_hash::hugeint)::varchar,
            bit_xor(content_hash)
        from {source} anti join superseded using (sequence)
        group by 1"""
    if not version.files:
        return {}
    columns = read_bounded(sql, {"files": version.duckdb_paths()}).columns
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return {window: f"{count}-{int(total) % 2**96:024x}-{mix % 2**64:016x}" for window, count, total, mix in rows}


def count_keys(
    version: TableVersion, *, without_parents: Collection[str] = (), of_parents: Collection[str] = ()
) -> int:
    """The number of different keys, apart from those of some parents, or those of some parents alone."""
    if not version.files:
        return 0
    condition = "where parent is null or not list_contains($parents, parent)" if without_parents else ""
    condition = "where list_contains($parents, parent)" if of_parents else condition
    source = f"(from {_read_files_sql(version)} {condition})"
    sql = f"with {_superseded_sql(source)} select (select count(*) from {source}) - (select count(*) from superseded)"
    values: dict[str, Any] = {"files": version.duckdb_paths()}
    if condition:
        values["parents"] = sorted(of_parents or without_parents)
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
    source = f"(from {_read_files_sql(version)} {condition})"
    sql = f"""
        with {_superseded_sql(source, of="key, cursor_at")}
        select content_hash from {source} anti join superseded using (sequence)"""
    values: dict[str, Any] = {"files": version.duckdb_paths(files)}
    if cursor_at is not None:
        values["since"] = cursor_at
    if not files:
        return pa.array([], pa.int64())
    return pa.array(read_bounded(sql, values).column(0).combine_chunks(), pa.int64())


def records_at(version: TableVersion, cursor_at: int, parent: str | None) -> Iterator[tuple[str, str]]:
    """The key and the text of each stored record of a parent with this cursor, in microseconds; the first 20 of many.

    Opens only files that may hold one, by their statistics.
    """
    files = [
        file
        for file in version.files
        if file.rows
        and file.min_values.get("cursor_at", cursor_at) <= cursor_at <= file.max_values.get("cursor_at", cursor_at)
    ]
    if not files:
        return
    sql = f"""
        select key, record from {_read_files_sql(version)}
        where cursor_at = $at and parent is not distinct from $parent and problem is null order by sequence limit 20"""
    rows = read_bounded(sql, {"files": version.duckdb_paths(files), "at": cursor_at, "parent": parent})
    yield from zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True)


def stored_versions(version: TableVersion, keys: Collection[str], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """All stored versions of some keys, ordered by key, newest first."""
    if not keys or not version.files:
        return
    selected = ", ".join(
        f"null::date as {WINDOW}" if name == WINDOW and not version.windowed else f'"{name}"' for name in columns
    )
    sql = f"""
        select {selected}
        from {_read_files_sql(version)}
        where key in (select unnest($keys))
        order by key, {RANK} desc"""
    rows = read_bounded(sql, {"files": version.duckdb_paths(), "keys": list(keys)})
    yield from rows.to_batches(max_chunksize=BATCH_ROWS)


class LatestVersions:
    """The latest versions of a raw table's records, for reading them more than once: what is superseded is found once.

    superseded: if it is known already, as this property of another process. Eight bytes are kept for each such row.
    """

    def __init__(self, version: TableVersion, superseded: NDArray[np.int64] | None = None) -> None:
        self.version = version
        self._known = superseded

    @cached_property
    def superseded(self) -> NDArray[np.int64]:
        """The sequences of the rows that are not the latest version of their key, in order."""
        return _find_superseded(self.version, self.version.files) if self._known is None else self._known

    def read(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Columns of all, in any order."""
        return _read_others(self.version, self.version.files, self.superseded, columns)

    def read_in_order(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Columns of all in the order of cursor and key, which doesn't depend on when they were fetched."""
        return self._read_in_order(self.version.files, columns)

    def read_window(self, window: date | None, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Columns of those in a window, in the order of cursor and key."""
        return self._read_in_order([file for file in self.version.files if file.window == window], columns)

    def _read_in_order(self, files: Sequence[StoredFile], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        # Files of later passes come later.
        files = sorted(files, key=lambda file: int(file.min_values.get("sequence", 0)))
        # To look at the order of few rows first takes longer than to sort them.
        read = put_in_order if sum(file.rows for file in files) <= BATCH_ROWS else read_in_order
        return read(lambda names: _read_others(self.version, files, self.superseded, names), columns)

    def have_several(self, keys: Sequence[str]) -> Sequence[str]:
        """Those of some keys that may have more than one stored row."""
        hashes = np.array([hash(key) for key in keys], np.int64)
        return [key for key, found in zip(keys, are_among(hashes, self._superseded_keys), strict=True) if found]

    @cached_property
    def _superseded_keys(self) -> NDArray[np.int64]:
        """A hash of the key of each superseded row, in order; hashes are good within this process."""
        if not len(self.superseded):
            return _NO_NUMBERS
        hashes = array("q")
        for batch in self.version.read_files(self.version.files, ["key", "sequence"], BATCH_ROWS):
            repeated = batch.filter(pa.array(are_among(np.asarray(batch.column("sequence")), self.superseded)))
            hashes.extend(map(hash, repeated.column("key").to_pylist()))
        return np.sort(np.frombuffer(hashes, np.int64))


_NO_NUMBERS = np.empty(0, np.int64)


def _read_others(
    version: TableVersion, files: Sequence[StoredFile], superseded: NDArray[np.int64], columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Columns of the rows of some files, apart from those that are superseded."""
    if not len(superseded):
        yield from version.read_files(files, columns, BATCH_ROWS)
        return
    for batch in version.read_files(files, list(dict.fromkeys([*columns, "sequence"])), BATCH_ROWS):
        wanted = ~are_among(np.asarray(batch.column("sequence")), superseded)
        rows = batch.select(list(columns))
        if wanted.any():
            yield rows if wanted.all() else rows.filter(pa.array(wanted))


def _find_superseded(version: TableVersion, files: Sequence[StoredFile]) -> NDArray[np.int64]:
    """The sequences of the rows in some files that are not the latest version of their key, in order."""
    if not any(file.rows for file in files):
        return _NO_NUMBERS
    sql = f"with {_superseded_sql(_read_files_sql(version))} from superseded"
    return np.sort(read_bounded(sql, {"files": version.duckdb_paths(files)}).column(0).to_numpy())


def are_among(numbers: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of some numbers are among others, which are in order: to sort those anew for each batch takes long."""
    if not len(wanted):
        return np.zeros(len(numbers), np.bool_)
    places = np.minimum(np.searchsorted(wanted, numbers), len(wanted) - 1)
    found: NDArray[np.bool_] = wanted[places] == numbers
    return found


def _superseded_sql(source: str, *, of: str = "key") -> str:
    """The table `superseded`, for a `with`: the sequences of rows that are not the latest of their key.

    Most keys have one row. They are left out by hashes, which take a fraction of the memory of keys.
    of: the columns that say what is a version of the same.
    """
    return f"""
        repeated as (select hash({of}) as hash from {source} group by hash having count(*) > 1),
        candidates as (select key, cursor_at, sequence from {source} where hash({of}) in (from repeated)),
        superseded as (
            select sequence from candidates
            anti join (select {SEQUENCE_OF_RANK} as latest from candidates group by {of}) on sequence = latest
        )"""


def _read_files_sql(version: TableVersion) -> str:
    """A `read_parquet` call for the parameter `files`."""
    return read_parquet_sql("$files", {WINDOW: "DATE"} if version.windowed else {})


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
