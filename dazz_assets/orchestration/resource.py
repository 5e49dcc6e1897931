"""What runs are given: the lake, the connections, and a session of each; as a Dagster resource."""

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

import dagster as dg
from pydantic import Field

from dazz_assets.connections import BadConnection, Connection, Connections, connections_path, read_connections
from dazz_assets.home import lake_url
from dazz_assets.lake import Lake
from dazz_assets.reports import Progress
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec

RESOURCE = "dazz"


class SessionPool:
    """The lake and the connections, for one run or several.

    One session a connection, so that all its streams share one client with its limits. make_session: how sessions are
    made that tell the time or read pages otherwise.
    """

    def __init__(
        self,
        lake: Lake,
        connections: Callable[[], Connections],
        progress: Progress | None = None,
        make_session: Callable[..., Session] = Session,
    ) -> None:
        self.lake = lake
        self.progress = progress or Progress()
        self._read_connections = connections
        self._make_session = make_session
        self._sessions: dict[tuple[str, str], Session] = {}

    @classmethod
    def of(
        cls,
        lake: Lake,
        connections: Iterable[Connection],
        progress: Progress | None = None,
        make_session: Callable[..., Session] = Session,
    ) -> "SessionPool":
        """With these connections."""
        given = Connections(tuple(connections))
        return cls(lake, lambda: given, progress, make_session)

    @cached_property
    def connections(self) -> Connections:
        """The connections, as they stood when they were first asked for. Raises BadConnection."""
        return self._read_connections()

    def session(self, spec: IntegrationSpec, connection: str) -> Session:
        """The session of a connection. Raises BadConnection where there is no such connection, or it is wrong."""
        if (spec.name, connection) not in self._sessions:
            found = self._find(spec.name, connection)
            self._sessions[spec.name, connection] = self._make_session(spec, found, self.lake, progress=self.progress)
        return self._sessions[spec.name, connection]

    def _find(self, integration: str, connection: str) -> Connection:
        connections = self.connections
        for item in connections.for_integration(integration):
            if item.id == connection:
                return item
        if problem := connections.problems_for(integration).get(connection):
            raise BadConnection(problem)
        known = ", ".join(item.id for item in connections.for_integration(integration)) or "none"
        raise BadConnection(f"there is no connection {connection!r} of {integration}; there are: {known}")


class DazzResource(dg.ConfigurableResource[SessionPool]):
    """What runs work with. Whatever is left out is read from the environment when a run starts.

    It gives each run its own `Workplace`: ask for one as `dg.ResourceParam[Workplace]`, under the key `dazz`.
    """

    lake_url: str | None = Field(
        default=None, description="Path or URL of the lake; by default `DAZZ_LAKE`, or the folder `lake` of the home."
    )
    connections_file: str | None = Field(
        default=None, description="Path of the connections; by default `DAZZ_CONNECTIONS`, or `connections.yaml`."
    )

    def create_resource(self, context: dg.InitResourceContext) -> SessionPool:
        """Dagster calls this at the start of a run, a sensor's tick or an op outside of assets."""
        return SessionPool(Lake(self.lake_url or lake_url()), self.read_connections)

    def read_connections(self) -> Connections:
        """The connections as they stand now. Raises BadConnection for a file that can't be read."""
        return read_connections(Path(self.connections_file) if self.connections_file else connections_path())
