"""Where requests, and with them the secrets, may go (conformance 23)."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

Origin = tuple[str, str, int]
"""Scheme, host and port."""

_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> Origin | None:
    """The origin of an absolute http or https URL without a user name in it; None for anything else.

    None as well for what urllib3 and the standard library, both of which requests reads URLs with, read differently.
    """
    try:
        parts, second = parse_url(url), urlsplit(url)
        port = second.port
    except (LocationParseError, ValueError):
        return None
    if parts.scheme not in _PORTS or not parts.host or parts.auth is not None or second.username is not None:
        return None
    host = parts.host.lower()
    if (second.scheme, second.hostname, port) != (parts.scheme, host.strip("[]"), parts.port):
        return None
    return parts.scheme, host.rstrip("."), port or _PORTS[parts.scheme]


def format_origin(origin: Origin) -> str:
    """An origin for messages, with its port where that is not the usual one."""
    scheme, host, port = origin
    return f"{scheme}://{host}" + (f":{port}" if port != _PORTS[scheme] else "")


class DeclaredHosts:
    """The origin of `base_url`, plain http included, and the further hosts, on https.

    hosts: names as `uploads.example.com`, with a port where it is not 443. ValueError: one of them, or base_url, is no
    such address.
    """

    def __init__(self, base_url: str, hosts: Iterable[str] = ()) -> None:
        base = origin_of(base_url)
        if base is None:
            raise ValueError("base_url must be http:// or https:// with a host and without a user name: correct it")
        self.base = base
        self._declared = {base, *(_https(host) for host in hosts)}

    def allows(self, url: str) -> bool:
        """Whether a request may go to this URL."""
        return origin_of(url) in self._declared


def _https(host: str) -> Origin:
    origin = origin_of(host if "://" in host else f"https://{host}")
    if origin is None or origin[0] != "https":
        raise ValueError(f"hosts: {host!r} is no name of a host on https, as 'uploads.example.com': correct it")
    return origin
