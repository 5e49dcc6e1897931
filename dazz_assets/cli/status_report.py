"""Collect the status of streams and parsers for `dazz status`.

Reads the lake's logs and marks and the Dagster instance. Opens no data files of streams and parsers, and loads no
Dagster definitions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dazz_assets.cli.unknown_integrations import describe_unknown
from dazz_assets.connections import BadConnection, Connection, Connections, connections_path, read_connections
from dazz_assets.errors import ParseError
from dazz_assets.extract.bounds import format_moment
from dazz_assets.extract.marks import read_mark
from dazz_assets.home import dagster_home, lake_url
from dazz_assets.lake import Lake, TablePath, TableVersion
from dazz_assets.names import closest_name
from dazz_assets.session import Session
from dazz_assets.spec.discovery import discover
from dazz_assets.spec.specs import IntegrationSpec
from dazz_assets.transform.parse_windows import outdated_windows
from dazz_assets.transform.published_tables import PublishedTables
from dazz_assets.transform.raw_inputs import RawInputs

if TYPE_CHECKING:
    from dazz_assets.orchestration.dagster_instance import DagsterInstance
    from dazz_assets.orchestration.run_history import LastMaterialization, RunHistory
    from dazz_assets.orchestration.translator import Translator


@dataclass(slots=True)
class StreamStatus:
    """The status of a stream.

    rows: all versions of records. due_next: None if its connection is not configured, or its integration is not found,
    as nothing syncs it then. configured: whether the
    connections file has an entry for the connection, valid or not.
    """

    integration: str
    connection: str
    stream: str
    rows: int = 0
    high_water_mark: str | None = None
    last_sync: str | None = None
    requests: int | None = None
    due_next: str | None = None
    last_error: str | None = None
    configured: bool = True


@dataclass(slots=True)
class ParserStatus:
    """The status of a parser.

    stale_windows: those that `dazz parse --stale` would parse: of changed records or inputs, or never parsed. None if
        its integration is not found. version: the parser's; None if it is not found.
    other_versions: those that some windows were parsed by. configured: as of a stream.
    """

    integration: str
    connection: str
    parser: str
    objects: int = 0
    windows: int = 0
    stale_windows: int | None = None
    version: str | None = None
    other_versions: list[str] = field(default_factory=list)
    quarantined: int = 0
    last_parse: str | None = None
    last_error: str | None = None
    configured: bool = True


@dataclass(slots=True)
class FailingStatus:
    """Streams of a connection whose syncs keep failing. failures: in a row. next_try: when the sensor requests one."""

    integration: str
    connection: str
    streams: list[str]
    failures: int
    reason: str
    next_try: str


@dataclass(slots=True)
class LakeStatus:
    """The status of all that is stored or configured.

    problems: what is wrong with the connections file, or with the config of a connection.
    unknown: integrations that connections or stored data name, and that are not discovered.
    """

    streams: list[StreamStatus] = field(default_factory=list)
    parsers: list[ParserStatus] = field(default_factory=list)
    failing: list[FailingStatus] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def read_status() -> LakeStatus:
    """Read the status of all streams and parsers."""
    lake = Lake(lake_url())
    problems: list[str] = []
    is_readable = True
    try:
        connections = read_connections(connections_path()) if connections_path().exists() else Connections()
        problems += [problem.text for problem in connections.problems]
    except BadConnection as error:
        connections, is_readable = Connections(), False
        problems.append(str(error))
    with ExitStack() as stack:
        history = translator = None
        found, failing = discover(), list[FailingStatus]()
        specs = found.integrations
        misspelt = {
            name: text
            for name, text in describe_unknown(connections, specs, found.failures)
            if closest_name(name, specs) is not None
        }
        problems += misspelt.values()
        if (dagster_home() / "dagster.yaml").exists():
            from dazz_assets.orchestration.dagster_instance import open_instance
            from dazz_assets.orchestration.run_history import RunHistory
            from dazz_assets.orchestration.translator import load_translator

            translator = load_translator()
            instance = stack.enter_context(open_instance())
            history = RunHistory(instance)
            failing = list(_read_failing(instance, specs, connections))
        reader = _Reader(lake, connections, specs, history, translator, failing)
        streams, parsers = reader.read_streams(), reader.read_parsers()
    problems += _find_unusable(connections, specs)
    if is_readable:
        _note_removed([*streams, *parsers], connections)
        streams = [item for item in streams if item.configured or item.rows]
        parsers = [item for item in parsers if item.configured or item.objects or item.quarantined]
    configured = {item.integration for item in connections.valid}
    stored = {item.integration for item in streams} | {item.integration for item in parsers}
    return LakeStatus(
        streams, parsers, failing, problems, sorted((configured | stored) - specs.keys() - misspelt.keys())
    )


def _find_unusable(connections: Connections, specs: Mapping[str, IntegrationSpec]) -> Iterator[str]:
    """What is wrong with the configs of connections: a variable that is not set here, a missing or a wrong setting."""
    for item in connections.valid:
        if (spec := specs.get(item.integration)) is not None:
            try:
                item.load(spec.config)
            except BadConnection as error:
                yield str(error)


def _note_removed(items: Sequence[StreamStatus | ParserStatus], connections: Connections) -> None:
    """Mark what belongs to connections that have no entry in the file. An entry that is invalid counts as one."""
    unusable = {item.id for item in connections.problems}
    valid = {(item.integration, item.id) for item in connections.valid}
    for item in items:
        item.configured = (item.integration, item.connection) in valid or item.connection in unusable


def _read_failing(
    instance: DagsterInstance, specs: Mapping[str, IntegrationSpec], connections: Connections
) -> Iterator[FailingStatus]:
    from dazz_assets.orchestration.failing_phases import find_failing_phases
    from dazz_assets.orchestration.jobs import PhasePlan

    for item in connections.valid:
        if (spec := specs.get(item.integration)) is None:
            continue
        written = datetime.fromtimestamp(connections_path().stat().st_mtime, UTC)
        for phase, found in find_failing_phases(instance, spec, item.id, item.interval, written).items():
            streams = [node.name for node in PhasePlan.of(spec).nodes[phase] if node.name in spec.streams]
            next_try = _format_time(found.next_try)
            yield FailingStatus(item.integration, item.id, streams, found.failures, found.reason, next_try)


class _Reader:
    def __init__(
        self,
        lake: Lake,
        connections: Connections,
        specs: Mapping[str, IntegrationSpec],
        history: RunHistory | None,
        translator: Translator | None,
        failing: Sequence[FailingStatus],
    ) -> None:
        self._lake = lake
        self._translator = translator
        self._connections = {(item.integration, item.id): item for item in connections.valid}
        self._history = history
        self._specs = specs
        self._next_tries = {
            (item.integration, item.connection, stream): item.next_try for item in failing for stream in item.streams
        }
        self._errors: dict[str, dict[str, tuple[datetime, str]]] = {}

    def read_streams(self) -> list[StreamStatus]:
        stored = {_table_key(table.path): table.open() for table in self._lake.tables("raw")}
        marks = {_table_key(table.path): table.open() for table in self._lake.tables("marks")}
        configured = {
            (integration, id_, stream)
            for integration, id_ in self._connections
            if integration in self._specs
            for stream in self._specs[integration].streams
        }
        return [
            self._read_stream(StreamStatus(*key), stored.get(key), marks.get(key))
            for key in sorted(configured | stored.keys())
        ]

    def _read_stream(self, status: StreamStatus, raw: TableVersion | None, marks: TableVersion | None) -> StreamStatus:
        if raw is not None:
            status.rows = raw.rows
            newest = _newest_mark(marks) if marks is not None else read_mark(raw)
            status.high_water_mark = None if newest is None else format_moment(newest)
        asset_key = self._asset_key(status.integration, status.stream, raw=True)
        event = self._read_last_run(status, asset_key)
        if event:
            status.last_sync, status.requests = _format_time(event.at), event.requests
        connection = self._connections.get((status.integration, status.connection))
        if connection is not None and status.integration in self._specs:
            due = _format_time(max(event.at + connection.interval, _now()) if event else _now())
            key = (status.integration, status.connection, status.stream)
            status.due_next = max(due, self._next_tries.get(key, due))
        return status

    def read_parsers(self) -> list[ParserStatus]:
        objects: dict[tuple[str, str, str], dict[object, int]] = {}
        for table in self._lake.tables("domain"):
            path, version = table.path, table.open()
            windows = objects.setdefault((path.integration, path.connection, path.parser), {})
            for window, parsed in (version.window_states() if version else {}).items():
                windows[window] = windows.get(window, 0) + parsed.rows
        quarantined_rows = {
            (table.path.integration, table.path.connection, table.path.parser): version.rows
            for table in self._lake.tables("quarantine")
            if (version := table.open()) is not None
        }
        return [
            self._read_parser(ParserStatus(*key), windows, quarantined_rows.get(key, 0))
            for key, windows in sorted(objects.items())
        ]

    def _read_parser(self, status: ParserStatus, windows: dict[object, int], quarantined: int) -> ParserStatus:
        status.objects, status.windows, status.quarantined = sum(windows.values()), len(windows), quarantined
        spec = self._specs.get(status.integration)
        if spec is not None and status.parser in spec.parsers:
            self._read_windows(spec, status)
        asset_key = self._asset_key(status.integration, status.parser)
        event = self._read_last_run(status, asset_key)
        status.last_parse = _format_time(event.at) if event else None
        return status

    def _read_last_run(
        self, status: StreamStatus | ParserStatus, asset_key: Sequence[str]
    ) -> LastMaterialization | None:
        """The last materialization of a stream or parser; what failed since then is put into its status."""
        if self._history is None:
            return None
        event = self._history.last_materialization(asset_key, status.connection)
        status.last_error = self._find_error(self._history, status, "__".join(asset_key), event.at if event else None)
        return event

    def _find_error(
        self, history: RunHistory, status: StreamStatus | ParserStatus, step: str, since: datetime | None
    ) -> str | None:
        connection = f"{status.integration}/{status.connection}"
        if connection not in self._errors:
            self._errors[connection] = history.last_failures(connection)
        failure = self._errors[connection].get(step)
        return failure[1] if failure and (since is None or failure[0] >= since) else None

    def _asset_key(self, integration: str, name: str, *, raw: bool = False) -> Sequence[str]:
        """The key of a stream's or parser's asset, from the translator if the integration is known."""
        spec = self._specs.get(integration)
        if self._translator is not None and spec is not None:
            node = spec.streams.get(name) if raw else spec.parsers.get(name)
            if node is not None:
                return self._translator.asset_key(spec, node).path
        return [integration, "raw", name] if raw else [integration, name]

    def _read_windows(self, spec: IntegrationSpec, status: ParserStatus) -> None:
        """Set how many windows are to be parsed (None if an input was never synced), and the versions so far."""
        configured = self._connections.get((status.integration, status.connection))
        # Data stays in the lake when its connection is removed from the file.
        connection = configured or Connection(id=status.connection, integration=status.integration, start=_now().date())
        session, parser = Session(spec, connection, self._lake), spec.parsers[status.parser]
        published = PublishedTables(session, parser)
        status.version, status.other_versions = parser.version, published.other_parser_versions
        with suppress(ParseError):
            status.stale_windows = len(outdated_windows(RawInputs(session, parser), published))


def _table_key(path: TablePath) -> tuple[str, str, str]:
    return path.integration, path.connection, path.name


def _newest_mark(marks: TableVersion) -> int | None:
    """The greatest of the marks that a sub-stream keeps for its parents."""
    return max(_read_values(marks, "mark"), default=None)


def _read_values(version: TableVersion, column: str) -> Iterator[int]:
    for batch in version.read([column]):
        yield from (value for value in batch.column(column).to_pylist() if value is not None)


def _now() -> datetime:
    return datetime.now(UTC)


def _format_time(moment: datetime) -> str:
    return (moment - timedelta(microseconds=moment.microsecond)).isoformat().replace("+00:00", "Z")
