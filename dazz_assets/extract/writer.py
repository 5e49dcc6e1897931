"""Writes the rows of one pass to Parquet files, one or more for each window."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dazz_assets.extract.batch import RawRow
from dazz_assets.http.json_fields import Buffer
from dazz_assets.lake import RAW_SCHEMA, DataFile, SliceWriter, Table
from dazz_assets.lake.table import read_uncommitted, remove_uncommitted

# Buffer rows up to this much text, so that row groups are large even with many windows.
_BUFFERED_BYTES = 16 * 2**20
# Stay under the usual limit of 1,024 open files per process, with room for sockets.
_MOST_OPEN_FILES = 300


class PassWriter:
    """Writes the files of one pass, which its caller commits. Memory stays bounded: rows are written as they arrive.

    rows: how many rows were added, by window.
    """

    def __init__(self, table: Table, first_sequence: int, *, windowed: bool) -> None:
        self._table = table
        self._windowed = windowed
        self._sequence = first_sequence
        self._waiting: dict[date | None, list[tuple[int, RawRow]]] = defaultdict(list)
        self._waiting_bytes = 0
        self._writers: dict[date | None, SliceWriter] = {}
        self._finished: list[DataFile] = []
        self.rows: dict[date | None, int] = defaultdict(int)

    def add(self, rows: Sequence[RawRow]) -> None:
        """Add rows in the order in which they arrived."""
        for row in rows:
            window = row.window if self._windowed else None
            self._waiting[window].append((self._sequence, row))
            self._sequence += 1
            self._waiting_bytes += len(memoryview(row.record)) + 200
            self.rows[window] += 1
        if self._waiting_bytes > _BUFFERED_BYTES:
            self._write(list(self._waiting))

    def copy(self, window: date | None, rows: pa.RecordBatch) -> None:
        """Add stored rows unchanged."""
        self._writer(window).write(rows)
        self.rows[window] += rows.num_rows

    def close(self, *, without_parents: Collection[str] = ()) -> list[DataFile]:
        """Finish the files and return them, without the rows of parents whose walk was not finished."""
        self._write(list(self._waiting))
        while self._writers:
            self._finished.append(self._writers.popitem()[1].close())
        if without_parents:
            self._finished = [kept for file in self._finished for kept in self._copy_without(file, without_parents)]
        return list(self._finished)

    def discard(self) -> None:
        """Remove the files written so far."""
        for writer in self._writers.values():
            writer.discard()
        for file in self._finished:
            remove_uncommitted(self._table, file)
        self._waiting.clear()
        self._writers, self._finished = {}, []

    def _write(self, windows: Collection[date | None]) -> None:
        for window in sorted(windows, key=str):
            rows = self._waiting.pop(window, [])
            if rows:
                self._writer(window).write(_make_batch(rows))
        self._waiting_bytes = 0

    def _writer(self, window: date | None) -> SliceWriter:
        if window not in self._writers:
            if len(self._writers) >= _MOST_OPEN_FILES:
                oldest = next(iter(self._writers))
                self._finished.append(self._writers.pop(oldest).close())
            self._writers[window] = self._table.new_file(window)
        return self._writers[window]

    def _copy_without(self, file: DataFile, parents: Collection[str]) -> Iterator[DataFile]:
        writer = self._table.new_file(file.window)
        unwanted = pa.array(sorted(parents), pa.string())
        for batch in read_uncommitted(self._table, file):
            kept = batch.filter(pc.invert(pc.is_in(batch.column("parent"), unwanted)))
            self.rows[file.window] -= batch.num_rows - kept.num_rows
            writer.write(kept)
        remove_uncommitted(self._table, file)
        if writer.rows:
            yield writer.close()
        else:
            writer.discard()


def _make_batch(numbered: Sequence[tuple[int, RawRow]]) -> pa.RecordBatch:
    rows = [row for _, row in numbered]
    columns: dict[str, pa.Array[Any]] = {
        "key": pa.array([row.key for row in rows], pa.string()),
        "cursor": pa.array([row.cursor for row in rows], pa.string()),
        "cursor_at": pa.array([row.cursor_at for row in rows], pa.int64()),
        "content_hash": pa.array([row.content_hash for row in rows], pa.int64()),
        "sequence": pa.array([sequence for sequence, _ in numbered], pa.int64()),
        "fetched_at": pa.array([row.fetched_at for row in rows], pa.timestamp("us", "UTC")),
        "page": pa.array([row.page for row in rows], pa.int64()),
        "position": pa.array([row.position for row in rows], pa.int64()),
        "url": pa.array([row.url for row in rows], pa.string()),
        "parent": pa.array([row.parent for row in rows], pa.string()),
        "problem": pa.array([row.problem for row in rows], pa.string()),
        "record": _join_records([row.record for row in rows]),
    }
    schema = pa.schema([field for field in RAW_SCHEMA if field.name in columns])
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _join_records(records: Sequence[Buffer]) -> pa.StringArray:
    """Return the records as one column: offsets over their joined bytes, with no copy per record."""
    lengths = np.fromiter((len(memoryview(record)) for record in records), np.int32, len(records))
    offsets = np.zeros(len(records) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.StringArray.from_buffers(len(records), pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(records)))
