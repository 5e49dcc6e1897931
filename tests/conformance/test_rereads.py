"""Records that change without their cursor: a stream that declares a re-read lists all of them now and then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dazz_assets import Cursor, Offset, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, items, offset_page
from tests.conformance.events import Events, event
from tests.conformance.integrations import CommonIntegration, Item
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

WEEK = timedelta(days=7)


class NewestFirstStream(Stream[Item]):
    """Has no filter, and stops at the mark."""

    path = "/events"
    cursor = Cursor("at", order="desc", reread=WEEK)


class FilteredStream(Stream[Item]):
    path = "/events"
    cursor = Cursor("at", since="since", reread=WEEK)


class RangesStream(Stream[Item]):
    """Takes both bounds, so that a long range is fetched in parts."""

    path = "/events"
    cursor = Cursor("at", since="since", until="until", reread=WEEK)


class StepsStream(Stream[Item]):
    path = "/events"
    cursor = Cursor("at", since="since", until="until", step=timedelta(days=31), reread=WEEK)


class TeamsStream(Stream[Item]):
    path = "/teams"


class TasksStream(Stream[Item]):
    parent = TeamsStream
    path = "/teams/{parent.id}/tasks"
    cursor = Cursor("at", since="since", reread=WEEK)


class ChangedTasksStream(TasksStream):
    parents = "changed"


class VendorIntegration(CommonIntegration):
    paginator = Offset()
    streams = (
        *(NewestFirstStream, FilteredStream, RangesStream, StepsStream),
        *(TeamsStream, TasksStream, ChangedTasksStream),
    )


STREAMS = [NewestFirstStream, FilteredStream, RangesStream, StepsStream, TasksStream, ChangedTasksStream]


class Api(Events):
    """Events, which are the tasks of the one team too; a score may change without the time of change."""

    def __init__(self) -> None:
        days = (f"2026-{1 + day // 28:02}-{1 + day % 28:02}T00:00:00Z" for day in range(10, 50))
        super().__init__([{**event(number, at), "score": 1} for number, at in enumerate(days)])

    def __call__(self, request: ReceivedRequest) -> Reply:
        if request.path == "/teams":
            return Reply(body=offset_page(items(1), request, 100))
        return super().__call__(request)


@pytest.fixture
def vendor(api: Vendor) -> Api:
    events = Api()
    api.handler = events
    return events


def begin(connect: Connect, stream: type[Stream[Any]], vendor: Api) -> Connected:
    vendor.newest_first = stream is NewestFirstStream
    acme = connect(VendorIntegration)
    acme.sync(TeamsStream)
    acme.sync(stream)
    vendor.records[3]["score"] = 2
    return acme


def score(acme: Connected, stream: type[Stream[Any]]) -> int:
    return next(int(record["score"]) for record in acme.records(stream) if record["id"] == 3)


@pytest.mark.parametrize("stream", STREAMS)
def test_74_what_changed_without_its_cursor_comes_when_the_reread_is_due(
    connect: Connect, clock: Clock, vendor: Api, stream: type[Stream[Any]]
) -> None:
    acme = begin(connect, stream, vendor)
    clock.now += timedelta(days=6).total_seconds()
    acme.sync(stream)
    assert (score(acme, stream), acme.versions(stream)) == (1, 40)

    clock.now += timedelta(days=1).total_seconds()
    report = acme.sync(stream)

    assert (score(acme, stream), acme.versions(stream), report.records) == (2, 41, 1)


@pytest.mark.parametrize("stream", STREAMS)
def test_between_two_rereads_syncs_list_what_is_new(
    connect: Connect, api: Vendor, clock: Clock, vendor: Api, stream: type[Stream[Any]]
) -> None:
    acme = begin(connect, stream, vendor)
    clock.now += WEEK.total_seconds()
    acme.sync(stream)
    vendor.records.append({**event(40, "2026-03-08T00:00:00Z"), "score": 1})
    api.requests.clear()

    acme.sync(stream)

    assert len(api.requests) <= 3  # of five, and what came since the first of several pages
    assert acme.versions(stream) == (41 if stream is ChangedTasksStream else 42)


def test_a_reread_that_failed_is_made_up_for(connect: Connect, api: Vendor, clock: Clock, vendor: Api) -> None:
    acme = begin(connect, NewestFirstStream, vendor)
    clock.now += WEEK.total_seconds()
    api.handler = lambda request: Reply(400) if request.query.get("offset") == ["20"] else vendor(request)
    with pytest.raises(SyncError):
        acme.sync(NewestFirstStream)
    api.handler = vendor

    acme.sync(NewestFirstStream)

    assert (score(acme, NewestFirstStream), acme.versions(NewestFirstStream)) == (2, 41)


def test_a_refetch_counts_as_a_reread_and_a_chosen_range_does_not(
    connect: Connect, api: Vendor, clock: Clock, vendor: Api
) -> None:
    acme = begin(connect, FilteredStream, vendor)
    clock.now += WEEK.total_seconds()
    acme.sync_range(FilteredStream, since="2026-02-20")
    assert score(acme, FilteredStream) == 1

    acme.sync_range(FilteredStream, replace=True)
    api.requests.clear()
    acme.sync(FilteredStream)

    assert score(acme, FilteredStream) == 2
    assert len(api.requests) == 2


def test_records_that_a_reread_no_longer_lists_stay(connect: Connect, clock: Clock, vendor: Api) -> None:
    acme = begin(connect, NewestFirstStream, vendor)
    del vendor.records[5]
    clock.now += WEEK.total_seconds()

    acme.sync(NewestFirstStream)

    assert acme.ids(NewestFirstStream) == list(range(40))
