"""Paginators derive the request for the next page, and hints show pages that no paginator fetches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from dazz_assets.http.errors import FetchError
from dazz_assets.http.page import Page, Request
from dazz_assets.http.paging.more import Last
from dazz_assets.http.paging.next_page_hints import NextPageHint, find_next_page_hint
from dazz_assets.http.paging.pagination import (
    CursorToken,
    GraphQLCursor,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Paginator,
)

URL = "https://api.example.com/rest/items"


def page(body: object, request: Request, headers: Mapping[str, str] | None = None) -> Page:
    return Page(
        status=200,
        headers=CaseInsensitiveDict(headers or {}),
        body=json.dumps(body).encode(),
        url=request.url,
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        request=request,
        final_url=request.url,
    )


def next_request(
    paginator: Paginator, body: object, received: int = 1, request: Request | None = None, **headers: str
) -> Any:
    first = paginator.first(request or Request(URL))
    return paginator.next(first, page(body, first, headers), received)


def next_params(paginator: Paginator, body: object, received: int = 1, **given: Any) -> Any:
    following = next_request(paginator, body, received, Request(URL, params=given))
    return following.params if isinstance(following, Request) else following


def test_a_link_header_is_followed_to_its_next_page() -> None:
    link = f'<{URL}?page=1>; rel="prev", <{URL}?after=b%2Cc&per_page=5>; rel="next", <{URL}?page=9>; rel="last"'
    following = next_request(LinkHeader(), [], Link=link)
    assert following.url == f"{URL}?after=b%2Cc&per_page=5"


@pytest.mark.parametrize("link", ["", '<https://x>; rel="prev"', "nonsense"])
def test_without_a_next_in_the_link_header_the_page_is_the_last(link: str) -> None:
    assert next_request(LinkHeader(), [], Link=link) == Last("no Link header with rel=next")


@pytest.mark.parametrize(
    "body", [{}, {"links": {}}, {"links": {"next": None}}, {"links": {"next": ""}}, {"links": None}]
)
def test_without_a_link_in_the_body_the_page_is_the_last(body: object) -> None:
    assert next_request(NextLink("links.next"), body) == Last("no link at `links.next`")


@pytest.mark.parametrize("named", [{"rel": "next"}, {"rel": ["next"]}, {"rel": "last Next"}, {"relation": "next"}])
def test_a_link_in_a_list_is_found_by_its_relation_in_each_form(named: dict[str, Any]) -> None:
    links = [{"rel": ["self"], "href": "/a"}, {"rel": "nextcloud", "href": "/c"}, {**named, "href": "/b"}]
    assert next_request(NextLink("links"), {"links": links}).url.endswith("/b")


def test_a_link_that_is_not_a_text_fails() -> None:
    with pytest.raises(FetchError, match="`links` can't be used as a link"):
        next_request(NextLink("links"), {"links": {"next": "/x"}})


@pytest.mark.parametrize(
    ("link", "requested", "resolved"),
    [
        # Absolute, and relative in the ways of RFC 3986.
        ("https://other.example/x?c=2", "https://api.io/rest/x", "https://other.example/x?c=2"),
        ("//other.example/x", "https://api.io/rest/x", "https://other.example/x"),
        ("?c=2", "https://api.io/rest/x?c=1", "https://api.io/rest/x?c=2"),
        ("x?c=2", "https://api.io/rest/x?c=1", "https://api.io/rest/x?c=2"),
        ("/repositories/7/x?c=2", "https://api.io/repos/a/b/x", "https://api.io/repositories/7/x?c=2"),
        ("/?c=2", "https://api.io/rest/x", "https://api.io/?c=2"),
    ],
)
def test_a_link_is_resolved_against_the_request(link: str, requested: str, resolved: str) -> None:
    following = next_request(NextLink("next"), {"next": link}, request=Request(requested))
    assert following.url == resolved


REQUEST_OF_A_LINK = Request(URL, params={"version": "2024-10-15", "limit": 100, "page[size]": 5})
LINK = "/rest/items?c=a%2Bb&limit=10&page%5Bsize%5D=1"


@pytest.mark.parametrize(
    ("link", "requested", "followed"),
    [
        ("http://api.example.com/rest/items?page=2", URL, f"{URL}?page=2"),
        ("http://API.example.com:80/rest/items?page=2", URL, f"{URL}?page=2"),
        (
            "http://api.example.com/v2?a=%2C#x",
            "https://api.example.com:8443/v1",
            "https://api.example.com:8443/v2?a=%2C#x",
        ),
        ("http://api.example.com/items", "http://api.example.com/items?page=1", "http://api.example.com/items"),
        ("http://api.example.com:8080/items?page=2", URL, "http://api.example.com:8080/items?page=2"),
        ("http://api.example.com.evil.example/items", URL, "http://api.example.com.evil.example/items"),
        ("http://backend.internal/items", URL, "http://backend.internal/items"),
    ],
)
def test_a_link_to_http_on_the_host_that_answered_by_https_is_followed_by_https(
    link: str, requested: str, followed: str
) -> None:
    """As an API writes it that stands behind a proxy which ends TLS. To any other host it leads as it is written."""
    assert next_request(NextLink("next"), {"next": link}, request=Request(requested)).url == followed
    assert next_request(LinkHeader(), [], request=Request(requested), Link=f'<{link}>; rel="next"').url == followed


def test_a_link_with_a_port_that_is_none_fails() -> None:
    with pytest.raises(FetchError, match="neither an absolute nor a relative URL"):
        next_request(NextLink("next"), {"next": "http://api.example.com:x/items"})


def test_a_link_is_followed_as_it_is() -> None:
    """Conformance 29, 48."""
    following = next_request(NextLink("next"), {"next": LINK}, request=REQUEST_OF_A_LINK)
    assert (following.url, following.params) == (f"https://api.example.com{LINK}", {})


def test_a_parameter_that_links_leave_out_is_kept_and_none_is_sent_twice() -> None:
    paginator = NextLink("next", keep=("version", "limit", "absent"))
    following = next_request(paginator, {"next": LINK}, request=REQUEST_OF_A_LINK)
    assert (following.url, following.params) == (f"https://api.example.com{LINK}", {"version": "2024-10-15"})


def test_a_cursor_token_is_sent_in_the_query() -> None:
    assert next_params(CursorToken("meta.next", param="cursor"), {"meta": {"next": "b c"}}, limit=5) == {
        "limit": 5,
        "cursor": "b c",
    }
    assert next_params(CursorToken("next", param="after"), {"next": 12}) == {"after": 12}


def test_a_cursor_token_is_sent_in_the_body_if_the_request_has_one() -> None:
    request = Request(URL, method="POST", body={"jql": "x", "nextPageToken": "a"})
    following = next_request(
        CursorToken("nextPageToken", param="nextPageToken"), {"nextPageToken": "b"}, request=request
    )
    assert (following.body, following.params) == ({"jql": "x", "nextPageToken": "b"}, {})
    assert request.body["nextPageToken"] == "a"


@pytest.mark.parametrize("token", [None, "", False])
def test_without_a_token_the_page_is_the_last(token: object) -> None:
    assert next_params(CursorToken("next", param="cursor"), {"next": token}) == Last("no token at `next`")
    assert next_params(CursorToken("gone", param="cursor"), {"next": token}) == Last("no token at `gone`")


@pytest.mark.parametrize("paginator", [CursorToken("next", param="c"), NextLink("next")])
def test_an_empty_page_with_a_next_link_or_token_is_followed(paginator: Paginator) -> None:
    """Conformance 27."""
    assert isinstance(next_request(paginator, {"next": "b"}, received=0), Request)


def test_pages_are_counted_from_one_or_from_the_streams_own_parameter() -> None:
    counted = PageNumber(size_param="size", size=50)
    assert counted.first(Request(URL)).params == {"page": 1, "size": 50}
    assert next_params(counted, []) == {"page": 2, "size": 50}
    assert next_params(PageNumber(), [], page=0) == {"page": 1}
    assert next_params(PageNumber("p"), [], p="7") == {"p": 8}


def test_an_offset_advances_by_the_received_records() -> None:
    counted = Offset("startAt", "maxResults", 100)
    assert counted.first(Request(URL)).params == {"startAt": 0, "maxResults": 100}
    assert next_params(counted, [], received=37) == {"startAt": 37, "maxResults": 100}
    assert next_params(counted, [], received=37, startAt=100) == {"startAt": 137, "maxResults": 100}


@pytest.mark.parametrize("paginator", [PageNumber(), Offset()])
def test_counting_ends_at_an_empty_page_and_not_at_a_short_one(paginator: Paginator) -> None:
    """Conformance 28."""
    assert next_request(paginator, [], received=0) == Last("an empty page")
    assert isinstance(next_request(paginator, [], received=1), Request)


@pytest.mark.parametrize(
    ("more", "body", "goes_on"),
    [
        ("has_more", {"has_more": True}, True),
        ("has_more", {"has_more": False}, False),
        ("has_more", {"has_more": "false"}, False),
        ("links.next", {"links": {"next": "/x"}}, True),
        ("links.next", {"links": {"next": None}}, False),
        ("isLast", {"isLast": False}, True),
        ("isLast", {"isLast": True}, False),
        ("page.last", {"page": {"last": "true"}}, False),
        ("remaining", {"remaining": 3}, True),
        ("remaining", {"remaining": 0}, False),
        # Without a clear flag the walk goes on: a page beyond the end is empty.
        ("has_more", {}, True),
        ("isLast", {"isLast": None}, True),
        # So it does for a total that can't be one, as records came.
        ("total", {"total": 0}, True),
        ("total", {"total": None}, True),
        ("total", {"total": "10+"}, True),
    ],
)
@pytest.mark.parametrize("paginator", [PageNumber, Offset])
def test_counting_ends_when_the_page_says_so(paginator: Any, more: str, body: object, goes_on: bool) -> None:
    following = next_request(paginator(more=more), body, received=10)
    assert isinstance(following, Request) is goes_on
    assert goes_on or following == Last(f"`{more}` says that there is no more")


@pytest.mark.parametrize(("offset", "goes_on"), [(0, True), (14, True), (15, False), (16, False), (17, True)])
def test_an_offset_is_compared_with_a_total(offset: int, goes_on: bool) -> None:
    """One that is less than came, but for a record that was removed meanwhile, counts something else."""
    following = next_params(Offset(more="meta.total"), {"meta": {"total": 25}}, received=10, offset=offset)
    assert isinstance(following, dict) is goes_on


@pytest.mark.parametrize("more", ["total_pages", "pageCount", "last_page", "pages"])
def test_a_page_number_is_compared_with_a_number_of_pages(more: str) -> None:
    assert next_params(PageNumber(more=more), {more: 3}, page=2) == {"page": 3}
    assert isinstance(next_params(PageNumber(more=more), {more: 3}, page=3), Last)


def test_a_page_number_is_not_compared_with_a_total_of_records() -> None:
    assert next_params(PageNumber(more="total"), {"total": 2}, page=5) == {"page": 6}


@pytest.mark.parametrize("paginator", [PageNumber, Offset])
def test_a_size_and_its_parameter_are_given_together(paginator: Any) -> None:
    with pytest.raises(ValueError, match="size_param and size together"):
        paginator(size=5)
    with pytest.raises(ValueError, match="size_param and size together"):
        paginator(size_param="size")


def test_a_graphql_cursor_is_sent_as_a_variable() -> None:
    request = Request(URL, method="POST", body={"query": "q", "variables": {"first": 5}})
    following = next_request(
        GraphQLCursor("data.items.cursor", "after"), {"data": {"items": {"cursor": "b"}}}, request=request
    )
    assert following.body == {"query": "q", "variables": {"first": 5, "after": "b"}}
    assert next_request(GraphQLCursor("data.cursor"), {"data": {"cursor": None}}, request=request) == Last(
        "no cursor at `data.cursor`"
    )


def test_a_graphql_list_ends_without_a_next_page_even_if_there_is_a_cursor() -> None:
    request = Request(URL, method="POST", body={"query": "q"})
    paginator = GraphQLCursor("data.pageInfo.endCursor")
    ended = next_request(paginator, {"data": {"pageInfo": {"hasNextPage": False, "endCursor": "z"}}}, request=request)
    assert ended == Last("`data.pageInfo.hasNextPage` is false")
    following = next_request(
        paginator, {"data": {"pageInfo": {"hasNextPage": True, "endCursor": "z"}}}, request=request
    )
    assert following.body == {"query": "q", "variables": {"cursor": "z"}}


def test_a_graphql_cursor_needs_a_body() -> None:
    with pytest.raises(FetchError, match="needs a body"):
        next_request(GraphQLCursor("cursor"), {"cursor": "b"})


@given(total=st.integers(0, 60), limit=st.integers(1, 20), shorter=st.lists(st.integers(1, 20), min_size=1))
def test_an_offset_lists_everything_once_for_any_page_sizes(total: int, limit: int, shorter: list[int]) -> None:
    paginator = Offset("offset", "limit", limit)
    request: Request | Last = paginator.first(Request(URL))
    seen: list[int] = []
    for turn in range(200):
        if isinstance(request, Last):
            break
        start = int(str(request.params["offset"]))
        items = list(range(total))[start : start + min(limit, shorter[turn % len(shorter)])]
        seen += items
        request = paginator.next(request, page(items, request), len(items))
    assert seen == list(range(total))
    assert request == Last("an empty page")


@given(st.lists(st.lists(st.integers(), max_size=3), min_size=1, max_size=8), st.integers(0, 7))
def test_two_streams_can_share_a_paginator(pages: list[list[int]], lead: int) -> None:
    """Conformance 31."""
    paginator = CursorToken("next", param="cursor")

    def step(request: Request) -> Request | Last:
        number = int(str(request.params.get("cursor", 0)))
        following = {"next": number + 1 if number + 1 < len(pages) else None}
        return paginator.next(request, page(following, request), len(pages[number]))

    one: Request | Last = paginator.first(Request(URL, params={"parent": 1}))
    two: Request | Last = paginator.first(Request(URL, params={"parent": 2}))
    for turn in range(2 * len(pages) + lead):
        if isinstance(one, Request) and turn >= lead:
            one = step(one)
            assert isinstance(one, Last) or one.params["parent"] == 1
        if isinstance(two, Request):
            two = step(two)
            assert isinstance(two, Last) or two.params["parent"] == 2
    assert one == two == Last("no token at `next`")


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ({"links": {"next": "/x"}}, "`links.next`"),
        ({"_links": {"next": {"href": "/x"}}}, "`_links.next.href`"),
        ({"@odata.nextLink": "https://x"}, r"`@odata\.nextLink`"),
        ({"next_page_token": "t"}, "`next_page_token`"),
        ({"nextPageToken": "t"}, "`nextPageToken`"),
        ({"response_metadata": {"next_cursor": "t"}}, "`response_metadata.next_cursor`"),
        ({"has_more": True}, "`has_more`"),
        ({"meta": {"has_more": True}}, "`meta.has_more`"),
        ({"isLast": False}, "`isLast`"),
        ({"startAt": 0, "maxResults": 50, "total": 51}, "`total`"),
        ({"links": {"next": None}, "has_more": False, "isLast": True, "nextPageToken": ""}, None),
        ({"startAt": 0, "maxResults": 50, "total": 50}, None),
        ({"data": [1], "next": {"a": 1}}, None),
        ([1, 2], None),
    ],
)
def test_hints_of_further_pages_are_found(body: object, hint: str | None) -> None:
    found = find_next_page_hint(page(body, Request(URL)))
    assert (found and found.sign) == hint


def test_a_link_header_is_a_hint_of_further_pages() -> None:
    hint = find_next_page_hint(page([1], Request(URL), {"link": "</x>; rel=next"}))
    assert hint == NextPageHint("the Link header with rel=next", "LinkHeader()", is_certain=True, field="Link")
