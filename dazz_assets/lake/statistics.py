"""The statistics of a file, as Delta Lake's log holds them: what a reader needs to leave the file closed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

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
