"""A stream whose model is a `msgspec.Struct` is parsed like one with a pydantic model."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta, Struct

from dazz_assets import ConnectionConfig, Cursor, FullRefresh, Incremental, Integration, Stream, parser
from dazz_assets.errors import DefinitionError, ParseError
from dazz_assets.spec.read import read_integration
from tests.help_desk_vendor import Customer, Desk, Incident, PagedDeskApi


class Agent(Struct):
    id: int
    name: str


class Ticket(Struct):
    id: int
    title: str
    updated_at: Annotated[datetime, Meta(tz=True)]
    agent: int | None = None


class AgentsStream(Stream[Agent]):
    path = "/agents"


class TicketsStream(Stream[Ticket]):
    path = "/tickets"
    cursor = Cursor("updated_at", since="since", until="until")


class StructDesk(PagedDeskApi):
    streams = (AgentsStream, TicketsStream)

    @parser
    def incidents(self, agents: FullRefresh[AgentsStream], tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        names = {agent.id: agent.name for agent in agents}
        for ticket in tickets:
            yield Incident(id=self.object_id(ticket.id), title=ticket.title, agent=names.get(ticket.agent or 0))


@pytest.fixture
def customer(desk: Desk, tmp_path: Path) -> Customer:
    return Customer(tmp_path, desk.vendor.url, StructDesk)


def test_records_are_structs(desk: Desk, customer: Customer) -> None:
    desk.put(9, "2026-01-07T10:00:00Z", "late", agent=2)
    customer.sync()
    report = customer.parse()
    assert report.quarantined == 0
    assert [row["agent"] for row in customer.rows("select agent from incidents where title = 'late'")] == ["Bob"]


def test_an_invalid_record_is_quarantined_and_its_newest_valid_version_parsed(desk: Desk, customer: Customer) -> None:
    customer.sync()
    customer.parse()
    desk.put(1, "2026-01-21T10:00:00Z", agent="hunter2")
    customer.sync()
    report = customer.parse()
    assert (report.quarantined, report.replaced) == (1, 1)
    assert customer.titles() == ["ticket 1", "ticket 2", "ticket 3", "ticket 4"]
    (row,) = customer.rows("select key, kind, reason, looks_like from quarantine")
    assert row == {
        "key": "1",
        "kind": "invalid",
        "reason": "agent: Expected `int | null`, got `str`",
        "looks_like": 'text "aaaaaa9"',
    }


def test_too_many_invalid_records_fail_the_parse(desk: Desk, customer: Customer) -> None:
    for number in (1, 2):
        desk.put(number, "2026-01-07T10:00:00Z", title=["no", "text"])  # type: ignore[arg-type]
    customer.sync()
    with pytest.raises(
        ParseError, match=r"2 of the first .* \(title: Expected `str`, got `array`\); correct Ticket, then"
    ):
        customer.parse()


class Mixed(Struct):
    value: Agent | Ticket


class Unfinished(Struct):
    thing: "Quux"  # type: ignore[name-defined]  # noqa: F821


class MixedStream(Stream[Mixed]):
    path = "/mixed"


class UnfinishedStream(Stream[Unfinished]):
    path = "/unfinished"


class Config(ConnectionConfig):
    pass


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (MixedStream, "OddIntegration: MixedStream: Mixed has a type that msgspec can't read: "),
        (
            UnfinishedStream,
            "OddIntegration: UnfinishedStream: Unfinished names 'Quux', which can't be found; import it",
        ),
    ],
)
def test_a_struct_that_can_not_be_read_is_refused_when_definitions_load(stream: type, message: str) -> None:
    class OddIntegration(Integration[Config]):
        base_url = "https://odd.test"
        streams = (stream,)

    with pytest.raises(DefinitionError, match=message):
        read_integration(OddIntegration)
