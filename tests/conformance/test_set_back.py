"""A record that changes while its cursor goes back is told: parsers read the one with the latest (conformance 103)."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from dazz_assets import Cursor, Stream
from dazz_assets.lake.versions import outranked_keys
from tests.conformance.conftest import Connect
from tests.conformance.events import Events, event
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.http.loopback import Clock, Reply, Vendor


class AllEventsStream(Stream[Item]):
    path = "/events"
    cursor = Cursor("at")


class NullableStream(AllEventsStream):
    cursor = Cursor("at", nulls="made")


class FetchedStream(AllEventsStream):
    cursor = Cursor("at", nulls="fetched")


def test_103_newer_records_and_broken_ones_open_nothing_that_is_stored(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    rows: list[Any] = [{"id": 1, "at": "2026-02-10T00:00:00Z"}]
    api.handler = lambda request: Reply(body=rows)
    acme = connect_to(connect, AllEventsStream)
    acme.sync(AllEventsStream)
    rows += [{"id": 2, "at": "2026-02-11T00:00:00Z"}, {"id": 3, "at": "soon"}]
    clock.sleep(3600)
    with mock.patch.object(outranked_keys, "read_bounded", side_effect=AssertionError):
        assert acme.sync(AllEventsStream).records == 2


def connect_to(connect: Connect, stream: type[Stream[Any]]) -> Any:
    return connect(declare("EventsIntegration", CommonIntegration, streams=(stream,)))


@pytest.mark.parametrize(
    ("stream", "before", "after"),
    [
        (AllEventsStream, {"at": "2026-02-10T00:00:00Z"}, {"at": "2026-02-05T00:00:00Z"}),
        (AllEventsStream, {"at": "2099-01-01"}, {"at": "2026-03-02T11:00:00Z"}),
        (NullableStream, {"at": "2026-02-10T00:00:00Z", "made": "2026-02-01"}, {"at": None, "made": "2026-02-01"}),
        (FetchedStream, {"at": "2026-02-10T00:00:00Z"}, {"at": None}),
    ],
    ids=["earlier", "from the future", "null, with another field", "null, as fetched"],
)
def test_103_a_change_that_parsers_do_not_read_is_told_once_and_a_refetch_takes_it(
    connect: Connect, api: Vendor, clock: Clock, stream: type[Stream[Any]], before: Any, after: Any
) -> None:
    others = [{"id": number, "at": "2026-02-20T00:00:00Z", "made": "2026-02-01"} for number in range(2, 5)]
    api.handler = lambda request: Reply(body=[{"id": 1, **before}, *others])
    acme = connect_to(connect, stream)
    assert acme.sync(stream).warnings == []
    api.handler = lambda request: Reply(body=[{"id": 1, **after, "state": "changed"}, *others])
    clock.sleep(3600)
    [warning] = acme.sync(stream).warnings
    assert "1 record came with an earlier cursor than a stored version has (for example 1: " in warning
    assert f"name another field in `cursor` of {stream.__name__}" in warning
    assert acme.records(stream)[0] == {"id": 1, **before}
    clock.sleep(3600)
    assert acme.sync(stream).warnings == []
    assert acme.sync_range(stream, replace=True).warnings == []
    assert acme.records(stream)[0] == {"id": 1, **after, "state": "changed"}


def test_103_what_a_filter_brings_from_before_the_mark_is_told_too(connect: Connect, api: Vendor, clock: Clock) -> None:
    stream = declare("EventsStream", AllEventsStream, cursor=Cursor("at", since="since"), __module__=__name__)
    api.handler = vendor = Events([event(1, "2026-02-10T00:00:00Z"), event(2, "2026-02-01T00:00:00Z")], size=100)
    acme = connect_to(connect, stream)
    acme.sync(stream)
    vendor.records[0] = event(1, "2026-02-05T00:00:00Z")
    clock.sleep(3600)
    assert acme.sync_range(stream, since="2026-01-20").warnings[0].startswith("1 record came with an earlier cursor")


@pytest.mark.parametrize("order", [1, -1], ids=["oldest first", "newest first"])
def test_103_changes_in_any_order_and_records_that_come_late_are_not_told(
    connect: Connect, api: Vendor, clock: Clock, order: int
) -> None:
    listed = [event(number, f"2026-02-{number:02}T00:00:00Z") for number in range(10, 20)]
    api.handler = lambda request: Reply(body=listed[::order])
    acme = connect_to(connect, AllEventsStream)
    for number in range(3):
        assert acme.sync(AllEventsStream).warnings == []
        clock.sleep(3600)
        listed[number] = event(10 + number, f"2026-03-0{number + 1}T00:00:00Z")
        listed.append(event(30 + number, "2026-01-10T00:00:00Z"))
    assert acme.versions(AllEventsStream) == 10 + 2 + 2


def test_103_versions_that_one_list_has_of_a_record_are_no_records_that_went_back(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    """A list of changes has each version of a record as an item of its own, newest first. That they share a key is
    told once, at the first sync (109)."""
    versions = [event(1, f"2026-02-{day:02}T00:00:00Z") for day in range(20, 10, -1)]
    api.handler = lambda request: Reply(body=versions[:5])
    acme = connect_to(connect, AllEventsStream)
    (told,) = acme.sync(AllEventsStream).warnings
    assert told.startswith("4 records have the key")
    versions[:0] = [event(1, "2026-03-01T00:00:00Z"), event(1, "2026-02-25T00:00:00Z")]
    clock.sleep(3600)
    assert acme.sync(AllEventsStream).warnings == []
    assert acme.versions(AllEventsStream) == 7
