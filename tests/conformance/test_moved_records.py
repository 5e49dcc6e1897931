"""Of a snapshot in numbered pages, a record that moves to a page that was read is missed, and so the list is read again
(conformance 32)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dazz_assets import Cursor, LinkHeader, NextLink, Offset, PageNumber, Paginator, Stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream, PartsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 5


class Shelf:
    """Lists books from the latest change on, in pages of five, which are counted. before: what happens before a
    request; requests are counted from 1."""

    def __init__(self, count: int = 20, before: dict[int, Callable[[Shelf], None]] | None = None) -> None:
        self.books = [{"id": number, "edition": 1} for number in range(count)]
        self.before = before or {}
        self.has_total = False
        self.requests = 0

    def change(self, id_: int) -> None:
        """A new edition goes to the front."""
        changed = next(book for book in self.books if book["id"] == id_)
        self.books = [{**changed, "edition": 2}, *(book for book in self.books if book is not changed)]

    def __call__(self, request: ReceivedRequest) -> Reply:
        self.requests += 1
        if (change := self.before.get(self.requests)) is not None:
            change(self)
        first = int(param(request, "offset", str((int(param(request, "page", "1")) - 1) * SIZE)))
        following = f"/items?page={first // SIZE + 2}"
        link = {"Link": f'<{following}>; rel="next"'} if first + SIZE < len(self.books) else {}
        total = {"total": len(self.books)} if self.has_total else {}
        body = {"data": self.books[first : first + SIZE], "next": following if link else None, **total}
        return Reply(body=body, headers=link)


def connected(connect: Connect, paginator: Paginator) -> Connected:
    settings: dict[str, Any] = {"records": "data", "paginator": paginator, "streams": (ItemsStream,)}
    return connect(declare("ShelfIntegration", CommonIntegration, **settings))


def gone(acme: Connected) -> set[str]:
    """The keys of the records that are known to be gone."""
    version = acme.lake.departures("vendor", "items", "acme").open()
    rows = [] if version is None else [row for batch in version.read() for row in batch.to_pylist()]
    return {row["key"] for row in rows if row["gone_since"] is not None}


@pytest.mark.parametrize("has_total", [False, True])
@pytest.mark.parametrize("paginator", [Offset(), PageNumber(), LinkHeader(), NextLink("next")])
def test_32_a_record_that_moves_to_a_page_that_was_read_is_not_missed(
    connect: Connect, api: Vendor, paginator: Paginator, *, has_total: bool
) -> None:
    acme = connected(connect, paginator)
    api.handler = Shelf()
    acme.sync(ItemsStream)
    api.handler = shelf = Shelf(before={2: lambda shelf: shelf.change(13)})
    shelf.has_total = has_total
    report = acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(20))
    assert (report.warnings, gone(acme)) == ([], set())
    assert next(record for record in acme.records(ItemsStream) if record["id"] == 13)["edition"] == 2


def test_32_a_list_in_which_records_move_each_time_is_told_and_counts_nothing_as_gone(
    connect: Connect, api: Vendor
) -> None:
    acme = connected(connect, Offset())
    api.handler = Shelf()
    acme.sync(ItemsStream)
    api.handler = shelf = Shelf(before=dict.fromkeys((2, 7, 12), lambda shelf: shelf.change(shelf.books[12]["id"])))
    (warning,) = acme.sync(ItemsStream).warnings
    assert warning.startswith("records came twice, on different pages, each time the list was read: it grew, or")
    assert "set `cursor` on ItemsStream" in warning
    assert (shelf.requests, len(acme.ids(ItemsStream)), gone(acme)) == (15, 19, set())


def test_32_a_list_that_grows_at_its_front_lacks_nothing(connect: Connect, api: Vendor) -> None:
    """Records come twice each time that it is read, but all that came once came again."""
    acme = connected(connect, Offset())
    api.handler = Shelf()
    acme.sync(ItemsStream)

    def add(shelf: Shelf) -> None:
        shelf.books = [{"id": len(shelf.books) + 100, "edition": 1}, *shelf.books]

    api.handler = shelf = Shelf(before=dict.fromkeys((2, 3, 7, 8, 12, 13), add))
    shelf.books = [book for book in shelf.books if book["id"] != 7]
    report = acme.sync(ItemsStream)
    assert report.warnings == []
    assert set(range(20)) - {7} <= set(acme.ids(ItemsStream))
    assert gone(acme) == {"7"}


def test_32_records_that_come_twice_on_one_page_did_not_move(connect: Connect, api: Vendor) -> None:
    acme = connected(connect, Offset())
    api.handler = shelf = Shelf()
    shelf.books = [shelf.books[0], *shelf.books]
    acme.sync(ItemsStream)
    assert shelf.requests == 6


def test_32_of_a_sub_stream_only_the_list_with_the_record_is_read_again(connect: Connect, api: Vendor) -> None:
    shelves = {"1": Shelf(), "2": Shelf(before={2: lambda shelf: shelf.change(13)})}

    def answer(request: ReceivedRequest) -> Reply:
        if request.path == "/items":
            return Reply(body={"data": [{"id": 1}, {"id": 2}] if param(request, "offset") == "" else []})
        return shelves[request.path.split("/")[2]](request)

    api.handler = answer
    parts = declare("PartsStream", PartsStream, paginator=Offset())
    acme = connect(declare("ShelfIntegration", CommonIntegration, records="data", streams=(ItemsStream, parts)))
    acme.sync(ItemsStream)
    acme.sync(parts)
    assert acme.ids(parts) == sorted([*range(20), *range(20)])
    assert [shelves[number].requests for number in "12"] == [5, 10]


@pytest.mark.parametrize("paginator", [Offset(), PageNumber()])
def test_32_records_that_share_a_key_do_not_move(connect: Connect, api: Vendor, paginator: Paginator) -> None:
    """They come again in the second list as in the first: that is enough, and the key is what is told."""
    acme = connected(connect, paginator)
    api.handler = shelf = Shelf()
    shelf.books = [{"id": number % 8, "edition": number} for number in range(20)]
    report = acme.sync(ItemsStream)
    (warning,) = report.warnings
    assert warning.startswith("12 records have the key (`id`) of an earlier one")
    assert (shelf.requests, report.repeated) == (10, 12)


class EditionsStream(Stream[Item]):
    path = "/items"
    records = "data"
    paginator = Offset()
    cursor = Cursor("at")


def test_32_records_of_an_incremental_list_that_share_a_key_keep_no_mark_back(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("ShelfIntegration", CommonIntegration, streams=(EditionsStream,)))
    api.handler = shelf = Shelf()
    shelf.books = [{"id": number % 8, "at": f"2026-01-{number + 6:02d}T00:00:00Z"} for number in range(20)]  # type: ignore[dict-item]
    report = acme.sync(EditionsStream)
    assert (report.gap, report.high_water_mark) == (None, "2026-01-25T00:00:00Z")
    assert [text for text in report.warnings if "(`id`) of others each time the list was read" in text]
    assert shelf.requests == 10


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=st.dictionaries(st.integers(2, 5), st.integers(0, 19), max_size=3))
def test_32_whatever_changes_during_one_list_is_in_the_next(
    connect: Connect, api: Vendor, changes: dict[int, int]
) -> None:
    """The list is read again at most once, as nothing changes during its second reading."""
    api.handler = Shelf(before={place: lambda shelf, id_=id_: shelf.change(id_) for place, id_ in changes.items()})  # type: ignore[misc]
    acme = connected(connect, Offset())
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(20))
