"""One version of a table, as the log tells it: no data file is opened for any of this, except by `read`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from dazz_assets.lake.paths import LakeRoot, TablePath
from dazz_assets.lake.schema import FINGERPRINT, INPUTS, WINDOW


@dataclass(frozen=True)
class StoredFile:
    """A file of a version: where in its table, how large in bytes, and the bounds of its columns as far as known."""

    path: str
    rows: int
    size: int
    window: date | None
    least: dict[str, Any]
    greatest: dict[str, Any]
    nulls: dict[str, int]


@dataclass(frozen=True)
class WindowState:
    """What a window of a domain table was parsed from, and how many objects it holds."""

    fingerprint: str
    inputs: str
    rows: int


class TableVersion:
    """One version of a table. It stays that version, whatever is committed later.

    `delta` is deltalake's handle of it, for the lake's own modules; it is never brought up to date.
    """

    def __init__(self, location: LakeRoot, place: TablePath, delta: DeltaTable) -> None:
        self.location = location
        self.place = place
        self.delta = delta
        self.version: int = delta.version()
        self.schema: pa.Schema = pa.schema(delta.schema().to_arrow())  # type: ignore[arg-type]
        self.windowed: bool = delta.metadata().partition_columns == [WINDOW]

    @cached_property
    def files(self) -> tuple[StoredFile, ...]:
        """The files of this version."""
        return tuple(map(_stored, pa.table(self.delta.get_add_actions(flatten=False)).to_pylist()))

    @property
    def rows(self) -> int:
        """The number of rows, all versions of a key counted."""
        return sum(file.rows for file in self.files)

    def transaction(self, name: str) -> int | None:
        """The value of an application transaction (`passes`, `mark`, ...); None where there never was one."""
        return self.delta.transaction_version(name)

    def greatest(self, column: str) -> int | None:
        """The greatest value of an int64 column in this version; None without rows."""
        return max((file.greatest[column] for file in self.files if column in file.greatest), default=None)

    def windows(self) -> dict[date | None, WindowState]:
        """Of a domain or quarantine table, what each window was parsed from; from the log alone."""
        return {file.window: WindowState(file.least[FINGERPRINT], file.least[INPUTS], file.rows) for file in self.files}

    def paths(self, files: Sequence[StoredFile] | None = None) -> list[str]:
        """Files (all by default) as DuckDB reads them."""
        chosen = self.files if files is None else files
        return [self.location.for_duckdb(f"{self.place.folder}/{file.path}") for file in chosen]

    def read(
        self, columns: Sequence[str] | None = None, windows: Collection[date | None] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Rows as they are stored, file by file; columns that a file lacks are null. `windows` limits to those."""
        names = self.schema.names if columns is None else columns
        wanted = pa.schema([self.schema.field(name) for name in names])
        for file in self.files:
            if windows is None or file.window in windows:
                yield from self._read_file(file, wanted)

    def _read_file(self, file: StoredFile, wanted: pa.Schema) -> Iterator[pa.RecordBatch]:
        path = self.location.inside(f"{self.place.folder}/{file.path}")
        with pq.ParquetFile(path, filesystem=self.location.filesystem) as parquet:
            present = [name for name in wanted.names if name in parquet.schema_arrow.names]
            for batch in parquet.iter_batches(columns=present):
                yield pa.RecordBatch.from_arrays([_column(batch, field, file) for field in wanted], schema=wanted)


def _column(batch: pa.RecordBatch, field: pa.Field[Any], file: StoredFile) -> pa.Array[Any]:
    if field.name in batch.schema.names:
        return batch.column(field.name).cast(field.type)
    value = file.window if field.name == WINDOW else None
    constant: pa.Array[Any] = pa.repeat(pa.scalar(value, field.type), batch.num_rows)
    return constant


def _stored(action: dict[str, Any]) -> StoredFile:
    return StoredFile(
        path=action["path"],
        rows=action["num_records"],
        size=action["size_bytes"],
        window=(action.get("partition") or {}).get(WINDOW),
        least=_known(action["min"]),
        greatest=_known(action["max"]),
        nulls=_known(action["null_count"]),
    )


def _known(bounds: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (bounds or {}).items() if value is not None}
