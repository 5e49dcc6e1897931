"""What says in any text who a person is: e-mail addresses and addresses of avatars."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

_BYTE = r"%(?:25)*[89A-Fa-f][0-9A-Fa-f]"
"""Of a letter beyond ASCII, percent-encoded."""

# The sign between name and host, and the host. The name is looked for from here backwards: so each text is read once.
_AT = re.compile(rf"(@|%(?:25)*40|&#64;|\\u0040)((?:(?:[\w-]|{_BYTE})+\.)+(?:[^\W\d_]{{2,24}}|xn--[a-z0-9-]+))")
_OUTSIDE_ESCAPE = r"(?<!%(?=[0-9A-Fa-f]{2}))(?<!%[0-9A-Fa-f](?=[0-9A-Fa-f]))"
_APOSTROPHE = r"(?<=\w)'(?=\w)"
_NAME = re.compile(rf"{_OUTSIDE_ESCAPE}(?:\w|{_BYTE})(?:[\w.+-]|%2[Bb7]|{_BYTE}|{_APOSTROPHE})*$")
# Where the sign is escaped a plus would be as well: one that is not is a space.
_NAME_IN_URL = re.compile(rf"{_OUTSIDE_ESCAPE}(?:\w|{_BYTE})(?:[\w.-]|%(?:25)*2[Bb7]|{_BYTE}|{_APOSTROPHE})*$")
_ESCAPED_START = re.compile(r"u[0-9a-fA-F]{4}|[bfnrt](?=\w)")
_LONGEST_NAME = 128

_RESERVED = re.compile(r"(?:.*\.)?(?:example|example\.(?:com|org|net))", re.IGNORECASE)
"""Hosts that are nobody's (RFC 2606): examples, and our pseudonyms."""
_NOBODY = re.compile(r"git|org-[0-9]+|no-?reply", re.IGNORECASE)
"""Names of no one: in `org-123@github.com:acme/payments.git` as well."""
_FILES = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp"})

_URL = re.compile(r"https?:(?://|\\/\\/)[^\s\"'<>]+")
_AVATAR = re.compile(
    r"https?:(?://|\\/\\/)(?:[^/?#]*\.)?(?:gravatar\.com|[^/?#]*avatar[^/?#]*|[^?#]*/[^/?#]*avatar)", re.IGNORECASE
)


def replace_people(text: str, person: Callable[[str], str]) -> str:
    """The text with each e-mail address and each avatar's URL replaced by what `person` makes of it."""
    return replace_emails(_without_avatars(text, person), person)


def replace_emails(text: str, person: Callable[[str], str | None]) -> str:
    """The text with each e-mail address replaced for which `person` gives something.

    What stands for one that is percent-encoded is percent-encoded too.
    """
    parts: list[str] = []
    kept = 0
    for match in _AT.finditer(text):
        at, host = match.groups()
        start = max(kept, match.start() - _LONGEST_NAME)
        found = (_NAME if at == "@" else _NAME_IN_URL).search(text[start : match.start()])
        if found is None or _RESERVED.fullmatch(host) or host.rpartition(".")[2].lower() in _FILES:
            continue
        first, name = start + found.start(), found[0]
        if text[max(0, first - 1) : first] == "\\" and (escaped := _ESCAPED_START.match(name)):
            first, name = first + escaped.end(), name[escaped.end() :]
        if not name or _NOBODY.fullmatch(name):
            continue
        stand_in = person(_plain(f"{name}@{host}"))
        if stand_in is not None:
            parts += (text[kept:first], stand_in.replace("@", at))
            kept = match.end()
    return "".join((*parts, text[kept:]))


def _plain(address: str) -> str:
    while "%" in address and (plain := unquote(address)) != address:
        address = plain
    return address


def _without_avatars(text: str, person: Callable[[str], str]) -> str:
    if "://" not in text and ":\\/\\/" not in text:
        return text
    return _URL.sub(lambda match: person(match[0].replace("\\/", "/")) if _is_avatar(match[0]) else match[0], text)


def _is_avatar(url: str) -> bool:
    match = _AVATAR.match(url)
    return match is not None and not url.startswith("https://example.com/")
