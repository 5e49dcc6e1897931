"""Pages that are cut from a list in another order each time lose records, and say so by those that come twice (133)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from dazz_assets import Cursor, NextLink, Offset, PageNumber, Paginator, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, param
from tests.conformance.integrations import CommonIntegration, Item
from tests.conformance.lists import filter_by_bounds, time_after
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 5
Order = Callable[[list[dict[str, Any]], int], Sequence[dict[str, Any]]]
"""The list from which the page of a request is cut, which is given with its number from 1."""


class LoansStream(Stream[Item]):
    path = "/loans"
    records = "loans"
    primary_key = "id"
    cursor = Cursor("at", since="since")


class Loans:
    """So many loans that changed at the same time, and one later."""

    def __init__(self, total: int, order: Order) -> None:
        self.loans = [{"id": number, "at": time_after(7)} for number in range(total)]
        self.loans.append({"id": total, "at": time_after(99)})
        self.order = order
        self.requests = 0

    def __call__(self, request: ReceivedRequest) -> Reply:
        self.requests += 1
        listed = self.order(filter_by_bounds(self.loans, request), self.requests)
        page = int(param(request, "page", "1"))
        start = int(param(request, "offset", str((page - 1) * SIZE)))
        following = f"?since={param(request, 'since', '2026')}&page={page + 1}" if start + SIZE < len(listed) else None
        return Reply(body={"loans": listed[start : start + SIZE], "next": following})


def shuffle(seed: int) -> Order:
    """Those that share a time come in any order, as databases sort them."""
    chance = random.Random(seed)

    def order(loans: list[dict[str, Any]], _: int) -> list[dict[str, Any]]:
        return sorted(chance.sample(loans, len(loans)), key=lambda loan: str(loan["at"]))

    return order


def keep(loans: list[dict[str, Any]], _: int) -> list[dict[str, Any]]:
    return loans


def connect_loans(connect: Connect, paginator: Paginator, **cursor: Any) -> tuple[Connected, type[Stream[Any]]]:
    stream = declare("LoansStream", LoansStream, cursor=Cursor("at", since="since", **cursor))
    return connect(declare("LoansIntegration", CommonIntegration, paginator=paginator, streams=(stream,))), stream


PAGINATORS = [PageNumber(), Offset(), NextLink("next")]


@pytest.mark.parametrize("paginator", PAGINATORS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_133_a_list_without_an_order_is_told_and_moves_no_mark(
    connect: Connect, api: Vendor, paginator: Paginator, seed: int
) -> None:
    api.handler = vendor = Loans(40, shuffle(seed))
    acme, loans = connect_loans(connect, paginator)
    report = acme.sync(loans)
    assert len(acme.ids(loans)) <= 41
    (warning,) = (told for told in report.warnings if "seems to hold the same" not in told)  # By chance, a page does.
    assert "records of loans came twice as they were, on different pages" in warning
    assert "sort by what is different in each record too, as by `params` of LoansStream" in warning
    assert (report.high_water_mark, report.gap is not None) == (None, True)
    vendor.order = keep
    report = acme.sync(loans)
    assert (report.high_water_mark, report.warnings, report.gap) == ("2026-01-10T01:39:00Z", [], None)
    assert acme.ids(loans) == list(range(41))
    assert acme.versions(loans) == 41


def test_133_all_of_them_are_not_replaced_by_such_a_list(connect: Connect, api: Vendor) -> None:
    api.handler = vendor = Loans(40, keep)
    acme, loans = connect_loans(connect, PageNumber())
    acme.sync(loans)
    vendor.order = shuffle(7)
    with pytest.raises(SyncError, match="moved to other pages each time"):
        acme.sync_range(loans, replace=True)
    assert acme.ids(loans) == list(range(41))


@pytest.mark.parametrize("paginator", PAGINATORS, ids=str)
def test_133_what_is_mixed_once_is_read_again(connect: Connect, api: Vendor, paginator: Paginator) -> None:
    """The second page is cut where two records have changed places, of which the first page had the one."""

    def order(loans: list[dict[str, Any]], request: int) -> list[dict[str, Any]]:
        if request == 2:
            loans[2], loans[SIZE + 1] = loans[SIZE + 1], loans[2]
        return loans

    api.handler = Loans(17, order)
    acme, loans = connect_loans(connect, paginator)
    report = acme.sync(loans)
    assert (report.warnings, report.gap) == ([], None)
    assert acme.ids(loans) == list(range(18))
    assert acme.versions(loans) == 18


@pytest.mark.parametrize("paginator", PAGINATORS, ids=str)
@pytest.mark.parametrize("times", [2, 3])
def test_133_records_that_the_vendor_lists_twice_are_no_sign_of_it(
    connect: Connect, api: Vendor, paginator: Paginator, times: int
) -> None:
    api.handler = Loans(17, lambda loans, _: loans * times)
    acme, loans = connect_loans(connect, paginator)
    report = acme.sync(loans)
    assert (report.warnings, report.gap) == ([], None)
    assert acme.versions(loans) == 18


@pytest.mark.parametrize("paginator", PAGINATORS, ids=str)
@pytest.mark.parametrize("added", [1, 2, 3])
def test_133_nor_are_those_of_a_list_that_grows_at_its_front(
    connect: Connect, api: Vendor, paginator: Paginator, added: int
) -> None:
    """It is not read again either: what was added comes with the next sync."""

    def order(loans: list[dict[str, Any]], request: int) -> list[dict[str, Any]]:
        new = [{"id": 100 + number, "at": time_after(200)} for number in range(added if request > 1 else 0)]
        return [*reversed(new), *reversed(loans)]

    api.handler = vendor = Loans(17, order)
    acme, loans = connect_loans(connect, paginator)
    report = acme.sync(loans)
    assert (report.warnings, report.gap) == ([], None)
    assert set(range(18)) <= set(acme.ids(loans))
    assert vendor.requests <= 6
