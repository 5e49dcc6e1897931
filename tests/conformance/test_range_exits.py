"""A record that changes leaves the range that is listed, and pulls another past the walk of its numbered pages (32)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dazz_assets import Cursor, LinkHeader, Offset, PageNumber, Stream
from dazz_assets.errors import SyncError
from dazz_assets.http import Paginator
from tests.conformance.conftest import Connect
from tests.conformance.connected import param
from tests.conformance.integrations import CommonIntegration
from tests.conformance.lists import filter_by_bounds
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

SIZE = 10
START = date(2024, 1, 1)


class ChangesStream(Stream[Any]):
    path = "/changes"
    records = "data"
    cursor = Cursor("at", since="since", until="until")


class HistoryApi:
    """Sixty records, a day apart. before: what happens before a request, which are counted from 1."""

    def __init__(
        self, clock: Clock, before: dict[int, Callable[[HistoryApi], None]], first: date = date(2024, 1, 2)
    ) -> None:
        midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
        self.records: list[dict[str, Any]] = [
            {"id": day, "at": (midnight + timedelta(days=day)).isoformat()} for day in range(60)
        ]
        self.clock, self.before = clock, before
        self.asked: list[str] = []
        self.has_links = self.is_newest_first = False
        self.most_pages = 1_000
        self.format = ""

    def change(self, id_: int | str) -> None:
        now = datetime.fromtimestamp(self.clock.now, UTC)
        at = now.strftime(self.format) if self.format else now.isoformat()
        self.records = [{**item, "at": at} if item["id"] == id_ else item for item in self.records]

    def __call__(self, request: ReceivedRequest) -> Reply:
        self.asked.append(param(request, "since")[:10])
        self.clock.now += 1
        if (change := self.before.pop(len(self.asked), None)) is not None:
            change(self)
        listed = sorted(
            filter_by_bounds(self.records, request), key=lambda item: item["at"], reverse=self.is_newest_first
        )
        page = int(param(request, "page", "1")) - 1
        if page >= self.most_pages:
            return Reply(422, {"message": "Only the first 50 search results are available"})
        start = page * SIZE + int(param(request, "offset", "0"))
        query = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in request.pairs if name != "page")
        link = {"Link": f'</changes?{query}&page={page + 2}>; rel="next"'} if start + SIZE < len(listed) else {}
        link = link if self.has_links else {}
        return Reply(body={"data": listed[start : start + SIZE]}, headers=link)


@pytest.mark.parametrize("paginator", [Offset(), PageNumber(), LinkHeader()])
def test_32_no_record_is_missed_when_one_leaves_the_range_that_is_listed(
    connect: Connect, api: Vendor, clock: Clock, paginator: Paginator
) -> None:
    api.handler = history = HistoryApi(clock, {3: lambda api: api.change(1)})
    history.has_links = isinstance(paginator, LinkHeader)
    stream = declare("ChangesStream", ChangesStream, paginator=paginator)
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=START)
    report = acme.sync(stream)
    assert acme.ids(stream) == list(range(60))
    assert acme.versions(stream) == 61
    assert (report.gap, report.high_water_mark) == (None, "2024-03-01T00:00:00Z")
    # The range that it left is listed again after the last one, and no other is.
    from_the_last_on = history.asked[history.asked.index(max(history.asked)) :]
    assert set(from_the_last_on) == {max(history.asked), "2024-01-01"}
    assert acme.sync(stream).records == 0


@pytest.mark.parametrize("age", [timedelta(days=80), timedelta(days=400)], ids=["one part", "several parts"])
def test_32_no_record_is_missed_when_one_leaves_a_step(
    connect: Connect, api: Vendor, clock: Clock, age: timedelta
) -> None:
    """The API takes ranges of up to thirty days."""
    start = (datetime.fromtimestamp(clock.now, UTC) - age).date()
    api.handler = history = HistoryApi(clock, {3: lambda api: api.change(1)}, first=start + timedelta(days=1))
    cursor = Cursor("at", since="since", until="until", step=timedelta(days=30))
    stream = declare("ChangesStream", ChangesStream, cursor=cursor, paginator=PageNumber())
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=start)
    report = acme.sync(stream)
    assert acme.ids(stream) == list(range(60))
    assert (acme.versions(stream), report.gap) == (61, None)
    # No other range is listed again, by this sync or by the next.
    asked_once = [since for since in set(history.asked) if history.asked.count(since) <= 4]
    assert str(start) not in asked_once
    assert len(asked_once) >= 2
    assert acme.sync(stream).records == 0
    assert history.asked[-1] > str(start + timedelta(days=30))


@pytest.mark.parametrize(
    ("settings", "changed_before"),
    [
        ({"cursor": Cursor("at", since="since", until="until", both=True)}, 3),
        ({"cursor": Cursor("at", since="since", until="until", both=True, order="asc")}, 6),
        ({"cursor": Cursor("at"), "params": {"since": "{cursor.since}", "until": "<{cursor.until}"}}, 4),
        ({"cursor": Cursor("at", since="since", until="until", step=timedelta(days=365))}, 3),
    ],
    ids=["both", "both, in order", "in an expression", "a step"],
)
@pytest.mark.parametrize("paginator", [Offset(), PageNumber(), LinkHeader()])
def test_32_no_record_is_missed_when_one_passes_the_end_that_was_sent(
    connect: Connect, api: Vendor, clock: Clock, settings: dict[str, Any], changed_before: int, paginator: Paginator
) -> None:
    """The end is the time of the first request, and so what changes later is in no page of the list."""
    start = (datetime.fromtimestamp(clock.now, UTC) - timedelta(days=80)).date()
    history = HistoryApi(clock, {changed_before: lambda api: api.change(1)}, first=start + timedelta(days=1))
    history.has_links = isinstance(paginator, LinkHeader)

    api.handler = lambda request: history(replace(request, target=request.target.replace("until=%3C", "until=")))
    stream = declare("ChangesStream", ChangesStream, paginator=paginator, **settings)
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=start)
    report = acme.sync(stream)
    assert acme.ids(stream) == list(range(60))
    assert (acme.versions(stream), report.gap) == (61, None)
    assert acme.sync(stream).records == 0


def test_32_what_changes_while_the_first_request_waits_is_not_missed(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    """Its end was written before: what the list beside it brings moves the mark only over what it lists, too."""
    start = (datetime.fromtimestamp(clock.now, UTC) - timedelta(days=80)).date()
    history = HistoryApi(clock, {}, first=start + timedelta(days=1))
    waits = [True]

    def answer(request: ReceivedRequest) -> Reply:
        if waits:
            waits.clear()
            clock.now += 30
            history.change(58)
            return Reply(503, {"message": "busy"}, headers={"Retry-After": "30"})
        if param(request, "offset") == "10":
            history.change(59)
        return history(request)

    api.handler = answer
    cursor = Cursor("at", since="since", until="until", both=True)
    stream = declare("ChangesStream", ChangesStream, cursor=cursor, paginator=Offset())
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=start)
    acme.sync(stream)
    clock.sleep(3_600)
    acme.sync(stream)
    assert acme.records(stream) == sorted(history.records, key=lambda item: item["id"])


def test_32_nothing_passes_an_end_that_lies_ahead(connect: Connect, api: Vendor, clock: Clock) -> None:
    """An end that is sent as a day is tomorrow."""
    start = (datetime.fromtimestamp(clock.now, UTC) - timedelta(days=80)).date()
    api.handler = history = HistoryApi(clock, {}, first=start + timedelta(days=1))
    cursor = Cursor("at", since="since", until="until", both=True, format="%Y-%m-%d")
    stream = declare("ChangesStream", ChangesStream, cursor=cursor, paginator=Offset())
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=start)
    acme.sync(stream)
    assert len(history.asked) == 60 // SIZE + 1


def test_32_where_nothing_passes_the_end_one_more_request_is_all(connect: Connect, api: Vendor, clock: Clock) -> None:
    start = (datetime.fromtimestamp(clock.now, UTC) - timedelta(days=80)).date()
    api.handler = history = HistoryApi(clock, {}, first=start + timedelta(days=1))
    cursor = Cursor("at", since="since", until="until", both=True)
    stream = declare("ChangesStream", ChangesStream, cursor=cursor, paginator=Offset())
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=start)
    report = acme.sync(stream)
    assert len(history.asked) == 60 // SIZE + 2  # An empty page ends the list.
    assert (report.total, report.records, report.end_reason) == (None, 60, "an empty page")


def test_32_where_the_only_page_is_not_full_nothing_more_is_asked(connect: Connect, api: Vendor, clock: Clock) -> None:
    today = datetime.fromtimestamp(clock.now, UTC).date()
    api.handler = history = HistoryApi(clock, {}, first=today - timedelta(days=5))  # All but five lie ahead.
    cursor = Cursor("at", since="since", until="until", both=True)
    paginator = Offset(size_param="limit", size=SIZE)
    stream = declare("ChangesStream", ChangesStream, cursor=cursor, paginator=paginator)
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=START)
    acme.sync(stream)
    history.asked.clear()
    acme.sync(stream)
    assert len(history.asked) == 2


def test_32_no_record_is_missed_when_one_leaves_half_of_a_list_that_was_cut_short(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    """The API lists the newest fifty records, and says so. The range is split, and of the first half the first ten were
    not listed before."""
    start = (datetime.fromtimestamp(clock.now, UTC) - timedelta(days=80)).date()
    history = HistoryApi(clock, {}, first=start + timedelta(days=1))
    history.is_newest_first, history.most_pages = True, 5
    changed: list[int] = []

    def answer(request: ReceivedRequest) -> Reply:
        if param(request, "until") and param(request, "page") == "4" and not changed:
            changed.extend([30, 31])
            for id_ in changed:
                history.change(id_)
        return history(request)

    api.handler = answer
    stream = declare("ChangesStream", ChangesStream, paginator=PageNumber())
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=start)
    acme.sync(stream)
    assert changed
    assert acme.ids(stream) == list(range(60))


def test_32_no_record_is_missed_when_one_leaves_the_beginning_of_a_list_that_goes_on_behind_a_cap(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    """The API lists the oldest fifty records, and says so; the rest is asked for from the last one on."""
    api.handler = history = HistoryApi(clock, {4: lambda api: api.change(1)})
    history.most_pages = 5
    cursor = Cursor("at", since="since", order="asc")
    stream = declare("ChangesStream", ChangesStream, cursor=cursor, paginator=PageNumber())
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=START)
    report = acme.sync(stream)
    assert acme.ids(stream) == list(range(60))
    assert (report.gap, acme.sync(stream).records) == (None, 0)


def test_32_a_step_that_can_not_be_listed_again_leaves_the_mark_where_it_was(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    start = (datetime.fromtimestamp(clock.now, UTC) - timedelta(days=80)).date()
    history = HistoryApi(clock, {3: lambda api: api.change(1)}, first=start + timedelta(days=1))

    def answer(request: ReceivedRequest) -> Reply:
        is_listed_again = history.asked and history.asked[-1] > param(request, "since")[:10]
        return Reply(403, {"message": "no longer"}) if refuses and is_listed_again else history(request)

    api.handler, refuses = answer, True
    cursor = Cursor("at", since="since", until="until", step=timedelta(days=30))
    stream = declare("ChangesStream", ChangesStream, cursor=cursor, paginator=PageNumber())
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=start)
    with pytest.raises(SyncError, match="no longer"):
        acme.sync(stream)
    refuses = False
    acme.sync(stream)
    assert acme.ids(stream) == list(range(60))
    lists = history.asked.count(str(start))
    acme.sync(stream)
    assert history.asked.count(str(start)) == lists


def test_32_a_refetch_misses_none_either(connect: Connect, api: Vendor, clock: Clock) -> None:
    """It lists in steps of its own, and replaces all at its end."""
    api.handler = history = HistoryApi(clock, {})
    stream = declare("ChangesStream", ChangesStream, paginator=PageNumber())
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=START)
    acme.sync(stream)
    history.before = {len(history.asked) + 3: lambda api: api.change(1)}
    report = acme.sync_range(stream, replace=True)
    assert acme.ids(stream) == list(range(60))
    assert (acme.versions(stream), report.warnings, report.gap) == (61, [], None)


def test_32_of_several_parents_only_the_range_of_the_one_that_lost_a_record_is_listed_again(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    histories = {team: HistoryApi(clock, {}) for team in "123"}
    for team, history in histories.items():
        history.records = [{**item, "id": f"{team}-{item['id']}"} for item in history.records]
        history.before = {3: lambda api: api.change("2-1")} if team == "2" else {}

    def answer(request: ReceivedRequest) -> Reply:
        if request.path == "/teams":
            return Reply(body={"data": [{"id": team} for team in histories]})
        return histories[request.path.split("/")[2]](request)

    api.handler = answer
    teams = declare("TeamsStream", Stream[Any], path="/teams", records="data")
    stream = declare(
        "ChangesStream", ChangesStream, parent=teams, path="/teams/{parent.id}/changes", paginator=PageNumber()
    )
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(teams, stream)), start=START)
    acme.sync(teams)
    acme.sync(stream)
    expected = sorted(f"{team}-{day}" for team in histories for day in range(60))
    assert sorted(record["id"] for record in acme.records(stream)) == expected
    counts = {team: history.asked.count("2024-01-01") for team, history in histories.items()}
    assert counts == {"1": 7, "2": 14, "3": 7}


def test_32_what_an_error_leaves_undone_the_next_sync_does(connect: Connect, api: Vendor, clock: Clock) -> None:
    """The range is to be listed again, and that list is refused."""
    history = HistoryApi(clock, {3: lambda api: api.change(1)})

    def answer(request: ReceivedRequest) -> Reply:
        is_second_list = history.asked.count("2024-01-01") >= 7 and param(request, "since").startswith("2024-01-01")
        return Reply(403, {"message": "no longer"}) if is_second_list and refuses else history(request)

    api.handler, refuses = answer, True
    stream = declare("ChangesStream", ChangesStream, paginator=PageNumber())
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=START)
    with pytest.raises(SyncError, match="no longer"):
        acme.sync(stream)
    assert len(acme.ids(stream)) == 59
    refuses = False
    assert acme.sync(stream).records == 1
    assert acme.ids(stream) == list(range(60))
    lists = history.asked.count("2024-01-01")
    acme.sync(stream)
    assert history.asked.count("2024-01-01") == lists  # Nothing is left to do.


def test_32_cursors_that_are_days_tell_of_it_too(connect: Connect, api: Vendor, clock: Clock) -> None:
    """What changes at noon has the day as its time."""
    api.handler = history = HistoryApi(clock, {3: lambda api: api.change(1)})
    history.records = [{**item, "at": item["at"][:10]} for item in history.records]
    history.format = "%Y-%m-%d"
    stream = declare(
        "ChangesStream",
        ChangesStream,
        cursor=Cursor("at", since="since", until="until", format="%Y-%m-%d"),
        paginator=PageNumber(),
    )
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=START)
    acme.sync(stream)
    assert acme.ids(stream) == list(range(60))


def test_32_in_a_list_of_several_parents_a_record_of_one_pulls_one_of_another_past_the_walk(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    history = HistoryApi(clock, {3: lambda api: api.change(0)})
    # All records of the first team are on the first page.
    history.records = [{**item, "team": "1" if item["id"] < 3 else "2"} for item in history.records]
    api.handler = lambda request: (
        Reply(body={"data": [{"id": "1"}, {"id": "2"}]}) if request.path == "/teams" else history(request)
    )
    teams = declare("TeamsStream", Stream[Any], path="/teams", records="data")
    stream = declare(
        "ChangesStream",
        ChangesStream,
        parent=teams,
        parents_per_request=2,
        parent_key="team",
        params={"teams": "{parents.id}"},
        paginator=PageNumber(),
    )
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(teams, stream)), start=START)
    acme.sync(teams)
    acme.sync(stream)
    assert acme.ids(stream) == list(range(60))


def test_32_another_version_of_a_record_in_a_later_range_makes_no_second_list(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    """A list of versions has several rows of a record."""
    api.handler = history = HistoryApi(clock, {})
    history.records += [{"id": day, "at": f"2025-03-{day + 1:02}T00:00:00+00:00"} for day in range(20)]
    stream = declare("ChangesStream", ChangesStream, paginator=PageNumber())
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=START)
    acme.sync(stream)
    assert acme.versions(stream) == 80
    assert history.asked.count("2024-01-01") == 7


@pytest.mark.parametrize("changes_at", [1, 8], ids=["before its first page", "after its last page"])
def test_32_a_record_that_changes_before_or_long_after_its_range_is_listed_makes_no_second_list(
    connect: Connect, api: Vendor, clock: Clock, changes_at: int
) -> None:
    def change(api: HistoryApi) -> None:
        clock.now += 3_600 if changes_at > 1 else 0
        api.change(1)

    api.handler = history = HistoryApi(clock, {changes_at: change})
    stream = declare("ChangesStream", ChangesStream, paginator=PageNumber())
    acme = connect(declare("HistoryIntegration", CommonIntegration, streams=(stream,)), start=START)
    acme.sync(stream)
    assert acme.ids(stream) == list(range(60))
    assert history.asked.count("2024-01-01") == 7
