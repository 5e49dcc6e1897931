"""A help desk's API on loopback, an integration for it, and a customer with a lake."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, SecretStr

from dazz_assets import (
    BearerToken,
    ConnectionConfig,
    Cursor,
    FullRefresh,
    Incremental,
    Integration,
    Offset,
    Stream,
    parser,
)
from dazz_assets.connections import Connection
from dazz_assets.domain import DomainObject
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake
from dazz_assets.lake.queries.sql import query
from dazz_assets.reports import ParseReport, StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from dazz_assets.transform.parse_windows import parse
from tests.http.loopback import ReceivedRequest, Reply, Vendor

PAGE = 3


class DeskConfig(ConnectionConfig):
    token: SecretStr


class Agent(BaseModel):
    id: int
    name: str


class Ticket(BaseModel):
    id: int
    title: str
    agent: int | None = None
    updated_at: datetime


class AgentsStream(Stream[Agent]):
    """People who answer tickets."""

    path = "/agents"


class TicketsStream(Stream[Ticket]):
    """Tickets, open and closed."""

    path = "/tickets"
    cursor = Cursor("updated_at", since="since", until="until")


class Incident(DomainObject):
    title: str
    agent: str | None = None


class DeskApi(Integration[DeskConfig]):
    """What holds for each integration of the help desk."""

    name = "desk"
    base_url = "https://desk.test"
    auth = BearerToken("{config.token}")
    records = "items"
    primary_key = "id"


class PagedDeskApi(DeskApi):
    """The help desk's API as `Desk` serves it."""

    paginator = Offset(size_param="limit", size=PAGE)


class DeskIntegration(PagedDeskApi):
    """A help desk."""

    streams = (AgentsStream, TicketsStream)

    @parser
    def incidents(self, agents: FullRefresh[AgentsStream], tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        """Tickets with the names of their agents."""
        names = {agent.id: agent.name for agent in agents}
        for ticket in tickets:
            yield Incident(id=self.object_id(ticket.id), title=ticket.title, agent=names.get(ticket.agent or 0))


class TicketsOnly(PagedDeskApi):
    """The help desk without its agents, and without a parser."""

    streams = (TicketsStream,)

    def incident(self, ticket: Ticket) -> Incident:
        return Incident(id=self.object_id(ticket.id), title=ticket.title)


class Desk:
    """The vendor's data and API. Tickets are listed in the order of their last change."""

    def __init__(self) -> None:
        self.agents: list[dict[str, Any]] = [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"}]
        self.tickets: dict[int, dict[str, Any]] = {}
        self.failing: dict[str, Reply] = {}
        self.vendor = Vendor()
        self.vendor.handler = self.answer

    def put(self, number: int, at: str, title: str = "", **more: Any) -> None:
        """Add or change a ticket."""
        self.tickets[number] = {"id": number, "title": title or f"ticket {number}", "updated_at": at, **more}

    @property
    def requests(self) -> int:
        return len(self.vendor.requests)

    def answer(self, asked: ReceivedRequest) -> Reply:
        if asked.path in self.failing:
            return self.failing[asked.path]
        if asked.headers.get("Authorization") != "Bearer secret":
            return Reply(401, {"message": "bad token"})
        query = {name: values[0] for name, values in asked.query.items()}
        found = self.agents if asked.path == "/agents" else self._tickets(query)
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", PAGE))
        return Reply(body={"items": found[offset : offset + limit], "total": len(found)})

    def answer_all(self, asked: ReceivedRequest) -> Reply:
        """Answer like an API that ignores the filter."""
        offset = int(asked.query["offset"][0])
        return Reply(body={"items": list(self.tickets.values())[offset : offset + PAGE]})

    def _tickets(self, query: dict[str, str]) -> list[dict[str, Any]]:
        since, until = query.get("since", ""), query.get("until", "9")
        # Tickets without a proper time are always listed.
        found = [
            ticket
            for ticket in self.tickets.values()
            if not str(at := ticket.get("updated_at")).startswith("2") or since <= str(at) < until
        ]
        return sorted(found, key=lambda ticket: str(ticket.get("updated_at")))


class Customer:
    """One connection of an integration, with its lake."""

    def __init__(
        self,
        folder: Path,
        url: str,
        integration: type[Integration[Any]] = DeskIntegration,
        *,
        start: date = date(2026, 1, 5),
        connection: str = "acme",
    ) -> None:
        self.spec = read_integration(integration)
        self.lake = Lake(folder / "lake")
        config = {"token": "secret", "base_url": url}
        self.connection = Connection(id=connection, integration=self.spec.name, start=start, config=config)

    @property
    def session(self) -> Session:
        return Session(self.spec, self.connection, self.lake)

    def sync(self, *names: str, sync_range: SyncRange | None = None) -> dict[str, StreamReport]:
        streams = [self.spec.streams[name] for name in names or self.spec.streams]
        return {
            stream.name: sync_stream(self.session, stream, sync_range or SyncRange(from_mark=True))
            for stream in streams
        }

    def parse(self, *windows: date | None, every: bool = False, stale: bool = False, name: str = "") -> ParseReport:
        chosen = self.spec.parsers[name or next(iter(self.spec.parsers))]
        return parse(self.session, chosen, windows=None if every else windows, stale=stale)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return query(self.lake, sql).to_pylist()

    def titles(self) -> list[str]:
        return [row["title"] for row in self.rows("select title from incidents order by title")]


@contextmanager
def help_desk() -> Iterator[Desk]:
    desk = Desk()
    with desk.vendor:
        yield desk


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Mondays:
    """The Mondays of the weeks that have tickets."""

    FIRST: ClassVar[date] = date(2026, 1, 5)
    SECOND: ClassVar[date] = date(2026, 1, 12)
    THIRD: ClassVar[date] = date(2026, 1, 19)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with help_desk() as desk:
        desk.put(1, "2026-01-06T10:00:00Z", agent=1)
        desk.put(2, "2026-01-07T10:00:00Z", agent=2)
        desk.put(3, "2026-01-13T10:00:00Z")
        desk.put(4, "2026-01-20T10:00:00Z")
        yield desk


@pytest.fixture
def customer(desk: Desk, tmp_path: Path) -> Customer:
    return Customer(tmp_path, desk.vendor.url)
