"""Single fields of many records, read without building the records."""

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec

from dazz_assets.http.json_slices import split_path

Buffer = bytes | memoryview | msgspec.Raw

_NONE = b"null"


class FieldReader:
    """Reads the fields at some paths of each record, as text.

    A string gives its text; a number, true and false give a `Literal`, the text as sent; a field that is missing or
    null, a list or an object gives None.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = tuple(split_path(path) for path in paths)
        self._fast: msgspec.json.Decoder[Any] | None = None
        # msgspec takes no field whose name holds a quote, a backslash or a control character.
        with suppress(ValueError):
            self._fast = msgspec.json.Decoder(list[_shape(self._paths, str)])  # type: ignore[misc]
            self._exact = msgspec.json.Decoder(_shape(self._paths, msgspec.Raw))

    def read(self, records: Sequence[Buffer]) -> list[tuple[str | None, ...]]:
        """One tuple a record, with one text a path."""
        if self._fast is None:
            return [self._slowly(bytes(record)) for record in records]
        try:
            rows = self._fast.decode(b"[" + b",".join(records) + b"]")
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return [self._one(record) for record in records]
        return [tuple(_at(row, path) for path in self._paths) for row in rows]

    def _one(self, record: Buffer) -> tuple[str | None, ...]:
        try:
            row = self._exact.decode(record)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._slowly(bytes(record))
        return tuple(_text(_at(row, path)) for path in self._paths)

    def _slowly(self, record: bytes) -> tuple[str | None, ...]:
        # What msgspec refuses and JSON allows, as an escaped lone surrogate, or a record that is no object.
        value = json.loads(record, parse_int=Literal, parse_float=Literal)
        return tuple(_scalar(_in(value, path)) for path in self._paths)


class Literal(str):
    """The text of a number, true or false, as sent: what a string would be in quotes."""

    __slots__ = ()


@lru_cache(maxsize=1000)
def _shape(paths: tuple[tuple[str, ...], ...], leaf: type) -> Any:
    """A msgspec struct type with nothing but the fields on the way to the leaves."""
    fields: list[tuple[str, Any, Any]] = []
    names: dict[str, str] = {}
    for number, first in enumerate(dict.fromkeys(path[0] for path in paths)):
        below = tuple(path[1:] for path in paths if path[0] == first)
        kind = leaf if () in below else _shape(below, leaf)
        name = f"f{number}"
        names[name] = first
        fields.append((name, kind, msgspec.Raw(_NONE)) if kind is msgspec.Raw else (name, kind | None, None))
    return msgspec.defstruct("Fields", fields, rename=names, namespace={"__names__": {v: k for k, v in names.items()}})


def _at(row: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if row is None:
            return None
        row = getattr(row, type(row).__names__[part])
    return row


def _text(raw: msgspec.Raw | None) -> str | None:
    if raw is None:
        return None
    text = bytes(raw)
    if text[:1] in b"{[" or text == _NONE:
        return None
    return msgspec.json.decode(text, type=str) if text[:1] == b'"' else Literal(text.decode())


def _in(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _scalar(value: Any) -> str | None:
    if isinstance(value, bool):
        return Literal("true" if value else "false")
    if isinstance(value, Literal):
        return value
    # A lone surrogate can't be stored as text: its escape stands for it.
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else None
