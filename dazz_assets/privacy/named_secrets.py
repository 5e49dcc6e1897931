"""Finds secrets in a text by the names beside them: of URL parameters, JSON members, and the header Authorization."""

import re
from collections.abc import Callable
from urllib.parse import unquote

from dazz_assets.privacy.secret_names import is_secret_value, secret_kind

_WORD = r"[A-Za-z][\w.$-]{0,63}"
# The start of a parameter, and its value. In a link within a link, = and & are percent-encoded.
_PARAMETERS = tuple(
    (re.compile(rf"(?:(?<![\w.$%-])|(?<=%3[Ff])|(?<=%26))({_WORD}){sign}"), re.compile(value))
    for sign, value in (
        ("=", r"[^&\s\"'<>#,;\\]+"),
        ("%3[Dd]", r"(?:(?!%26|%23)[^&\s\"'<>#,;\\=])+"),
    )
)
_MEMBER = re.compile(rf"(\\*[\"'])({_WORD})\1\s*:\s*(\\*[\"'])([^\"'\\]+)\3")
_AUTHORIZATION_LINE = re.compile(r"\b(?i:authorization) *: *(?:[A-Za-z]+ +)?([^\s\"'<>,;\\]+)")


def replace_named_secrets(text: str, stand_in: Callable[[str, str, str], str]) -> str:
    """The text with the values of secret parameters, JSON members and `Authorization` lines replaced.

    stand_in: returns the replacement for a kind, a value, and the value as it is written in a URL ("" elsewhere).
    """

    def replace_member(match: re.Match[str]) -> str:
        kind, value = secret_kind(match[2]), match[4]
        if kind is None or not is_secret_value(kind, value):
            return match[0]
        return match[0][: -len(value) - len(match[3])] + stand_in(kind, value, "") + match[3]

    def replace_line(match: re.Match[str]) -> str:
        value = match[1]
        if not is_secret_value("authorization", value):
            return match[0]
        return match[0][: -len(value)] + stand_in("authorization", value, "")

    if "=" in text or "%3D" in text or "%3d" in text:
        for start, value in _PARAMETERS:
            text = _replace_parameters(text, start, value, stand_in)
    if ":" in text:
        text = _MEMBER.sub(replace_member, text)
        text = _AUTHORIZATION_LINE.sub(replace_line, text)
    return text


def _replace_parameters(
    text: str, start: re.Pattern[str], value: re.Pattern[str], stand_in: Callable[[str, str, str], str]
) -> str:
    parts: list[str] = []
    copied = 0
    for match in start.finditer(text):
        kind = secret_kind(match[1]) if match.start() >= copied else None
        found = value.match(text, match.end()) if kind else None
        if kind and found and is_secret_value(kind, plain := unquote(found[0])):
            parts += (text[copied : match.end()], stand_in(kind, plain, found[0]))
            copied = found.end()
    return "".join((*parts, text[copied:]))
