"""Streams whose author changes the key or the cursor."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Cursor, Offset, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import param
from tests.conformance.events import Events, EventsStream
from tests.conformance.integrations import CommonIntegration, Item
from tests.http.loopback import Reply, Vendor


class OffsetIntegration(CommonIntegration):
    paginator = Offset()


class VendorIntegration(OffsetIntegration):
    streams = (EventsStream,)


class ByChangeStream(EventsStream):
    """The events with another cursor."""

    name = "events"
    cursor = Cursor("changed", since="since")


class ByUuidStream(EventsStream):
    """The events with another key."""

    name = "events"
    primary_key = "uuid"


class SnapshotStream(Stream[Item]):
    """The events without a cursor."""

    name = "events"
    path = "/events"


class ByChangeIntegration(OffsetIntegration):
    streams = (ByChangeStream,)


class ByUuidIntegration(OffsetIntegration):
    streams = (ByUuidStream,)


class SnapshotIntegration(OffsetIntegration):
    streams = (SnapshotStream,)


def changed_events() -> list[dict[str, Any]]:
    return [
        {"id": number, "uuid": f"u{number}", "at": "2026-02-20T00:00:00Z", "changed": f"2026-02-0{number}T00:00:00Z"}
        for number in range(1, 4)
    ]


def test_44_a_stream_whose_cursor_changes_is_fetched_again_and_says_so(connect: Connect, api: Vendor) -> None:
    api.handler = Events(changed_events())
    version = connect(VendorIntegration).sync_range(EventsStream, replace=True).version

    after = connect(ByChangeIntegration)
    api.requests.clear()
    report = after.sync(ByChangeStream)
    assert param(api.requests[0], "since") == "2026-01-05T00:00:00Z"
    assert "the key or the cursor of events" in report.warnings[0]
    assert report.high_water_mark == "2026-02-03T00:00:00Z"
    assert after.column("select cursor from raw.vendor_events order by key") == [
        f"2026-02-0{number}T00:00:00Z" for number in range(1, 4)
    ]
    assert not any("the key or the cursor" in warning for warning in after.sync(ByChangeStream).warnings)

    old = after.session.lake.raw("vendor", "events", "acme", windowed=True).open(version)
    assert old is not None
    assert old.rows == 3


def test_44_a_stream_whose_key_changes_is_fetched_again_and_holds_nothing_twice(connect: Connect, api: Vendor) -> None:
    api.handler = Events(changed_events())
    connect(VendorIntegration).sync(EventsStream)
    after = connect(ByUuidIntegration)
    report = after.sync(ByUuidStream)
    assert "the key or the cursor of events" in report.warnings[0]
    assert after.column("select key from raw.vendor_events order by key") == ["u1", "u2", "u3"]


def test_44_what_is_stored_stays_if_fetching_again_fails(connect: Connect, api: Vendor) -> None:
    api.handler = Events(changed_events())
    connect(VendorIntegration).sync(EventsStream)
    after = connect(ByUuidIntegration)
    api.handler = lambda request: Reply(400)
    with pytest.raises(SyncError):
        after.sync(ByUuidStream)
    assert after.column("select key from raw.vendor_events order by key") == ["1", "2", "3"]
    api.handler = Events(changed_events())
    after.sync(ByUuidStream)
    assert after.column("select key from raw.vendor_events order by key") == ["u1", "u2", "u3"]


def test_44_a_stream_that_loses_its_cursor_is_refused_before_a_request(connect: Connect, api: Vendor) -> None:
    api.handler = Events(changed_events())
    connect(VendorIntegration).sync(EventsStream)
    api.requests.clear()
    with pytest.raises(SyncError, match=r"it has no cursor now.*another `name`"):
        connect(SnapshotIntegration).sync(SnapshotStream)
    assert api.requests == []
