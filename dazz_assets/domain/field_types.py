"""The types that fields of domain models may have: those that a table can store."""

from __future__ import annotations

import datetime
import enum
import types
import typing
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import AnyUrl, AwareDatetime, BaseModel

from dazz_assets.errors import DefinitionError


@dataclass(frozen=True, slots=True)
class ListType:
    """A list of items of one type."""

    item: FieldType


@dataclass(frozen=True, slots=True)
class StructType:
    """A model inside of another, by its fields."""

    fields: tuple[tuple[str, FieldType], ...]


# Of scalars, the type that is stored.
FieldType = type | ListType | StructType

# The order matters: in Python bool is a subclass of int, and datetime of date.
_SCALARS: tuple[tuple[type, type], ...] = (
    (bool, bool),
    (int, int),
    (float, float),
    (str, str),
    (Decimal, Decimal),
    (datetime.datetime, datetime.datetime),
    (AwareDatetime, datetime.datetime),
    (datetime.date, datetime.date),
    (uuid.UUID, str),
    (AnyUrl, str),
)


def read_field_types(model: type[BaseModel], above: tuple[type, ...] = ()) -> dict[str, FieldType]:
    """The types of a model's fields, by name. above: the models that it is inside of.

    Raises DefinitionError for a field with a type that a table can't store.
    """
    return {
        name: _read_field_type(model, name, info.annotation, (*above, model))
        for name, info in model.model_fields.items()
    }


def _read_field_type(model: type[BaseModel], name: str, annotation: Any, above: tuple[type, ...]) -> FieldType:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _read_field_type(model, name, arguments[0], above)
    if origin in (typing.Union, types.UnionType):
        options = {_read_field_type(model, name, item, above) for item in arguments if item is not type(None)}
        if len(options) == 1:
            return options.pop()
    elif origin is typing.Literal:
        options = {_read_field_type(model, name, type(value), above) for value in arguments}
        if len(options) == 1:
            return options.pop()
    elif origin in (list, tuple, set, frozenset, Sequence) and arguments:
        return ListType(_read_field_type(model, name, arguments[0], above))
    elif isinstance(annotation, type) and (found := _read_class_type(annotation, above)) is not None:
        return found
    raise DefinitionError(
        f"{model.__name__}.{name} is {_format_type(annotation)}, which a table can't store; use str, bool, int, float, "
        "Decimal, datetime, date, a list of one of these, or another model"
    )


def _read_class_type(class_: type, above: tuple[type, ...]) -> FieldType | None:
    if issubclass(class_, BaseModel):
        # A table's columns have an end; those of a model inside of itself have none.
        fields = {} if class_ in above else read_field_types(class_, above)
        return StructType(tuple(fields.items())) if fields else None
    if issubclass(class_, enum.Enum):
        kinds = {_read_class_type(type(member.value), above) for member in class_}
        return kinds.pop() if len(kinds) == 1 else None
    return next((stored for known, stored in _SCALARS if issubclass(class_, known)), None)


def _format_type(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
