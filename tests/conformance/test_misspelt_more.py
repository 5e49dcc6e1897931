"""A paginator's `more` that the pages don't have is told, so that no list is read for ever or for too long."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import CursorToken, LinkHeader, NextLink, Offset, PageNumber, Paginator
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class Rows:
    """A list of some pages, each with a link, a token and a flag; the last ones name a further page as well.

    flag: makes the flag of a page from its number and whether it is the last.
    """

    def __init__(self, pages: int, flag: Any, *, ends: bool = True) -> None:
        self.pages, self.flag, self.ends = pages, flag, ends

    def __call__(self, asked: ReceivedRequest) -> Reply:
        place = param(asked, "page") or param(asked, "token") or "1"
        number = int(param(asked, "offset", "0")) // 2 + 1 if "offset" in asked.query else int(place)
        last = number >= self.pages
        way = {} if last and self.ends else {"token": str(number + 1), "link": f"/items?page={number + 1}"}
        rows = items(2 * number, 2 * number + 1) if number <= self.pages or not self.ends else []
        headers = {"Link": f'<{way["link"]}>; rel="next"'} if way else {}
        return Reply(200, {"rows": rows, **way, **self.flag(last)}, headers)


def rows_of(paginator: Paginator) -> Any:
    return declare("RowsIntegration", CommonIntegration, records="rows", streams=(ItemsStream,), paginator=paginator)


def makers(more: str) -> list[Paginator]:
    return [
        CursorToken("token", param="token", more=more),
        NextLink("link", more=more),
        LinkHeader(more=more),
        PageNumber(more=more),
        Offset(more=more),
    ]


@pytest.mark.parametrize("paginator", makers("islast"), ids=lambda item: type(item).__name__)
def test_a_field_that_differs_in_case_alone_fails_at_once(paginator: Paginator, connect: Connect, api: Vendor) -> None:
    api.handler = Rows(3, lambda last: {"isLast": last}, ends=False)
    with pytest.raises(SyncError, match=r"anything at `islast`, which .*`isLast` is there.*more=\"isLast\""):
        connect(rows_of(paginator)).sync(ItemsStream)
    assert len(api.requests) == 1


@pytest.mark.parametrize("paginator", makers("hasMoer"), ids=lambda item: type(item).__name__)
def test_a_list_that_ends_without_it_is_a_warning(paginator: Paginator, connect: Connect, api: Vendor) -> None:
    api.handler = Rows(3, lambda last: {"hasMore": False} if last else {"hasMore": True})
    (warning,) = connect(rows_of(paginator)).sync(ItemsStream).warnings
    assert "no page so far has anything at `hasMoer`" in warning
    assert 'did you mean more="hasMore"?' in warning


def test_a_list_that_goes_on_and_on_without_it_is_a_warning(connect: Connect, api: Vendor) -> None:
    api.handler = Rows(1, lambda last: {}, ends=False)
    paginator = CursorToken("token", param="token", more="again")
    streams = (declare("ItemsStream", ItemsStream, max_pages=25),)
    acme = connect(declare("RowsIntegration", rows_of(paginator), streams=streams))
    with pytest.raises(SyncError, match="more than 25 pages") as failed:
        acme.sync(streams[0])
    (warning,) = failed.value.report.warnings  # type: ignore[union-attr]
    assert "no page so far has anything at `again`" in warning


@pytest.mark.parametrize("paginator", makers("isLast"), ids=lambda item: type(item).__name__)
def test_a_flag_that_the_last_page_alone_has_is_no_mistake(paginator: Paginator, connect: Connect, api: Vendor) -> None:
    api.handler = Rows(25, lambda last: {"isLast": True} if last else {}, ends=False)
    report = connect(rows_of(paginator)).sync(ItemsStream)
    assert (report.stored, report.warnings) == (50, [])


@pytest.mark.parametrize("paginator", makers("hasMore"), ids=lambda item: type(item).__name__)
def test_a_list_of_one_page_may_lack_it(paginator: Paginator, connect: Connect, api: Vendor) -> None:
    api.handler = lambda asked: Reply(body={"rows": items(1) if param(asked, "offset", "0") == "0" else []})
    counts = isinstance(paginator, Offset | PageNumber)
    if not counts:
        assert connect(rows_of(paginator)).sync(ItemsStream).warnings == []
