"""A `count` may be the number of all records, or that of the page (conformance 58)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dazz_assets import Cursor, NextLink, Offset, PageNumber, Paginator, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream
from tests.conformance.lists import changes, filter_by_bounds
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 6
Body = dict[str, Any]


class Shelf:
    """Books in pages of 6. is_short: whether the list ends after two pages, though there is a third."""

    def __init__(self, api: Vendor, describe: Callable[[Body], Body]) -> None:
        self.api = api
        self.describe = describe
        self.books = items(*range(15))
        self.is_short = False

    def __call__(self, request: ReceivedRequest) -> Reply:
        page = int(param(request, "page", "1"))
        start = int(param(request, "offset", str((page - 1) * SIZE)))
        listed = self.books[: 2 * SIZE] if self.is_short else self.books
        books = listed[start : start + SIZE]
        url = f"{self.api.url}/items?page={{}}"
        known = {
            "books": books,
            "all": len(self.books),
            "own": len(books),
            "next": url.format(page + 1) if start + SIZE < len(listed) else None,
            "previous": url.format(page - 1) if page > 1 else None,
        }
        return Reply(body=self.describe(known))


def rest_framework(page: Body) -> Body:
    return {"count": page["all"], "next": page["next"], "previous": page["previous"], "books": page["books"]}


def help_center(page: Body) -> Body:
    return {"books": page["books"], "next_page": page["next"], "previous_page": page["previous"], "count": page["all"]}


def in_meta(page: Body) -> Body:
    return {"meta": {"count": page["all"], "next": page["next"], "prev": page["previous"]}, "books": page["books"]}


def alone(page: Body) -> Body:
    return {"count": page["all"], "next": page["next"], "books": page["books"]}


def as_text(page: Body) -> Body:
    return {"found": str(page["all"]), "next": page["next"], "books": page["books"]}


def own_count(page: Body) -> Body:
    return {"count": page["own"], "next": page["next"], "previous": page["previous"], "books": page["books"]}


def size(page: Body) -> Body:
    return {"count": 100, "next": page["next"], "books": page["books"]}


def own_beside_all(page: Body) -> Body:
    return {"count": page["own"], "total": page["all"], "next": page["next"], "books": page["books"]}


def connect_shelf(connect: Connect, paginator: Paginator | None = None, **settings: Any) -> Any:
    settings = {"streams": (ItemsStream,), "records": "books", "paginator": paginator or NextLink("next"), **settings}
    return connect(declare("ShelfIntegration", CommonIntegration, **settings))


@pytest.mark.parametrize(
    ("describe", "paginator"),
    [
        (rest_framework, NextLink("next")),
        (rest_framework, PageNumber()),
        (rest_framework, Offset(size_param="limit", size=SIZE)),
        (help_center, NextLink("next_page")),
        (in_meta, NextLink("meta.next")),
        (alone, NextLink("next")),
        (alone, PageNumber()),
        (as_text, NextLink("next")),
        (own_beside_all, NextLink("next")),
    ],
)
def test_58_a_count_that_agreed_with_a_list_of_several_pages_counts(
    connect: Connect, api: Vendor, describe: Callable[[Body], Body], paginator: Paginator
) -> None:
    api.handler = shelf = Shelf(api, describe)
    acme = connect_shelf(connect, paginator)
    assert acme.sync(ItemsStream).warnings == []
    shelf.is_short = True
    with pytest.raises(SyncError, match="a total of 15 records, but sent only 12"):
        acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(15))


@pytest.mark.parametrize("describe", [rest_framework, in_meta])
def test_58_a_count_between_links_is_a_total_by_its_place(
    connect: Connect, api: Vendor, describe: Callable[[Body], Body]
) -> None:
    api.handler = shelf = Shelf(api, describe)
    shelf.is_short = True
    acme = connect_shelf(connect, NextLink("next" if describe is rest_framework else "meta.next"))
    (warning,) = acme.sync(ItemsStream).warnings
    assert "the vendor gives a total of 15, but the list ended after 12 records" in warning


def test_58_a_count_between_links_that_falls_is_told(connect: Connect, api: Vendor) -> None:
    """A record was removed from the first page, so that one of the second slipped behind the walk."""
    api.handler = shelf = Shelf(api, rest_framework)

    def page(request: ReceivedRequest) -> Reply:
        reply = shelf(request)
        del shelf.books[0]
        return reply

    api.handler = page
    (warning,) = connect_shelf(connect).sync(ItemsStream).warnings
    assert "the vendor's total fell from" in warning


@pytest.mark.parametrize("describe", [own_count, size])
@pytest.mark.parametrize(
    "paginator", [NextLink("next"), PageNumber(), Offset(size_param="limit", size=SIZE)], ids=["link", "page", "offset"]
)
def test_58_a_count_of_something_else_is_no_cause_for_a_word(
    connect: Connect, api: Vendor, describe: Callable[[Body], Body], paginator: Paginator
) -> None:
    api.handler = shelf = Shelf(api, describe)
    acme = connect_shelf(connect, paginator)
    for shelf.is_short in (False, True, False):
        assert acme.sync(ItemsStream).warnings == []


def test_58_a_count_of_the_page_does_not_count_for_a_total_that_agreed_before(connect: Connect, api: Vendor) -> None:
    """The vendor leaves out the total of large lists."""
    api.handler = shelf = Shelf(api, own_beside_all)
    acme = connect_shelf(connect)
    acme.sync(ItemsStream)
    shelf.describe = own_count
    report = acme.sync(ItemsStream)
    assert (report.warnings, len(acme.ids(ItemsStream))) == ([], 15)


@pytest.mark.parametrize("total", [None, "count"])
def test_58_total_settles_what_a_count_is(connect: Connect, api: Vendor, total: str | None) -> None:
    api.handler = shelf = Shelf(api, alone)
    acme = connect_shelf(connect, total=total)
    acme.sync(ItemsStream)
    shelf.is_short = True
    if total is None:
        assert acme.sync(ItemsStream).warnings == []
    else:
        with pytest.raises(SyncError, match="a total of 15 records"):
            acme.sync(ItemsStream)


class ChangedStream(Stream[Item]):
    path = "/changes"
    cursor = Cursor("at", since="since")


def test_58_a_count_without_the_filter_is_not_believed(connect: Connect, api: Vendor) -> None:
    records = changes(20)

    def page(request: ReceivedRequest) -> Reply:
        start = int(param(request, "offset", "0"))
        listed = filter_by_bounds(records, request)
        return Reply(body={"count": len(records), "books": listed[start : start + 5]})

    api.handler = page
    acme = connect_shelf(connect, Offset(), streams=(ChangedStream,))
    for number in (20, 35, 46, 46):
        records = changes(number)
        report = acme.sync(ChangedStream)
        assert (report.warnings, report.gap) == ([], None)
    assert acme.ids(ChangedStream) == list(range(46))
