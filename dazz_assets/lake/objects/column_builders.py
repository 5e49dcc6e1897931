"""Functions, made once a model, that make Arrow columns of a model's objects without a dict for each of them."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any

import pyarrow as pa
from pydantic import AnyUrl, BaseModel, TypeAdapter

ColumnBuilder = Callable[[Sequence[Any]], "pa.Array[Any]"]
ColumnsBuilder = Callable[[Sequence[Any]], "list[pa.Array[Any]]"]

# What in a schema of pydantic's makes the dump of an object differ from its attributes.
_CHANGES_OF_DUMPS = frozenset({"serialization", "serialization_exclude", "serialize_by_alias", "root_model"})


def columns_builder(fields: Iterable[pa.Field[Any]]) -> ColumnsBuilder:
    """Makes an array for each field of objects that have the fields as attributes in their `__dict__`, or are None.

    It raises what `pa.array` raises, KeyError or AttributeError if the objects are not so, or a value doesn't fit.
    """
    columns = [(itemgetter(field.name), _builder(field.type)) for field in fields]
    nothing = {field.name: None for field in fields}

    def build(objects: Sequence[Any]) -> list[pa.Array[Any]]:
        rows = [nothing if item is None else item.__dict__ for item in objects]
        return [build_column(list(map(read, rows))) for read, build_column in columns]

    return build


def is_dumped_plainly(model: type[BaseModel]) -> bool:
    """Whether the dump of a model's objects has their attributes' values under their names, all of them."""
    return model.model_dump is BaseModel.model_dump and not _changes_dumps(TypeAdapter(model).core_schema)


def to_plain_value(value: Any) -> Any:
    """A value of a dump as Arrow takes it."""
    if isinstance(value, dict):
        return {name: to_plain_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain_value(item) for item in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, uuid.UUID | AnyUrl):
        return str(value)
    return value


def _builder(kind: pa.DataType) -> ColumnBuilder:
    if isinstance(kind, pa.StructType):
        fields = [kind.field(number) for number in range(kind.num_fields)]
        return partial(_build_structs, fields, columns_builder(fields))
    if isinstance(kind, pa.ListType) and _holds_structs(kind):
        return partial(_build_lists, kind, _builder(kind.value_type))
    return partial(_build_plain, kind)


def _holds_structs(kind: pa.DataType) -> bool:
    return _holds_structs(kind.value_type) if isinstance(kind, pa.ListType) else isinstance(kind, pa.StructType)


def _build_structs(fields: list[pa.Field[Any]], build: ColumnsBuilder, objects: Sequence[Any]) -> pa.Array[Any]:
    is_null = [item is None for item in objects]
    return pa.StructArray.from_arrays(build(objects), fields=fields, mask=pa.array(is_null) if any(is_null) else None)


def _build_lists(kind: pa.ListType[Any], build_items: ColumnBuilder, lists: Sequence[Any]) -> pa.Array[Any]:
    offsets: list[int | None] = [0] * (len(lists) + 1)
    end = 0
    for number, items in enumerate(lists):
        offsets[number] = None if items is None else end
        end += 0 if items is None else len(items)
    offsets[-1] = end
    items = build_items(list(chain.from_iterable(filter(None, lists))))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items, type=kind)


def _build_plain(kind: pa.DataType, values: Sequence[Any]) -> pa.Array[Any]:
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, TypeError):
        return pa.array([to_plain_value(value) for value in values], kind)


def _changes_dumps(schema: object) -> bool:
    if isinstance(schema, dict):
        return any(schema.get(name) for name in _CHANGES_OF_DUMPS) or any(
            _changes_dumps(value) for name, value in schema.items() if name != "metadata"
        )
    return isinstance(schema, list | tuple) and any(map(_changes_dumps, schema))
