"""The Arrow schema of a domain model, and record batches of its objects."""

import datetime
import enum
import types
import typing
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa
from pydantic import AnyUrl, AwareDatetime, BaseModel

from dazz_assets.domain import DomainObject
from dazz_assets.errors import DefinitionError
from dazz_assets.lake import LakeError, check_schema

_TIME = pa.timestamp("us", "UTC")
# 20 digits before the point and 18 after it: enough for scores and for amounts in any currency.
_DECIMAL = pa.decimal128(38, 18)
# The order matters: in Python bool is a subclass of int, and datetime of date.
_SCALARS: tuple[tuple[type, pa.DataType], ...] = (
    (bool, pa.bool_()),
    (int, pa.int64()),
    (float, pa.float64()),
    (str, pa.string()),
    (Decimal, _DECIMAL),
    (datetime.datetime, _TIME),
    (AwareDatetime, _TIME),
    (datetime.date, pa.date32()),
    (uuid.UUID, pa.string()),
    (AnyUrl, pa.string()),
)


@cache
def object_schema(model: type[DomainObject]) -> pa.Schema:
    """The columns that a model adds to its table.

    Raises DefinitionError for a field with a type that a table can't store.
    """
    schema = pa.schema(
        [pa.field(name, _field_type(model, name, info.annotation)) for name, info in model.model_fields.items()]
    )
    try:
        return check_schema(schema, model.table_name())
    except LakeError as error:
        raise DefinitionError(f"{model.__name__}: {error}") from None


def make_batch(objects: Sequence[DomainObject], model: type[DomainObject]) -> pa.RecordBatch:
    """A record batch of objects of one model.

    Raises ValueError, naming object and field, for a value that doesn't fit its column.
    """
    rows = [_to_plain_value(item.model_dump()) for item in objects]
    try:
        return pa.RecordBatch.from_pylist(rows, schema=object_schema(model))
    except (pa.ArrowException, OverflowError, UnicodeError, TypeError, ValueError):
        raise ValueError(_describe_misfit(rows, model)) from None


def _describe_misfit(rows: Sequence[Mapping[str, Any]], model: type[DomainObject]) -> str:
    for row in rows:
        for field in object_schema(model):
            try:
                pa.array([row[field.name]], field.type)
            except (pa.ArrowException, OverflowError, UnicodeError, TypeError, ValueError) as error:
                return f"{model.__name__} {row['id']!r}: field {field.name} can't be stored as {field.type}: {error}"
    return f"{model.__name__}: the objects can't be stored"


def _field_type(model: type[BaseModel], name: str, annotation: Any) -> pa.DataType:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _field_type(model, name, arguments[0])
    if origin in (typing.Union, types.UnionType):
        options = {_field_type(model, name, item) for item in arguments if item is not type(None)}
        if len(options) == 1:
            return options.pop()
    elif origin is typing.Literal:
        options = {_field_type(model, name, type(value)) for value in arguments}
        if len(options) == 1:
            return options.pop()
    elif origin in (list, tuple, set, frozenset, Sequence) and arguments:
        return pa.list_(_field_type(model, name, arguments[0]))
    elif isinstance(annotation, type) and (found := _class_type(annotation)) is not None:
        return found
    raise DefinitionError(
        f"{model.__name__}.{name} is {_format_type(annotation)}, which a table can't store; use str, bool, int, float, "
        "Decimal, datetime, date, a list of one of these, or another model"
    )


def _class_type(class_: type) -> pa.DataType | None:
    if issubclass(class_, BaseModel):
        fields = [
            pa.field(name, _field_type(class_, name, info.annotation)) for name, info in class_.model_fields.items()
        ]
        return pa.struct(fields) if fields else None
    if issubclass(class_, enum.Enum):
        kinds = {_class_type(type(member.value)) for member in class_}
        return kinds.pop() if len(kinds) == 1 else None
    return next((arrow for known, arrow in _SCALARS if issubclass(class_, known)), None)


def _to_plain_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _to_plain_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_to_plain_value(item) for item in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, uuid.UUID | AnyUrl):
        return str(value)
    return value


def _format_type(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
