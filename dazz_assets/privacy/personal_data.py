"""Find and replace what identifies a person in any text: e-mail addresses and avatar URLs."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

_ENCODED_BYTE = r"%(?:25)*[89A-Fa-f][0-9A-Fa-f]"
"""One percent-encoded byte of a letter beyond ASCII."""

# The @ and the host. The local part is searched backwards from here, so that each text is read once.
_AT_HOST = re.compile(
    rf"(@|%(?:25)*40|&#64;|\\u0040)((?:(?:[\w-]|{_ENCODED_BYTE})+\.)+(?:[^\W\d_]{{2,24}}|xn--[a-z0-9-]+))"
)
_OUTSIDE_ESCAPE = r"(?<!%(?=[0-9A-Fa-f]{2}))(?<!%[0-9A-Fa-f](?=[0-9A-Fa-f]))"
_APOSTROPHE = r"(?<=\w)'(?=\w)"
_LOCAL_PART = re.compile(rf"{_OUTSIDE_ESCAPE}(?:\w|{_ENCODED_BYTE})(?:[\w.+-]|%2[Bb7]|{_ENCODED_BYTE}|{_APOSTROPHE})*$")
# Where the @ is percent-encoded, a plus sign would be too: a bare + is a space.
_LOCAL_PART_IN_URL = re.compile(
    rf"{_OUTSIDE_ESCAPE}(?:\w|{_ENCODED_BYTE})(?:[\w.-]|%(?:25)*2[Bb7]|{_ENCODED_BYTE}|{_APOSTROPHE})*$"
)
_ESCAPED_START = re.compile(r"u[0-9a-fA-F]{4}|[bfnrt](?=\w)")
_LONGEST_LOCAL_PART = 128

_RESERVED_HOST = re.compile(r"(?:.*\.)?(?:example|example\.(?:com|org|net))", re.IGNORECASE)
"""Hosts reserved for examples (RFC 2606), which our pseudonyms use too."""

_NOT_A_PERSON = re.compile(r"git|org-[0-9]+|no-?reply", re.IGNORECASE)
"""Local parts that are not a person's, as in `org-123@code.example:acme/payments.git`."""
_IMAGE_SUFFIXES = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp"})

_URL = re.compile(r"https?:(?://|\\/\\/)[^\s\"'<>]+")
_AVATAR = re.compile(
    r"https?:(?://|\\/\\/)(?:[^/?#]*\.)?(?:gravatar\.com|[^/?#]*avatar[^/?#]*|[^?#]*/[^/?#]*avatar)", re.IGNORECASE
)


def replace_people(text: str, pseudonym: Callable[[str], str]) -> str:
    """The text with each e-mail address and avatar URL replaced with its pseudonym."""
    return replace_emails(_replace_avatars(text, pseudonym), pseudonym)


def replace_emails(text: str, pseudonym: Callable[[str], str | None]) -> str:
    """The text with each e-mail address replaced with its pseudonym; `pseudonym` returns None to keep an address.

    The pseudonym of a percent-encoded address is percent-encoded too.
    """
    parts: list[str] = []
    copied = 0
    for match in _AT_HOST.finditer(text):
        at, host = match.groups()
        start = max(copied, match.start() - _LONGEST_LOCAL_PART)
        local_part = (_LOCAL_PART if at == "@" else _LOCAL_PART_IN_URL).search(text[start : match.start()])
        if local_part is None or _RESERVED_HOST.fullmatch(host) or host.rpartition(".")[2].lower() in _IMAGE_SUFFIXES:
            continue
        first, local = start + local_part.start(), local_part[0]
        if text[max(0, first - 1) : first] == "\\" and (escaped := _ESCAPED_START.match(local)):
            first, local = first + escaped.end(), local[escaped.end() :]
        if not local or _NOT_A_PERSON.fullmatch(local):
            continue
        replacement = pseudonym(_decode_percent(f"{local}@{host}"))
        if replacement is not None:
            parts += (text[copied:first], replacement.replace("@", at))
            copied = match.end()
    return "".join((*parts, text[copied:]))


def _decode_percent(address: str) -> str:
    while "%" in address and (decoded := unquote(address)) != address:
        address = decoded
    return address


def _replace_avatars(text: str, pseudonym: Callable[[str], str]) -> str:
    if "://" not in text and ":\\/\\/" not in text:
        return text
    return _URL.sub(lambda match: pseudonym(match[0].replace("\\/", "/")) if _is_avatar(match[0]) else match[0], text)


def _is_avatar(url: str) -> bool:
    match = _AVATAR.match(url)
    return match is not None and not url.startswith("https://example.com/")
