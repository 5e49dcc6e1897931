"""What a vendor's sandbox receives and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec


@dataclass(frozen=True)
class Request:
    """One HTTP request as it arrived.

    `path` is as sent (percent-encoded), `query` keeps order and repeats, names in `headers` are lower case, and
    `origin` is scheme, host and port under which the client reached the sandbox: absolute links start with it.
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


@dataclass(frozen=True)
class Response:
    """One HTTP answer; `records` says how many records its page holds, for the statistics."""

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
) -> Response:
    """An answer whose body is `value` as JSON."""
    return Response(status, msgspec.json.encode(value), {"Content-Type": content_type, **(headers or {})}, records)
