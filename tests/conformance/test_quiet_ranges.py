"""A long range in which nothing happens is listed once: later syncs send one request for each list (conformance 73)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dazz_assets import Cursor, Offset, Stream
from dazz_assets.lake import Lake
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, items, offset_page
from tests.conformance.events import Events, event
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

START = date(2023, 1, 2)  # 165 weeks before the clock of these tests
DAY = 86_400.0


class TeamsStream(Stream[Item]):
    path = "/teams"


class TasksStream(Stream[Item]):
    parent = TeamsStream
    path = "/teams/{parent.id}/tasks"
    cursor = Cursor("at", since="since", until="until")


class EventsStream(Stream[Item]):
    path = "/events"
    cursor = Cursor("at", since="since", until="until")


class QuietIntegration(CommonIntegration):
    paginator = Offset(more="more")
    records = "items"
    streams = (TeamsStream, TasksStream, EventsStream)


class Teams:
    """Teams with their tasks, and events. A page says whether there is more, so that a list without any is one page."""

    def __init__(self, teams: int) -> None:
        self.tasks: dict[int, list[dict[str, Any]]] = {team: [] for team in range(1, teams + 1)}
        self.events: list[dict[str, Any]] = []

    def __call__(self, request: ReceivedRequest) -> Reply:
        if request.path == "/teams":
            return self._page(offset_page(items(*self.tasks), request, 100))
        team = request.path.split("/")[2] if request.path != "/events" else ""
        listed = self.tasks[int(team)] if team else self.events
        return self._page(Events(listed, 100)(request).body)

    def _page(self, found: Any) -> Reply:
        return Reply(body={"items": found, "more": False})


@pytest.fixture
def teams(api: Vendor) -> Teams:
    api.handler = teams = Teams(8)
    return teams


def count_requests(api: Vendor, acme: Connected, stream: type[Stream[Any]]) -> int:
    api.requests.clear()
    acme.sync(stream)
    return len(api.requests)


def test_73_a_parent_without_any_record_costs_one_request(connect: Connect, api: Vendor, teams: Teams) -> None:
    acme = connect(QuietIntegration, start=START)
    acme.sync(TeamsStream)
    assert count_requests(api, acme, TasksStream) == 8 * 7 + 1  # part by part, and once without bounds
    assert count_requests(api, acme, TasksStream) == 8


def test_73_so_does_one_whose_records_changed_long_ago(connect: Connect, api: Vendor, teams: Teams) -> None:
    for team, tasks in teams.tasks.items():
        tasks.append(event(team, f"2023-0{team}-20T00:00:00Z"))
    acme = connect(QuietIntegration, start=START)
    acme.sync(TeamsStream)
    acme.sync(TasksStream)
    assert count_requests(api, acme, TasksStream) == 8
    assert acme.ids(TasksStream) == list(range(1, 9))


def test_73_a_stream_without_a_parent_sends_one_request(connect: Connect, api: Vendor, teams: Teams) -> None:
    teams.events.append(event(1, "2023-02-20T00:00:00Z"))
    acme = connect(QuietIntegration, start=START)
    acme.sync(EventsStream)
    assert count_requests(api, acme, EventsStream) == 1


def test_73_what_happens_later_is_found(connect: Connect, api: Vendor, clock: Clock, teams: Teams) -> None:
    acme = connect(QuietIntegration, start=START)
    acme.sync(TeamsStream)
    acme.sync(TasksStream)
    clock.now += DAY
    teams.tasks[3].append(event(3, "2026-03-02T18:00:00Z"))
    teams.tasks[9] = [event(9, "2023-05-01T00:00:00Z")]  # a new team has the whole range before it
    acme.sync(TeamsStream)
    acme.sync(TasksStream)
    assert acme.ids(TasksStream) == [3, 9]
    assert count_requests(api, acme, TasksStream) == 9


def test_73_a_record_that_became_visible_late_is_still_found(connect: Connect, clock: Clock, teams: Teams) -> None:
    acme = connect(QuietIntegration, start=START)
    acme.sync(TeamsStream)
    acme.sync(TasksStream)
    teams.tasks[3].append(event(3, "2025-11-02T00:00:00Z"))
    acme.sync(TasksStream)
    assert acme.ids(TasksStream) == [3]


@pytest.mark.parametrize("days", [7, 31])
def test_73_steps_of_a_quiet_range_are_not_listed_again(
    connect: Connect, api: Vendor, clock: Clock, teams: Teams, days: int
) -> None:
    stepped = Cursor("at", since="since", until="until", step=timedelta(days=days))
    stream = declare("EventsStream", EventsStream, name="events", cursor=stepped)
    integration = declare("QuietIntegration", QuietIntegration, streams=(stream,))
    teams.events.append(event(1, "2023-02-20T00:00:00Z"))
    acme = connect(integration, start=START)
    assert count_requests(api, acme, stream) > 1000 / days
    teams.events.append(event(6, "2026-02-25T00:00:00Z"))  # visible five days late
    clock.now += DAY
    for id_ in range(2, 6):
        clock.now += DAY
        at = datetime.fromtimestamp(clock.now - 60, UTC)
        api.requests.clear()
        assert acme.sync(stream).gap is None
        assert len(api.requests) <= 3
        teams.events.append(event(id_, at.isoformat()))
    acme.sync(stream)
    assert acme.ids(stream) == [1, 2, 3, 4, 5, 6]


def test_73_an_earlier_start_of_a_stream_without_records_is_fetched_in_steps(
    connect: Connect, api: Vendor, teams: Teams
) -> None:
    stepped = Cursor("at", since="since", until="until", step=timedelta(days=31))
    stream = declare("EventsStream", EventsStream, name="events", cursor=stepped)
    integration = declare("QuietIntegration", QuietIntegration, streams=(stream,))
    acme = connect(integration, start=date(2025, 1, 6))
    acme.sync(stream)
    teams.events.append(event(1, "2023-02-20T00:00:00Z"))
    acme.connection = acme.connection.model_copy(update={"start": START})
    acme.sync(stream)
    assert acme.ids(stream) == [1]


def test_73_an_idle_sync_writes_nothing(connect: Connect, clock: Clock, lake: Lake, teams: Teams) -> None:
    acme = connect(QuietIntegration, start=START)
    acme.sync(TeamsStream)
    acme.sync(TasksStream)
    table = lake.marks(acme.spec.name, "tasks", "acme")
    before = table.open()
    for _ in range(3):
        clock.now += DAY
        acme.sync(TasksStream)
    after = table.open()
    assert before is not None
    assert after is not None
    assert after.version == before.version


CHANGES = st.lists(
    st.tuples(
        st.integers(1, 3),  # of this team
        st.integers(0, 200),  # so many days later
        st.booleans(),  # a task is added or changes then
        st.booleans(),  # and a sync follows
    ),
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_73_whatever_happens_between_syncs_nothing_is_missing_or_doubled(
    connect: Connect, api: Vendor, changes: list[tuple[int, int, bool, bool]]
) -> None:
    api.handler = teams = Teams(3)
    clock = Clock(datetime(2023, 1, 3, tzinfo=UTC).timestamp())
    connection = f"c{abs(hash(tuple(changes)))}"
    acme = connect(QuietIntegration, id_=connection, start=START, clock=clock)
    acme.sync(TeamsStream)
    for number, (team, days, is_changed, is_synced) in enumerate(changes):
        clock.now += days * DAY
        if is_changed:
            id_ = team * 100 + number % 2
            tasks = [task for task in teams.tasks[team] if task["id"] != id_]
            at = datetime.fromtimestamp(clock.now, UTC) + timedelta(seconds=number)
            teams.tasks[team] = [*tasks, event(id_, at.isoformat())]
        clock.now += 60
        if is_synced:
            acme.sync(TasksStream)
    acme.sync(TasksStream)
    expected = sorted(task["id"] for tasks in teams.tasks.values() for task in tasks)
    assert acme.ids(TasksStream) == expected
    stored = {record["id"]: record["at"] for record in acme.records(TasksStream)}
    assert stored == {task["id"]: task["at"] for tasks in teams.tasks.values() for task in tasks}
    versions = acme.versions(TasksStream)
    acme.sync(TasksStream)
    assert acme.versions(TasksStream) == versions
