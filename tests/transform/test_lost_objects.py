"""A parse that leaves out most of what was published is told of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dazz_assets import Incremental, parser
from dazz_assets.spec.read import read_integration
from tests.help_desk_vendor import Customer, Desk, Incident, TicketsOnly, TicketsStream


class Sparing(TicketsOnly):
    """An incident for each ticket below a number."""

    BELOW = 100

    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            if ticket.id < self.BELOW:
                yield self.incident(ticket)


class Forgetful(TicketsOnly):
    """As after an edit that left a `return` in front."""

    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        return
        yield from map(self.incident, tickets)


@pytest.fixture
def stored(desk: Desk, customer: Customer) -> Customer:
    desk.tickets.clear()
    for number in range(1, 21):
        desk.put(number, f"2026-01-{number + 5:02}T10:00:00Z")
    customer.spec = read_integration(Sparing)
    customer.sync()
    assert customer.parse(every=True).warnings == []
    return customer


def test_a_parser_that_yields_nothing_any_more_is_told_of(stored: Customer) -> None:
    stored.spec = read_integration(Forgetful)
    (told,) = stored.parse(every=True).warnings
    assert told.startswith("0 objects are published, and 20 were before: unless their records are gone, ")


@pytest.mark.parametrize(("below", "is_told"), [(11, False), (10, True), (2, True)])
def test_one_that_leaves_out_more_than_half_is_told_of(
    stored: Customer, below: int, is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sparing, "BELOW", below)
    warnings = stored.parse(every=True).warnings
    assert [f"{below - 1} object" in text for text in warnings] == [True] * is_told
    # What is so by then is not told again.
    assert stored.parse(every=True).warnings == []


def test_of_few_objects_any_may_go(stored: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sparing, "BELOW", 20)
    stored.parse(every=True)
    monkeypatch.setattr(Sparing, "BELOW", 1)
    assert stored.parse(every=True).warnings == []
