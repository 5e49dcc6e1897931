"""Events at a vendor, listed by their time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from tests.conformance.connected import offset_page, param
from tests.http.loopback import ReceivedRequest, Reply


def event(id_: int, at: object) -> dict[str, Any]:
    return {"id": id_, "at": at}


def time_of(value: Any) -> datetime:
    """The time of a cursor, which vendors write in many ways."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / (1000 if value > 1e11 else 1), UTC)
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Events:
    """Lists events that are not older than `since` and older than `until`, some a page."""

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
        found = [item for item in self.records if not self.filters or self._asked_for(item, request)]
        found.sort(key=lambda item: time_of(item["at"]), reverse=self.newest_first)
        return Reply(body=offset_page(found, request, self.size))

    def _asked_for(self, item: dict[str, Any], request: ReceivedRequest) -> bool:
        at = time_of(item["at"])
        since, until = (time_of(param(request, name, f"{otherwise}-01-01")) for name, otherwise in BOUNDS)
        return since <= at < until and not (self.excludes_since and at == since)


BOUNDS = (("since", "1970"), ("until", "9999"))
