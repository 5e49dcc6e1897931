"""Parquet files of a table, with the statistics that the log keeps. A file is nobody's until a commit names it."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dazz_assets.lake.errors import LakeError
from dazz_assets.lake.paths import LakeRoot
from dazz_assets.lake.schema import FINGERPRINT, INPUTS, WINDOW

_LONGEST = 64
_LAST = "\U0010ffff"
_LARGE = ("record",)  # too large and too random for a minimum to prune anything


class Statistics:
    """Least, greatest and nulls of the columns where they help: int64, date, timestamp and string, except the record.

    Strings are cut to 64 characters, the greatest so that it stays an upper bound; constant columns are whole, and
    stated also for a file without rows.
    """

    def __init__(self, schema: pa.Schema, constants: Mapping[str, str | None]) -> None:
        self._constants = constants
        self._columns = [
            field.name
            for field in schema
            if _ordered(field.type) and field.name not in _LARGE and field.name not in constants
        ]
        self._rows = 0
        self._least: dict[str, Any] = {}
        self._greatest: dict[str, Any] = {}
        self._nulls = dict.fromkeys(self._columns, 0)

    def add(self, rows: pa.Table) -> None:
        """Take in rows that were written."""
        self._rows += rows.num_rows
        for name in self._columns:
            column = rows.column(name)
            self._nulls[name] += column.null_count
            if column.null_count == len(column):
                continue
            bounds: dict[str, Any] = pc.min_max(column).as_py()  # type: ignore[assignment]
            self._least[name] = min(bounds["min"], self._least.get(name, bounds["min"]))
            self._greatest[name] = max(bounds["max"], self._greatest.get(name, bounds["max"]))

    def json(self) -> str:
        """The statistics as the log wants them."""
        least = {name: _shown(value, _cut) for name, value in self._least.items()}
        greatest = {name: _shown(value, _cut_above) for name, value in self._greatest.items()}
        constants = {name: value for name, value in self._constants.items() if value is not None}
        nulls = {name: self._rows if value is None else 0 for name, value in self._constants.items()}
        return json.dumps(
            {
                "numRecords": self._rows,
                "minValues": {**constants, **{n: v for n, v in least.items() if v is not None}},
                "maxValues": {**constants, **{n: v for n, v in greatest.items() if v is not None}},
                "nullCount": {**nulls, **self._nulls},
            }
        )


def _ordered(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_int64(kind) or pa.types.is_date32(kind) or pa.types.is_timestamp(kind) or pa.types.is_string(kind)
    )


def _shown(value: Any, cut: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    return cut(value) if isinstance(value, str) else value


def _cut(text: str) -> str:
    return text[:_LONGEST]


def _cut_above(text: str) -> str | None:
    """An upper bound of the text; None in the one case that has none so short."""
    if len(text) <= _LONGEST:
        return text
    return None if text[_LONGEST] == _LAST else text[:_LONGEST] + _LAST


#: Columns of raw files whose values repeat; keys and records don't, and a dictionary of them is only work.
_REPEATING = ["url", "parent", "problem", "fetched_at", "page"]


@dataclass(eq=False)
class DataFile:
    """A file that was written whole and waits for its commit.

    `path` is relative to the table, `size` in bytes, `written_at` in milliseconds since the epoch.
    """

    path: str
    rows: int
    size: int
    written_at: int
    window: date | None
    stats: str
    schema: pa.Schema = field(repr=False)
    committed: bool = False


class SliceWriter:
    """Writes one file of one window, a row group for each `write`. As a context manager it discards on an error.

    `schema` is what `write` takes, `constants` the columns that are put before it with one value for the whole file.
    """

    def __init__(
        self,
        location: LakeRoot,
        folder: str,
        schema: pa.Schema,
        *,
        window: date | None,
        windowed: bool,
        constants: Mapping[str, str | None],
    ) -> None:
        self._location = location
        self._window = window
        self._wanted = schema
        self._constants = constants
        self._schema = pa.schema([*(pa.field(name, pa.string()) for name in constants), *schema])
        self._statistics = Statistics(self._schema, constants)
        self.path = f"{window_folder(window)}{uuid.uuid4()}.parquet" if windowed else f"{uuid.uuid4()}.parquet"
        self.rows = 0
        self._target = location.inside(f"{folder}/{self.path}")
        location.filesystem.create_dir(self._target.rpartition("/")[0], recursive=True)
        record = "record" in schema.names
        self._writer = pq.ParquetWriter(
            self._target,
            self._schema,
            filesystem=location.filesystem,
            compression="zstd",
            compression_level=1,
            use_dictionary=_REPEATING if record else True,  # type: ignore[arg-type]
            write_statistics=[name for name in self._schema.names if name != "record"] if record else True,
        )

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Write rows as one row group. Raises LakeError where they don't fit the schema."""
        if not rows.num_rows:
            return
        table = self._fitted(pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows)
        self._writer.write_table(table, row_group_size=table.num_rows)
        self._statistics.add(table)
        self.rows += table.num_rows

    def close(self) -> DataFile:
        """Finish the file, for a commit."""
        self._writer.close()
        size = self._location.filesystem.get_file_info(self._target).size
        now = time.time_ns() // 1_000_000
        return DataFile(self.path, self.rows, size, now, self._window, self._statistics.json(), self._schema)

    def discard(self) -> None:
        """Remove the file. What isn't discarded and never committed is seen by nobody, and vacuum takes it."""
        with contextlib.suppress(OSError):
            self._writer.close()
        with contextlib.suppress(FileNotFoundError):
            self._location.filesystem.delete_file(self._target)

    def __enter__(self) -> SliceWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.discard()

    def _fitted(self, table: pa.Table) -> pa.Table:
        wanted = self._wanted.names
        if missing := [name for name in wanted if name not in table.column_names]:
            raise LakeError(
                f"Rows that don't fit the table: they lack {', '.join(missing)}. It takes {', '.join(wanted)}."
            )
        for column in self._wanted:
            if not column.nullable and (nulls := table.column(column.name).null_count):
                raise LakeError(f"Column {column.name!r} must not be null, and is in {nulls} rows.")
        try:
            table = table.select(wanted).cast(self._wanted)
        except pa.ArrowException as error:
            raise LakeError(f"Rows that don't fit the table: {error}. It takes {', '.join(wanted)}.") from error
        repeated = [pa.repeat(pa.scalar(value, pa.string()), table.num_rows) for value in self._constants.values()]
        return pa.Table.from_arrays([*repeated, *table.columns], schema=self._schema)


def window_folder(window: date | None) -> str:
    """The folder of a window's files in its table, as Hive names it."""
    return f"{WINDOW}={window.isoformat() if window else '__HIVE_DEFAULT_PARTITION__'}/"


def window_constants(fingerprint: str, inputs: str) -> dict[str, str | None]:
    """The columns that are the same in all rows of a window of a domain table. Raises LakeError for a long one."""
    if not fingerprint or len(fingerprint) > 64:
        raise LakeError(f"A fingerprint has 1 to 64 characters; this one has {len(fingerprint)}.")
    return {FINGERPRINT: fingerprint, INPUTS: inputs}


def column_bytes(batch: pa.RecordBatch, column: str) -> list[bytes]:
    """A column of texts that are never null, as bytes."""
    return [text for text in batch.column(column).cast(pa.binary()).to_pylist() if text is not None]
