"""A page without a body is no end of a list where the page before says that there is more (conformance 113)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from dazz_assets import CursorToken, GraphQLCursor, LinkHeader, NextLink, Offset, PageNumber, Paginator
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class TreesIntegration(CommonIntegration):
    records = "trees"
    streams = (ItemsStream,)


def answer_once(body: Mapping[str, Any], headers: Mapping[str, str] | None = None, status: int = 204) -> Any:
    """An API whose first page says this beside its records, and whose further ones have no body."""

    def answer(request: ReceivedRequest) -> Reply:
        is_first = all(param(request, name, "1") in ("0", "1") for name in ("page", "offset")) and not param(
            request, "after"
        )
        return Reply(body={"trees": items(1, 2), **body}, headers=headers or {}) if is_first else Reply(status, b"")

    return answer


PROMISES: list[tuple[Paginator, dict[str, Any], dict[str, str], str]] = [
    (CursorToken("next", param="after"), {"next": "b"}, {}, "the token at `next`"),
    (CursorToken(header="X-Token", param="after"), {}, {"X-Token": "b"}, "the token in the header X-Token"),
    (NextLink("links.next"), {"links": {"next": "/items?after=b"}}, {}, "`links.next`"),
    (LinkHeader(), {}, {"Link": '</items?after=b>; rel="next"'}, "the Link header"),
    (PageNumber(more="go_on"), {"go_on": "yes"}, {}, "`go_on`"),
    (PageNumber(more="isLast"), {"isLast": False}, {}, "`isLast`"),
    (PageNumber(more="pages"), {"pages": 3}, {}, "`pages` of 3"),
    (PageNumber(), {"meta": {"total_pages": "2"}}, {}, "`meta.total_pages` of 2"),
    (PageNumber(), {"has_more": True}, {}, "`has_more`"),
    (PageNumber(), {"links": {"next": "/items?page=2"}}, {}, "`links.next`"),
    (Offset(more="has_more"), {"has_more": True}, {}, "`has_more`"),
    (Offset(), {"pageCount": 2}, {}, "`pageCount` of 2"),
    (CursorToken("trees.-1.id", param="after", more="has_more"), {"has_more": True}, {}, "`has_more`"),
]


@pytest.mark.parametrize(("paginator", "body", "headers", "sign"), PROMISES, ids=str)
@pytest.mark.parametrize("status", [204, 205])
def test_113_an_empty_body_where_more_was_said_to_follow_fails(
    connect: Connect,
    api: Vendor,
    paginator: Paginator,
    body: dict[str, Any],
    headers: dict[str, str],
    sign: str,
    status: int,
) -> None:
    api.handler = answer_once(body, headers, status)
    acme = connect(declare("TreesIntegration", TreesIntegration, paginator=paginator))
    with pytest.raises(SyncError) as raised:
        acme.sync(ItemsStream)
    assert f"{status} with an empty body as page 2, but {sign} in the page before says that" in str(raised.value)
    assert 'if the vendor ends its lists so, set empty = ("body",) on the stream' in str(raised.value)
    assert acme.records(ItemsStream) == []


@pytest.mark.parametrize(("paginator", "body", "headers", "sign"), PROMISES, ids=str)
def test_113_it_is_the_end_if_the_stream_says_so(
    connect: Connect, api: Vendor, paginator: Paginator, body: dict[str, Any], headers: dict[str, str], sign: str
) -> None:
    api.handler = answer_once(body, headers)
    stream = declare("ItemsStream", ItemsStream, empty=("body",))
    acme = connect(declare("TreesIntegration", TreesIntegration, paginator=paginator, streams=(stream,)))
    acme.sync(stream)
    assert acme.ids(stream) == [1, 2]


def test_113_so_does_one_of_graphql(connect: Connect, api: Vendor) -> None:
    page = {"data": {"trees": {"nodes": items(1), "pageInfo": {"hasNextPage": True, "endCursor": "b"}}}}
    api.script(Reply(body=page), Reply(204))
    stream = declare(
        "ItemsStream",
        ItemsStream,
        method="POST",
        body={"query": "query ($cursor: String) { trees }", "variables": {}},
        records="data.trees.nodes",
        paginator=GraphQLCursor("data.trees.pageInfo.endCursor"),
    )
    with pytest.raises(SyncError, match=r"`data\.trees\.pageInfo\.endCursor` in the page before says that there is"):
        connect(declare("TreesIntegration", TreesIntegration, streams=(stream,))).sync(stream)


@pytest.mark.parametrize(
    ("paginator", "body"),
    [
        (PageNumber(), {}),
        (PageNumber(), {"page": 1, "per_page": 2}),
        (PageNumber(more="total"), {"total": 2}),
        (PageNumber(), {"total_pages": 1}),
        (Offset(), {}),
        (Offset(), {"pages": 1, "limit": 50}),
        (CursorToken("trees.-1.id", param="after"), {}),
        (CursorToken("scroll", param="after", repeats=True), {"scroll": "b"}),
        (CursorToken("next", param="after", resume=True), {"next": "b"}),
    ],
    ids=str,
)
def test_113_where_nothing_says_that_more_follows_it_is_the_end(
    connect: Connect, api: Vendor, paginator: Paginator, body: dict[str, Any]
) -> None:
    api.handler = answer_once(body)
    acme = connect(declare("TreesIntegration", TreesIntegration, paginator=paginator))
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == [1, 2]


def test_113_the_page_after_the_last_one_that_is_counted_from_0_may_have_none(connect: Connect, api: Vendor) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        number = int(param(request, "page"))
        return Reply(body={"trees": items(number), "pages": 3}) if number < 3 else Reply(204)

    api.handler = answer
    stream = declare("ItemsStream", ItemsStream, params={"page": 0})
    acme = connect(declare("TreesIntegration", TreesIntegration, paginator=PageNumber(), streams=(stream,)))
    assert acme.sync(stream).warnings == []
    assert acme.ids(stream) == [0, 1, 2]


def test_113_a_snapshot_keeps_what_such_a_page_left_out(connect: Connect, api: Vendor) -> None:
    answers = {"1": items(1), "2": items(2), "3": items(3)}

    def answer(request: ReceivedRequest) -> Reply:
        rows = answers.get(param(request, "page"))
        return Reply(204) if rows is None else Reply(body={"trees": rows, "has_more": rows[0]["id"] < 3})

    api.handler = answer
    acme = connect(declare("TreesIntegration", TreesIntegration, paginator=PageNumber(more="has_more")))
    acme.sync(ItemsStream)
    del answers["2"]
    with pytest.raises(SyncError, match="204 with an empty body as page 2"):
        acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2, 3]


FLAGS: list[tuple[Paginator, dict[str, Any], str]] = [
    (PageNumber(more="has_more"), {"has_more": True}, "has_more"),
    (PageNumber(more="meta.isLast"), {"meta": {"isLast": False}}, "meta.isLast"),
    (PageNumber(), {"paging": {"hasNextPage": True}}, "paging.hasNextPage"),
    (Offset(more="go_on"), {"go_on": "yes"}, "go_on"),
    (Offset(), {"moreItems": "true"}, "moreItems"),
]


def answer_by_page(*bodies: dict[str, Any]) -> Any:
    """An API with these pages, whether they are counted or their records are, two on each."""

    def answer(request: ReceivedRequest) -> Reply:
        is_paged = "page" in request.query
        place = int(param(request, "page", "1")) - 1 if is_paged else -(-int(param(request, "offset", "0")) // 2)
        return Reply(body=bodies[min(place, len(bodies) - 1)])

    return answer


@pytest.mark.parametrize("pages", [1, 3])
@pytest.mark.parametrize(("paginator", "body", "flag"), FLAGS, ids=str)
def test_113_an_empty_page_without_the_flag_that_others_had_is_no_end(
    connect: Connect, api: Vendor, paginator: Paginator, body: dict[str, Any], flag: str, pages: int
) -> None:
    full = [{"trees": items(2 * page, 2 * page + 1), **body} for page in range(pages)]
    api.handler = answer_by_page(*full, {"trees": []})
    acme = connect(declare("TreesIntegration", TreesIntegration, paginator=paginator))
    with pytest.raises(SyncError) as raised:
        acme.sync(ItemsStream)
    assert f"page {pages + 1} has no records and no `{flag}`, but `{flag}` in the page before" in str(raised.value)
    assert f'set data_fields = ("{flag.partition(".")[0]}",)' in str(raised.value)
    assert acme.ids(ItemsStream) == []


@pytest.mark.parametrize(("paginator", "body", "flag"), FLAGS, ids=str)
def test_113_an_empty_page_without_its_flag_is_the_end_where_the_stream_says_so(
    connect: Connect, api: Vendor, paginator: Paginator, body: dict[str, Any], flag: str
) -> None:
    api.handler = answer_by_page({"trees": items(0, 1), **body}, {"trees": []})
    settings = {"paginator": paginator, "data_fields": (flag.partition(".")[0],)}
    stream = declare("ItemsStream", ItemsStream, **settings)
    acme = connect(declare("TreesIntegration", TreesIntegration, streams=(stream,)))
    assert acme.sync(stream).warnings == []
    assert acme.ids(stream) == [0, 1]


@pytest.mark.parametrize(
    "pages",
    [
        [{"has_more": True}, {}, {"trees": []}],
        [{"has_more": True}, {"has_more": False, "trees": []}],
        [{"has_more": True}, {"has_more": None, "trees": []}],
        [{"links": {"next": "/items?page=2"}}, {"trees": [], "links": {}}],
    ],
    ids=str,
)
def test_113_a_list_that_never_promised_the_page_ends_with_an_empty_one(
    connect: Connect, api: Vendor, pages: list[dict[str, Any]]
) -> None:
    """The second page of the first leaves out a flag that would be false, as some encoders do."""
    api.handler = answer_by_page(*({"trees": items(2 * n, 2 * n + 1), **page} for n, page in enumerate(pages)))
    acme = connect(declare("TreesIntegration", TreesIntegration, paginator=PageNumber()))
    assert acme.sync(ItemsStream).warnings == []


def test_113_a_connection_that_loses_its_page_info_fails(connect: Connect, api: Vendor) -> None:
    first: dict[str, Any] = {"nodes": items(1), "pageInfo": {"hasNextPage": True, "endCursor": "b"}}
    second: dict[str, Any] = {"nodes": [], "pageInfo": None}
    api.script(*(Reply(body={"data": {"trees": page}}) for page in (first, second)))
    stream = declare(
        "ItemsStream",
        ItemsStream,
        method="POST",
        body={"query": "query ($cursor: String) { trees }", "variables": {}},
        records="data.trees.nodes",
        paginator=GraphQLCursor("data.trees.pageInfo.endCursor"),
    )
    with pytest.raises(SyncError, match=r"no `data\.trees\.pageInfo\.hasNextPage`"):
        connect(declare("TreesIntegration", TreesIntegration, streams=(stream,))).sync(stream)
