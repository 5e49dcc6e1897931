"""An API that filters by another field than the stream's cursor loses no record it lists (conformance 67)."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dazz_assets import Cursor, Offset, Stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, offset_page, param
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

START = datetime(2025, 1, 6, tzinfo=UTC)


class TicketsStream(Stream[Item]):
    path = "/tickets"


class TicketsIntegration(CommonIntegration):
    paginator = Offset()


class Tickets:
    """Tickets that were changed some time after they were made; the filter goes by one of both times."""

    def __init__(self, filtered_by: str, total: int = 120, seed: int = 1) -> None:
        self.filtered_by = filtered_by
        chance = random.Random(seed)
        self.tickets = [self._make(number, chance) for number in range(total)]

    @staticmethod
    def _make(number: int, chance: random.Random) -> dict[str, Any]:
        made = START + timedelta(hours=chance.randrange(24 * 400))
        changed = min(made + timedelta(hours=chance.randrange(24 * 90)), datetime(2026, 3, 1, tzinfo=UTC))
        return {"id": number, "made": _text(made), "changed": _text(changed)}

    def __call__(self, request: ReceivedRequest) -> Reply:
        since, until = param(request, "since"), param(request, "until", "9")
        found = [ticket for ticket in self.tickets if since <= ticket[self.filtered_by] < until]
        return Reply(body=offset_page(found, request, 25))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def connect_to(connect: Connect, cursor: Cursor) -> tuple[Connected, type[Stream[Any]]]:
    stream = declare("TicketsStream", TicketsStream, cursor=cursor)
    integration = declare("TicketsIntegration", TicketsIntegration, streams=(stream,))
    return connect(integration, start=START.date()), stream


CURSORS = {
    "in parts": {"until": "until"},
    "in steps": {"until": "until", "step": timedelta(days=31)},
    "from since on": {},
}


@pytest.mark.parametrize("settings_", CURSORS.values(), ids=CURSORS)
@pytest.mark.parametrize(("field", "filtered_by"), [("changed", "made"), ("made", "changed")])
def test_67_what_lies_outside_the_range_asked_for_is_stored_and_told(
    connect: Connect, api: Vendor, clock: Clock, field: str, filtered_by: str, settings_: dict[str, Any]
) -> None:
    api.handler = vendor = Tickets(filtered_by)
    acme, stream = connect_to(connect, Cursor(field, since="since", **settings_))
    for _ in range(3):
        report = acme.sync(stream)
        assert acme.ids(stream) == list(range(120))
        assert acme.versions(stream) == 120
        clock.sleep(3600)
    if "until" in settings_:
        assert acme.sync_range(stream, replace=True).records == 120
    now = _text(datetime.fromtimestamp(clock.now, UTC))
    if filtered_by == "changed":
        vendor.tickets[7]["changed"] = now
        vendor.tickets.append({"id": 120, "made": "2025-02-01T00:00:00Z", "changed": now})
        report = acme.sync(stream)
        assert (report.records, acme.ids(stream)) == (2, list(range(121)))
        assert "more than a day outside the range that was asked for" in " ".join(report.warnings)
        assert f"by another field than `{field}`" in " ".join(report.warnings)


def test_67_a_bound_that_the_api_does_not_know_is_told_by_its_name(connect: Connect, api: Vendor, clock: Clock) -> None:
    api.handler = Tickets("changed")
    acme, stream = connect_to(connect, Cursor("changed", since="updated_since"))
    acme.sync(stream)
    clock.sleep(3600)
    (told,) = acme.sync(stream).warnings
    assert "Of 120 that came these are most, so the API may ignore `updated_since`: check how it is spelt." in told


def test_67_a_filter_by_the_cursor_warns_of_nothing(connect: Connect, api: Vendor, clock: Clock) -> None:
    api.handler = Tickets("changed")
    acme, stream = connect_to(connect, Cursor("changed", since="since", until="until"))
    for _ in range(2):
        assert acme.sync(stream).warnings == []
        clock.sleep(3600)


def test_67_bounds_that_are_sent_by_the_day_warn_of_nothing(connect: Connect, api: Vendor, clock: Clock) -> None:
    api.handler = Tickets("changed")
    acme, stream = connect_to(connect, Cursor("changed", since="since", until="until", format="%Y-%m-%d"))
    for _ in range(2):
        assert acme.sync(stream).warnings == []
        clock.sleep(3600)
    assert (acme.ids(stream), acme.versions(stream)) == (list(range(120)), 120)


def test_67_a_range_that_somebody_chose_stores_that_range_alone(connect: Connect, api: Vendor) -> None:
    api.handler = vendor = Tickets("made")
    acme, stream = connect_to(connect, Cursor("changed", since="since", until="until"))
    acme.sync_range(stream, since="2025-03-01", until="2025-04-01")
    wanted = {"2025-03-01" <= ticket["changed"] < "2025-04-01" for ticket in vendor.tickets}
    assert wanted == {True, False}
    assert all("2025-03" <= record["changed"] < "2025-04" for record in acme.records(stream))


def test_67_a_backdated_record_of_a_list_without_a_filter_is_stored(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    api.handler = vendor = Tickets("made", total=30)
    acme, stream = connect_to(connect, Cursor("changed"))
    acme.sync(stream)
    vendor.tickets.append({"id": 30, "made": "2025-02-01T00:00:00Z", "changed": "2025-02-01T00:00:00Z"})
    clock.sleep(3600)
    assert (acme.sync(stream).records, acme.ids(stream)) == (1, list(range(31)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    field=st.sampled_from(["made", "changed"]),
    filtered_by=st.sampled_from(["made", "changed"]),
    cursor=st.sampled_from(list(CURSORS.values())),
)
def test_67_the_first_sync_stores_all_that_is_listed_once(
    connect: Connect, api: Vendor, seed: int, field: str, filtered_by: str, cursor: dict[str, Any]
) -> None:
    api.handler = vendor = Tickets(filtered_by, total=60, seed=seed)
    stream = declare("TicketsStream", TicketsStream, cursor=Cursor(field, since="since", **cursor))
    integration = declare("TicketsIntegration", TicketsIntegration, streams=(stream,))
    acme = connect(integration, id_=f"c{seed}-{field}-{filtered_by}-{len(cursor)}", start=date(2025, 1, 6))
    acme.sync(stream)
    acme.sync(stream)
    assert acme.ids(stream) == [ticket["id"] for ticket in vendor.tickets]
    assert acme.versions(stream) == 60
