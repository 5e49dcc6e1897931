"""Re-reads that were interrupted, or of which the vendor held back a part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from dazz_assets import Cursor, Offset, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, items, offset_page, param
from tests.conformance.events import Events, event
from tests.conformance.integrations import CommonIntegration, Item
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

DAY, WEEK = timedelta(days=1), timedelta(days=7)


class RangesStream(Stream[Item]):
    """Takes both bounds, so that a long range is fetched in parts."""

    path = "/events"
    cursor = Cursor("at", since="since", until="until", reread=WEEK)


class TeamsStream(Stream[Item]):
    path = "/teams"


class TasksStream(Stream[Item]):
    parent = TeamsStream
    path = "/teams/{parent.id}/tasks"
    primary_key = ("{parent.id}", "id")
    cursor = Cursor("at", since="since", reread=WEEK)


class ChangedTasksStream(TasksStream):
    parents = "changed"


class TasksOfSeveralStream(Stream[Item]):
    parent = TeamsStream
    parents_per_request = 2
    path = "/tasks"
    params = {"teams": "{parents.id}"}
    parent_key = "team"
    primary_key = ("{parent.id}", "id")
    cursor = Cursor("at", since="since", reread=WEEK)


class SkippedTasksStream(TasksStream):
    """Goes on without what the vendor refuses."""

    accept = {409: "skip"}


class VendorIntegration(CommonIntegration):
    paginator = Offset()
    streams = (RangesStream, TeamsStream, TasksStream, ChangedTasksStream, TasksOfSeveralStream, SkippedTasksStream)


class Teams:
    """Teams 1, 2 and 3 with twelve tasks each, of which the score may change without the time of change."""

    def __init__(self) -> None:
        self.score = 1
        self.numbers = [1, 2, 3]
        self.refused: dict[int, int] = {}
        self.listed: list[tuple[int, str]] = []

    def __call__(self, request: ReceivedRequest) -> Reply:
        if request.path == "/teams":
            return Reply(body=offset_page(items(*self.numbers), request, 100))
        asked = param(request, "teams") or request.path.split("/")[2]
        teams = [int(team) for team in asked.split(",")]
        for team in teams:
            if team in self.refused:
                return Reply(self.refused[team], {"message": "no"})
        if param(request, "offset") == "0":
            self.listed += [(team, param(request, "since")[:10]) for team in teams]
        tasks = [
            {**event(number, f"2026-01-{10 + number}T00:00:00Z"), "team": team, "score": self.score}
            for team in teams
            for number in range(12)
        ]
        return Reply(body=offset_page([task for task in tasks if task["at"] >= param(request, "since")], request, 10))

    def take_reread(self) -> set[int]:
        """The teams that were listed from the start since the last call."""
        taken = {team for team, since in self.listed if since == "2026-01-05"}
        self.listed.clear()
        return taken


@pytest.fixture
def teams(api: Vendor) -> Teams:
    api.handler = found = Teams()
    return found


def scores(acme: Connected, stream: type[Stream[Any]]) -> dict[int, set[int]]:
    """The scores in the latest versions of each team's tasks."""
    found: dict[int, set[int]] = {}
    for record in acme.records(stream):
        found.setdefault(record["team"], set()).add(record["score"])
    return found


def begin(connect: Connect, stream: type[Stream[Any]], clock: Clock, teams: Teams) -> Connected:
    """Sync, change all scores, and wait until the re-read is due."""
    acme = connect(VendorIntegration)
    acme.sync(TeamsStream)
    acme.sync(stream)
    assert teams.take_reread() == {1, 2, 3}
    teams.score = 2
    clock.now += WEEK.total_seconds()
    return acme


@pytest.mark.parametrize("stream", [TasksStream, ChangedTasksStream, TasksOfSeveralStream])
@pytest.mark.parametrize("status", [403, 404])
def test_a_parent_that_was_refused_is_reread_by_itself_once_it_is_allowed(
    connect: Connect, clock: Clock, teams: Teams, stream: type[Stream[Any]], status: int
) -> None:
    acme = begin(connect, stream, clock, teams)
    teams.refused = {2: status}
    acme.sync(stream)
    assert scores(acme, stream) == {1: {2}, 2: {1}, 3: {2}}
    assert teams.take_reread() == {1, 3}

    acme.sync(stream)
    assert teams.take_reread() == set()

    teams.refused = {}
    acme.sync(stream)
    assert scores(acme, stream) == {1: {2}, 2: {2}, 3: {2}}
    assert teams.take_reread() == {2}


def test_parents_that_failed_make_no_other_be_reread(connect: Connect, clock: Clock, teams: Teams) -> None:
    acme = begin(connect, TasksStream, clock, teams)
    teams.refused = {2: 422}
    for rereads in ({1, 3}, set(), set()):
        with pytest.raises(SyncError):
            acme.sync(TasksStream)
        assert teams.take_reread() == rereads
    teams.refused = {}
    acme.sync(TasksStream)
    assert (scores(acme, TasksStream)[2], teams.take_reread()) == ({2}, {2})


def test_a_first_sync_in_which_a_parent_fails_goes_on_from_the_marks_of_the_others(
    connect: Connect, teams: Teams
) -> None:
    acme = connect(VendorIntegration)
    acme.sync(TeamsStream)
    teams.refused = {2: 422}
    for rereads in ({1, 3}, set()):
        with pytest.raises(SyncError):
            acme.sync(TasksStream)
        assert teams.take_reread() == rereads


def test_a_parent_of_whose_list_the_vendor_refuses_a_part_is_reread_a_day_later(
    connect: Connect, clock: Clock, teams: Teams
) -> None:
    acme = begin(connect, SkippedTasksStream, clock, teams)
    teams.refused = {2: 409}
    acme.sync(SkippedTasksStream)
    teams.take_reread()
    acme.sync(SkippedTasksStream)
    assert teams.take_reread() == set()

    teams.refused = {}
    clock.now += DAY.total_seconds()
    acme.sync(SkippedTasksStream)
    assert (scores(acme, SkippedTasksStream)[2], teams.take_reread()) == ({2}, {2})


def test_a_new_parent_is_listed_from_the_start_and_no_other_is(connect: Connect, clock: Clock, teams: Teams) -> None:
    acme = connect(VendorIntegration)
    teams.numbers = [1, 2]
    acme.sync(TeamsStream)
    acme.sync(TasksStream)
    teams.take_reread()
    teams.numbers = [1, 2, 3]
    clock.now += DAY.total_seconds()
    acme.sync(TeamsStream)
    acme.sync(TasksStream)
    assert teams.take_reread() == {3}

    clock.now += 6 * DAY.total_seconds()
    acme.sync(TasksStream)
    assert teams.take_reread() == {1, 2}


class Years(Events):
    """An event a month in three years, of which the score may change without the time of change."""

    def __init__(self) -> None:
        days = [f"{year}-{month:02}-10T00:00:00Z" for year in (2023, 2024, 2025) for month in range(1, 13)]
        super().__init__([{**event(number, at), "score": 1} for number, at in enumerate(days)])
        self.refuses_from = "9999"

    def __call__(self, request: ReceivedRequest) -> Reply:
        return Reply(400) if param(request, "since") >= self.refuses_from else super().__call__(request)


def first_ranges(api: Vendor) -> Iterator[str]:
    """The month in which each range that was asked for begins."""
    for request in api.requests:
        if param(request, "offset", "0") == "0":
            yield param(request, "since")[:7]
    api.requests.clear()


PARTS = ["2023-01", "2023-07", "2023-12", "2024-06", "2024-12", "2025-06", "2025-12"]


def test_a_first_sync_of_a_stream_with_rereads_goes_on_where_it_was_interrupted(connect: Connect, api: Vendor) -> None:
    api.handler = years = Years()
    acme = connect(VendorIntegration, start=date(2023, 1, 2))
    years.refuses_from = "2024-07"
    with pytest.raises(SyncError):
        acme.sync(RangesStream)
    assert list(first_ranges(api)) == PARTS[:5]

    years.refuses_from = "9999"
    acme.sync(RangesStream)
    assert next(first_ranges(api)) >= "2024-06"
    assert acme.versions(RangesStream) == 36


@pytest.mark.parametrize("refuses_from", ["2023-07", "2024-07", "2025-12"])
def test_a_reread_goes_on_where_it_was_interrupted(
    connect: Connect, api: Vendor, clock: Clock, refuses_from: str
) -> None:
    api.handler = years = Years()
    acme = connect(VendorIntegration, start=date(2023, 1, 2))
    acme.sync(RangesStream)
    for record in years.records:
        record["score"] = 2
    clock.now += WEEK.total_seconds()
    api.requests.clear()
    years.refuses_from = refuses_from
    for _ in range(2):
        with pytest.raises(SyncError):
            acme.sync(RangesStream)
    asked = list(first_ranges(api))

    years.refuses_from = "9999"
    acme.sync(RangesStream)

    asked += first_ranges(api)
    assert asked[0] == "2023-01"
    assert max(asked.count(month) for month in asked if month < refuses_from) == 1
    assert {int(record["score"]) for record in acme.records(RangesStream)} == {2}
    assert acme.versions(RangesStream) == 72
    acme.sync(RangesStream)
    assert min(first_ranges(api)) >= "2025-12"
