"""A page behind one that says that it is the last may be refused: the list ends there (conformance 132)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dazz_assets import Offset, PageNumber, Paginator
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 4
Says = Callable[[int, int], dict[str, Any]]


class BirdsIntegration(CommonIntegration):
    records = "birds"
    paginator = PageNumber()
    streams = (ItemsStream,)


class Birds:
    """So many birds in pages of four. says: what a page with this number has beside them, of so many pages.

    refuses: from this page on it refuses all; by default behind the last one.
    """

    def __init__(
        self, total: int, says: Says, status: int = 404, *, first: int = 1, refuses: int | None = None, headers: bool
    ) -> None:
        self.total, self.says, self.status, self.first, self.headers = total, says, status, first, headers
        self.pages = max(1, -(-total // SIZE))
        self.refuses = self.pages + 1 if refuses is None else refuses

    def __call__(self, request: ReceivedRequest) -> Reply:
        at = int(param(request, "offset", "0"))
        number = int(param(request, "page")) + 1 - self.first if "page" in request.query else -(-at // SIZE) + 1
        if number >= self.refuses:
            return Reply(self.status, {"message": "No such page: it is out of range"})
        page, beside = items(*range(self.total))[(number - 1) * SIZE : number * SIZE], self.says(number, self.pages)
        told = {name: str(value) for name, value in beside.items()} if self.headers else {}
        return Reply(body={"birds": page, **({} if self.headers else beside)}, headers=told)


def next_link(number: int, pages: int) -> dict[str, Any]:
    return {"next": f"/items?page={number + 1}" if number < pages else None}


SAYS: dict[str, Says] = {
    "a link": next_link,
    "links": lambda number, pages: {"links": next_link(number, pages)},
    "a flag": lambda number, pages: {"has_more": number < pages},
    "a flag of the end": lambda number, pages: {"meta": {"isLast": number == pages}},
    "a number of pages": lambda number, pages: {"page": number, "total_pages": pages},
    "pages left": lambda number, pages: {"meta": {"remaining_pages": pages - number}},
}
HEADERS: dict[str, Says] = {
    "X-Total-Pages": lambda number, pages: {"X-Total-Pages": pages},
    "X-Next-Page": lambda number, pages: {"X-Next-Page": number + 1 if number < pages else ""},
}


@pytest.mark.parametrize("status", [400, 404, 416, 422])
@pytest.mark.parametrize("total", [0, 3, 2 * SIZE, 11])
@pytest.mark.parametrize("says", [*SAYS, *HEADERS])
def test_132_the_refusal_of_a_page_behind_the_last_one_ends_the_list(
    connect: Connect, api: Vendor, says: str, total: int, status: int
) -> None:
    api.handler = Birds(total, {**SAYS, **HEADERS}[says], status, headers=says in HEADERS)
    acme = connect(BirdsIntegration)
    report = acme.sync(ItemsStream)
    assert (acme.ids(ItemsStream), report.warnings, report.gap) == (list(range(total)), [], None)
    assert acme.sync(ItemsStream).warnings == []


@pytest.mark.parametrize("name", ["total", "totalAvailable", "total_documents"])
@pytest.mark.parametrize("total", [1, 2 * SIZE, 11])
def test_132_so_does_one_behind_as_many_records_as_the_total_names(
    connect: Connect, api: Vendor, total: int, name: str
) -> None:
    api.handler = Birds(total, lambda number, pages: {name: str(total)}, 400, headers=False)
    acme = connect(BirdsIntegration)
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == list(range(total))


PAGINATORS: list[tuple[Paginator, dict[str, Any]]] = [(Offset(), {}), (PageNumber(), {"page": 0})]


@pytest.mark.parametrize(("paginator", "params"), PAGINATORS, ids=str)
def test_132_whatever_is_counted(connect: Connect, api: Vendor, paginator: Paginator, params: dict[str, Any]) -> None:
    first = 0 if params else 1
    api.handler = Birds(11, SAYS["a number of pages"], first=first, headers=False)
    stream = declare("ItemsStream", ItemsStream, params=params)
    acme = connect(declare("BirdsIntegration", BirdsIntegration, paginator=paginator, streams=(stream,)))
    assert acme.sync(stream).warnings == []
    assert acme.ids(stream) == list(range(11))


def test_132_pages_that_are_asked_for_ahead_too(connect: Connect, api: Vendor) -> None:
    api.handler = Birds(40, SAYS["a link"], headers=False)
    acme = connect(declare("BirdsIntegration", BirdsIntegration, concurrency=4))
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == list(range(40))


UNTOLD: dict[str, Says] = {
    "nothing": lambda number, pages: {},
    "there is more": lambda number, pages: {"next": f"/items?page={number + 1}"},
    "a link that is always null": lambda number, pages: {"next": None},
    "a flag that is always false": lambda number, pages: {"has_more": False},
    "another number of pages": lambda number, pages: {"page": number, "total_pages": pages + 1},
    "pages below a total": lambda number, pages: {"page": number, "total_pages": pages, "total": 99},
    "another total": lambda number, pages: {"total": 99},
    "data": lambda number, pages: {"cursor": "x" if number < pages else None},
}


@pytest.mark.parametrize("says", UNTOLD)
def test_132_one_behind_a_page_that_says_nothing_is_a_failure(connect: Connect, api: Vendor, says: str) -> None:
    """A sign that the first page had too, though others followed, says nothing."""
    api.handler = Birds(11, UNTOLD[says], headers=False)
    stream = declare("ItemsStream", ItemsStream, data_fields=("cursor",))
    acme = connect(declare("BirdsIntegration", BirdsIntegration, streams=(stream,)))
    with pytest.raises(SyncError, match="No such page"):
        acme.sync(stream)


@pytest.mark.parametrize("status", [401, 403, 410])
def test_132_a_refusal_of_another_kind_is_one(connect: Connect, api: Vendor, status: int) -> None:
    api.handler = Birds(11, SAYS["a link"], status, headers=False)
    with pytest.raises(SyncError, match="No such page"):
        connect(BirdsIntegration).sync(ItemsStream)


def test_132_and_so_is_one_amid_the_list(connect: Connect, api: Vendor) -> None:
    api.handler = Birds(11, SAYS["a link"], refuses=2, headers=False)
    with pytest.raises(SyncError, match="No such page"):
        connect(BirdsIntegration).sync(ItemsStream)


class NestsStream(ItemsStream):
    parent = ItemsStream
    path = "/items/{parent.id}/nests"
    primary_key = ("{parent.id}", "id")
    accept = {404: "skip"}


@pytest.mark.parametrize("concurrency", [1, 4])
def test_132_it_ends_the_list_also_where_the_same_answer_means_that_a_parent_has_none(
    connect: Connect, api: Vendor, concurrency: int
) -> None:
    birds, nests = Birds(2, SAYS["a link"], headers=False), Birds(11, SAYS["a link"], headers=False)

    def answer(request: ReceivedRequest) -> Reply:
        if request.path == "/items":
            return birds(request)
        return nests(request) if "/1/" in request.path else Reply(404, {"message": "A bird without nests"})

    api.handler = answer
    streams = (ItemsStream, NestsStream)
    acme = connect(declare("BirdsIntegration", BirdsIntegration, streams=streams, concurrency=concurrency))
    acme.sync(ItemsStream)
    report = acme.sync(NestsStream)
    assert acme.ids(NestsStream) == list(range(11))
    assert report.passed_over == []
    assert all("A bird without nests" in warning for warning in report.warnings)


def test_132_a_later_page_that_is_skipped_amid_a_list_is_a_failure(connect: Connect, api: Vendor) -> None:
    api.handler = Birds(11, SAYS["a link"], refuses=2, headers=False)
    stream = declare("ItemsStream", ItemsStream, accept={404: "skip"})
    with pytest.raises(SyncError, match="and those behind it are not known"):
        connect(declare("BirdsIntegration", BirdsIntegration, streams=(stream,))).sync(stream)
