"""Lists of changes, and an API that limits how many results it lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.connected import offset_page, param
from tests.http.loopback import ReceivedRequest, Reply


def time_after(minutes: float) -> str:
    return (datetime(2026, 1, 10, tzinfo=UTC) + timedelta(minutes=minutes)).isoformat()


def changes(total: int) -> list[dict[str, Any]]:
    """Records that changed one after another, seven minutes apart."""
    return [{"id": number, "at": time_after(number * 7)} for number in range(total)]


def filter_by_bounds(records: Sequence[dict[str, Any]], request: ReceivedRequest) -> list[dict[str, Any]]:
    since, until = param(request, "since", "0000"), param(request, "until", "9999")
    return [item for item in records if (since[:19] <= item["at"][:19] < until[:19])]


class LimitedList:
    """An API that lists the first `limit` records of a range in pages of 10.

    beyond: the status of requests beyond the limit. total: whether pages name the total.
    """

    def __init__(self, records: list[dict[str, Any]], limit: int, beyond: int = 200, *, total: bool = True) -> None:
        self.records = records
        self.limit = limit
        self.beyond = beyond
        self.total = total
        self.ignores_bounds = False

    def __call__(self, request: ReceivedRequest) -> Reply:
        records = self.records if self.ignores_bounds else filter_by_bounds(self.records, request)
        if int(param(request, "offset", "0")) >= self.limit and self.beyond != 200:
            return Reply(self.beyond, {"message": "Result window is too large"})
        page = offset_page(records[: self.limit], request, 10)
        return Reply(body={"data": page, **({"total": len(records)} if self.total else {})})
