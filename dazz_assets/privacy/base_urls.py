"""Replaces base URLs with others in any text, in each form in which a text may write them."""

import re
from collections.abc import Mapping
from urllib.parse import quote


class BaseUrls:
    """Replaces base URLs with others in any text: plain, escaped as in JSON, or percent-encoded."""

    def __init__(self, replacements: Mapping[str, str]) -> None:
        self._forms = {
            encode(url.rstrip("/")): encode(other.rstrip("/"))
            for url, other in replacements.items()
            for encode in (str, _escape_slashes, _percent_encode, _percent_encode_in_lower_case)
        }
        longest_first = sorted(self._forms, key=len, reverse=True)
        # Do not match the start of another URL: http://host:80 is not http://host:8080.
        self._pattern = re.compile(f"(?:{'|'.join(map(re.escape, longest_first))})(?![\\w-]|\\.\\w|:\\d)")

    def __call__(self, text: str) -> str:
        """The text with each base URL replaced."""
        return self._pattern.sub(lambda match: self._forms[match[0]], text) if self._forms else text


def _escape_slashes(url: str) -> str:
    return url.replace("/", "\\/")


def _percent_encode(url: str) -> str:
    return quote(url, safe="")


def _percent_encode_in_lower_case(url: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), _percent_encode(url))
