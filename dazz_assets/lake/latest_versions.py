"""The latest version of each record of a raw table: of the rows of one key, the one with the greatest cursor, and of
those the one fetched last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import date
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dazz_assets.lake.duckdb_views import RANK, SEQUENCE_OF_RANK, connect_duckdb, read_parquet_sql, run_statement
from dazz_assets.lake.schema import WINDOW
from dazz_assets.lake.table_version import StoredFile, TableVersion

_BATCH_ROWS = 8192


def latest_versions(
    snapshot: TableVersion,
    columns: Sequence[str],
    windows: Collection[date | None] | None = None,
    *,
    problems: bool = True,
    ordered: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Columns of the latest version of each key, in constant memory; in no particular order, or by cursor and key.

    With `windows`, of the keys whose latest version lies in them. Without `problems`, of records that have a key and,
    where their stream has one, a cursor.
    """
    chosen = [file for file in snapshot.files if windows is None or file.window in windows]
    conditions = "" if problems else "where problem is null"
    sql = f"""
        select {", ".join(_column(name, snapshot) for name in columns)}
        from {_source(snapshot, "$chosen")}
        semi join (select {SEQUENCE_OF_RANK} as winner from {_source(snapshot, "$files")} group by key)
            on sequence = winner
        {conditions}
        {"order by cursor_at, key" if ordered else ""}"""
    rivals = _rivals(snapshot, chosen)
    return _stream(sql, chosen=snapshot.paths(chosen), files=snapshot.paths(rivals))


def window_fingerprints(snapshot: TableVersion) -> dict[date | None, str]:
    """For each window, what its set of latest versions is, in at most 64 characters: equal where the sets are.

    From keys and hashes alone. A window that holds the latest version of no key is not in it; a table without windows
    has the one None.
    """
    sql = f"""
        select {_column(WINDOW, snapshot)}, count(*), sum(content_hash::hugeint), bit_xor(content_hash)
        from {_source(snapshot, "$files")}
        semi join (select {SEQUENCE_OF_RANK} as winner from {_source(snapshot, "$files")} group by key)
            on sequence = winner
        group by 1"""
    if not snapshot.files:
        return {}
    with closing(connect_duckdb()) as connection:
        rows = connection.execute(sql, {"files": snapshot.paths()}).fetchall()
    return {window: f"{count}-{total % 2**96:024x}-{mix % 2**64:016x}" for window, count, total, mix in rows}


def hashes_since(snapshot: TableVersion, cursor_at: int | None) -> pa.Int64Array:
    """Content hashes of the stored rows whose cursor is at or after a time in microseconds, or that have none: of each
    key and cursor that of the row fetched last.

    All rows' with None. Files that the log shows to be older are not opened.
    """
    files = [file for file in snapshot.files if _may_hold(file, cursor_at)]
    condition = "" if cursor_at is None else "where cursor_at >= $since or cursor_at is null"
    # Of several contents of one key at one cursor (a date, a status that went back and forth) the last one counts:
    # what was there before it is news when it comes again.
    source = _source(snapshot, "$files")
    sql = f"""
        select content_hash from {source}
        semi join (select max(sequence) as newest from {source} {condition} group by key, cursor_at)
            on sequence = newest"""
    values: dict[str, Any] = {"files": snapshot.paths(files)}
    if cursor_at is not None:
        values["since"] = cursor_at
    schema = pa.schema([pa.field("content_hash", pa.int64(), nullable=True)])
    hashes = pa.Table.from_batches(_stream(sql, **values), schema).column(0)
    return pa.array(hashes.combine_chunks(), pa.int64())


def versions_of(snapshot: TableVersion, keys: Collection[str], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """All stored versions of some keys, key by key, the newest of each first."""
    sql = f"""
        select {", ".join(_column(name, snapshot) for name in columns)}
        from {_source(snapshot, "$files")}
        where key in (select unnest($keys))
        order by key, {RANK} desc"""
    return _stream(sql, files=snapshot.paths(), keys=list(keys), chosen=None) if keys else iter(())


def _stream(sql: str, **values: Any) -> Iterator[pa.RecordBatch]:
    given = {name: value for name, value in values.items() if value is not None}
    if any(given.get(name) == [] for name in ("chosen", "files")):
        return
    with closing(connect_duckdb()) as connection:
        connection.execute("set preserve_insertion_order = false")
        yield from run_statement(connection, sql, given).to_arrow_reader(_BATCH_ROWS)


def _source(snapshot: TableVersion, files: str) -> str:
    return read_parquet_sql(files, {WINDOW: "DATE"} if snapshot.windowed else {})


def _column(name: str, snapshot: TableVersion) -> str:
    return f"null::date as {WINDOW}" if name == WINDOW and not snapshot.windowed else f'"{name}"'


def _may_hold(file: StoredFile, cursor_at: int | None) -> bool:
    """Whether a row of the file may have a cursor at or after a time, or none."""
    newest, nulls = file.greatest.get("cursor_at"), file.nulls.get("cursor_at")
    if cursor_at is None or nulls is None or nulls > 0 or newest is None:
        return True
    return bool(newest >= cursor_at)


def _rivals(snapshot: TableVersion, chosen: Sequence[StoredFile]) -> Sequence[StoredFile]:
    """Files that may hold a newer version of a record of the chosen files: all but those that the log shows older."""
    if any(file.nulls.get("cursor_at") != 0 or "cursor_at" not in file.least for file in chosen if file.rows):
        return snapshot.files
    oldest = min((file.least["cursor_at"] for file in chosen if file.rows), default=None)
    taken = {file.path for file in chosen}
    return [file for file in snapshot.files if file.path in taken or _may_hold(file, oldest)]


# A larger window is sorted by DuckDB, which spills to disk.
_SORTED_IN_MEMORY = 20_000
_WINDOW_BATCH_ROWS = 8_192


class LatestByWindow:
    """Which rows of some windows are the latest version of their key: eight bytes a row, found in one query.

    Rows of a window come by cursor and key: an order of what is in it, and not of how it arrived.
    """

    def __init__(self, snapshot: TableVersion, windows: Collection[date | None]) -> None:
        self._snapshot = snapshot
        self._winners = _winners(snapshot, windows)

    def read(self, window: date | None, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Columns of the records whose latest version lies in a window."""
        winners = self._winners.get(window)
        if winners is None:
            return
        if len(winners) > _SORTED_IN_MEMORY:
            yield from latest_versions(self._snapshot, columns, [window], ordered=True)
            return
        wanted = pa.array(winners)
        batches = self._snapshot.read(list({*columns, "key", "cursor_at", "sequence"}), [window])
        kept = [batch.filter(pc.is_in(batch.column("sequence"), wanted)) for batch in batches]
        if kept:
            rows = pa.Table.from_batches(kept).sort_by([("cursor_at", "ascending"), ("key", "ascending")])
            yield from rows.select(list(columns)).to_batches(max_chunksize=_WINDOW_BATCH_ROWS)


def _winners(snapshot: TableVersion, windows: Collection[date | None]) -> dict[date | None, NDArray[np.int64]]:
    if not snapshot.files or not windows:
        return {}
    source = read_parquet_sql("$files", {WINDOW: "DATE"} if snapshot.windowed else {})
    window = WINDOW if snapshot.windowed else "null::date"
    sql = f"""
        select {window} as lies_in, sequence from {source}
        semi join (select {SEQUENCE_OF_RANK} as winner from {source} group by key) on sequence = winner
        where list_contains($windows, lies_in) or (lies_in is null and $undated)"""
    values = {
        "files": snapshot.paths(),
        "windows": [item for item in windows if item is not None],
        "undated": None in windows,
    }
    with closing(connect_duckdb()) as connection:
        table = run_statement(connection, sql, values).to_arrow_table().sort_by([("lies_in", "ascending")])
    if not table.num_rows:
        return {}
    sequences = table.column("sequence").to_numpy()
    runs = table.column("lies_in").value_counts().to_pylist()
    ends = list(accumulate(run["counts"] for run in runs))
    return {run["values"]: sequences[end - run["counts"] : end] for run, end in zip(runs, ends, strict=True)}
