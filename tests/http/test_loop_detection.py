"""Walks that go in circles end with an error that names the circle (conformance 25, 26)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st
from requests import PreparedRequest

from dazz_assets.http import CursorToken, LoopError, NextLink, PageNumber, Paginator, Request, ResponseRules
from dazz_assets.http.client import Client
from dazz_assets.http.page import WalkedPage
from dazz_assets.http.paging.walk import walk
from tests.http.loopback import ReceivedRequest, Reply, Vendor

PAGINATOR = CursorToken("next", param="cursor")


def walk_items(vendor: Vendor, client: Client, paginator: Paginator) -> Iterator[WalkedPage]:
    for batch in walk(client, Request(f"{vendor.url}/items"), paginator=paginator, rules=ResponseRules(records="data")):
        yield from batch


def reply_with_next(request: ReceivedRequest, cursors: dict[str, str]) -> Reply:
    cursor = request.query.get("cursor", [""])[0]
    return Reply(body={"data": [{"length": len(request.target), "n": cursor}], "next": cursors[cursor]})


def test_a_repeated_cursor_is_a_circle(vendor: Vendor, client: Client) -> None:
    vendor.handler = lambda request: reply_with_next(request, {"": "a", "a": "a"})
    with pytest.raises(LoopError, match=r"page 3 would be the same request as page 2.*circle of 1 \(cursor=a\)"):
        list(walk_items(vendor, client, PAGINATOR))
    assert len(vendor.requests) == 2


def test_two_alternating_cursors_are_a_circle(vendor: Vendor, client: Client) -> None:
    vendor.handler = lambda request: reply_with_next(request, {"": "a", "a": "b", "b": "a"})
    with pytest.raises(LoopError, match=r"circle of 2 \(cursor=a\)") as caught:
        list(walk_items(vendor, client, PAGINATOR))
    assert str(caught.value).startswith(f"vendor/acme: GET {vendor.url}/items?cursor=a: page 4")


def test_a_link_to_an_earlier_page_is_a_circle_even_if_its_query_is_written_differently(
    vendor: Vendor, client: Client
) -> None:
    links = iter(["?b=1&a=x%20y", "/items?a=x+y&b=1"])
    vendor.handler = lambda request: Reply(body={"data": [request.target], "next": next(links)})
    with pytest.raises(LoopError, match="page 3 would be the same request as page 2"):
        list(walk_items(vendor, client, NextLink("next")))


def test_a_vendor_that_ignores_the_page_parameter_is_detected_by_equal_pages(vendor: Vendor, client: Client) -> None:
    vendor.handler = lambda request: Reply(body={"data": [1, 2], "target": request.target})
    with pytest.raises(LoopError, match=r"page 3 holds the same 2 records as page 1\. They came 3 times"):
        list(walk_items(vendor, client, PageNumber()))
    assert len(vendor.requests) == 3


def test_a_page_that_repeats_once_because_records_were_inserted_in_front_is_no_circle(
    vendor: Vendor, client: Client
) -> None:
    """Conformance 32."""
    vendor.script(*[Reply(body={"data": data}) for data in ([4, 3], [4, 3], [2, 1], [])])
    assert len(list(walk_items(vendor, client, PageNumber()))) == 4


def test_empty_pages_are_no_circle(vendor: Vendor, client: Client) -> None:
    cursors = iter("bcdefg")
    vendor.handler = lambda request: Reply(body={"data": [], "next": next(cursors, None)})
    assert len(list(walk_items(vendor, client, PAGINATOR))) == 7


def test_two_walks_share_no_memory(vendor: Vendor, client: Client) -> None:
    vendor.handler = lambda request: Reply(body={"data": [1]})
    for _ in range(4):
        assert len(list(walk_items(vendor, client, PAGINATOR))) == 1


@given(st.integers(0, 12), st.integers(1, 8))
def test_a_circle_is_found_before_any_request_is_sent_twice(lead: int, around: int) -> None:
    """For any number of pages before the circle, and any length of it."""

    def answer(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        number = int((request.url or "").partition("cursor=p")[2] or 0)
        after = number + 1 if number + 1 < lead + around else lead
        return 200, {}, f'{{"data": [{number}], "next": "p{after}"}}'

    with responses.RequestsMock() as mocked:
        mocked.add_callback(responses.GET, "https://api.example.com/items", answer)
        client = Client("https://api.example.com")
        pages = walk(
            client, Request("https://api.example.com/items"), paginator=PAGINATOR, rules=ResponseRules(records="data")
        )
        with pytest.raises(LoopError, match=f"circle of {around} "):
            list(pages)
        sent = [call.request.url for call in mocked.calls]
    # The first request has no cursor. If page 0 is in the circle, it is requested once more, with its cursor.
    assert len(sent) == len(set(sent)) == lead + around + (lead == 0)
