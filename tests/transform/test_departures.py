"""Parsers know what a vendor no longer lists: by a complete list that lacks it, and never by a partial one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from pydantic import BaseModel

from dazz_assets import FullRefresh, Incremental, Integration, Stream, parser
from dazz_assets.errors import ParseError, SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Table
from tests.help_desk_vendor import AgentsStream, Customer, Desk, Incident, PagedDeskApi, TicketsStream
from tests.http.loopback import ReceivedRequest, Reply

MONDAY = datetime(2026, 2, 2, tzinfo=UTC)
TUESDAY = datetime(2026, 2, 3, tzinfo=UTC)


class GoneDesk(PagedDeskApi):
    streams = (AgentsStream, TicketsStream)

    @parser(refresh="changed")
    def incidents(self, agents: FullRefresh[AgentsStream], tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            gone = agents.gone_since(ticket.agent)
            yield Incident(id=self.object_id(ticket.id), title=ticket.title, agent=gone.isoformat() if gone else "here")


@pytest.fixture
def customer(desk: Desk, tmp_path: Path) -> Customer:
    return Customer(tmp_path, desk.vendor.url, GoneDesk)


def agents(customer: Customer) -> dict[str, str]:
    return {row["title"]: row["agent"] for row in customer.rows("select title, agent from incidents")}


def sync(customer: Customer, at: datetime = MONDAY) -> None:
    with time_machine.travel(at, tick=False):
        customer.sync()
        customer.parse()


def test_what_a_complete_list_lacks_is_gone_since_then(desk: Desk, customer: Customer) -> None:
    sync(customer)
    assert set(agents(customer).values()) == {"here"}

    del desk.agents[0]
    sync(customer, TUESDAY)

    assert agents(customer) == {
        "ticket 1": TUESDAY.isoformat(),
        "ticket 2": "here",
        "ticket 3": "here",
        "ticket 4": "here",
    }


def test_later_syncs_and_a_restream_tell_the_same_time(desk: Desk, customer: Customer) -> None:
    sync(customer)
    del desk.agents[0]
    sync(customer, MONDAY)
    del desk.agents[0]
    sync(customer, TUESDAY)
    customer.parse(every=True)

    found = agents(customer)
    assert (found["ticket 1"], found["ticket 2"]) == (MONDAY.isoformat(), TUESDAY.isoformat())


def test_what_was_never_listed_is_not_gone(desk: Desk, customer: Customer) -> None:
    sync(customer)
    desk.put(5, "2026-01-21T10:00:00Z", agent=9)
    desk.agents.append({"id": 3, "name": "Cy"})
    sync(customer, TUESDAY)

    assert agents(customer)["ticket 5"] == "here"


def test_what_comes_back_is_no_longer_gone(desk: Desk, customer: Customer) -> None:
    sync(customer)
    ada = desk.agents.pop(0)
    sync(customer)
    desk.agents.append(ada)
    sync(customer, TUESDAY)

    assert agents(customer)["ticket 1"] == "here"


def test_what_left_while_all_others_did_is_gone_too(desk: Desk, customer: Customer) -> None:
    sync(customer)
    desk.agents.clear()
    sync(customer, TUESDAY)

    assert agents(customer)["ticket 1"] == agents(customer)["ticket 2"] == TUESDAY.isoformat()


def test_an_invalid_record_is_not_gone(desk: Desk, customer: Customer) -> None:
    sync(customer)
    desk.agents[0] = {"id": 1}
    sync(customer, TUESDAY)

    assert agents(customer)["ticket 1"] == "here"


def test_while_a_listed_record_has_no_key_nothing_is_gone(desk: Desk, customer: Customer) -> None:
    sync(customer)
    desk.agents[0] = {"name": "Ada"}
    sync(customer, MONDAY)
    assert agents(customer)["ticket 1"] == "here"

    del desk.agents[0]
    sync(customer, TUESDAY)
    assert agents(customer)["ticket 1"] == TUESDAY.isoformat()


def test_a_list_that_fails_says_nothing(desk: Desk, customer: Customer) -> None:
    sync(customer)
    desk.failing["/agents"] = Reply(403, {"message": "not yours"})
    with pytest.raises(SyncError):
        customer.sync("agents")
    customer.parse(stale=True)

    assert set(agents(customer).values()) == {"here"}


def test_a_list_that_may_lack_records_says_nothing_until_a_whole_one_does(desk: Desk, customer: Customer) -> None:
    sync(customer)
    del desk.agents[0]

    def answer(asked: ReceivedRequest) -> Reply:
        """Say that there are two agents, and list one."""
        whole = desk.answer(asked)
        return Reply(body={**whole.body, "total": 2}) if asked.path == "/agents" else whole

    desk.vendor.handler = answer
    sync(customer, MONDAY)
    assert customer.rows("select key from raw.desk_agents") == [{"key": "2"}]
    assert agents(customer)["ticket 1"] == "here"

    desk.vendor.handler = desk.answer
    sync(customer, TUESDAY)
    assert agents(customer)["ticket 1"] == TUESDAY.isoformat()


class RefusableAgents(AgentsStream):
    name = "agents"
    accept = {403: "skip"}


class RefusableDesk(PagedDeskApi):
    streams = (RefusableAgents, TicketsStream)

    @parser(refresh="changed")
    def incidents(
        self, agents: FullRefresh[RefusableAgents], tickets: Incremental[TicketsStream]
    ) -> Iterator[Incident]:
        yield from GoneDesk.incidents(self, agents, tickets)  # type: ignore[arg-type]


def test_a_list_that_was_refused_says_nothing_though_the_stream_accepts_it(desk: Desk, tmp_path: Path) -> None:
    customer = Customer(tmp_path, desk.vendor.url, RefusableDesk)
    sync(customer)
    desk.failing["/agents"] = Reply(403, {"message": "not yours"})
    sync(customer, TUESDAY)

    assert customer.rows("select key from raw.desk_agents") == []
    assert set(agents(customer).values()) == {"here"}


class Seat(BaseModel):
    id: int


class SeatsStream(Stream[Seat]):
    """Who sits with each agent."""

    parent = AgentsStream
    path = "/agents/{parent.id}/seats"


class SeatedDesk(PagedDeskApi):
    streams = (AgentsStream, SeatsStream, TicketsStream)

    @parser(refresh="changed")
    def incidents(self, seats: FullRefresh[SeatsStream], tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            gone = seats.gone_since(ticket.id)
            yield Incident(id=self.object_id(ticket.id), title=ticket.title, agent=gone.isoformat() if gone else "here")


@pytest.fixture
def seats(desk: Desk) -> dict[str, list[dict[str, int]]]:
    """The seats of each agent."""
    found = {"/agents/1/seats": [{"id": 1}, {"id": 3}], "/agents/2/seats": [{"id": 2}]}

    def answer(asked: ReceivedRequest) -> Reply:
        if asked.path not in found or asked.path in desk.failing:
            return desk.answer(asked)
        return Reply(body={"items": found[asked.path] if asked.query["offset"] == ["0"] else []})

    desk.vendor.handler = answer
    return found


def test_of_a_refused_parent_nothing_is_gone_and_of_the_others_what_their_lists_lack(
    desk: Desk, seats: dict[str, list[dict[str, int]]], tmp_path: Path
) -> None:
    customer = Customer(tmp_path, desk.vendor.url, SeatedDesk)
    sync(customer)
    desk.failing["/agents/1/seats"] = Reply(403, {"message": "not yours"})
    seats["/agents/2/seats"].clear()
    sync(customer, TUESDAY)

    found = agents(customer)
    assert (found["ticket 1"], found["ticket 3"]) == ("here", "here")
    assert found["ticket 2"] == TUESDAY.isoformat()


def test_what_belongs_to_a_parent_that_is_gone_is_gone_with_it(
    desk: Desk, seats: dict[str, list[dict[str, int]]], tmp_path: Path
) -> None:
    customer = Customer(tmp_path, desk.vendor.url, SeatedDesk)
    sync(customer)
    del desk.agents[0]
    sync(customer, TUESDAY)

    found = agents(customer)
    assert found["ticket 1"] == found["ticket 3"] == TUESDAY.isoformat()
    assert found["ticket 2"] == "here"


def test_a_crash_before_the_list_is_replaced_leaves_its_records_listed(
    desk: Desk, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(customer)
    ada = desk.agents.pop(0)
    really_commit = Table.commit

    def crash(table: Table, work: Any) -> int | None:
        if table.path.kind == "raw":
            raise KeyboardInterrupt
        return really_commit(table, work)

    with monkeypatch.context() as patch:
        patch.setattr(Table, "commit", crash)
        with pytest.raises(KeyboardInterrupt):
            customer.sync("agents")
    customer.parse(every=True)
    assert agents(customer)["ticket 1"] == "here"

    desk.agents.insert(0, ada)
    sync(customer, TUESDAY)
    assert agents(customer)["ticket 1"] == "here"


def test_a_change_that_no_parser_reads_parses_no_window_again(desk: Desk, customer: Customer) -> None:
    sync(customer)
    desk.agents[0]["pushed_at"] = "2026-02-03"
    customer.sync()
    report = customer.parse()

    assert (report.windows, report.stale, report.changed_inputs) == ({}, [], [])


def test_records_fetched_anew_are_not_gone(desk: Desk, customer: Customer) -> None:
    sync(customer)
    customer.sync("agents", sync_range=SyncRange(refetch=True))
    customer.parse(every=True)

    assert set(agents(customer).values()) == {"here"}


def test_a_stream_with_a_cursor_cannot_say_what_is_gone(desk: Desk, tmp_path: Path) -> None:
    class Asking(PagedDeskApi):
        streams = (TicketsStream,)

        @parser
        def incidents(self, tickets: FullRefresh[TicketsStream]) -> Iterator[Incident]:
            tickets.gone_since(1)
            yield from ()

    asking: type[Integration[Any]] = Asking
    customer = Customer(tmp_path, desk.vendor.url, asking)
    customer.sync()
    with pytest.raises(ParseError, match=r"gone_since\(\) of tickets: the stream has a cursor"):
        customer.parse()


def test_in_a_test_the_keys_of_what_is_gone_are_given() -> None:
    listed: FullRefresh[AgentsStream] = FullRefresh([], gone={1: MONDAY, ("shop", 2): TUESDAY})

    assert (listed.gone_since(1), listed.gone_since("1"), listed.gone_since(2)) == (MONDAY, MONDAY, None)
    assert listed.gone_since("shop", 2) == TUESDAY


class Team(BaseModel):
    id: int


class Place(BaseModel):
    number: int


class TeamsStream(Stream[Team]):
    path = "/teams"
    primary_key = "id"


class PlacesStream(Stream[Place]):
    parent = TeamsStream
    path = "/teams/{parent.id}/seats"
    primary_key = ("{parent.id}", "number")
    accept = {200: "keep"}


class PlaceDesk(PagedDeskApi):
    streams = (TeamsStream, PlacesStream)

    @parser
    def incidents(self, seats: FullRefresh[PlacesStream]) -> Iterator[Incident]:
        gone = seats.gone_since(1, 5)
        yield Incident(id=self.object_id(5), title="seat 5", agent=gone.isoformat() if gone else "here")


def test_a_key_with_a_number_of_the_parents_is_found_and_a_parser_of_snapshots_alone_sees_it(
    desk: Desk, tmp_path: Path
) -> None:
    numbers = [5, 6]

    def answer(asked: ReceivedRequest) -> Reply:
        if "offset" in asked.query and asked.query["offset"] != ["0"]:
            return Reply(body={"items": []})
        seats = [{"number": number} for number in numbers]
        return Reply(body={"items": [{"id": 1}] if asked.path == "/teams" else seats})

    desk.vendor.handler = answer
    customer = Customer(tmp_path, desk.vendor.url, PlaceDesk)
    sync(customer)
    assert agents(customer) == {"seat 5": "here"}
    numbers.remove(5)
    sync(customer, TUESDAY)
    assert agents(customer) == {"seat 5": TUESDAY.isoformat()}


def test_a_parser_of_snapshots_alone_sees_what_a_later_list_confirms(desk: Desk, tmp_path: Path) -> None:
    numbers, errors = [5, 6], [{"message": "some are missing"}]

    def answer(asked: ReceivedRequest) -> Reply:
        if asked.query.get("offset", ["0"]) != ["0"]:
            return Reply(body={"items": []})
        if asked.path == "/teams":
            return Reply(body={"items": [{"id": 1}]})
        body: dict[str, Any] = {"items": [{"number": number} for number in numbers]}
        return Reply(body=body if 5 in numbers or not errors else {**body, "errors": errors})

    desk.vendor.handler = answer
    customer = Customer(tmp_path, desk.vendor.url, PlaceDesk)
    sync(customer)
    numbers.remove(5)
    sync(customer)
    assert agents(customer) == {"seat 5": "here"}
    errors.clear()
    sync(customer, TUESDAY)
    assert agents(customer) == {"seat 5": TUESDAY.isoformat()}


def test_what_a_list_confirmed_before_a_crash_reaches_parsers_after_it(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, errors = [5, 6], [{"message": "some are missing"}]

    def answer(asked: ReceivedRequest) -> Reply:
        if asked.query.get("offset", ["0"]) != ["0"]:
            return Reply(body={"items": []})
        if asked.path == "/teams":
            return Reply(body={"items": [{"id": 1}]})
        body: dict[str, Any] = {"items": [{"number": number} for number in numbers]}
        return Reply(body=body if 5 in numbers or not errors else {**body, "errors": errors})

    desk.vendor.handler = answer
    customer = Customer(tmp_path, desk.vendor.url, PlaceDesk)
    sync(customer)
    numbers.remove(5)
    sync(customer)
    errors.clear()
    really_commit = Table.commit

    def crash(table: Table, work: Any) -> int | None:
        if table.path.kind == "raw":
            raise KeyboardInterrupt
        return really_commit(table, work)

    with monkeypatch.context() as patch:
        patch.setattr(Table, "commit", crash)
        with time_machine.travel(TUESDAY, tick=False), pytest.raises(KeyboardInterrupt):
            customer.sync("places")
    sync(customer, TUESDAY)
    assert agents(customer) == {"seat 5": TUESDAY.isoformat()}


class ChangedSeats(SeatsStream):
    name = "seats"
    parents = "changed"


class ChangedSeatsDesk(PagedDeskApi):
    streams = (AgentsStream, ChangedSeats, TicketsStream)

    @parser(refresh="changed")
    def incidents(self, seats: FullRefresh[ChangedSeats], tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        yield from SeatedDesk.incidents(self, seats, tickets)  # type: ignore[arg-type]


def test_while_no_parent_changed_what_waits_for_word_of_a_parent_is_confirmed(
    desk: Desk, seats: dict[str, list[dict[str, int]]], tmp_path: Path
) -> None:
    customer = Customer(tmp_path, desk.vendor.url, ChangedSeatsDesk)
    sync(customer)
    desk.agents[0] = {"name": "no id, so it may be any"}
    sync(customer)
    assert agents(customer)["ticket 1"] == "here"

    del desk.agents[0]
    sync(customer, TUESDAY)
    found = agents(customer)
    assert found["ticket 1"] == found["ticket 3"] == TUESDAY.isoformat()
    assert found["ticket 2"] == "here"
