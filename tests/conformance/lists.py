"""Lists of changes, as APIs with a limit on results give them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.connected import offset_page, param
from tests.http.loopback import ReceivedRequest, Reply


def moment(minutes: float) -> str:
    return (datetime(2026, 1, 10, tzinfo=UTC) + timedelta(minutes=minutes)).isoformat()


def changes(total: int) -> list[dict[str, Any]]:
    """Records that changed one after another, some minutes apart."""
    return [{"id": number, "at": moment(number * 7)} for number in range(total)]


def between(records: Sequence[dict[str, Any]], request: ReceivedRequest) -> list[dict[str, Any]]:
    since, until = param(request, "since", "0000"), param(request, "until", "9999")
    return [item for item in records if (since[:19] <= item["at"][:19] < until[:19])]


class Limited:
    """An API that lists the first `most` records of a range in pages of 10, and answers beyond as it is told to."""

    def __init__(self, records: list[dict[str, Any]], most: int, beyond: int = 200, *, total: bool = True) -> None:
        self.records = records
        self.most = most
        self.beyond = beyond
        self.total = total
        self.ignores_bounds = False

    def __call__(self, request: ReceivedRequest) -> Reply:
        found = self.records if self.ignores_bounds else between(self.records, request)
        if int(param(request, "offset", "0")) >= self.most and self.beyond != 200:
            return Reply(self.beyond, {"message": "Result window is too large"})
        page = offset_page(found[: self.most], request, 10)
        return Reply(body={"data": page, **({"total": len(found)} if self.total else {})})
