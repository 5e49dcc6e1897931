"""A total is a hint until it agrees with a list (conformance 58)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dazz_assets import Cursor, CursorToken, Offset, PageNumber, Paginator, Stream
from dazz_assets.errors import SyncError
from dazz_assets.extract.batch import RowReader
from dazz_assets.extract.completeness.list_progress import ListProgress
from dazz_assets.http.client import Client
from dazz_assets.http.page import Request
from dazz_assets.http.paging.walk import walk
from dazz_assets.spec.read import read_integration
from dazz_assets.windows import Windows
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, offset_page, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream
from tests.conformance.lists import changes, filter_by_bounds, time_after
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class StoreIntegration(CommonIntegration):
    records = "goods"
    paginator = Offset()
    streams = (ItemsStream,)


class Store:
    """Goods in pages of 4. total: what each page gives as the total."""

    def __init__(self, total: object) -> None:
        self.goods = items(*range(12))
        self.total = total
        self.sends = len(self.goods)

    def __call__(self, request: ReceivedRequest) -> Reply:
        page = offset_page(self.goods[: self.sends], request, 4)
        total = {"page": len(page), "all": len(self.goods)}.get(str(self.total), self.total)
        return Reply(body={"goods": page, "meta": {"total": total}})


@pytest.mark.parametrize("total", ["page", 0, 1, 3, "12", None, True, {"value": 12}, 11.5, -1])
def test_58_a_total_of_something_else_does_not_make_a_whole_list_a_failure(
    connect: Connect, api: Vendor, total: object
) -> None:
    api.handler = Store(total)
    acme = connect(StoreIntegration)
    for _ in range(2):
        assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == list(range(12))


def test_58_a_total_that_never_agreed_is_told_and_fails_nothing(connect: Connect, api: Vendor) -> None:
    api.handler = Store(500)
    acme = connect(StoreIntegration)
    (warning,) = acme.sync(ItemsStream).warnings
    assert "the vendor gives a total of 500, but the list ended after 12 records (an empty page)" in warning
    assert "name its path in `total` on ItemsStream" in warning
    assert "set `total = None`" in warning
    assert acme.ids(ItemsStream) == list(range(12))


@pytest.mark.parametrize("paginator", [PageNumber(), Offset()])
def test_58_a_snapshot_that_ends_below_its_total_is_told(connect: Connect, api: Vendor, paginator: Paginator) -> None:
    """Pages that count from 0 where the paginator begins at 1, or a list that is held back: the last page is short."""

    def page(request: ReceivedRequest) -> Reply:
        start = 4 * int(param(request, "page")) if "page" in request.query else int(param(request, "offset")) + 4
        return Reply(body={"goods": items(*range(12))[start : start + 3], "meta": {"total": 12}})

    api.handler = page
    acme = connect(declare("LateIntegration", StoreIntegration, paginator=paginator))
    (warning,) = acme.sync(ItemsStream).warnings
    assert "the vendor gives a total of 12, but the list ended after" in warning


def test_58_a_declared_total_may_be_a_text(connect: Connect, api: Vendor) -> None:
    api.handler = store = Store("12")
    acme = connect(declare("TextIntegration", StoreIntegration, total="meta.total"))
    acme.sync(ItemsStream)
    store.sends = 6
    with pytest.raises(SyncError, match="a total of 12 records, but sent only 6"):
        acme.sync(ItemsStream)


def test_58_a_declared_total_that_is_not_there_is_told(connect: Connect, api: Vendor) -> None:
    api.handler = Store("all")
    acme = connect(declare("MisspeltIntegration", StoreIntegration, total="meta.totl"))
    (warning,) = acme.sync(ItemsStream).warnings
    assert "no page of items has a number at `meta.totl`" in warning
    assert "Correct `total` on ItemsStream" in warning


def test_58_a_total_that_agreed_once_counts(connect: Connect, api: Vendor) -> None:
    api.handler = store = Store("all")
    acme = connect(StoreIntegration)
    acme.sync(ItemsStream)
    store.sends = 8
    with pytest.raises(SyncError, match=r"a total of 12 records, but sent only 8 \(the list ended: an empty page\)"):
        acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(12))


@pytest.mark.parametrize("sends", [8, 6, 3, 0], ids=["full pages", "a short last page", "one page", "nothing"])
def test_58_a_declared_total_is_believed_however_the_list_ends(connect: Connect, api: Vendor, sends: int) -> None:
    api.handler = store = Store("all")
    acme = connect(declare("CountedIntegration", StoreIntegration, total="meta.total"))
    acme.sync(ItemsStream)
    store.sends = sends
    with pytest.raises(SyncError, match=f"a total of 12 records, but sent only {sends}"):
        acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(12))


def test_58_records_that_arrive_while_a_counted_list_is_read_are_no_loss(connect: Connect, api: Vendor) -> None:
    store = Store("all")

    def page(request: ReceivedRequest) -> Reply:
        reply = store(request)
        store.goods.append({"id": 12 + len(store.goods)})
        return reply

    api.handler = page
    store.sends = 12
    acme = connect(declare("CountedIntegration", StoreIntegration, total="meta.total"))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(12))


def test_58_a_total_can_be_switched_off(connect: Connect, api: Vendor) -> None:
    api.handler = store = Store("all")
    acme = connect(declare("UncountedIntegration", StoreIntegration, total=None))
    acme.sync(ItemsStream)
    store.total = 500
    assert acme.sync(ItemsStream).warnings == []
    acme = connect(declare("OnePageIntegration", StoreIntegration, total=None, paginator=None), id_="other")
    assert acme.sync(ItemsStream).warnings == []


class ChangedStream(Stream[Item]):
    path = "/changes"
    cursor = Cursor("at", since="since")


class ChangesIntegration(StoreIntegration):
    streams = (ChangedStream,)  # type: ignore[assignment]


class Changes:
    """Changes in pages of 5, whose total counts without the filter, unless `counts_all` is false.

    lists: how many of them it lists at most.
    """

    def __init__(self, total: int) -> None:
        self.records = changes(total)
        self.counts_all = True
        self.lists: int | None = None

    def __call__(self, request: ReceivedRequest) -> Reply:
        listed = filter_by_bounds(self.records, request)
        page = offset_page(listed[: self.lists], request, 5)
        return Reply(body={"goods": page, "total": len(self.records if self.counts_all else listed)})


def test_58_a_total_without_the_filter_agrees_with_the_first_list_and_is_not_believed_for_that(
    connect: Connect, api: Vendor
) -> None:
    api.handler = vendor = Changes(20)
    acme = connect(ChangesIntegration)
    acme.sync(ChangedStream)
    vendor.records = changes(29)
    acme.sync(ChangedStream)  # ten records in two full pages, and a total of 29
    assert acme.ids(ChangedStream) == list(range(29))


class Reissued(Changes):
    """The same, where all records change at once, as in a migration."""

    def __init__(self, total: int) -> None:
        super().__init__(total)
        self.rounds = 0

    def change(self, *numbers: int) -> None:
        self.rounds += 1
        for number in numbers:
            self.records[number] = {"id": number, "at": time_after(self.rounds * 1_000 + number), "n": self.rounds}


def test_58_nor_for_a_list_of_changes_of_all_records(connect: Connect, api: Vendor) -> None:
    """Their older versions are stored, too, so that the total is less than what is stored."""
    api.handler = vendor = Reissued(12)
    acme = connect(ChangesIntegration)
    acme.sync(ChangedStream)
    for _ in range(3):
        vendor.change(*range(12))
        acme.sync(ChangedStream)
    for latest in (8, 9):  # With the one at the mark, they are two full pages.
        vendor.change(*range(latest - 8, latest + 1))
        acme.sync(ChangedStream)
    assert acme.texts(ChangedStream) == [json.dumps(record) for record in vendor.records]


class HallsStream(ItemsStream):
    path = "/halls"


class PiecesStream(ChangedStream):
    parent = HallsStream
    path = "/halls/{parent.id}/changes"
    primary_key = ("{parent.id}", "id")


def test_58_nor_for_such_a_list_of_one_parent_of_several(connect: Connect, api: Vendor) -> None:
    halls = [Reissued(number) for number in (7, 40, 41)]

    def answer(request: ReceivedRequest) -> Reply:
        if request.path == "/halls":
            return Reply(body={"goods": offset_page(items(0, 1, 2), request, 5)})
        return halls[int(request.path.split("/")[2])](request)

    api.handler = answer
    acme = connect(declare("HallsIntegration", StoreIntegration, streams=(HallsStream, PiecesStream)))
    acme.sync(HallsStream)
    acme.sync(PiecesStream)
    halls[0].change(*range(7))
    acme.sync(PiecesStream)
    halls[1].change(*range(9))
    acme.sync(PiecesStream)
    assert acme.versions(PiecesStream) == 7 + 40 + 41 + 7 + 9


@pytest.mark.parametrize("changed", [6, 9])
def test_58_a_total_of_changes_that_agreed_with_a_list_of_some_of_them_counts(
    connect: Connect, api: Vendor, changed: int
) -> None:
    api.handler = vendor = Reissued(40)
    vendor.counts_all = False
    acme = connect(ChangesIntegration)
    acme.sync(ChangedStream)
    vendor.change(*range(changed))
    acme.sync(ChangedStream)
    vendor.change(*range(12, 24))
    vendor.lists = 10
    with pytest.raises(SyncError, match="a total of 13 records, but sent only 10"):
        acme.sync(ChangedStream)


def test_58_a_doubtful_list_moves_no_mark(connect: Connect, api: Vendor) -> None:
    api.handler = vendor = Changes(20)
    acme = connect(ChangesIntegration)
    before = acme.sync(ChangedStream).high_water_mark
    vendor.records = changes(29)
    report = acme.sync(ChangedStream)
    assert (report.high_water_mark, report.gap is not None) == (before, True)
    vendor.records = changes(31)
    assert acme.sync(ChangedStream).high_water_mark != before
    assert acme.ids(ChangedStream) == list(range(31))
    assert acme.versions(ChangedStream) == 31


class BoundedApi:
    """Changes in pages of 300, of which a query lists a thousand. counted: how many pages or records come before."""

    def __init__(self, total: int) -> None:
        self.records = changes(total)

    def __call__(self, request: ReceivedRequest) -> Reply:
        listed = sorted(filter_by_bounds(self.records, request), key=lambda item: item["at"])
        page = offset_page(listed[:1000], request, 300)
        return Reply(body={"goods": page, "total": len(listed)})


@pytest.mark.parametrize(
    "cursor",
    [Cursor("at", since="since", order="asc"), Cursor("at", since="since", until="until")],
    ids=["goes on at the last record", "is split"],
)
def test_58_a_list_that_ends_below_its_total_on_a_round_number_is_cut_short(
    connect: Connect, api: Vendor, cursor: Cursor
) -> None:
    """Its last page is not full, as the bound is no multiple of the page's size."""
    api.handler = BoundedApi(2_300)
    stream = declare("ChangedStream", ChangedStream, cursor=cursor)
    acme = connect(declare("BoundedIntegration", ChangesIntegration, streams=(stream,)))
    report = acme.sync(stream)
    assert (acme.versions(stream), report.gap, report.warnings) == (2_300, None, [])


def test_58_one_that_can_not_be_split_is_told(connect: Connect, api: Vendor) -> None:
    api.handler = BoundedApi(2_300)
    stream = declare("ChangedStream", ChangedStream, cursor=Cursor("at", since="since"))
    acme = connect(declare("BoundedIntegration", ChangesIntegration, streams=(stream,)))
    report = acme.sync(stream)
    (warning,) = report.warnings
    assert warning.startswith("the vendor gives a total of 2,300, but the list ended after 1,000 records")
    assert report.gap is not None


class Shelves:
    """Changes in pages of 10, counted from 0, with the number of all of them, whatever the filter."""

    def __init__(self, total: int) -> None:
        self.records = changes(total)

    def __call__(self, request: ReceivedRequest) -> Reply:
        first = 10 * int(param(request, "page", "0"))
        listed = filter_by_bounds(self.records, request)
        return Reply(body={"goods": listed[first : first + 10], "total": len(self.records)})


@pytest.mark.parametrize(
    ("records", "warning"),
    [
        (7, "no record came, though the vendor gives a total of 7. Check `params` of ChangedStream, that counting"),
        (25, "the vendor gives a total of 25, but the list ended after 15 records"),
    ],
)
def test_58_a_first_sync_that_begins_to_count_behind_the_first_page_is_told(
    connect: Connect, api: Vendor, records: int, warning: str
) -> None:
    api.handler = Shelves(records)
    acme = connect(declare("ShelvesIntegration", ChangesIntegration, paginator=PageNumber()))
    (told,) = acme.sync(ChangedStream).warnings
    assert told.startswith(warning)


def test_58_a_later_sync_with_nothing_new_is_not(connect: Connect, api: Vendor) -> None:
    """Its total counts without the filter."""
    api.handler = shelves = Shelves(25)
    acme = connect(declare("ShelvesIntegration", ChangesIntegration, paginator=PageNumber(), params={"page": 0}))
    assert acme.sync(ChangedStream).warnings == []
    shelves.records.append({"id": 25, "at": "2025-01-01T00:00:00Z"})  # Never listed.
    for _ in range(2):
        report = acme.sync(ChangedStream)
        assert (report.warnings, report.gap) == ([], None)


@pytest.mark.parametrize(("stored", "boundary"), [(2, 1), (20, 1)])
def test_58_a_total_of_a_small_account_is_no_sign_of_a_missing_page(
    connect: Connect, api: Vendor, stored: int, boundary: int
) -> None:
    """What comes again at the mark is as much as all others together, or as a page."""
    api.handler = Shelves(stored)
    paginator = PageNumber(size_param="limit", size=10)
    acme = connect(declare("ShelvesIntegration", ChangesIntegration, paginator=paginator, params={"page": 0}))
    for _ in range(3):
        report = acme.sync(ChangedStream)
        assert (report.warnings, report.gap) == ([], None)
    assert report.received == boundary


def test_58_a_total_of_records_before_the_start_is_not_told(connect: Connect, api: Vendor) -> None:
    api.handler = shelves = Shelves(0)
    shelves.records = [{"id": number, "at": f"2025-03-0{number}T00:00:00Z"} for number in range(1, 9)]
    acme = connect(declare("ShelvesIntegration", ChangesIntegration, paginator=PageNumber(), params={"page": 0}))
    for _ in range(2):
        assert acme.sync(ChangedStream).warnings == []


def test_58_records_that_are_added_while_a_list_is_read_are_not_missing(connect: Connect, api: Vendor) -> None:
    records = changes(12)
    total = iter([12, 12, 14, 14, 14])

    def page(request: ReceivedRequest) -> Reply:
        listed = filter_by_bounds(records, request)
        first = next((place for place, item in enumerate(listed) if str(item["id"]) == param(request, "after")), -1) + 1
        found = listed[first : first + 4]
        return Reply(body={"goods": found, "next": found[-1]["id"] if first + 4 < 12 else None, "total": next(total)})

    api.handler = page
    acme = connect(declare("GrowingIntegration", ChangesIntegration, paginator=CursorToken("next", param="after")))
    report = acme.sync(ChangedStream)
    assert (report.warnings, report.gap) == ([], None)


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Vendor() as vendor:
        yield vendor


@settings(deadline=None)
@given(total=st.integers(0, 12), size=st.integers(1, 5), counts=st.sampled_from(["page", "all", "other", "none"]))
def test_58_no_total_makes_a_whole_list_fail(counting: Vendor, total: int, size: int, counts: str) -> None:
    def page(request: ReceivedRequest) -> Reply:
        start = (int(param(request, "page", "1")) - 1) * size
        found = items(*range(start, min(start + size, total)))
        number = {"page": len(found), "all": total, "other": 7 * total + 1, "none": None}[counts]
        return Reply(body={"goods": found, "total": number})

    counting.handler = page
    stream = read_integration(declare("GoodsIntegration", StoreIntegration, paginator=PageNumber())).streams["items"]
    progress, reader = ListProgress(stream), RowReader(stream, Windows("week"))
    client = Client(counting.url)
    for steps in walk(client, Request(counting.url), paginator=stream.paginator, rules=stream.rules):
        rows = reader.read_rows(steps, None, {})
        progress.add(steps, rows, len(rows))
    client.close()
    assert not progress.is_cut_short or progress.is_only_doubtful
    assert not progress.agrees_with_total or counts in ("all", "page")
