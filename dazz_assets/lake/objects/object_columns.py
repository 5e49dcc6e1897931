"""The Arrow schema of a domain model, and record batches of its objects."""

import datetime
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dazz_assets.domain import DomainObject
from dazz_assets.domain.field_types import FieldType, ListType, StructType, read_field_types
from dazz_assets.errors import DefinitionError
from dazz_assets.lake import LakeError, check_schema
from dazz_assets.lake.objects.column_builders import ColumnsBuilder, columns_builder, is_dumped_plainly, to_plain_value

_TIME = pa.timestamp("us", "UTC")
# 20 digits before the point and 18 after it: enough for scores and for amounts in any currency.
_DECIMAL = pa.decimal128(38, 18)
# The first and the last time that Python can read, in microseconds. An Arrow scalar of a time would import pandas.
_EPOCH, _MICROSECOND = datetime.datetime(1970, 1, 1), datetime.timedelta(microseconds=1)
_FIRST_TIME = (datetime.datetime.min - _EPOCH) // _MICROSECOND
_LAST_TIME = (datetime.datetime.max - _EPOCH) // _MICROSECOND
_MISFITS = (pa.ArrowException, OverflowError, UnicodeError, TypeError, ValueError)
_SCALARS: Mapping[type, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    Decimal: _DECIMAL,
    datetime.datetime: _TIME,
    datetime.date: pa.date32(),
}


@cache
def object_schema(model: type[DomainObject]) -> pa.Schema:
    """The columns that a model adds to its table.

    Raises DefinitionError for a field with a type that a table can't store.
    """
    schema = pa.schema([pa.field(name, _arrow_type(stored)) for name, stored in read_field_types(model).items()])
    try:
        return check_schema(schema, model.table_name())
    except LakeError as error:
        raise DefinitionError(f"{model.__name__}: {error}") from None


def make_batch(objects: Sequence[DomainObject], model: type[DomainObject]) -> pa.RecordBatch:
    """A record batch of objects of one model.

    Raises ValueError, naming object and field, for a value that doesn't fit its column.
    """
    if (build := _find_builder(model)) is not None:
        # What a column doesn't take is said below; and only a dump makes some values plain.
        with suppress(*_MISFITS, KeyError, AttributeError):
            return _require_readable(pa.RecordBatch.from_arrays(build(objects), schema=object_schema(model)))
    rows = [to_plain_value(item.model_dump()) for item in objects]
    try:
        return _require_readable(pa.RecordBatch.from_pylist(rows, schema=object_schema(model)))
    except _MISFITS:
        raise ValueError(_describe_misfit(rows, model)) from None


@cache
def _find_builder(model: type[DomainObject]) -> ColumnsBuilder | None:
    """Makes columns of a model's objects; None if only their dumps say what is to be stored."""
    return columns_builder(object_schema(model)) if is_dumped_plainly(model) else None


def _describe_misfit(rows: Sequence[Mapping[str, Any]], model: type[DomainObject]) -> str:
    for row in rows:
        for field in object_schema(model):
            try:
                _require_readable(pa.RecordBatch.from_arrays([pa.array([row[field.name]], field.type)], [field.name]))
            except _MISFITS as error:
                return f"{model.__name__} {row['id']!r}: field {field.name} can't be stored as {field.type}: {error}"
    return f"{model.__name__}: the objects can't be stored"


def _require_readable(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch. Raises ValueError for a time that Arrow stores, but Python and others can't read."""
    if not all(map(_is_readable, batch.columns)):
        raise ValueError("in UTC, the time lies outside the years 1 to 9999")
    return batch


def _is_readable(values: "pa.Array[Any]") -> bool:
    if pa.types.is_timestamp(values.type):
        bounds = pc.min_max(values.cast(pa.int64()))
        lowest, highest = bounds["min"].as_py(), bounds["max"].as_py()
        return lowest is None or (lowest >= _FIRST_TIME and highest <= _LAST_TIME)
    if isinstance(values, pa.StructArray):
        return all(map(_is_readable, values.flatten()))
    return _is_readable(values.flatten()) if isinstance(values, pa.ListArray) else True


def _arrow_type(stored: FieldType) -> pa.DataType:
    if isinstance(stored, ListType):
        return pa.list_(_arrow_type(stored.item))
    if isinstance(stored, StructType):
        return pa.struct([pa.field(name, _arrow_type(each)) for name, each in stored.fields])
    return _SCALARS[stored]
