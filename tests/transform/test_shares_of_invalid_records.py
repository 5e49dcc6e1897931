"""How many records are invalid is judged of each input, whichever windows read it, and never ends in silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dazz_assets import FullRefresh, Incremental, parser
from dazz_assets.errors import ParseError
from tests.help_desk_vendor import AgentsStream, Customer, Desk, Incident, PagedDeskApi, TicketsStream

TICKETS = 80
AGENTS = 400


class TwiceDesk(PagedDeskApi):
    """A parser that reads all tickets beside those of its window."""

    streams = (TicketsStream,)

    @parser
    def incidents(self, every: FullRefresh[TicketsStream], tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        known = sum(1 for _ in every)
        for ticket in tickets:
            yield Incident(id=self.object_id(ticket.id), title=f"{ticket.title} of {known}")


class HastyDesk(PagedDeskApi):
    """A parser that reads few agents for one window, and all for another."""

    streams = (AgentsStream, TicketsStream)

    @parser
    def incidents(self, agents: FullRefresh[AgentsStream], tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            known = next(iter(agents)).name if ticket.id == 1 else str(sum(1 for _ in agents))
            yield Incident(id=self.object_id(ticket.id), title=known)


def put_tickets(desk: Desk, invalid: int) -> None:
    """Tickets over four weeks, of which some have an agent that is no number."""
    for number in range(TICKETS):
        desk.put(
            100 + number, f"2026-02-{1 + number % 28:02}T10:00:00Z", **({"agent": "x"} if number < invalid else {})
        )


def test_a_stream_that_a_parser_reads_twice_is_judged_once(desk: Desk, tmp_path: Path) -> None:
    desk.tickets.clear()
    put_tickets(desk, invalid=3)
    customer = Customer(tmp_path, desk.vendor.url, TwiceDesk)
    customer.sync()
    report = customer.parse(every=True)
    assert (report.objects, report.read, report.invalid) == (77, {"tickets": 2 * TICKETS}, {"tickets": 6})
    assert len(customer.titles()) == 77


@pytest.mark.parametrize("invalid", [9, 40, 80])
def test_too_many_invalid_records_of_a_stream_that_is_read_twice_publish_nothing(
    desk: Desk, tmp_path: Path, invalid: int
) -> None:
    desk.tickets.clear()
    put_tickets(desk, invalid)
    customer = Customer(tmp_path, desk.vendor.url, TwiceDesk)
    customer.sync()
    for _ in range(2):
        with pytest.raises(ParseError, match=r"of tickets.* are invalid, more than max_invalid = 0\.1 allows"):
            customer.parse(every=True)
        assert customer.titles() == []


def test_invalid_records_that_a_later_window_is_the_first_to_read_are_counted(desk: Desk, tmp_path: Path) -> None:
    desk.agents = [{"id": n, "name": f"agent {n}" if n < AGENTS - 100 else None} for n in range(1, AGENTS + 1)]
    customer = Customer(tmp_path, desk.vendor.url, HastyDesk)
    customer.sync()
    with pytest.raises(ParseError, match=r"of agents.* are invalid"):
        customer.parse(every=True)
