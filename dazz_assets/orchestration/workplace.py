"""What a run works with."""

from collections.abc import Callable, Iterable
from functools import cached_property

from dazz_assets.authoring.spec import IntegrationSpec
from dazz_assets.connections import BadConnection, Connection, Connections
from dazz_assets.lake import Lake
from dazz_assets.sync.progress import Progress
from dazz_assets.sync.session import Session

RESOURCE = "dazz"


class Workplace:
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
    ) -> "Workplace":
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
        for item in connections.of(integration):
            if item.id == connection:
                return item
        if problem := connections.problems_of(integration).get(connection):
            raise BadConnection(problem)
        known = ", ".join(item.id for item in connections.of(integration)) or "none"
        raise BadConnection(f"there is no connection {connection!r} of {integration}; there are: {known}")
