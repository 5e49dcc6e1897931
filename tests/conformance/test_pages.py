"""Pagination: from the first page of a list to the last."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dazz_assets import Cursor, CursorToken, LinkHeader, NextLink, Offset, PageNumber, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, offset_page, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream, PartsStream
from tests.conformance.lists import LimitedList, changes, filter_by_bounds, time_after
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class ItemsIntegration(CommonIntegration):
    records = "data"
    streams = (ItemsStream,)


class TokenIntegration(ItemsIntegration):
    paginator = CursorToken("next", param="after")


def reply_with_tokens(*tokens: str) -> Callable[[ReceivedRequest], Reply]:
    """Replies with pages of one record that name these next tokens, one after another."""
    left = list(tokens)
    return lambda request: Reply(body={"data": items(len(left)), "next": left.pop(0) if left else None})


def test_25_a_repeated_token_is_an_error_that_names_the_loop(connect: Connect, api: Vendor) -> None:
    api.handler = lambda request: Reply(
        body={"data": items(1), "next": "abc"} if len(api.requests) < 20 else {"data": []}
    )
    with pytest.raises(SyncError, match=r"circle of 1 \(after=abc\)"):
        connect(TokenIntegration).sync(ItemsStream)
    assert len(api.requests) == 2


def test_25_a_page_number_that_the_vendor_ignores_is_an_error(connect: Connect, api: Vendor) -> None:
    class NumberedIntegration(ItemsIntegration):
        paginator = PageNumber()

    api.handler = lambda request: Reply(body={"data": items(1, 2)}) if len(api.requests) < 20 else Reply(410)
    with pytest.raises(SyncError, match="holds the same 2 records as page 1"):
        connect(NumberedIntegration).sync(ItemsStream)
    assert len(api.requests) < 5


def test_25_of_a_post_without_a_body_it_says_that_the_body_may_be_the_place(connect: Connect, api: Vendor) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        is_second = b"abc" in request.body
        return Reply(body={"data": items(2 if is_second else 1), "next": None if is_second else "abc"})

    api.handler = answer
    search = declare("ItemsStream", ItemsStream, method="POST")
    with pytest.raises(SyncError, match=r"circle of 1 \(after=abc\).*in the query.*set body = \{\}"):
        connect(declare("TokenIntegration", TokenIntegration, streams=(search,))).sync(search)
    search = declare("ItemsStream", ItemsStream, method="POST", body={})
    acme = connect(declare("TokenIntegration", TokenIntegration, streams=(search,)))
    acme.sync(search)
    assert acme.ids(search) == [1, 2]


def test_26_two_alternating_tokens_are_an_error_that_names_the_loop(connect: Connect, api: Vendor) -> None:
    api.handler = reply_with_tokens("abc", "def", "abc", "def", "abc", "def")
    with pytest.raises(SyncError, match=r"circle of 2 \(after=abc\)"):
        connect(TokenIntegration).sync(ItemsStream)
    assert len(api.requests) == 3


def test_27_an_empty_page_in_the_middle_is_not_the_end(connect: Connect, api: Vendor) -> None:
    api.script(
        Reply(body={"data": items(1), "next": "a"}),
        Reply(body={"data": [], "next": "b"}),
        Reply(body={"data": items(2), "next": None}),
    )
    acme = connect(TokenIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


@pytest.mark.parametrize("paginator", [Offset(size_param="limit", size=4), PageNumber(size_param="limit", size=4)])
def test_28_a_page_shorter_than_its_size_is_not_the_end(
    connect: Connect, api: Vendor, paginator: Offset | PageNumber
) -> None:
    pages = [items(1, 2, 3, 4), items(5), items(6, 7, 8, 9), []]
    starts = {0: 0, 4: 1, 5: 2, 9: 3}

    def page(request: ReceivedRequest) -> Reply:
        number = int(param(request, "page", "0")) - 1
        return Reply(body={"data": pages[number if number >= 0 else starts[int(param(request, "offset"))]]})

    api.handler = page
    acme = connect(declare("ShortIntegration", ItemsIntegration, paginator=paginator))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    "link",
    ["/items?limit=1&after=1&version=2", "?limit=1&after=1&version=2", "items?limit=1&after=1&version=2"],
    ids=["a path", "a query", "a last segment"],
)
def test_29_a_relative_link_is_resolved_and_no_parameter_is_sent_twice(
    connect: Connect, api: Vendor, link: str
) -> None:
    class LinkedStream(ItemsStream):
        name = "items"
        params = {"limit": 1, "version": 2}

    class LinkedIntegration(ItemsIntegration):
        paginator = NextLink("links.next")
        streams = (LinkedStream,)

    api.script(Reply(body={"data": items(1), "links": {"next": link}}), Reply(body={"data": items(2)}))
    acme = connect(LinkedIntegration)
    acme.sync(LinkedStream)
    assert acme.ids(LinkedStream) == [1, 2]
    assert api.requests[1].path == "/items"
    assert sorted(api.requests[1].pairs) == [("after", "1"), ("limit", "1"), ("version", "2")]


def test_29_a_relative_link_in_a_header_is_resolved_too(connect: Connect, api: Vendor) -> None:
    class HeaderIntegration(ItemsIntegration):
        paginator = LinkHeader()

    link = {"Link": '</items?page=2>; rel="next", </items?page=9>; rel="last"'}
    api.script(Reply(body={"data": items(1)}, headers=link), Reply(body={"data": items(2)}))
    acme = connect(HeaderIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


class ChangesStream(Stream[Item]):
    """Changes from an API that takes both bounds."""

    path = "/changes"
    cursor = Cursor("at", since="since", until="until")


class OrderedStream(Stream[Item]):
    """Changes from an API that takes `since` and sorts by time."""

    path = "/changes"
    cursor = Cursor("at", since="since", order="asc")


class UnboundedStream(Stream[Item]):
    """Changes from an API that takes `since` and sorts in no known order."""

    path = "/changes"
    cursor = Cursor("at", since="since")


class LimitedIntegration(CommonIntegration):
    records = "data"
    paginator = Offset()
    streams = (ChangesStream, OrderedStream, UnboundedStream)


@pytest.mark.parametrize(
    ("beyond", "total"),
    [(200, True), (400, False), (422, True)],
    ids=["an empty page, and a total", "a 400", "a 422"],
)
def test_30_a_range_with_more_results_than_the_api_lists_is_split_until_each_part_fits(
    connect: Connect, api: Vendor, beyond: int, *, total: bool
) -> None:
    api.handler = LimitedList(changes(500), 50, beyond, total=total)
    acme = connect(LimitedIntegration)
    acme.sync(ChangesStream)
    assert acme.ids(ChangesStream) == list(range(500))
    assert acme.versions(ChangesStream) == 500


def test_30_if_the_api_sorts_by_the_cursor_the_sync_continues_from_the_last_record(
    connect: Connect, api: Vendor
) -> None:
    api.handler = LimitedList(changes(500), 50)
    acme = connect(LimitedIntegration)
    acme.sync(OrderedStream)
    assert acme.ids(OrderedStream) == list(range(500))
    assert acme.versions(OrderedStream) == 500


def test_30_a_range_that_cannot_be_split_is_an_error_and_moves_no_mark(connect: Connect, api: Vendor) -> None:
    api.handler = limited = LimitedList(changes(500), 50)
    acme = connect(declare("CountedIntegration", LimitedIntegration, total="total"))
    with pytest.raises(SyncError, match=r"a total of 500 records, but sent only 50 .*`since` and `until`"):
        acme.sync(UnboundedStream)
    limited.limit = 1000
    acme.sync(UnboundedStream)
    assert acme.ids(UnboundedStream) == list(range(500))


def test_30_too_many_records_with_one_time_are_an_error_and_not_a_loop(connect: Connect, api: Vendor) -> None:
    api.handler = LimitedList([{"id": number, "at": time_after(0)} for number in range(500)], 50, 400)
    with pytest.raises(SyncError, match="Result window is too large"):
        connect(LimitedIntegration).sync(ChangesStream)
    assert len(api.requests) < 400


@pytest.mark.parametrize("stream", [ChangesStream, OrderedStream])
def test_30_an_api_that_ignores_the_bounds_is_an_error_and_not_a_loop(
    connect: Connect, api: Vendor, stream: type[Stream[Item]]
) -> None:
    api.handler = limited = LimitedList(changes(500), 50)
    limited.ignores_bounds = True
    with pytest.raises(SyncError, match="sent only 50"):
        connect(declare("CountedIntegration", LimitedIntegration, total="total")).sync(stream)
    assert len(api.requests) < 50


def test_30_a_snapshot_that_is_cut_short_is_an_error_and_leaves_what_is_stored(connect: Connect, api: Vendor) -> None:
    class CountedIntegration(ItemsIntegration):
        paginator = Offset()

    api.handler = limited = LimitedList(changes(30), 50)
    acme = connect(CountedIntegration)
    acme.sync(ItemsStream)
    limited.records = changes(90)
    with pytest.raises(SyncError, match="a total of 90 records, but sent only 50"):
        acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(30))


class PartsIntegration(CommonIntegration):
    records = "data"
    paginator = CursorToken("next", param="after")
    concurrency = 4
    streams = (ItemsStream, PartsStream)


def test_31_parents_that_are_fetched_at_once_have_their_own_page_state(connect: Connect, api: Vendor) -> None:
    def page(request: ReceivedRequest) -> Reply:
        if request.path == "/items":
            return Reply(body={"data": items(*range(1, 9))})
        item, number = int(request.path.split("/")[2]), int(param(request, "after", "0").rpartition("-")[2] or 0)
        assert number == 0 or param(request, "after") == f"{item}-{number}"
        next_token = f"{item}-{number + 1}" if number < item else None
        return Reply(body={"data": items(item * 100 + number), "next": next_token})

    api.handler = page
    acme = connect(PartsIntegration)
    acme.sync(ItemsStream)
    acme.sync(PartsStream)
    assert acme.ids(PartsStream) == [item * 100 + number for item in range(1, 9) for number in range(item + 1)]


class ShiftingList:
    """Changes in order of time, in pages of 10, by offset. before: what happens before the page of a given number."""

    def __init__(self, total: int, *, says_total: bool = False) -> None:
        self.records = changes(total)
        self.says_total = says_total
        self.before: dict[int, Callable[[], None]] = {}
        self.pages = 0

    def __call__(self, request: ReceivedRequest) -> Reply:
        self.pages += 1
        self.before.pop(self.pages, lambda: None)()
        ordered = sorted(filter_by_bounds(self.records, request), key=lambda item: item["at"])
        total = {"total": len(ordered)} if self.says_total else {}
        return Reply(body={"data": offset_page(ordered, request, 10), **total})

    def change(self, id_: int, at: str) -> None:
        self.records = [{"id": id_, "at": at} if item["id"] == id_ else item for item in self.records]

    def remove(self, id_: int) -> None:
        self.records = [item for item in self.records if item["id"] != id_]


NOW = "2026-03-02T12:00:0{}Z"


@pytest.mark.parametrize("stream", [OrderedStream, UnboundedStream])
def test_32_no_record_is_missed_when_records_move_to_the_end_while_paging(
    connect: Connect, api: Vendor, stream: type[Stream[Item]]
) -> None:
    api.handler = shifting = ShiftingList(60)
    shifting.before = {3: lambda: shifting.change(1, NOW.format(1)), 5: lambda: shifting.change(2, NOW.format(2))}
    acme = connect(LimitedIntegration)
    acme.sync(stream)
    assert acme.ids(stream) == list(range(60))
    assert acme.versions(stream) == 62  # the two that changed have two versions; nothing is stored twice


def test_32_no_record_is_missed_when_records_disappear_while_paging_if_the_vendor_names_a_total(
    connect: Connect, api: Vendor
) -> None:
    api.handler = shifting = ShiftingList(60, says_total=True)
    shifting.before = {3: lambda: shifting.remove(1)}
    acme = connect(LimitedIntegration)
    acme.sync(UnboundedStream)
    assert acme.ids(UnboundedStream) == list(range(60))


def test_32_a_list_that_keeps_shifting_moves_no_mark_and_says_so(connect: Connect, api: Vendor) -> None:
    api.handler = shifting = ShiftingList(60)
    shifting.before = {
        3: lambda: shifting.change(1, NOW.format(1)),
        10: lambda: shifting.change(2, NOW.format(2)),
        17: lambda: shifting.change(3, NOW.format(3)),
    }
    acme = connect(LimitedIntegration)
    report = acme.sync(UnboundedStream)
    assert report.high_water_mark is None
    assert report.gap is not None
    assert "moved to other pages" in report.gap
    report = acme.sync(UnboundedStream)
    assert (report.gap, report.high_water_mark) == (None, "2026-01-10T06:53:00Z")
    assert acme.ids(UnboundedStream) == list(range(60))


def test_32_a_record_inserted_into_pages_already_read_comes_with_the_next_sync(connect: Connect, api: Vendor) -> None:
    """The list is unsorted. Its last record is later than the inserted one, and the next sync still finds that one."""
    pages = [items(1, 2), items(3, 4), []]
    at = {1: time_after(1), 2: time_after(2), 3: time_after(3), 4: NOW.format(3), 9: NOW.format(2)}

    def page(request: ReceivedRequest) -> Reply:
        records = pages.pop(0) if pages else items(1, 9, 2, 3, 4) if param(request, "offset", "0") == "0" else []
        return Reply(body={"data": [{"at": at[item["id"]], **item} for item in records]})

    api.handler = page
    acme = connect(LimitedIntegration)
    acme.sync(UnboundedStream)
    assert acme.ids(UnboundedStream) == [1, 2, 3, 4]
    acme.clock.sleep(60)
    acme.sync(UnboundedStream)
    assert acme.ids(UnboundedStream) == [1, 2, 3, 4, 9]
    assert acme.versions(UnboundedStream) == 5


def test_32_records_that_shift_to_the_next_page_are_read_twice_and_stored_once(connect: Connect, api: Vendor) -> None:
    api.handler = shifting = ShiftingList(60)
    shifting.before = {3: lambda: shifting.records.insert(0, {"id": 99, "at": time_after(-5)})}
    acme = connect(LimitedIntegration)
    acme.sync(UnboundedStream)
    acme.sync(UnboundedStream)
    assert acme.versions(UnboundedStream) == len(acme.ids(UnboundedStream))
    assert set(range(60)) <= set(acme.ids(UnboundedStream))


@pytest.mark.parametrize("body", [{"items": [{"id": 1}]}, {"data": {"rows": []}}, {"data": "none"}, {}])
def test_33_a_records_path_that_does_not_lead_to_a_list_is_an_error(
    connect: Connect, api: Vendor, body: object
) -> None:
    api.script(Reply(body=body))
    with pytest.raises(SyncError, match="Set `records`"):
        connect(TokenIntegration).sync(ItemsStream)


def test_33_an_empty_list_is_not_an_error(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"data": []}))
    assert connect(TokenIntegration).sync(ItemsStream).records == 0
