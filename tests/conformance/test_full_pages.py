"""A list of one page that may be cut off, and one that begins before its first page, are told (conformance 75, 76)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets import CursorToken, LinkHeader, NextLink, PageNumber, Paginator
from dazz_assets.http.page import Page, Request
from dazz_assets.http.paging.list_edges import describe_fullness
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, ItemsStream, PartsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class BoatsIntegration(CommonIntegration):
    records = "boats"
    streams = (ItemsStream,)


def boats(number: int, **beside: Any) -> Reply:
    return Reply(body={"boats": items(*range(number)), **beside})


SENT: list[dict[str, Any]] = [
    {"params": {"limit": 40}},
    {"params": {"page[size]": 40}},
    {"params": {"$top": 40}},
    {"params": {"sysparm_limit": "40"}},
    {"params": {"maxResults": 40}},
    {"method": "POST", "body": {"search": {"per_page": 40}}},
    {"method": "POST", "body": {"query": "{ boats(first: 40) { id } }"}},
    {"params": {"q": "SELECT id FROM boats ORDER BY id LIMIT 40"}},
]


@pytest.mark.parametrize("sent", SENT, ids=str)
def test_75_a_page_with_as_many_records_as_were_asked_for_may_not_be_the_last(
    connect: Connect, api: Vendor, sent: dict[str, Any]
) -> None:
    stream = declare("ItemsStream", ItemsStream, **sent)
    acme = connect(declare("BoatsIntegration", BoatsIntegration, streams=(stream,)))
    api.script(boats(40), boats(39))
    (warning,) = acme.sync(stream).warnings
    assert "the list may be cut off: its only page has 40 records, as many as its request asks for" in warning
    assert "If there may be more, set `paginator`; if the list has one page only, set max_pages = 1." in warning
    assert acme.sync(stream).warnings == []


@pytest.mark.parametrize(
    "reply",
    [
        boats(45, limit=45),
        boats(45, meta={"page": 1, "per_page": 45}),
        boats(45, pagination={"pageSize": "45"}),
        boats(45, startAt=0, maxResults=45),
        Reply(body={"boats": items(*range(45))}, headers={"X-Per-Page": "45"}),
        boats(50),
        boats(1000),
    ],
    ids=lambda reply: str({name: value for name, value in reply.body.items() if name != "boats"} or len(reply.body)),
)
def test_75_so_may_one_that_is_as_full_as_the_page_says_or_as_pages_usually_are(
    connect: Connect, api: Vendor, reply: Reply
) -> None:
    api.script(reply)
    (warning,) = connect(BoatsIntegration).sync(ItemsStream).warnings
    assert "the list may be cut off" in warning


@pytest.mark.parametrize(
    "beside",
    [
        {"has_more": False},
        {"next": None},
        {"links": {"next": None}},
        {"next_cursor": ""},
        {"total": 50},
        {"meta": {"total_count": 50, "limit": 50}},
        {"is_last_page": True},
        {"total": {"value": 50, "relation": "eq"}},
        {"pagination": {"pageNumber": "1", "pageSize": "50", "totalAvailable": "50"}},
        {"resultSetSize": "50", "totalSetSize": "50"},
        {"totalDocs": 50, "limit": 50},
        {"page": {"number": 0, "size": 50, "totalResources": 50}},
        {"total_pages": 1},
        {"page": {"size": 50, "totalPages": 1, "number": 0}},
        {"done": True},
        {"remaining": 0},
    ],
    ids=str,
)
def test_75_a_full_page_that_says_that_it_is_the_last_one_is_believed(
    connect: Connect, api: Vendor, beside: dict[str, Any]
) -> None:
    api.script(boats(50, **beside))
    assert connect(BoatsIntegration).sync(ItemsStream).warnings == []


@pytest.mark.parametrize(
    "write",
    [
        lambda size: {"startPosition": 1, "maxResults": size},
        lambda size: {"meta": {"limit": size}},
        lambda size: {"pageSize": size},
    ],
)
@pytest.mark.parametrize("number", [1, 7, 33])
def test_75_a_size_that_no_vendor_chooses_counts_the_records_of_the_page(
    connect: Connect, api: Vendor, write: Callable[[int], dict[str, Any]], number: int
) -> None:
    api.script(boats(number, **write(number)))
    assert connect(BoatsIntegration).sync(ItemsStream).warnings == []


@pytest.mark.parametrize(
    "sent", [{"maxResults": 1000}, {"query": "SELECT * FROM boats STARTPOSITION 1 MAXRESULTS 1000"}], ids=str
)
@pytest.mark.parametrize(("number", "is_told"), [(7, False), (40, False), (100, True), (1000, True)])
def test_75_so_does_one_below_the_size_that_was_asked_for_unless_it_is_a_usual_one(
    connect: Connect, api: Vendor, sent: dict[str, Any], number: int, is_told: bool
) -> None:
    api.script(boats(number, maxResults=number))
    stream = declare("ItemsStream", ItemsStream, params=sent)
    warnings = connect(declare("BoatsIntegration", BoatsIntegration, streams=(stream,))).sync(stream).warnings
    assert ["the list may be cut off" in warning for warning in warnings] == [True] * is_told


@pytest.mark.parametrize("headers", [{"X-Next-Page": ""}, {"X-Total-Pages": "1"}, {"X-Total": "50"}], ids=str)
def test_75_so_is_one_whose_headers_say_so(connect: Connect, api: Vendor, headers: dict[str, str]) -> None:
    api.script(Reply(body={"boats": items(*range(50))}, headers=headers))
    assert connect(BoatsIntegration).sync(ItemsStream).warnings == []


FILES = {
    "text/csv": lambda number: b"id,name\n" + b"".join(b"%d,boat\n" % at for at in range(number)),
    "application/x-ndjson": lambda number: b"".join(b'{"id": %d}\n' % at for at in range(number)),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize(
    ("number", "params", "is_told"),
    [
        (25, {}, False),
        (50, {"fields": "id"}, False),
        (500, {}, False),
        (1_000, {}, True),
        (10_000, {}, True),
        (60, {"limit": 60}, True),
        (100, {"page": 1}, True),
    ],
)
def test_75_a_file_of_lines_is_cut_where_exports_are_or_as_it_is_asked_for(
    connect: Connect, api: Vendor, kind: str, number: int, params: dict[str, Any], is_told: bool
) -> None:
    api.script(Reply(body=FILES[kind](number), headers={"Content-Type": kind}))
    stream = declare("ItemsStream", ItemsStream, params=params)
    acme = connect(declare("BoatsIntegration", BoatsIntegration, streams=(stream,), records=""))
    assert ["the list may be cut off" in warning for warning in acme.sync(stream).warnings] == [True] * is_told


def test_75_with_a_paginator_a_usual_number_of_records_is_no_sign(connect: Connect, api: Vendor) -> None:
    api.script(boats(30))
    acme = connect(declare("BoatsIntegration", BoatsIntegration, paginator=LinkHeader()))
    assert acme.sync(ItemsStream).warnings == []


def test_75_a_list_of_one_page_can_be_declared(connect: Connect, api: Vendor) -> None:
    stream = declare("ItemsStream", ItemsStream, params={"limit": 40}, max_pages=1)
    api.script(boats(40))
    assert connect(declare("BoatsIntegration", BoatsIntegration, streams=(stream,))).sync(stream).warnings == []


@pytest.mark.parametrize("paginator", [NextLink("links.next"), LinkHeader(), CursorToken("cursor", param="c")], ids=str)
def test_75_a_paginator_that_finds_no_way_on_from_a_full_page_may_look_in_the_wrong_place(
    connect: Connect, api: Vendor, paginator: Paginator
) -> None:
    acme = connect(declare("BoatsIntegration", BoatsIntegration, paginator=paginator))
    api.script(boats(30, limit=30), boats(29, limit=30))
    (warning,) = acme.sync(ItemsStream).warnings
    assert f"{type(paginator).__name__} found no way on. If there may be more, correct `paginator`" in warning
    assert acme.sync(ItemsStream).warnings == []


@pytest.mark.parametrize("full", [1, 2], ids=["full one first", "full one last"])
def test_75_a_paginator_that_leads_on_in_another_list_of_the_sync_looks_in_the_right_place(
    connect: Connect, api: Vendor, full: int
) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        if request.path == "/items":
            return Reply(body={"boats": items(1, 2), "total": 2})
        if request.path == f"/items/{full}/parts":
            return boats(30, limit=30)
        link = "" if param(request, "after") else f'<{api.url}{request.path}?after=9>; rel="next"'
        return Reply(body={"boats": items(9 if link else 10)}, headers={"Link": link} if link else {})

    api.handler = answer
    parts = declare("PartsStream", PartsStream, paginator=LinkHeader())
    acme = connect(declare("BoatsIntegration", BoatsIntegration, streams=(ItemsStream, parts)))
    acme.sync(ItemsStream)
    assert acme.sync(parts).warnings == []
    assert len(acme.records(parts)) == 32


def test_75_the_end_that_a_paginator_counts_to_is_none_that_is_cut_off(connect: Connect, api: Vendor) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        return boats(50) if param(request, "page") == "1" else boats(0)

    api.handler = answer
    assert (
        connect(declare("BoatsIntegration", BoatsIntegration, paginator=PageNumber())).sync(ItemsStream).warnings == []
    )


@pytest.mark.parametrize("ids", [",".join(map(str, range(50))), list(range(50))], ids=["joined", "repeated"])
def test_75_as_many_records_as_keys_were_asked_for_are_all(connect: Connect, api: Vendor, ids: Any) -> None:
    stream = declare("ItemsStream", ItemsStream, params={"ids": ids})
    api.script(boats(50))
    assert connect(declare("BoatsIntegration", BoatsIntegration, streams=(stream,))).sync(stream).warnings == []


@given(st.integers(0, 400), st.integers(1, 400))
def test_75_a_page_with_another_number_of_records_than_was_asked_for_is_whole(received: int, asked: int) -> None:
    request = Request("https://api.example.com/boats", params={"per_page": asked})
    page = Page(status=200, body=b'{"boats": [], "page": 1}', url="", fetched_at=datetime.now(UTC), request=request)
    told = describe_fullness(page, received, records="boats")
    assert (told is not None and "asks for" in told) == (received == asked)


BEFORE: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"prev": "/boats?page=0"}, {}),
    ({"links": {"previous": {"href": "https://api.example.com/boats?page=0"}}}, {}),
    ({"meta": {"hasPrevious": True}}, {}),
    ({"first": False, "number": 1}, {}),
    ({}, {"Link": '<https://api.example.com/boats?page=0>; rel="prev"'}),
]


@pytest.mark.parametrize(("beside", "headers"), BEFORE, ids=str)
@pytest.mark.parametrize("paginator", [PageNumber(), PageNumber("number")], ids=str)
def test_76_a_first_page_with_one_before_it_is_told(
    connect: Connect, api: Vendor, beside: dict[str, Any], headers: dict[str, str], paginator: Paginator
) -> None:
    api.script(Reply(body={"boats": items(1, 2), **beside}, headers=headers), boats(0))
    acme = connect(declare("BoatsIntegration", BoatsIntegration, paginator=paginator))
    (warning,) = acme.sync(ItemsStream).warnings
    assert "in the first page says that there is one before it" in warning


def test_76_from_its_very_first_page_on_nothing_is_told(connect: Connect, api: Vendor) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        number = int(param(request, "page"))
        return boats(0) if number > 1 else Reply(body={"boats": items(number), "first": number == 0})

    api.handler = answer
    stream = declare("ItemsStream", ItemsStream, params={"page": 0})
    acme = connect(declare("BoatsIntegration", BoatsIntegration, paginator=PageNumber(), streams=(stream,)))
    assert acme.sync(stream).warnings == []
    assert acme.ids(stream) == [0, 1]


def test_76_links_back_that_cursors_have_on_every_page_are_nothing(connect: Connect, api: Vendor) -> None:
    api.script(boats(2, prev="/boats?before=1", next=None))
    assert (
        connect(declare("BoatsIntegration", BoatsIntegration, paginator=NextLink("next"))).sync(ItemsStream).warnings
        == []
    )
