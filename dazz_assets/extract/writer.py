"""Writes the rows of one pass to Parquet files, one or more for each window."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from itertools import accumulate, chain, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dazz_assets.extract.batch import NO_TIME, RowBatch, window_of_day
from dazz_assets.lake import RAW_SCHEMA, DataFile, FileWriter, Table
from dazz_assets.lake.table import read_uncommitted, remove_uncommitted
from dazz_assets.lake.versions.parts_on_disk import PartsOnDisk

# Buffer rows up to this much text, so that row groups are large even with many windows.
_BUFFERED_BYTES = 8 * 2**20
# Each open file holds the rows that were written last, about a megabyte.
_MOST_OPEN_FILES = 32
# Rows of more windows in one buffer come in no order of time: as they come, they would make many small files of each.
_MOST_WINDOWS_IN_ORDER = _MOST_OPEN_FILES

# Rows of pages, each with the sequence number of its first row.
_Waiting = list[tuple[int, RowBatch]]


class PassWriter:
    """Writes the files of one pass, which its caller commits. Memory stays bounded: rows are written as they arrive.

    encoder: its thread encodes them, so that pages are read meanwhile; an error of it is raised by the next `add` or
        `close`. Writers that follow one another share it: with the memory that each new thread keeps, a long sync grew.
    rows: how many rows were encoded, by window; all of them once it is closed.
    """

    def __init__(self, table: Table, first_sequence: int, encoder: ThreadPoolExecutor, *, windowed: bool) -> None:
        self._table = table
        self._windowed = windowed
        self._first_sequence = self._sequence = first_sequence
        self._withdrawn: list[int] = []
        self._waiting: _Waiting = []
        self._waiting_bytes = 0
        self._writers: dict[date | None, FileWriter] = {}
        self._finished: list[DataFile] = []
        # Rows of many windows in no order of time wait on the disk, by day, so that each window gets one file.
        self._scattered: PartsOnDisk | None = None
        self._windows: set[int] = set()
        self._encoder = encoder
        self._encoding: Future[None] | None = None
        self.rows: dict[date | None, int] = defaultdict(int)

    def add(self, rows: RowBatch) -> range:
        """Add rows in the order in which they arrived; return their sequence numbers."""
        first = self._sequence
        self._waiting.append((first, rows))
        self._sequence += len(rows)
        self._windows.update(() if rows.windows is None else rows.windows.tolist())
        self._waiting_bytes += len(rows.text) + 200 * len(rows)
        if self._waiting_bytes > _BUFFERED_BYTES:
            self._encode_waiting()
        return range(first, self._sequence)

    @property
    def window_count(self) -> int:
        """How many windows the rows lie in that were added."""
        return len(self._windows)

    @property
    def added(self) -> int:
        """How many rows were added and not withdrawn."""
        return self._sequence - self._first_sequence - len(self._withdrawn)

    def withdraw(self, sequences: Sequence[int]) -> None:
        """Leave rows that were added out of the finished files."""
        self._withdrawn += sequences

    def copy(self, window: date | None, rows: pa.RecordBatch) -> None:
        """Add stored rows unchanged."""
        self._wait_for_encoder()
        self._write_to(window, rows)

    def close(self, *, without_parents: Collection[str] = ()) -> list[DataFile]:
        """Finish the files and return them, without the rows of parents whose walk was not finished."""
        self._wait_for_encoder()
        self._write(self._take_waiting(), is_last=True)
        self._gather()
        for window in list(self._writers):
            self._finish(window)
        if without_parents or self._withdrawn:
            self._finished = [kept for file in self._finished for kept in self._copy_without(file, without_parents)]
            self._withdrawn = []
        return list(self._finished)

    def discard(self) -> None:
        """Remove the files written so far."""
        with suppress(Exception):
            self._wait_for_encoder()
        for writer in self._writers.values():
            writer.discard()
        for file in self._finished:
            remove_uncommitted(self._table, file)
        if self._scattered is not None:
            self._scattered.close()
        self._waiting.clear()
        self._writers, self._finished = {}, []

    def _encode_waiting(self) -> None:
        """Begin to write the rows that wait, once those before them are written."""
        self._wait_for_encoder()
        self._encoding = self._encoder.submit(self._write, self._take_waiting())

    def _take_waiting(self) -> _Waiting:
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        return waiting

    def _wait_for_encoder(self) -> None:
        encoding, self._encoding = self._encoding, None
        if encoding is not None:
            encoding.result()

    def _write(self, waiting: _Waiting, *, is_last: bool = False) -> None:
        """Write rows by window. is_last: whether no more follow."""
        if not waiting:
            return
        batch = make_batch(waiting)
        windows = [rows.windows for _, rows in waiting if rows.windows is not None]
        if not self._windowed or not windows:
            self._write_to(None, batch)
            return
        days = np.concatenate(windows)
        if self._scattered is not None or (not is_last and self._is_scattered(days)):
            self._scattered = self._scattered or PartsOnDisk()
            for day, own in _split_by(batch, days):
                self._scattered.add(day, own)
            return
        for day, own in _split_by(batch, days):
            self._write_to(window_of_day(day), own)

    def _is_scattered(self, days: NDArray[np.int64]) -> bool:
        """Whether rows lie in many windows, or in one whose file was finished: of large records, a buffer has few."""
        found = set(days.tolist())
        finished = {file.window for file in self._finished}
        return len(found) > _MOST_WINDOWS_IN_ORDER or any(window_of_day(day) in finished for day in found)

    def _gather(self) -> None:
        """Write the rows that wait on the disk, one window after another."""
        if self._scattered is None:
            return
        for day, batches in self._scattered.take():
            for rows in _join(batches):
                self._write_to(window_of_day(day), rows)
            self._finish(window_of_day(day))
        self._scattered.close()
        self._scattered = None

    def _write_to(self, window: date | None, rows: pa.RecordBatch | pa.Table) -> None:
        self._writer(window).write(rows)
        self.rows[window] += rows.num_rows

    def _writer(self, window: date | None) -> FileWriter:
        """The open file of a window. Beyond the most, that which was written to least recently is finished."""
        writer = self._writers.pop(window, None)
        if writer is None:
            if len(self._writers) >= _MOST_OPEN_FILES:
                self._finish(next(iter(self._writers)))
            writer = self._table.new_file(window)
        self._writers[window] = writer
        return writer

    def _finish(self, window: date | None) -> None:
        self._finished.append(self._writers.pop(window).close())

    def _copy_without(self, file: DataFile, parents: Collection[str]) -> Iterator[DataFile]:
        writer = self._table.new_file(file.window)
        unwanted, withdrawn = pa.array(sorted(parents), pa.string()), pa.array(self._withdrawn, pa.int64())
        for batch in read_uncommitted(self._table, file):
            is_unwanted = pc.or_(
                pc.is_in(batch.column("parent"), unwanted), pc.is_in(batch.column("sequence"), withdrawn)
            )
            kept = batch.filter(pc.invert(is_unwanted))
            self.rows[file.window] -= batch.num_rows - kept.num_rows
            writer.write(kept)
        remove_uncommitted(self._table, file)
        if writer.rows:
            yield writer.close()
        else:
            writer.discard()


def _join(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches together, about a buffer at a time."""
    joined: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        joined.append(batch)
        size += batch.nbytes
        if size >= _BUFFERED_BYTES:
            yield pa.Table.from_batches(joined)
            joined, size = [], 0
    if joined:
        yield pa.Table.from_batches(joined)


def _split_by(rows: pa.RecordBatch, numbers: NDArray[np.int64]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Rows by a number that each has, the least number first; those of one number in their order."""
    order = np.argsort(numbers, kind="stable")
    rows, numbers = rows.take(pa.array(order, pa.int64())), numbers[order]
    begins = [0, *(np.flatnonzero(numbers[1:] != numbers[:-1]) + 1).tolist(), len(numbers)]
    for begin, end in pairwise(begins):
        yield int(numbers[begin]), rows.slice(begin, end - begin)


def make_batch(numbered: Sequence[tuple[int, RowBatch]]) -> pa.RecordBatch:
    """Rows of several pages, each with the sequence number of its first row, in the raw table's schema."""
    batches = [batch for _, batch in numbered]
    sequences = [np.arange(first, first + len(batch)) for first, batch in numbered]
    moments = np.concatenate([batch.cursor_at for batch in batches])

    origins = [origin for batch in batches for origin in batch.origins]
    firsts = accumulate((len(batch.origins) for batch in batches), initial=0)
    pages = np.concatenate([batch.origin_of + first for batch, first in zip(batches, firsts, strict=False)])
    columns: dict[str, pa.Array[Any]] = {
        "key": pa.array(list(chain.from_iterable(batch.keys for batch in batches)), pa.string()),
        "cursor": pa.array(list(chain.from_iterable(batch.cursors for batch in batches)), pa.string()),
        "cursor_at": pa.array(moments, pa.int64(), mask=moments == NO_TIME),
        "content_hash": pa.array(np.concatenate([batch.content_hashes for batch in batches]), pa.int64()),
        "sequence": pa.array(np.concatenate(sequences), pa.int64()),
        "fetched_at": pa.array([origin.fetched_at for origin in origins], pa.timestamp("us", "UTC")).take(pages),
        "page": pa.array([origin.page for origin in origins], pa.int64()).take(pages),
        "position": pa.array(np.concatenate([batch.positions for batch in batches]), pa.int64()),
        "url": pa.array([origin.url for origin in origins], pa.string()).take(pages),
        "parent": pa.array([batch.parent for batch in batches for _ in batch.origins], pa.string()).take(pages),
        "problem": pa.array(list(chain.from_iterable(_problems(batch) for batch in batches)), pa.string()),
        "record": _join_records(batches),
    }
    schema = pa.schema([field for field in RAW_SCHEMA if field.name in columns])
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _problems(batch: RowBatch) -> Sequence[str | None]:
    return [None] * len(batch) if batch.problems is None else batch.problems


def _join_records(batches: Sequence[RowBatch]) -> pa.StringArray:
    """The records as one column: offsets over their joined bytes, with no copy per record."""
    lengths = np.concatenate([batch.lengths for batch in batches])
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    text = b"".join([batch.text for batch in batches])
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(offsets.tobytes()), pa.py_buffer(text))
