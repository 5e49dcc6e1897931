"""A changed record leaves its old window, and its old objects must not return, whatever the parser does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Incremental, parser
from tests.help_desk_vendor import Customer, Desk, Incident, Mondays, Ticket, TicketsOnly, TicketsStream


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
def test_after_the_next_sync_the_old_object_is_gone(integration: type[Any], desk: Desk, tmp_path: Path) -> None:
    customer = _sync_and_parse(integration, desk, tmp_path)
    desk.put(1, "2026-01-21T10:00:00Z", "ticket 1, reopened")
    customer.sync()
    report = customer.parse()
    assert customer.titles() == ["ticket 1, reopened", "ticket 2", "ticket 3", "ticket 4"]
    assert set(report.windows) == {Mondays.FIRST, Mondays.THIRD}


@pytest.mark.parametrize("integration", ALL)
def test_parsing_the_old_window_again_does_not_restore_the_old_object(
    integration: type[Any], desk: Desk, tmp_path: Path
) -> None:
    customer = _sync_and_parse(integration, desk, tmp_path)
    desk.put(1, "2026-01-21T10:00:00Z", "ticket 1, reopened")
    customer.sync()
    customer.parse()
    customer.parse(Mondays.FIRST)
    assert customer.titles() == ["ticket 1, reopened", "ticket 2", "ticket 3", "ticket 4"]


@pytest.mark.parametrize("integration", ALL)
def test_windows_in_any_order_give_the_same_objects(integration: type[Any], desk: Desk, tmp_path: Path) -> None:
    customer = _sync_and_parse(integration, desk, tmp_path)
    desk.put(1, "2026-01-21T10:00:00Z", "ticket 1, reopened")
    customer.sync()
    for window in (Mondays.THIRD, Mondays.FIRST, Mondays.SECOND):
        customer.parse(window)
    assert customer.titles() == ["ticket 1, reopened", "ticket 2", "ticket 3", "ticket 4"]


def test_an_object_that_its_record_no_longer_yields_is_gone(desk: Desk, tmp_path: Path) -> None:
    customer = _sync_and_parse(LeavesSomeOut, desk, tmp_path)
    desk.put(2, "2026-01-22T10:00:00Z", "ticket 2, wontfix")
    customer.sync()
    customer.parse()
    assert customer.titles() == ["ticket 1", "ticket 3", "ticket 4"]


def test_a_window_whose_records_all_moved_on_is_empty(desk: Desk, tmp_path: Path) -> None:
    customer = _sync_and_parse(YieldsAsItReads, desk, tmp_path)
    desk.put(3, "2026-01-23T10:00:00Z", "ticket 3, again")
    customer.sync()
    customer.parse()
    held = customer.rows("select distinct cast(window_start as varchar) as w from incidents order by w")
    assert [row["w"] for row in held] == ["2026-01-05", "2026-01-19"]


def test_a_change_within_a_window_parses_only_that_window(desk: Desk, tmp_path: Path) -> None:
    customer = _sync_and_parse(YieldsAsItReads, desk, tmp_path)
    desk.put(4, "2026-01-20T11:00:00Z", "ticket 4, edited")
    customer.sync()
    assert set(customer.parse().windows) == {Mondays.THIRD}
    assert "ticket 4, edited" in customer.titles()


def _sync_and_parse(integration: type[Any], desk: Desk, tmp_path: Path) -> Customer:
    customer = Customer(tmp_path, desk.vendor.url, integration)
    customer.sync()
    customer.parse()
    assert customer.titles() == ["ticket 1", "ticket 2", "ticket 3", "ticket 4"]
    return customer
