"""JSON values: decoding, kinds finer than JSON's own, and paths to values."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from dazz_assets.field_paths import join_path, split_path

Kind = Literal[
    "null",
    "boolean",
    "integer",
    "number",
    "time",
    "time without zone",
    "date",
    "uuid",
    "url",
    "email",
    "string",
    "list",
    "object",
]

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_URL = re.compile(r"https?://[^\s/]+\S*")
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>.]+(\.[^\s@<>.]+)+")
# Pydantic reads times in models, so a text is a time only if pydantic accepts it.
_TIME_ADAPTER = TypeAdapter(datetime)


def value_kind(value: Any) -> Kind:
    """The kind of a JSON value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return _text_kind(value)
        case list():
            return "list"
        case _:
            return "object"


def _text_kind(text: str) -> Kind:
    if _TIME.match(text) and (time := _parse_time(text)) is not None:
        return "time" if time.tzinfo else "time without zone"
    if _DATE.fullmatch(text):
        with suppress(ValueError):
            date.fromisoformat(text)
            return "date"
    if _UUID.fullmatch(text):
        return "uuid"
    if _URL.fullmatch(text):
        return "url"
    return "email" if _EMAIL.fullmatch(text) else "string"


def _parse_time(text: str) -> datetime | None:
    try:
        return _TIME_ADAPTER.validate_python(text)
    except ValidationError:
        return None


def is_id(text: str) -> bool:
    """Whether a text is a number, a UUID or a long hexadecimal number, rather than a chosen name."""
    return bool(text.isdecimal() or _UUID.fullmatch(text) or re.fullmatch(r"[0-9a-f]{12,}", text))


# Python refuses to parse integers of more than 4,300 digits; longer ones become 10**4000.
_MAX_DIGITS = 4_000


def decode_json(text: bytes | str) -> Any:
    """Decode a JSON text. Raises ValueError if it is not JSON, or is nested too deeply."""
    try:
        return json.loads(text, parse_int=_parse_integer)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def is_addressable(names: tuple[str, ...]) -> bool:
    """Whether a path can express these names; it can't if one is empty or ends in a backslash."""
    return split_path(join_path(names)) == names and all(map(is_encodable, names))


def is_encodable(name: str) -> bool:
    """Whether a name can be written as UTF-8; one with a lone surrogate can't."""
    return name.encode("utf-8", "ignore").decode() == name


def read_texts(records: Sequence[Any], names: Sequence[str]) -> list[str | None]:
    """The scalar at a path in each record, as text; None if it is missing, null, a list or an object."""
    return [_to_text(_read_value(record, names)) for record in records]


def list_scalar_paths(record: Any, names: tuple[str, ...] = (), depth: int = 0) -> Iterator[tuple[str, ...]]:
    """The path of each scalar in a record, as names, except inside lists and under ids."""
    if not isinstance(record, dict) or depth > 4:
        return
    for name, value in record.items():
        if is_id(name):
            continue
        if isinstance(value, dict):
            yield from list_scalar_paths(value, (*names, name), depth + 1)
        elif not isinstance(value, list) and is_addressable((*names, name)):
            yield *names, name


def split_words(name: str) -> tuple[str, ...]:
    """Split a name into words in lower case: `lastUpdatedAt` is last, updated, at; `HTTPServer` is http, server."""
    spaced = "".join(f" {letter}" if _starts_word(name, index) else letter for index, letter in enumerate(name))
    return tuple("".join(letter if letter.isalnum() else " " for letter in spaced).lower().split())


def _starts_word(name: str, index: int) -> bool:
    """Whether a capital letter starts a word: `S` in `lastSeen` and in `HTTPServer`."""
    if index == 0 or not name[index].isupper():
        return False
    return not name[index - 1].isupper() or name[index + 1 : index + 2].islower()


def _parse_integer(text: str) -> int:
    return int(text) if len(text) <= _MAX_DIGITS else 10**_MAX_DIGITS


def _read_value(record: Any, names: Sequence[str]) -> Any:
    for name in names:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _to_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
