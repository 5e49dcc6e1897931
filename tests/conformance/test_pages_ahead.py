"""Pages of counted lists that are requested several at a time, within what a connection allows (conformance 31, 32)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from dazz_assets import Cursor, Offset, PageNumber, Stream
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.session import Session
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, items, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream, PartsStream
from tests.conformance.lists import LimitedList, changes
from tests.conformance.test_pages import NOW, ShiftingList
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class NumberedIntegration(CommonIntegration):
    records = "data"
    paginator = PageNumber()
    concurrency = 8
    streams = (ItemsStream, PartsStream)


class InFlight:
    """Answers numbered pages of three records, and counts how many requests are in flight.

    held_from: pages from this number on wait until `together` requests are in flight at once; then all go on.
    """

    def __init__(
        self, pages: dict[str, int], *, says_pages: bool = False, held_from: int = 10_000, together: int = 8
    ) -> None:
        self._held_from, self._together = held_from, together
        self._are_together = threading.Event()
        self._pages = pages
        self._says_pages = says_pages
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def __call__(self, request: ReceivedRequest) -> Reply:
        number, pages = int(param(request, "page")), self._pages[request.path]
        owner = int(request.path.split("/")[2]) if request.path.count("/") > 1 else 0
        listed = items(*(owner * 1_000 + (number - 1) * 3 + place for place in range(3))) if number <= pages else []
        return Reply(body={"data": listed, **({"pages": pages} if self._says_pages else {})})

    def answer_at_once(self, api: Vendor, handler: Callable[[ReceivedRequest], Reply] | None = None) -> None:
        """Answer in any number of threads."""

        def answer(request: ReceivedRequest) -> Reply:
            with self._lock:
                api.requests.append(request)
                self._now += 1
                self.most = max(self.most, self._now)
                if self._now == self._together:
                    self._are_together.set()
            if int(param(request, "page")) >= self._held_from:
                self._are_together.wait(10)
                self._are_together.set()  # so that a test that fails does not wait for each page
            with self._lock:
                self._now -= 1
            return (handler or self)(request)

        api.answer = answer  # type: ignore[method-assign]


def test_31_numbered_pages_are_requested_at_once_and_stored_in_order(connect: Connect, api: Vendor) -> None:
    vendor = InFlight({"/items": 40}, held_from=9)
    vendor.answer_at_once(api)
    acme = connect(NumberedIntegration)
    report = acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(120))
    assert report.pages == 41
    assert vendor.most == 8
    assert len(api.requests) <= 41 + 7


def test_31_walks_of_parents_share_what_the_connection_allows(connect: Connect, api: Vendor) -> None:
    """While many parents are walked, each has one request in flight; the last ones share what is left."""
    pages = {"/items": 4, **{f"/items/{number}/parts": 3 if number < 11 else 40 for number in range(12)}}
    vendor = InFlight(pages, says_pages=True)
    vendor.answer_at_once(api)
    acme = connect(declare("CountedIntegration", NumberedIntegration, paginator=PageNumber(more="pages")))
    acme.sync(ItemsStream)
    acme.sync(PartsStream)
    assert len(acme.ids(PartsStream)) == 11 * 9 + 120
    assert vendor.most <= 8
    assert len(api.requests) == sum(pages.values())


class PartsOfSeveralStream(Stream[Item]):
    parent = ItemsStream
    parents_per_request = 5
    path = "/parts"
    params = {"items": "{parents.id}"}
    parent_key = "item"


def test_31_walks_of_several_parents_each_share_what_the_connection_allows(connect: Connect, api: Vendor) -> None:
    """Two lists of five parents each have four requests in flight."""
    vendor = InFlight({"/parts": 20}, says_pages=True, held_from=2)
    paginator = PageNumber(more="pages")
    streams = (ItemsStream, PartsOfSeveralStream)
    acme = connect(declare("SeveralIntegration", NumberedIntegration, paginator=paginator, streams=streams))
    api.handler = lambda _: Reply(body={"data": items(*range(10)), "pages": 1})
    acme.sync(ItemsStream)

    def answer(request: ReceivedRequest) -> Reply:
        number, first = int(param(request, "page")), int(param(request, "items").split(",")[0])
        return Reply(body={"data": [{"id": first * 100 + number, "item": first}], "pages": 20})

    vendor.answer_at_once(api, answer)
    acme.sync(PartsOfSeveralStream)
    assert vendor.most == 8
    assert len(acme.ids(PartsOfSeveralStream)) == 40


def test_31_recordings_and_page_limits_do_not_look_ahead(connect: Connect, api: Vendor) -> None:
    vendor = InFlight({"/items": 10})
    vendor.answer_at_once(api)
    choices: list[dict[str, Any]] = [{"is_repeatable": True}, {"max_pages": 6}]
    for number, settings in enumerate(choices):
        acme = connect(NumberedIntegration, id_=f"acme{number}")
        asked = len(api.requests)
        sync_alone(acme, ItemsStream, **settings)
        numbers = [int(param(request, "page")) for request in api.requests[asked:]]
        assert numbers == list(range(1, 7 if number else 12))
    assert vendor.most == 1


def sync_alone(acme: Connected, stream: type[Stream[Any]], **settings: Any) -> None:
    session = Session(acme.spec, acme.connection, acme.lake, sleep=acme.clock.sleep, **settings)
    sync_stream(session, session.spec.streams["items"], SyncRange(from_mark=True))


class ChangesStream(Stream[Item]):
    path = "/changes"
    cursor = Cursor("at", since="since", until="until")


class OrderedStream(Stream[Item]):
    path = "/changes"
    cursor = Cursor("at", since="since", order="asc")


class ShiftingIntegration(CommonIntegration):
    records = "data"
    paginator = Offset()
    concurrency = 6
    streams = (ChangesStream, OrderedStream)


@pytest.mark.parametrize("stream", [ChangesStream, OrderedStream])
def test_32_no_record_is_missed_when_records_move_while_pages_are_requested_at_once(
    connect: Connect, api: Vendor, stream: type[Stream[Item]]
) -> None:
    api.handler = shifting = ShiftingList(150)
    shifting.before = {
        4: lambda: shifting.change(1, NOW.format(1)),
        7: lambda: shifting.change(2, NOW.format(2)),
        9: lambda: shifting.change(3, NOW.format(3)),
    }
    acme = connect(ShiftingIntegration)
    acme.sync(stream)
    acme.sync(stream)
    assert acme.ids(stream) == list(range(150))


def test_30_a_range_that_is_split_takes_few_requests_for_each_page_of_its_parts(connect: Connect, api: Vendor) -> None:
    """500 changes of two days, of which the API lists 50 of a range: eight weeks are halved until each part fits.

    The 50 pages are read once in parts that fit, each with a request at its end; and ranges above them up to the limit,
    of which there are as many again, and one for each halving down to the days that hold anything.
    """
    api.handler = LimitedList(changes(500), 50, 422)
    acme = connect(declare("AloneIntegration", ShiftingIntegration, concurrency=1))
    acme.sync(ChangesStream)
    assert acme.ids(ChangesStream) == list(range(500))
    alone = len(api.requests)
    assert alone <= 4 * 50
    ahead = connect(ShiftingIntegration, id_="ahead")
    ahead.sync(ChangesStream)
    assert ahead.ids(ChangesStream) == list(range(500))
    # Where nothing names the end of a list, less than as many again are thrown away.
    assert len(api.requests) - alone < 2 * alone


class LateAnswer:
    """Lists records from the newest on, three a page. The fourth page is answered after the fifth, and one is added
    between the two."""

    def __init__(self, api: Vendor) -> None:
        self.records = [{"id": number, "at": f"2026-01-10T{number:02d}:00:00Z"} for number in range(24)]
        self._fifth_is_read = threading.Event()
        self._lock = threading.Lock()
        api.answer = self.answer  # type: ignore[method-assign]

    def answer(self, request: ReceivedRequest) -> Reply:
        number = int(param(request, "page"))
        if number == 4:
            self._fifth_is_read.wait(10)
        with self._lock:
            if number == 4 and len(self.records) == 24:
                self.records.append({"id": 24, "at": "2026-01-20T00:00:00Z"})
            listed = self.records[::-1][(number - 1) * 3 : number * 3]
        if number == 5:
            self._fifth_is_read.set()
        return Reply(body={"data": listed})


class NewestFirstStream(Stream[Item]):
    path = "/newest"
    cursor = Cursor("at", order="desc")


class UnsortedStream(Stream[Item]):
    path = "/unsorted"
    cursor = Cursor("at")


@pytest.mark.parametrize("stream", [ItemsStream, NewestFirstStream, UnsortedStream])
def test_32_no_record_is_missed_where_pages_are_answered_in_another_order(
    connect: Connect, api: Vendor, stream: type[Stream[Item]]
) -> None:
    LateAnswer(api)
    acme = connect(declare("NumberedIntegration", NumberedIntegration, streams=(stream,)))
    report = acme.sync(stream)
    assert acme.ids(stream) == list(range(25))
    assert report.gap is None
