"""Bodies as texts: the charset that they are in, as their Content-Type says or their bytes show."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping

from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

UTF_8 = "utf-8"
LATIN_1 = "iso8859-1"
"""Any bytes are a text in it."""


def charset_of(body: bytes, headers: Mapping[str, str]) -> str | None:
    """The charset of a body with these headers, by Python's name for it; None where it is no text.

    UTF-8 goes before what is said, as many say ISO-8859-1 of it; a text of which nothing fitting is said is Latin-1.
    """
    content_type = CaseInsensitiveDict(headers).get("Content-Type", "")
    named = get_encoding_from_headers(CaseInsensitiveDict({"content-type": content_type.lower()}))
    # With two bytes a letter most texts are UTF-8 too, with a zero in each.
    likely = (named, UTF_8) if b"\0" in body else (UTF_8, named)
    for charset in filter(None, likely):
        if _text(body, charset) is not None:
            return codecs.lookup(charset).name
    return LATIN_1 if named or "xml" in content_type.lower() else None


def changed(body: bytes, headers: Mapping[str, str], change: Callable[[str], str]) -> bytes:
    """The body with its text changed, in the charset that it was in; of one that is no text, what of it is UTF-8."""
    charset = charset_of(body, headers)
    if charset is None:
        return change(body.decode(UTF_8, "surrogateescape")).encode(UTF_8, "surrogateescape")
    return change(body.decode(charset)).encode(charset, "backslashreplace")


def readable(body: bytes, headers: Mapping[str, str]) -> str:
    """The body's text; bytes that are none are shown as such."""
    return body.decode(charset_of(body, headers) or UTF_8, "backslashreplace")


def _text(body: bytes, charset: str) -> str | None:
    try:
        return body.decode(charset)
    except (LookupError, ValueError):  # There is no such charset, or it doesn't fit.
        return None
