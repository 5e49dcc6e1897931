"""Days that are written as eight digits (20260131): with the format they are days, and without it a sync says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from dazz_assets import Cursor, Stream
from dazz_assets.reports import StreamReport
from tests.conformance.conftest import Connect
from tests.conformance.connected import param
from tests.conformance.integrations import CommonIntegration, Item
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class FilingsStream(Stream[Item]):
    """Filings, each with the day it came in."""

    path = "/filings"
    records = "items"
    primary_key = "id"
    cursor = Cursor("day", since="from")


class DaysStream(FilingsStream):
    name = "days"
    cursor = Cursor("day", since="from", format="%Y%m%d")


class UnfilteredStream(FilingsStream):
    name = "unfiltered"
    cursor = Cursor("day", format="%Y%m%d")


class NumbersStream(FilingsStream):
    name = "numbers"
    cursor = Cursor("day", since="from", format="epoch")


class VendorIntegration(CommonIntegration):
    streams = (FilingsStream, DaysStream, UnfilteredStream, NumbersStream)


class Register:
    """Lists filings from a day on, which it takes as eight digits."""

    def __init__(self, *days: str | int) -> None:
        self.days = list(days)

    def __call__(self, request: ReceivedRequest) -> Reply:
        since = param(request, "from") or ""
        listed = [day for day in self.days if not since.isdecimal() or str(day) >= since]
        return Reply(body={"items": [{"id": f"filing-{day}", "day": day} for day in listed]})


def told_of_days(report: StreamReport) -> list[str]:
    return [warning for warning in report.warnings if "look like days" in warning]


@pytest.mark.parametrize("days", [("20260203", "20260210"), (20260203, 20260210)])
def test_with_the_format_they_are_days_and_the_next_sync_begins_there(
    connect: Connect, api: Vendor, days: tuple[str | int, ...]
) -> None:
    api.handler = register = Register(*days)
    acme = connect(VendorIntegration)
    report = acme.sync(DaysStream)
    assert report.high_water_mark == "2026-02-10T00:00:00Z"
    assert set(report.windows) == {date(2026, 2, 2), date(2026, 2, 9)}
    register.days.append("20260211")
    report = acme.sync(DaysStream)
    assert param(api.requests[-1], "from") == "20260209"
    assert (report.records, report.warnings) == (1, [])


def test_the_format_is_read_where_no_bound_is_sent(connect: Connect, api: Vendor) -> None:
    api.handler = Register("20260203")
    assert connect(VendorIntegration).sync(UnfilteredStream).high_water_mark == "2026-02-03T00:00:00Z"


def test_without_it_the_sync_names_the_setting(connect: Connect, api: Vendor) -> None:
    api.handler = Register(*(f"202602{day:02d}" for day in range(3, 23)))
    assert told_of_days(connect(VendorIntegration).sync(FilingsStream)) == [
        "the cursors at `day` look like days (20260203), but were read as seconds since 1970. Set "
        'format="%Y%m%d" in the Cursor of FilingsStream, then sync once with `--refetch`; if they are numbers, set '
        'format="epoch"'
    ]


@pytest.mark.parametrize(
    "days", [range(20260201, 20260240), [20260203] * 30, range(45_670_101, 45_670_120), [1_770_000_000], []]
)
def test_numbers_that_are_no_days_are_not_told_of(connect: Connect, api: Vendor, days: Sequence[int]) -> None:
    api.handler = Register(*days)
    assert told_of_days(connect(VendorIntegration).sync(FilingsStream)) == []


def test_declared_as_numbers_they_are_numbers(connect: Connect, api: Vendor) -> None:
    api.handler = Register(20260203)
    report = connect(VendorIntegration).sync(NumbersStream)
    assert (report.high_water_mark, told_of_days(report)) == ("1970-08-23T11:50:03Z", [])
