"""Reads single fields of many records without building the records as Python objects."""

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec

from dazz_assets.field_paths import split_path

Buffer = bytes | memoryview | msgspec.Raw

_NONE = b"null"


class FieldReader:
    """Reads the fields at given paths of each record, as texts.

    A string gives its text; a number, true and false give a `LiteralText` with the text as sent; a list, an object,
    null and a missing field give None.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = tuple(split_path(path) for path in paths)
        self._fast: msgspec.json.Decoder[Any] | None = None
        # msgspec rejects field names with a quote, a backslash or a control character.
        with suppress(ValueError):
            self._fast = msgspec.json.Decoder(list[_build_struct(self._paths, str | int)])  # type: ignore[misc]
            self._exact = msgspec.json.Decoder(_build_struct(self._paths, msgspec.Raw))

    def read_columns(self, records: Sequence[Buffer], text: Buffer | None = None) -> list[list[str | None]]:
        """One column per path, with one text per record. text: what the records are in a list, if that is at hand."""
        if self._fast is not None:
            with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                joined = b"".join((b"[", b",".join(records) if text is None else text, b"]"))
                rows = self._fast.decode(joined)
                columns = [_get_column(rows, path) for path in self._paths]
                if b"-0" not in joined or not any(0 in column for column in columns):  # It may have been sent as -0.
                    return [_as_texts(column) for column in columns]
        read_one = self._read_with_json if self._fast is None else self._read_one
        found = [read_one(record) for record in records]
        return [[values[place] for values in found] for place in range(len(self._paths))]

    def read(self, records: Sequence[Buffer]) -> list[tuple[str | None, ...]]:
        """One tuple per record, with one text per path."""
        return list(zip(*self.read_columns(records), strict=True))

    def _read_one(self, record: Buffer) -> tuple[str | None, ...]:
        try:
            row = self._exact.decode(record)
        except RecursionError:  # It is nested too deeply for anybody to read it.
            return (None,) * len(self._paths)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._read_with_json(record)
        return tuple(_raw_to_text(_get_field(row, path)) for path in self._paths)

    def _read_with_json(self, record: Buffer) -> tuple[str | None, ...]:
        # For records that JSON allows and msgspec rejects: with an escaped lone surrogate, or not an object.
        value = json.loads(bytes(record), parse_int=LiteralText, parse_float=LiteralText)
        return tuple(_scalar_to_text(_get_member(value, path)) for path in self._paths)


class LiteralText(str):
    """The text of a number, true or false, as sent. A `str` and not a `LiteralText` was in quotes."""

    __slots__ = ()


@lru_cache(maxsize=1000)
def _build_struct(paths: tuple[tuple[str, ...], ...], leaf: Any) -> Any:
    """A msgspec struct type with only the fields that lead to the paths' leaves."""
    fields: list[tuple[str, Any, Any]] = []
    names: dict[str, str] = {}
    for number, first in enumerate(dict.fromkeys(path[0] for path in paths)):
        below = tuple(path[1:] for path in paths if path[0] == first)
        kind = leaf if () in below else _build_struct(below, leaf)
        name = f"f{number}"
        names[name] = first
        fields.append((name, kind, msgspec.Raw(_NONE)) if kind is msgspec.Raw else (name, kind | None, None))
    return msgspec.defstruct("Fields", fields, rename=names, namespace={"__names__": {v: k for k, v in names.items()}})


def _get_field(row: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if row is None:
            return None
        row = getattr(row, type(row).__names__[part])
    return row


def _get_column(rows: Sequence[Any], path: tuple[str, ...]) -> list[Any]:
    """The values at a path of rows of one type."""
    for part in path:
        kind = next((type(row) for row in rows if row is not None), None)
        if kind is None:
            break
        get = attrgetter(kind.__names__[part])
        rows = [None if row is None else get(row) for row in rows] if None in rows else list(map(get, rows))
    return list(rows)


def _as_texts(column: list[Any]) -> list[str | None]:
    """Values as they were sent: integers have one form in JSON, but for 0."""
    if int not in set(map(type, column)):
        return column
    return [LiteralText(value) if type(value) is int else value for value in column]


def _raw_to_text(raw: msgspec.Raw | None) -> str | None:
    if raw is None:
        return None
    text = bytes(raw)
    if text[:1] in b"{[" or text == _NONE:
        return None
    return msgspec.json.decode(text, type=str) if text[:1] == b'"' else LiteralText(text.decode())


def _get_member(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if isinstance(value, list):
            index = int(part) if part.removeprefix("-").isdecimal() else len(value)
            value = value[index] if -len(value) <= index < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def _scalar_to_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return LiteralText("true" if value else "false")
    if isinstance(value, LiteralText):
        return value
    return storable_text(value) if isinstance(value, str) else None


def storable_text(text: str) -> str:
    """A text with the escapes of lone surrogates, which JSON allows and UTF-8 doesn't."""
    return text.encode("utf-8", "backslashreplace").decode()
