"""The resource that runs use: the lake, the connections, and a session for each connection."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from weakref import finalize

import dagster as dg
import psutil
from pydantic import Field

from dazz_assets.connections import (
    BadConnection,
    Connection,
    Connections,
    connections_path,
    read_connections,
    without_repeated,
)
from dazz_assets.home import lake_url
from dazz_assets.lake import Lake
from dazz_assets.reports import Progress
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec

RESOURCE = "dazz"


def _close_all(sessions: Mapping[tuple[str, str], Session]) -> None:
    """Close the clients of vendors' SDKs that sessions made."""
    for session in sessions.values():
        session.close()


class SessionPool:
    """The lake, the connections, and one session for each connection, shared by its streams with its rate limits.

    make_session: makes a session. Tests and recordings pass one that sets the clock or limits the pages read.
    connections_file: where `connections` reads them, if it is a file.
    """

    def __init__(
        self,
        lake: Lake,
        connections: Callable[[], Connections],
        progress: Progress | None = None,
        make_session: Callable[..., Session] = Session,
        connections_file: Path | None = None,
    ) -> None:
        self.lake = lake
        self._connections_file = connections_file
        self.progress = progress or Progress()
        self._read_connections = connections
        self._make_session = make_session
        self._sessions: dict[tuple[str, str], Session] = {}
        # A resource that Dagster has to close would have to be opened by each test of a sensor.
        self._finalize = finalize(self, _close_all, self._sessions)

    @classmethod
    def of(
        cls,
        lake: Lake,
        connections: Iterable[Connection],
        progress: Progress | None = None,
        make_session: Callable[..., Session] = Session,
    ) -> "SessionPool":
        """A pool of sessions of these connections."""
        fixed = without_repeated(connections)
        return cls(lake, lambda: fixed, progress, make_session)

    @property
    def changed_at(self) -> datetime:
        """When the connections may last have changed: their file was written, or this process got its environment."""
        started = psutil.Process().create_time()
        with suppress(OSError):
            if self._connections_file is not None:
                started = max(started, self._connections_file.stat().st_mtime)
        return datetime.fromtimestamp(started, UTC)

    @cached_property
    def connections(self) -> Connections:
        """The connections, read on first use. Raises BadConnection."""
        return self._read_connections()

    @cached_property
    def _by_id(self) -> dict[tuple[str, str], Connection]:
        return {(item.integration, item.id): item for item in self.connections.valid}

    def session(self, spec: IntegrationSpec, connection: str) -> Session:
        """The session of a connection. Raises BadConnection if the connection doesn't exist or is wrong."""
        if (spec.name, connection) not in self._sessions:
            configured = self._find_connection(spec.name, connection)
            session = self._make_session(spec, configured, self.lake, progress=self.progress)
            self._sessions[spec.name, connection] = session
        return self._sessions[spec.name, connection]

    def close(self) -> None:
        """Close the clients of vendors' SDKs that its sessions made. So does the end of what holds the pool."""
        self._finalize()

    def _find_connection(self, integration: str, connection: str) -> Connection:
        if (found := self._by_id.get((integration, connection))) is not None:
            return found
        connections = self.connections
        if problem := connections.problems_for(integration).get(connection):
            raise BadConnection(problem)
        known = ", ".join(item.id for item in connections.for_integration(integration)) or "none"
        raise BadConnection(f"there is no connection {connection!r} of {integration}; the connections are: {known}")


class DazzResource(dg.ConfigurableResource[SessionPool]):
    """Gives each run its own SessionPool. Settings that are left out are read from the environment when a run starts.

    An asset gets the pool from a parameter `dazz: dg.ResourceParam[SessionPool]`.
    """

    lake_url: str | None = Field(
        default=None,
        description="Path or URL of the lake; by default `DAZZ_LAKE`, or the folder `lake` in `DAZZ_HOME`.",
    )
    connections_file: str | None = Field(
        default=None, description="Path of the connections file; by default `DAZZ_CONNECTIONS`, or `connections.yaml`."
    )

    def create_resource(self, context: dg.InitResourceContext) -> SessionPool:
        """Called by Dagster at the start of a run or of a sensor's tick."""
        return SessionPool(self.open_lake(), self.read_connections, connections_file=self._connections_path)

    def open_lake(self) -> Lake:
        """The lake that the settings name."""
        return Lake(self.lake_url or lake_url())

    def read_connections(self) -> Connections:
        """Read the connections. Raises BadConnection if the file can't be read."""
        return read_connections(self._connections_path)

    @property
    def _connections_path(self) -> Path:
        return Path(self.connections_file) if self.connections_file else connections_path()


def build_resource(
    lake: str | Path | Lake | None = None,
    connections: str | Path | Iterable[Connection] | None = None,
    adjust: Callable[[Connections], Connections] = lambda connections: connections,
) -> DazzResource:
    """The resource of a code location, with what its code gives as defaults of the settings.

    Objects are no settings: the location's lake or connections that are given as such are used where the setting is
    left out.

    adjust: changes the connections each time they are read.

    Raises BadConnection if two of the connections given have the same id.
    """
    own_lake = lake if isinstance(lake, Lake) else None
    is_file = connections is None or isinstance(connections, str | Path)
    own_connections = None if is_file else without_repeated(connections)  # type: ignore[arg-type]

    settings = DazzResource.model_fields

    # A class of its own: Dagster copies a resource by its settings alone, so that private attributes would be lost, and
    # a run that is given one setting keeps the others only if they are defaults of the class.
    class LocationResource(DazzResource):
        __doc__ = DazzResource.__doc__

        lake_url: str | None = Field(
            default=None if own_lake or not lake else str(lake), description=settings["lake_url"].description
        )
        connections_file: str | None = Field(
            default=str(connections) if is_file and connections else None,
            description=settings["connections_file"].description,
        )

        def open_lake(self) -> Lake:
            return own_lake if own_lake and not self.lake_url else super().open_lake()

        def read_connections(self) -> Connections:
            use_own = own_connections is not None and not self.connections_file
            return adjust(own_connections if use_own else super().read_connections())  # type: ignore[arg-type]

    return LocationResource()
