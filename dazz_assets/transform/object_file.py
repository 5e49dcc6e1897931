"""A window's objects of one model on their way into a file: columns at once, written as large row groups."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from dazz_assets.domain import DomainObject
from dazz_assets.lake import DataFile, FileWriter
from dazz_assets.lake.object_columns import make_batch

# A row group of thousands of rows takes half the time, of many columns, that one of a thousand takes.
_ROW_GROUP_ROWS = 16_384
_ROW_GROUP_BYTES = 16 * 2**20


class ObjectFile:
    """Collects objects and writes them to a file."""

    def __init__(self, model: type[DomainObject], writer: FileWriter) -> None:
        self._model = model
        self._writer = writer
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

    def close(self) -> DataFile:
        """Write what waits, and finish the file."""
        self._write()
        return self._writer.close()

    def discard(self) -> None:
        """Remove the file."""
        self._waiting.clear()
        self._writer.discard()

    def _write(self) -> None:
        if self._waiting:
            self._writer.write(pa.Table.from_batches(self._waiting).combine_chunks())
        self._waiting, self._rows, self._bytes = [], 0, 0
