"""What a run works with, and what it leaves behind: the one resource of all our assets."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from dazz_assets.authoring.spec import IntegrationSpec
from dazz_assets.connections import BadConnection, Connection, Connections, connections_path, read_connections
from dazz_assets.home import lake_url
from dazz_assets.lake import Lake
from dazz_assets.sync.progress import Progress
from dazz_assets.sync.reports import ParseReport, StreamReport
from dazz_assets.sync.session import Session

RESOURCE = "dazz"


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong with a stream or a parser of a connection; both None where the connection itself is wrong."""

    connection: str
    message: str
    stream: str | None = None
    parser: str | None = None


@dataclass(slots=True)
class Outcome:
    """What was done, and what went wrong."""

    streams: list[StreamReport] = field(default_factory=list)
    parsers: list[ParseReport] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)

    def add(self, report: StreamReport | ParseReport) -> None:
        """Add what a sync or a parse reports."""
        if isinstance(report, StreamReport):
            self.streams.append(report)
        else:
            self.parsers.append(report)


class Workplace:
    """The lake, the connections, and the outcome of a run or of several.

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
        self.outcome = Outcome()
        self._read_connections = connections
        self._make_session = make_session
        self._sessions: dict[tuple[str, str], Session] = {}

    @classmethod
    def default(cls) -> "Workplace":
        """The lake and the connections that the environment names."""
        return cls(Lake(lake_url()), lambda: read_connections(connections_path()))

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
