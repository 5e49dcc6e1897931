"""The statistics of a file that the log keeps: bounds and null counts, by which files can be skipped unopened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

# Longer strings are cut.
_MAX_CHARACTERS = 64
_LAST_CHARACTER = "\U0010ffff"
# Too large and too random for their bounds to skip any file.
_COLUMNS_WITHOUT_BOUNDS = ("record",)


class Statistics:
    """Minimum, maximum and null count of a file's int64, date, timestamp and string columns, except the record.

    Strings are cut to 64 characters; a maximum that was cut stays an upper bound. Constant columns are not cut, and
    are included even for a file without rows.
    """

    def __init__(self, schema: pa.Schema, constants: Mapping[str, str | None]) -> None:
        self._constants = constants
        self._columns = [
            field.name
            for field in schema
            if _has_bounds(field.type) and field.name not in _COLUMNS_WITHOUT_BOUNDS and field.name not in constants
        ]
        self._rows = 0
        self._min_values: dict[str, Any] = {}
        self._max_values: dict[str, Any] = {}
        self._null_counts = dict.fromkeys(self._columns, 0)

    def add(self, rows: pa.Table) -> None:
        """Include rows that were written."""
        self._rows += rows.num_rows
        for name in self._columns:
            column = rows.column(name)
            self._null_counts[name] += column.null_count
            if column.null_count == len(column):
                continue
            bounds: dict[str, Any] = pc.min_max(column).as_py()  # type: ignore[assignment]
            self._min_values[name] = min(bounds["min"], self._min_values.get(name, bounds["min"]))
            self._max_values[name] = max(bounds["max"], self._max_values.get(name, bounds["max"]))

    def to_document(self) -> dict[str, Any]:
        """The statistics in Delta Lake's format, before they are written as JSON."""
        constants = {name: value for name, value in self._constants.items() if value is not None}
        nulls = {name: self._rows if value is None else 0 for name, value in self._constants.items()}
        return {
            "numRecords": self._rows,
            "minValues": constants | _format_bounds(self._min_values, _cut),
            "maxValues": constants | _format_bounds(self._max_values, _cut_upper_bound),
            "nullCount": {**nulls, **self._null_counts},
        }


def _has_bounds(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_int64(kind) or pa.types.is_date32(kind) or pa.types.is_timestamp(kind) or pa.types.is_string(kind)
    )


def _format_bounds(values: Mapping[str, Any], cut: Callable[[str], str | None]) -> dict[str, Any]:
    formatted = {name: _format_bound(value, cut) for name, value in values.items()}
    return {name: value for name, value in formatted.items() if value is not None}


def _format_bound(value: Any, cut: Callable[[str], str | None]) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    return cut(value) if isinstance(value, str) else value


def _cut(text: str) -> str:
    return text[:_MAX_CHARACTERS]


def _cut_upper_bound(text: str) -> str | None:
    """An upper bound of the text; None if the next character is the last of Unicode, so that no short bound exists."""
    if len(text) <= _MAX_CHARACTERS:
        return text
    return None if text[_MAX_CHARACTERS] == _LAST_CHARACTER else text[:_MAX_CHARACTERS] + _LAST_CHARACTER
