"""A vendor of services and their incidents, served on loopback, and the integration that reads it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, SecretStr

from dazz_assets import BearerToken, ConnectionConfig, Cursor, FullRefresh, Incremental, Integration, Stream, parser
from dazz_assets.domain import DomainObject

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

    def respond(self, path: str, query: dict[str, str], token: str) -> tuple[int, Any]:
        """The status and body of a response."""
        self.requests.append(path)
        if token != f"Bearer {TOKEN}" or path in self.refused_paths:
            return 401, {"message": "bad credentials"}
        if path == "/services":
            return 200, {"items": self.services}
        if path.startswith("/services/"):
            return 200, {"items": self.notes}
        since = datetime.fromisoformat(query["since"]) if "since" in query else datetime.min.replace(tzinfo=UTC)
        dated = [
            (datetime.fromisoformat(item.get("updated_at", "9999-01-01T00:00:00Z")), item) for item in self.incidents
        ]
        return 200, {"items": [item for when, item in sorted(dated, key=lambda pair: pair[0]) if when >= since]}


class _Handler(BaseHTTPRequestHandler):
    vendor: Vendor

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        status, body = self.vendor.respond(parts.path, query, self.headers.get("Authorization", ""))
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:
        pass


def serve(vendor: Vendor) -> Iterator[str]:
    """Serve a vendor, and yield its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"vendor": vendor}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


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


class IncidentsIntegration(Integration[IncidentsConfig]):
    """A status page."""

    base_url = "https://incidents.example"
    auth = BearerToken("{config.token}")
    records = "items"
    primary_key = "id"
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
