"""A vendor of services and their incidents, served on loopback, and the integration that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel, SecretStr

from dazz_assets import BearerToken, ConnectionConfig, Cursor, FullRefresh, Incremental, Integration, Stream, parser
from dazz_assets.domain import DomainObject
from tests.http.loopback import ReceivedRequest, Reply
from tests.http.loopback import Vendor as Server

TOKEN = "canary-7f3a"


class Vendor:
    """Serves `/services` and `/incidents?since=` in one page each. `requests` holds the paths requested."""

    def __init__(self) -> None:
        self.services: list[dict[str, Any]] = [{"id": "s1", "name": "Shop"}]
        self.incidents: list[dict[str, Any]] = []
        self.notes: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.refused_paths: set[str] = set()

    def incident(self, id_: str, updated_at: str, title: str = "down", service: str = "s1") -> None:
        """Add an incident, or replace the one with this id."""
        self.incidents = [item for item in self.incidents if item["id"] != id_]
        self.incidents.append({"id": id_, "updated_at": updated_at, "title": title, "service": service})

    def count_requests(self, path: str) -> int:
        """How many requests were sent for a path."""
        return sum(item == path for item in self.requests)

    def answer(self, asked: ReceivedRequest) -> Reply:
        self.requests.append(asked.path)
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}" or asked.path in self.refused_paths:
            return Reply(401, {"message": "bad credentials"})
        if asked.path == "/services":
            return Reply(body={"items": self.services})
        if asked.path.startswith("/services/"):
            return Reply(body={"items": self.notes})
        since = datetime.fromisoformat(asked.query.get("since", ["0001-01-01T00:00:00Z"])[0])
        dated = [
            (datetime.fromisoformat(item.get("updated_at", "9999-01-01T00:00:00Z")), item) for item in self.incidents
        ]
        found = [item for when, item in sorted(dated, key=lambda pair: pair[0]) if when >= since]
        return Reply(body={"items": found})


def serve(vendor: Vendor) -> Iterator[str]:
    """Serve a vendor, and yield its URL."""
    with Server() as server:
        server.handler = vendor.answer
        yield server.url


class IncidentsConfig(ConnectionConfig):
    token: SecretStr


class Service(BaseModel):
    id: str
    name: str


class Note(BaseModel):
    id: str


class Incident(BaseModel):
    id: str
    title: str
    service: str
    updated_at: datetime


class Ticket(DomainObject):
    title: str
    service: str


class Owner(DomainObject):
    name: str


class ServicesStream(Stream[Service]):
    """Services of the shop."""

    path = "/services"


class NotesStream(Stream[Note]):
    """Notes about a service."""

    parent = ServicesStream
    path = "/services/{parent.id}/notes"


class IncidentsStream(Stream[Incident]):
    """Incidents of all services."""

    path = "/incidents"
    cursor = Cursor("updated_at", since="since", order="asc")


class StatusPage(Integration[IncidentsConfig]):
    """What holds for all integrations of the status page."""

    base_url = "https://incidents.example"
    auth = BearerToken("{config.token}")
    records = "items"
    primary_key = "id"


class IncidentsIntegration(StatusPage):
    """A status page."""

    streams = (ServicesStream, NotesStream, IncidentsStream)

    @parser(version="7")
    def tickets(
        self, services: FullRefresh[ServicesStream], incidents: Incremental[IncidentsStream]
    ) -> Iterator[Ticket]:
        """Incidents as tickets."""
        names = {service.id: service.name for service in services}
        for incident in incidents:
            yield Ticket(id=self.object_id(incident.id), title=incident.title, service=names[incident.service])

    @parser
    def owners(self, services: FullRefresh[ServicesStream]) -> Iterator[Owner]:
        """Who runs what."""
        for service in services:
            yield Owner(id=self.object_id(service.id), name=service.name)
