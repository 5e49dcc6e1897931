"""A parse that leaves out most of what was published, though the records are there, is told of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dazz_assets import FullRefresh, Incremental, parser
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.spec.read import read_integration
from tests.help_desk_vendor import AgentsStream, Customer, Desk, Incident, PagedDeskApi, TicketsOnly, TicketsStream


class Sparing(TicketsOnly):
    """An incident for each ticket below a number."""

    BELOW = 100

    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            if ticket.id < self.BELOW:
                yield self.incident(ticket)


class Agents(PagedDeskApi):
    """An incident for each agent."""

    streams = (AgentsStream,)

    @parser
    def incidents(self, agents: FullRefresh[AgentsStream]) -> Iterator[Incident]:
        for agent in agents:
            yield Incident(id=self.object_id(agent.id), title=agent.name)


class Forgetful(TicketsOnly):
    """As after an edit that left a `return` in front."""

    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        return
        yield from map(self.incident, tickets)


@pytest.fixture
def stored(desk: Desk, customer: Customer) -> Customer:
    desk.tickets.clear()
    for number in range(1, 11):
        desk.put(number, f"2026-01-{number + 5:02}T10:00:00Z")
    customer.spec = read_integration(Sparing)
    customer.sync()
    assert customer.parse(every=True).warnings == []
    return customer


def test_a_parser_that_yields_nothing_any_more_is_told_of(stored: Customer) -> None:
    stored.spec = read_integration(Forgetful)
    (told,) = stored.parse(every=True).warnings
    assert told.startswith("0 objects are published, and 10 were before, though 10 records are stored.")


@pytest.mark.parametrize(("below", "is_told"), [(6, False), (5, True), (2, True)])
def test_one_that_leaves_out_more_than_half_is_told_of(
    stored: Customer, below: int, is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sparing, "BELOW", below)
    warnings = stored.parse(every=True).warnings
    assert [f"{below - 1} object" in text for text in warnings] == [True] * is_told
    # What is so by then is not told again.
    assert stored.parse(every=True).warnings == []


def test_objects_that_go_with_their_records_are_not_lost(desk: Desk, customer: Customer) -> None:
    desk.agents = [{"id": number, "name": f"agent {number}"} for number in range(1, 11)]
    customer.spec = read_integration(Agents)
    customer.sync()
    assert customer.parse(every=True).objects == 10
    desk.agents = desk.agents[:1]
    customer.sync(sync_range=SyncRange(accept_shrink=True))
    report = customer.parse(every=True)
    assert (report.objects, report.warnings) == (1, [])
