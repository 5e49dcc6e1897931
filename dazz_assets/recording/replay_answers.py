"""Answer the requests of a replayed sync with the recorded responses, each of them once."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable
from difflib import SequenceMatcher
from urllib.parse import parse_qsl, urlsplit

from dazz_assets.errors import UnrecordedError
from dazz_assets.http import Request, Response
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.recording.exchange_file import Exchange, readable_text
from dazz_assets.recording.normalise import normalise_request
from dazz_assets.transform.value_diff import diff_values

_MOST_SHOWN = 5
"""Requests to list when more were recorded than sent."""
_MOST_COMPARED = 500
"""Recorded requests to compare with when looking for the nearest one."""

RequestIdentity = tuple[object, ...]


class ReplayScript:
    """Answers each request with its recorded response; a request recorded several times gets them in turn. Thread-safe.

    problems: requests that were not recorded, each with the nearest that was. played: the exchanges used so far.
    """

    def __init__(self, exchanges: Iterable[Exchange], redactor: Redactor) -> None:
        self._remaining: dict[RequestIdentity, deque[Exchange]] = {}
        self._recorded = list(exchanges)
        for exchange in self._recorded:
            self._remaining.setdefault(_request_identity(exchange.request), deque()).append(exchange)
        self._redactor = redactor
        self._lock = threading.Lock()
        self._requested: list[Request] = []
        self.played: list[Exchange] = []
        self.problems: list[str] = []

    def __call__(self, request: Request) -> Response:
        """The recorded response to a request. Raises UnrecordedError if there is none left."""
        normalised = normalise_request(request, self._redactor)
        identity = _request_identity(normalised)
        with self._lock:
            self._requested.append(normalised)
            if self._remaining.get(identity):
                self.played.append(self._remaining[identity].popleft())
                return self.played[-1].response
            problem = self._describe_unrecorded(normalised, was_recorded=identity in self._remaining)
            self.problems.append(problem)
        raise UnrecordedError(problem)

    def describe_unrequested(self) -> list[str]:
        """Describe the first recorded requests that were not sent, each with the nearest that was sent."""
        remaining = self._unplayed_exchanges()
        lines = [
            f"{item.name} was recorded but not requested: {_format_line(item.request)}"
            f"{_describe_nearest(item.request, self._requested)}"
            for item in remaining[:_MOST_SHOWN]
        ]
        more = len(remaining) - len(lines)
        return (
            [*lines, f"and {more} more {'was' if more == 1 else 'were'} recorded but not requested"] if more else lines
        )

    def describe_unreached(self) -> list[str]:
        """Count the recorded requests that were not sent, in one line, or none if all were."""
        remaining = len(self._unplayed_exchanges())
        if not remaining:
            return []
        return [f"as a result, {remaining} recorded request{' was' if remaining == 1 else 's were'} not sent"]

    def _unplayed_exchanges(self) -> list[Exchange]:
        """The exchanges that were recorded and not requested, in the order of their names."""
        remaining = {exchange.name for exchanges in self._remaining.values() for exchange in exchanges}
        return [exchange for exchange in self._recorded if exchange.name in remaining]

    def _describe_unrecorded(self, request: Request, *, was_recorded: bool) -> str:
        if was_recorded:
            return f"{_format_line(request)} was requested more often than recorded"
        others = self._unplayed_exchanges() or self._recorded
        return f"{_format_line(request)} was requested but not recorded" + _describe_nearest(
            request, [exchange.request for exchange in others[:_MOST_COMPARED]], reverse=True
        )


def format_request(request: Request) -> str:
    """Format a request as one line, with its body if it has one."""
    return _format_line(request) + (f" {readable_text(request.body, request.headers)}" if request.body else "")


def _format_line(request: Request) -> str:
    return f"{request.method} {request.url}"


def _request_identity(request: Request) -> RequestIdentity:
    """What two requests must share to be the same; the order of query parameters does not count."""
    parts = urlsplit(request.url)
    query = tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    headers = tuple(sorted((name.lower(), value) for name, value in request.headers.items()))
    return request.method, parts.scheme, parts.netloc.lower(), parts.path, query, headers, _comparable_body(request)


def _comparable_body(request: Request) -> str | None:
    if request.body is None:
        return None
    text = readable_text(request.body, request.headers)
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text


def _describe_nearest(request: Request, others: Iterable[Request], *, reverse: bool = False) -> str:
    """Describe how the most similar other request differs from this one. reverse: how this one differs from it."""

    def distance(other: Request) -> tuple[int, float]:
        similarity = SequenceMatcher(None, _format_line(request), _format_line(other)).ratio()
        return len(diff_values(_comparable_parts(request), _comparable_parts(other))), -similarity

    nearest = min(others, key=distance, default=None)
    if nearest is None:
        return "; there is no other request"
    before, after = (
        (_comparable_parts(nearest), _comparable_parts(request))
        if reverse
        else (_comparable_parts(request), _comparable_parts(nearest))
    )
    differences = "; ".join(map(str, diff_values(before, after)))
    return f"\n    nearest: {_format_line(nearest)}\n    differs in: {differences}"


def _comparable_parts(request: Request) -> dict[str, object]:
    parts = urlsplit(request.url)
    query: dict[str, object] = dict(parse_qsl(parts.query, keep_blank_values=True))
    headers = {name.lower(): value for name, value in request.headers.items()}
    address = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return {
        "method": request.method,
        "address": address,
        "query": query,
        "headers": headers,
        "body": _comparable_body(request),
    }
