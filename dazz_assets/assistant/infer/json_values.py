"""JSON values: their kinds, finer than JSON's own, and the ways into them."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from dazz_assets.http.json_slices import split_path

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
# What models read times with: a text is no time that they would refuse.
_READ_TIME = TypeAdapter(datetime)


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
            return _kind_of_text(value)
        case list():
            return "list"
        case _:
            return "object"


def _kind_of_text(text: str) -> Kind:
    if _TIME.match(text) and (time := _time(text)) is not None:
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


def _time(text: str) -> datetime | None:
    try:
        return _READ_TIME.validate_python(text)
    except ValidationError:
        return None


def is_id(text: str) -> bool:
    """Whether a text is a number, a UUID or a long hexadecimal number, and so no name that someone chose."""
    return bool(text.isdecimal() or _UUID.fullmatch(text) or re.fullmatch(r"[0-9a-f]{12,}", text))


# Python refuses integers of more digits than it would read in a reasonable time.
_MOST_DIGITS = 4_000


def decode_json(text: bytes | str) -> Any:
    """The value of a JSON text. ValueError: it is none, or is nested too deeply."""
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def join_path(names: Sequence[str]) -> str:
    """Names as a path, which `dazz_assets.http.json_slices.split_path` takes apart again."""
    return ".".join(name.replace(".", "\\.") for name in names)


def is_addressable(names: tuple[str, ...]) -> bool:
    """Whether a path leads to these names: to one that is empty, or that ends in a backslash, none does."""
    return split_path(join_path(names)) == names and all(map(is_writable, names))


def is_writable(name: str) -> bool:
    """Whether a name can stand in a file: one with a lone surrogate can't."""
    return name.encode("utf-8", "ignore").decode() == name


def texts_at(records: Sequence[Any], names: Sequence[str]) -> list[str | None]:
    """The scalar at these names of each record, as text; None where there is none, or null."""
    return [_text(_at(record, names)) for record in records]


def scalar_places(record: Any, names: tuple[str, ...] = (), depth: int = 0) -> Iterator[tuple[str, ...]]:
    """The names of each scalar in a record that can be reached without a list, or a map's key."""
    if not isinstance(record, dict) or depth > 4:
        return
    for name, value in record.items():
        if is_id(name):
            continue
        if isinstance(value, dict):
            yield from scalar_places(value, (*names, name), depth + 1)
        elif not isinstance(value, list) and is_addressable((*names, name)):
            yield *names, name


def split_words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: `lastUpdatedAt` is last, updated, at; `HTTPServer` is http, server."""
    spaced = "".join(f" {letter}" if _begins_word(name, at) else letter for at, letter in enumerate(name))
    return tuple("".join(letter if letter.isalnum() else " " for letter in spaced).lower().split())


def _begins_word(name: str, at: int) -> bool:
    """Whether a letter is the first of a word: `S` in `lastSeen`, and in `HTTPServer`."""
    if at == 0 or not name[at].isupper():
        return False
    return not name[at - 1].isupper() or name[at + 1 : at + 2].islower()


def _integer(text: str) -> int:
    return int(text) if len(text) <= _MOST_DIGITS else 10**_MOST_DIGITS


def _at(record: Any, names: Sequence[str]) -> Any:
    for name in names:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
