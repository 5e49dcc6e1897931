"""Reads stored rows in a given order and in bounded memory.

Mostly they are stored in that order. If not, they are sorted: many of them in parts, which wait on the disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dazz_assets.lake.parts_on_disk import PartsOnDisk
from dazz_assets.lake.table_version import StoredFile, TableVersion

BATCH_ROWS = 1_024
# Of numbers alone, which take little memory.
_NUMBERS_PER_BATCH = 65_536
_ROWS_PER_PART = 20_000
_MOST_PARTS = 200
_PLACE = "place"


def read_in_order(
    version: TableVersion, files: Sequence[StoredFile], sequences: NDArray[np.int64], columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Columns of the rows with these sequence numbers, in the order of the numbers. files: those that hold them."""
    files = sorted(files, key=lambda file: int(file.min_values.get("sequence", 0)))
    numbers = [np.asarray(batch.column(0)) for batch in version.read_files(files, ["sequence"], _NUMBERS_PER_BATCH)]
    stored = np.concatenate([np.empty(0, np.int64), *numbers])
    is_wanted = np.isin(stored, sequences) if len(stored) > len(sequences) else np.ones(len(stored), np.bool_)
    if np.array_equal(stored[is_wanted], sequences):
        return _read_wanted(version.read_files(files, columns, BATCH_ROWS), is_wanted)
    batches = version.read_files(files, list(dict.fromkeys([*columns, "sequence"])), BATCH_ROWS)
    return put_in_order(batches, sequences, columns)


def _read_wanted(batches: Iterable[pa.RecordBatch], is_wanted: NDArray[np.bool_]) -> Iterator[pa.RecordBatch]:
    """The wanted ones of rows that are in order."""
    first = 0
    for batch in batches:
        wanted = is_wanted[first : first + batch.num_rows]
        first += batch.num_rows
        yield batch if wanted.all() else batch.filter(pa.array(wanted))


def put_in_order(
    batches: Iterable[pa.RecordBatch], sequences: NDArray[np.int64], columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Columns of the rows with these sequence numbers, in the order of the numbers. Other rows are left out.

    batches: have the columns, and `sequence`.
    """
    if not len(sequences):
        return
    places = _Places(sequences)
    if len(sequences) <= _ROWS_PER_PART:
        found = [rows for batch in batches for _, rows in _split(batch, places.find(batch), _ROWS_PER_PART, columns)]
        yield from _sort(pa.Table.from_batches(found), columns)
        return
    rows_per_part = max(_ROWS_PER_PART, -(-len(sequences) // _MOST_PARTS))
    with PartsOnDisk() as parts:
        for batch in batches:
            for part, rows in _split(batch, places.find(batch), rows_per_part, columns):
                parts.add(part, rows)
        for found in parts.take():
            yield from _sort(pa.Table.from_batches(found), columns)


def _sort(placed: pa.Table, columns: Sequence[str]) -> list[pa.RecordBatch]:
    return placed.sort_by(_PLACE).select(list(columns)).to_batches(max_chunksize=BATCH_ROWS)


class _Places:
    """The place of each of some sequence numbers in their order."""

    def __init__(self, sequences: NDArray[np.int64]) -> None:
        self._places = np.argsort(sequences)
        self._sorted = sequences[self._places]

    def find(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        """The place of each row; -1 for one that has none."""
        wanted = np.asarray(batch.column("sequence"))
        at = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
        found: NDArray[np.int64] = np.where(self._sorted[at] == wanted, self._places[at], -1)
        return found


def _split(
    batch: pa.RecordBatch, places: NDArray[np.int64], rows_per_part: int, columns: Sequence[str]
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The wanted rows of a batch by part, with their places."""
    placed = batch.select(list(columns)).append_column(_PLACE, pa.array(places, pa.int64()))
    parts = np.where(places < 0, -1, places // rows_per_part)
    for part in np.unique(parts[parts >= 0]).tolist():
        yield part, placed.filter(pa.array(parts == part))
