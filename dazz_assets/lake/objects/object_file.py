"""A window's objects of one model on their way into a file: columns at once, written as large row groups."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress

import pyarrow as pa

from dazz_assets.domain import DomainObject
from dazz_assets.lake.files import DataFile, FileWriter
from dazz_assets.lake.objects.object_columns import make_batch

# A row group of thousands of rows takes half the time, of many columns, that one of a thousand takes.
_ROW_GROUP_ROWS = 16_384
_ROW_GROUP_BYTES = 16 * 2**20


class ObjectFile:
    """Collects objects and has a thread write them to a file, one row group at a time."""

    def __init__(self, model: type[DomainObject], writer: FileWriter, thread: Executor) -> None:
        self._model = model
        self._writer = writer
        self._thread = thread
        self._writing: Future[None] | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self._bytes = 0

    def add(self, objects: Sequence[DomainObject]) -> None:
        """Add objects. Raises ValueError, naming object and field, for a value that doesn't fit its column."""
        batch = make_batch(objects, self._model)
        self._waiting.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= _ROW_GROUP_ROWS or self._bytes >= _ROW_GROUP_BYTES:
            self._write()

    def close(self) -> Future[DataFile]:
        """The finished file, once what waits is written; without one if writing failed."""
        self._write()
        return self._thread.submit(self._finish)

    def discard(self) -> None:
        """Remove the file."""
        with suppress(Exception):
            self._wait()
        self._writer.discard()

    def _write(self) -> None:
        self._wait()
        if self._waiting:
            rows = pa.Table.from_batches(self._waiting)
            self._writing = self._thread.submit(lambda: self._writer.write(rows.combine_chunks()))
        self._waiting, self._rows, self._bytes = [], 0, 0

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()

    def _finish(self) -> DataFile:
        try:
            self._wait()
            return self._writer.close()
        except BaseException:
            self._writer.discard()
            raise
