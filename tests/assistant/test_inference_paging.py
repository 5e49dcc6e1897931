"""Paginators are inferred from a page: its headers, links, tokens and counts."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets.assistant.generate import write_call
from dazz_assets.assistant.infer import find_paging, paginators_match
from dazz_assets.http import CursorToken, Last, LinkHeader, NextLink, Offset, PageNumber, Paginator
from tests.spec.samples import page_of

RECORDS = [{"id": 1, "next": "https://vendor.example/record", "page": 1, "total_pages": 9}]


def find_calls(document: Any, **settings: Any) -> list[str]:
    return [write_call(item.paginator) for item in find_paging(page_of(document, **settings))]


@pytest.mark.parametrize(
    ("document", "paginator"),
    [
        ({"links": {"next": "/things?page=2"}, "data": RECORDS}, 'NextLink("links.next")'),
        ({"next": "https://api.vendor.example/things?page=2"}, 'NextLink("next")'),
        ({"paging": {"next": {"link": "https://api.vendor.example/?after=1"}}}, 'NextLink("paging.next.link")'),
        ({"_links": {"next": {"href": "/things?page=2"}}}, 'NextLink("_links.next.href")'),
        ({"@odata.nextLink": "https://api.vendor.example/?$skip=1"}, r'NextLink("@odata\\.nextLink")'),
        ({"nextPageToken": "t"}, 'CursorToken("nextPageToken", param="pageToken")'),
        ({"next_page_token": "t"}, 'CursorToken("next_page_token", param="page_token")'),
        ({"response_metadata": {"next_cursor": "t"}}, 'CursorToken("response_metadata.next_cursor", param="cursor")'),
        ({"meta": {"cursor": {"after": "t"}}}, 'CursorToken("meta.cursor.after", param="after")'),
        ({"meta": {"page": {"after": "t"}}}, 'CursorToken("meta.page.after", param="page[after]")'),
        ({"NextToken": "t"}, 'CursorToken("NextToken", param="NextToken")'),
        ({"next_page": 2}, 'CursorToken("next_page", param="page")'),
        ({"pageInfo": {"endCursor": "t", "hasNextPage": True}}, 'CursorToken("pageInfo.endCursor", param="after")'),
        ({"page": 1, "total_pages": 3}, 'PageNumber(more="total_pages")'),
        ({"meta": {"current_page": 1, "last_page": 3}}, 'PageNumber(more="meta.last_page")'),
        ({"page": 1, "has_more": True}, 'PageNumber(more="has_more")'),
        ({"data": RECORDS, "meta": {"page": 1, "total": 3}}, "PageNumber()"),
        ({"data": RECORDS, "meta": {"page": 2, "per_page": 3, "total": 7}}, "PageNumber()"),
        ({"startAt": 0, "maxResults": 50, "total": 99}, 'Offset(param="startAt", more="total")'),
        ({"meta": {"offset": 0, "limit": 50, "total": 99}}, 'Offset(more="meta.total")'),
        ({"startAt": 0, "maxResults": 50, "isLast": False}, 'Offset(param="startAt", more="isLast")'),
    ],
)
def test_a_page_shows_its_paginator(document: Any, paginator: str) -> None:
    page = page_of(document)
    (paging,) = find_paging(page)
    assert write_call(paging.paginator) == paginator
    assert paging.has_more
    # With this paginator, a walk requests another page.
    assert not isinstance(paging.paginator.next(paging.paginator.first(page.request), page, 1), Last)


@pytest.mark.parametrize(
    ("document", "paginator"),
    [
        ({"next": None, "results": RECORDS}, 'NextLink("next")'),
        ({"next_cursor": None}, 'CursorToken("next_cursor", param="cursor")'),
        ({"page": 3, "total_pages": 3}, 'PageNumber(more="total_pages")'),
        ({"data": RECORDS, "meta": {"page": 1, "total": 1}}, "PageNumber()"),
        ({"data": RECORDS, "meta": {"page": 3, "per_page": 3, "total": 7}}, "PageNumber()"),
        ({"startAt": 0, "maxResults": 50, "total": 0}, 'Offset(param="startAt", more="total")'),
        ({"startAt": 0, "maxResults": 50, "isLast": True}, 'Offset(param="startAt", more="isLast")'),
    ],
)
def test_the_last_page_shows_its_paginator_too(document: Any, paginator: str) -> None:
    (paging,) = find_paging(page_of(document))
    assert write_call(paging.paginator) == paginator
    assert not paging.has_more


def test_a_link_header_ranks_above_the_body() -> None:
    headers = {"link": '<https://api.vendor.example/things?page=2>; rel="next"'}
    assert find_calls({"next": "/things?page=2"}, headers=headers) == ["LinkHeader()", 'NextLink("next")']
    assert find_calls(RECORDS, headers={"link": '<https://x.example>; rel="prev"'}) == []


def test_a_paginator_with_another_page_ranks_first() -> None:
    assert find_calls({"next": None, "nextPageToken": "t"}) == [
        'CursorToken("nextPageToken", param="pageToken")',
        'NextLink("next")',
    ]


@pytest.mark.parametrize("document", [RECORDS, {"data": RECORDS}, {"count": 2, "results": RECORDS}, {"total": 9}, b""])
def test_fields_of_records_and_a_total_alone_show_no_paginator(document: Any) -> None:
    assert find_calls(document) == []


def test_a_graphql_query_is_paged_by_its_variable() -> None:
    document = {"data": {"org": {"pageInfo": {"endCursor": "t", "hasNextPage": True}}}}
    body = {"query": "query($after: String) { }", "variables": {"after": None, "org": "x"}}
    assert find_calls(document, body=body) == ['GraphQLCursor("data.org.pageInfo.endCursor", variable="after")']


def test_parameters_that_were_sent_keep_their_names() -> None:
    assert find_calls({"page": 1, "pages": 2}, params={"page_number": 1}) == [
        'PageNumber(param="page_number", more="pages")'
    ]
    assert find_calls({"start": 0, "total": 2}, params={"skip": 0}) == ['Offset(param="skip", more="total")']


@pytest.mark.parametrize(
    ("document", "params", "paginator", "has_more"),
    [
        ({"has_more": True}, {"page": 1}, 'PageNumber(more="has_more")', True),
        ({"meta": {"has_more": False}}, {"page": 1}, 'PageNumber(more="meta.has_more")', False),
        ({"total_pages": 3}, {"page_number": 2}, 'PageNumber(param="page_number", more="total_pages")', True),
        ({"has_more": True}, {"skip": 0}, 'Offset(param="skip", more="has_more")', True),
        ({"total": 2}, {"offset": 2}, 'Offset(more="total")', False),
    ],
)
def test_a_parameter_that_was_sent_shows_how_a_page_without_a_number_is_counted(
    document: Any, params: dict[str, Any], paginator: str, has_more: bool
) -> None:
    (paging,) = find_paging(page_of(document, params=params))
    assert (write_call(paging.paginator), paging.has_more) == (paginator, has_more)


def test_pages_counted_from_zero_start_at_zero() -> None:
    (paging,) = find_paging(page_of({"number": 0, "totalPages": 3}))
    assert paging.params == {"page": 0}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (LinkHeader(), LinkHeader(), True),
        (NextLink("next"), NextLink("next"), True),
        (NextLink("next"), NextLink("links.next"), False),
        (NextLink("next"), CursorToken("next", param="x"), False),
        (CursorToken("next", param="x"), CursorToken("next", param="y"), True),
        (CursorToken("next", param="x"), CursorToken("other", param="x"), False),
        (Offset(size_param="limit", size=5), Offset(more="total"), True),
        (PageNumber("p"), PageNumber("page"), False),
    ],
)
def test_paginators_match_if_they_read_and_send_the_same(one: Paginator, other: Paginator, same: bool) -> None:
    assert paginators_match(one, other) is same
