"""A JSON text as its tokens: laid out, cut and changed in places, while every other token stays as it was sent.

Reading a page into Python's objects and writing it again would lose what recordings are for: the digits of numbers
(1.0, 1e400, twenty digits), doubled keys, and how a string was escaped. Here only white space between tokens changes.

Each function raises ValueError for what is no JSON, which NaN, text after the end and nesting beyond 500 levels are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Literal

from dazz_assets.http import json_slices

Change = Callable[[Literal["key", "string", "number"], tuple[str, ...], str], str]
"""What a token becomes, of its kind, its path and its value: the text of a key or a string, the digits of a number.

The path names the members that lead to the value (a key has its value's); the indexes of lists are left out.
"""

_DEEPEST = 500
"""Levels of nesting: fewer than what json and msgspec give up at, far more than an API sends."""

_SPACE = " \t\n\r"
_CHARACTERS = r'[^"\\\x00-\x1f]*+'
_STRING = rf'"{_CHARACTERS}(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{{4}}){_CHARACTERS})*+"'
_NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_TOKEN = re.compile(rf"[{_SPACE}]*+(?:({_STRING}|{_NUMBER}|[\[\]{{}}:,]|true|false|null)|.)", re.DOTALL)

_KINDS = {
    '"': "string",
    **dict.fromkeys("-0123456789", "number"),
    **dict.fromkeys("tfn", "word"),
    **{mark: mark for mark in "[]{}:,"},
}
_VALUES = frozenset({"string", "number", "word", "[", "{"})
_FITTING = {
    "a value": _VALUES,
    "a value or ]": _VALUES | {"]"},
    "a key": frozenset({"key"}),
    "a key or }": frozenset({"key", "}"}),
    ":": frozenset({":"}),
    ", or ]": frozenset({",", "]"}),
    ", or }": frozenset({",", "}"}),
    "the end": frozenset[str](),
}


_Token = tuple[str, str, int]
"""Kind (`key`, `string`, `number`, `word` for true, false and null, or the mark itself), text, and where it ends."""


def indent_json(text: str) -> str:
    """The text laid out with two spaces a level, as `json.dumps(..., indent=2)` does it."""
    parts: list[str] = []
    depth, before = 0, ""
    for kind, token, _ in _tokens(text):
        depth -= kind in ("]", "}")
        if before == "," or (before in ("[", "{")) != (kind in ("]", "}")):
            parts.append("\n" + "  " * depth)
        parts.append(": " if kind == ":" else token)
        depth += kind in ("[", "{")
        before = kind
    return "".join(parts)


def compact_json(text: str) -> str:
    """The text without white space between its tokens."""
    return "".join(token for _, token, _ in _tokens(text))


def rewrite_json(text: str, change: Change) -> str:
    """The text with those strings, numbers and keys written anew for which `change` returns something else."""
    parts: list[str] = []
    kept = 0
    path: tuple[str, ...] = ()
    around: list[tuple[str, ...]] = []
    for kind, token, end in _tokens(text):
        if kind in ("[", "{"):
            around.append(path)
        elif kind in ("]", "}"):
            path = around.pop()
        elif kind in ("key", "string"):
            value = _decoded(token)
            if kind == "key":
                path = (*around[-1], value)
            changed = change("key" if kind == "key" else "string", path, value)
            if changed != value:
                parts += (text[kept : end - len(token)], _encoded(changed))
                kept = end
        elif kind == "number":
            changed = change("number", path, token)
            if changed != token:
                parts += (text[kept : end - len(token)], changed)
                kept = end
    return "".join((*parts, text[kept:]))


def trim_list(text: str, path: str, most: int) -> str:
    """The text with the list at a dotted path cut to its first `most` items; unchanged where no list is there.

    The path is written as for a stream's records (`dazz_assets.http.json_slices`): empty, it means the page itself.
    """
    wanted = list(json_slices.split_path(path))
    parts: list[str] = []
    kept = 0
    steps: list[str | int] = []  # Into each open container: the member's key or the item's index.
    last = 0  # The end of the token before.
    cut = -1  # The end of the last item that stays, once it is known.
    for kind, token, end in _tokens(text):
        inside = len(steps) == len(wanted) + 1 and [str(step) for step in steps[:-1]] == wanted
        if kind in ("]", "}"):
            step = steps.pop()
            if inside and cut >= 0 and isinstance(step, int):
                parts.append(text[kept:cut])
                kept, cut = last if most else end - 1, -1
        elif kind == "," and isinstance(steps[-1], int):
            steps[-1] += 1
            if inside and steps[-1] == most:
                cut = last
        elif kind == "key":
            steps[-1] = _decoded(token)
        elif inside and steps[-1] == 0 and most == 0 and cut < 0:
            cut = last
        if kind in ("[", "{"):
            steps.append(0 if kind == "[" else "")
        last = end
    return "".join((*parts, text[kept:]))


def _tokens(text: str) -> Iterator[_Token]:
    """The tokens in order. ValueError: the text is no JSON."""
    closing: list[str] = []
    expected = "a value"
    for match in _TOKEN.finditer(text, 0, len(text.rstrip(_SPACE))):
        token, end = match[1], match.end()
        kind = _KINDS[token[0]] if token else ""
        if kind == "string" and expected in ("a key", "a key or }"):
            kind = "key"
        if kind not in _FITTING[expected]:
            raise ValueError(f"this is no JSON: expected {expected} at character {end - len(token or '.')}")
        if kind in ("[", "{"):
            closing.append("]" if kind == "[" else "}")
            expected = "a value or ]" if kind == "[" else "a key or }"
            if len(closing) > _DEEPEST:
                raise ValueError(f"this JSON is nested too deeply: more than {_DEEPEST} levels")
        elif kind == "key":
            expected = ":"
        elif kind == ":":
            expected = "a value"
        elif kind == ",":
            expected = "a key" if closing[-1] == "}" else "a value"
        else:
            if kind in ("]", "}"):
                closing.pop()
            expected = f", or {closing[-1]}" if closing else "the end"
        yield kind, token, end
    if expected != "the end":
        raise ValueError(f"this is no JSON: expected {expected} at character {len(text)}, where the text ends")


def _decoded(token: str) -> str:
    return str(json.loads(token)) if "\\" in token else token[1:-1]


def _encoded(text: str) -> str:
    """A string as a token; escaped where it holds half a pair of surrogates, which no file can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return json.dumps(text, ensure_ascii=False)
