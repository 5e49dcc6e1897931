"""Reads records as a stream's model: a pydantic model or a `msgspec.Struct`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import msgspec
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from dazz_assets.declare.lenient import LOST_PARTS
from dazz_assets.declare.stream import RecordModel
from dazz_assets.transform.projection import join_records, make_projection

# A model that reads more than this share of a record's bytes is not worth projecting for.
_WORTHWHILE = 0.6
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

    def read_all(self, records: Sequence[bytes]) -> Sequence[RecordModel] | None:
        """Records as the model, each as `read` gives it; None if they must be read one by one, as some is invalid, or
        has a part that is left out."""
        ...


def make_reader(model: type[RecordModel]) -> RecordReader:
    """A reader of a model."""
    return _PydanticReader(model) if issubclass(model, BaseModel) else _StructReader(model)


class _PydanticReader:
    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model
        self._project = make_projection(model)
        self._list: TypeAdapter[list[BaseModel]] = TypeAdapter(list[model])  # type: ignore[valid-type]

    def read(self, record: bytes, lost: list[ErrorDetails] | None = None) -> BaseModel:
        try:
            return self._model.model_validate_json(record, context={LOST_PARTS: lost})
        except ValidationError as error:
            raise InvalidRecordError(error.errors(include_url=False, include_context=False)) from None

    def read_all(self, records: Sequence[bytes]) -> Sequence[BaseModel] | None:
        lost: list[ErrorDetails] = []
        try:
            found = self._list.validate_json(self._select(records), context={LOST_PARTS: lost})
        except ValidationError:
            return None
        return found if len(found) == len(records) and not lost else None

    def _select(self, records: Sequence[bytes]) -> bytes:
        """What the model reads of the records, or all of them."""
        if self._project is None or (selected := self._project(records)) is None:
            return join_records(records)
        if len(selected) > _WORTHWHILE * sum(map(len, records)):
            self._project = None
        return selected


class _StructReader:
    def __init__(self, model: type[msgspec.Struct]) -> None:
        self._decoder = msgspec.json.Decoder(model)
        self._list = msgspec.json.Decoder(list[model])  # type: ignore[valid-type]

    def read(self, record: bytes, lost: list[ErrorDetails] | None = None) -> msgspec.Struct:
        try:
            return self._decoder.decode(record)
        except (ValueError, RecursionError) as error:
            raise InvalidRecordError([_describe(error, record)]) from None

    def read_all(self, records: Sequence[bytes]) -> Sequence[msgspec.Struct] | None:
        try:
            found = self._list.decode(join_records(records))
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
