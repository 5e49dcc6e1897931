"""From a request's method and path to the method of a vendor that answers it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import unquote

from dazz_assets.sandbox.messages import Request, Response

Handler = Callable[..., Response]
H = TypeVar("H", bound=Handler)

_ATTRIBUTE = "__sandbox_routes__"


def route(method: str, path: str) -> Callable[[H], H]:
    """Let a vendor's method answer `path`; each `{name}` in it is one segment, given decoded by keyword.

    `@route("GET", "/orgs/{org}/repos")` calls `handler(request, org="acme")`.
    """

    def mark(handler: H) -> H:
        routes = getattr(handler, _ATTRIBUTE, ())
        setattr(handler, _ATTRIBUTE, (*routes, (method, _pattern(path))))
        return handler

    return mark


class Router:
    """The routes of one vendor object, found once."""

    def __init__(self, vendor: object) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        for name in dir(type(vendor)):
            for method, pattern in getattr(getattr(type(vendor), name), _ATTRIBUTE, ()):
                self._routes.append((method, pattern, getattr(vendor, name)))

    def answer(self, request: Request) -> Response | None:
        """The handler's answer, or None where no route fits."""
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                segments: dict[str, Any] = {name: unquote(text) for name, text in match.groupdict().items()}
                return handler(request, **segments)
        return None


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile("".join(f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts)))
