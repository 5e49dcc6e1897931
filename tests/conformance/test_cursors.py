"""Cursors: what was fetched, what is fetched next, and how far the mark may advance."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest

from dazz_assets import Cursor, Offset
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import param
from tests.conformance.events import Events, EventsStream, event
from tests.conformance.integrations import CommonIntegration
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor


class RangesStream(EventsStream):
    """Events from an API that takes both bounds."""

    name = "ranges"
    cursor = Cursor("at", since="since", until="until")


class LateStream(EventsStream):
    """Events that become visible up to an hour late."""

    name = "late"
    cursor = Cursor("at", since="since", lookback=timedelta(hours=1))


class NewestFirstStream(EventsStream):
    name = "newest_first"
    cursor = Cursor("at", order="desc")


class VendorIntegration(CommonIntegration):
    paginator = Offset()
    streams = (EventsStream, RangesStream, LateStream, NewestFirstStream)


def test_34_a_record_of_2099_is_kept_and_does_not_hide_what_comes_later(connect: Connect, api: Vendor) -> None:
    api.handler = events = Events([event(1, "2026-02-01T00:00:00Z"), event(2, "2099-01-01T00:00:00Z")])
    acme = connect(VendorIntegration)
    assert acme.sync(EventsStream).high_water_mark == "2026-02-01T00:00:00Z"
    events.records.append(event(3, "2026-02-02T00:00:00Z"))
    acme.sync(EventsStream)
    assert acme.ids(EventsStream) == [1, 2, 3]
    assert acme.versions(EventsStream) == 3


def test_34_the_mark_does_not_pass_the_time_of_the_request_which_rows_store(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    """A change during the response may be missing from it: a mark later than the request would hide it."""
    sent = datetime.fromtimestamp(clock.now, UTC)
    before, during = (sent + timedelta(seconds=seconds) for seconds in (-10, 10))
    events = Events([event(1, before.isoformat()), event(2, during.isoformat())])

    def respond_slowly(request: ReceivedRequest) -> Reply:
        clock.now += 30
        return events(request)

    api.handler = respond_slowly
    acme = connect(VendorIntegration)
    assert acme.sync(EventsStream).high_water_mark == before.isoformat().replace("+00:00", "Z")
    assert acme.ids(EventsStream) == [1, 2]
    assert set(acme.column("select fetched_at from raw.vendor_events")) == {sent}


def test_35_times_are_compared_as_times_in_any_format(connect: Connect, api: Vendor) -> None:
    written = [
        "2026-02-01T12:00:00Z",
        "2026-02-01T23:00:00+14:00",  # the 1st, 09:00
        "2026-02-01T05:00:00-08:00",  # the 1st, 13:00
        "2026-02-01T12:30:00",
        "2026-02-01T12:45:00.123456Z",
        "2026-02-01",
        1769950800,  # the 1st, 13:00
        1769954400123,  # the 1st, 14:00: the latest
    ]
    api.handler = events = Events(event(number, at) for number, at in enumerate(written))
    acme = connect(VendorIntegration)
    assert acme.sync(EventsStream).high_water_mark == "2026-02-01T14:00:00.123Z"
    events.records.append(event(99, "2026-02-01T05:59:00-08:01"))  # the 1st, 14:00:00
    events.records.append(event(100, "2026-02-02T00:30:00+10:00"))  # the 1st, 14:30
    assert acme.sync(EventsStream).records == 1
    assert 100 in acme.ids(EventsStream)


@pytest.mark.parametrize("excludes_since", [False, True], ids=["inclusive", "exclusive"])
def test_36_records_that_share_the_boundarys_time_are_neither_lost_nor_doubled(
    connect: Connect, api: Vendor, *, excludes_since: bool
) -> None:
    api.handler = events = Events(event(number, "2026-02-01T00:00:00Z") for number in range(25))
    events.excludes_since = excludes_since
    acme = connect(VendorIntegration)
    acme.sync(EventsStream)
    events.records += [event(number, "2026-02-01T00:00:00Z") for number in range(25, 40)]
    assert acme.sync(EventsStream).records == 15
    assert acme.sync(EventsStream).records == 0
    assert acme.ids(EventsStream) == list(range(40))
    assert acme.versions(EventsStream) == 40


def test_37_a_record_that_became_visible_late_is_caught_by_the_look_back(connect: Connect, api: Vendor) -> None:
    api.handler = events = Events([event(1, "2026-02-01T12:00:00Z"), event(2, "2026-02-01T11:30:00Z")])
    acme = connect(VendorIntegration)
    acme.sync(LateStream)
    events.records.append(event(3, "2026-02-01T11:15:00Z"))
    assert acme.sync(LateStream).records == 1
    assert acme.ids(LateStream) == [1, 2, 3]
    assert acme.versions(LateStream) == 3
    assert acme.sync(LateStream).high_water_mark == "2026-02-01T12:00:00Z"


def test_38_a_sync_that_brings_nothing_leaves_the_mark(connect: Connect, api: Vendor) -> None:
    api.handler = events = Events([event(1, "2026-02-01T12:00:00Z")])
    acme = connect(VendorIntegration)
    acme.sync(EventsStream)
    events.records.clear()
    assert acme.sync(EventsStream).high_water_mark == "2026-02-01T12:00:00Z"
    api.requests.clear()
    acme.sync(EventsStream)
    assert param(api.requests[0], "since").startswith("2026-02-01T11:59:59")


def test_39_the_gap_that_a_failed_part_leaves_is_known_and_fetched_next(connect: Connect, api: Vendor) -> None:
    weeks = [date(2025, 1, 6) + timedelta(weeks=number) for number in range(60)]
    api.handler = events = Events(event(number, f"{week}T12:00:00Z") for number, week in enumerate(weeks))
    second, third = weeks[26], weeks[52]
    events.fails_since = {str(second), str(second - timedelta(days=1))}
    acme = connect(VendorIntegration, start=weeks[0])
    with pytest.raises(SyncError, match="this range is broken"):
        acme.sync(RangesStream)
    assert acme.ids(RangesStream) == list(range(26))

    report = acme.sync_range(RangesStream, since=str(third))
    assert report.gap is not None
    assert "2025-07-07T00:00:00Z to 2026-01-05" in report.gap
    assert report.high_water_mark == "2025-06-30T12:00:00Z"
    assert acme.ids(RangesStream) == [*range(26), *range(52, 60)]

    events.fails_since.clear()
    report = acme.sync(RangesStream)
    assert report.gap is None
    assert acme.ids(RangesStream) == list(range(60))
    assert acme.versions(RangesStream) == 60
    assert report.high_water_mark == f"{weeks[59]}T12:00:00Z"


def test_40_a_backfill_of_an_old_range_does_not_move_the_mark(connect: Connect, api: Vendor) -> None:
    api.handler = events = Events([event(1, "2026-01-10T00:00:00Z"), event(2, "2026-02-20T00:00:00Z")])
    acme = connect(VendorIntegration)
    acme.sync(RangesStream)
    events.records.append(event(3, "2026-01-11T00:00:00Z"))
    report = acme.sync_range(RangesStream, since="2026-01-05", until="2026-01-19")
    assert (report.records, report.high_water_mark) == (1, "2026-02-20T00:00:00Z")
    assert acme.ids(RangesStream) == [1, 2, 3]
    assert acme.versions(RangesStream) == 3
    api.requests.clear()
    acme.sync(RangesStream)
    assert param(api.requests[0], "since").startswith("2026-02-19T23:59:59")


def test_41_an_api_that_ignores_the_filter_stores_nothing_twice(connect: Connect, api: Vendor) -> None:
    api.handler = events = Events(event(number, f"2026-02-0{number}T00:00:00Z") for number in range(1, 6))
    events.filters = False
    acme = connect(VendorIntegration)
    acme.sync(EventsStream)
    events.records.append(event(6, "2026-02-06T00:00:00Z"))
    assert acme.sync(EventsStream).records == 1
    acme.sync_range(RangesStream, since="2026-02-03", until="2026-02-05")
    assert acme.ids(RangesStream) == [3, 4]
    assert acme.versions(EventsStream) == 6


def test_41_an_api_that_sorts_newest_first_is_read_to_the_mark(connect: Connect, api: Vendor) -> None:
    days = [date(2026, 1, 10) + timedelta(days=number) for number in range(40)]
    api.handler = events = Events((event(number, f"{day}T00:00:00Z") for number, day in enumerate(days)), size=5)
    events.filters, events.newest_first = False, True
    acme = connect(VendorIntegration)
    acme.sync(NewestFirstStream)
    events.records += [event(number, f"2026-02-2{number - 40}T00:00:00Z") for number in range(40, 43)]
    events.records[0] = event(0, "2026-02-24T00:00:00Z")  # a change moves it to the front
    api.requests.clear()
    report = acme.sync(NewestFirstStream)
    assert len(api.requests) == 2
    assert (report.records, report.end_reason) == (4, "it reached what is stored already")
    assert acme.ids(NewestFirstStream) == list(range(43))
    assert acme.versions(NewestFirstStream) == 44


@pytest.mark.parametrize("odd", ["Tue, 13 Jan 2026", "13.01.2026", "1768291200,25"])
def test_81_records_whose_time_is_in_another_form_than_the_others_are_told(
    connect: Connect, api: Vendor, odd: str
) -> None:
    records = [event(1, "2026-01-12T00:00:00Z"), event(2, odd), event(3, "2026-01-14T00:00:00Z"), event(4, odd)]
    api.script(Reply(body=records), Reply(body=[]))
    (warning,) = connect(VendorIntegration).sync(EventsStream).warnings
    assert (
        f"no parser reads 2 records: the cursor at at is not a time: {odd!r}. Cursors are RFC 3339 or RFC 5322 times"
        in warning
    )


def test_34_a_clock_that_stands_still_keeps_no_mark_back(connect: Connect, api: Vendor) -> None:
    still = {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}
    api.script(Reply(body=[event(1, "2026-02-01T00:00:00Z")], headers=still), Reply(body=[], headers=still))
    assert connect(VendorIntegration).sync(EventsStream).high_water_mark == "2026-02-01T00:00:00Z"


@pytest.mark.parametrize("behind", [60, 3_600])
def test_34_the_mark_does_not_pass_the_time_of_the_request_by_a_clock_that_is_behind(
    connect: Connect, api: Vendor, clock: Clock, behind: int
) -> None:
    """The header Date has the vendor's time. A record that changed while the list was read is listed by the next."""
    records = [event(number, f"2026-02-01T{number:02d}:00:00Z") for number in range(20)]

    def answer(request: ReceivedRequest) -> Reply:
        vendor_time = datetime.fromtimestamp(clock.now - behind, UTC)
        listed = [item for item in records if str(item["at"]) >= param(request, "since")]
        if param(request, "offset") == "10":
            for number in (1, 15):  # one on a page that was read, and one on this page
                records[number]["at"] = (vendor_time + timedelta(seconds=number)).isoformat()
        start = int(param(request, "offset", "0"))
        page = sorted(listed, key=lambda item: int(item["id"]))[start : start + 10]
        return Reply(body=page, headers={"Date": format_datetime(vendor_time, usegmt=True)})

    api.handler = answer
    acme = connect(VendorIntegration)
    acme.sync(EventsStream)
    clock.sleep(7_200)
    acme.sync(EventsStream)
    assert acme.records(EventsStream) == records
