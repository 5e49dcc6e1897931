"""A vendor of on-call alerts whose lists name each other's records, and an integration that joins them."""

from __future__ import annotations

from typing import Any

from tests.http.loopback import ReceivedRequest, Reply, Vendor
from tests.recording.shop import TOKEN

INTEGRATION = '''
"""On-call alerts."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel, SecretStr

from dazz_assets import (
    BearerToken, ConnectionConfig, Cursor, FullRefresh, Incremental, Integration, Offset, Stream, parser
)
from dazz_assets.domain import DomainObject


class PagerConfig(ConnectionConfig):
    token: SecretStr


class Reference(BaseModel):
    id: str


class Incident(BaseModel):
    id: str
    status: str
    service: Reference
    created_at: datetime


class Service(BaseModel):
    id: str
    name: str
    teams: list[Reference]


class Team(BaseModel):
    id: str
    name: str


class Alarm(DomainObject):
    status: str
    service: str
    team: str
    raised_at: datetime


class IncidentsStream(Stream[Incident]):
    """Incidents."""

    path = "/incidents"
    records = "incidents"
    cursor = Cursor("created_at", since="since")


class TeamsStream(Stream[Team]):
    """Teams."""

    path = "/teams"
    records = "teams"


class ServicesStream(Stream[Service]):
    """Services."""

    path = "/services"
    records = "services"


class PagerIntegration(Integration[PagerConfig]):
    """On-call alerts."""

    base_url = "https://api.pager.example"
    auth = BearerToken("{config.token}")
    primary_key = "id"
    paginator = Offset(size_param="limit", size=10, more="more")
    window = "month"
    streams = (TeamsStream, ServicesStream, IncidentsStream)

    @parser
    def alarms(
        self,
        incidents: Incremental[IncidentsStream],
        services: FullRefresh[ServicesStream],
        teams: FullRefresh[TeamsStream],
    ) -> Iterator[Alarm]:
        """Incidents with their service and its team."""
        services_by_id = {service.id: service for service in services}
        teams_by_id = {team.id: team for team in teams}
        for incident in incidents:
            service = services_by_id[incident.service.id]
            yield Alarm(
                id=self.object_id(incident.id),
                status=incident.status,
                service=service.name,
                team=teams_by_id[service.teams[0].id].name,
                raised_at=incident.created_at,
            )
'''


class Pager:
    """`/incidents`, `/services` and `/teams`, in pages by `offset` and `limit` with a total.

    Each incident names a service far behind in the list of services, and each service a team likewise.
    """

    def __init__(self, size: int = 70) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {
            "teams": [{"id": f"T{number:03}", "name": f"Team {number}"} for number in range(size)],
            "services": [
                {"id": f"S{number:03}", "name": f"Service {number}", "teams": [{"id": f"T{size - 1 - number:03}"}]}
                for number in range(size)
            ],
            "incidents": [],
        }
        for number in range(25):
            self.add_incident(number, f"S{size - 1 - number:03}")
        self.services_of: dict[str, list[dict[str, Any]]] = {}
        self.vendor = Vendor()
        self.vendor.handler = self.answer
        self.url = self.vendor.url

    def add_incident(self, number: int, service: str) -> None:
        """Add an incident of this service, later than those with a lower number."""
        self.lists["incidents"].append(
            {
                "id": f"I{number:03}",
                "status": "triggered",
                "service": {"id": service},
                "created_at": f"2026-01-{number // 24 + 10:02}T{number % 24:02}:00:00Z",
            }
        )

    def rename(self, service: str, name: str) -> None:
        """Give a service another name."""
        next(item for item in self.lists["services"] if item["id"] == service)["name"] = name

    def answer(self, asked: ReceivedRequest) -> Reply:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"message": "this token opens nothing"})
        *above, name = asked.path.strip("/").split("/")
        since = asked.query.get("since", [""])[0]
        found = self.services_of.get(above[-1], []) if above else self.lists[name]
        items = [item for item in found if item.get("created_at", "~") >= since]
        start, size = int(asked.query.get("offset", ["0"])[0]), int(asked.query["limit"][0])
        more = start + size < len(items)
        return Reply(200, {name: items[start : start + size], "offset": start, "more": more, "total": len(items)})
