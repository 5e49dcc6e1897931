"""The schemas of the lake's tables, and the rules by which a schema may change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from dazz_assets.lake.errors import CommitRefused, LakeError

WINDOW = "window_start"
FINGERPRINT = "fingerprint"
INPUTS = "inputs"

#: Columns of domain and quarantine tables that are the lake's own: no model may have a field of that name.
OWN_COLUMNS = frozenset({WINDOW, FINGERPRINT, INPUTS, "integration", "parser", "connection"})


def make_schema(fields: Iterable[pa.Field[Any]]) -> pa.Schema:
    """A schema of fields, of whichever types."""
    return pa.schema(list(fields))


_TIME = pa.timestamp("us", "UTC")

#: A raw table. Tables of snapshot streams have no `window_start`; files never hold it, their folder does.
RAW_SCHEMA = make_schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("cursor", pa.string()),
        pa.field("cursor_at", pa.int64()),
        pa.field(WINDOW, pa.date32()),
        pa.field("content_hash", pa.int64(), nullable=False),
        pa.field("sequence", pa.int64(), nullable=False),
        pa.field("fetched_at", _TIME, nullable=False),
        pa.field("page", pa.int64(), nullable=False),
        pa.field("position", pa.int64(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        pa.field("parent", pa.string()),
        pa.field("problem", pa.string()),
        pa.field("record", pa.string(), nullable=False),
    ]
)

#: Records that failed validation and objects that were published elsewhere, one row each, with the raw record's place.
QUARANTINE_SCHEMA = make_schema(
    [
        pa.field("stream", pa.string()),
        pa.field("key", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("model", pa.string()),
        pa.field("object_id", pa.string()),
        pa.field("url", pa.string()),
        pa.field("page", pa.int64()),
        pa.field("position", pa.int64()),
        pa.field("sequence", pa.int64()),
        pa.field("fetched_at", _TIME),
    ]
)

#: The marks of a sub-stream, one row a parent: the parent's key, the fields of its record that requests need (a JSON
#: object), the high-water mark in microseconds, and a fingerprint of the records that lie at it.
MARKS_SCHEMA = make_schema(
    [
        pa.field("parent", pa.string(), nullable=False),
        pa.field("fields", pa.string()),
        pa.field("mark", pa.int64()),
        pa.field("boundary", pa.int64()),
    ]
)

_SCALARS = (pa.string(), pa.bool_(), pa.int64(), pa.float64(), _TIME, pa.date32())
_ALLOWED = (
    "string, bool, int64, double, decimal of at most 38 digits, timestamp in microseconds UTC, date, list, "
    "and struct with fields"
)


def check_schema(schema: pa.Schema, table: str) -> pa.Schema:
    """The schema with every field nullable, so that a field may become optional later without a new table.

    Raises LakeError for a type that not every reader agrees on, and for two columns that differ in case only.
    """
    seen: dict[str, str] = {}
    for name in schema.names:
        if (other := seen.setdefault(name.lower(), name)) != name or schema.names.count(name) > 1:
            raise LakeError(
                f"Columns {other!r} and {name!r} of table {table} are one for readers that ignore case: rename one."
            )
    return make_schema([_nullable(field, table, field.name) for field in schema])


def domain_schema(model: pa.Schema, table: str) -> pa.Schema:
    """A domain table's whole schema: the constants of a window first, then `window_start`, then the model's columns."""
    if taken := sorted(OWN_COLUMNS.intersection(name.lower() for name in model.names)):
        raise LakeError(f"Table {table} has columns that are the lake's own ({', '.join(taken)}): rename those fields.")
    own: list[pa.Field[Any]] = [
        pa.field(FINGERPRINT, pa.string()),
        pa.field(INPUTS, pa.string()),
        pa.field(WINDOW, pa.date32()),
    ]
    return make_schema([*own, *check_schema(model, table)])


def added_columns(stored: pa.Schema, wanted: pa.Schema, table: str) -> list[pa.Field[Any]]:
    """Columns of `wanted` that the table lacks, whole or in part (a struct that gained fields).

    Raises CommitRefused where a column has another type, and where `wanted` lacks a column that must not be null.
    """
    added: list[pa.Field[Any]] = []
    for field in wanted:
        index = stored.get_field_index(field.name)
        if index < 0:
            added.append(field.with_nullable(True))
        elif _gains(stored.field(index).type, field.type, field.name, table):
            added.append(field)
    for field in stored:
        if not field.nullable and field.name not in wanted.names:
            raise CommitRefused(f"Column {field.name!r} of {table} must not be null, and the new files don't have it.")
    return added


def merge_schemas(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """All columns of several schemas, with all fields of their structs; where types differ, the first one's."""
    fields: dict[str, pa.DataType] = {}
    for schema in schemas:
        for field in schema:
            fields[field.name] = _merged(fields[field.name], field.type) if field.name in fields else field.type
    return make_schema(pa.field(name, kind) for name, kind in fields.items())


def _merged(first: pa.DataType, second: pa.DataType) -> pa.DataType:
    if isinstance(first, pa.StructType) and isinstance(second, pa.StructType):
        return pa.struct(list(merge_schemas([pa.schema(_fields(first)), pa.schema(_fields(second))])))
    if isinstance(first, pa.ListType) and isinstance(second, pa.ListType):
        return pa.list_(pa.field("element", _merged(first.value_type, second.value_type)))
    return first


def _gains(stored: pa.DataType, wanted: pa.DataType, column: str, table: str) -> bool:
    if isinstance(stored, pa.StructType) and isinstance(wanted, pa.StructType):
        known = {field.name: field.type for field in _fields(stored)}
        gains = [
            field.name not in known or _gains(known[field.name], field.type, f"{column}.{field.name}", table)
            for field in _fields(wanted)
        ]
        return any(gains)
    if isinstance(stored, pa.ListType) and isinstance(wanted, pa.ListType):
        return _gains(stored.value_type, wanted.value_type, f"{column}[]", table)
    if stored != wanted:
        raise CommitRefused(
            f"Column {column!r} of {table} is {stored} in the lake and {wanted} now. A column keeps its type: "
            "give the changed field another name, or remove the table's folder and parse again from raw."
        )
    return False


def _fields(struct: pa.StructType) -> Iterable[pa.Field[Any]]:
    return [struct.field(i) for i in range(struct.num_fields)]


def _nullable(field: pa.Field[Any], table: str, path: str) -> pa.Field[Any]:
    return pa.field(field.name, _checked(field.type, table, path))


def _checked(kind: pa.DataType, table: str, path: str) -> pa.DataType:
    if kind in _SCALARS or (isinstance(kind, pa.Decimal128Type) and 0 <= kind.scale <= kind.precision):
        return kind
    if isinstance(kind, pa.ListType):
        return pa.list_(pa.field("element", _checked(kind.value_type, table, f"{path}[]")))
    if isinstance(kind, pa.StructType) and kind.num_fields:
        return pa.struct([_nullable(field, table, f"{path}.{field.name}") for field in _fields(kind)])
    raise LakeError(f"Column {path!r} of table {table} is {kind}; the lake's types are {_ALLOWED}.")
