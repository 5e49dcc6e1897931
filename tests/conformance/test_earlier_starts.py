"""A connection's start that is moved: the ground between the new one and the marks is fetched, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from dazz_assets import Cursor, Offset, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, items, offset_page, param
from tests.conformance.events import Events, EventsStream, event, parse_time
from tests.conformance.integrations import CommonIntegration, Item
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class RangesStream(EventsStream):
    """Takes both bounds, so that a long range is fetched in parts."""

    cursor = Cursor("at", since="since", until="until")


class OrderedStream(EventsStream):
    cursor = Cursor("at", since="since", order="asc")


class TeamsStream(Stream[Item]):
    path = "/teams"


class TasksStream(Stream[Item]):
    parent = TeamsStream
    path = "/teams/{parent.id}/tasks"
    cursor = Cursor("at", since="since", until="until")


class ListedTasksStream(TasksStream):
    cursor = Cursor("at", since="since")


class VendorIntegration(CommonIntegration):
    paginator = Offset()
    streams = (EventsStream, RangesStream, OrderedStream, TeamsStream, TasksStream, ListedTasksStream)


EVENTS = [event(1, "2025-02-03T00:00:00Z"), event(2, "2025-09-01T00:00:00Z"), event(3, "2026-02-01T00:00:00Z")]
EARLIER, LATER = date(2025, 1, 6), date(2026, 2, 23)


class Teams:
    """Teams with a task at each time of the events. forbidden: those whose tasks can't be listed."""

    def __init__(self, *teams: int) -> None:
        self.teams = list(teams)
        self.forbidden: set[int] = set()

    def __call__(self, request: ReceivedRequest) -> Reply:
        if request.path == "/teams":
            return Reply(body=offset_page(items(*self.teams), request, 100))
        team = int(request.path.split("/")[2])
        if team in self.forbidden:
            return Reply(403, {"message": "not for you"})
        return Events([event(team * 10 + item["id"], item["at"]) for item in EVENTS])(request)


def move_start(acme: Connected, start: date) -> None:
    acme.connection = acme.connection.model_copy(update={"start": start})


def refetch(acme: Connected, stream: type[Stream[Item]]) -> None:
    acme.sync_range(stream, replace=True)


def sync_until(acme: Connected, stream: type[Stream[Item]]) -> None:
    acme.sync_range(stream, until="2026-02-15")


def sync(acme: Connected, stream: type[Stream[Item]]) -> None:
    acme.sync(stream)


@pytest.mark.parametrize("first", [sync, refetch, sync_until])
@pytest.mark.parametrize("stream", [EventsStream, RangesStream, OrderedStream])
def test_66_an_earlier_start_is_fetched_however_the_mark_was_made(
    connect: Connect, api: Vendor, stream: type[Stream[Item]], first: Callable[[Connected, type[Stream[Item]]], None]
) -> None:
    api.handler = Events(EVENTS)
    acme = connect(VendorIntegration)
    first(acme, stream)
    assert acme.ids(stream) == [3]
    move_start(acme, EARLIER)
    report = acme.sync(stream)
    assert acme.ids(stream) == [1, 2, 3]
    assert acme.versions(stream) == 3
    (warning,) = report.warnings
    assert warning.startswith("`start` is now 2025-01-06, and ")
    assert "was fetched from 2026-01-05T00:00:00Z on: this sync also fetches what lies between" in warning
    api.requests.clear()
    assert acme.sync(stream).warnings == []
    assert {param(request, "since")[:10] for request in api.requests} == {"2026-01-31"}


def test_66_only_what_lies_between_is_asked_for_where_the_api_takes_both_bounds(connect: Connect, api: Vendor) -> None:
    api.handler = Events(EVENTS)
    acme = connect(VendorIntegration)
    acme.sync(RangesStream)
    move_start(acme, EARLIER)
    api.requests.clear()
    acme.sync(RangesStream)
    asked = dict.fromkeys((param(request, "since")[:10], param(request, "until")[:10]) for request in api.requests)
    assert list(asked) == [("2026-01-31", ""), ("2025-07-06", "2026-01-05"), ("2025-01-06", "2025-07-07")]


def test_66_an_interrupted_fetch_of_an_earlier_start_goes_on_where_it_was(connect: Connect, api: Vendor) -> None:
    api.handler = events = Events([*EVENTS, event(4, "2025-12-01T00:00:00Z")])
    acme = connect(VendorIntegration)
    acme.sync(RangesStream)
    move_start(acme, EARLIER)
    events.fails_since = {"2025-01-06"}
    with pytest.raises(SyncError, match="this range is broken"):
        acme.sync(RangesStream)
    assert acme.ids(RangesStream) == [2, 3, 4]
    events.fails_since.clear()
    api.requests.clear()
    acme.sync(RangesStream)
    assert acme.ids(RangesStream) == [1, 2, 3, 4]
    assert acme.versions(RangesStream) == 4
    assert "2025-07-06" not in {param(request, "since")[:10] for request in api.requests}


def test_66_an_earlier_start_after_an_interrupted_first_sync_is_fetched(connect: Connect, api: Vendor) -> None:
    """The first part set the mark, and the sync failed in the second."""
    api.handler = events = Events(EVENTS)
    acme = connect(VendorIntegration, start=date(2025, 3, 3))
    events.fails_since = {"2025-08-31", "2025-09-01"}
    with pytest.raises(SyncError, match="this range is broken"):
        acme.sync(RangesStream)
    events.records.append(event(5, "2025-04-01T00:00:00Z"))
    acme.sync_range(RangesStream, until="2025-06-01")
    events.fails_since.clear()
    move_start(acme, EARLIER)
    acme.sync(RangesStream)
    assert acme.ids(RangesStream) == [1, 2, 3, 5]
    assert acme.versions(RangesStream) == 4


def connect_with_earlier_start(connect: Connect, stream: type[Stream[Item]]) -> Connected:
    """A connection that was synced, and whose start was then moved back."""
    acme = connect(VendorIntegration)
    acme.sync(TeamsStream)
    acme.sync(stream)
    move_start(acme, EARLIER)
    return acme


@pytest.mark.parametrize("stream", [TasksStream, ListedTasksStream])
def test_66_each_parent_gets_the_ground_between(connect: Connect, api: Vendor, stream: type[Stream[Item]]) -> None:
    api.handler = Teams(1, 2)
    acme = connect_with_earlier_start(connect, stream)
    acme.sync(stream)
    assert acme.ids(stream) == [11, 12, 13, 21, 22, 23]
    assert acme.versions(stream) == 6


@pytest.mark.parametrize("stream", [TasksStream, ListedTasksStream])
def test_66_a_parent_that_appeared_while_the_start_was_later_gets_the_ground_before_it(
    connect: Connect, api: Vendor, stream: type[Stream[Item]]
) -> None:
    api.handler = teams = Teams(1)
    acme = connect(VendorIntegration, start=EARLIER)
    acme.sync(TeamsStream)
    acme.sync(stream)
    teams.teams.append(2)
    move_start(acme, date(2026, 1, 5))
    acme.sync(TeamsStream)
    acme.sync(stream)
    assert acme.ids(stream) == [11, 12, 13, 23]
    move_start(acme, EARLIER)
    acme.sync(stream)
    assert acme.ids(stream) == [11, 12, 13, 21, 22, 23]
    assert acme.versions(stream) == 6


@pytest.mark.parametrize("stream", [TasksStream, ListedTasksStream])
def test_66_a_parent_that_could_not_be_listed_then_gets_the_ground_between_later(
    connect: Connect, api: Vendor, stream: type[Stream[Item]]
) -> None:
    api.handler = teams = Teams(1, 2)
    acme = connect_with_earlier_start(connect, stream)
    teams.forbidden = {2}
    acme.sync(stream)
    assert acme.ids(stream) == [11, 12, 13, 23]
    teams.forbidden.clear()
    acme.sync(stream)
    assert acme.ids(stream) == [11, 12, 13, 21, 22, 23]
    assert acme.versions(stream) == 6


def test_66_a_parent_without_a_mark_is_listed_once_when_the_start_is_earlier(connect: Connect, api: Vendor) -> None:
    api.handler = teams = Teams(1)
    acme = connect_with_earlier_start(connect, TasksStream)
    teams.teams.append(2)
    acme.sync(TeamsStream)
    api.requests.clear()
    acme.sync(TasksStream)
    assert acme.ids(TasksStream) == [11, 12, 13, 21, 22, 23]
    asked = [request.target for request in api.requests if request.path == "/teams/2/tasks"]
    assert len(asked) == len(set(asked))


def test_66_a_start_that_was_moved_later_and_back_after_a_refetch_is_fetched(connect: Connect, api: Vendor) -> None:
    api.handler = Events(EVENTS)
    acme = connect(VendorIntegration, start=EARLIER)
    acme.sync(RangesStream)
    move_start(acme, date(2026, 1, 5))
    refetch(acme, RangesStream)
    assert acme.ids(RangesStream) == [3]
    move_start(acme, EARLIER)
    acme.sync(RangesStream)
    assert acme.ids(RangesStream) == [1, 2, 3]


def test_66_a_later_start_removes_nothing_and_asks_from_the_mark(connect: Connect, api: Vendor) -> None:
    api.handler = Events(EVENTS)
    acme = connect(VendorIntegration, start=EARLIER)
    acme.sync(RangesStream)
    move_start(acme, LATER)
    api.requests.clear()
    report = acme.sync(RangesStream)
    assert (report.records, report.warnings, report.gap) == (0, [], None)
    assert acme.ids(RangesStream) == [1, 2, 3]
    assert min(parse_time(param(request, "since")) for request in api.requests) < parse_time(EVENTS[2]["at"])
