"""The hosts that requests, and with them the secrets, may go to (conformance 23)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

Origin = tuple[str, str, int]
"""Scheme, host and port."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_UP_TO_PATH = re.compile(r"[^/?#]*//[^/?#]*")


def parse_origin(url: str) -> Origin | None:
    """The origin of an absolute http or https URL without a user name; None for anything else.

    `requests` parses URLs with both urllib3 and the standard library. A URL that these two read differently gives None.
    """
    authority = _UP_TO_PATH.match(url)
    return None if authority is None else _parse_authority(authority[0])


@lru_cache(maxsize=1024)
def _parse_authority(url: str) -> Origin | None:
    try:
        parts, checked = parse_url(url), urlsplit(url)
        port = checked.port
    except (LocationParseError, ValueError):
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.host or parts.auth is not None or checked.username is not None:
        return None
    host = parts.host.lower()
    if (checked.scheme, checked.hostname, port) != (parts.scheme, host.strip("[]"), parts.port):
        return None
    return parts.scheme, host.rstrip("."), port or _DEFAULT_PORTS[parts.scheme]


def format_origin(origin: Origin) -> str:
    """The origin as text, with its port unless that is the scheme's default."""
    scheme, host, port = origin
    return f"{scheme}://{host}" + (f":{port}" if port != _DEFAULT_PORTS[scheme] else "")


class DeclaredHosts:
    """The origins that requests may go to: those of base URLs, which may be plain http, and `hosts` on https.

    other_urls: further base URLs. hosts: names such as `uploads.example.com`, with a port if it is not 443.
    Raises ValueError for a bad host or base URL.
    """

    def __init__(self, base_url: str, hosts: Iterable[str] = (), other_urls: Iterable[str] = ()) -> None:
        self.base = _parse_base_url(base_url)
        self._declared = {self.base, *map(_parse_base_url, other_urls), *map(_parse_https_host, hosts)}

    def allows(self, url: str) -> bool:
        """Whether a request may go to this URL."""
        return parse_origin(url) in self._declared


def _parse_base_url(url: str) -> Origin:
    origin = parse_origin(url)
    if origin is None:
        raise ValueError("base_url must be http:// or https:// with a host and without a user name: correct it")
    return origin


def _parse_https_host(host: str) -> Origin:
    origin = parse_origin(host if "://" in host else f"https://{host}")
    if origin is None or origin[0] != "https":
        raise ValueError(f"hosts: {host!r} is not the name of an https host such as 'uploads.example.com': correct it")
    return origin
