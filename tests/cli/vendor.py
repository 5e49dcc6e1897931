"""A fake vendor on loopback, and its integration as someone who follows the README would write it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from tests.http.loopback import ReceivedRequest, Reply
from tests.http.loopback import Vendor as Server

TOKEN = "canary-51f0c7"

INTEGRATION = '''
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, SecretStr

from dazz_assets import BearerToken, ConnectionConfig, Cursor, FullRefresh, Incremental, Integration, Stream, parser
from dazz_assets.domain import DomainObject


class IncidentsConfig(ConnectionConfig):
    token: SecretStr


class Service(BaseModel):
    id: str
    name: str


class Incident(BaseModel):
    id: str
    service: str
    updated_at: datetime
    cost: Decimal


class Ticket(DomainObject):
    service: str
    updated_at: datetime
    cost: Decimal


class ServicesStream(Stream[Service]):
    """Services of the shop."""

    path = "/services"


class IncidentsStream(Stream[Incident]):
    """Incidents of all services."""

    path = "/incidents"
    cursor = Cursor("updated_at", since="since", order="asc")


class IncidentsIntegration(Integration[IncidentsConfig]):
    """A status page."""

    base_url = "https://incidents.example"
    auth = BearerToken("{config.token}")
    records = "items"
    primary_key = "id"
    streams = (ServicesStream, IncidentsStream)

    @parser
    def tickets(
        self, services: FullRefresh[ServicesStream], incidents: Incremental[IncidentsStream]
    ) -> Iterator[Ticket]:
        """Incidents as tickets."""
        names = {service.id: service.name for service in services}
        for incident in incidents:
            if incident.id == "explode":
                raise LookupError("no service of this incident")
            yield Ticket(
                id=self.object_id(incident.id),
                service=names[incident.service],
                updated_at=incident.updated_at,
                cost=incident.cost,
            )
'''


class Vendor:
    """Serves one page each at `/services` and `/incidents?since=`.

    responses: bodies to send instead, by path; refused: whole replies. held: paths whose response waits for `released`,
    after setting `request_received`.
    """

    def __init__(self) -> None:
        self.services: list[dict[str, Any]] = [{"id": "s1", "name": "Shop"}]
        self.incidents: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.responses: dict[str, bytes] = {}
        self.refused: dict[str, Reply] = {}
        self.request_received = threading.Event()
        self.released = threading.Event()
        self.held: set[str] = set()

    def incident(self, id_: str, updated_at: str, cost: str = "12.50") -> None:
        """Add an incident, or change the one of this id."""
        self.incidents = [item for item in self.incidents if item["id"] != id_]
        self.incidents.append({"id": id_, "service": "s1", "updated_at": updated_at, "cost": cost})

    def answer(self, asked: ReceivedRequest) -> Reply:
        self.requests.append(asked.path)
        if asked.path in self.held:
            self.request_received.set()
            self.released.wait(60)
        if asked.path in self.refused:
            return self.refused[asked.path]
        if asked.path in self.responses:
            return Reply(body=self.responses[asked.path])
        authorization = asked.headers.get("Authorization", "")
        if authorization != f"Bearer {TOKEN}":
            return Reply(401, {"message": f"{authorization} opens nothing here"})
        if asked.path == "/services":
            return Reply(body={"items": self.services})
        (since,) = asked.query.get("since", ["0001-01-01T00:00:00Z"])
        bound = datetime.fromisoformat(since)
        incidents = [item for item in self.incidents if datetime.fromisoformat(item["updated_at"]) >= bound]
        return Reply(body={"items": sorted(incidents, key=lambda item: str(item["updated_at"]))})


@contextmanager
def serving(vendor: Vendor) -> Iterator[str]:
    """Serve a vendor, and yield its URL."""
    with Server() as server:
        server.handler = vendor.answer
        try:
            yield server.url
        finally:
            vendor.released.set()
