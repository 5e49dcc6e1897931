"""A vendor that lists a shorter range than was asked for, and says so (conformance 110)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from dazz_assets import Cursor
from tests.conformance.conftest import Connect
from tests.conformance.connected import param
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

NOW = "2026-03-02T12:00:00Z"
BOTH = Cursor("at", since="from", until="to", format="%Y-%m-%d")
MEETINGS = [
    {"id": number, "at": f"{date(2026, 1, 6) + timedelta(days=number)}T09:30:00Z", "n": number} for number in range(55)
]


def connect_to(connect: Connect, cursor: Cursor, **settings: Any) -> Any:
    stream = declare("ItemsStream", ItemsStream, cursor=cursor, records="meetings", **settings)
    return connect(declare("MeetIntegration", CommonIntegration, streams=(stream,))), stream


def clamp(api: Vendor, days: int = 28) -> None:
    """Lists at most so many days, those before the end of the range, and says which."""

    def answer(request: ReceivedRequest) -> Reply:
        last = date.fromisoformat(param(request, "to") or NOW[:10])
        first = max(date.fromisoformat(param(request, "from") or "2026-01-01"), last - timedelta(days=days))
        listed = [meeting for meeting in MEETINGS if str(first) <= meeting["at"][:10] <= str(last)]  # type: ignore[index]
        return Reply(body={"from": str(first), "to": str(last), "meetings": listed})

    api.handler = answer


def test_110_a_shorter_range_is_told_and_keeps_the_mark_until_steps_are_set(connect: Connect, api: Vendor) -> None:
    clamp(api)
    acme, stream = connect_to(connect, BOTH)
    report = acme.sync(stream)
    (warning,) = report.warnings
    assert "from=2026-01-05 was sent, and the vendor answers with `from` of 2026-02-02" in warning
    assert "step=timedelta(days=30)" in warning
    assert 'set data_fields = ("from",)' in warning
    assert report.gap is not None
    assert report.high_water_mark is None

    stepped, stream = connect_to(connect, Cursor("at", since="from", until="to", format="%Y-%m-%d", step=timedelta(20)))
    assert stepped.sync(stream).warnings == []
    assert stepped.ids(stream) == [meeting["id"] for meeting in MEETINGS]


def test_110_a_range_without_its_end_is_told(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"from": "2026-01-05", "to": "2026-02-04", "meetings": []}))
    acme, stream = connect_to(connect, Cursor("at", since="from", until="to", format="%Y-%m-%d", both=True))
    (warning,) = acme.sync(stream).warnings
    assert "with `to` of 2026-02-04, so what lies after that may be missing" in warning


def test_110_epochs_and_times_are_compared_as_times(connect: Connect, api: Vendor) -> None:
    for form, told in (("epoch_ms", 1_769_904_000_000), (None, "2026-02-01T00:00:00+00:00")):
        api.script(Reply(body={"from": told, "meetings": MEETINGS[-1:]}))
        acme, stream = connect_to(
            connect, Cursor("at", since="from", format=form) if form else Cursor("at", since="from")
        )
        (warning,) = acme.sync(stream).warnings
        assert f"`from` of {told}" in warning


HARMLESS: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    ({"from": "2026-01-05", "to": "2026-03-02"}, MEETINGS),
    ({"from": "2026-01-06", "to": "2026-03-01"}, MEETINGS),
    ({"from": MEETINGS[-1]["at"]}, MEETINGS),
    ({"from": MEETINGS[9]["at"], "to": MEETINGS[40]["at"]}, MEETINGS[9:41]),
    ({"from": "2026-02-20T10:00:00Z"}, MEETINGS),
    ({"from": NOW}, []),
    ({"from": 1, "to": 55}, MEETINGS),
    ({"from": None, "to": "soon"}, MEETINGS),
    ({"from": "2026-01-05", "to": "2026-02-27"}, []),
    ({"start": "2026-02-20"}, MEETINGS[-3:]),
]


@pytest.mark.parametrize(("beside", "meetings"), HARMLESS, ids=[str(beside) for beside, _ in HARMLESS])
def test_110_what_says_something_else_than_the_range_is_nothing(
    connect: Connect, api: Vendor, beside: dict[str, Any], meetings: list[dict[str, Any]]
) -> None:
    api.script(Reply(body={**beside, "meetings": meetings}))
    acme, stream = connect_to(connect, Cursor("at", since="from", until="to", format="%Y-%m-%d", both=True))
    assert acme.sync(stream).warnings == []


def test_110_data_fields_settle_it(connect: Connect, api: Vendor) -> None:
    clamp(api)
    acme, stream = connect_to(connect, BOTH, data_fields=("from",))
    assert acme.sync(stream).warnings == []
