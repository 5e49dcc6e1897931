"""Python source of values, laid out so that formatters with a line length of 88 or of 120 leave it alone."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import east_asian_width

WIDTH = 88
"""The shortest line length in common use."""


def text_width(text: str) -> int:
    """The width of a text as formatters count it: East Asian letters are two wide."""
    return len(text) if text.isascii() else sum(1 + (east_asian_width(letter) in "WF") for letter in text)


def write_literal(value: object) -> str:
    """The literal of a string, number or boolean, or the call that makes a dataclass instance.

    A string is in double quotes unless that takes more escapes.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return write_call(value)
    if not isinstance(value, str):
        return repr(value)
    literal = repr(value)
    if literal[0] == '"':
        return literal
    inner = literal[1:-1].replace("\\'", "'")
    if inner.count('"') > inner.count("'"):
        return literal
    return '"' + inner.replace('"', '\\"') + '"'


def write_call(value: Any) -> str:
    """The call that makes a dataclass instance: `NextLink("links.next")`, `Offset("startAt", more="total")`."""
    return f"{type(value).__name__}({', '.join(write_arguments(value))})"


def write_arguments(value: Any) -> list[str]:
    """The arguments that make a dataclass instance: required ones and paths by position, others by name unless default.

    Fields that are keyword-only are always named.
    """
    arguments = []
    for field in dataclasses.fields(value):
        if not field.init:
            continue
        given, default = getattr(value, field.name), field.default
        is_required = default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if not field.kw_only and (is_required or (field.name == "path" and given is not None)):
            arguments.append(write_literal(given))
        elif is_required or given != (
            field.default_factory() if field.default_factory is not dataclasses.MISSING else default
        ):
            arguments.append(f"{field.name}={write_literal(given)}")
    return arguments


def write_items(values: Mapping[str, object]) -> list[str]:
    """The items of a dict literal."""
    return [f"{write_literal(name)}: {write_literal(value)}" for name, value in values.items()]


def write_enclosed(before: str, items: Sequence[str], after: str) -> list[str]:
    """`before`, items and `after` on one line; one item per line if that is too long.

    A trailing comma keeps formatters from joining the lines again.
    """
    one_line = f"{before}{', '.join(items)}{after}"
    if text_width(one_line) <= WIDTH or not items:
        return [one_line]
    indent = " " * (len(before) - len(before.lstrip()))
    return [before, *(f"{indent}    {item}," for item in items), f"{indent}{after}"]


def write_import(module: str, names: Sequence[str]) -> list[str]:
    """The import of names from a module; no lines if there are no names."""
    one_line = f"from {module} import {', '.join(names)}"
    if not names or text_width(one_line) <= WIDTH:
        return [one_line] if names else []
    return write_enclosed(f"from {module} import (", names, ")")
