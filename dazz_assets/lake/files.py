"""The Parquet files of a table: writing one, with the statistics that the log keeps. A commit makes it visible."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from dazz_assets.lake.errors import LakeError
from dazz_assets.lake.file_content import ContentHash, ContentHashes, lower_bound_with_content
from dazz_assets.lake.file_statistics import Statistics
from dazz_assets.lake.paths import LakeRoot
from dazz_assets.lake.schema import FINGERPRINT, INPUTS, WINDOW

#: Raw columns whose values repeat. Keys and records don't, so a dictionary of them would only cost time.
_REPEATING = ["url", "parent", "problem", "fetched_at", "page"]
# Most windows have few objects of many columns. Up to these numbers of rows a dictionary, and compression, of each
# column take as much room as they save, and twice the time, also when the file is read.
_ROWS_WITHOUT_DICTIONARY = 64
_ROWS_UNCOMPRESSED = 8


@dataclass(eq=False)
class DataFile:
    """A complete file that waits for its commit.

    `path` is relative to the table, `size` in bytes, `written_at` in milliseconds since the epoch. `statistics` are in
    Delta Lake's format, and `content` is the hash that goes with them.
    """

    path: str
    rows: int
    size: int
    written_at: int
    window: date | None
    statistics: Mapping[str, Any] = field(repr=False)
    content: ContentHash | str | None
    schema: pa.Schema = field(repr=False)
    committed: bool = False

    @property
    def stats(self) -> str:
        """The statistics as the log keeps them."""
        document = dict(self.statistics)
        if self.content is not None:
            lowest: Mapping[str, str] = document["minValues"]
            document["minValues"] = {**lowest, INPUTS: lower_bound_with_content(lowest[INPUTS], str(self.content))}
        return json.dumps(document)


class FileWriter:
    """Writes one file of one window, a row group for each `write`. As a context manager, it discards it on an error.

    `schema` is what `write` takes. `path` is the file's, relative to `folder`. `constants` are columns that come before
    those of the rows, with one value for the entire file. `hashes` makes the hash of a file of objects.
    """

    def __init__(
        self,
        root: LakeRoot,
        folder: str,
        schema: pa.Schema,
        *,
        window: date | None,
        path: str,
        constants: Mapping[str, str | None],
        hashes: ContentHashes,
    ) -> None:
        self._root = root
        self._window = window
        self._row_schema = schema
        self._constants = constants
        self._schema = pa.schema([*(pa.field(name, pa.string()) for name in constants), *schema])
        self._statistics = Statistics(self._schema, constants)
        self._content = hashes.new() if constants.get(INPUTS) else None
        self.path = path
        self.rows = 0
        self._target = root.filesystem_path(f"{folder}/{self.path}")
        root.filesystem.create_dir(self._target.rpartition("/")[0], recursive=True)
        self._writer: pq.ParquetWriter | None = None

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Write rows as one row group. Raises LakeError if they don't fit the schema."""
        if not rows.num_rows:
            return
        table = self._fit_to_schema(pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows)
        self._open(table.num_rows).write_table(table, row_group_size=table.num_rows)
        self._statistics.add(table)
        if self._content is not None:
            self._content.add(table.select(self._row_schema.names))
        self.rows += table.num_rows
        # Or the memory that threads needed for this row group stays with each of them.
        pa.default_memory_pool().release_unused()

    def close(self) -> DataFile:
        """Finish the file and return it for a commit."""
        self._open(0).close()
        size = self._root.filesystem.get_file_info(self._target).size
        now = time.time_ns() // 1_000_000
        statistics = self._statistics.to_document()
        return DataFile(self.path, self.rows, size, now, self._window, statistics, self._content, self._schema)

    def discard(self) -> None:
        """Remove the file. A file that is neither discarded nor committed stays invisible until vacuum removes it."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()
        with contextlib.suppress(FileNotFoundError):
            self._root.filesystem.delete_file(self._target)

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.discard()

    def _open(self, rows: int) -> pq.ParquetWriter:
        """The writer of the file, made for a first row group of so many rows."""
        if self._writer is None:
            is_raw = "record" in self._schema.names
            is_compressed = is_raw or rows > _ROWS_UNCOMPRESSED
            self._writer = pq.ParquetWriter(
                self._target,
                self._schema,
                filesystem=self._root.filesystem,
                compression="zstd" if is_compressed else "none",
                compression_level=1 if is_compressed else None,
                use_dictionary=_REPEATING if is_raw else rows > _ROWS_WITHOUT_DICTIONARY,  # type: ignore[arg-type]
                write_statistics=[name for name in self._schema.names if name != "record"] if is_raw else True,
            )
        return self._writer

    def _fit_to_schema(self, table: pa.Table) -> pa.Table:
        names, given = self._row_schema.names, set(table.column_names)
        if missing := [name for name in names if name not in given]:
            raise LakeError(
                f"Rows don't fit the table: they lack {', '.join(missing)}. The table takes {', '.join(names)}."
            )
        for column in self._row_schema:
            if not column.nullable and (nulls := table.column(column.name).null_count):
                raise LakeError(f"Column {column.name!r} must not be null, but is null in {nulls} rows.")
        try:
            if table.schema != self._row_schema:
                table = table.select(names).cast(self._row_schema)
        except pa.ArrowException as error:
            raise LakeError(f"Rows don't fit the table: {error}. The table takes {', '.join(names)}.") from error
        repeated = [pa.repeat(pa.scalar(value, pa.string()), table.num_rows) for value in self._constants.values()]
        return pa.Table.from_arrays([*repeated, *table.columns], schema=self._schema)


def new_file_path(window: date | None, *, windowed: bool) -> str:
    """A path in a table that no file ever had."""
    return f"{window_folder(window) if windowed else ''}{uuid.uuid4()}.parquet"


def read_parquet_file(
    path: str, filesystem: pafs.FileSystem, columns: Sequence[str] | None = None, batch_rows: int | None = None
) -> Iterator[pa.RecordBatch]:
    """The rows of a file in batches, by default of a row group each; columns that it lacks are left out.

    One row group at a time is in memory. pyarrow keeps all that is read in one go, until the end.
    """
    with pq.ParquetFile(path, filesystem=filesystem) as file:
        names = None if columns is None else [name for name in columns if name in file.schema_arrow.names]
        for group in range(file.num_row_groups):
            rows = batch_rows or file.metadata.row_group(group).num_rows
            # One thread: the text is nearly all there is to decode, and each thread would keep memory for it.
            yield from file.iter_batches(rows, [group], names, use_threads=False)


def window_folder(window: date | None) -> str:
    """The folder of a window's files in its table, in Hive's naming."""
    return f"{WINDOW}={window.isoformat() if window else '__HIVE_DEFAULT_PARTITION__'}/"


def window_constants(fingerprint: str, inputs: str) -> dict[str, str | None]:
    """The columns that have the same value in all rows of a window of a domain table.

    Raises LakeError for a fingerprint that is empty or longer than 64 characters.
    """
    if not fingerprint or len(fingerprint) > 64:
        raise LakeError(f"A fingerprint has 1 to 64 characters; this one has {len(fingerprint)}.")
    return {FINGERPRINT: fingerprint, INPUTS: inputs}


def column_bytes(texts: pa.Array[Any]) -> list[bytes]:
    """The values of a string column without nulls, as bytes."""
    return [text for text in texts.cast(pa.binary()).to_pylist() if text is not None]
