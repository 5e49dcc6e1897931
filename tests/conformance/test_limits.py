"""Several limits at once, limits of one endpoint, and budgets that a page tells in its body (conformance 68 to 70)."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from dazz_assets import Budget, Offset, Rate, Stream
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, offset_page
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor


class SearchStream(Stream[Item]):
    """An endpoint with a limit of its own."""

    path = "/search"
    rate = Rate(30, per=60)


class LimitedIntegration(CommonIntegration):
    paginator = Offset()
    streams = (ItemsStream, SearchStream)


def note_times(api: Vendor, clock: Clock, total: int) -> list[float]:
    """Answers with pages of one record, and notes when each was asked for."""
    records, times = items(*range(total)), list[float]()

    def page(request: ReceivedRequest) -> Reply:
        times.append(clock.now)
        return Reply(body=offset_page(records, request, 1))

    api.handler = page
    return times


def most_in(times: list[float], seconds: float) -> int:
    """The most requests in any period of so many seconds."""
    return max(sum(start <= at < start + seconds for at in times) for start in times)


def test_68_several_limits_hold_together(connect: Connect, api: Vendor, clock: Clock) -> None:
    times = note_times(api, clock, 130)
    connect(declare("Two", LimitedIntegration, rate=(Rate(60, per=60), Rate(10, per=1)))).sync(ItemsStream)
    assert len(times) == 131
    assert most_in(times, 1) <= 10
    assert most_in(times, 60) <= 60
    assert times[50] - times[0] < 6  # The minute's requests may come as fast as the limit of a second lets them.


@pytest.mark.parametrize("rate", [None, Rate(30, per=60)])
def test_68_the_streams_of_a_connection_share_its_limits(
    connect: Connect, api: Vendor, clock: Clock, rate: Rate | None
) -> None:
    times = note_times(api, clock, 3)
    search = declare("SearchStream", SearchStream, rate=rate)
    acme = connect(declare("Slow", LimitedIntegration, rate=Rate(6, per=60), streams=(ItemsStream, search)))
    for stream in acme.spec.streams.values():
        sync_stream(acme.session, stream, SyncRange(from_mark=True))
    assert len(times) == 8
    assert all(10 < gap < 10.4 for gap in gaps(times))


def test_69_an_endpoint_has_a_limit_of_its_own(connect: Connect, api: Vendor, clock: Clock) -> None:
    acme = connect(declare("Own", LimitedIntegration, rate=Rate(600, per=60)))
    times = note_times(api, clock, 20)
    acme.sync(ItemsStream)
    assert all(gap < 0.2 for gap in gaps(times))
    times = note_times(api, clock, 20)
    acme.sync(SearchStream)
    assert all(2 < gap < 2.2 for gap in gaps(times))


def test_69_the_limit_of_the_integration_holds_for_an_endpoint_with_its_own(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    times = note_times(api, clock, 5)
    connect(declare("Slow", LimitedIntegration, rate=Rate(6, per=60))).sync(SearchStream)
    assert all(10 < gap < 10.4 for gap in gaps(times))


def gaps(times: list[float]) -> list[float]:
    assert len(times) > 2
    return [later - earlier for earlier, later in pairwise(times)]


class PointsIntegration(CommonIntegration):
    records = "data.items"
    paginator = Offset()
    budget = Budget("data.points.left", reset="data.points.reset", cost="data.points.used")
    streams = (ItemsStream,)


def answer_with_points(api: Vendor, clock: Clock, *, total: int, budget: int, cost: int, reset: Any) -> list[float]:
    """Answers with a record a page; each costs points of a budget that is full again after a minute."""
    records, times, left, full_at = items(*range(total)), list[float](), budget, clock.now + 60

    def page(request: ReceivedRequest) -> Reply:
        nonlocal left, full_at
        if clock.now >= full_at:
            left, full_at = budget, full_at + 60
        if left < cost:
            return Reply(body={"errors": [{"message": "too many points"}]})
        left -= cost
        times.append(clock.now)
        points = {"left": left, "used": cost, "reset": reset(full_at)}
        return Reply(body={"data": {"items": offset_page(records, request, 1), "points": points}})

    api.handler = page
    return times


RESETS: dict[str, Any] = {
    "in seconds": lambda clock: lambda full_at: full_at - clock.now,
    "an epoch": lambda clock: lambda full_at: full_at,
    "a time": lambda clock: lambda full_at: datetime.fromtimestamp(full_at, UTC).isoformat(),
}


@pytest.mark.parametrize("form", RESETS)
def test_70_a_budget_that_a_page_tells_is_kept(connect: Connect, api: Vendor, clock: Clock, form: str) -> None:
    times = answer_with_points(api, clock, total=60, budget=1_000, cost=40, reset=RESETS[form](clock))
    acme = connect(PointsIntegration)
    report = acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(60))
    assert (report.retries, len(times)) == (0, 61)
    assert 60 < clock.slept < 200
    assert times[10] - times[0] < 1  # While much is left, nothing waits.


def test_70_a_request_that_the_rest_does_not_pay_for_waits_for_the_reset(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    times = answer_with_points(api, clock, total=1, budget=1_000, cost=600, reset=RESETS["in seconds"](clock))
    connect(PointsIntegration).sync(ItemsStream)
    assert times[1] - times[0] == pytest.approx(60)


def test_70_a_budget_that_no_page_tells_is_warned_of(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"data": {"items": items(1)}}), Reply(body={"data": {"items": []}}))
    (warning,) = connect(PointsIntegration).sync(ItemsStream).warnings
    assert "`data.points.left`" in warning
    assert "set `budget = None` on the stream" in warning


def test_70_a_stream_without_a_budget_is_not_warned_of(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"data": {"items": items(1)}}), Reply(body={"data": {"items": []}}))

    class FreeStream(ItemsStream):
        budget = None

    assert connect(declare("Free", PointsIntegration, streams=(FreeStream,))).sync(FreeStream).warnings == []


def test_70_a_reset_that_is_too_far_away_is_an_error_that_says_so(connect: Connect, api: Vendor, clock: Clock) -> None:
    answer_with_points(api, clock, total=3, budget=1_000, cost=600, reset=lambda full_at: full_at + 7_200)
    with pytest.raises(SyncError, match=r"asks to wait 7\d\d\d s"):
        connect(PointsIntegration).sync(ItemsStream)
