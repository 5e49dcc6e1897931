"""Syncs and parses in this process. They run the same assets on the same instance as the UI, which shows their runs."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from dazz_assets.connections import BadConnection, Connection
from dazz_assets.errors import DefinitionError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.names import list_names, suggest
from dazz_assets.orchestration import runs
from dazz_assets.orchestration.assets import build_assets
from dazz_assets.orchestration.jobs import Phase, PhasePlan, build_jobs, job_name, run_config
from dazz_assets.orchestration.outcomes import Outcome, Problem, read_outcome
from dazz_assets.orchestration.partitions import Grid, windows_from_marks
from dazz_assets.orchestration.resource import RESOURCE, SessionPool
from dazz_assets.orchestration.run_config import Options, ParserOptions, options_for_sync
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
    sync_range: SyncRange,
    instance: dg.DagsterInstance,
    lake: Lake,
    progress: Progress | None = None,
    make_session: Callable[..., Session] = Session,
) -> Outcome:
    """Sync each connection in turn and parse what was fetched. A connection that fails doesn't stop the others.

    streams: sync only these, their ancestors that were never stored, and the parsers that read them. Default: all.
    make_session: see `SessionPool`.

    Raises DefinitionError for a stream that the integration doesn't have.
    """
    _check_names("stream", streams or (), spec, spec.streams)
    pool, outcome = SessionPool.of(lake, connections, progress, make_session), Outcome()
    with closing(pool):
        for connection in connections:
            try:
                _ = pool.session(spec, connection.id).integration
            except BadConnection as error:
                outcome.errors.append(Problem(connection.id, str(error)))
                continue
            with _locked_runner(spec, connection, instance, pool) as runner:
                outcome.add(runner.sync(sync_range, streams))
    return outcome


def parse_connections(
    spec: IntegrationSpec,
    connections: Sequence[Connection],
    *,
    parser: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    stale: bool = False,
    processes: int | None = None,
    instance: dg.DagsterInstance,
    lake: Lake,
    progress: Progress | None = None,
) -> Outcome:
    """Parse stored records again: every window, the windows that overlap [since, until), or the stale ones.

    Windows whose records changed since they were parsed are always included. Sends no request.

    parser: run only this one. Default: all.
    stale: parse the windows whose full-refresh inputs changed since they were parsed.
    processes: see `transform.parse_windows.parse`.

    Raises DefinitionError for a parser that the integration doesn't have.
    """
    _check_names("parser", [parser] if parser else [], spec, spec.parsers)
    pool, outcome = SessionPool.of(lake, connections, progress), Outcome()
    parsers = [spec.parsers[parser]] if parser else list(spec.parsers.values())
    for connection in connections:
        with _locked_runner(spec, connection, instance, pool) as runner:
            outcome.add(runner.parse(parsers, since, until, stale=stale, processes=processes))
    return outcome


def _check_names(kind: str, names: Collection[str], spec: IntegrationSpec, known: Mapping[str, object]) -> None:
    for name in names:
        if name not in known:
            raise DefinitionError(f"{spec.name} has no {kind} {name!r}{suggest(name, known)}")


@contextmanager
def _locked_runner(
    spec: IntegrationSpec, connection: Connection, instance: dg.DagsterInstance, pool: SessionPool
) -> Iterator["_ConnectionRunner"]:
    """A runner for a connection, whose lock is held until all its runs are done."""
    where = f"{spec.name}/{connection.id}"
    with pool.lake.lock(spec.name, connection.id, lambda holder: pool.progress.waiting(where, 0, holder)):
        yield _ConnectionRunner(spec, connection, instance, pool, load_translator())


class _ConnectionRunner:
    """Runs the jobs of one connection in this process."""

    def __init__(
        self,
        spec: IntegrationSpec,
        connection: Connection,
        instance: dg.DagsterInstance,
        pool: SessionPool,
        translator: Translator,
    ) -> None:
        self.spec = spec
        self.connection = connection
        self.instance = instance
        self.session = pool.session(spec, connection.id)
        self.plan = PhasePlan.of(spec)
        self.grid = Grid.of(spec, [connection])
        self.translator = translator
        self.definitions = dg.Definitions(
            assets=build_assets(spec, [connection], self.translator),
            jobs=build_jobs(spec, self.translator),
            resources={RESOURCE: pool},
            loggers={_SILENT: _silent_logger},
        )
        instance.add_dynamic_partitions(str(self.grid.connections_def.name), [connection.id])

    def sync(self, sync_range: SyncRange, streams: Collection[str] | None) -> Outcome:
        selected, outcome = self._select_nodes(streams), Outcome()
        for phase, of_phase in self.plan.nodes.items():
            nodes, not_run = self._part_by_inputs([node for node in of_phase if node in selected], outcome)
            windows = self._windows_to_sync(sync_range, nodes) if phase == "sync" and nodes else None
            outcome.add(self._run_phase(phase, [(node, options_for_sync(sync_range, node)) for node in nodes], windows))
            outcome.errors += not_run
        if outcome.streams:
            outcome.streams[-1].warnings += self._describe_left_out([item.stream for item in outcome.streams], selected)
        return outcome

    def _describe_left_out(self, streams: Collection[str], selected: Collection[Node]) -> Iterator[str]:
        """Tell of each parser of some streams that is not run, because it also reads one that was never synced."""
        for parser in self.spec.parsers.values():
            inputs = {item.stream: self.spec.streams[item.stream] for item in parser.inputs}
            if inputs.keys() & set(streams) and parser not in selected:
                missing = [name for name, other in inputs.items() if not self._is_stored(other)]
                was = "was" if len(missing) == 1 else "were"
                yield f"parser {parser.name} was not run, as {list_names(missing)} {was} never synced"

    def _part_by_inputs(self, nodes: Sequence[Node], outcome: Outcome) -> tuple[list[Node], list[Problem]]:
        """The nodes that can run, and an error for each of which an input failed just now and was never stored."""
        failed_now = {problem.stream for problem in outcome.errors}
        missing = {
            name for name, stream in self.spec.streams.items() if name in failed_now and not self._is_stored(stream)
        }
        able: list[Node] = []
        not_run: list[Problem] = []
        for node in nodes:
            if not (failed := [name for name in _input_names(node) if name in missing]):
                able.append(node)
                continue
            not_run.append(self._describe_not_run(node, failed))
            if isinstance(node, StreamSpec) and not self._is_stored(node):
                missing.add(node.name)
        return able, not_run

    def parse(
        self,
        parsers: Sequence[ParserSpec],
        since: datetime | None,
        until: datetime | None,
        *,
        stale: bool,
        processes: int | None,
    ) -> Outcome:
        # With `changed`, a run doesn't parse the windows of its partitions unless their records changed.
        changed = not stale and not self.grid.span.overlaps(since, until)
        options, outcome = ParserOptions(changed=changed, stale=stale, processes=processes), Outcome()
        last = self.grid.last
        windows = (last, last) if changed or stale else self._windows_between(since, until)
        for phase, of_phase in self.plan.nodes.items():
            nodes = [(node, options) for node in of_phase if node in parsers]
            outcome.add(self._run_phase(phase, nodes, windows if phase == "sync" else None))
        return outcome

    def _select_nodes(self, streams: Collection[str] | None) -> list[Node]:
        """These streams with the parents they need, and the parsers that read one and whose inputs are all there."""
        if streams is None:
            return [*self.spec.streams.values(), *self.spec.parsers.values()]
        names = set(streams)
        for stream in reversed(list(self.spec.streams.values())):
            parent = self.spec.streams[stream.parent] if stream.name in names and stream.parent else None
            if parent is not None and not self._is_stored(parent):
                names.add(parent.name)
        available = {
            stream.name for stream in self.spec.streams.values() if stream.name in names or self._is_stored(stream)
        }
        parsers = [
            parser
            for parser in self.spec.parsers.values()
            if (inputs := {item.stream for item in parser.inputs}) & names and inputs <= available
        ]
        return [*(stream for stream in self.spec.streams.values() if stream.name in names), *parsers]

    def _is_stored(self, stream: StreamSpec) -> bool:
        return is_synced(self.session.raw(stream).open())

    def _windows_to_sync(self, sync_range: SyncRange, nodes: Sequence[Node]) -> tuple[date, date]:
        """The first and last window of a sync."""
        if sync_range.from_mark:
            streams = [node for node in nodes if isinstance(node, StreamSpec)]
            return windows_from_marks(self.instance, self.session, streams, self._keys(nodes), self.grid)
        if sync_range.refetch:
            return self._windows_between(None, None)
        return self._windows_between(sync_range.since, sync_range.until)

    def _windows_between(self, since: datetime | None, until: datetime | None) -> tuple[date, date]:
        """The first and last window of the grid that overlap [since, until)."""
        floor, nearest = self.grid.windows.floor, self.grid.nearest
        first = nearest(floor(since.astimezone(UTC).date())) if since else self.grid.first
        last = nearest(floor((until.astimezone(UTC) - timedelta(microseconds=1)).date())) if until else self.grid.last
        return first, max(first, last)

    def _run_phase(
        self, phase: Phase, nodes: Sequence[tuple[Node, Options]], windows: tuple[date, date] | None
    ) -> Outcome:
        """Run the job of a phase for some of its nodes, over a range of windows or the connection's partition."""
        if not nodes:
            return Outcome()
        partition, tags = self._partition_and_tags(windows)
        config = run_config({self._key(node): options for node, options in nodes})
        # The UI shows the events. The console belongs to the caller's progress.
        config.loggers = {_SILENT: {}}
        result = self.definitions.resolve_job_def(job_name(self.spec, phase)).execute_in_process(
            run_config=config,
            instance=self.instance,
            partition_key=partition,
            asset_selection=self._keys(node for node, _ in nodes),
            tags=tags,
            raise_on_error=False,
        )
        if any(map(_is_interruption, result.all_events)):
            raise KeyboardInterrupt
        outcome = read_outcome(result.all_events)
        self._add_skipped([node for node, _ in nodes], outcome)
        return outcome

    def _partition_and_tags(self, windows: tuple[date, date] | None) -> tuple[str | None, dict[str, str]]:
        """The partition key of a run, or None for a range of partitions, which its tags then name."""
        tags = {**runs.connection_tags([self.session.name]), runs.PROCESS_TAG: runs.process_tag()}
        if windows is None:
            return self.connection.id, tags
        first, last = windows
        if first == last:
            return self.grid.key(self.connection.id, first), tags
        return None, {**tags, **self.grid.range_tags(self.connection.id, first, last)}

    def _key(self, node: Node) -> dg.AssetKey:
        return self.translator.asset_key(self.spec, node)

    def _keys(self, nodes: Iterable[Node]) -> list[dg.AssetKey]:
        return [self._key(node) for node in nodes]

    def _add_skipped(self, nodes: Iterable[Node], outcome: Outcome) -> None:
        """Add an error for each node that didn't run, because something that it reads failed in the same phase."""
        streams = {item.stream for item in outcome.streams} | {item.stream for item in outcome.errors}
        parsers = {item.parser for item in outcome.parsers} | {item.parser for item in outcome.errors}
        for node in nodes:
            if node.name not in (streams if isinstance(node, StreamSpec) else parsers):
                failed = {problem.stream for problem in outcome.errors}
                outcome.errors.append(
                    self._describe_not_run(node, [name for name in _input_names(node) if name in failed])
                )

    def _describe_not_run(self, node: Node, failed: Sequence[str]) -> Problem:
        what = " and ".join(failed) or "an asset it depends on"
        text = f"{self.session.name}, {node.name}: not run, because {what} failed"
        stream, parser = (node.name, None) if isinstance(node, StreamSpec) else (None, node.name)
        return Problem(self.connection.id, text, stream, parser, failed_inputs=tuple(failed))


def _input_names(node: Node) -> list[str]:
    """The streams that a stream or a parser reads."""
    if isinstance(node, StreamSpec):
        return [node.parent] if node.parent is not None else []
    return [item.stream for item in node.inputs]


def _is_interruption(event: dg.DagsterEvent) -> bool:
    """Whether a run ended by an interruption (Ctrl-C). Dagster ends such a run and returns, as after a failure."""
    reason = event.job_failure_data.failure_reason if event.is_job_failure else None
    return reason is not None and reason.value == "UNEXPECTED_TERMINATION"


@dg.logger
def _silent_logger(_: dg.InitLoggerContext) -> logging.Logger:
    log = logging.Logger("dazz.silent")
    log.addHandler(logging.NullHandler())
    return log
