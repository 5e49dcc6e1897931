"""Of two parses that no lock keeps apart, as on object storage, the one that publishes later is discarded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dazz_assets import Incremental, parser
from dazz_assets.errors import ParseError
from dazz_assets.spec.read import read_integration
from tests.help_desk_vendor import Customer, Desk, Incident, TicketsOnly, TicketsStream

MEANWHILE: list[Callable[[], object]] = []


class Interrupted(TicketsOnly):
    """Something happens while it parses. The lock lets the thread in that holds it."""

    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        if MEANWHILE:
            MEANWHILE.pop()()
        yield from map(self.incident, tickets)


@pytest.mark.parametrize("published_before", [True, False])
def test_a_parse_during_which_another_published_is_discarded(
    desk: Desk, customer: Customer, published_before: bool
) -> None:
    customer.spec = read_integration(Interrupted)
    customer.sync()
    if published_before:
        customer.parse(every=True)
    MEANWHILE.append(lambda: customer.parse(every=True))
    with pytest.raises(ParseError, match="desk/acme, parser incidents: another parse published meanwhile"):
        customer.parse(every=True)
    titles = customer.titles()
    assert len(titles) == len(set(titles)) == 4
    assert customer.parse().objects == 0
