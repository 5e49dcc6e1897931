"""Walks that have no end come to one, and do not throw away what they brought (conformance 65)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dazz_assets import Cursor, CursorToken, LinkHeader, NextLink, Stream
from dazz_assets.errors import SyncError
from dazz_assets.extract import passes
from dazz_assets.extract.batch import RowReader
from dazz_assets.extract.completeness.list_progress import ListProgress
from dazz_assets.http.client import Client
from dazz_assets.http.errors import LoopError
from dazz_assets.http.page import Request
from dazz_assets.http.paging.walk import walk
from dazz_assets.spec.read import read_integration
from dazz_assets.windows import Windows
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream
from tests.conformance.lists import time_after
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor


class EndlessIntegration(CommonIntegration):
    records = "rows"
    paginator = CursorToken("next", param="c")
    streams = (ItemsStream,)


def endless(rows: Any) -> Any:
    """Pages that always name a next one. rows: those of the page of a number, from 0."""

    def page(request: ReceivedRequest) -> Reply:
        number = int(param(request, "c", "0"))
        return Reply(body={"rows": rows(number), "next": str(number + 1)})

    return page


@pytest.mark.parametrize("most", [20, 3])
def test_65_empty_pages_for_ever_are_an_error(connect: Connect, api: Vendor, most: int) -> None:
    settings_ = {} if most == 20 else {"max_idle_pages": most}
    api.handler = endless(lambda number: items(number) if number < 2 else [])
    with pytest.raises(SyncError) as caught:
        connect(declare("EndlessIntegration", EndlessIntegration, **settings_)).sync(ItemsStream)
    message = str(caught.value)
    assert (
        f"/items?c={most + 1}: the last {most} pages were empty, and the list has no end (page {most + 2})." in message
    )
    assert "If such pages are usual, raise `max_idle_pages`." in message
    assert len(api.requests) <= most + 2 + 2 * 8 + 1  # The last batch, one that is ready, and a page in flight.


def test_65_pages_that_bring_nothing_new_are_an_error_that_says_so(connect: Connect, api: Vendor) -> None:
    api.handler = endless(lambda number: items(number % 7, 3, number // 7 % 7))
    with pytest.raises(SyncError, match="the last 20 pages held only records that the walk has listed before"):
        connect(EndlessIntegration).sync(ItemsStream)


def test_65_as_many_empty_pages_as_are_allowed_are_passed(connect: Connect, api: Vendor) -> None:
    def page(request: ReceivedRequest) -> Reply:
        number = int(param(request, "c", "0"))
        rows = items(number) if number % 20 == 0 else []
        return Reply(body={"rows": rows, "next": str(number + 1) if number < 80 else None})

    api.handler = page
    acme = connect(EndlessIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [0, 20, 40, 60, 80]


def test_65_a_link_for_ever_with_empty_pages_is_an_error(connect: Connect, api: Vendor) -> None:
    def page(request: ReceivedRequest) -> Reply:
        number = int(param(request, "p", "0"))
        rows = items(number) if number < 3 else []
        link = f"/items?p={number + 1}"
        return Reply(body={"rows": rows, "next": link}, headers={"Link": f'<{link}>; rel="next"'})

    api.handler = page
    for paginator in (LinkHeader(), NextLink("next")):
        api.requests.clear()
        with pytest.raises(SyncError, match="the last 20 pages were empty, and the list has no end"):
            connect(declare("LinkedIntegration", EndlessIntegration, paginator=paginator)).sync(ItemsStream)
        assert len(api.requests) < 30


def test_65_a_walk_takes_no_more_pages_than_it_may(connect: Connect, api: Vendor) -> None:
    api.handler = endless(items)
    acme = connect(declare("EndlessIntegration", EndlessIntegration, max_pages=12))
    with pytest.raises(SyncError, match=r"/items\?c=12: the walk takes more than 12 pages \(`max_pages`\)"):
        acme.sync(ItemsStream)
    assert len(api.requests) == 12


def test_65_a_walk_takes_no_longer_than_it_may(connect: Connect, api: Vendor, clock: Clock) -> None:
    list_rows = endless(items)

    def slowly(request: ReceivedRequest) -> Reply:
        clock.now += 60
        return list_rows(request)  # type: ignore[no-any-return]

    api.handler = slowly
    acme = connect(declare("EndlessIntegration", EndlessIntegration, max_time=timedelta(minutes=10)))
    with pytest.raises(SyncError, match=r"the walk takes longer than 600 s \(`max_time`\), after 1\d pages"):
        acme.sync(ItemsStream)


class EventsStream(Stream[Item]):
    path = "/events"
    cursor = Cursor("at", since="since")


@pytest.mark.parametrize("order", [None, "asc", "desc"])
def test_65_what_a_long_walk_brought_is_stored_although_it_fails_later(
    connect: Connect, api: Vendor, monkeypatch: pytest.MonkeyPatch, order: Any
) -> None:
    monkeypatch.setattr(passes, "_ROWS_PER_CHECKPOINT", 30)
    monkeypatch.setattr(passes, "_SECONDS_PER_CHECKPOINT", 0)
    stream = declare("EventsStream", EventsStream, cursor=Cursor("at", since="since", order=order))
    acme = connect(declare("LongIntegration", EndlessIntegration, streams=(stream,)))
    fails = True

    def page(request: ReceivedRequest) -> Reply:
        number = int(param(request, "c", "0"))
        if fails and number == 10:
            return Reply(400, {"message": "the shard is down"})
        ids = range(10 * number, 10 * number + 10)
        at = {
            id_: time_after(id_ if order == "asc" else 400 - id_ if order == "desc" else id_ * 37 % 200) for id_ in ids
        }
        rows = [{"id": id_, "at": at[id_]} for id_ in ids if at[id_] >= param(request, "since")[:19]]
        return Reply(body={"rows": rows, "next": str(number + 1) if number < 19 else None})

    api.handler = page
    with pytest.raises(SyncError, match="the shard is down"):
        acme.sync(stream)
    assert len(acme.ids(stream)) >= 60
    fails = False
    acme.sync(stream)
    assert (acme.ids(stream), acme.versions(stream)) == (list(range(200)), 200)


def test_65_a_snapshot_that_fails_leaves_the_last_one_as_it_is(
    connect: Connect, api: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "_ROWS_PER_CHECKPOINT", 3)
    monkeypatch.setattr(passes, "_SECONDS_PER_CHECKPOINT", 0)
    api.script(Reply(body={"rows": items(1, 2)}))
    acme = connect(EndlessIntegration)
    acme.sync(ItemsStream)
    api.handler = endless(lambda number: items(*range(10 * number, 10 * number + 5)) if number < 4 else [])
    with pytest.raises(SyncError, match="the last 20 pages were empty"):
        acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


@settings(max_examples=25, deadline=None)
@given(pages=st.lists(st.sampled_from([0, 0, 1, 2]), max_size=30), most=st.integers(1, 4))
def test_65_a_walk_fails_only_after_that_many_idle_pages_in_a_row(pages: list[int], most: int) -> None:
    def page(request: ReceivedRequest) -> Reply:
        number = int(param(request, "c", "0"))
        rows = items(*(10 * number + at for at in range(pages[number]))) if number < len(pages) else []
        return Reply(body={"rows": rows, "next": str(number + 1) if number + 1 < len(pages) else None})

    stream = read_integration(declare("IdleIntegration", EndlessIntegration, max_idle_pages=most)).streams["items"]
    progress, reader, failed_at = ListProgress(stream), RowReader(stream, Windows("week")), None
    with Vendor() as api:
        api.handler = page
        client = Client(api.url)
        try:
            for steps in walk(client, Request(api.url), paginator=stream.paginator, rules=stream.rules):
                rows = reader.read_rows(steps, None, {})
                progress.add(steps, rows, len(rows))
        except LoopError as error:
            (failed_at,) = map(int, re.findall(r"has no end \(page (\d+)\)", str(error)))
        client.close()
    idle = [number for number in range(most, len(pages)) if not any(pages[number - most : number])]
    assert failed_at == (idle[0] if idle else None)
