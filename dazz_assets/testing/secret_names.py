"""Secrets that are known by the name beside them: `?access_token=...`, `"client_secret": "..."`, `X-Api-Key: ...`.

What pages through a list is none (`next_page_token`, `cursor`), nor is what only speaks of one (`secret_type`,
`has_password`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import unquote

from dazz_assets.authoring.naming import snake_case

# A name says so by its end: `slack_api_key` is an `api_key`.
_ENDS = (
    "access_token",
    "refresh_token",
    "id_token",
    "auth_token",
    "bearer_token",
    "session_token",
    "security_token",
    "api_token",
    "private_token",
    "csrf_token",
    "clone_token",
    "deploy_token",
    "secret",
    "client_secret",
    "secret_key",
    "secret_access_key",
    "private_key",
    "access_key",
    "api_key",
    "password",
    "passwd",
    "passphrase",
    "authorization",
    "client_assertion",
    # Of signed URLs: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html and
    # https://cloud.google.com/storage/docs/authentication/signatures
    "amz_signature",
    "amz_credential",
    "goog_signature",
    "goog_credential",
)
# These words mean other things as the end of a longer name.
_WHOLE = (
    "pwd",
    "token",
    "sig",
    "signature",
    "session_id",
    "jsessionid",
    "cookie",
    "set_cookie",
    "proxy_authorization",
    "aws_access_key_id",
    "google_access_id",
    "key_pair_id",
)
KINDS = tuple(name.replace("_", "-") for name in (*_ENDS, *_WHOLE))


def _any_of(names: tuple[str, ...]) -> str:
    return "|".join(name.replace("_", "_?") for name in sorted(names, key=len, reverse=True))


_NAME = re.compile(rf"(?:.*?_)??({_any_of(_ENDS)})|({_any_of(_WHOLE)})")
_CANONICAL = {name.replace("_", ""): name.replace("_", "-") for name in (*_ENDS, *_WHOLE)}

_SHORTEST_TOKEN = 16
"""A `token` may be many things; a secret one is at least so long and has no space in it."""

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


@lru_cache(maxsize=4096)
def kind_of(name: str) -> str | None:
    """What kind of secret a member, a parameter or a header of this name holds (`access-token`), if it does."""
    match = _NAME.fullmatch(snake_case(re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")))
    if match is None:
        return None
    return _CANONICAL[(match[1] or match[2]).replace("_", "")]


def is_secret(kind: str, value: str) -> bool:
    """Whether a value of this kind can be a secret: no flag, nothing masked, no short word where those are usual."""
    if len(value) < 3 or value.lower() in ("true", "false", "null", "none") or not re.search(r"\w", value):
        return False
    return kind != "token" or (len(value) >= _SHORTEST_TOKEN and not re.search(r"\s", value))


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
