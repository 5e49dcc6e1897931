"""One version of a table, as described by the log. Only `read` opens data files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from dazz_assets.lake.file_content import content_in_lower_bound
from dazz_assets.lake.files import read_parquet_file
from dazz_assets.lake.paths import LakeRoot, TablePath
from dazz_assets.lake.schema import FINGERPRINT, INPUTS, WINDOW

# Rows are decoded in parts of this size: of a record's 1.3 kB each, the 65,536 of pyarrow's default are 85 MB.
_BATCH_ROWS = 1_024


@dataclass(frozen=True)
class StoredFile:
    """A file of a table version.

    `path` is relative to the table, `size` in bytes. The bounds and null counts cover the columns that have statistics,
    and the bounds not those of times.
    """

    path: str
    rows: int
    size: int
    window: date | None
    min_values: dict[str, Any]
    max_values: dict[str, Any]
    null_counts: dict[str, int]


@dataclass(frozen=True)
class WindowState:
    """What a window of a domain table was parsed from, and what it holds.

    rows: how many objects. content: a hash of them (`ContentHash`); None if they were written before it was kept.
    """

    fingerprint: str
    inputs: str
    rows: int
    content: str | None


class TableVersion:
    """One version of a table. It never changes, whatever is committed later.

    `delta` is deltalake's handle of this version, for the lake's own modules only. It is never refreshed.
    """

    def __init__(self, root: LakeRoot, path: TablePath, delta: DeltaTable) -> None:
        self.root = root
        self.path = path
        self.delta = delta
        self.version: int = delta.version()
        self.schema: pa.Schema = pa.schema(delta.schema().to_arrow())  # type: ignore[arg-type]
        self.windowed: bool = delta.metadata().partition_columns == [WINDOW]
        self._transactions: dict[str, int | None] = {}

    @cached_property
    def files(self) -> tuple[StoredFile, ...]:
        """The files of this version."""
        actions = pa.RecordBatchReader.from_stream(self.delta.get_add_actions(flatten=True)).read_all()
        # Nobody needs the bounds of times, and to convert one pyarrow imports pandas where it is installed.
        names = [field.name for field in actions.schema if not pa.types.is_timestamp(field.type)]
        return tuple(map(_make_stored_file, actions.select(names).to_pylist()))

    @cached_property
    def rows(self) -> int:
        """The number of rows, counting all versions of each record."""
        return sum(file.rows for file in self.files)

    def transaction(self, name: str) -> int | None:
        """The value of an application transaction (`passes`, `mark`, ...); None if it was never set."""
        if name not in self._transactions:  # Each call of deltalake's reads the whole log.
            self._transactions[name] = self.delta.transaction_version(name)
        return self._transactions[name]

    @property
    def created_at(self) -> int:
        """When the table was created, in milliseconds since the epoch."""
        return self.delta.metadata().created_time

    def max_value(self, column: str) -> int | None:
        """The greatest value of an int64 column in this version; None without rows."""
        return max((file.max_values[column] for file in self.files if column in file.max_values), default=None)

    def window_states(self) -> dict[date | None, WindowState]:
        """The state of each window of a domain or quarantine table, read from the log alone."""
        return {
            file.window: WindowState(
                file.max_values[FINGERPRINT],
                file.max_values[INPUTS],
                file.rows,
                content_in_lower_bound(file.min_values[INPUTS]),
            )
            for file in self.files
        }

    def duckdb_paths(self, files: Sequence[StoredFile] | None = None) -> list[str]:
        """The paths of some files, by default all, for DuckDB."""
        chosen = self.files if files is None else files
        return [self.root.duckdb_path(f"{self.path.folder}/{file.path}") for file in chosen]

    def read(
        self, columns: Sequence[str] | None = None, windows: Collection[date | None] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Stored rows, file by file, of all windows or of `windows`; columns that a file lacks are null."""
        names = self.schema.names if columns is None else columns
        return self.read_files([file for file in self.files if windows is None or file.window in windows], names)

    def read_files(
        self, files: Sequence[StoredFile], columns: Sequence[str], batch_rows: int = _BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """The rows of some files as they are stored; columns that a file lacks are null."""
        fields = {field.name: field for field in [pa.field(WINDOW, pa.date32()), *self.schema]}
        schema = pa.schema([fields[name] for name in columns])
        for file in files:
            yield from self._read_file(file, schema, batch_rows)

    def _read_file(self, file: StoredFile, schema: pa.Schema, batch_rows: int) -> Iterator[pa.RecordBatch]:
        path = self.root.filesystem_path(f"{self.path.folder}/{file.path}")
        for batch in read_parquet_file(path, self.root.filesystem, schema.names, batch_rows):
            yield pa.RecordBatch.from_arrays([_find_column(batch, field, file) for field in schema], schema=schema)


def _find_column(batch: pa.RecordBatch, field: pa.Field[Any], file: StoredFile) -> pa.Array[Any]:
    if field.name in batch.schema.names:
        return batch.column(field.name).cast(field.type)
    value = file.window if field.name == WINDOW else None
    constant: pa.Array[Any] = pa.repeat(pa.scalar(value, field.type), batch.num_rows)
    return constant


def _make_stored_file(action: dict[str, Any]) -> StoredFile:
    return StoredFile(
        path=action["path"],
        rows=action["num_records"],
        size=action["size_bytes"],
        window=action.get(f"partition.{WINDOW}"),
        min_values=_statistics(action, "min."),
        max_values=_statistics(action, "max."),
        null_counts=_statistics(action, "null_count."),
    )


def _statistics(action: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The known statistics of one kind, by column."""
    return {
        name.removeprefix(prefix): value
        for name, value in action.items()
        if value is not None and name.startswith(prefix)
    }
