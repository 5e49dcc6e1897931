"""Values as an author writes them, laid out so that formatters with lines of 88 and of 120 letters leave them alone."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import east_asian_width

WIDTH = 88
"""The shortest of the usual line lengths."""


def text_width(text: str) -> int:
    """How wide a text is, as formatters count: letters of East Asian scripts are two wide."""
    return len(text) if text.isascii() else sum(1 + (east_asian_width(letter) in "WF") for letter in text)


def write_literal(value: object) -> str:
    """A text, number or truth value; texts in double quotes unless that takes more escapes."""
    if not isinstance(value, str):
        return repr(value)
    shown = repr(value)
    if shown[0] == '"':
        return shown
    inner = shown[1:-1].replace("\\'", "'")
    if inner.count('"') > inner.count("'"):
        return shown
    return '"' + inner.replace('"', '\\"') + '"'


def write_call(value: Any) -> str:
    """A dataclass's value as the call that makes it: `NextLink("links.next")`, `Offset("startAt", more="total")`."""
    return f"{type(value).__name__}({', '.join(write_arguments(value))})"


def write_arguments(value: Any) -> list[str]:
    """The arguments that make a dataclass's value: those that it must be given by place, the others by name."""
    found = []
    for field in dataclasses.fields(value):
        given, default = getattr(value, field.name), field.default
        if default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            found.append(write_literal(given))
        elif given != (field.default_factory() if field.default_factory is not dataclasses.MISSING else default):
            found.append(f"{field.name}={write_literal(given)}")
    return found


def write_items(values: Mapping[str, object]) -> list[str]:
    """The items of a dict's literal."""
    return [f"{write_literal(name)}: {write_literal(value)}" for name, value in values.items()]


def write_enclosed(before: str, items: Sequence[str], after: str) -> list[str]:
    """`before`, items and `after` in one line, or an item a line where that is too long.

    A comma after the last one keeps a formatter from joining them again.
    """
    one_line = f"{before}{', '.join(items)}{after}"
    if text_width(one_line) <= WIDTH or not items:
        return [one_line]
    indent = " " * (len(before) - len(before.lstrip()))
    return [before, *(f"{indent}    {item}," for item in items), f"{indent}{after}"]


def write_import(module: str, names: Sequence[str]) -> list[str]:
    """The import of names from a module; nothing where there are none."""
    one_line = f"from {module} import {', '.join(names)}"
    if not names or text_width(one_line) <= WIDTH:
        return [one_line] if names else []
    return write_enclosed(f"from {module} import (", names, ")")
