"""A way on that the paginator does not read is said, and fails where it is certain (conformance 53, 54)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from dazz_assets import Cursor, CursorToken, LinkHeader, NextLink, Offset, PageNumber, Paginator, Stream
from dazz_assets.errors import SyncError
from dazz_assets.http.client import Client
from dazz_assets.http.errors import FetchError
from dazz_assets.http.page import Page, Request
from dazz_assets.http.paging.next_page_hints import find_next_page_hint
from dazz_assets.http.paging.walk import walk
from dazz_assets.http.responses.response_rules import ResponseRules
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream
from tests.conformance.lists import changes
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor


class RowsIntegration(CommonIntegration):
    records = "rows"
    streams = (ItemsStream,)


def body_with(**beside: Any) -> dict[str, Any]:
    return {"rows": items(1, 2), **beside}


def hint_of(body: Any, headers: dict[str, str] | None = None, request: Request | None = None, **kept: Any) -> Any:
    request = request or Request("https://api.example.com/rows")
    page = Page(
        status=200,
        headers=CaseInsensitiveDict(headers or {}),
        body=json.dumps(body).encode(),
        url=request.url,
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        request=request,
    )
    return find_next_page_hint(page, received=2, **kept)


CERTAIN: list[tuple[dict[str, Any], str]] = [
    ({"next": "/rows?page=2"}, "`next`"),
    ({"links": {"next": {"href": "https://api.example.com/rows?p=2"}}}, "`links.next.href`"),
    ({"@odata.nextLink": "https://api.example.com/rows?$skip=2"}, "`@odata\\.nextLink`"),
    ({"meta": {"has_more": True}}, "`meta.has_more`"),
    ({"hasMore": "true"}, "`hasMore`"),
    ({"isLast": False}, "`isLast`"),
    ({"page_info": {"has_next_page": True}, "end": 1}, "`page_info.has_next_page`"),
    ({"as:view": {"@id": "/rows", "as:next": "/rows?page=2"}}, "`as:view.as:next`"),
    ({"view": {"next": "/rows?page=2"}, "totalItems": 2}, "`view.next`"),
    ({"search_metadata": {"next_results": "?max_id=7"}}, "`search_metadata.next_results`"),
    ({"Links": [{"Rel": "next", "Href": "/rows?page=2"}]}, "the link with the relation `next` in `Links`"),
    ({"reached_time_limit": True}, "`reached_time_limit`"),
]
UNCERTAIN: list[tuple[dict[str, Any], str]] = [
    ({"next_cursor": "b7"}, "`next_cursor`"),
    ({"nextPageToken": "CAUQAA"}, "`nextPageToken`"),
    ({"next_page": 2}, "`next_page`"),
    ({"pagination": {"cursor": "dXNlcjo"}}, "`pagination.cursor`"),
    ({"next_max_id": "17"}, "`next_max_id`"),
    ({"nextIterator": "AAE"}, "`nextIterator`"),
    ({"NextShardIterator": "AAE"}, "`NextShardIterator`"),
    ({"nextSkip": 100}, "`nextSkip`"),
    ({"resumeToken": "AAE"}, "`resumeToken`"),
    ({"navigation": {"next": "AAE"}}, "`navigation.next`"),
]
COUNTS: list[tuple[dict[str, Any], str]] = [
    ({"total": 9}, "`total` of 9"),
    ({"meta": {"totalCount": 9}}, "`meta.totalCount` of 9"),
    ({"total_pages": 4}, "`total_pages` of 4"),
    ({"current_page": 1, "last_page": 3}, "`last_page` of 3"),
    ({"total": "1,234"}, "`total` of 1,234"),
    ({"hydra:totalItems": 9}, "`hydra:totalItems` of 9"),
    ({"numberMatched": 9, "numberReturned": 2}, "`numberMatched` of 9"),
    ({"found": 9}, "`found` of 9"),
    ({"num_results": 9}, "`num_results` of 9"),
    ({"meta": {"remaining": 9}}, "`meta.remaining` of 9"),
    ({"itemsLeft": 9}, "`itemsLeft`"),
    ({"jobComplete": False}, "`jobComplete`"),
]
HEADERS: list[tuple[dict[str, str], str]] = [
    ({"X-Next-Page": "2"}, "the header X-Next-Page"),
    ({"X-Total-Pages": "3"}, "the header X-Total-Pages: 3"),
    ({"X-Total-Count": "9"}, "the header X-Total-Count: 9"),
    ({"Total-Pages": "3"}, "the header Total-Pages: 3"),
    ({"Total": "9", "Per-Page": "2"}, "the header Total: 9"),
    ({"X-Pagination-Total-Count": "9"}, "the header X-Pagination-Total-Count: 9"),
    ({"x-ms-continuation": "c1"}, "the header x-ms-continuation"),
    ({"x-ms-continuation-NextPartitionKey": "c1"}, "the header x-ms-continuation-NextPartitionKey"),
    ({"X-WP-Total": "9"}, "the header X-WP-Total: 9"),
    ({"Content-Range": "items 0-1/9"}, "the header Content-Range: items 0-1/9"),
    ({"x-ms-continuationtoken": "abc"}, "the header x-ms-continuationtoken"),
    ({"Next-Page-Token": "abc"}, "the header Next-Page-Token"),
]


@pytest.mark.parametrize(("beside", "sign"), CERTAIN + UNCERTAIN + COUNTS, ids=str)
def test_53_signs_in_a_body_are_found(beside: dict[str, Any], sign: str) -> None:
    hint = hint_of(body_with(**beside))
    assert hint.sign == sign
    assert hint.is_certain == any(beside is certain for certain, _ in CERTAIN)
    assert hint_of(body_with(**beside), ignored=tuple(beside)) is None


@pytest.mark.parametrize(("headers", "sign"), HEADERS, ids=str)
def test_53_signs_in_headers_are_found(headers: dict[str, str], sign: str) -> None:
    assert hint_of(items(1, 2), headers).sign == sign
    assert hint_of(items(1, 2), headers, ignored=[name.lower() for name in headers]) is None


NO_SIGNS: list[dict[str, Any]] = [
    {"next": None, "has_more": False, "total": 2, "total_pages": 1},
    {"next": "", "cursor": "", "hasMore": "false", "after": None},
    {"isLast": True, "nextPageToken": "for-polling"},
    {"next_cursor": 0, "last_page": 1},
    {"hasNext": False, "total": 900},
    {"found": 2, "numberMatched": "2", "remaining": 0, "jobComplete": True, "ready": True},
    {"account": {"next": "/accounts/2", "cursor": "abc"}},
    {"view": {"name": "mine", "total": 900, "cursor": "abc"}, "resume": "AAE", "next_step": "AAE"},
    {"hydra:totalItems": 2, "hydra:view": {"hydra:next": None}, "nextSkip": 0, "Links": [{"Rel": "self", "Href": "/"}]},
    {"moreover": True, "nexus": "/x/y"},
]


@pytest.mark.parametrize("beside", NO_SIGNS, ids=str)
def test_53_what_says_nothing_of_a_next_page_is_no_sign(beside: dict[str, Any]) -> None:
    assert hint_of(body_with(**beside)) is None


ECHOES: list[tuple[Request, dict[str, Any]]] = [
    (Request("https://a.example/rows", params={"cursor": "b7"}), {"cursor": "b7"}),
    (Request("https://a.example/rows?cursor=b7"), {"meta": {"cursor": "b7"}}),
    (Request("https://a.example/rows?page_token=abcdef123"), {"cursor": "abcdef123"}),
    (Request("https://a.example/rows", method="POST", body={"paging": {"after": 40}}), {"after": 40}),
]


@pytest.mark.parametrize(("request_", "beside"), ECHOES, ids=range(len(ECHOES)))
def test_53_a_token_that_only_repeats_the_request_is_no_sign(request_: Request, beside: dict[str, Any]) -> None:
    assert hint_of(body_with(**beside), request=request_) is None


@pytest.mark.parametrize(
    ("params", "beside"),
    [({"per_page": 2}, {"next_page": 2}), ({"all": "true"}, {"has_more": "true"}), ({"limit": 9}, {"total": 9})],
)
def test_53_a_sign_is_one_although_another_parameter_has_its_value(
    params: dict[str, Any], beside: dict[str, Any]
) -> None:
    assert hint_of(body_with(**beside), request=Request("https://a.example/rows", params=params)) is not None


@pytest.mark.parametrize(
    ("paginator", "beside", "message"),
    [
        (
            None,
            {"next": "/items?page=2"},
            r'`next` in the page.*no paginator is set\. Set `paginator` to NextLink\("next"',
        ),
        (None, {"next_cursor": "b7"}, r'no paginator is set\. Set `paginator` to CursorToken\("next_cursor", param='),
        (Offset(), {"has_more": True}, r'Offset does not read it\. Set `paginator` to one .*with more="has_more"'),
        (
            CursorToken("nxt", param="c"),
            {"next_token": "b7"},
            r'CursorToken does not.*CursorToken\("next_token", param',
        ),
        (LinkHeader(), {"links": {"next": "/items?p=2"}}, r'LinkHeader does not read it.*NextLink\("links\.next"\)'),
        (NextLink("next"), {"next": None, "hasMore": True}, r'NextLink does not read it.*more="hasMore"'),
    ],
)
def test_53_a_way_on_that_nothing_reads_fails_and_names_the_setting(
    connect: Connect, api: Vendor, paginator: Paginator | None, beside: dict[str, Any], message: str
) -> None:
    acme = connect(declare("RowsIntegration", RowsIntegration, paginator=paginator))
    api.script(Reply(body=body_with(**beside)), Reply(body={"rows": [], **beside}))
    with pytest.raises(SyncError, match=message) as caught:
        acme.sync(ItemsStream)
    field = next(iter(beside)) if beside.get("next", "") is not None else "hasMore"
    assert f'or, if it is data, `data_fields = ("{field}",)`' in str(caught.value)
    assert acme.versions(ItemsStream) == 0


@pytest.mark.parametrize(
    ("paginator", "reply", "message"),
    [
        (
            None,
            Reply(body=body_with(count=9)),
            r'`count` of 9 in the page may say that there is more, but no paginator.*data_fields = \("count",\)',
        ),
        (None, Reply(body=body_with(), status=206), r"the status 206 .*may say"),
        (LinkHeader(), Reply(body=body_with(total=9)), r"`total` of 9 .*but LinkHeader does not.*`total = None`"),
        (
            NextLink("next"),
            Reply(body=body_with(next=None, cursor="b7")),
            r'may say.*CursorToken\("cursor", param=.*data_fields = \("cursor",\)',
        ),
    ],
)
def test_53_a_sign_that_may_mean_something_else_is_said_once(
    connect: Connect, api: Vendor, paginator: Paginator | None, reply: Reply, message: str
) -> None:
    acme = connect(declare("RowsIntegration", RowsIntegration, paginator=paginator))
    api.script(reply)
    report = acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]
    (warning,) = report.warnings
    assert re.search(message, warning)


COUNTED: list[tuple[dict[str, Any], dict[str, str], str, str]] = [
    ({"meta": {"page": 1, "total": 9}}, {}, "`meta.total` of 9", "`total = None`"),
    ({"rows_total": "9"}, {}, "`rows_total` of 9", "`total = None`"),
    ({"total": {"value": 9, "relation": "eq"}}, {}, "`total.value` of 9", "`total = None`"),
    ({"count": 9, "total": 9}, {}, "`total` of 9", "`total = None`"),
    ({"total_pages": 5}, {}, "`total_pages` of 5", '`data_fields = ("total_pages",)`'),
    ({}, {"X-Total-Count": "9"}, "the header X-Total-Count: 9", "`total = None`"),
    ({}, {"X-Total-Pages": "5"}, "the header X-Total-Pages: 5", '`data_fields = ("X-Total-Pages",)`'),
]


@pytest.mark.parametrize(("beside", "headers", "sign", "way_out"), COUNTED)
def test_53_the_only_page_of_a_list_that_counts_more_than_it_holds_fails(
    connect: Connect, api: Vendor, beside: dict[str, Any], headers: dict[str, str], sign: str, way_out: str
) -> None:
    api.script(Reply(body=body_with(**beside), headers=headers))
    acme = connect(declare("RowsIntegration", RowsIntegration, paginator=None))
    with pytest.raises(SyncError) as caught:
        acme.sync(ItemsStream)
    assert f"{sign} in the page says that there is more, but no paginator is set. Set `paginator`" in str(caught.value)
    assert way_out in str(caught.value)
    assert acme.versions(ItemsStream) == 0


def test_53_the_only_page_of_a_graphql_connection_that_counts_more_fails(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"data": {"board": {"rows": {"totalCount": 9, "nodes": items(1, 2)}}}}))
    declared = declare("BoardIntegration", RowsIntegration, paginator=None, records="data.board.rows.nodes")
    with pytest.raises(SyncError, match=r"`data\.board\.rows\.totalCount` of 9 in the page says that there is more"):
        connect(declared).sync(ItemsStream)


@pytest.mark.parametrize(
    ("declared", "body"),
    [
        ({"total": None}, body_with(total=9)),
        ({"data_fields": ("total_pages",)}, body_with(total_pages=5)),
        ({}, body_with(total=2, total_pages=1)),
        ({}, body_with(total=9, has_more=False)),
        ({}, {"rows": [{"id": 1, "comments": {"totalCount": 9}}, {"id": 2, "total": 9}]}),
    ],
)
def test_53_a_count_of_something_else_makes_no_only_page_fail(
    connect: Connect, api: Vendor, declared: dict[str, Any], body: dict[str, Any]
) -> None:
    api.script(Reply(body=body))
    acme = connect(declare("RowsIntegration", RowsIntegration, paginator=None, **declared))
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == [1, 2]


class ChangedStream(Stream[Item]):
    path = "/changes"
    cursor = Cursor("at", since="since")


def test_53_the_total_of_a_filtered_list_may_count_what_the_filter_leaves_out(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"rows": changes(2), "total": 9}))
    acme = connect(declare("ChangesIntegration", RowsIntegration, paginator=None, streams=(ChangedStream,)))
    (warning,) = acme.sync(ChangedStream).warnings
    assert "`total` of 9 in the page may say that there is more" in warning


def test_53_the_numbers_of_a_single_record_count_no_list(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"id": 1, "total": 9, "pages": 3}))
    acme = connect(declare("OneIntegration", RowsIntegration, paginator=None, records="", shape="object"))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]


def test_53_a_sign_that_is_data_can_be_declared(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("RowsIntegration", RowsIntegration, data_fields=("next", "X-Total-Count")))
    api.script(Reply(body=body_with(next="/releases/next"), headers={"X-Total-Count": "9"}))
    assert acme.sync(ItemsStream).warnings == []


def test_53_a_token_in_a_header_is_read(connect: Connect, api: Vendor) -> None:
    def page(request: ReceivedRequest) -> Reply:
        at = int(param(request, "from", "0"))
        return Reply(body={"rows": items(at)}, headers={"X-Resume-From": str(at + 1)} if at < 4 else {})

    api.handler = page
    acme = connect(
        declare("HeaderIntegration", RowsIntegration, paginator=CursorToken(header="x-resume-from", param="from"))
    )
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [0, 1, 2, 3, 4]


def test_54_a_flag_ends_the_list_although_a_token_stands_beside_it(connect: Connect, api: Vendor) -> None:
    pages = [("a", True), ("b", "true"), ("c", "no")]
    for paginator, key in ((CursorToken("k", param="c", more="go.on"), "k"), (NextLink("k", more="go.on"), "k")):
        replies = [
            Reply(body={"rows": items(number), key: f"?x={token}", "go": {"on": more}})
            for number, (token, more) in enumerate(pages)
        ]
        api.script(*replies)
        api.requests.clear()
        acme = connect(
            declare("FlagIntegration", RowsIntegration, paginator=paginator), id_=type(paginator).__name__.lower()
        )
        assert acme.sync(ItemsStream).end_reason == "`go.on` says that there is no more"
        assert (acme.ids(ItemsStream), len(api.requests)) == ([0, 1, 2], 3)


@pytest.mark.parametrize(
    ("paginator", "missing"),
    [
        (CursorToken("k", param="c", more="more"), "no token at `k`"),
        (CursorToken(header="K", param="c", more="more"), "no token in the header K"),
        (NextLink("k", more="more"), "no link at `k`"),
        (LinkHeader(more="more"), "no Link header with rel=next"),
    ],
)
def test_54_a_true_flag_without_a_way_on_is_an_error(
    connect: Connect, api: Vendor, paginator: Paginator, missing: str
) -> None:
    acme = connect(declare("FlagIntegration", RowsIntegration, paginator=paginator))
    api.script(Reply(body=body_with(more=True)))
    with pytest.raises(SyncError, match=f"`more` in the page says that there is more, but there is {missing}"):
        acme.sync(ItemsStream)


@dataclass(frozen=True)
class Paged:
    """A vendor of `total` rows in pages of `size`, and how its pages say that there is more."""

    total: int
    size: int
    style: str
    always: bool
    flag: str | None

    def answer(self, request: ReceivedRequest) -> Reply:
        query = request.query
        at = int(param(request, "c") or param(request, "offset") or (int(param(request, "page", "1")) - 1) * self.size)
        page, reached = items(*range(at, min(at + self.size, self.total))), at + self.size
        is_more = reached < self.total
        body: dict[str, Any] = {"rows": page}
        headers: dict[str, str] = {}
        if self.flag is not None:
            body[self.flag] = is_more if "last" not in self.flag else not is_more
        if is_more or (self.always and page):
            if self.style == "link":
                body["links"] = {"next": f"/rows?c={reached}"}
            elif self.style == "header link":
                headers["Link"] = f'</rows?c={reached}>; rel="next"'
            elif self.style == "token":
                body["next_cursor"] = str(reached)
            elif self.style == "header token":
                headers["X-Continuation-Token"] = str(reached)
            elif self.style == "total":
                body["total"] = self.total
        assert set(query) <= {"c", "offset", "page"}
        return Reply(body=body, headers=headers)


PAGINATORS: list[Callable[[str | None], Paginator | None]] = [
    lambda _: None,
    lambda more: LinkHeader(more=more),
    lambda more: NextLink("links.next", more=more),
    lambda more: CursorToken("next_cursor", param="c", more=more),
    lambda more: CursorToken(header="x-continuation-token", param="c", more=more),
    lambda more: PageNumber(more=more),
    lambda more: Offset(more=more),
]


@pytest.fixture(scope="module")
def vendor() -> Any:
    with Vendor() as vendor:
        yield vendor


@settings(deadline=None)
@given(
    paged=st.builds(
        Paged,
        st.integers(0, 9),
        st.integers(1, 4),
        st.sampled_from(["link", "header link", "token", "header token", "total"]),
        st.booleans(),
        st.sampled_from([None, "has_more", "is_last"]),
    ),
    make=st.sampled_from(PAGINATORS),
    reads_flag=st.booleans(),
)
def test_53_no_list_is_taken_for_whole_with_rows_missing_and_no_word_of_it(
    vendor: Vendor, paged: Paged, make: Callable[[str | None], Paginator | None], *, reads_flag: bool
) -> None:
    vendor.handler = paged.answer
    vendor.requests.clear()
    clock = Clock()
    client = Client(vendor.url, clock=clock, sleep=clock.sleep)
    paginator = make(paged.flag if reads_flag else None)
    rows: list[bytes] = []
    try:
        batches = walk(client, Request(f"{vendor.url}/rows"), paginator=paginator, rules=ResponseRules(records="rows"))
        rows += [bytes(record) for steps in batches for step in steps for record in step.records]
    except FetchError:
        return
    finally:
        client.close()
    assert len(vendor.requests) <= paged.total + 2
    assert sorted(rows) == sorted(json.dumps(row).encode() for row in items(*range(paged.total))) or client.warnings


def test_53_a_flag_that_only_the_last_record_has_says_that_more_follow(connect: Connect, api: Vendor) -> None:
    changes_of = declare("ChangesIntegration", CommonIntegration, streams=(ItemsStream,))
    api.handler = _answer_with_flag_in_last_record
    with pytest.raises(SyncError, match=r"`-1\._more_changes` in the page says that there is more.*more=\"-1\."):
        connect(changes_of).sync(ItemsStream)
    paginator = Offset("S", size_param="n", size=2, more="-1._more_changes")
    acme = connect(declare("PagedIntegration", changes_of, paginator=paginator))
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == [1, 2, 3, 4, 5]


def _answer_with_flag_in_last_record(request: ReceivedRequest) -> Reply:
    begin = int(param(request, "S", "0") or 0)
    found = items(1, 2, 3, 4, 5)[begin : begin + 2]
    if begin + 2 < 5:
        found[-1]["_more_changes"] = True
    return Reply(body=found)


@pytest.mark.parametrize(
    "last", [{"_more": False}, {"more": True}, {"_moreover": 1}, {"_more_changes": "no"}, {"tags": ["_more"]}], ids=str
)
def test_53_what_the_last_record_has_besides_is_data(connect: Connect, api: Vendor, last: dict[str, Any]) -> None:
    api.script(Reply(body={"rows": [{"id": 1}, {"id": 2, **last}]}))
    assert connect(RowsIntegration).sync(ItemsStream).warnings == []


def test_53_a_flag_in_the_last_record_can_be_data(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"rows": [{"id": 1, "_more_like_this": True}]}))
    told = declare("ToldIntegration", RowsIntegration, data_fields=("_more_like_this",))
    assert connect(told).sync(ItemsStream).warnings == []


@pytest.mark.parametrize("names", [("Rel", "Href"), ("REL", "URL"), ("Relation", "Uri")])
def test_53_links_may_be_written_with_capitals(connect: Connect, api: Vendor, names: tuple[str, str]) -> None:
    rel, href = names
    api.script(
        Reply(body={"rows": items(1), "Links": [{rel: "Next", href: "/items?page=2"}]}),
        Reply(body={"rows": items(2), "Links": [{rel: "Previous", href: "/items"}]}),
    )
    acme = connect(declare("LinkedIntegration", RowsIntegration, paginator=NextLink("Links")))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]
