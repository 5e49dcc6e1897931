"""The benchmarks' vendor of hosts, many and small, and alerts on some of them."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel

from dazz_assets import BearerToken, Cursor, FullRefresh, Incremental, Integration, NextLink, Stream, parser
from dazz_assets.domain import DomainObject

from .issues import IssuesConfig


class Host(BaseModel):
    id: str
    name: str
    zone: str


class Alert(BaseModel):
    id: str
    host: str
    updated_at: datetime


class HostsStream(Stream[Host]):
    """Hosts, all of them in each sync."""

    path = "/hosts"
    primary_key = "id"


class AlertsStream(Stream[Alert]):
    """Alerts, of several windows."""

    path = "/alerts"
    primary_key = "id"
    cursor = Cursor("updated_at", since="updated_after")


class Machine(DomainObject):
    name: str
    zone: str


class HostAlert(DomainObject):
    zone: str | None
    hosts_there: int


class HostsIntegration(Integration[IssuesConfig]):
    """Hosts, read in the ways in which parsers read all records of a stream."""

    base_url = "https://hosts.example"
    auth = BearerToken("{config.token}")
    records = "data"
    paginator = NextLink("links.next")
    streams = (HostsStream, AlertsStream)

    @parser
    def machines(self, hosts: FullRefresh[HostsStream]) -> Iterator[Machine]:
        """A machine for each host."""
        for host in hosts:
            yield Machine(id=self.object_id(host.id), name=host.name, zone=host.zone)

    @parser
    def counted(self, hosts: FullRefresh[HostsStream], alerts: Incremental[AlertsStream]) -> Iterator[HostAlert]:
        """Alerts, with what little is kept of all hosts."""
        counts = Counter(host.zone for host in hosts)
        for alert in alerts:
            yield HostAlert(id=self.object_id(alert.id), zone=None, hosts_there=counts.total())

    @parser
    def looked_up(self, hosts: FullRefresh[HostsStream], alerts: Incremental[AlertsStream]) -> Iterator[HostAlert]:
        """Alerts, each with the zone of its host, for which a value of every host is kept."""
        zones = {host.id: host.zone for host in hosts}
        for alert in alerts:
            yield HostAlert(id=self.object_id(alert.id), zone=zones.get(alert.host), hosts_there=len(zones))
