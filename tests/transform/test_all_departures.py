"""A parser may go through all that left a snapshot, and keep its objects."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import FullRefresh, Integration, parser
from dazz_assets.errors import ParseError
from tests.help_desk_vendor import AgentsStream, Customer, Desk, Incident, PagedDeskApi, TicketsStream
from tests.transform.test_departures import MONDAY, TUESDAY, agents, sync


class LeavingDesk(PagedDeskApi):
    streams = (AgentsStream, TicketsStream)

    @parser
    def incidents(self, agents: FullRefresh[AgentsStream]) -> Iterator[Incident]:
        for agent in agents:
            yield Incident(id=self.object_id(agent.id), title=str(agent.id), agent="here")
        for key, gone in agents.departures().items():
            yield Incident(id=self.object_id(int(key)), title=key, agent=gone.isoformat() if gone else "missing")


def test_a_parser_goes_through_what_left_the_list_and_keeps_its_objects(desk: Desk, tmp_path: Path) -> None:
    customer = Customer(tmp_path, desk.vendor.url, LeavingDesk)
    sync(customer)
    ids = customer.rows("select id, title from incidents order by id")
    assert agents(customer) == {"1": "here", "2": "here"}

    ada = desk.agents.pop(0)
    sync(customer, TUESDAY)
    assert agents(customer) == {"1": TUESDAY.isoformat(), "2": "here"}
    assert customer.rows("select id, title from incidents order by id") == ids

    desk.agents.append(ada)
    sync(customer, TUESDAY)
    assert agents(customer) == {"1": "here", "2": "here"}


def test_what_came_back_and_left_again_between_two_parses_is_gone_since_it_left_last(
    desk: Desk, tmp_path: Path
) -> None:
    customer = Customer(tmp_path, desk.vendor.url, LeavingDesk)
    sync(customer)
    ada = desk.agents.pop(0)
    sync(customer)
    desk.agents.insert(0, ada)
    customer.sync("agents")
    del desk.agents[0]
    sync(customer, TUESDAY)
    assert agents(customer) == {"1": TUESDAY.isoformat(), "2": "here"}


def test_what_a_list_lacks_that_may_not_be_whole_left_at_no_known_time(desk: Desk, tmp_path: Path) -> None:
    customer = Customer(tmp_path, desk.vendor.url, LeavingDesk)
    sync(customer)
    desk.agents[0] = {"name": "no id, so it may be any"}
    sync(customer)
    assert agents(customer) == {"1": "missing", "2": "here"}

    del desk.agents[0]
    sync(customer, TUESDAY)
    assert agents(customer) == {"1": TUESDAY.isoformat(), "2": "here"}


def test_a_stream_with_a_cursor_has_no_departures(desk: Desk, tmp_path: Path) -> None:
    class Asking(PagedDeskApi):
        streams = (TicketsStream,)

        @parser
        def incidents(self, tickets: FullRefresh[TicketsStream]) -> Iterator[Incident]:
            yield from (Incident(id=key, title=key, agent="") for key in tickets.departures())

    asking: type[Integration[Any]] = Asking
    customer = Customer(tmp_path, desk.vendor.url, asking)
    customer.sync()
    with pytest.raises(ParseError, match=r"departures\(\) of tickets: the stream has a cursor"):
        customer.parse()


def test_in_a_test_departures_have_the_keys_of_the_lake() -> None:
    listed: FullRefresh[AgentsStream] = FullRefresh([], gone={1: MONDAY, ("shop", 2): None})

    assert listed.departures() == {"1": MONDAY, '["shop",2]': None}
