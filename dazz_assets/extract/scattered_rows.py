"""Rows of many windows in no order of time: they wait on the disk, so that each window gets one file."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dazz_assets.lake.versions.parts_on_disk import PartsOnDisk


class ScatteredRows:
    """Takes rows in any order, and gives them back window by window. It takes as much disk as it holds, compressed.

    Windows are given as their first days, as days since the epoch.
    """

    def __init__(self) -> None:
        self._parts = PartsOnDisk()

    def add(self, rows: pa.RecordBatch, days: NDArray[np.int64]) -> None:
        """Add rows, with the window of each. Raises OSError if the disk is full."""
        for day, own in split_by(rows, days):
            self._parts.add(day, own)

    def take(self, most_bytes: int) -> Iterator[tuple[int, Iterator[pa.Table]]]:
        """The rows of each window, in the order in which they were added, about so many bytes at a time."""
        for day, batches in self._parts.take():
            yield day, _join(batches, most_bytes)

    def close(self) -> None:
        """Remove what waits."""
        self._parts.close()


def _join(batches: Iterator[pa.RecordBatch], most_bytes: int) -> Iterator[pa.Table]:
    """Batches together, about so many bytes at a time."""
    joined: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        joined.append(batch)
        size += batch.nbytes
        if size >= most_bytes:
            yield pa.Table.from_batches(joined)
            joined, size = [], 0
    if joined:
        yield pa.Table.from_batches(joined)


def split_by(rows: pa.RecordBatch, numbers: NDArray[np.int64]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Rows by a number that each has, the least number first; those of one number in their order."""
    order = np.argsort(numbers, kind="stable")
    rows, numbers = rows.take(pa.array(order, pa.int64())), numbers[order]
    begins = [0, *(np.flatnonzero(numbers[1:] != numbers[:-1]) + 1).tolist(), len(numbers)]
    for begin, end in pairwise(begins):
        yield int(numbers[begin]), rows.slice(begin, end - begin)
