"""What one pass adds to a raw table: rows routed to the files of their windows."""

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

# Rows wait in memory until there is this much text, so that row groups are large whatever the number of windows.
_BUFFERED_BYTES = 16 * 2**20
# Under the usual limit of 1,024 open files of a process, with room for its sockets.
_OPEN_FILES = 300


class PassWriter:
    """The files of one pass, not yet committed. Memory stays bounded: rows are written as they arrive."""

    def __init__(self, table: Table, first_sequence: int, *, windowed: bool) -> None:
        self._table = table
        self._windowed = windowed
        self._sequence = first_sequence
        self._waiting: dict[date | None, list[tuple[int, RawRow]]] = defaultdict(list)
        self._waiting_bytes = 0
        self._writers: dict[date | None, SliceWriter] = {}
        self._done: list[DataFile] = []
        self.rows: dict[date | None, int] = defaultdict(int)

    def add(self, rows: Sequence[RawRow]) -> None:
        """Take rows in the order of their arrival."""
        for row in rows:
            window = row.window if self._windowed else None
            self._waiting[window].append((self._sequence, row))
            self._sequence += 1
            self._waiting_bytes += len(memoryview(row.record)) + 200
            self.rows[window] += 1
        if self._waiting_bytes > _BUFFERED_BYTES:
            self._write(list(self._waiting))

    def copy(self, window: date | None, rows: pa.RecordBatch) -> None:
        """Take stored rows as they are."""
        self._writer(window).write(rows)
        self.rows[window] += rows.num_rows

    def close(self, *, without_parents: Collection[str] = ()) -> list[DataFile]:
        """The finished files, to be committed; without the rows of some parents, whose pass was cut short."""
        self._write(list(self._waiting))
        while self._writers:
            self._done.append(self._writers.popitem()[1].close())
        if without_parents:
            self._done = [kept for file in self._done for kept in self._filtered(file, without_parents)]
        return list(self._done)

    def discard(self) -> None:
        """Remove what was written and is not committed."""
        for writer in self._writers.values():
            writer.discard()
        for file in self._done:
            remove_uncommitted(self._table, file)
        self._waiting.clear()
        self._writers, self._done = {}, []

    def _write(self, windows: Collection[date | None]) -> None:
        for window in sorted(windows, key=str):
            rows = self._waiting.pop(window, [])
            if rows:
                self._writer(window).write(_batch(rows))
        self._waiting_bytes = 0

    def _writer(self, window: date | None) -> SliceWriter:
        if window not in self._writers:
            if len(self._writers) >= _OPEN_FILES:
                oldest = next(iter(self._writers))
                self._done.append(self._writers.pop(oldest).close())
            self._writers[window] = self._table.new_file(window)
        return self._writers[window]

    def _filtered(self, file: DataFile, parents: Collection[str]) -> Iterator[DataFile]:
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


def _batch(rows: Sequence[tuple[int, RawRow]]) -> pa.RecordBatch:
    only = [row for _, row in rows]
    columns: dict[str, pa.Array[Any]] = {
        "key": pa.array([row.key for row in only], pa.string()),
        "cursor": pa.array([row.cursor for row in only], pa.string()),
        "cursor_at": pa.array([row.cursor_at for row in only], pa.int64()),
        "content_hash": pa.array([row.content_hash for row in only], pa.int64()),
        "sequence": pa.array([sequence for sequence, _ in rows], pa.int64()),
        "fetched_at": pa.array([row.fetched_at for row in only], pa.timestamp("us", "UTC")),
        "page": pa.array([row.page for row in only], pa.int64()),
        "position": pa.array([row.position for row in only], pa.int64()),
        "url": pa.array([row.url for row in only], pa.string()),
        "parent": pa.array([row.parent for row in only], pa.string()),
        "problem": pa.array([row.problem for row in only], pa.string()),
        "record": _texts([row.record for row in only]),
    }
    schema = pa.schema([field for field in RAW_SCHEMA if field.name in columns])
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _texts(records: Sequence[Buffer]) -> pa.StringArray:
    """The records as one column, from offsets over their joined bytes: no copy a record."""
    lengths = np.fromiter((len(memoryview(record)) for record in records), np.int32, len(records))
    offsets = np.zeros(len(records) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.StringArray.from_buffers(len(records), pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(records)))
