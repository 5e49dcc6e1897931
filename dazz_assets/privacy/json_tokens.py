"""Indent, trim and rewrite a JSON text token by token, keeping every other token as it was sent.

Parsing a page into Python objects and serialising it again would lose what recordings are for: the digits of numbers
(1.0, 1e400, twenty digits), duplicate keys, and how a string was escaped. Here only white space between tokens changes.

Each function raises ValueError if the text is not JSON. NaN, text after the end, and nesting beyond 500 levels are
refused too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from dazz_assets.field_paths import split_path

TokenRewriter = Callable[[Literal["key", "string", "number"], tuple[str, ...], str], str]
"""Returns the new value of a token, given its kind, path and value: the text of a key or string, a number's digits.

The path names the members that lead to the value, without list indexes; a key has the path of its value.
"""

_MOST_LEVELS = 500
"""Levels of nesting: fewer than json and msgspec accept, far more than an API sends."""

_WHITE_SPACE = " \t\n\r"
_CHARACTERS = r'[^"\\\x00-\x1f]*+'
_STRING = rf'"{_CHARACTERS}(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{{4}}){_CHARACTERS})*+"'
_NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_TOKEN = re.compile(rf"[{_WHITE_SPACE}]*+(?:({_STRING}|{_NUMBER}|[\[\]{{}}:,]|true|false|null)|.)", re.DOTALL)

_KIND_BY_FIRST_CHARACTER = {
    '"': "string",
    **dict.fromkeys("-0123456789", "number"),
    **dict.fromkeys("tfn", "word"),
    **{punctuation: punctuation for punctuation in "[]{}:,"},
}
_VALUE_KINDS = frozenset({"string", "number", "word", "[", "{"})
_ALLOWED_KINDS = {
    "a value": _VALUE_KINDS,
    "a value or ]": _VALUE_KINDS | {"]"},
    "a key": frozenset({"key"}),
    "a key or }": frozenset({"key", "}"}),
    ":": frozenset({":"}),
    ", or ]": frozenset({",", "]"}),
    ", or }": frozenset({",", "}"}),
    "the end": frozenset[str](),
}

_Token = tuple[str, str, int]
"""Kind (`key`, `string`, `number`, `word` for true, false and null, or the punctuation itself), text, end offset."""


def indent_json(text: str) -> str:
    """The text indented by two spaces a level, as `json.dumps(..., indent=2)` does."""
    parts: list[str] = []
    depth, before = 0, ""
    for kind, token, _ in _read_tokens(text):
        depth -= kind in ("]", "}")
        if before == "," or (before in ("[", "{")) != (kind in ("]", "}")):
            parts.append("\n" + "  " * depth)
        parts.append(": " if kind == ":" else token)
        depth += kind in ("[", "{")
        before = kind
    return "".join(parts)


def compact_json(text: str) -> str:
    """The text without white space between its tokens."""
    return "".join(token for _, token, _ in _read_tokens(text))


def rewrite_json(text: str, rewrite: TokenRewriter) -> str:
    """The text with each key, string and number replaced where `rewrite` returns another value for it."""
    parts: list[str] = []
    copied = 0
    path: tuple[str, ...] = ()
    outer_paths: list[tuple[str, ...]] = []
    for kind, token, end in _read_tokens(text):
        if kind in ("[", "{"):
            outer_paths.append(path)
        elif kind in ("]", "}"):
            path = outer_paths.pop()
        elif kind in ("key", "string"):
            value = _decode_string(token)
            if kind == "key":
                path = (*outer_paths[-1], value)
            rewritten = rewrite("key" if kind == "key" else "string", path, value)
            if rewritten != value:
                parts += (text[copied : end - len(token)], _encode_string(rewritten))
                copied = end
        elif kind == "number":
            rewritten = rewrite("number", path, token)
            if rewritten != token:
                parts += (text[copied : end - len(token)], rewritten)
                copied = end
    return "".join((*parts, text[copied:]))


def trim_list(text: str, path: str, limit: int) -> str:
    """The text with the list at a dotted path cut to its first `limit` items; unchanged if no list is there.

    The path is written like a stream's `records` (`dazz_assets.http.json.json_slices`): empty means the page itself.
    """
    wanted = list(split_path(path))
    parts: list[str] = []
    copied = 0
    steps: list[str | int] = []  # For each open container, the current member's key or item's index.
    last = 0  # End of the previous token.
    cut = -1  # End of the last item to keep, once known.
    for kind, token, end in _read_tokens(text):
        inside = len(steps) == len(wanted) + 1 and [str(step) for step in steps[:-1]] == wanted
        if kind in ("]", "}"):
            step = steps.pop()
            if inside and cut >= 0 and isinstance(step, int):
                parts.append(text[copied:cut])
                copied, cut = last if limit else end - 1, -1
        elif kind == "," and isinstance(steps[-1], int):
            steps[-1] += 1
            if inside and steps[-1] == limit:
                cut = last
        elif kind == "key":
            steps[-1] = _decode_string(token)
        elif inside and steps[-1] == 0 and limit == 0 and cut < 0:
            cut = last
        if kind in ("[", "{"):
            steps.append(0 if kind == "[" else "")
        last = end
    return "".join((*parts, text[copied:]))


def extend_list(text: str, path: str, items: Iterable[str]) -> str:
    """The text with JSON values added to the end of the list at a dotted path; unchanged if no list is there."""
    wanted = list(split_path(path))
    added = ", ".join(items)
    steps: list[str | int] = []  # For each open container, the current member's key or item's index.
    before = ""
    for kind, token, end in _read_tokens(text):
        inside = len(steps) == len(wanted) + 1 and [str(step) for step in steps[:-1]] == wanted
        if kind in ("]", "}"):
            steps.pop()
            if inside and kind == "]" and added:
                return f"{text[: end - 1].rstrip()}{'' if before == '[' else ', '}{added}{text[end - 1 :]}"
        elif kind == "," and isinstance(steps[-1], int):
            steps[-1] += 1
        elif kind == "key":
            steps[-1] = _decode_string(token)
        if kind in ("[", "{"):
            steps.append(0 if kind == "[" else "")
        before = kind
    return text


def _read_tokens(text: str) -> Iterator[_Token]:
    """The tokens in order. Raises ValueError if the text is not JSON."""
    closing: list[str] = []
    expected = "a value"
    for match in _TOKEN.finditer(text, 0, len(text.rstrip(_WHITE_SPACE))):
        token, end = match[1], match.end()
        kind = _KIND_BY_FIRST_CHARACTER[token[0]] if token else ""
        if kind == "string" and expected in ("a key", "a key or }"):
            kind = "key"
        if kind not in _ALLOWED_KINDS[expected]:
            raise ValueError(f"this is not JSON: expected {expected} at character {end - len(token or '.')}")
        if kind in ("[", "{"):
            closing.append("]" if kind == "[" else "}")
            expected = "a value or ]" if kind == "[" else "a key or }"
            if len(closing) > _MOST_LEVELS:
                raise ValueError(f"this JSON is nested too deeply: more than {_MOST_LEVELS} levels")
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
        raise ValueError(f"this is not JSON: expected {expected} at character {len(text)}, where the text ends")


def _decode_string(token: str) -> str:
    """The text of a string token."""
    return str(json.loads(token)) if "\\" in token else token[1:-1]


def _encode_string(text: str) -> str:
    """A text as a string token, escaped if it holds a lone surrogate, which UTF-8 files can't hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return json.dumps(text, ensure_ascii=False)
