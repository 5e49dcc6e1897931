"""A range that somebody chose to end in the future covers nothing that is still to come (conformance 102)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dazz_assets import Cursor, Stream
from tests.conformance.conftest import Connect
from tests.conformance.events import Events, event
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.http.loopback import Clock, Vendor

CURSORS = {
    "in steps": Cursor("at", since="since", until="until", step=timedelta(days=7)),
    "in parts": Cursor("at", since="since", until="until"),
    "from since on": Cursor("at", since="since"),
}


@pytest.mark.parametrize("cursor", CURSORS.values(), ids=CURSORS)
@pytest.mark.parametrize("days_ahead", [1, 30, 400])
def test_102_what_changes_after_such_a_sync_is_not_taken_for_fetched(
    connect: Connect, api: Vendor, clock: Clock, cursor: Cursor, days_ahead: int
) -> None:
    api.handler = vendor = Events([event(1, "2026-02-28T00:00:00Z")], size=100)
    stream = declare("EventsStream", Stream[Item], path="/events", cursor=cursor, __module__=__name__)
    acme = connect(declare("EventsIntegration", CommonIntegration, streams=(stream,)))
    acme.sync(stream)
    until = (datetime.fromtimestamp(clock.now, UTC) + timedelta(days=days_ahead)).date().isoformat()
    acme.sync_range(stream, since="2026-02-20", until=until)
    for number, hours in enumerate((1, 30, 24 * 9, 24 * 20), 2):
        clock.sleep(hours * 3600)
        at = datetime.fromtimestamp(clock.now - 60, UTC).isoformat()
        vendor.records.append(event(number, at))
        report = acme.sync(stream)
        assert (report.records, report.gap) == (1, None)
    assert acme.ids(stream) == [1, 2, 3, 4, 5]
