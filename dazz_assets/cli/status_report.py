"""How things stand, from the lake's logs and the Dagster instance: no data file is read, no definitions are loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dazz_assets.connections import BadConnection, Connection, Connections, connections_path, read_connections
from dazz_assets.errors import ParseError
from dazz_assets.extract.bounds import format_moment
from dazz_assets.extract.marks import read_mark
from dazz_assets.home import dagster_home, lake_url
from dazz_assets.lake import Lake, TablePath, TableVersion
from dazz_assets.session import Session
from dazz_assets.spec.discovery import discover
from dazz_assets.spec.specs import IntegrationSpec
from dazz_assets.transform.published_tables import PublishedTables
from dazz_assets.transform.raw_inputs import RawInputs

if TYPE_CHECKING:
    from dazz_assets.orchestration.runs import RunHistory
    from dazz_assets.orchestration.translator import Translator


@dataclass(slots=True)
class StreamStatus:
    """What is stored of a stream, all versions counted. due_next is None where its connection is not configured."""

    integration: str
    connection: str
    stream: str
    rows: int = 0
    high_water_mark: str | None = None
    last_sync: str | None = None
    requests: int | None = None
    due_next: str | None = None
    last_error: str | None = None


@dataclass(slots=True)
class ParserStatus:
    """What a parser published. stale_windows is None where its integration is not among those discovered."""

    integration: str
    connection: str
    parser: str
    objects: int = 0
    windows: int = 0
    stale_windows: int | None = None
    quarantined: int = 0
    last_parse: str | None = None
    last_error: str | None = None


@dataclass(slots=True)
class LakeStatus:
    """Everything stored or configured. problems: what is wrong with the connections file, or entries of it."""

    streams: list[StreamStatus] = field(default_factory=list)
    parsers: list[ParserStatus] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_status() -> LakeStatus:
    """How things stand."""
    lake = Lake(lake_url())
    problems: list[str] = []
    try:
        connections = read_connections(connections_path()) if connections_path().exists() else Connections()
        problems += [problem.text for problem in connections.problems]
    except BadConnection as error:
        connections = Connections()
        problems.append(str(error))
    with ExitStack() as stack:
        history = bent = None
        if (dagster_home() / "dagster.yaml").exists():
            from dazz_assets.orchestration.dagster_instance import open_instance
            from dazz_assets.orchestration.runs import RunHistory
            from dazz_assets.orchestration.translator import load_translator

            bent = load_translator()
            history = RunHistory(stack.enter_context(open_instance()))
        reader = _Reader(lake, connections, history, bent)
        return LakeStatus(reader.streams(), reader.parsers(), problems)


class _Reader:
    def __init__(
        self, lake: Lake, connections: Connections, history: RunHistory | None, translator: Translator | None
    ) -> None:
        self._lake = lake
        self._translator = translator
        self._connections = {(item.integration, item.id): item for item in connections.valid}
        self._history = history
        self._specs = discover().integrations
        self._errors: dict[tuple[str, str], dict[str, tuple[datetime, str]]] = {}

    def streams(self) -> list[StreamStatus]:
        stored = {_key(table.path): table.open() for table in self._lake.tables("raw")}
        marks = {_key(table.path): table.open() for table in self._lake.tables("marks")}
        configured = {
            (integration, id_, stream)
            for integration, id_ in self._connections
            if integration in self._specs
            for stream in self._specs[integration].streams
        }
        return [
            self._stream(StreamStatus(*key), stored.get(key), marks.get(key))
            for key in sorted(configured | stored.keys())
        ]

    def _stream(self, state: StreamStatus, raw: TableVersion | None, marks: TableVersion | None) -> StreamStatus:
        if raw is not None:
            state.rows = raw.rows
            newest = _newest_mark(marks) if marks is not None else read_mark(raw)
            state.high_water_mark = None if newest is None else format_moment(newest)
        asset = self._asset(state.integration, state.stream, raw=True)
        event = self._history and self._history.last_materialization(asset, state.connection)
        if event:
            state.last_sync, state.requests = _text(event.at), event.requests
        if connection := self._connections.get((state.integration, state.connection)):
            state.due_next = _text(max(event.at + connection.interval, _now()) if event else _now())
        state.last_error = self._error(
            state.integration, state.connection, "__".join(asset), event.at if event else None
        )
        return state

    def parsers(self) -> list[ParserStatus]:
        objects: dict[tuple[str, str, str], dict[object, int]] = {}
        for table in self._lake.tables("domain"):
            place, snapshot = table.path, table.open()
            windows = objects.setdefault((place.integration, place.connection, place.parser), {})
            for window, found in (snapshot.window_states() if snapshot else {}).items():
                windows[window] = windows.get(window, 0) + found.rows
        aside = {
            (table.path.integration, table.path.connection, table.path.parser): snapshot.rows
            for table in self._lake.tables("quarantine")
            if (snapshot := table.open()) is not None
        }
        return [
            self._parser(ParserStatus(*key), windows, aside.get(key, 0)) for key, windows in sorted(objects.items())
        ]

    def _parser(self, state: ParserStatus, windows: dict[object, int], quarantined: int) -> ParserStatus:
        state.objects, state.windows, state.quarantined = sum(windows.values()), len(windows), quarantined
        spec = self._specs.get(state.integration)
        if spec is not None and state.parser in spec.parsers:
            state.stale_windows = self._stale(spec, state)
        asset = self._asset(state.integration, state.parser)
        event = self._history and self._history.last_materialization(asset, state.connection)
        state.last_parse = _text(event.at) if event else None
        state.last_error = self._error(
            state.integration, state.connection, "__".join(asset), event.at if event else None
        )
        return state

    def _asset(self, integration: str, name: str, *, raw: bool = False) -> Sequence[str]:
        """The key of a stream's or a parser's asset, bent by the translator where the integration is known."""
        spec = self._specs.get(integration)
        if self._translator is not None and spec is not None:
            node = spec.streams.get(name) if raw else spec.parsers.get(name)
            if node is not None:
                return self._translator.asset_key(spec, node).path
        return [integration, "raw", name] if raw else [integration, name]

    def _stale(self, spec: IntegrationSpec, state: ParserStatus) -> int | None:
        """How many windows were parsed with full-refresh inputs that changed since."""
        known = self._connections.get((state.integration, state.connection))
        # What is stored of a connection stays when it leaves the file.
        connection = known or Connection(id=state.connection, integration=state.integration, start=_now().date())
        session, parser = Session(spec, connection, self._lake), spec.parsers[state.parser]
        try:
            inputs = RawInputs(session, parser)
        except ParseError:
            return None
        tables = PublishedTables(session, parser).windows
        return len({at for table in tables for at, parsed in table.items() if inputs.is_stale(parsed.inputs)})

    def _error(self, integration: str, connection: str, step: str, since: datetime | None) -> str | None:
        if self._history is None:
            return None
        if (integration, connection) not in self._errors:
            self._errors[integration, connection] = self._history.last_failures(f"{integration}/{connection}")
        failed = self._errors[integration, connection].get(step)
        return failed[1] if failed and (since is None or failed[0] >= since) else None


def _key(place: TablePath) -> tuple[str, str, str]:
    return place.integration, place.connection, place.name


def _newest_mark(marks: TableVersion) -> int | None:
    return max(_values(marks, "mark"), default=None)


def _values(snapshot: TableVersion, column: str) -> Iterator[int]:
    for batch in snapshot.read([column]):
        yield from (value for value in batch.column(column).to_pylist() if value is not None)


def _now() -> datetime:
    return datetime.now(UTC)


def _text(moment: datetime) -> str:
    return (moment - timedelta(microseconds=moment.microsecond)).isoformat().replace("+00:00", "Z")
