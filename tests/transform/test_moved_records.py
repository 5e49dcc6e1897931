"""A changed record leaves its old window; what was parsed from there must not come back, whatever the parser does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Incremental, parser
from tests.desk import Customer, Desk, Fixed, Incident, Ticket, TicketsOnly, TicketsStream


class YieldsAsItReads(TicketsOnly):
    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            yield self.incident(ticket)


class ListsFirst(TicketsOnly):
    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> list[Incident]:
        return [self.incident(ticket) for ticket in reversed(list(tickets))]


class LooksAhead(TicketsOnly):
    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        before: Ticket | None = None
        for ticket in tickets:
            if before is not None:
                yield self.incident(before)
            before = ticket
        if before is not None:
            yield self.incident(before)


class LeavesSomeOut(TicketsOnly):
    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            if "wontfix" not in ticket.title:
                yield self.incident(ticket)


ALL = [YieldsAsItReads, ListsFirst, LooksAhead, LeavesSomeOut]


@pytest.mark.parametrize("integration", ALL)
def test_after_the_next_sync_the_old_version_is_gone(integration: type[Any], desk: Desk, tmp_path: Path) -> None:
    customer = _synced(integration, desk, tmp_path)
    desk.put(1, "2026-01-21T10:00:00Z", "ticket 1, reopened")
    customer.sync()
    report = customer.parse()
    assert customer.titles() == ["ticket 1, reopened", "ticket 2", "ticket 3", "ticket 4"]
    assert set(report.windows) == {Fixed.FIRST, Fixed.THIRD}


@pytest.mark.parametrize("integration", ALL)
def test_an_old_window_parsed_again_brings_nothing_stale_back(
    integration: type[Any], desk: Desk, tmp_path: Path
) -> None:
    customer = _synced(integration, desk, tmp_path)
    desk.put(1, "2026-01-21T10:00:00Z", "ticket 1, reopened")
    customer.sync()
    customer.parse()
    customer.parse(Fixed.FIRST)
    assert customer.titles() == ["ticket 1, reopened", "ticket 2", "ticket 3", "ticket 4"]


@pytest.mark.parametrize("integration", ALL)
def test_windows_in_any_order_give_the_same(integration: type[Any], desk: Desk, tmp_path: Path) -> None:
    customer = _synced(integration, desk, tmp_path)
    desk.put(1, "2026-01-21T10:00:00Z", "ticket 1, reopened")
    customer.sync()
    for window in (Fixed.THIRD, Fixed.FIRST, Fixed.SECOND):
        customer.parse(window)
    assert customer.titles() == ["ticket 1, reopened", "ticket 2", "ticket 3", "ticket 4"]


def test_an_object_that_its_record_no_longer_yields_is_gone(desk: Desk, tmp_path: Path) -> None:
    customer = _synced(LeavesSomeOut, desk, tmp_path)
    desk.put(2, "2026-01-22T10:00:00Z", "ticket 2, wontfix")
    customer.sync()
    customer.parse()
    assert customer.titles() == ["ticket 1", "ticket 3", "ticket 4"]


def test_a_window_whose_records_all_moved_on_is_empty(desk: Desk, tmp_path: Path) -> None:
    customer = _synced(YieldsAsItReads, desk, tmp_path)
    desk.put(3, "2026-01-23T10:00:00Z", "ticket 3, again")
    customer.sync()
    customer.parse()
    held = customer.rows("select distinct cast(window_start as varchar) as w from incidents order by w")
    assert [row["w"] for row in held] == ["2026-01-05", "2026-01-19"]


def test_a_change_inside_its_window_parses_that_window_alone(desk: Desk, tmp_path: Path) -> None:
    customer = _synced(YieldsAsItReads, desk, tmp_path)
    desk.put(4, "2026-01-20T11:00:00Z", "ticket 4, edited")
    customer.sync()
    assert set(customer.parse().windows) == {Fixed.THIRD}
    assert "ticket 4, edited" in customer.titles()


def _synced(integration: type[Any], desk: Desk, tmp_path: Path) -> Customer:
    customer = Customer(tmp_path, desk.vendor.url, integration)
    customer.sync()
    customer.parse()
    assert customer.titles() == ["ticket 1", "ticket 2", "ticket 3", "ticket 4"]
    return customer
