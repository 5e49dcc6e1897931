"""Cursors of sub-streams: each parent has its own mark."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from dazz_assets import Cursor, Offset, Stream
from dazz_assets.errors import SyncError
from dazz_assets.extract.sync_stream import first_window
from dazz_assets.lake import Commit, Lake
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, offset_page, param
from tests.conformance.events import Events, event
from tests.conformance.integrations import CommonIntegration, Item
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class TeamsStream(Stream[Item]):
    path = "/teams"


class TasksStream(Stream[Item]):
    parent = TeamsStream
    path = "/teams/{parent.id}/tasks"
    cursor = Cursor("at", since="since")


class OrderedTasksStream(TasksStream):
    name = "ordered_tasks"
    cursor = Cursor("at", since="since", order="asc")


class VendorIntegration(CommonIntegration):
    paginator = Offset()
    streams = (TeamsStream, TasksStream, OrderedTasksStream)


class Tasks:
    """Five teams with tasks. fails: the status with which a team's list fails."""

    def __init__(self, size: int = 10) -> None:
        self.tasks = {team: [event(team * 100, "2026-02-01T00:00:00Z")] for team in range(1, 6)}
        self.fails: dict[int, int] = {}
        self.size = size

    def __call__(self, request: ReceivedRequest) -> Reply:
        if request.path == "/teams":
            return Reply(body=offset_page(items(*self.tasks), request, 100))
        team = int(request.path.split("/")[2])
        if team in self.fails:
            return Reply(self.fails[team], {"message": f"team {team} is out"})
        return Events(self.tasks[team], self.size)(request)

    def add_tasks(self, day: int) -> None:
        """Gives each team another task."""
        for team, tasks in self.tasks.items():
            tasks.append(event(team * 100 + day, f"2026-02-{day:02}T00:00:00Z"))


def since_by_team(api: Vendor) -> dict[int, str]:
    """The day of the first `since` that was sent for each team."""
    first: dict[int, str] = {}
    for request in api.requests:
        first.setdefault(int(request.path.split("/")[2]), param(request, "since")[:10])
    return first


def test_42_a_parent_that_fails_keeps_its_mark_and_its_siblings_advance(connect: Connect, api: Vendor) -> None:
    api.handler = tasks = Tasks()
    acme = connect(VendorIntegration)
    acme.sync(TeamsStream)
    acme.sync(TasksStream)
    tasks.add_tasks(20)
    tasks.fails[3] = 400
    with pytest.raises(SyncError, match=r"1 of 5 teams failed.*team 3 is out") as caught:
        acme.sync(TasksStream)
    assert caught.value.report is not None
    assert caught.value.report.records == 4
    assert acme.ids(TasksStream) == [100, 120, 200, 220, 300, 400, 420, 500, 520]

    tasks.fails.clear()
    tasks.add_tasks(25)
    api.requests.clear()
    acme.sync(TasksStream)
    assert since_by_team(api) == {team: "2026-01-31" if team == 3 else "2026-02-19" for team in range(1, 6)}
    assert acme.versions(TasksStream) == len(acme.ids(TasksStream)) == 15


def test_42_a_parent_that_fails_after_a_page_leaves_none_of_its_records_half_fetched(
    connect: Connect, api: Vendor
) -> None:
    api.handler = tasks = Tasks()
    tasks.tasks[3] = [event(300 + day, f"2026-02-{day:02}T00:00:00Z") for day in range(1, 25)]
    is_broken = True

    def page(request: ReceivedRequest) -> Reply:
        if is_broken and request.path == "/teams/3/tasks" and param(request, "offset") == "20":
            return Reply(409)
        return tasks(request)

    api.handler = page
    acme = connect(VendorIntegration)
    acme.sync(TeamsStream)
    with pytest.raises(SyncError, match="1 of 5 teams failed"):
        acme.sync(TasksStream)
    assert acme.ids(TasksStream) == [100, 200, 400, 500]
    is_broken = False
    acme.sync(TasksStream)
    assert acme.versions(TasksStream) == len(acme.ids(TasksStream)) == 28


def test_42_a_checkpoint_holds_the_records_of_all_parents_so_far(
    connect: Connect, api: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dazz_assets.extract.passes._ROWS_PER_CHECKPOINT", 3)
    monkeypatch.setattr("dazz_assets.extract.passes._SECONDS_PER_CHECKPOINT", 0)
    api.handler = tasks = Tasks(size=2)
    for team in tasks.tasks:
        tasks.tasks[team] = [event(team * 100 + day, f"2026-02-{day:02}T00:00:00Z") for day in range(1, 6)]
    acme = connect(VendorIntegration)
    acme.sync(TeamsStream)
    acme.sync(OrderedTasksStream)
    expected = [team * 100 + day for team in range(1, 6) for day in range(1, 6)]
    assert acme.ids(OrderedTasksStream) == expected
    acme.sync(OrderedTasksStream)
    assert acme.versions(OrderedTasksStream) == len(expected)


def test_43_the_marks_of_many_parents_are_rows_and_not_one_large_value(
    connect: Connect, api: Vendor, lake: Lake, tmp_path: Path
) -> None:
    count = 200
    api.handler = tasks = Tasks(size=1000)
    tasks.tasks = {team: [event(team, "2026-02-01T00:00:00Z")] for team in range(1, count + 1)}

    def page(request: ReceivedRequest) -> Reply:
        return (
            Reply(body=offset_page(items(*tasks.tasks), request, 1000)) if request.path == "/teams" else tasks(request)
        )

    api.handler = page
    acme = connect(VendorIntegration)
    acme.sync(TeamsStream)
    acme.sync(TasksStream)
    marks = lake.marks("vendor", "tasks", "acme").open()
    assert marks is not None
    assert marks.rows == count
    logs = [*(tmp_path / "lake").rglob("tasks/connection=acme/_delta_log/*.json")]
    assert logs
    assert max(path.stat().st_size for path in logs) < 10_000


def test_43_the_state_of_a_hundred_thousand_parents_is_one_small_file(
    connect: Connect, api: Vendor, lake: Lake, tmp_path: Path
) -> None:
    api.handler = lambda request: Reply(body=offset_page(items(1), request, 1))
    acme = connect(VendorIntegration, start=date(2026, 1, 5))
    acme.sync(TeamsStream)
    parents = acme.session.lake.raw("vendor", "teams", "acme", windowed=False).open()
    assert parents is not None
    write_marks(lake, 100_000, parents.transaction("passes") or 0)
    assert first_window(acme.session, [acme.spec.streams["tasks"]]) == date(2026, 1, 26)
    files = [*(tmp_path / "lake" / "marks").rglob("*.parquet")]
    assert len(files) == 1
    assert files[0].stat().st_size < 3_000_000


def write_marks(lake: Lake, count: int, passes: int) -> None:
    """Writes marks as syncs do. The oldest is of January 27th."""
    lake.raw("vendor", "tasks", "acme", windowed=True).commit(lambda _: Commit(transactions={"passes": 1}))
    table = lake.marks("vendor", "tasks", "acme")
    oldest = int(datetime(2026, 1, 27, tzinfo=UTC).timestamp() * 1_000_000)
    file = table.new_file()
    file.write(
        pa.table(
            {
                "parent": [str(number) for number in range(count)],
                "fields": [f'{{"id": "{number}"}}' for number in range(count)],
                "position": pa.nulls(count, pa.string()),
                "mark": [oldest + number for number in range(count)],
                "boundary": [None] * count,
                **dict.fromkeys(
                    ("covered", "content", "listed", "reread_at", "reread_to"), pa.nulls(count, pa.int64())
                ),
            },
            schema=table.schema,
        )
    )
    finished = file.close()
    table.commit(lambda _: Commit(add=[finished], replace="everything", transactions={"parents": passes}))
