"""Pages that come quickly are handed over together, within bounds; those of a slow vendor come one by one."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from dazz_assets.http import CursorToken, FetchError, RefusedError, Request, ResponseRules
from dazz_assets.http.client import Client
from dazz_assets.http.page import WalkedPage
from dazz_assets.http.paging.walk import walk
from tests.http.loopback import ReceivedRequest, Reply, Vendor

MOST_PAGES = 8
KILOBYTE = 1024


class Pages:
    """A list of pages with a record each, and a reader's word on when which of them was sent."""

    def __init__(self, vendor: Vendor, count: int, size: int = 10) -> None:
        self.count, self.size = count, size
        self.sent = [threading.Event() for _ in range(count)]
        self.refused_at: int | None = None
        self.held: dict[int, threading.Event] = {}
        vendor.handler = self.answer

    def answer(self, request: ReceivedRequest) -> Reply:
        number = int(request.query.get("cursor", ["0"])[0])
        if number in self.held:
            assert self.held[number].wait(10)
        self.sent[number].set()
        if number == self.refused_at:
            return Reply(403, {"message": "no more"})
        following = number + 1 if number + 1 < self.count else None
        return Reply(body={"data": [{"id": number, "text": "x" * self.size}], "next": following})


def walk_batches(vendor: Vendor, client: Client) -> Iterator[Sequence[WalkedPage]]:
    paginator: Any = CursorToken("next", param="cursor")
    return walk(client, Request(f"{vendor.url}/items"), paginator=paginator, rules=ResponseRules(records="data"))


def numbers(pages: Sequence[WalkedPage]) -> list[int]:
    return [page.number for page in pages]


def test_pages_that_wait_for_their_reader_come_together(vendor: Vendor, client: Client) -> None:
    pages = Pages(vendor, 6)
    batches = walk_batches(vendor, client)
    assert numbers(next(batches)) == [1]
    assert pages.sent[5].wait(10)
    # The end of the list is no reason to wait for more of them.
    rest = list(batches)
    assert [number for batch in rest for number in numbers(batch)] == [2, 3, 4, 5, 6]
    assert rest[-1][-1].end_reason is not None


def test_a_batch_has_a_bounded_number_of_pages(vendor: Vendor, client: Client) -> None:
    pages = Pages(vendor, 40)
    with closing(walk_batches(vendor, client)) as batches:  # type: ignore[type-var]
        next(batches)
        assert pages.sent[MOST_PAGES].wait(10)
        assert numbers(next(batches)) == list(range(2, MOST_PAGES + 2))
        rest = [numbers(batch) for batch in batches]
    assert max(map(len, rest)) <= MOST_PAGES
    assert [number for batch in rest for number in batch] == list(range(MOST_PAGES + 2, 41))


def test_large_pages_are_not_gathered(vendor: Vendor, client: Client) -> None:
    Pages(vendor, 4, size=600 * KILOBYTE)
    assert [numbers(batch) for batch in walk_batches(vendor, client)] == [[1], [2], [3], [4]]


def test_a_page_of_a_slow_vendor_is_handed_over_while_the_next_one_is_on_its_way(
    vendor: Vendor, client: Client
) -> None:
    pages = Pages(vendor, 4)
    pages.held = {number: threading.Event() for number in range(2, 4)}
    batches = walk_batches(vendor, client)
    assert numbers(next(batches)) == [1]
    assert numbers(next(batches)) == [2]  # Page 3 is held until this one was handed over.
    pages.held[2].set()
    assert numbers(next(batches)) == [3]
    pages.held[3].set()
    assert [numbers(batch) for batch in batches] == [[4]]


def test_pages_before_an_error_are_handed_over_first(vendor: Vendor, client: Client) -> None:
    pages = Pages(vendor, 6)
    pages.refused_at = 4
    batches = walk_batches(vendor, client)
    seen = numbers(next(batches))
    assert pages.sent[4].wait(10)
    with pytest.raises(RefusedError, match="no more"):
        seen.extend(page.number for batch in batches for page in batch)
    assert seen == [1, 2, 3, 4]


def test_a_reader_that_ends_while_pages_wait_for_room_leaves_no_thread(vendor: Vendor, client: Client) -> None:
    pages = Pages(vendor, 100)
    others = set(threading.enumerate())
    with closing(walk_batches(vendor, client)) as batches:  # type: ignore[type-var]
        next(batches)
        fetching = [thread for thread in set(threading.enumerate()) - others if thread.name == "dazz-fetch"]
        assert pages.sent[MOST_PAGES].wait(10)  # One more than there is room for.
    assert [thread.is_alive() for thread in fetching] == [False]
    assert not pages.sent[MOST_PAGES + 3].is_set()


def test_an_event_ends_a_walk_while_its_reader_waits(vendor: Vendor, client: Client) -> None:
    pages = Pages(vendor, 4)
    pages.held = {2: threading.Event()}
    stop = threading.Event()
    paginator: Any = CursorToken("next", param="cursor")
    rules = ResponseRules(records="data")
    batches = walk(client, Request(f"{vendor.url}/items"), paginator=paginator, rules=rules, stop=stop)
    assert [numbers(next(batches)), numbers(next(batches))] == [[1], [2]]
    stop.set()
    pages.held[2].set()
    with pytest.raises(FetchError):
        list(batches)
