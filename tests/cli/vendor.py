"""A fake vendor on loopback, and its integration as someone who follows the README would write it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

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

    responses: bodies to send instead, by path. held: paths whose response waits for `released`, after setting
    `request_received`.
    """

    def __init__(self) -> None:
        self.services: list[dict[str, Any]] = [{"id": "s1", "name": "Shop"}]
        self.incidents: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.responses: dict[str, bytes] = {}
        self.request_received = threading.Event()
        self.released = threading.Event()
        self.held: set[str] = set()

    def incident(self, id_: str, updated_at: str, cost: str = "12.50") -> None:
        """Add an incident, or change the one of this id."""
        self.incidents = [item for item in self.incidents if item["id"] != id_]
        self.incidents.append({"id": id_, "service": "s1", "updated_at": updated_at, "cost": cost})

    def respond(self, path: str, since: str | None, authorization: str) -> tuple[int, bytes]:
        """The status and body of the response."""
        self.requests.append(path)
        if path in self.held:
            self.request_received.set()
            self.released.wait(60)
        if path in self.responses:
            return 200, self.responses[path]
        if authorization != f"Bearer {TOKEN}":
            return 401, json.dumps({"message": f"{authorization} opens nothing here"}).encode()
        if path == "/services":
            return 200, json.dumps({"items": self.services}).encode()
        bound = datetime.fromisoformat(since) if since else datetime.min.replace(tzinfo=UTC)
        incidents = [item for item in self.incidents if datetime.fromisoformat(item["updated_at"]) >= bound]
        return 200, json.dumps({"items": sorted(incidents, key=lambda item: str(item["updated_at"]))}).encode()


class _Handler(BaseHTTPRequestHandler):
    vendor: Vendor

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        since = parse_qs(parts.query).get("since", [None])[0]
        status, body = self.vendor.respond(parts.path, since, self.headers.get("Authorization", ""))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # An interrupted client has closed the connection.
        with suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def serving(vendor: Vendor) -> Iterator[str]:
    """Serve a vendor, and yield its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"vendor": vendor}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        vendor.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
