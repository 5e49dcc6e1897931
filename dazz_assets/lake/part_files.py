"""Rows that wait on the disk in parts, each of which fits into memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import pyarrow as pa


class PartFiles:
    """Files of rows in the system's temporary folder, one for each part. They are gone once it is closed.

    Each part is an open file, of which a process may have about a thousand. All rows have the same schema.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="dazz-rows-")
        self._open = ExitStack()
        self._writers: dict[int, Any] = {}

    def add(self, part: int, rows: pa.RecordBatch) -> None:
        """Add rows to a part, behind those that it has."""
        if part not in self._writers:
            # With threads, each of them would keep the memory that it compressed in.
            options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
            self._writers[part] = self._open.enter_context(
                pa.ipc.new_file(self._path(part), rows.schema, options=options)
            )
        self._writers[part].write_batch(rows)

    def take(self) -> Iterator[pa.Table]:
        """The rows of each part, in the order of their numbers. Nothing may be added any more."""
        self._open.close()
        for part in sorted(self._writers):
            with pa.OSFile(self._path(part), "rb") as file:
                rows = pa.ipc.open_file(file).read_all()
            os.remove(self._path(part))
            yield rows

    def close(self) -> None:
        """Remove the files."""
        self._open.close()
        self._folder.cleanup()

    def __enter__(self) -> PartFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _path(self, part: int) -> str:
        return os.path.join(self._folder.name, f"{part}.arrow")
