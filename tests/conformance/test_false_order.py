"""A list that is declared as sorted and turns out not to be moves no mark past what is to come (conformance 104)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dazz_assets import Cursor, NextLink, Stream
from dazz_assets.errors import SyncError
from dazz_assets.extract import passes
from tests.conformance.conftest import Connect
from tests.conformance.connected import param
from tests.conformance.integrations import CommonIntegration, Item
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

SIZE = 5
FIRST = datetime(2026, 1, 6, tzinfo=UTC)


class EventsStream(Stream[Item]):
    path = "/events"
    cursor = Cursor("at", since="since", order="asc")
    paginator = NextLink("next")
    records = "items"


class EventsIntegration(CommonIntegration):
    streams = (EventsStream,)


class Events:
    """Lists events in some order of their numbers, page by page; the page `fails` is refused."""

    def __init__(self, order: list[int]) -> None:
        self.order = order
        self.fails: int | None = None

    def __call__(self, request: ReceivedRequest) -> Reply:
        since, page = param(request, "since"), int(param(request, "place", "0"))
        if page == self.fails:
            return Reply(400, {"message": "out of order"})
        listed = [event for number in self.order if (event := self._event(number))["at"] >= since]
        shown, following = listed[page * SIZE : (page + 1) * SIZE], f"/events?since={since}&place={page + 1}"
        return Reply(body={"items": shown, **({"next": following} if len(listed) > (page + 1) * SIZE else {})})

    @staticmethod
    def _event(number: int) -> dict[str, Any]:
        return {"id": number, "at": (FIRST + timedelta(hours=number)).isoformat().replace("+00:00", "Z")}


ORDERS = {
    "as text": sorted(range(25), key=str),
    "within shards": [*range(0, 26, 2), *range(1, 26, 2)],
    "by another field, which one record changed without": [0, 1, 2, 3, 24, *range(4, 24)],
}


@pytest.fixture
def _checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page is a checkpoint."""
    monkeypatch.setattr(passes, "_ROWS_PER_CHECKPOINT", 1)
    monkeypatch.setattr(passes, "_SECONDS_PER_CHECKPOINT", -1.0)


@pytest.mark.usefixtures("_checkpoints")
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("synced_before", [False, True])
def test_104_a_failure_after_the_order_is_found_out_loses_nothing(
    connect: Connect, api: Vendor, clock: Clock, order: list[int], *, synced_before: bool
) -> None:
    api.handler = vendor = Events([0] if synced_before else order)
    acme = connect(EventsIntegration)
    before = acme.sync(EventsStream).high_water_mark if synced_before else None
    vendor.order, vendor.fails = order, 4
    with pytest.raises(SyncError) as failure:
        acme.sync(EventsStream)
    assert failure.value.report is not None
    assert failure.value.report.high_water_mark == before
    clock.sleep(60)
    vendor.fails = None
    acme.sync(EventsStream)
    assert acme.ids(EventsStream) == sorted(order)
    assert acme.versions(EventsStream) == len(order)


@pytest.mark.usefixtures("_checkpoints")
def test_104_a_list_that_is_sorted_goes_on_at_its_mark(connect: Connect, api: Vendor, clock: Clock) -> None:
    api.handler = vendor = Events(list(range(25)))
    vendor.fails = 3
    acme = connect(EventsIntegration)
    with pytest.raises(SyncError):
        acme.sync(EventsStream)
    clock.sleep(60)
    vendor.fails = None
    assert acme.sync(EventsStream).records == 10
    assert acme.ids(EventsStream) == list(range(25))
