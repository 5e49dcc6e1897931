"""Kinds of JSON values, finer than JSON's own where a string says what it is."""

import re
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

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


def kind_of(value: Any) -> Kind:
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
