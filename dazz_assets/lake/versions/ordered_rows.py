"""Reads stored rows in the order of cursor and key, and in bounded memory.

Mostly they are stored in that order. If not, they are sorted: many of them in parts, which wait on the disk.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dazz_assets.lake.versions.parts_on_disk import PartsOnDisk

BATCH_ROWS = 1_024
# Rows are sorted up to this much at once.
_SORTED_BYTES = 16 * 2**20
# With that many samples of each, parts hardly differ in size.
_SAMPLES_PER_PART = 32
_ORDER = ("cursor_at", "key")

#: Reads columns of the same rows each time.
ReadRows = Callable[[Sequence[str]], Iterator[pa.RecordBatch]]
# The place of a row: whether it has no cursor, which comes last, the cursor, and the key.
_Place = tuple[bool, int, str]


def read_in_order(read: ReadRows, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Columns of the rows, in the order of cursor and key."""
    return read(columns) if _are_in_order(read(_ORDER)) else put_in_order(read, columns)


def put_in_order(read: ReadRows, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Columns of the rows, sorted by cursor and key."""
    batches = read(list(dict.fromkeys([*columns, *_ORDER])))
    chunk, following = _take_chunk(batches), next(batches, None)
    if following is None:
        yield from _SortedRows(chunk).select(columns) if chunk else ()
        return
    rows_per_part = sum(batch.num_rows for batch in chunk)
    chunk.append(following)
    batches = _put_back(chunk, batches)
    bounds = _choose_bounds(read(_ORDER), rows_per_part)
    with PartsOnDisk() as parts:
        _split(batches, bounds, parts)
        for _, part in parts.take():
            yield from _SortedRows(list(part)).select(columns)


def _concatenate(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    rows: pa.RecordBatch = pa.concat_batches(batches)  # type: ignore[attr-defined]  # Unknown to the stubs.
    return rows


def _are_in_order(batches: Iterable[pa.RecordBatch]) -> bool:
    last: list[pa.RecordBatch] = []
    for batch in batches:
        if batch.num_rows:
            rows = _concatenate([*last, batch])
            last = [rows.slice(rows.num_rows - 1)]
            if not _is_in_order(rows):
                return False
    return True


def _is_in_order(rows: pa.RecordBatch) -> bool:
    without, cursors = _cursors(rows)
    keys = rows.column("key")
    is_same = (without[:-1] == without[1:]) & (cursors[:-1] == cursors[1:])
    is_later = (without[:-1] < without[1:]) | ((without[:-1] == without[1:]) & (cursors[:-1] < cursors[1:]))
    if not (is_same | is_later).all():
        return False
    ascending = pc.less(keys.slice(0, len(keys) - 1), keys.slice(1))
    return bool((is_later | np.asarray(ascending)).all())


def _cursors(rows: pa.RecordBatch) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Of each row, whether it has no cursor, and the cursor, or 0."""
    cursors = rows.column("cursor_at")
    return np.asarray(cursors.is_null()), np.asarray(cursors.fill_null(0))


def _take_chunk(batches: Iterator[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """As many of the next batches as are sorted at once."""
    chunk, size = [], 0
    for batch in batches:
        chunk.append(batch)
        size += batch.nbytes
        if size >= _SORTED_BYTES:
            break
    return chunk


def _put_back(taken: list[pa.RecordBatch], rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    while taken:
        yield taken.pop(0)
    yield from rest


class _SortedRows:
    """Rows of some batches in order. They are copied when they are taken, so that no more than those are held twice.

    The list of the batches is emptied, for the same reason.
    """

    def __init__(self, batches: list[pa.RecordBatch]) -> None:
        self._rows = _concatenate(batches)
        batches.clear()
        self._order: Any = pc.sort_indices(self._rows, sort_keys=[(name, "ascending") for name in _ORDER])
        self._place = _places(self._rows)

    def __len__(self) -> int:
        return self._rows.num_rows

    def place(self, number: int) -> _Place:
        return self._place(self._order[number].as_py())

    def take(self, begin: int, end: int) -> pa.RecordBatch:
        rows: pa.RecordBatch = self._rows.take(self._order.slice(begin, end - begin))
        return rows

    def select(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Columns of all, in batches."""
        for begin in range(0, len(self), BATCH_ROWS):
            yield self.take(begin, begin + BATCH_ROWS).select(list(columns))


def _choose_bounds(batches: Iterable[pa.RecordBatch], rows_per_part: int) -> list[_Place]:
    """Places that part the rows into parts of about this size."""
    step = max(1, rows_per_part // _SAMPLES_PER_PART)
    samples: list[_Place] = []
    skipped = 0
    for batch in batches:
        numbers = range(-skipped % step, batch.num_rows, step)
        skipped += batch.num_rows
        place = _places(batch)
        samples += map(place, numbers)
    samples.sort()
    return samples[_SAMPLES_PER_PART::_SAMPLES_PER_PART]


def _places(rows: pa.RecordBatch) -> Callable[[int], _Place]:
    """The place of a row by its number."""
    without, cursors = _cursors(rows)
    keys = rows.column("key")
    return lambda number: (bool(without[number]), int(cursors[number]), str(keys[number].as_py()))


def _split(batches: Iterator[pa.RecordBatch], bounds: Sequence[_Place], parts: PartsOnDisk) -> None:
    """Put the rows into the parts between the bounds."""
    while chunk := _take_chunk(batches):
        rows, ends = _SortedRows(chunk), [0]
        for bound in bounds:
            ends.append(bisect_left(range(len(rows)), bound, ends[-1], key=rows.place))
        for part, (begin, end) in enumerate(pairwise([*ends, len(rows)])):
            if begin < end:
                parts.add(part, rows.take(begin, end))
        del rows
