"""Rows that wait on the disk in parts, each of which fits into memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from io import IOBase
from types import TracebackType
from typing import Any, cast

import pyarrow as pa


class PartFiles:
    """Files of rows in the system's temporary folder, one for each part. All rows have the same schema.

    The files have no name, so that nothing stays behind, not even if the process is killed. Each is open, and a process
    may have about a thousand open files.
    """

    def __init__(self) -> None:
        self._files: dict[int, IOBase] = {}
        self._writers: dict[int, Any] = {}

    def add(self, part: int, rows: pa.RecordBatch) -> None:
        """Add rows to a part, behind those that it has."""
        if part not in self._files:
            self._files[part] = cast(IOBase, tempfile.TemporaryFile())  # noqa: SIM115  (closed by `take` or `close`)
            # With threads, each of them would keep the memory that it compressed in.
            options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
            self._writers[part] = pa.ipc.new_file(self._files[part], rows.schema, options=options)
        self._writers[part].write_batch(rows)

    def take(self) -> Iterator[pa.Table]:
        """The rows of each part, in the order of their numbers. Nothing may be added any more."""
        for part in sorted(self._files):
            self._writers.pop(part).close()
            with self._files.pop(part) as file:
                file.seek(0)
                rows = pa.ipc.open_file(file).read_all()
            yield rows

    def close(self) -> None:
        """Remove the files that are left."""
        self._writers.clear()
        while self._files:
            self._files.popitem()[1].close()

    def __enter__(self) -> PartFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
