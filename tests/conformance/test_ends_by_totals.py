"""A list of numbered pages ends at the number of all records, where `more` names it (conformance 122)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Offset, PageNumber, Paginator
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, items, param
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 20


class MothsIntegration(CommonIntegration):
    records = "moths"
    streams = (ItemsStream,)


class Moths:
    """An API with so many records, whose pages say that there are `says`, or as many as they have (`own`).

    beyond: what it answers for pages behind the last one.
    """

    def __init__(self, total: int, *, beyond: str = "refused", says: str = "total", own: bool = False) -> None:
        self.rows = items(*range(total))
        self.beyond = beyond
        self.says = says
        self.own = own

    def __call__(self, request: ReceivedRequest) -> Reply:
        is_paged = "page" in request.query
        at = (int(param(request, "page")) - 1) * SIZE if is_paged else int(param(request, "offset"))
        page = self.rows[at : at + SIZE]
        if not page and at and self.beyond == "refused":
            return Reply(404, {"message": "no such page"})
        if not page and self.beyond == "repeated":
            page = self.rows[(len(self.rows) - 1) // SIZE * SIZE :]
        return Reply(body={"moths": page, self.says: len(page) if self.own else len(self.rows)})


def connect_to(connect: Connect, paginator: Paginator) -> Connected:
    return connect(declare("MothsIntegration", MothsIntegration, paginator=paginator))


@pytest.mark.parametrize("beyond", ["refused", "repeated", "empty"])
@pytest.mark.parametrize("total", [0, 7, 2 * SIZE, 45])
@pytest.mark.parametrize("says", ["total", "totalCount", "numFound", "nbHits"])
@pytest.mark.parametrize("kind", [PageNumber, Offset])
def test_122_no_page_is_asked_for_behind_the_last_one(
    connect: Connect, api: Vendor, kind: Any, says: str, total: int, beyond: str
) -> None:
    api.handler = Moths(total, beyond=beyond, says=says)
    acme = connect_to(connect, kind(more=says))
    report = acme.sync(ItemsStream)
    assert (report.end_reason, report.warnings) == (f"`{says}` says that there is no more", [])
    assert (acme.ids(ItemsStream), len(api.requests)) == (list(range(total)), max(1, -(-total // SIZE)))


@pytest.mark.parametrize("paginator", [PageNumber(more="total"), PageNumber("page", "n", SIZE, more="total")], ids=str)
@pytest.mark.parametrize("total", [SIZE, 2 * SIZE, 45])
def test_122_a_total_that_is_the_pages_own_ends_no_list(
    connect: Connect, api: Vendor, paginator: Paginator, total: int
) -> None:
    api.handler = Moths(total, beyond="empty", own=True)
    acme = connect_to(connect, paginator)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(total))


def test_122_pages_that_are_counted_from_0_end_there_too(connect: Connect, api: Vendor) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        at = int(param(request, "page")) * SIZE
        return Reply(body={"moths": items(*range(45))[at : at + SIZE], "total": 45})

    api.handler = answer
    stream = declare("ItemsStream", ItemsStream, params={"page": 0})
    settings = {"paginator": PageNumber(more="total"), "streams": (stream,)}
    acme = connect(declare("MothsIntegration", MothsIntegration, **settings))
    acme.sync(stream)
    assert (acme.ids(stream), len(api.requests)) == (list(range(45)), 3)


@pytest.mark.parametrize("beyond", ["refused", "empty"])
@pytest.mark.parametrize("total", [0, 1, SIZE, SIZE + 1, 45, 2 * SIZE + 1])
def test_122_records_that_are_counted_from_1_end_there_too(
    connect: Connect, api: Vendor, total: int, beyond: str
) -> None:
    """The place of the next record is then one more than the number of those that came."""

    def answer(request: ReceivedRequest) -> Reply:
        at = int(param(request, "startIndex")) - 1
        if at and at >= total and beyond == "refused":
            return Reply(404, {"message": "no such page"})
        return Reply(body={"moths": items(*range(total))[at : at + SIZE], "totalResults": total})

    api.handler = answer
    stream = declare("ItemsStream", ItemsStream, params={"startIndex": 1})
    settings = {"paginator": Offset("startIndex", more="totalResults"), "streams": (stream,)}
    acme = connect(declare("MothsIntegration", MothsIntegration, **settings))
    assert acme.sync(stream).warnings == []
    assert (acme.ids(stream), len(api.requests)) == (list(range(total)), max(1, -(-total // SIZE)))


@pytest.mark.parametrize("total", [1, SIZE, 45])
@pytest.mark.parametrize("pages", ["pages", "totalPages", "page_count"])
def test_122_a_loop_behind_the_last_of_so_many_pages_names_their_number(
    connect: Connect, api: Vendor, pages: str, total: int
) -> None:
    """Without `more`, an API that answers with the last page again has no empty one."""
    count = -(-total // SIZE)

    def answer(request: ReceivedRequest) -> Reply:
        at = (min(int(param(request, "page")), count) - 1) * SIZE
        return Reply(body={"moths": items(*range(total))[at : at + SIZE], "meta": {pages: count}})

    api.handler = answer
    with pytest.raises(SyncError) as raised:
        connect_to(connect, PageNumber()).sync(ItemsStream)
    named = "is 1 page" if count == 1 else f"are {count} pages"
    advice = f'`meta.{pages}` in the page says that there {named}: set more="meta.{pages}" on the paginator.'
    assert str(raised.value).endswith(advice)
    acme = connect_to(connect, PageNumber(more=f"meta.{pages}"))
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == list(range(total))


def test_122_a_loop_within_them_does_not(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"moths": items(*range(SIZE)), "pages": 9}))
    with pytest.raises(SyncError, match="the vendor may ignore its parameter"):
        connect_to(connect, PageNumber("p")).sync(ItemsStream)
