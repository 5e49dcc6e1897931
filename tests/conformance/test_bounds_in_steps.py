"""Bounds that must both be sent, and in steps (conformance 59)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dazz_assets import Cursor, Offset, Stream
from dazz_assets.assistant.page_preview import preview
from dazz_assets.errors import SyncError
from dazz_assets.lake import Lake
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, offset_page, param
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.first_check import check_first
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor


class SalesStream(Stream[Item]):
    path = "/sales"


class SalesIntegration(CommonIntegration):
    paginator = Offset()
    streams = (SalesStream,)


def sales(cursor: Cursor) -> tuple[type[SalesIntegration], type[Stream[Any]]]:
    stream = declare("SalesStream", SalesStream, name="sales", cursor=cursor)
    return declare("SalesIntegration", SalesIntegration, streams=(stream,)), stream


def parse_bound(text: str) -> datetime:
    if text.isdecimal():
        return datetime.fromtimestamp(int(text) / (1000 if len(text) > 11 else 1), UTC)
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


class Sales:
    """Sales between two bounds that must both be sent, at most `longest` apart.

    since_counts, until_counts: whether a sale at the very bound is listed.
    """

    def __init__(
        self, times: list[datetime], longest: timedelta, *, since_counts: bool = True, until_counts: bool = False
    ) -> None:
        self.sales = [{"id": number, "at": at.isoformat()} for number, at in enumerate(times)]
        self.longest = longest
        self.since_counts, self.until_counts = since_counts, until_counts

    def __call__(self, request: ReceivedRequest) -> Reply:
        if not {"from", "to"} <= set(request.query):
            return Reply(422, {"message": "from and to are both needed"})
        since, until = parse_bound(param(request, "from")), parse_bound(param(request, "to"))
        if until - since > self.longest:
            return Reply(422, {"message": f"{until - since} is refused"})
        if until < since:
            return Reply(422, {"message": "from is behind to"})
        found = [sale for sale in self.sales if self._is_between(datetime.fromisoformat(str(sale["at"])), since, until)]
        return Reply(body=offset_page(found, request, 500))

    def _is_between(self, at: datetime, since: datetime, until: datetime) -> bool:
        after = at >= since if self.since_counts else at > since
        return after and (at <= until if self.until_counts else at < until)


FIRST = datetime(2026, 1, 5, tzinfo=UTC)
TIMES = [FIRST + timedelta(hours=7 * number) for number in range(190)]
FORMATS = [None, "epoch", "epoch_ms", "%Y-%m-%d", "%Y-%m-%dT%H:%M"]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("days", [3, 31, 90])
def test_59_a_long_range_is_listed_in_steps_that_are_short_enough(
    connect: Connect, api: Vendor, format_: str | None, days: int
) -> None:
    integration, stream = sales(Cursor("at", since="from", until="to", step=timedelta(days=days), format=format_))
    api.handler = vendor = Sales(TIMES[:-3], timedelta(days=days))
    acme = connect(integration)
    acme.sync(stream)
    assert acme.ids(stream) == list(range(187))
    assert len(api.requests) <= 2 * (57 // (days - 2) + 2)  # each step has one page, and an empty one
    api.requests.clear()
    vendor.sales += [{"id": 187 + number, "at": at.isoformat()} for number, at in enumerate(TIMES[-3:])]
    acme.sync(stream)
    assert (acme.ids(stream), acme.versions(stream)) == (list(range(190)), 190)
    assert len(api.requests) <= 6
    acme.sync_range(stream, replace=True)
    assert (acme.ids(stream), acme.versions(stream)) == (list(range(190)), 190)


@pytest.mark.parametrize("format_", [None, "%Y-%m-%d"])
def test_59_both_bounds_are_always_sent(connect: Connect, api: Vendor, format_: str | None) -> None:
    integration, stream = sales(Cursor("at", since="from", until="to", both=True, format=format_))
    api.handler = Sales(TIMES, timedelta(days=400))
    acme = connect(integration)
    acme.sync(stream)
    acme.sync(stream)
    acme.sync_range(stream, "2026-02-01")
    acme.sync_range(stream, replace=True)
    assert acme.ids(stream) == list(range(190))


def test_59_a_missing_step_is_found_by_the_vendors_words_and_the_range_is_split(connect: Connect, api: Vendor) -> None:
    integration, stream = sales(Cursor("at", since="from", until="to", both=True))
    vendor = Sales(TIMES, timedelta(days=14))

    def page(request: ReceivedRequest) -> Reply:
        reply = vendor(request)
        return reply if reply.status == 200 else Reply(400, {"message": "The date range may not exceed 14 days."})

    api.handler = page
    acme = connect(integration)
    acme.sync(stream)
    assert (acme.ids(stream), acme.versions(stream)) == (list(range(190)), 190)


def test_59_a_range_that_is_refused_for_another_reason_is_not_split(connect: Connect, api: Vendor) -> None:
    integration, stream = sales(Cursor("at", since="from", until="to", both=True))
    api.handler = lambda request: Reply(400, {"message": "from must be a date"})
    with pytest.raises(SyncError, match="from must be a date"):
        connect(integration).sync(stream)
    assert len(api.requests) == 1


def test_59_a_range_that_is_refused_however_short_is_an_error_with_the_vendors_words(
    connect: Connect, api: Vendor
) -> None:
    integration, stream = sales(Cursor("at", since="from", until="to"))
    api.handler = lambda request: Reply(422, {"message": "Your plan's date range is too large"})
    with pytest.raises(SyncError, match="Your plan's date range is too large"):
        connect(integration).sync(stream)
    assert len(api.requests) < 60


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    minutes=st.lists(st.integers(0, 56 * 24 * 60), max_size=30),
    at_midnight=st.lists(st.integers(0, 56), max_size=10),
    step=st.sampled_from([timedelta(days=2), timedelta(days=5), timedelta(days=31), timedelta(hours=100)]),
    format_=st.sampled_from(FORMATS),
    since_counts=st.booleans(),
    until_counts=st.booleans(),
    refetches=st.booleans(),
)
def test_59_no_record_falls_between_two_steps(
    tmp_path_factory: pytest.TempPathFactory,
    minutes: list[int],
    at_midnight: list[int],
    step: timedelta,
    format_: str | None,
    *,
    since_counts: bool,
    until_counts: bool,
    refetches: bool,
) -> None:
    times = [FIRST + timedelta(minutes=at) for at in [*minutes, *(1440 * day for day in at_midnight)]]
    integration, stream = sales(Cursor("at", since="from", until="to", step=step, format=format_))
    with Vendor() as api:
        # A first sync asks for the start itself: what changed there is before it for an API that excludes the bound.
        times = [at for at in times if since_counts or at > FIRST]
        longest = max(step, timedelta(days=2))
        api.handler = Sales(times, longest, since_counts=since_counts, until_counts=until_counts)
        acme = Connected(integration, api, Clock(1_772_452_800), Lake(tmp_path_factory.mktemp("lake")))
        acme.sync_range(stream, replace=True) if refetches else acme.sync(stream)
        assert acme.ids(stream) == list(range(len(times)))
        assert acme.versions(stream) == len(times)


SHORT_STEPS = [
    ("%Y-%m-%d", timedelta(days=1)),
    ("%Y-%m-%dT%H:00", timedelta(hours=1)),
    ("%Y-%m-%dT%H:%M", timedelta(minutes=90)),
    ("epoch", timedelta(hours=12)),
]


@pytest.mark.parametrize(("format_", "step"), SHORT_STEPS)
@pytest.mark.parametrize("since_counts", [True, False])
def test_59_what_comes_later_with_the_time_of_the_mark_is_listed_however_short_the_steps_are(
    connect: Connect, api: Vendor, format_: str, step: timedelta, *, since_counts: bool
) -> None:
    integration, stream = sales(Cursor("at", since="from", until="to", step=step, format=format_))
    start = datetime(2026, 3, 1, tzinfo=UTC)
    hours = [24, 26, 29]
    vendor = Sales([], timedelta(days=2), since_counts=since_counts, until_counts=True)
    api.handler = vendor
    acme = connect(integration, start=start.date())
    for number, hour in enumerate(hours):
        vendor.sales.append({"id": 2 * number, "at": (start + timedelta(hours=hour)).isoformat()})
        acme.clock.now = (start + timedelta(hours=hour, minutes=20)).timestamp()
        acme.sync(stream)
        vendor.sales.append({"id": 2 * number + 1, "at": (start + timedelta(hours=hour)).isoformat()})
        report = acme.sync(stream)
        assert (report.warnings, report.gap) == ([], None)
        assert acme.versions(stream) == len(vendor.sales)


@pytest.mark.parametrize("days", [1, 2, 5])
def test_59_what_is_told_of_a_filter_names_the_bound_that_was_sent(connect: Connect, api: Vendor, days: int) -> None:
    """Its records are listed by the day after their change."""
    step = timedelta(days=days)
    integration, stream = sales(Cursor("at", since="from", until="to", step=step, format="%Y-%m-%d"))
    vendor = Sales([datetime(2026, 3, 2, tzinfo=UTC)], timedelta(days=5))
    acme = connect(integration, start=datetime(2026, 2, 20, tzinfo=UTC).date())
    api.handler = vendor
    acme.sync(stream)
    api.handler = lambda request: vendor(request) if param(request, "from") < "2026-03-01" else Reply(body=[])
    api.requests.clear()
    (warning,) = acme.sync(stream).warnings
    assert f"asked for what changed since {param(api.requests[0], 'from')}, it did not list 0" in warning


@pytest.mark.parametrize("both", [{"both": True}, {"step": timedelta(days=20)}], ids=["both", "steps"])
def test_59_a_check_and_a_preview_ask_for_a_range_that_the_vendor_takes(
    connect: Connect, api: Vendor, both: dict[str, Any]
) -> None:
    longest = timedelta(days=400) if "both" in both else timedelta(days=20)
    api.handler = Sales([datetime(2026, 2, 27, tzinfo=UTC)], longest)
    integration, _ = sales(Cursor("at", since="from", until="to", **both))
    acme = connect(integration)
    assert check_first(acme.session).records == 1
    checked = [request.target for request in api.requests]
    api.requests.clear()
    assert len(preview(acme.session, acme.spec.streams["sales"]).records) == 1
    assert [request.target for request in api.requests] == checked


def test_59_a_check_sends_no_filter_where_a_first_sync_sends_none(connect: Connect, api: Vendor) -> None:
    integration, _ = sales(Cursor("at", since="from", until="to", nulls="fetched"))
    acme = connect(integration)
    check_first(acme.session)
    preview(acme.session, acme.spec.streams["sales"])
    assert [request.pairs for request in api.requests] == [[("offset", "0")], [("offset", "0")]]
