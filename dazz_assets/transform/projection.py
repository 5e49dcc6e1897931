"""Picks what a pydantic model reads out of records, so that the rest of them is neither parsed nor built."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET, Raw, UnsetType
from pydantic import BaseModel, TypeAdapter

from dazz_assets.declare.lenient import keep_item, keep_list, keep_valid

Schema = Mapping[str, Any]

# They look at no more than what they wrap. What is of another shape ends the projection, and the record is read whole.
_LENIENT = (keep_valid, keep_list, keep_item)
# pydantic's JSON parser refuses deeper nesting than 200 and longer whole numbers than 4,300 digits, read or not.
_SAFE_DEPTH = 190
_SAFE_LENGTH = 4_000
# A run of 4,301 digits covers four in a row of every thousandth byte.
_LONG_NUMBER = re.compile(rb"[0-9]{4}")
# The bit that makes `{` of `[`, and `}` of `]`.
_CURLY = 0x20


def make_projection(model: type[BaseModel]) -> Callable[[Sequence[bytes]], bytes | None] | None:
    """A function that gives a JSON list of what a model reads of each record, to the byte; None of a whole model.

    The function returns None if the records must be read whole. A model is read whole if it may look at more than the
    fields it declares: it allows or forbids others, or has a validator that runs before them.
    """
    skeleton = _Skeletons().make(TypeAdapter(model).core_schema)
    if skeleton is Raw:
        return None
    decode, encode = msgspec.json.Decoder(_list_of(skeleton)).decode, msgspec.json.Encoder().encode

    def project(records: Sequence[bytes]) -> bytes | None:
        whole = join_records(records)
        try:
            if not whole.isascii():
                whole.decode()
            return None if _may_exceed_limits(whole, records) else encode(decode(whole))
        except (ValueError, RecursionError):
            return None

    return project


def join_records(records: Sequence[bytes]) -> bytes:
    """Records as one JSON list."""
    return b"[" + b",".join(records) + b"]"


class _Skeletons:
    """Makes types of msgspec that hold what a schema of pydantic's reads, as raw bytes at the leaves."""

    def __init__(self) -> None:
        self._definitions: dict[str, Schema] = {}

    def make(self, schema: Schema) -> Any:
        """The type for a value; `Raw` for one that is needed whole."""
        kind = schema["type"]
        if kind == "definitions":
            self._definitions |= {item["ref"]: item for item in schema["definitions"]}
            return self.make(schema["schema"])
        if kind == "definition-ref":
            # What is inside of itself is needed whole.
            found = self._definitions.pop(schema["schema_ref"], None)
            if found is None:
                return Raw
            skeleton = self.make(found)
            self._definitions[schema["schema_ref"]] = found
            return skeleton
        if kind in ("nullable", "default", "function-after"):
            return self.make(schema["schema"])
        if kind == "function-wrap" and schema["function"]["function"] in _LENIENT:
            return self.make(schema["schema"])
        if kind == "json-or-python":
            return self.make(schema["json_schema"])
        if kind == "list" and "items_schema" in schema:
            item = self.make(schema["items_schema"])
            return Raw if item is Raw else _list_of(item | None)
        return self._make_struct(schema) if kind == "model" else Raw

    def _make_struct(self, schema: Schema) -> Any:
        extra = schema.get("config", {}).get("extra_fields_behavior")
        if schema.get("custom_init") or schema.get("root_model") or extra not in (None, "ignore"):
            return Raw
        inner = schema["schema"]
        while inner["type"] == "function-after":
            inner = inner["schema"]
        if inner["type"] != "model-fields" or inner.get("extra_behavior", "ignore") != "ignore":
            return Raw
        members: dict[str, list[Any]] = defaultdict(list)
        for name, field in inner["fields"].items():
            for key, is_all in _read_keys(name, field.get("validation_alias", name)):
                members[key].append(self.make(field["schema"]) if is_all else Raw)
        fields = [
            # A member that several fields read is needed whole.
            (f"f{number}", _or_absent(kinds[0] if len(kinds) == 1 else Raw), msgspec.field(default=UNSET, name=key))
            for number, (key, kinds) in enumerate(members.items())
        ]
        return msgspec.defstruct("Skeleton", fields, gc=False)


def _list_of(kind: Any) -> Any:
    lists: Any = list
    return lists[kind]


def _or_absent(kind: Any) -> Any:
    return kind | UnsetType if kind is Raw else kind | UnsetType | None


def _read_keys(name: str, alias: Any) -> Iterator[tuple[str, bool]]:
    """The members that a field may be read from, and whether all of the member is the field's value.

    alias: a name, a path, or a list of paths. The field's own name is among them, as a setting may allow it.
    """
    choices = [[alias]] if isinstance(alias, str) else alias if isinstance(alias[0], list) else [alias]
    yield from {path[0]: len(path) == 1 for path in [[name], *choices]}.items()


def _may_exceed_limits(whole: bytes, records: Sequence[bytes]) -> bool:
    """Whether pydantic's parser may refuse a record for a limit of its own, also in a part that no field reads.

    whole: the records, joined.
    """
    opening = np.flatnonzero((np.frombuffer(whole, np.uint8) | _CURLY) == ord("{"))
    lengths = np.fromiter(map(len, records), np.int64, len(records))
    counts = np.diff(np.searchsorted(opening, np.cumsum(lengths + 1)), prepend=0)
    if counts.max() > _SAFE_DEPTH and any(
        _depth(records[number]) > _SAFE_DEPTH for number in np.flatnonzero(counts > _SAFE_DEPTH).tolist()
    ):
        return True
    return lengths.max() > _SAFE_LENGTH and any(_LONG_NUMBER.search(record[::1000]) for record in records)


def _depth(record: bytes) -> int:
    """How deeply the values of a record are nested."""
    outside_texts = b"".join(re.sub(rb"\\.", b"", record).split(b'"')[::2])
    signs = np.frombuffer(outside_texts, np.uint8) | _CURLY
    steps = (signs == ord("{")).astype(np.int32) - (signs == ord("}"))
    return int(steps.cumsum().max(initial=0))
