"""Requests and responses of a sandbox, and the routes from a path to the method that responds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec


@dataclass(frozen=True)
class SandboxRequest:
    """One HTTP request as it arrived.

    path: as sent, percent-encoded. query: in order, repeated names included. headers: names in lower case.
    origin: scheme, host and port by which the client reached the sandbox; absolute links start with it.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = ""

    def param(self, name: str) -> str | None:
        """The last value of a query parameter, or None."""
        return dict(self.query).get(name)

    def params(self) -> dict[str, str]:
        """All query parameters, the last value of each."""
        return dict(self.query)

    def authorization(self) -> tuple[str, str]:
        """The scheme, in lower case, and the credentials in the header Authorization; empty without it."""
        scheme, _, credentials = self.headers.get("authorization", "").partition(" ")
        return scheme.lower(), credentials


@dataclass(frozen=True)
class SandboxResponse:
    """One HTTP response. records: how many its page holds, for the statistics."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    records: int = 0


def json_response(
    value: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json; charset=utf-8",
    records: int = 0,
) -> SandboxResponse:
    """A response whose body is `value` as JSON."""
    return SandboxResponse(
        status, msgspec.json.encode(value), {"Content-Type": content_type, **(headers or {})}, records
    )


Handler = Callable[..., SandboxResponse]
H = TypeVar("H", bound=Handler)

_ATTRIBUTE = "__sandbox_routes__"


def route(method: str, path: str) -> Callable[[H], H]:
    """Route requests for `path` to a vendor's method; each `{name}` is one segment, passed decoded by keyword.

    `@route("GET", "/orgs/{org}/repos")` calls `handler(request, org="acme")`.
    """

    def mark(handler: H) -> H:
        routes = getattr(handler, _ATTRIBUTE, ())
        setattr(handler, _ATTRIBUTE, (*routes, (method, _pattern(path))))
        return handler

    return mark


class Router:
    """The routes of one vendor."""

    def __init__(self, vendor: object) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        for name in dir(type(vendor)):
            for method, pattern in getattr(getattr(type(vendor), name), _ATTRIBUTE, ()):
                self._routes.append((method, pattern, getattr(vendor, name)))

    def respond(self, request: SandboxRequest) -> SandboxResponse | None:
        """The handler's response; None if no route matches."""
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                segments: dict[str, Any] = {name: unquote(text) for name, text in match.groupdict().items()}
                return handler(request, **segments)
        return None


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile("".join(f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts)))
