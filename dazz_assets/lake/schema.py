"""The schemas of the lake's tables, and the rules by which a schema may change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from dazz_assets.lake.errors import CommitRefusedError, LakeError
from dazz_assets.names import OUR_COLUMNS

WINDOW = "window_start"
FINGERPRINT = "fingerprint"
INPUTS = "inputs"


def make_schema(fields: Iterable[pa.Field[Any]]) -> pa.Schema:
    """A schema of fields of any types."""
    return pa.schema(list(fields))


_TIME = pa.timestamp("us", "UTC")

#: Raw tables. Those of snapshot streams have no `window_start`. Files never hold it: it is in the name of their folder.
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

#: Quarantine: one row for each record that failed validation and each object that duplicates another, with the
#: request, page and position that the raw record came from. `looks_like`: the invalid values, masked.
QUARANTINE_SCHEMA = make_schema(
    [
        pa.field("stream", pa.string()),
        pa.field("key", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("looks_like", pa.string()),
        pa.field("model", pa.string()),
        pa.field("object_id", pa.string()),
        pa.field("url", pa.string()),
        pa.field("page", pa.int64()),
        pa.field("position", pa.int64()),
        pa.field("sequence", pa.int64()),
        pa.field("fetched_at", _TIME),
    ]
)

#: Marks of a sub-stream, one row per parent: the parent's key, the fields of its record that requests need (a JSON
#: object), the high-water mark in microseconds, a fingerprint of the boundary's records, and
#: where the last walk of a feed ended.
MARKS_SCHEMA = make_schema(
    [
        pa.field("parent", pa.string(), nullable=False),
        pa.field("fields", pa.string()),
        pa.field("mark", pa.int64()),
        pa.field("boundary", pa.int64()),
        pa.field("position", pa.string()),
        pa.field("covered", pa.int64()),
        pa.field("content", pa.int64()),
        pa.field("listed", pa.int64()),
        pa.field("reread_at", pa.int64()),
        pa.field("reread_to", pa.int64()),
    ]
)

#: Departures of a snapshot stream: the records that its list no longer has, each with its parent, and since when; null
#: while only lists said so that may not have been whole.
DEPARTURES_SCHEMA = make_schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("parent", pa.string()),
        pa.field("gone_since", _TIME),
    ]
)

_SCALARS = (pa.string(), pa.bool_(), pa.int64(), pa.float64(), _TIME, pa.date32())
_ALLOWED = (
    "string, bool, int64, double, decimal of at most 38 digits, timestamp in microseconds UTC, date, list, "
    "and struct with fields"
)


def check_schema(schema: pa.Schema, table: str) -> pa.Schema:
    """The schema with every field nullable, so that a field can become optional later without a new table.

    Raises LakeError for a type that not every reader supports, and for two columns that differ only in case.
    """
    seen: dict[str, str] = {}
    for name in schema.names:
        if (other := seen.setdefault(name.lower(), name)) != name or schema.names.count(name) > 1:
            raise LakeError(
                f"Columns {other!r} and {name!r} of table {table} are the same to readers that ignore case: rename one."
            )
    return make_schema([_make_nullable(field, table, field.name) for field in schema])


def domain_schema(model: pa.Schema, table: str) -> pa.Schema:
    """The full schema of a domain table: a window's constant columns, `window_start`, then the model's columns."""
    if taken := sorted(OUR_COLUMNS.intersection(name.lower() for name in model.names)):
        raise LakeError(f"Table {table} has columns that the lake adds ({', '.join(taken)}): rename those fields.")
    own: list[pa.Field[Any]] = [
        pa.field(FINGERPRINT, pa.string()),
        pa.field(INPUTS, pa.string()),
        pa.field(WINDOW, pa.date32()),
    ]
    return make_schema([*own, *check_schema(model, table)])


def added_columns(stored: pa.Schema, wanted: pa.Schema, table: str) -> list[pa.Field[Any]]:
    """Columns of `wanted` that the table lacks, and structs that gained fields.

    Raises CommitRefusedError if a column has another type, or if `wanted` lacks a column that must not be null.
    """
    added: list[pa.Field[Any]] = []
    for field in wanted:
        index = stored.get_field_index(field.name)
        if index < 0:
            added.append(field.with_nullable(True))
        elif _has_new_fields(stored.field(index).type, field.type, field.name, table):
            added.append(field)
    for field in stored:
        if not field.nullable and field.name not in wanted.names:
            raise CommitRefusedError(
                f"Column {field.name!r} of {table} must not be null, but the new files don't have it."
            )
    return added


def merge_schemas(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """All columns of several schemas, with all fields of their structs; where types differ, the first one wins."""
    fields: dict[str, pa.DataType] = {}
    for schema in schemas:
        for field in schema:
            fields[field.name] = _merge_types(fields[field.name], field.type) if field.name in fields else field.type
    return make_schema(pa.field(name, kind) for name, kind in fields.items())


def _merge_types(first: pa.DataType, second: pa.DataType) -> pa.DataType:
    if isinstance(first, pa.StructType) and isinstance(second, pa.StructType):
        return pa.struct(list(merge_schemas([pa.schema(_struct_fields(first)), pa.schema(_struct_fields(second))])))
    if isinstance(first, pa.ListType) and isinstance(second, pa.ListType):
        return pa.list_(pa.field("element", _merge_types(first.value_type, second.value_type)))
    return first


def _has_new_fields(stored: pa.DataType, wanted: pa.DataType, column: str, table: str) -> bool:
    """Whether a struct, at any depth, gained fields. Raises CommitRefusedError if a type changed otherwise."""
    if isinstance(stored, pa.StructType) and isinstance(wanted, pa.StructType):
        known = {field.name: field.type for field in _struct_fields(stored)}
        # A list: every field is checked, also after one that is new.
        gained = [
            field.name not in known or _has_new_fields(known[field.name], field.type, f"{column}.{field.name}", table)
            for field in _struct_fields(wanted)
        ]
        return any(gained)
    if isinstance(stored, pa.ListType) and isinstance(wanted, pa.ListType):
        return _has_new_fields(stored.value_type, wanted.value_type, f"{column}[]", table)
    if stored != wanted:
        raise CommitRefusedError(
            f"Column {column!r} of {table} is {stored} in the lake and {wanted} now. A column keeps its type: "
            "give the changed field another name, or remove the table's folder and parse again from raw."
        )
    return False


def _struct_fields(struct: pa.StructType) -> list[pa.Field[Any]]:
    return [struct.field(i) for i in range(struct.num_fields)]


def _make_nullable(field: pa.Field[Any], table: str, path: str) -> pa.Field[Any]:
    return pa.field(field.name, _check_type(field.type, table, path))


def _check_type(kind: pa.DataType, table: str, path: str) -> pa.DataType:
    """The type with all its fields nullable. Raises LakeError for one that the lake doesn't store."""
    if kind in _SCALARS or (isinstance(kind, pa.Decimal128Type) and 0 <= kind.scale <= kind.precision):
        return kind
    if isinstance(kind, pa.ListType):
        return pa.list_(pa.field("element", _check_type(kind.value_type, table, f"{path}[]")))
    if isinstance(kind, pa.StructType) and kind.num_fields:
        return pa.struct([_make_nullable(field, table, f"{path}.{field.name}") for field in _struct_fields(kind)])
    raise LakeError(f"Column {path!r} of table {table} is {kind}; the lake stores {_ALLOWED}.")
