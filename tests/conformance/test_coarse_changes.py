"""Parents whose time of change is coarse, and that change twice within one unit of it (conformance 126)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from dazz_assets import Cursor, Stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected
from tests.conformance.integrations import CommonIntegration, Item
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

MINUTE, DAY = 60, 86_400


class TicketsStream(Stream[Item]):
    path = "/tickets"
    cursor = Cursor("changed")


class NotesStream(Stream[Item]):
    """The notes of each ticket: one more is a change of the ticket."""

    parent = TicketsStream
    path = "/tickets/{parent.id}/notes"
    primary_key = ("{parent.id}", "id")
    parents = "changed"


class DeskIntegration(CommonIntegration):
    records = "data"
    streams = (TicketsStream, NotesStream)


class Desk:
    """Tickets with notes, which writes the time of a ticket's last change."""

    def __init__(self, clock: Clock, write: Callable[[datetime], str | int]) -> None:
        self.clock, self.write = clock, write
        self.changed: dict[int, str | int] = {}
        self.notes: dict[int, int] = {}
        self.lags = 0.0

    def note(self, ticket: int) -> None:
        self.changed[ticket] = self.write(datetime.fromtimestamp(self.clock.now - self.lags, UTC))
        self.notes[ticket] = self.notes.get(ticket, 0) + 1

    def __call__(self, request: ReceivedRequest) -> Reply:
        at = datetime.fromtimestamp(self.clock.now - self.lags, UTC)
        headers = {"Date": at.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        if request.path == "/tickets":
            return Reply(
                body={"data": [{"id": id_, "changed": at} for id_, at in self.changed.items()]}, headers=headers
            )
        notes = self.notes[int(request.path.split("/")[2])]
        return Reply(body={"data": [{"id": number} for number in range(notes)]}, headers=headers)


def sync(acme: Connected, api: Vendor) -> list[str]:
    """Sync both streams. Returns the tickets whose notes were asked for."""
    acme.sync(TicketsStream)
    acme.sync(NotesStream)
    asked = [request.path.split("/")[2] for request in api.requests if request.path != "/tickets"]
    api.requests.clear()
    return asked


FORMS: dict[str, tuple[Callable[[datetime], str | int], int]] = {
    "minutes": (lambda at: at.strftime("%Y-%m-%dT%H:%MZ"), MINUTE),
    "minutes with seconds of zero": (lambda at: at.strftime("%Y-%m-%dT%H:%M:00.000Z"), MINUTE),
    "minutes as an epoch": (lambda at: int(at.timestamp()) // 60 * 60, MINUTE),
    "days": (lambda at: at.strftime("%Y-%m-%d"), DAY),
    "days with a time of zero": (lambda at: at.strftime("%Y-%m-%dT00:00:00Z"), DAY),
    "days as an epoch": (lambda at: int(at.timestamp()) // DAY * DAY * 1_000, DAY),
}


@pytest.mark.parametrize(("write", "unit"), FORMS.values(), ids=FORMS)
def test_126_a_second_change_within_one_unit_is_not_missed(
    connect: Connect, api: Vendor, clock: Clock, write: Callable[[datetime], str | int], unit: int
) -> None:
    api.handler = desk = Desk(clock, write)
    acme = connect(DeskIntegration)
    desk.note(1)
    clock.now += 2 * unit
    clock.now += -(clock.now % unit) + unit / 4
    desk.note(2)
    assert sync(acme, api) == ["1", "2"]
    clock.now += unit / 4
    desk.note(2)
    assert len(acme.ids(NotesStream)) == 2
    clock.now += 2 * unit
    assert sync(acme, api) == ["2"]
    assert len(acme.ids(NotesStream)) == 3
    assert sync(acme, api) == []


def test_126_a_day_without_a_zone_may_end_later_than_in_utc(connect: Connect, api: Vendor, clock: Clock) -> None:
    api.handler = desk = Desk(clock, lambda at: at.strftime("%Y-%m-%d"))
    acme = connect(DeskIntegration)
    desk.lags = 8 * 3_600  # It writes the days of its own zone.
    clock.now += -(clock.now % DAY) + 7 * 3_600
    desk.note(1)
    sync(acme, api)
    clock.now += 1_800
    desk.note(1)
    assert sync(acme, api) == ["1"]
    assert len(acme.ids(NotesStream)) == 2


def test_126_a_unit_ends_by_the_vendors_clock(connect: Connect, api: Vendor, clock: Clock) -> None:
    api.handler = desk = Desk(clock, lambda at: at.strftime("%Y-%m-%dT%H:%MZ"))
    acme = connect(DeskIntegration)
    desk.lags = 300
    clock.now += -(clock.now % 60) + 15
    desk.note(1)
    sync(acme, api)
    clock.now += 15
    desk.note(1)
    assert sync(acme, api) == ["1"]


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%S.%fZ", "2026-02-28", "2099-01-01", "2026-02-28T10:15Z"])
def test_126_what_changed_in_a_unit_that_is_over_is_not_asked_for_again(
    connect: Connect, api: Vendor, clock: Clock, form: str
) -> None:
    api.handler = desk = Desk(clock, lambda at: at.strftime(form))
    clock.now += 0.25
    desk.note(1)
    acme = connect(DeskIntegration)
    assert sync(acme, api) == ["1"]
    assert sync(acme, api) == []
