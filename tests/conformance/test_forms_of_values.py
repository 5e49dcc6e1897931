"""Records whose times are in another form than the bounds of the requests (conformance 125)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from dazz_assets import Cursor, Stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import param
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

Write = Callable[[datetime], str | int]
FIRST = datetime(2026, 1, 31, 20, 36, 28, tzinfo=UTC)


class CallsStream(Stream[Item]):
    path = "/calls"
    records = "calls"
    primary_key = "id"


class VendorIntegration(CommonIntegration):
    streams = (CallsStream,)


def in_berlin(at: datetime) -> str:
    return at.astimezone(timezone(timedelta(hours=1))).strftime("%Y-%m-%dT%H:%M:%S.000%z")


FORMS: dict[str, tuple[str, Write]] = {
    "days, and dates of messages": ("%Y-%m-%d", format_datetime),
    "days, and dates of HTTP": ("%Y-%m-%d", lambda at: format_datetime(at, usegmt=True)),
    "minutes, and RFC 3339 in another zone": ("%Y-%m-%d %H:%M", in_berlin),
    "seconds without a zone": ("%Y-%m-%d %H:%M:%S", lambda at: at.strftime("%Y-%m-%d %H:%M:%S")),
    "seconds with Z, and milliseconds": ("%Y-%m-%dT%H:%M:%SZ", lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")),
    "days as in Europe, and RFC 3339": ("%d/%m/%Y", lambda at: at.isoformat()),
    "days as digits, and epochs": ("%Y%m%d", lambda at: int(at.timestamp())),
    "seconds, and .NET's times": ("%Y-%m-%dT%H:%M:%S", lambda at: f"/Date({int(at.timestamp()) * 1_000}+0000)/"),
    "days, and .NET's times in another zone": ("%Y-%m-%d", lambda at: f"/Date({int(at.timestamp()) * 1_000}-0700)/"),
    "days, and epochs in milliseconds": ("%Y-%m-%d", lambda at: int(at.timestamp()) * 1_000),
}


@pytest.mark.parametrize(("form", "write"), FORMS.values(), ids=FORMS)
def test_125_values_in_another_form_than_the_bounds_are_read_right(
    connect: Connect, api: Vendor, form: str, write: Write
) -> None:
    times = [FIRST, FIRST + timedelta(days=2)]

    def list_calls(request: ReceivedRequest) -> Reply:
        since = datetime.strptime(param(request, "from"), form).replace(tzinfo=UTC)
        listed = [{"id": number, "at": write(at)} for number, at in enumerate(times) if at >= since]
        return Reply(body={"calls": listed})

    api.handler = list_calls
    calls = declare("CallsStream", CallsStream, cursor=Cursor("at", since="from", format=form, zone="UTC"))
    acme = connect(declare("VendorIntegration", VendorIntegration, streams=(calls,)))
    report = acme.sync(calls)
    assert (report.records, report.high_water_mark, report.warnings) == (2, "2026-02-02T20:36:28Z", [])
    times.append(FIRST + timedelta(days=3))
    report = acme.sync(calls)
    assert (report.records, report.high_water_mark, report.warnings) == (1, "2026-02-03T20:36:28Z", [])
    assert param(api.requests[-1], "from") >= (times[1] - timedelta(days=1)).strftime(form)


def test_125_net_writes_a_slash_with_an_escape_and_no_time_as_the_first_one(connect: Connect, api: Vendor) -> None:
    calls = b'[{"id": 1, "at": "\\/Date(1769891788000)\\/"}, {"id": 2, "at": "\\/Date(-62135596800000)\\/"}]'
    api.script(Reply(body=b'{"calls": ' + calls + b"}"))
    stream = declare("CallsStream", CallsStream, cursor=Cursor("at", nulls="fetched"))
    acme = connect(declare("VendorIntegration", VendorIntegration, streams=(stream,)))
    assert acme.sync(stream).high_water_mark == "2026-01-31T20:36:28Z"
    assert set(acme.problems(stream).values()) == {None}


def test_125_eight_digits_are_a_day_where_bounds_are_written_as_days(connect: Connect, api: Vendor) -> None:
    days = ["20260131", "20260202"]
    api.handler = lambda request: Reply(body={"calls": [{"id": day, "at": day} for day in days]})
    calls = declare("CallsStream", CallsStream, cursor=Cursor("at", since="from", format="%Y-%m-%d"))
    report = connect(declare("VendorIntegration", VendorIntegration, streams=(calls,))).sync(calls)
    assert (report.high_water_mark, report.warnings) == ("2026-02-02T00:00:00Z", [])
