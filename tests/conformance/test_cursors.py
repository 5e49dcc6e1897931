"""Cursors: what was fetched, what is to be fetched next, and what the mark may pass."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dazz_assets import Cursor, Integration, Offset, Stream
from dazz_assets.sync import first_window
from dazz_assets.sync.errors import SyncError
from resources.lake import Commit, Lake
from tests.conformance.conftest import Connect
from tests.conformance.connected import Item, Token, items, offset_page, param
from tests.http.loopback import Asked, Reply, Vendor


class EventsStream(Stream[Item]):
    path = "/events"
    primary_key = "id"
    cursor = Cursor("at", since="since")


class RangesStream(Stream[Item]):
    """Events of an API that takes both bounds."""

    name = "ranges"
    path = "/events"
    primary_key = "id"
    cursor = Cursor("at", since="since", until="until")


class LateStream(Stream[Item]):
    """Events that become visible up to an hour late."""

    name = "late"
    path = "/events"
    primary_key = "id"
    cursor = Cursor("at", since="since", lookback=timedelta(hours=1))


class NewestFirstStream(Stream[Item]):
    name = "newest_first"
    path = "/events"
    primary_key = "id"
    cursor = Cursor("at", order="desc")


class OldestFirstStream(Stream[Item]):
    name = "oldest_first"
    path = "/events"
    primary_key = "id"
    cursor = Cursor("at", since="since", order="asc")


class TeamsStream(Stream[Item]):
    path = "/teams"
    primary_key = "id"


class TasksStream(Stream[Item]):
    parent = TeamsStream
    path = "/teams/{parent.id}/tasks"
    primary_key = "id"
    cursor = Cursor("at", since="since")


class OrderedTasksStream(Stream[Item]):
    name = "ordered_tasks"
    parent = TeamsStream
    path = "/teams/{parent.id}/tasks"
    primary_key = "id"
    cursor = Cursor("at", since="since", order="asc")


class VendorIntegration(Integration[Token]):
    base_url = "https://api.vendor.example"
    paginator = Offset()
    streams = (
        EventsStream,
        RangesStream,
        LateStream,
        NewestFirstStream,
        OldestFirstStream,
        TeamsStream,
        TasksStream,
        OrderedTasksStream,
    )


def event(id_: int, at: object) -> dict[str, Any]:
    return {"id": id_, "at": at}


def time_of(value: Any) -> datetime:
    """The time of a cursor, which vendors write in many ways."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / (1000 if value > 1e11 else 1), UTC)
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Events:
    """Lists events that are not older than `since` and older than `until`, some a page."""

    def __init__(self, records: Iterable[dict[str, Any]], size: int = 10) -> None:
        self.records = list(records)
        self.size = size
        self.filters = True
        self.excludes_since = False
        self.newest_first = False
        self.fails_since: set[str] = set()

    def __call__(self, asked: Asked) -> Reply:
        if param(asked, "since")[:10] in self.fails_since:
            return Reply(400, {"message": "this range is broken"})
        found = [item for item in self.records if not self.filters or self._asked_for(item, asked)]
        found.sort(key=lambda item: time_of(item["at"]), reverse=self.newest_first)
        return Reply(body=offset_page(found, asked, self.size))

    def _asked_for(self, item: dict[str, Any], asked: Asked) -> bool:
        at = time_of(item["at"])
        since, until = (time_of(param(asked, name, f"{otherwise}-01-01")) for name, otherwise in BOUNDS)
        return since <= at < until and not (self.excludes_since and at == since)


BOUNDS = (("since", "1970"), ("until", "9999"))


def test_34_a_record_of_2099_is_kept_and_does_not_hide_what_comes_later(connect: Connect, api: Vendor) -> None:
    api.handler = events = Events([event(1, "2026-02-01T00:00:00Z"), event(2, "2099-01-01T00:00:00Z")])
    acme = connect(VendorIntegration)
    assert acme.sync(EventsStream).high_water_mark == "2026-02-01T00:00:00Z"
    events.records.append(event(3, "2026-02-02T00:00:00Z"))
    acme.sync(EventsStream)
    assert acme.ids(EventsStream) == [1, 2, 3]
    assert acme.versions(EventsStream) == 3


def test_35_times_are_compared_as_times_however_they_are_written(connect: Connect, api: Vendor) -> None:
    written = [
        "2026-02-01T12:00:00Z",
        "2026-02-01T23:00:00+14:00",  # the 1st, 09:00
        "2026-02-01T05:00:00-08:00",  # the 1st, 13:00
        "2026-02-01T12:30:00",
        "2026-02-01T12:45:00.123456Z",
        "2026-02-01",
        1769950800,  # the 1st, 13:00
        1769954400123,  # the 1st, 14:00: the latest
    ]
    api.handler = events = Events(event(number, at) for number, at in enumerate(written))
    acme = connect(VendorIntegration)
    assert acme.sync(EventsStream).high_water_mark == "2026-02-01T14:00:00.123Z"
    events.records.append(event(99, "2026-02-01T05:59:00-08:01"))  # the 1st, 14:00:00
    events.records.append(event(100, "2026-02-02T00:30:00+10:00"))  # the 1st, 14:30
    assert acme.sync(EventsStream).records == 1
    assert 100 in acme.ids(EventsStream)


@pytest.mark.parametrize("excludes_since", [False, True], ids=["inclusive", "exclusive"])
def test_36_records_that_share_the_boundarys_time_are_neither_lost_nor_doubled(
    connect: Connect, api: Vendor, *, excludes_since: bool
) -> None:
    api.handler = events = Events(event(number, "2026-02-01T00:00:00Z") for number in range(25))
    events.excludes_since = excludes_since
    acme = connect(VendorIntegration)
    acme.sync(EventsStream)
    events.records += [event(number, "2026-02-01T00:00:00Z") for number in range(25, 40)]
    assert acme.sync(EventsStream).records == 15
    assert acme.sync(EventsStream).records == 0
    assert acme.ids(EventsStream) == list(range(40))
    assert acme.versions(EventsStream) == 40


def test_37_a_record_that_became_visible_late_is_caught_by_the_look_back(connect: Connect, api: Vendor) -> None:
    api.handler = events = Events([event(1, "2026-02-01T12:00:00Z"), event(2, "2026-02-01T11:30:00Z")])
    acme = connect(VendorIntegration)
    acme.sync(LateStream)
    events.records.append(event(3, "2026-02-01T11:15:00Z"))
    assert acme.sync(LateStream).records == 1
    assert acme.ids(LateStream) == [1, 2, 3]
    assert acme.versions(LateStream) == 3
    assert acme.sync(LateStream).high_water_mark == "2026-02-01T12:00:00Z"


def test_38_a_sync_that_brings_nothing_leaves_the_mark(connect: Connect, api: Vendor) -> None:
    api.handler = events = Events([event(1, "2026-02-01T12:00:00Z")])
    acme = connect(VendorIntegration)
    acme.sync(EventsStream)
    events.records.clear()
    assert acme.sync(EventsStream).high_water_mark == "2026-02-01T12:00:00Z"
    api.asked.clear()
    acme.sync(EventsStream)
    assert param(api.asked[0], "since").startswith("2026-02-01T11:59:59")


def test_39_the_gap_that_a_failed_part_leaves_is_known_and_fetched_next(connect: Connect, api: Vendor) -> None:
    weeks = [date(2025, 1, 6) + timedelta(weeks=number) for number in range(60)]
    api.handler = events = Events(event(number, f"{week}T12:00:00Z") for number, week in enumerate(weeks))
    second, third = weeks[26], weeks[52]
    events.fails_since = {str(second), str(second - timedelta(days=1))}
    acme = connect(VendorIntegration, start=weeks[0])
    with pytest.raises(SyncError, match="this range is broken"):
        acme.sync(RangesStream)
    assert acme.ids(RangesStream) == list(range(26))

    report = acme.sync_range(RangesStream, since=str(third))
    assert report.gap is not None
    assert "2025-06-30T12:00:00Z to 2026-01-05" in report.gap
    assert report.high_water_mark == "2025-06-30T12:00:00Z"
    assert acme.ids(RangesStream) == [*range(26), *range(52, 60)]

    events.fails_since.clear()
    report = acme.sync(RangesStream)
    assert report.gap is None
    assert acme.ids(RangesStream) == list(range(60))
    assert acme.versions(RangesStream) == 60
    assert report.high_water_mark == f"{weeks[59]}T12:00:00Z"


def test_40_a_backfill_of_an_old_range_does_not_move_the_mark(connect: Connect, api: Vendor) -> None:
    api.handler = events = Events([event(1, "2026-01-10T00:00:00Z"), event(2, "2026-02-20T00:00:00Z")])
    acme = connect(VendorIntegration)
    acme.sync(RangesStream)
    events.records.append(event(3, "2026-01-11T00:00:00Z"))
    report = acme.sync_range(RangesStream, since="2026-01-05", until="2026-01-19")
    assert (report.records, report.high_water_mark) == (1, "2026-02-20T00:00:00Z")
    assert acme.ids(RangesStream) == [1, 2, 3]
    assert acme.versions(RangesStream) == 3
    api.asked.clear()
    acme.sync(RangesStream)
    assert param(api.asked[0], "since").startswith("2026-02-19T23:59:59")


def test_41_an_api_that_ignores_the_filter_stores_nothing_twice(connect: Connect, api: Vendor) -> None:
    api.handler = events = Events(event(number, f"2026-02-0{number}T00:00:00Z") for number in range(1, 6))
    events.filters = False
    acme = connect(VendorIntegration)
    acme.sync(EventsStream)
    events.records.append(event(6, "2026-02-06T00:00:00Z"))
    assert acme.sync(EventsStream).records == 1
    acme.sync_range(RangesStream, since="2026-02-03", until="2026-02-05")
    assert acme.ids(RangesStream) == [3, 4]
    assert acme.versions(EventsStream) == 6


def test_41_an_api_that_sorts_newest_first_is_read_to_the_mark(connect: Connect, api: Vendor) -> None:
    days = [date(2026, 1, 10) + timedelta(days=number) for number in range(40)]
    api.handler = events = Events((event(number, f"{day}T00:00:00Z") for number, day in enumerate(days)), size=5)
    events.filters, events.newest_first = False, True
    acme = connect(VendorIntegration)
    acme.sync(NewestFirstStream)
    events.records += [event(number, f"2026-02-2{number - 40}T00:00:00Z") for number in range(40, 43)]
    events.records[0] = event(0, "2026-02-24T00:00:00Z")  # it changed, and so it moves to the front
    api.asked.clear()
    report = acme.sync(NewestFirstStream)
    assert len(api.asked) == 2
    assert (report.records, report.ended) == (4, "it reached what is stored already")
    assert acme.ids(NewestFirstStream) == list(range(43))
    assert acme.versions(NewestFirstStream) == 44


class Tasks:
    """Five teams, and tasks of each; a team's list can be made to fail."""

    def __init__(self, size: int = 10) -> None:
        self.tasks = {team: [event(team * 100, "2026-02-01T00:00:00Z")] for team in range(1, 6)}
        self.fails: dict[int, int] = {}
        self.size = size

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/teams":
            return Reply(body=offset_page(items(*self.tasks), asked, 100))
        team = int(asked.path.split("/")[2])
        if team in self.fails:
            return Reply(self.fails[team], {"message": f"team {team} is out"})
        return Events(self.tasks[team], self.size)(asked)

    def later(self, day: int) -> None:
        """Each team gets another task."""
        for team, tasks in self.tasks.items():
            tasks.append(event(team * 100 + day, f"2026-02-{day:02}T00:00:00Z"))


def since_by_team(api: Vendor) -> dict[int, str]:
    first: dict[int, str] = {}
    for asked in api.asked:
        first.setdefault(int(asked.path.split("/")[2]), param(asked, "since")[:10])
    return first


def test_42_a_parent_that_fails_keeps_its_mark_and_its_siblings_advance(connect: Connect, api: Vendor) -> None:
    api.handler = tasks = Tasks()
    acme = connect(VendorIntegration)
    acme.sync(TeamsStream)
    acme.sync(TasksStream)
    tasks.later(20)
    tasks.fails[3] = 400
    with pytest.raises(SyncError, match=r"1 of 5 teams failed.*team 3 is out") as caught:
        acme.sync(TasksStream)
    assert caught.value.report is not None
    assert caught.value.report.records == 4
    assert acme.ids(TasksStream) == [100, 120, 200, 220, 300, 400, 420, 500, 520]

    tasks.fails.clear()
    tasks.later(25)
    api.asked.clear()
    acme.sync(TasksStream)
    assert since_by_team(api) == {team: "2026-01-31" if team == 3 else "2026-02-19" for team in range(1, 6)}
    assert acme.versions(TasksStream) == len(acme.ids(TasksStream)) == 15


def test_42_a_parent_that_fails_after_a_page_leaves_none_of_its_records_half_fetched(
    connect: Connect, api: Vendor
) -> None:
    api.handler = tasks = Tasks()
    tasks.tasks[3] = [event(300 + day, f"2026-02-{day:02}T00:00:00Z") for day in range(1, 25)]
    broken = {"is": True}

    def page(asked: Asked) -> Reply:
        if broken["is"] and asked.path == "/teams/3/tasks" and param(asked, "offset") == "20":
            return Reply(409)
        return tasks(asked)

    api.handler = page
    acme = connect(VendorIntegration)
    acme.sync(TeamsStream)
    with pytest.raises(SyncError, match="1 of 5 teams failed"):
        acme.sync(TasksStream)
    assert acme.ids(TasksStream) == [100, 200, 400, 500]
    broken["is"] = False
    acme.sync(TasksStream)
    assert acme.versions(TasksStream) == len(acme.ids(TasksStream)) == 28


def test_42_what_is_stored_on_the_way_holds_the_records_of_all_parents_so_far(
    connect: Connect, api: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dazz_assets.sync.one_pass._ROWS_A_CHECKPOINT", 3)
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

    def page(asked: Asked) -> Reply:
        return Reply(body=offset_page(items(*tasks.tasks), asked, 1000)) if asked.path == "/teams" else tasks(asked)

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
    api.handler = lambda asked: Reply(body=offset_page(items(1), asked, 1))
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
    """Marks as syncs leave them: the oldest is of January 27th."""
    table = lake.marks("vendor", "tasks", "acme")
    oldest = int(datetime(2026, 1, 27, tzinfo=UTC).timestamp() * 1_000_000)
    file = table.new_file()
    file.write(
        pa.table(
            {
                "parent": [str(number) for number in range(count)],
                "fields": [f'{{"id": "{number}"}}' for number in range(count)],
                "mark": [oldest + number for number in range(count)],
                "boundary": [None] * count,
            },
            schema=table.schema,
        )
    )
    done = file.close()
    table.commit(lambda _: Commit(add=[done], replace="everything", transactions={"parents": passes}))


class ByChangeStream(Stream[Item]):
    """The events again, with another cursor."""

    name = "events"
    path = "/events"
    primary_key = "id"
    cursor = Cursor("changed", since="since")


class ByUuidStream(Stream[Item]):
    """The events again, with another key."""

    name = "events"
    path = "/events"
    primary_key = "uuid"
    cursor = Cursor("at", since="since")


class WholeStream(Stream[Item]):
    """The events again, without a cursor."""

    name = "events"
    path = "/events"
    primary_key = "id"


class ByChangeIntegration(Integration[Token]):
    name = "vendor"
    base_url = "https://api.vendor.example"
    paginator = Offset()
    streams = (ByChangeStream,)


class ByUuidIntegration(Integration[Token]):
    name = "vendor"
    base_url = "https://api.vendor.example"
    paginator = Offset()
    streams = (ByUuidStream,)


class WholeIntegration(Integration[Token]):
    name = "vendor"
    base_url = "https://api.vendor.example"
    paginator = Offset()
    streams = (WholeStream,)


def changed_events() -> list[dict[str, Any]]:
    return [
        {"id": number, "uuid": f"u{number}", "at": "2026-02-20T00:00:00Z", "changed": f"2026-02-0{number}T00:00:00Z"}
        for number in range(1, 4)
    ]


def test_44_a_stream_whose_cursor_is_changed_is_fetched_anew_and_says_so(connect: Connect, api: Vendor) -> None:
    api.handler = Events(changed_events())
    version = connect(VendorIntegration).sync_range(EventsStream, replace=True).version

    after = connect(ByChangeIntegration)
    api.asked.clear()
    report = after.sync(ByChangeStream)
    assert param(api.asked[0], "since") == "2026-01-05T00:00:00Z"
    assert "the key or the cursor of events" in report.warnings[0]
    assert report.high_water_mark == "2026-02-03T00:00:00Z"
    assert after.column("select cursor from raw.vendor_events order by key") == [
        f"2026-02-0{number}T00:00:00Z" for number in range(1, 4)
    ]
    assert after.sync(ByChangeStream).warnings == []

    old = after.session.lake.raw("vendor", "events", "acme", windowed=True).open(version)
    assert old is not None
    assert old.rows == 3


def test_44_a_stream_whose_key_is_changed_is_fetched_anew_and_holds_nothing_twice(
    connect: Connect, api: Vendor
) -> None:
    api.handler = Events(changed_events())
    connect(VendorIntegration).sync(EventsStream)
    after = connect(ByUuidIntegration)
    report = after.sync(ByUuidStream)
    assert "the key or the cursor of events" in report.warnings[0]
    assert after.column("select key from raw.vendor_events order by key") == ["u1", "u2", "u3"]


def test_44_what_is_stored_stays_where_the_fetch_anew_fails(connect: Connect, api: Vendor) -> None:
    api.handler = Events(changed_events())
    connect(VendorIntegration).sync(EventsStream)
    after = connect(ByUuidIntegration)
    api.handler = lambda asked: Reply(400)
    with pytest.raises(SyncError):
        after.sync(ByUuidStream)
    assert after.column("select key from raw.vendor_events order by key") == ["1", "2", "3"]
    api.handler = Events(changed_events())
    after.sync(ByUuidStream)
    assert after.column("select key from raw.vendor_events order by key") == ["u1", "u2", "u3"]


def test_44_a_stream_that_loses_its_cursor_is_refused_before_a_request(connect: Connect, api: Vendor) -> None:
    api.handler = Events(changed_events())
    connect(VendorIntegration).sync(EventsStream)
    api.asked.clear()
    with pytest.raises(SyncError, match=r"it had a cursor and has none.*another `name`"):
        connect(WholeIntegration).sync(WholeStream)
    assert api.asked == []
