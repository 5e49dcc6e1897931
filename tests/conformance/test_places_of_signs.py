"""Signs of a further page wherever APIs put them, and whole lists that only look as if there were more (53, 54)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from dazz_assets import CursorToken, LinkHeader, NextLink, Offset, PageNumber, Paginator, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class BooksIntegration(CommonIntegration):
    records = "books"
    streams = (ItemsStream,)


BOOKS = items(1, 2)
CERTAIN: list[tuple[str, dict[str, Any], str]] = [
    ("shelf.books", {"shelf": {"books": BOOKS, "moreBooks": True, "has_more": True}}, "`shelf.has_more`"),
    ("shelf.books", {"shelf": {"books": BOOKS, "next": "/items?from=3"}}, "`shelf.next`"),
    ("books", {"books": BOOKS, "pages": {"next": "/items?from=3"}}, "`pages.next`"),
    ("books", {"books": BOOKS, "list_info": {"moreRows": True}}, "`list_info.moreRows`"),
    ("books", {"books": BOOKS, "extra": {"paging": {"more_entries_in_collection": 1}}}, "`extra.paging.more_entries"),
    ("books", {"books": BOOKS, "endOfList": False}, "`endOfList`"),
    ("books", {"books": BOOKS, "_links": {"next": [{"href": "/b"}]}}, 'NextLink("_links.next.0.href")'),
    (
        "books",
        {"books": BOOKS, "links": [{"rel": "self", "href": "/a"}, {"rel": "next", "href": "/b"}]},
        "the link with the relation `next` in `links`",
    ),
    (
        "books",
        {"books": BOOKS, "links": [{"rel": ["self"], "href": "/a"}, {"rel": ["next"], "href": "/b"}]},
        "the link with the relation `next` in `links`",
    ),
]
TOLD: list[tuple[str, dict[str, Any], str]] = [
    ("books", {"books": BOOKS, "offset": "itm7/rec9"}, 'CursorToken("offset", param=...)'),
    ("books", {"books": BOOKS, "pages": {"next": {"page": 2, "starting_after": "b7"}}}, "pages.next.starting_after"),
    ("books", {"books": BOOKS, "batch": {"currentPage": 1, "cursor": "b7"}}, 'CursorToken("batch.cursor", param=...)'),
    ("books", {"books": BOOKS, "lastEvaluatedKey": {"isbn": {"S": "b7"}}}, "one of your own that sends it back"),
    ("books", {"books": BOOKS, "search_after": [7, "b7"]}, "one of your own that sends it back"),
    ("books", {"books": BOOKS, "extra": {"nextPageCursor": "b7"}}, 'CursorToken("extra.nextPageCursor", param=...)'),
    ("shelf.books", {"shelf": {"books": BOOKS, "total": {"value": 40, "unit": "eq"}}}, "`shelf.total.value` of 40"),
    ("shelf.books", {"shelf": {"books": BOOKS, "numFound": 40}}, "`shelf.numFound` of 40"),
    ("books", {"books": BOOKS, "total_entries": "40"}, "`total_entries` of 40"),
    ("books", {"books": [], "total": 40}, "`total` of 40"),
    ("books", {"books": BOOKS, "done": False}, "`done`"),
    ("books", {"books": BOOKS, "$skipToken": "b7"}, 'CursorToken("$skipToken", param=...)'),
    ("books", {"books": BOOKS, "next_batch": "b7"}, 'CursorToken("next_batch", param=...)'),
]
WHOLE: list[tuple[str, dict[str, Any]]] = [
    ("books", {"books": BOOKS, "authors": {"data": [1], "has_more": True, "next": "/authors?p=2"}}),
    ("books", {"books": BOOKS, "offset": "40", "next": "#", "next_cursor": "null"}),
    ("books", {"books": BOOKS, "totals": {"count": 40}, "limits": {"total": 40}}),
    ("books", {"books": BOOKS, "done": True, "links": [{"rel": "prev", "href": "/a"}]}),
    ("books", {"books": BOOKS, "next": [], "_links": {"next": []}, "meta": {"next": [{"title": "Ada"}]}}),
    ("books", {"books": BOOKS, "nextSyncToken": "b7", "syncCursor": "b7"}),
    ("shelf.books", {"shelf": {"books": BOOKS, "count": 2, "nextPageToken": ""}}),
]


@pytest.mark.parametrize(("path", "body", "sign"), CERTAIN)
def test_53_a_certain_sign_is_found_where_the_page_speaks_of_itself(
    connect: Connect, api: Vendor, path: str, body: dict[str, Any], sign: str
) -> None:
    api.script(Reply(body=body))
    with pytest.raises(SyncError, match="says that there is more, but no paginator is set") as caught:
        connect(declare("ShelfIntegration", BooksIntegration, records=path)).sync(ItemsStream)
    assert sign in str(caught.value)


@pytest.mark.parametrize(("path", "body", "words"), TOLD)
def test_53_a_token_or_a_total_is_told_where_the_page_speaks_of_itself(
    connect: Connect, api: Vendor, path: str, body: dict[str, Any], words: str
) -> None:
    api.script(Reply(body=body))
    acme = connect(declare("ShelfIntegration", BooksIntegration, records=path))
    try:
        said = "; ".join(acme.sync(ItemsStream).warnings)
    except SyncError as error:
        said = str(error)
    assert words in said


@pytest.mark.parametrize(("path", "body"), WHOLE)
def test_53_what_is_about_something_else_is_no_sign(
    connect: Connect, api: Vendor, path: str, body: dict[str, Any]
) -> None:
    api.script(Reply(body=body))
    acme = connect(declare("ShelfIntegration", BooksIntegration, records=path))
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == [1, 2]


@pytest.mark.parametrize(
    "headers",
    [
        {"Next-Range": "]b7..; max=2"},
        {"X-Has-More": "true"},
        {"X-Pagination": '{"TotalPages": 4, "HasNext": true}'},
        {"Content-Range": "0-1/40"},
        {"X-Next-Url": "/items?page=2"},
        {"After-Cursor": "b7"},
    ],
)
def test_53_a_header_that_may_lead_on_is_told(connect: Connect, api: Vendor, headers: dict[str, str]) -> None:
    api.script(Reply(body={"books": BOOKS}, headers=headers))
    try:
        said = "; ".join(connect(BooksIntegration).sync(ItemsStream).warnings)
    except SyncError as error:
        said = str(error)
    assert next(iter(headers)) in said


def test_53_partial_content_without_a_paginator_is_told(connect: Connect, api: Vendor) -> None:
    api.script(Reply(206, {"books": BOOKS}))
    (warning,) = connect(BooksIntegration).sync(ItemsStream).warnings
    assert "the status 206 (Partial Content) in the page may say that there is more" in warning


Answer = Callable[[list[dict[str, int]], int, int, bool], Reply]


def list_page(rows: list[dict[str, int]], start: int, end: int, more: object, **beside: Any) -> Reply:
    return Reply(body={"books": rows, **beside})


HEALTHY: dict[str, tuple[Paginator, Answer]] = {
    "a link, and the ends of each page": (
        NextLink("paging.next"),
        lambda rows, start, end, more: list_page(
            rows,
            start,
            end,
            more,
            paging={
                "cursors": {"before": f"b{start}", "after": f"a{end}"},
                **({"next": f"/items?at={end}"} if more else {}),
            },
        ),
    ),
    "a link in a list of links": (
        NextLink("link"),
        lambda rows, start, end, more: list_page(
            rows,
            start,
            end,
            more,
            link=[{"relation": "self", "url": "/items"}]
            + ([{"relation": "next", "url": f"/items?at={end}"}] if more else []),
        ),
    ),
    "a link that leads to itself at the end": (
        NextLink("next"),
        lambda rows, start, end, more: list_page(rows, start, end, more, next=f"/items?at={end}"),
    ),
    "a link that is the word null at the end": (
        NextLink("next"),
        lambda rows, start, end, more: list_page(rows, start, end, more, next=f"/items?at={end}" if more else "null"),
    ),
    "a token that repeats at the end": (
        CursorToken("mark", param="at"),
        lambda rows, start, end, more: list_page(rows, start, end, more, mark=f"{end}"),
    ),
    "a token of 0 at the end": (
        CursorToken("next_cursor", param="at"),
        lambda rows, start, end, more: list_page(rows, start, end, more, next_cursor=end if more else 0),
    ),
    "a token of -1 at the end": (
        CursorToken("next", param="at"),
        lambda rows, start, end, more: list_page(rows, start, end, more, next=end if more else -1),
    ),
    "a flag named for the last page": (
        Offset("at", more="lastPage"),
        lambda rows, start, end, more: list_page(rows, start, end, more, lastPage=not more),
    ),
    "a flag that marks the end of the records": (
        Offset("at", more="endOfRecords"),
        lambda rows, start, end, more: list_page(rows, start, end, more, endOfRecords=not more),
    ),
    "a flag of 0 and 1": (
        Offset("at", more="is_last"),
        lambda rows, start, end, more: list_page(rows, start, end, more, is_last=int(not more)),
    ),
    "a total that is a text": (
        Offset("at", more="total"),
        lambda rows, start, end, more: list_page(rows, start, end, more, total="5"),
    ),
    "headers of counted pages, empty at the end": (
        Offset("at"),
        lambda rows, start, end, more: Reply(
            body={"books": rows}, headers={"X-Next-Page": "2" if more else "", "X-Total": "5"}
        ),
    ),
}


@pytest.mark.parametrize("total", [1, 2, 4, 5])
@pytest.mark.parametrize("style", HEALTHY)
def test_54_a_healthy_list_is_whole_without_a_word(connect: Connect, api: Vendor, style: str, total: int) -> None:
    paginator, answer = HEALTHY[style]
    if "total" in style or "headers" in style:
        total = 5

    def page(request: ReceivedRequest) -> Reply:
        start = int(param(request, "at", "0"))
        end = min(start + 2, total)
        return answer(items(*range(start + 1, end + 1)), start, max(start, end), end < total)

    api.handler = page
    acme = connect(declare("HealthyIntegration", BooksIntegration, paginator=paginator))
    for _ in range(2):
        assert acme.sync(ItemsStream).warnings == []
        assert acme.ids(ItemsStream) == list(range(1, total + 1))
    assert len(api.requests) <= 2 * (total // 2 + 3)


def test_54_a_record_whose_value_is_0_is_no_end(connect: Connect, api: Vendor) -> None:
    def page(request: ReceivedRequest) -> Reply:
        below = int(param(request, "below", "3"))
        return Reply(body={"books": items(below - 1) if below > -2 else []})

    api.handler = page
    acme = connect(declare("KeysetIntegration", BooksIntegration, paginator=CursorToken("books.-1.id", param="below")))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [-2, -1, 0, 1, 2]


def test_54_an_ends_pair_on_the_first_page_does_not_excuse_a_paginator_that_looks_elsewhere(
    connect: Connect, api: Vendor
) -> None:
    acme = connect(declare("ElsewhereIntegration", BooksIntegration, paginator=NextLink("links.next")))
    api.script(Reply(body={"books": BOOKS, "paging": {"cursors": {"before": "b1", "after": "b2"}}}))
    with pytest.raises(SyncError, match=r'CursorToken\("paging\.cursors\.after", param=\.\.\.\)'):
        acme.sync(ItemsStream)


def test_54_pages_that_go_round_although_a_flag_says_it_is_over_name_the_flag(connect: Connect, api: Vendor) -> None:
    class FilesStream(Stream[Item]):
        path = "/files"
        method = "POST"
        body = {"limit": 2}

    def page(request: ReceivedRequest) -> Reply:
        at = int(json.loads(request.body).get("mark", 0))
        end = min(at + 2, 4)
        return Reply(
            body={"books": items(*range(at, end)) or items(3), "mark": end, "more_files": end < 4, "more": end < 4}
        )

    api.handler = page
    acme = connect(
        declare(
            "FilesIntegration", BooksIntegration, paginator=CursorToken("mark", param="mark"), streams=(FilesStream,)
        )
    )
    with pytest.raises(SyncError, match='`more` in the last page says that there is no more: set more="more"'):
        acme.sync(FilesStream)


@pytest.mark.parametrize("paginator", [PageNumber(), LinkHeader()])
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"detail": "That page has nothing."}, "That page has nothing"),
        ({"detail": "Not found."}, None),
        ({"message": "Page 7 is beyond the last page, 6."}, "is beyond the last page"),
        ({"code": "rest_post_invalid_page_number", "message": "Too large."}, "rest_post_invalid_page_number"),
        ({"code": "NOT_FOUND", "message": "There is no such page."}, "There is no such page"),
        ({}, None),
    ],
)
def test_53_a_later_page_that_is_refused_names_the_setting_for_an_end(
    connect: Connect, api: Vendor, paginator: Paginator, body: dict[str, str], text: str | None
) -> None:
    """With the vendor's code or words, as the same status may mean an outage."""
    link = {"Link": '</items?page=2>; rel="next"'}
    api.script(Reply(body={"books": BOOKS}, headers=link), Reply(404, body))
    key = "404" if text is None else f'(404, "{text}")'
    advice = re.escape(f'If the list ends there, set accept = {{{key}: "end"}}.')
    with pytest.raises(SyncError, match=advice):
        connect(declare("DeepIntegration", BooksIntegration, paginator=paginator)).sync(ItemsStream)
    api.script(Reply(body={"books": BOOKS}, headers=link), Reply(404, body))
    accept: Any = {404 if text is None else (404, text): "end"}
    acme = connect(declare("AcceptingIntegration", BooksIntegration, paginator=paginator, accept=accept), id_="other")
    assert acme.sync(ItemsStream).received == len(BOOKS)


@pytest.mark.parametrize("token", [[17, "b7"], {"id": {"N": "3"}}], ids=["a list", "an object"])
def test_53_a_token_that_is_sent_back_whole_needs_a_paginator_of_ones_own(
    connect: Connect, api: Vendor, token: object
) -> None:
    api.handler = lambda _: Reply(body={"books": BOOKS, "last": token})
    acme = connect(declare("WholeIntegration", BooksIntegration, paginator=CursorToken("last", param="after")))
    with pytest.raises(SyncError, match=r"takes it back whole, .* write a paginator of your own that sends it"):
        acme.sync(ItemsStream)


@pytest.mark.parametrize("silent", [None, "", "null", {}], ids=["null", "an empty text", "the word null", "no fields"])
@pytest.mark.parametrize(
    "paginator",
    [
        NextLink("next", more="has_more"),
        CursorToken("token", param="from", more="has_more"),
        LinkHeader(more="has_more"),
    ],
    ids=lambda paginator: type(paginator).__name__,
)
def test_54_a_flag_without_a_value_is_no_end_beside_a_way_on(
    connect: Connect, api: Vendor, paginator: Paginator, silent: Any
) -> None:
    def respond(request: ReceivedRequest) -> Reply:
        at = int(param(request, "from", "0"))
        body: dict[str, Any] = {"books": items(*range(at, min(at + 10, 25))), "has_more": silent}
        if at + 10 >= 25:
            return Reply(body=body)
        following = f"/items?from={at + 10}"
        link = {"Link": f'<{following}>; rel="next"'} if isinstance(paginator, LinkHeader) else {}
        return Reply(body=body | {"next": following, "token": str(at + 10)}, headers=link)

    api.handler = respond
    acme = connect(declare("BooksIntegration", BooksIntegration, paginator=paginator, data_fields=("next", "token")))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(25))


OWN_PLACES: list[tuple[Paginator, dict[str, Any]]] = [
    (CursorToken("next_cursor", param="cursor"), {"cursor": "c1", "next_cursor": None}),
    (CursorToken("meta.nextMarker", param="m"), {"meta": {"marker": "m1", "nextMarker": ""}}),
    (
        CursorToken("response_metadata.next_cursor", param="c"),
        {"offset": "U023", "response_metadata": {"next_cursor": ""}},
    ),
    (CursorToken("paging.next.after", param="c"), {"paging": {"cursor": "c1", "next": {"after": None}}}),
]


@pytest.mark.parametrize(("paginator", "beside"), OWN_PLACES, ids=str)
def test_53_a_token_beside_an_empty_place_for_the_next_one_is_that_of_the_page(
    connect: Connect, api: Vendor, paginator: Paginator, beside: dict[str, Any]
) -> None:
    api.script(Reply(body={"books": BOOKS, **beside}))
    acme = connect(declare("BooksIntegration", BooksIntegration, paginator=paginator))
    assert acme.sync(ItemsStream).warnings == []


NOT_OWN: list[tuple[Paginator, dict[str, Any], str]] = [
    (NextLink("links.next"), {"links": {"next": None}, "meta": {"page_token": "p1"}}, "`meta.page_token`"),
    (CursorToken("prev_cursor", param="c"), {"cursor": "c1", "prev_cursor": None}, "`cursor`"),
    (CursorToken("next_cursor", param="c"), {"next_token": "t1", "next_cursor": None}, "`next_token`"),
    (
        CursorToken("next_cursor", param="c"),
        {"cursor": "c1", "continuation": "x", "next_cursor": None},
        "`continuation`",
    ),
    (CursorToken("nextcursor", param="c"), {"cursor": "c1", "next_cursor": None}, "`cursor`"),
]


@pytest.mark.parametrize(("paginator", "beside", "sign"), NOT_OWN, ids=str)
def test_53_any_other_token_is_a_sign_all_the_same(
    connect: Connect, api: Vendor, paginator: Paginator, beside: dict[str, Any], sign: str
) -> None:
    """Where the paginator's path leads to nothing, it may be wrong, and the sync fails."""
    api.script(Reply(body={"books": BOOKS, **beside}))
    acme = connect(declare("BooksIntegration", BooksIntegration, paginator=paginator))
    try:
        told = "; ".join(acme.sync(ItemsStream).warnings)
    except SyncError as error:
        told = str(error)
    assert f"{sign} in the page" in told


def test_53_a_range_in_a_header_is_sent_back_by_a_paginator_of_ones_own(connect: Connect, api: Vendor) -> None:
    """`CursorToken` sends no header."""
    api.script(Reply(206, {"books": BOOKS}, headers={"Next-Range": "]b2..; max=2"}))
    with pytest.raises(
        SyncError, match=r"the header Next-Range .* Set `paginator` to one of your own that sends it back"
    ):
        connect(declare("BooksIntegration", BooksIntegration)).sync(ItemsStream)
