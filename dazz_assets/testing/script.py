"""Answers to the requests of a replayed sync: just those that were recorded, each once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from difflib import SequenceMatcher
from urllib.parse import parse_qsl, urlsplit

from dazz_assets.http.seam import Answered, Asked
from dazz_assets.sync.differences import differences
from dazz_assets.testing.canonical import asked_as_recorded
from dazz_assets.testing.errors import UnrecordedError
from dazz_assets.testing.exchange import Exchange
from dazz_assets.testing.redaction import Redactor

_SHOWN = 5


class Script:
    """Answers requests by what was recorded; of several recordings of one request by each in turn. Threads share it.

    problems: requests that were not recorded, each with the nearest that was.
    """

    def __init__(self, exchanges: Iterable[Exchange], redactor: Redactor) -> None:
        self._left = list(exchanges)
        self._all = list(self._left)
        self._redactor = redactor
        self._lock = threading.Lock()
        self._asked: list[Asked] = []
        self.played: list[Exchange] = []
        self.problems: list[str] = []

    def __call__(self, asked: Asked) -> Answered:
        """The response to a request. Raises UnrecordedError."""
        found = asked_as_recorded(asked, self._redactor)
        wanted = _identity(found)
        with self._lock:
            self._asked.append(found)
            for place, exchange in enumerate(self._left):
                if _identity(exchange.asked) == wanted:
                    self.played.append(self._left.pop(place))
                    return exchange.answered
            problem = self._unrecorded(found)
            self.problems.append(problem)
        raise UnrecordedError(problem)

    def unused(self) -> list[str]:
        """The recorded requests that were not sent, each with the nearest that was; the first of many."""
        told = [
            f"{item.name} was recorded and not requested: {_line(item.asked)}{_nearest(item.asked, self._asked)}"
            for item in self._left[:_SHOWN]
        ]
        more = len(self._left) - len(told)
        return [*told, f"and {more} more were recorded and not requested"] if more else told

    def _unrecorded(self, asked: Asked) -> str:
        if any(_identity(exchange.asked) == _identity(asked) for exchange in self._all):
            return f"{_line(asked)} was requested more often than it was recorded"
        nearest = _nearest(asked, [exchange.asked for exchange in self._left or self._all], reverse=True)
        return f"{_line(asked)} was requested and not recorded{nearest}"


def line_of(asked: Asked) -> str:
    """A request in a line, with its body where it has one."""
    return _line(asked) + (f" {asked.body}" if asked.body else "")


def _line(asked: Asked) -> str:
    return f"{asked.method} {asked.url}"


def _identity(asked: Asked) -> tuple[object, ...]:
    """What two requests must have in common to be the same; the order of parameters does not count."""
    parts = urlsplit(asked.url)
    query = tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    headers = tuple(sorted((name.lower(), value) for name, value in asked.headers.items()))
    return asked.method, parts.scheme, parts.netloc.lower(), parts.path, query, headers, _body(asked)


def _body(asked: Asked) -> str | None:
    try:
        return None if asked.body is None else json.dumps(json.loads(asked.body), sort_keys=True)
    except ValueError:
        return asked.body


def _nearest(asked: Asked, others: Iterable[Asked], *, reverse: bool = False) -> str:
    """What the most similar of other requests has that this one hasn't; `reverse` shows it the other way round."""

    def distance(other: Asked) -> tuple[int, float]:
        likeness = SequenceMatcher(None, _line(asked), _line(other)).ratio()
        return len(differences(_parts(asked), _parts(other))), -likeness

    nearest = min(others, key=distance, default=None)
    if nearest is None:
        return "; there is no other"
    before, after = (_parts(nearest), _parts(asked)) if reverse else (_parts(asked), _parts(nearest))
    shown = "; ".join(map(str, differences(before, after)))
    return f"\n    nearest: {_line(nearest)}\n    differs in: {shown}"


def _parts(asked: Asked) -> dict[str, object]:
    parts = urlsplit(asked.url)
    query: dict[str, object] = dict(parse_qsl(parts.query, keep_blank_values=True))
    headers = {name.lower(): value for name, value in asked.headers.items()}
    address = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return {"method": asked.method, "address": address, "query": query, "headers": headers, "body": _body(asked)}
