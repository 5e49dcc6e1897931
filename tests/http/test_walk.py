"""A walk yields all pages, prefetches some, has limits, and ends when its reader stops."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from dazz_assets.http import (
    CursorToken,
    FetchError,
    MissingPaginatorError,
    NextLink,
    Offset,
    PageNumber,
    RecordsPathError,
    RefusedError,
    Request,
    ResponseRules,
    WalkLimitError,
)
from dazz_assets.http.client import Client
from dazz_assets.http.page import WalkedPage
from dazz_assets.http.paging.walk import walk
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor, numbered_pages

Connect = Callable[..., Client]


def reply_with_pages(total: int, size: int) -> Callable[[ReceivedRequest], Reply]:
    """A list paged by a cursor, as `{"data": [...], "next": 2}`."""
    all_pages = list(numbered_pages(total, size))

    def answer(request: ReceivedRequest) -> Reply:
        number = int(request.query.get("cursor", ["0"])[0])
        following = number + 1 if number + 1 < len(all_pages) else None
        return Reply(body={"data": all_pages[number], "next": following})

    return answer


def fetching_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "dazz-fetch"]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert fetching_threads() == []


def walk_items(vendor: Vendor, client: Client, **settings: Any) -> Iterator[WalkedPage]:
    settings = {"paginator": CursorToken("next", param="cursor"), **settings}
    rules = ResponseRules(records=settings.pop("records", "data"), accept=settings.pop("accept", {}))
    with closing(walk(client, Request(f"{vendor.url}/items"), rules=rules, **settings)) as batches:
        for batch in batches:
            yield from batch


def test_all_pages_come_in_order_and_the_last_one_has_a_reason(vendor: Vendor, client: Client) -> None:
    vendor.handler = reply_with_pages(25, 10)
    walked = list(walk_items(vendor, client))
    assert [step.number for step in walked] == [1, 2, 3]
    assert [len(step.records) for step in walked] == [10, 10, 5]
    assert [step.end_reason for step in walked] == [None, None, "no token at `next`"]
    assert len(vendor.requests) == 3


def test_a_single_page_needs_no_paginator_and_no_thread(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(body=[1, 2]))
    (step,) = walk_items(vendor, client, paginator=None, records="")
    assert fetching_threads() == []
    assert step.end_reason == "the only page: there is no paginator, and it names no further page"


def test_a_first_page_that_says_there_is_more_is_an_error_without_a_paginator(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(body={"data": [1], "links": {"next": "/x"}}))
    with pytest.raises(
        MissingPaginatorError, match=r"`links\.next` in the page says that there is more.*Set `paginator` to NextLink"
    ):
        list(walk_items(vendor, client, paginator=None))


def test_an_empty_page_in_the_middle_does_not_end_a_walk(vendor: Vendor, client: Client) -> None:
    """Conformance 27."""
    bodies = {"": ([1], "b"), "b": ([], "c"), "c": ([2], None)}

    def answer(request: ReceivedRequest) -> Reply:
        records, following = bodies[request.query.get("cursor", [""])[0]]
        return Reply(body={"data": records, "next": following})

    vendor.handler = answer
    assert [len(step.records) for step in walk_items(vendor, client)] == [1, 0, 1]


def test_an_offset_ends_at_an_empty_page_after_short_ones(vendor: Vendor, client: Client) -> None:
    """Conformance 28."""
    records = list(range(23))

    def answer(request: ReceivedRequest) -> Reply:
        start = int(request.query["offset"][0])
        return Reply(body=records[start : start + min(7, int(request.query["limit"][0]))])

    vendor.handler = answer
    walked = list(walk_items(vendor, client, paginator=Offset(size_param="limit", size=10), records=""))
    assert [int(bytes(record)) for step in walked for record in step.records] == records
    assert walked[-1].end_reason == "an empty page"


def test_an_empty_body_and_an_accepted_failure_end_a_walk(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(204))
    assert [step.end_reason for step in walk_items(vendor, client, paginator=PageNumber())] == ["an empty page"]
    vendor.script(Reply(404, {"message": "no such org"}))
    (step,) = walk_items(vendor, client, accept={404: "skip"})
    assert step.records == []
    assert step.end_reason is not None
    assert step.end_reason.startswith("accepted as empty: 404 Not Found. The vendor says: no such org")


def test_the_next_page_is_in_flight_while_one_is_handled(vendor: Vendor, client: Client) -> None:
    arrived = threading.Event()
    answer = reply_with_pages(30, 10)

    def signal_arrival(request: ReceivedRequest) -> Reply:
        if "cursor" in request.query:
            arrived.set()
        return answer(request)

    vendor.handler = signal_arrival
    walked = walk_items(vendor, client)
    next(walked)
    assert arrived.wait(5)
    assert len(list(walked)) == 2


def test_a_reader_that_stops_early_ends_the_requests(vendor: Vendor, client: Client) -> None:
    vendor.handler = reply_with_pages(1000, 10)
    walked = walk_items(vendor, client)
    next(walked)
    next(walked)
    walked.close()  # type: ignore[attr-defined]
    assert fetching_threads() == []
    assert len(vendor.requests) <= 2 * 8 + 2  # Of at most eight a batch: one handled, one ready, one page in flight.


def test_a_reader_that_stops_ends_a_wait_of_the_walk(vendor: Vendor, connect: Connect) -> None:
    waiting = threading.Event()
    vendor.script(Reply(body={"data": [1], "next": 1}), Reply(429, headers={"Retry-After": "300"}))
    client = connect(sleep=None, on_event=lambda event: waiting.set() if event.kind == "retry" else None)
    walked = walk_items(vendor, client)
    next(walked)
    assert waiting.wait(5)
    walked.close()  # type: ignore[attr-defined]
    assert fetching_threads() == []
    assert len(vendor.requests) == 2


def test_no_request_follows_a_page_at_which_should_stop_gives_a_reason(vendor: Vendor, client: Client) -> None:
    vendor.handler = reply_with_pages(1000, 10)
    walked = list(walk_items(vendor, client, should_stop=lambda step: "at the mark" if step.number == 3 else None))
    assert [step.end_reason for step in walked] == [None, None, "at the mark"]
    assert len(vendor.requests) == 3


def test_an_error_on_a_later_page_reaches_the_reader_after_the_pages_before_it(vendor: Vendor, client: Client) -> None:
    vendor.script(*[Reply(body={"data": [n], "next": n + 1}) for n in range(2)], Reply(403, {"message": "no"}))
    seen: list[int] = []
    with pytest.raises(RefusedError, match="403"):
        seen.extend(step.number for step in walk_items(vendor, client))
    vendor.script(*[Reply(body={"data": [n], "next": n + 1}) for n in range(2)], Reply(body={"rows": []}))
    with pytest.raises(RecordsPathError, match="keys rows"):
        seen.extend(step.number for step in walk_items(vendor, client))


def test_an_error_of_the_callers_own_reaches_the_reader(vendor: Vendor, client: Client) -> None:
    def broken(step: WalkedPage) -> str | None:
        raise ZeroDivisionError

    vendor.handler = reply_with_pages(100, 10)
    with pytest.raises(ZeroDivisionError):
        list(walk_items(vendor, client, should_stop=broken))


def test_a_walk_is_bounded_in_pages(vendor: Vendor, client: Client) -> None:
    vendor.handler = reply_with_pages(100, 10)
    with pytest.raises(WalkLimitError, match="more than 4 pages"):
        list(walk_items(vendor, client, max_pages=4))
    assert len(vendor.requests) == 4
    assert len(list(walk_items(vendor, client, max_pages=10))) == 10


def test_a_walk_is_bounded_in_time(vendor: Vendor, client: Client, clock: Clock) -> None:
    answer = reply_with_pages(100, 10)

    def slow(request: ReceivedRequest) -> Reply:
        clock.now += 60
        return answer(request)

    vendor.handler = slow
    with pytest.raises(WalkLimitError, match="longer than 150 s \\(`max_time`\\), after 3 pages"):
        list(walk_items(vendor, client, max_seconds=150))


def test_errors_of_a_walk_hide_secrets(vendor: Vendor, connect: Connect) -> None:
    client = connect(secrets=["s3cret"])
    vendor.script(Reply(body={"s3cret": []}))
    with pytest.raises(FetchError) as caught:
        list(walk_items(vendor, client))
    assert "s3cret" not in repr(caught.value)
    assert "keys ***" in str(caught.value)


def test_a_relative_link_after_a_redirect_is_resolved_against_what_answered(vendor: Vendor, client: Client) -> None:
    vendor.script(
        Reply(301, headers={"Location": "/moved/items"}),
        Reply(body={"data": [1], "next": "?page=2"}),
        Reply(body={"data": [2]}),
    )
    assert len(list(walk_items(vendor, client, paginator=NextLink("next")))) == 2
    assert vendor.requests[-1].target == "/moved/items?page=2"
