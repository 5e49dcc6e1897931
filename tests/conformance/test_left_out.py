"""A filter that leaves out changes is found by what it leaves out at the mark, and told (conformance 101)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any
from unittest import mock

import pytest

from dazz_assets import Cursor, Stream
from dazz_assets.extract.completeness.left_out import MarkWatch
from tests.conformance.conftest import Connect
from tests.conformance.connected import param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

Rule = Callable[[dict[str, Any], datetime], bool]
DAY = 86_400


class TicketsStream(Stream[Item]):
    path = "/tickets"
    cursor = Cursor("changed", since="since")


class BoundedStream(TicketsStream):
    name = "tickets"
    cursor = Cursor("changed", since="since", until="until")


class LateStream(TicketsStream):
    name = "tickets"
    cursor = Cursor("changed", since="since", lookback=timedelta(days=2))


class OfItemStream(TicketsStream):
    name = "of_item"
    parent = ItemsStream
    path = "/items/{parent.id}/tickets"


class TicketsIntegration(CommonIntegration):
    streams = (TicketsStream,)


def at(time: str) -> datetime:
    return datetime.fromisoformat(time).replace(tzinfo=UTC)


def ticket(id_: int, made: str, changed: str) -> dict[str, Any]:
    return {"id": id_, "made": f"{made}Z", "changed": f"{changed}Z"}


class Tickets:
    """Tickets that changed some time after they were made. passes: which of them the filter lists, by the bound."""

    def __init__(self, passes: Rule) -> None:
        self.passes = passes
        self.tickets = [
            ticket(1, "2026-02-20T08:00:00", "2026-03-01T10:00:00"),
            ticket(2, "2026-02-20T09:00:00", "2026-03-02T11:00:30"),
        ]

    def change(self, id_: int, changed: str) -> None:
        self.tickets = [
            *(item for item in self.tickets if item["id"] != id_),
            ticket(id_, "2026-02-20T08:00:00", changed),
        ]

    def __call__(self, request: ReceivedRequest) -> Reply:
        if request.path == "/items":
            return Reply(body=[{"id": 7}])
        since, until = param(request, "since"), param(request, "until", "9")
        listed = [
            item
            for item in self.tickets
            if (not since or self.passes(item, datetime.fromisoformat(since))) and item["changed"] < until
        ]
        return Reply(body=listed)


def _rounded_up(seconds: int) -> Rule:
    def passes(item: dict[str, Any], since: datetime) -> bool:
        return datetime.fromisoformat(item["changed"]).timestamp() >= ceil(since.timestamp() / seconds) * seconds

    return passes


NARROW: dict[str, Rule] = {
    "by when it was made": lambda item, since: datetime.fromisoformat(item["made"]) >= since,
    "in a zone five hours behind": lambda item, since: (
        datetime.fromisoformat(item["changed"]) >= since + timedelta(hours=5)
    ),
    "rounded up to the minute": _rounded_up(60),
    "rounded up to the day": _rounded_up(DAY),
}
WIDE: dict[str, Rule] = {
    "inclusive": lambda item, since: datetime.fromisoformat(item["changed"]) >= since,
    "exclusive": lambda item, since: datetime.fromisoformat(item["changed"]) > since,
    "by the day": lambda item, since: item["changed"][:10] >= since.isoformat()[:10],
}


@pytest.mark.parametrize("passes", NARROW.values(), ids=NARROW)
@pytest.mark.parametrize("stream", [TicketsStream, BoundedStream])
def test_101_a_filter_that_leaves_out_what_is_at_the_mark_is_told_and_keeps_the_mark(
    connect: Connect, api: Vendor, clock: Clock, passes: Rule, stream: type[Stream[Any]]
) -> None:
    api.handler = vendor = Tickets(passes)
    acme = connect(declare("TicketsIntegration", TicketsIntegration, streams=(stream,)))
    mark = acme.sync(stream).high_water_mark
    clock.sleep(2 * 3600)
    vendor.change(1, "2026-03-02T12:30:00")
    report = acme.sync(stream)
    [warning] = report.warnings
    assert "the API leaves out records that it should list" in warning
    assert f"in `cursor` of {stream.__name__}" in warning
    assert report.high_water_mark == mark
    assert report.gap is not None
    assert f"changes since {mark} may be missing" in report.gap


@pytest.mark.parametrize("passes", NARROW.values(), ids=NARROW)
def test_101_once_the_cursor_is_corrected_nothing_is_missing(
    connect: Connect, api: Vendor, clock: Clock, passes: Rule
) -> None:
    api.handler = vendor = Tickets(passes)
    acme = connect(TicketsIntegration)
    acme.sync(TicketsStream)
    for hour in range(13, 16):
        vendor.change(1, f"2026-03-02T{hour}:10:10")
        clock.sleep(2 * 3600)
        acme.sync(TicketsStream)
    by_all = passes is NARROW["by when it was made"]
    corrected = (
        declare("TicketsStream", TicketsStream, name="tickets", cursor=Cursor("changed")) if by_all else LateStream
    )
    acme = connect(declare("TicketsIntegration", TicketsIntegration, streams=(corrected,)))
    report = acme.sync(corrected)
    assert (report.warnings, report.gap) == ([], None)
    assert acme.records(corrected) == sorted(vendor.tickets, key=lambda item: item["id"])


@pytest.mark.parametrize("passes", WIDE.values(), ids=WIDE)
def test_101_a_filter_that_lists_what_is_at_the_mark_costs_no_request(
    connect: Connect, api: Vendor, clock: Clock, passes: Rule
) -> None:
    api.handler = vendor = Tickets(passes)
    acme = connect(TicketsIntegration)
    for number in range(3):
        report = acme.sync(TicketsStream)
        assert (report.warnings, report.gap) == ([], None)
        assert len(api.requests) == number + 1
        vendor.change(3 + number, f"2026-03-02T1{2 + number}:10:10")
        clock.sleep(3600)


def test_101_what_is_listed_of_before_the_range_is_not_left_out(connect: Connect, api: Vendor, clock: Clock) -> None:
    """Of a list in steps, a sync does not go back to a mark that lies far behind, though its bound by the day does."""
    cursor = Cursor("changed", since="since", until="until", step=timedelta(days=7), format="%Y-%m-%d")
    stream = declare("TicketsStream", TicketsStream, cursor=cursor, __module__=__name__)
    api.handler = vendor = Tickets(lambda item, since: item["changed"][:10] >= since.isoformat()[:10])
    vendor.tickets = [ticket(1, "2026-02-20T08:00:00", "2026-02-23T04:52:00")]
    acme = connect(declare("TicketsIntegration", TicketsIntegration, streams=(stream,)))
    for _ in range(3):
        report = acme.sync(stream)
        assert (report.warnings, report.gap) == ([], None)
        clock.sleep(3600)


def test_101_a_record_at_the_mark_that_changed_or_is_gone_is_not_left_out(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    """The API is asked once for what is gone, and not again while the mark stays."""
    api.handler = vendor = Tickets(WIDE["inclusive"])
    acme = connect(TicketsIntegration)
    acme.sync(TicketsStream)
    clock.sleep(3600)
    vendor.change(2, "2026-03-02T12:30:00")
    assert acme.sync(TicketsStream).warnings == []
    assert len(api.requests) == 2
    vendor.tickets.pop()
    clock.sleep(3600)
    for _ in range(3):
        report = acme.sync(TicketsStream)
        assert (report.warnings, report.gap) == ([], None)
    assert len(api.requests) <= 2 + 3 + 2


def test_101_what_was_listed_is_stored_before_the_api_is_asked_again(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    api.handler = vendor = Tickets(WIDE["inclusive"])
    acme = connect(TicketsIntegration)
    acme.sync(TicketsStream)
    vendor.tickets[1:] = [ticket(3, "2026-03-02T12:00:00", "2026-03-02T12:00:00")]
    clock.sleep(DAY)
    with mock.patch.object(MarkWatch, "examine", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        acme.sync(TicketsStream)
    assert acme.ids(TicketsStream) == [1, 2, 3]
    assert acme.sync(TicketsStream).high_water_mark == "2026-03-02T12:00:00Z"
    assert acme.ids(TicketsStream) == [1, 2, 3]


def test_101_what_changes_while_the_api_is_asked_again_is_not_left_out(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    vendor = Tickets(WIDE["inclusive"])
    acme = connect(TicketsIntegration)
    api.handler = vendor
    acme.sync(TicketsStream)
    clock.sleep(3600)
    vendor.tickets.pop()
    now = datetime.fromtimestamp(clock.now, UTC).strftime("%Y-%m-%dT%H:%M:%S")

    def answer(request: ReceivedRequest) -> Reply:
        reply = vendor(request)
        vendor.change(1, now)
        return reply

    api.handler = answer
    assert acme.sync(TicketsStream).warnings == []
    assert acme.sync(TicketsStream).records == 1


def test_101_each_parent_keeps_its_own_mark(connect: Connect, api: Vendor, clock: Clock) -> None:
    api.handler = vendor = Tickets(NARROW["by when it was made"])
    acme = connect(declare("TicketsIntegration", TicketsIntegration, streams=(ItemsStream, OfItemStream)))
    acme.sync(ItemsStream)
    mark = acme.sync(OfItemStream).high_water_mark
    vendor.change(1, "2026-03-02T12:30:00")
    clock.sleep(2 * 3600)
    report = acme.sync(OfItemStream)
    assert report.high_water_mark == mark
    assert report.warnings[0].startswith("items 7: the API leaves out records")


def test_101_an_api_that_refuses_to_be_asked_again_is_not_blamed(connect: Connect, api: Vendor, clock: Clock) -> None:
    vendor = Tickets(WIDE["inclusive"])
    acme = connect(TicketsIntegration)
    api.handler = vendor
    acme.sync(TicketsStream)
    vendor.tickets.pop()
    refused = {"2026-02-28"}
    api.handler = lambda request: (
        Reply(400, {"message": "too old"}) if param(request, "since")[:10] in refused else vendor(request)
    )
    clock.sleep(3600)
    report = acme.sync(TicketsStream)
    assert (report.warnings, report.gap) == ([], None)


def test_101_parents_whose_record_at_the_mark_is_gone_are_not_asked_for_again_and_again(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    vendor = Tickets(WIDE["inclusive"])
    api.handler = lambda request: Reply(body=[{"id": 7}, {"id": 8}]) if request.path == "/items" else vendor(request)
    stream = declare("OfItemStream", OfItemStream, primary_key=("{parent.id}", "id"), __module__=__name__)
    acme = connect(declare("TicketsIntegration", TicketsIntegration, streams=(ItemsStream, stream)))
    acme.sync(ItemsStream)
    acme.sync(stream)
    vendor.tickets.pop()
    acme.sync(stream)
    for _ in range(3):
        clock.sleep(3600)
        api.requests.clear()
        assert acme.sync(stream).warnings == []
        assert len(api.requests) == 2
