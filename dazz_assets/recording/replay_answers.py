"""Answers to the requests of a replayed sync: just those that were recorded, each once."""

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

_SHOWN = 5
# With so many a request is compared to find the nearest.
_COMPARED = 500

Identity = tuple[object, ...]


class ReplayScript:
    """Answers requests by what was recorded; of several recordings of one request by each in turn. Threads share it.

    problems: requests that were not recorded, each with the nearest that was.
    """

    def __init__(self, exchanges: Iterable[Exchange], redactor: Redactor) -> None:
        self._left: dict[Identity, deque[Exchange]] = {}
        self._recorded = list(exchanges)
        for exchange in self._recorded:
            self._left.setdefault(_identity(exchange.request), deque()).append(exchange)
        self._redactor = redactor
        self._lock = threading.Lock()
        self._requested: list[Request] = []
        self.played: list[Exchange] = []
        self.problems: list[str] = []

    def __call__(self, request: Request) -> Response:
        """The response to a request. Raises UnrecordedError."""
        found = normalise_request(request, self._redactor)
        wanted = _identity(found)
        with self._lock:
            self._requested.append(found)
            if self._left.get(wanted):
                self.played.append(self._left[wanted].popleft())
                return self.played[-1].response
            problem = self._unrecorded(found, was_recorded=wanted in self._left)
            self.problems.append(problem)
        raise UnrecordedError(problem)

    def unused(self) -> list[str]:
        """The recorded requests that were not sent, each with the nearest that was; the first of many."""
        left = self._unplayed()
        told = [
            f"{item.name} was recorded and not requested: {_line(item.request)}"
            f"{_nearest(item.request, self._requested)}"
            for item in left[:_SHOWN]
        ]
        more = len(left) - len(told)
        return [*told, f"and {more} more were recorded and not requested"] if more else told

    def unreached(self) -> list[str]:
        """How many recorded requests were not sent, in a line where there are any."""
        left = len(self._unplayed())
        return [f"of the recorded requests {left} {'was' if left == 1 else 'were'} then not made"] if left else []

    def _unplayed(self) -> list[Exchange]:
        """What was recorded and not requested, in the order of the names."""
        left = {exchange.name for exchanges in self._left.values() for exchange in exchanges}
        return [exchange for exchange in self._recorded if exchange.name in left]

    def _unrecorded(self, request: Request, *, was_recorded: bool) -> str:
        if was_recorded:
            return f"{_line(request)} was requested more often than it was recorded"
        others = self._unplayed() or self._recorded
        return f"{_line(request)} was requested and not recorded" + _nearest(
            request, [exchange.request for exchange in others[:_COMPARED]], reverse=True
        )


def request_line(request: Request) -> str:
    """A request in a line, with its body where it has one."""
    return _line(request) + (f" {readable_text(request.body, request.headers)}" if request.body else "")


def _line(request: Request) -> str:
    return f"{request.method} {request.url}"


def _identity(request: Request) -> Identity:
    """What two requests must have in common to be the same; the order of parameters does not count."""
    parts = urlsplit(request.url)
    query = tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    headers = tuple(sorted((name.lower(), value) for name, value in request.headers.items()))
    return request.method, parts.scheme, parts.netloc.lower(), parts.path, query, headers, _body(request)


def _body(request: Request) -> str | None:
    if request.body is None:
        return None
    text = readable_text(request.body, request.headers)
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text


def _nearest(request: Request, others: Iterable[Request], *, reverse: bool = False) -> str:
    """What the most similar of other requests has that this one hasn't; `reverse` shows it the other way round."""

    def distance(other: Request) -> tuple[int, float]:
        likeness = SequenceMatcher(None, _line(request), _line(other)).ratio()
        return len(diff_values(_parts(request), _parts(other))), -likeness

    nearest = min(others, key=distance, default=None)
    if nearest is None:
        return "; there is no other"
    before, after = (_parts(nearest), _parts(request)) if reverse else (_parts(request), _parts(nearest))
    shown = "; ".join(map(str, diff_values(before, after)))
    return f"\n    nearest: {_line(nearest)}\n    differs in: {shown}"


def _parts(request: Request) -> dict[str, object]:
    parts = urlsplit(request.url)
    query: dict[str, object] = dict(parse_qsl(parts.query, keep_blank_values=True))
    headers = {name.lower(): value for name, value in request.headers.items()}
    address = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return {"method": request.method, "address": address, "query": query, "headers": headers, "body": _body(request)}
