"""Rows of many windows in no order of time: they wait on the disk, so that each window gets one file."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dazz_assets.lake.parts_on_disk import PartsOnDisk

# Each part holds the rows of as many windows, and is read at once.
_PARTS = 200
_WINDOW = "window"

Rows = TypeVar("Rows", pa.RecordBatch, pa.Table)


class ScatteredRows:
    """Takes rows in any order, and gives them back window by window. It takes as much disk as it holds, compressed.

    Windows are given as their first days, as days since the epoch.
    """

    def __init__(self) -> None:
        self._parts = PartsOnDisk()

    def add(self, rows: pa.RecordBatch, days: NDArray[np.int64]) -> None:
        """Add rows, with the window of each."""
        dated = rows.append_column(_WINDOW, pa.array(days, pa.int64()))
        for part, own in split_by(dated, days % _PARTS):
            self._parts.add(part, own)

    def take(self, most_bytes: int) -> Iterator[tuple[int, pa.Table]]:
        """The rows of each window, in the order in which they were added: at most about so many bytes at a time."""
        for batches in self._parts.take():
            part = pa.Table.from_batches(batches)
            for day, rows in split_by(part.drop_columns([_WINDOW]), part.column(_WINDOW).to_numpy()):
                at_once = max(1, rows.num_rows * most_bytes // max(1, rows.nbytes))
                for first in range(0, rows.num_rows, at_once):
                    yield day, rows.slice(first, at_once)

    def close(self) -> None:
        """Remove what waits."""
        self._parts.close()


def split_by(rows: Rows, numbers: NDArray[np.int64]) -> Iterator[tuple[int, Rows]]:
    """Rows by a number that each has, the least number first; those of one number in their order."""
    order = np.argsort(numbers, kind="stable")
    rows, numbers = rows.take(pa.array(order, pa.int64())), numbers[order]
    begins = [0, *(np.flatnonzero(numbers[1:] != numbers[:-1]) + 1).tolist(), len(numbers)]
    for begin, end in pairwise(begins):
        yield int(numbers[begin]), rows.slice(begin, end - begin)
