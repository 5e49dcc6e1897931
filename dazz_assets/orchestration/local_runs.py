"""Syncs and parses in this process: the same assets on the same instance as the UI's, so that their runs show there."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from dazz_assets.connections import BadConnection, Connection
from dazz_assets.errors import DefinitionError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.names import suggest
from dazz_assets.orchestration import runs
from dazz_assets.orchestration.assets import build_assets
from dazz_assets.orchestration.jobs import Phase, PhasePlan, build_jobs, job_name, run_config
from dazz_assets.orchestration.outcomes import Outcome, Problem, read_outcome
from dazz_assets.orchestration.partitions import Grid, windows_from_marks
from dazz_assets.orchestration.resource import RESOURCE, SessionPool
from dazz_assets.orchestration.row_counts import stream_snapshot
from dazz_assets.orchestration.run_config import Options, ParserOptions, run_options
from dazz_assets.orchestration.translator import Node, Translator, load_translator
from dazz_assets.reports import Progress
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec, ParserSpec, StreamSpec
from dazz_assets.tables import is_synced

_SILENT = "silent"


def sync_connections(
    spec: IntegrationSpec,
    connections: Sequence[Connection],
    *,
    streams: Collection[str] | None = None,
    extent: SyncRange,
    instance: dg.DagsterInstance,
    lake: Lake,
    progress: Progress | None = None,
    make_session: Callable[..., Session] = Session,
) -> Outcome:
    """Sync each connection in turn and parse what it brought; one that fails does not sink the others.

    streams: all, or these with the ancestors that were never stored, and the parsers that read them.
    make_session: see `Workplace`.
    Raises DefinitionError for a stream that the integration doesn't have.
    """
    _known("stream", streams or (), spec, spec.streams)
    workplace, outcome = SessionPool.of(lake, connections, progress, make_session), Outcome()
    for connection in connections:
        try:
            _ = workplace.session(spec, connection.id).integration
        except BadConnection as error:
            outcome.errors.append(Problem(connection.id, str(error)))
            continue
        with _working(spec, connection, instance, workplace) as at:
            outcome.add(at.sync(extent, streams))
    return outcome


def parse_connections(
    spec: IntegrationSpec,
    connections: Sequence[Connection],
    *,
    parser: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    stale: bool = False,
    instance: dg.DagsterInstance,
    lake: Lake,
    progress: Progress | None = None,
) -> Outcome:
    """Parse again from raw: every window, those that meet [since, until), or with `stale` those with changed inputs.

    Always also each window whose records are no longer those that it was parsed from. Makes no request.
    Raises DefinitionError for a parser that the integration doesn't have.
    """
    _known("parser", [parser] if parser else [], spec, spec.parsers)
    workplace, outcome = SessionPool.of(lake, connections, progress), Outcome()
    parsers = [spec.parsers[parser]] if parser else list(spec.parsers.values())
    for connection in connections:
        with _working(spec, connection, instance, workplace) as at:
            outcome.add(at.parse(parsers, since, until, stale=stale))
    return outcome


def _known(kind: str, names: Collection[str], spec: IntegrationSpec, known: Mapping[str, object]) -> None:
    for name in names:
        if name not in known:
            raise DefinitionError(f"{spec.name} has no {kind} {name!r}{suggest(name, known)}")


@contextmanager
def _working(
    spec: IntegrationSpec, connection: Connection, instance: dg.DagsterInstance, workplace: SessionPool
) -> Iterator["_ConnectionAtWork"]:
    """Hold the connection's lock over all its runs."""
    where = f"{spec.name}/{connection.id}"
    with workplace.lake.lock(spec.name, connection.id, lambda whom: workplace.progress.waiting(where, 0, whom)):
        yield _ConnectionAtWork(spec, connection, instance, workplace, load_translator())


class _ConnectionAtWork:
    def __init__(
        self,
        spec: IntegrationSpec,
        connection: Connection,
        instance: dg.DagsterInstance,
        workplace: SessionPool,
        translator: Translator,
    ) -> None:
        self.spec = spec
        self.connection = connection
        self.instance = instance
        self.session = workplace.session(spec, connection.id)
        self.plan = PhasePlan.of(spec)
        self.grid = Grid.of(spec, [connection])
        self.translator = translator
        self.definitions = dg.Definitions(
            assets=build_assets(spec, [connection], self.translator),
            jobs=build_jobs(spec, self.translator),
            resources={RESOURCE: workplace},
            loggers={_SILENT: _silent},
        )
        instance.add_dynamic_partitions(str(self.grid.connections_def.name), [connection.id])

    def sync(self, extent: SyncRange, streams: Collection[str] | None) -> Outcome:
        nodes, outcome = self._chosen(streams), Outcome()
        for phase, of_phase in self.plan.nodes.items():
            chosen = [node for node in of_phase if node in nodes]
            windows = self._windows(extent, chosen) if phase == "sync" and chosen else None
            outcome.add(self._run(phase, [(node, run_options(extent, node)) for node in chosen], windows))
        return outcome

    def parse(
        self, parsers: Sequence[ParserSpec], since: datetime | None, until: datetime | None, *, stale: bool
    ) -> Outcome:
        # A run that is told to parse what changed parses no window for being asked.
        changed = not stale and not self._is_met(since, until)
        options, outcome = ParserOptions(changed=changed, stale=stale), Outcome()
        last = self.grid.last
        windows = (last, last) if changed or stale else self._meeting(since, until)
        for phase, of_phase in self.plan.nodes.items():
            chosen = [node for node in of_phase if node in parsers]
            outcome.add(self._run(phase, [(node, options) for node in chosen], windows if phase == "sync" else None))
        return outcome

    def _chosen(self, streams: Collection[str] | None) -> list[Node]:
        if streams is None:
            return [*self.spec.streams.values(), *self.spec.parsers.values()]
        names = set(streams)
        for stream in reversed(list(self.spec.streams.values())):
            parent = self.spec.streams[stream.parent] if stream.name in names and stream.parent else None
            if parent is not None and not self._is_stored(parent):
                names.add(parent.name)
        ready = {
            stream.name for stream in self.spec.streams.values() if stream.name in names or self._is_stored(stream)
        }
        parsers = [
            parser
            for parser in self.spec.parsers.values()
            if (inputs := {item.stream for item in parser.inputs}) & names and inputs <= ready
        ]
        return [*(stream for stream in self.spec.streams.values() if stream.name in names), *parsers]

    def _is_stored(self, stream: StreamSpec) -> bool:
        return is_synced(stream_snapshot(self.session, stream))

    def _windows(self, extent: SyncRange, nodes: Sequence[Node]) -> tuple[date, date]:
        if extent.from_mark:
            streams = [node for node in nodes if isinstance(node, StreamSpec)]
            return windows_from_marks(self.instance, self.session, streams, self._keys(nodes), self.grid)
        return self._meeting(None, None) if extent.replace else self._meeting(extent.since, extent.until)

    def _is_met(self, since: datetime | None, until: datetime | None) -> bool:
        """Whether [since, until) meets a window of the grid."""
        beyond = self.grid.windows.after(self.grid.last)
        return (since is None or since.astimezone(UTC).date() < beyond) and (
            until is None or (until.astimezone(UTC) - timedelta(microseconds=1)).date() >= self.grid.first
        )

    def _meeting(self, since: datetime | None, until: datetime | None) -> tuple[date, date]:
        """The first and last window of the grid that meet [since, until)."""
        floor, nearest = self.grid.windows.floor, self.grid.nearest
        first = nearest(floor(since.astimezone(UTC).date())) if since else self.grid.first
        last = nearest(floor((until.astimezone(UTC) - timedelta(microseconds=1)).date())) if until else self.grid.last
        return first, max(first, last)

    def _run(
        self, phase: Phase, work: Sequence[tuple[Node, Options | None]], windows: tuple[date, date] | None
    ) -> Outcome:
        if not work:
            return Outcome()
        nodes = [node for node, _ in work]
        key = self.connection.id if windows is None else self.grid.key(self.connection.id, windows[0])
        one = windows is None or windows[0] == windows[1]
        ours = {**runs.connection_tags([self.session.name]), runs.PROCESS_TAG: runs.process_tag()}
        span = {} if one or windows is None else self.grid.range_tags(self.connection.id, *windows)
        config = run_config({self._key(node): options for node, options in work})
        # The events are in the UI; the console belongs to the caller's progress.
        config.loggers = {_SILENT: {}}
        result = self.definitions.resolve_job_def(job_name(self.spec, phase)).execute_in_process(
            run_config=config,
            instance=self.instance,
            partition_key=key if one else None,
            asset_selection=self._keys(nodes),
            tags={**ours, **span},
            raise_on_error=False,
        )
        if any(map(_was_interrupted, result.all_events)):
            raise KeyboardInterrupt
        outcome = read_outcome(result.all_events)
        self._note_what_did_not_run(nodes, outcome)
        return outcome

    def _key(self, node: Node) -> dg.AssetKey:
        return self.translator.asset_key(self.spec, node)

    def _keys(self, nodes: Iterable[Node]) -> list[dg.AssetKey]:
        return [self._key(node) for node in nodes]

    def _note_what_did_not_run(self, nodes: Iterable[Node], outcome: Outcome) -> None:
        id_ = self.connection.id
        streams = {item.stream for item in outcome.streams} | {item.stream for item in outcome.errors}
        parsers = {item.parser for item in outcome.parsers} | {item.parser for item in outcome.errors}
        for node in nodes:
            text = f"{self.session.name}, {node.name}: not run, because what it needs failed"
            if isinstance(node, StreamSpec) and node.name not in streams:
                outcome.errors.append(Problem(id_, text, stream=node.name))
            elif isinstance(node, ParserSpec) and node.name not in parsers:
                outcome.errors.append(Problem(id_, text, parser=node.name))


def _was_interrupted(event: dg.DagsterEvent) -> bool:
    """Dagster ends an interrupted run and returns, as after any failure; who interrupts wants all work to end."""
    reason = event.job_failure_data.failure_reason if event.is_job_failure else None
    return reason is not None and reason.value == "UNEXPECTED_TERMINATION"


@dg.logger
def _silent(_: dg.InitLoggerContext) -> logging.Logger:
    log = logging.Logger("dazz.silent")
    log.addHandler(logging.NullHandler())
    return log
