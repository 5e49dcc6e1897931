"""Rows that wait on the disk in parts."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from io import IOBase
from types import TracebackType
from typing import Any, cast

import pyarrow as pa


class PartsOnDisk:
    """Takes rows of numbered parts in any order, and gives them back part by part. All rows have the same schema.

    They are in a file without a name in the system's temporary folder, so that nothing stays behind, not even if the
    process is killed.
    """

    def __init__(self) -> None:
        self._file = cast(IOBase, tempfile.TemporaryFile())  # noqa: SIM115  (closed by `close`)
        self._writer: Any = None
        # The numbers of each part's batches in the file.
        self._batches: dict[int, list[int]] = defaultdict(list)
        self._count = 0

    def add(self, part: int, rows: pa.RecordBatch) -> None:
        """Add rows to a part, behind those that it has."""
        if self._writer is None:
            # With threads, each of them would keep the memory that it compressed in.
            options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
            self._writer = pa.ipc.new_file(self._file, rows.schema, options=options)
        self._writer.write_batch(rows)
        self._batches[part].append(self._count)
        self._count += 1

    def take(self) -> Iterator[tuple[int, Iterator[pa.RecordBatch]]]:
        """The parts in the order of their numbers, each with its rows as they were added. Nothing may be added then."""
        if self._writer is None:
            return
        self._writer.close()
        self._file.seek(0)
        written = pa.ipc.open_file(self._file, options=pa.ipc.IpcReadOptions(use_threads=False))
        for part in sorted(self._batches):
            yield part, map(written.get_batch, self._batches[part])

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def __enter__(self) -> PartsOnDisk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
