"""Reads records as a stream's model: a pydantic model or a `msgspec.Struct`.

What a pydantic model reads is picked out of the records first, so that the rest is neither parsed nor built.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import UNSET, Raw, UnsetType
from numpy.typing import NDArray
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from dazz_assets.declare.lenient import LOST_PARTS, keep_item, keep_list, keep_valid
from dazz_assets.declare.stream import RecordModel
from dazz_assets.lake.files import column_bytes

Schema = Mapping[str, Any]
_Projection = Callable[["pa.Array[Any]"], bytes | None]

# They look at no more than what they wrap. What is of another shape ends the projection, and the record is read whole.
_LENIENT = (keep_valid, keep_list, keep_item)
# A model that reads more than this share of a record's bytes is not worth projecting for.
_WORTHWHILE = 0.6
# pydantic's JSON parser refuses deeper nesting than 200 and longer whole numbers than 4,300 digits, read or not.
_SAFE_DEPTH = 190
_SAFE_LENGTH = 4_000
# A run of 4,301 digits covers four in a row of every thousandth byte.
_LONG_NUMBER = re.compile(rb"[0-9]{4}")
# The bit that makes `{` of `[`, and `}` of `]`.
_CURLY = 0x20

_ERROR = re.compile(r"(?P<text>.*?)(?: - at (?:`key` in )?`\$(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\[(\d+|\.\.\.)\]|\.?([^.\[]+)")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_QUOTED_VALUE = re.compile(r"(Invalid (?:enum )?value) .*", re.DOTALL)


class InvalidRecordError(Exception):
    """A record is not one of the model. problems: where and why, as pydantic describes them."""

    def __init__(self, problems: Sequence[ErrorDetails]) -> None:
        super().__init__()
        self.problems = problems


class RecordReader(Protocol):
    """Reads records as one model."""

    def read(self, record: bytes, lost: list[ErrorDetails] | None = None) -> RecordModel:
        """A record as the model. lost: takes what is left out of lenient fields. Raises InvalidRecordError."""
        ...

    def read_all(self, records: pa.Array[Any]) -> Sequence[RecordModel] | None:
        """Records as the model, each as `read` gives it; None if they must be read one by one, as some is invalid, or
        has a part that is left out.

        records: an Arrow array of texts, none of them null.
        """
        ...


def make_reader(model: type[RecordModel]) -> RecordReader:
    """A reader of a model."""
    return _PydanticReader(model) if issubclass(model, BaseModel) else _StructReader(model)


class _PydanticReader:
    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model
        self._project, self._list = _read_model(model)

    def read(self, record: bytes, lost: list[ErrorDetails] | None = None) -> BaseModel:
        try:
            return self._model.model_validate_json(record, context={LOST_PARTS: lost})
        except ValidationError as error:
            raise InvalidRecordError(error.errors(include_url=False, include_context=False)) from None

    def read_all(self, records: pa.Array[Any]) -> Sequence[BaseModel] | None:
        lost: list[ErrorDetails] = []
        try:
            found = self._list.validate_json(self._select(records), context={LOST_PARTS: lost})
        except ValidationError:
            return None
        return found if len(found) == len(records) and not lost else None

    def _select(self, records: pa.Array[Any]) -> bytes:
        """A JSON list of what the model reads of the records, or of all of them."""
        if self._project is None or (selected := self._project(records)) is None:
            return b"[" + b",".join(column_bytes(records)) + b"]"
        if len(selected) > _WORTHWHILE * len(joined_text(records)[0]):
            self._project = None
        return selected


@cache
def _read_model(model: type[BaseModel]) -> tuple[_Projection | None, TypeAdapter[list[BaseModel]]]:
    """What reads many records as a model. To make it takes longer than to read the records of most windows."""
    return make_projection(model), TypeAdapter(list[model])  # type: ignore[valid-type]


class _StructReader:
    def __init__(self, model: type[msgspec.Struct]) -> None:
        self._decoder = msgspec.json.Decoder(model)

    def read(self, record: bytes, lost: list[ErrorDetails] | None = None) -> msgspec.Struct:
        try:
            return self._decoder.decode(record)
        except (ValueError, RecursionError) as error:
            raise InvalidRecordError([_describe(error, record)]) from None

    def read_all(self, records: pa.Array[Any]) -> Sequence[msgspec.Struct] | None:
        try:
            # Where an object ends is clear also if the next one follows at once.
            found = self._decoder.decode_lines(joined_text(records)[0])
        except (ValueError, RecursionError):
            return None
        return found if len(found) == len(records) else None


def _describe(error: Exception, record: bytes) -> ErrorDetails:
    """What msgspec says of a record, as pydantic would: its first problem, without the value."""
    found = _ERROR.fullmatch(str(error))
    text, path = (found["text"], found["path"]) if found else (str(error), None)
    steps = list(_read_steps(path or ""))
    if missing := _MISSING.fullmatch(text):
        return ErrorDetails(type="missing", loc=(*steps, missing[1]), msg="Field required", input=None)
    message = _QUOTED_VALUE.sub(r"\1", text)
    return ErrorDetails(type="invalid", loc=tuple(steps), msg=message, input=_find_value(record, steps))


def _read_steps(path: str) -> Iterator[str | int]:
    """The names and indexes in a path of msgspec's, `.items[0].tags[...]`; `*` for any member of a mapping."""
    for index, name in _STEP.findall(path):
        yield name or ("*" if index == "..." else int(index))


def _find_value(record: bytes, steps: Sequence[str | int]) -> Any:
    """The value at a path, or the last one on the way to it; the text of a record that is no JSON."""
    try:
        value: Any = msgspec.json.decode(record)
    except (ValueError, RecursionError):
        return record.decode("utf-8", "replace")
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
    return value


def make_projection(model: type[BaseModel]) -> _Projection | None:
    """A function that gives a JSON list of what a model reads of each record, to the byte; None of a whole model.

    The function returns None if the records must be read whole. A model is read whole if it may look at more than the
    fields it declares: it allows or forbids others, or has a validator that runs before them.
    """
    skeleton = _Skeletons().make(TypeAdapter(model).core_schema)
    if skeleton is Raw:
        return None
    decode, encode = msgspec.json.Decoder(skeleton).decode_lines, msgspec.json.Encoder().encode

    def project(records: pa.Array[Any]) -> bytes | None:
        text, ends = joined_text(records)
        whole = bytes(text)
        try:
            if not whole.isascii():
                whole.decode()
            return None if _may_exceed_limits(whole, ends) else encode(decode(whole))
        except (ValueError, RecursionError):
            return None

    return project


def joined_text(records: pa.Array[Any]) -> tuple[memoryview, NDArray[np.int32]]:
    """The text of all records, one after another and not copied, and where in it each of them ends."""
    _, offsets, text = (memoryview(buffer or b"") for buffer in records.buffers())
    ends = np.frombuffer(offsets, np.int32)[records.offset : records.offset + len(records) + 1]
    return text[ends[0] : ends[-1]], ends[1:] - ends[0]


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


def _may_exceed_limits(text: bytes, ends: NDArray[np.int32]) -> bool:
    """Whether pydantic's parser may refuse a record for a limit of its own, also in a part that no field reads."""
    opening = np.flatnonzero((np.frombuffer(text, np.uint8) | _CURLY) == ord("{"))
    counts = np.diff(np.searchsorted(opening, ends), prepend=0)
    lengths = np.diff(ends, prepend=0)

    def suspects(numbers: NDArray[np.int32], limit: int) -> Iterator[bytes]:
        for number in np.flatnonzero(numbers > limit).tolist():
            yield text[ends[number] - lengths[number] : ends[number]]

    return any(_depth(record) > _SAFE_DEPTH for record in suspects(counts, _SAFE_DEPTH)) or any(
        _LONG_NUMBER.search(record[::1000]) for record in suspects(lengths, _SAFE_LENGTH)
    )


def _depth(record: bytes) -> int:
    """How deeply the values of a record are nested."""
    outside_texts = b"".join(re.sub(rb"\\.", b"", record).split(b'"')[::2])
    signs = np.frombuffer(outside_texts, np.uint8) | _CURLY
    steps = (signs == ord("{")).astype(np.int32) - (signs == ord("}"))
    return int(steps.cumsum().max(initial=0))
