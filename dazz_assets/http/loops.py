"""Circles in a walk, found by what was asked and what came (conformance 25, 26). The walk owns this, not paginators."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from urllib.parse import parse_qsl, urlsplit

from msgspec import Raw

from dazz_assets.http.errors import LoopError
from dazz_assets.http.page import Param, Request, sent_params

SAME_PAGES = 3
"""So many pages with the same records are a circle. Two are not: when as many records as a page holds are added at the
front of a list that is being read, the next page is the same as the last one."""


class Trail:
    """The requests and pages of one walk."""

    def __init__(self) -> None:
        self._asked: dict[bytes, int] = {}
        self._came: dict[bytes, tuple[int, int]] = {}

    def ask(self, request: Request) -> None:
        """Before a request is sent. LoopError: it was sent before."""
        mark = _fingerprint(request)
        number = len(self._asked) + 1
        earlier = self._asked.setdefault(mark, number)
        if earlier != number:
            raise LoopError(
                f"page {number} would be the same request as page {earlier}: the pages go round in a circle of "
                f"{number - earlier} ({_named(request)}).",
            )

    def come(self, records: Sequence[Raw]) -> None:
        """After a page came. LoopError: its records came before, too often for chance."""
        if not records:
            return
        number = len(self._asked)
        ends = b"\0".join((str(len(records)).encode(), bytes(records[0]), bytes(records[-1])))
        mark = blake2b(ends, digest_size=12).digest()
        first, times = self._came.get(mark, (number, 0))
        self._came[mark] = first, times + 1
        if times + 1 >= SAME_PAGES:
            raise LoopError(
                f"page {number} holds the same {len(records)} records as page {first}, {times + 1} times by now, "
                "although each was asked for otherwise.",
            )


def _fingerprint(request: Request) -> bytes:
    """Of a request's method, address, query in any order, and body."""
    parts = urlsplit(request.url)
    query = sorted([*parse_qsl(parts.query, keep_blank_values=True), *_pairs(request.params)])
    body = json.dumps(request.body, sort_keys=True, default=str)
    whole = json.dumps([request.method, parts.scheme, parts.netloc, parts.path, query, body])
    return blake2b(whole.encode(), digest_size=12).digest()


def _pairs(params: Mapping[str, Param]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in sent_params(params).items()]


def _named(request: Request) -> str:
    """The parameters of a request in short, for the message."""
    pairs = [*parse_qsl(urlsplit(request.url).query, keep_blank_values=True), *_pairs(request.params)]
    text = ", ".join(f"{name}={value}" for name, value in pairs) or "no parameters"
    return text if len(text) <= 200 else text[:197] + "..."
