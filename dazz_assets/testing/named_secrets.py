"""Secrets in texts that are known by the name beside them: `?access_token=...`, `"client_secret": "..."`."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from dazz_assets.authoring.secret_names import is_secret, kind_of

_WORD = r"[A-Za-z][\w.$-]{0,63}"
# The start of a parameter, and its value; in a link within a link both signs are escaped.
_PARAMETERS = tuple(
    (re.compile(rf"(?:(?<![\w.$%-])|(?<=%3[Ff])|(?<=%26))({_WORD}){sign}"), re.compile(value))
    for sign, value in (
        ("=", r"[^&\s\"'<>#,;\\]+"),
        ("%3[Dd]", r"(?:(?!%26|%23)[^&\s\"'<>#,;\\=])+"),
    )
)
_MEMBER = re.compile(rf"(\\*[\"'])({_WORD})\1\s*:\s*(\\*[\"'])([^\"'\\]+)\3")
_LINE = re.compile(r"\b(?i:authorization) *: *(?:[A-Za-z]+ +)?([^\s\"'<>,;\\]+)")


def replaced(text: str, stand_in: Callable[[str, str, str], str]) -> str:
    """The text with the values of secret parameters and members replaced.

    stand_in: what to write for a kind, a value, and the value as it is written there.
    """

    def member(match: re.Match[str]) -> str:
        kind, value = kind_of(match[2]), match[4]
        if kind is None or not is_secret(kind, value):
            return match[0]
        return match[0][: -len(value) - len(match[3])] + stand_in(kind, value, "") + match[3]

    def line(match: re.Match[str]) -> str:
        value = match[1]
        is_left = not is_secret("authorization", value)
        return match[0] if is_left else match[0][: -len(value)] + stand_in("authorization", value, "")

    if "=" in text or "%3D" in text or "%3d" in text:
        for start, value in _PARAMETERS:
            text = _without_parameters(text, start, value, stand_in)
    if ":" in text:
        text = _MEMBER.sub(member, text)
        text = _LINE.sub(line, text)
    return text


def _without_parameters(
    text: str, start: re.Pattern[str], value: re.Pattern[str], stand_in: Callable[[str, str, str], str]
) -> str:
    parts: list[str] = []
    kept = 0
    for match in start.finditer(text):
        kind = kind_of(match[1]) if match.start() >= kept else None
        found = value.match(text, match.end()) if kind else None
        if kind and found and is_secret(kind, plain := unquote(found[0])):
            parts += (text[kept : match.end()], stand_in(kind, plain, found[0]))
            kept = found.end()
    return "".join((*parts, text[kept:]))
