"""The address that a recording shows in place of the real one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote


class Addresses:
    """Replaces base URLs by others in any text: as they are, escaped as in JSON, and percent-encoded."""

    def __init__(self, shown: Mapping[str, str]) -> None:
        self._forms = {
            encoded(real.rstrip("/")): encoded(other.rstrip("/"))
            for real, other in shown.items()
            for encoded in (str, _escaped, _quoted, _quoted_lower)
        }
        longest_first = sorted(self._forms, key=len, reverse=True)
        # An address that goes on is another one: http://host:80 and http://host:8080.
        self._pattern = re.compile(f"(?:{'|'.join(map(re.escape, longest_first))})(?![\\w-]|\\.\\w|:\\d)")

    def __call__(self, text: str) -> str:
        """The text with each address replaced."""
        return self._pattern.sub(lambda match: self._forms[match[0]], text) if self._forms else text


def _escaped(url: str) -> str:
    return url.replace("/", "\\/")


def _quoted(url: str) -> str:
    return quote(url, safe="")


def _quoted_lower(url: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), _quoted(url))
