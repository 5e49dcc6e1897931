"""`Cursor(zone=...)`: bounds for vendors that read times in a zone of their own, which leave out no change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dazz_assets import ConnectionConfig, Cursor, Integration, Stream
from dazz_assets.connections import Connection
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.stream_requests import sent_bounds
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import StreamSpec
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class DiaryConfig(ConnectionConfig):
    zone: str = "Europe/Berlin"


def declare_diary(**of_cursor: Any) -> type[Integration[Any]]:
    stream = declare(
        "EntriesStream",
        Stream,
        path="/entries",
        primary_key="id",
        cursor=Cursor("at", **of_cursor),
        params={"q": "at >= {cursor.since} and at < {cursor.until}"},
    )

    class DiaryIntegration(Integration[DiaryConfig]):
        base_url = "https://diary.test"
        streams = (stream,)

    return DiaryIntegration


def session_of(integration: type[Integration[Any]], folder: Path, now: datetime, **config: Any) -> Session:
    connection = Connection(id="acme", integration="diary", start=date(2026, 1, 5), config=config)
    return Session(read_integration(integration), connection, Lake(folder), now=lambda: now)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.mark.parametrize(
    ("form", "zone", "asked"),
    [
        ("%Y-%m-%d %H:%M", "Europe/Berlin", "at >= 2026-01-05 01:00 and at < 2026-01-21 13:01"),
        ("%Y-%m-%d %H:%M", "America/New_York", "at >= 2026-01-04 19:00 and at < 2026-01-21 07:01"),
        ("%Y-%m-%d", "Europe/Berlin", "at >= 2026-01-05 and at < 2026-01-22"),
        ("%Y-%m-%d", "America/New_York", "at >= 2026-01-04 and at < 2026-01-22"),
        ("%Y-%m-%dT%H:%M:%S%z", "{config.zone}", "at >= 2026-01-05T05:30:00+0530 and at < 2026-01-21T17:30:01+0530"),
    ],
)
def test_bounds_are_written_as_clocks_show_them_there(
    form: str, zone: str, asked: str, vendor: Vendor, tmp_path: Path
) -> None:
    vendor.handler = lambda request: Reply(body=[])
    now = datetime(2026, 1, 21, 12, 0, 0, 250_000, UTC)
    session = session_of(declare_diary(format=form, zone=zone), tmp_path, now, zone="Asia/Kolkata", base_url=vendor.url)
    sync_stream(session, session.spec.streams["entries"], SyncRange(from_mark=True))
    assert [request.query["q"] for request in vendor.requests] == [[asked]]


def test_a_vendor_in_a_zone_of_its_own_leaves_out_nothing(vendor: Vendor, tmp_path: Path) -> None:
    zone = ZoneInfo("America/New_York")
    entries = [{"id": number, "at": f"2026-01-{number:02}T02:30:00Z"} for number in range(6, 12)]

    def answer(asked: ReceivedRequest) -> Reply:
        since, until = (
            datetime.fromisoformat(text).replace(tzinfo=zone) for text in re.findall(r"2026\S+", asked.query["q"][0])
        )
        listed = [item for item in entries if since <= datetime.fromisoformat(str(item["at"])) < min(until, now)]
        return Reply(body=listed)

    vendor.handler = answer
    integration = declare_diary(format="%Y-%m-%d", zone=zone.key)
    for day in (9, 12):
        now = datetime(2026, 1, day, 1, tzinfo=UTC)
        session = session_of(integration, tmp_path, now, base_url=vendor.url)
        report = sync_stream(session, session.spec.streams["entries"], SyncRange(from_mark=True))
        assert report.stored == len([item for item in entries if int(str(item["id"])) < day])


MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


SUMMER_ENDS = {
    "Europe/Berlin": datetime(2025, 10, 26, 1, tzinfo=UTC),
    "America/New_York": datetime(2025, 11, 2, 6, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 4, 15, tzinfo=UTC),
    "Asia/Kolkata": datetime(2026, 1, 1, tzinfo=UTC),
}


@settings(max_examples=300, deadline=None)
@given(
    zone=st.sampled_from(sorted(SUMMER_ENDS)),
    after=st.timedeltas(-timedelta(hours=4), timedelta(hours=4))
    | st.timedeltas(-timedelta(days=90), timedelta(days=90)),
    length=st.timedeltas(timedelta(seconds=1), timedelta(hours=4)) | st.timedeltas(timedelta(0), timedelta(days=3)),
    form=st.sampled_from(["%Y-%m-%d", "%Y-%m-%d %H", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]),
)
def test_whichever_of_two_hours_a_vendor_takes_the_range_is_never_narrower(
    zone: str, after: timedelta, length: timedelta, form: str
) -> None:
    """In an hour that comes twice, as summer time ends, the vendor may take either."""
    since = SUMMER_ENDS[zone] + after
    session = session_of(declare_diary(format=form, zone=zone), Path("/nowhere"), EPOCH)
    stream: StreamSpec = session.spec.streams["entries"]
    bounds = Bounds(since=(since - EPOCH) // MICROSECOND, until=(since + length - EPOCH) // MICROSECOND)
    sent = sent_bounds(session, stream, bounds)
    assert sent is not None
    for fold in (0, 1):
        read = [
            datetime.strptime(str(text), form).replace(tzinfo=ZoneInfo(zone), fold=fold)
            for text in (sent.since, sent.until)
        ]
        assert read[0] <= since
        assert read[1] >= since + length
