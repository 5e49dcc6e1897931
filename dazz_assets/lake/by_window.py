"""The latest versions of a raw table, window by window: for a parse of many windows, which asks once who wins."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import date
from itertools import accumulate

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dazz_assets.lake.duck import SEQUENCE_OF_RANK, connect, parquet, relation
from dazz_assets.lake.latest import latest
from dazz_assets.lake.schema import WINDOW
from dazz_assets.lake.snapshot import Snapshot

# A larger window is sorted by DuckDB, which spills to disk.
_SORTED_IN_MEMORY = 20_000
_BATCH_ROWS = 8_192


class LatestByWindow:
    """Which rows of some windows are the latest version of their key: eight bytes a row, found in one query.

    Rows of a window come by cursor and key: an order of what is in it, and not of how it arrived.
    """

    def __init__(self, snapshot: Snapshot, windows: Collection[date | None]) -> None:
        self._snapshot = snapshot
        self._winners = _winners(snapshot, windows)

    def read(self, window: date | None, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Columns of the records whose latest version lies in a window."""
        winners = self._winners.get(window)
        if winners is None:
            return
        if len(winners) > _SORTED_IN_MEMORY:
            yield from latest(self._snapshot, columns, [window], ordered=True)
            return
        wanted = pa.array(winners)
        batches = self._snapshot.read(list({*columns, "key", "cursor_at", "sequence"}), [window])
        kept = [batch.filter(pc.is_in(batch.column("sequence"), wanted)) for batch in batches]
        if kept:
            rows = pa.Table.from_batches(kept).sort_by([("cursor_at", "ascending"), ("key", "ascending")])
            yield from rows.select(list(columns)).to_batches(max_chunksize=_BATCH_ROWS)


def _winners(snapshot: Snapshot, windows: Collection[date | None]) -> dict[date | None, NDArray[np.int64]]:
    if not snapshot.files or not windows:
        return {}
    source = parquet("$files", {WINDOW: "DATE"} if snapshot.windowed else {})
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
    with closing(connect()) as connection:
        table = relation(connection, sql, values).to_arrow_table().sort_by([("lies_in", "ascending")])
    if not table.num_rows:
        return {}
    sequences = table.column("sequence").to_numpy()
    runs = table.column("lies_in").value_counts().to_pylist()
    ends = list(accumulate(run["counts"] for run in runs))
    return {run["values"]: sequences[end - run["counts"] : end] for run, end in zip(runs, ends, strict=True)}
