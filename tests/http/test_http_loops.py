"""Walks that go round in a circle end with an error that names it (conformance 25, 26)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st
from requests import PreparedRequest

from dazz_assets.http import Client, CursorToken, LoopError, NextLink, PageNumber, Paginator, Request, WalkedPage, walk
from tests.http.loopback import Asked, Reply, Vendor

CURSOR = CursorToken("next", "cursor")


def through(vendor: Vendor, client: Client, paginator: Paginator) -> Iterator[WalkedPage]:
    return walk(client, Request(f"{vendor.url}/items"), paginator=paginator, records="data")


def following(asked: Asked, cursors: dict[str, str]) -> Reply:
    cursor = asked.query.get("cursor", [""])[0]
    return Reply(body={"data": [{"of": len(asked.target), "n": cursor}], "next": cursors[cursor]})


def test_the_same_cursor_again_and_again_is_a_circle(vendor: Vendor, client: Client) -> None:
    vendor.handler = lambda asked: following(asked, {"": "a", "a": "a"})
    with pytest.raises(LoopError, match=r"page 3 would be the same request as page 2.*circle of 1 \(cursor=a\)"):
        list(through(vendor, client, CURSOR))
    assert len(vendor.asked) == 2


def test_two_cursors_that_alternate_are_a_circle(vendor: Vendor, client: Client) -> None:
    vendor.handler = lambda asked: following(asked, {"": "a", "a": "b", "b": "a"})
    with pytest.raises(LoopError, match=r"circle of 2 \(cursor=a\)") as caught:
        list(through(vendor, client, CURSOR))
    assert str(caught.value).startswith(f"vendor/acme: GET {vendor.url}/items?cursor=a: page 4")


def test_a_link_to_the_first_page_is_a_circle_however_it_is_written(vendor: Vendor, client: Client) -> None:
    links = iter(["?b=1&a=x%20y", "/items?a=x+y&b=1"])
    vendor.handler = lambda asked: Reply(body={"data": [asked.target], "next": next(links)})
    with pytest.raises(LoopError, match="page 3 would be the same request as page 2"):
        list(through(vendor, client, NextLink("next")))


def test_a_vendor_that_does_not_know_the_parameter_is_found_by_its_pages(vendor: Vendor, client: Client) -> None:
    vendor.handler = lambda asked: Reply(body={"data": [1, 2], "asked": asked.target})
    with pytest.raises(LoopError, match="page 3 holds the same 2 records as page 1, 3 times by now"):
        list(through(vendor, client, PageNumber()))
    assert len(vendor.asked) == 3


def test_a_page_that_repeats_once_because_records_were_added_in_front_is_no_circle(
    vendor: Vendor, client: Client
) -> None:
    """Conformance 32."""
    vendor.script(*[Reply(body={"data": data}) for data in ([4, 3], [4, 3], [2, 1], [])])
    assert len(list(through(vendor, client, PageNumber()))) == 4


def test_empty_pages_are_no_circle(vendor: Vendor, client: Client) -> None:
    cursors = iter("bcdefg")
    vendor.handler = lambda asked: Reply(body={"data": [], "next": next(cursors, None)})
    assert len(list(through(vendor, client, CURSOR))) == 7


def test_two_walks_do_not_remember_each_other(vendor: Vendor, client: Client) -> None:
    vendor.handler = lambda asked: Reply(body={"data": [1]})
    for _ in range(4):
        assert len(list(through(vendor, client, CURSOR))) == 1


@given(st.integers(0, 12), st.integers(1, 8))
def test_any_circle_is_found_before_any_of_its_requests_is_sent_twice(lead: int, around: int) -> None:
    """However long the way to it, and however long it is."""

    def answer(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        number = int((request.url or "").partition("cursor=")[2] or 0)
        after = number + 1 if number + 1 < lead + around else lead
        return 200, {}, f'{{"data": [{number}], "next": {after}}}'

    with responses.RequestsMock() as mocked:
        mocked.add_callback(responses.GET, "https://api.example.com/items", answer)
        client = Client("https://api.example.com")
        steps = walk(client, Request("https://api.example.com/items"), paginator=CURSOR, records="data")
        with pytest.raises(LoopError, match=f"circle of {around} "):
            list(steps)
        sent = [call.request.url for call in mocked.calls]
    # The first page was asked for without a cursor: as page 0 of a circle it is asked for once more, by its name.
    assert len(sent) == len(set(sent)) == lead + around + (lead == 0)
