"""A vendor's events, listed by time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from dazz_assets import Cursor, Stream
from tests.conformance.connected import offset_page, param
from tests.conformance.integrations import Item
from tests.http.loopback import ReceivedRequest, Reply


def event(id_: int, at: object) -> dict[str, Any]:
    return {"id": id_, "at": at}


def parse_time(value: Any) -> datetime:
    """The time of a cursor value, in any of the forms that vendors use."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / (1000 if value > 1e11 else 1), UTC)
    time = datetime.fromisoformat(value)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


class EventsStream(Stream[Item]):
    path = "/events"
    cursor = Cursor("at", since="since")


class Events:
    """Lists the events from `since` to before `until`, `size` per page."""

    def __init__(self, records: Iterable[dict[str, Any]], size: int = 10) -> None:
        self.records = list(records)
        self.size = size
        self.filters = True
        self.excludes_since = False
        self.newest_first = False
        self.fails_since: set[str] = set()

    def __call__(self, request: ReceivedRequest) -> Reply:
        if param(request, "since")[:10] in self.fails_since:
            return Reply(400, {"message": "this range is broken"})
        events = [item for item in self.records if not self.filters or self._is_requested(item, request)]
        events.sort(key=lambda item: parse_time(item["at"]), reverse=self.newest_first)
        return Reply(body=offset_page(events, request, self.size))

    def _is_requested(self, item: dict[str, Any], request: ReceivedRequest) -> bool:
        at = parse_time(item["at"])
        since = parse_time(param(request, "since", "1970-01-01"))
        until = parse_time(param(request, "until", "9999-01-01"))
        return since <= at < until and not (self.excludes_since and at == since)
