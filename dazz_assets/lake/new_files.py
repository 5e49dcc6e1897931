"""Files that were written and are not committed: read again, or removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq

from dazz_assets.lake.files import DataFile
from dazz_assets.lake.table import Table


def read_new(table: Table, file: DataFile, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a file in the order of their writing."""
    with pq.ParquetFile(_path(table, file), filesystem=table.location.filesystem) as stored:
        yield from stored.iter_batches(columns=None if columns is None else list(columns))


def remove_new(table: Table, file: DataFile) -> None:
    """Remove a file that no commit names, where it is still there."""
    if not file.committed:
        with suppress(FileNotFoundError):
            table.location.filesystem.delete_file(_path(table, file))


def _path(table: Table, file: DataFile) -> str:
    return table.location.inside(f"{table.place.folder}/{file.path}")
