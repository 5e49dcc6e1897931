"""The sensor of an integration: keeps partitions in line with the connections, and requests each sync that is due.

A tick looks at a bounded number of due connections, those first that are due for longest, and so ends well within the
time that Dagster allows it, whatever the number of connections. The others come next tick.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial

import dagster as dg

from dazz_assets.connections import BadConnection, Connection, Connections
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.orchestration import runs
from dazz_assets.orchestration.dagster_internals import UnresolvedAssetJobDefinition
from dazz_assets.orchestration.failing_phases import FailingPhase, failing_connections, find_failing_phases
from dazz_assets.orchestration.jobs import PHASES, Phase, PhasePlan, job_name, run_config
from dazz_assets.orchestration.partitions import Grid, first_windows, mark_windows
from dazz_assets.orchestration.resource import RESOURCE, SessionPool
from dazz_assets.orchestration.run_config import options_for_sync
from dazz_assets.orchestration.translator import Translator
from dazz_assets.spec.specs import IntegrationSpec

MINIMUM_INTERVAL_SECONDS = 30
# More runs than wait in the queue would only make the queue slower, which reads all of them every few seconds.
MOST_WAITING_RUNS = 200
# Tables whose logs are read at the same time, which matters if the lake is on object storage.
_READERS = 8
_REASONS_SHOWN = 5

PartitionsRequest = dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest


def build_sensor(
    spec: IntegrationSpec,
    grid: Grid,
    jobs: Sequence[UnresolvedAssetJobDefinition],
    translator: Translator,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.STOPPED,
    resource: str = RESOURCE,
) -> dg.SensorDefinition:
    """The sensor of an integration.

    status: whether it runs without being started in the UI.
    resource: the key of the resource that gives a SessionPool.
    """
    plan = PhasePlan.of(spec)

    @dg.sensor(
        name=f"{spec.name}_connections",
        jobs=jobs,
        minimum_interval_seconds=MINIMUM_INTERVAL_SECONDS,
        default_status=status,
        required_resource_keys={resource},
        description=f"Keeps partitions in line with the connections of {spec.name}, and requests each sync when due.",
    )
    def request_syncs(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        pool: SessionPool = getattr(context.resources, resource)
        try:
            connections = pool.connections
        except BadConnection as error:
            return dg.SkipReason(f"{error}. Until this is fixed, no partition changes and no sync is requested.")
        return _Tick(context, spec, grid, plan, translator, pool, connections, now()).evaluate()

    return request_syncs


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """How far the sync of a connection has got.

    began: when the first run of the last sync was requested, RFC 3339.
    pending: the phase of that sync that is to be requested next; None when all are.
    waiting: why that sync left out a phase that keeps failing, and when it is tried again.
    """

    began: str
    pending: Phase | None = None
    waiting: str | None = None

    def due_at(self, interval: timedelta) -> datetime:
        """From when on a run is to be requested: the next phase of a sync, or the first one of a new sync."""
        began = datetime.fromisoformat(self.began)
        return began if self.pending is not None else began + interval


_NEVER_SYNCED = datetime.min.replace(tzinfo=UTC)
SyncStates = Mapping[str, ConnectionState]


def read_states(cursor: str | None) -> dict[str, ConnectionState]:
    """The sync states by connection that a sensor's cursor holds."""
    entries = json.loads(cursor) if cursor else {}
    return {
        connection: ConnectionState(
            entry["began"], pending if (pending := entry.get("pending")) in PHASES else None, entry.get("waiting")
        )
        for connection, entry in entries.items()
    }


def write_states(states: SyncStates) -> str:
    """The sync states as a sensor's cursor."""
    entries = {
        connection: {name: value for name, value in asdict(state).items() if value is not None}
        for connection, state in states.items()
    }
    return json.dumps(entries, separators=(",", ":"))


def drop_removed(states: SyncStates, connections: Iterable[str]) -> dict[str, ConnectionState]:
    """The states of these connections only."""
    known = set(connections)
    return {connection: state for connection, state in states.items() if connection in known}


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """A request for a run of one phase. A tick that is repeated after a crash makes a request with the same key."""

    connection: str
    phase: Phase
    key: str


def next_request(connection: str, state: ConnectionState | None, plan: PhasePlan, now: datetime) -> SyncRequest:
    """The run that a due connection needs now.

    Dagster never runs a key twice. The key of a first sync contains the time, since a connection may be removed and
    added again.
    """
    if state is None:
        return SyncRequest(connection, plan.first, f"{connection}:first at {_format_time(now)}:{plan.first}")
    if state.pending is not None:
        return SyncRequest(connection, state.pending, f"{connection}:{state.began}:{state.pending}")
    return SyncRequest(connection, plan.first, f"{connection}:after {state.began}:{plan.first}")


def advance(state: ConnectionState | None, phase: Phase, plan: PhasePlan, now: datetime) -> ConnectionState:
    """The state after a phase was requested. Only the first phase of a sync sets its time."""
    if state is None or state.pending is None:
        return ConnectionState(_format_time(now), plan.after(phase))
    return replace(state, pending=plan.after(phase))


def _join(reasons: Sequence[str]) -> str:
    """The first reasons as one text, and how many more there are."""
    more = len(reasons) - _REASONS_SHOWN
    return "; ".join([*reasons[:_REASONS_SHOWN], *([f"and {more} more"] if more > 0 else [])])


def _format_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


@dataclass(frozen=True)
class _Tick:
    context: dg.SensorEvaluationContext
    spec: IntegrationSpec
    grid: Grid
    plan: PhasePlan
    translator: Translator
    pool: SessionPool
    connections: Connections
    now: datetime

    def evaluate(self) -> dg.SensorResult:
        configured = self.connections.for_integration(self.spec.name)
        partitions = set(self.context.instance.get_dynamic_partitions(str(self.grid.connections_def.name)))
        problems = self.connections.problems_for(self.spec.name)
        # A connection with a bad entry keeps its partition and its state until the entry is fixed.
        broken = problems.keys() & partitions
        states = drop_removed(read_states(self.context.cursor), {*(item.id for item in configured), *broken})
        warnings = [*problems.values(), *self._starts_before_grid(configured)]
        requests = []
        for connection in self._due_connections(configured, states, warnings):
            request, states[connection.id] = self._next_run(connection, states.get(connection.id))
            if request is not None:
                requests.append((connection, request))
            elif (waiting := states[connection.id].waiting) is not None:
                self.context.log.warning(waiting)
        run_requests = self._run_requests(requests)
        for warning in warnings:
            self.context.log.warning(warning)
        reasons = [*warnings, *(state.waiting for state in states.values() if state.waiting)]
        return dg.SensorResult(
            run_requests=run_requests,
            skip_reason=None if run_requests else dg.SkipReason(_join(reasons) or "No sync is due."),
            cursor=write_states(states),
            dynamic_partitions_requests=list(
                self._partition_changes(partitions, {item.id for item in configured}, broken)
            ),
        )

    def _next_run(
        self, connection: Connection, state: ConnectionState | None
    ) -> tuple[SyncRequest | None, ConnectionState]:
        """The run that a due connection needs now, and its state then. Leaves out phases that keep failing."""
        failing_phases = self._failing_phases(connection)
        while True:
            request = next_request(connection.id, state, self.plan, self.now)
            state = advance(state, request.phase, self.plan, self.now)
            failing = failing_phases.get(request.phase)
            if failing is None or not failing.is_waiting(self.now):
                return request, state
            state = replace(state, waiting=f"{self.spec.name}/{connection.id} {failing}")
            if state.pending is None:
                return None, state

    def _failing_phases(self, connection: Connection) -> dict[Phase, FailingPhase]:
        if f"{self.spec.name}/{connection.id}" not in self._failing_connections:
            return {}
        return find_failing_phases(
            self.context.instance, self.spec, connection.id, connection.interval, self.pool.changed_at
        )

    @cached_property
    def _failing_connections(self) -> set[str]:
        """The connections with failures lately, from one query: most have none, and need no look at their runs."""
        return failing_connections(self.context.instance, self.spec.name, self.now)

    def _partition_changes(
        self, partitions: set[str], configured: set[str], broken: set[str]
    ) -> Iterator[PartitionsRequest]:
        if added := sorted(configured - partitions):
            yield self.grid.connections_def.build_add_request(added)
        if removed := sorted(partitions - configured - broken):
            yield self.grid.connections_def.build_delete_request(removed)

    def _starts_before_grid(self, configured: Iterable[Connection]) -> Iterator[str]:
        """A warning for each connection that starts before the grid, which is fixed when definitions load."""
        for connection in configured:
            if (window := self.grid.windows.floor(connection.start)) < self.grid.first:
                yield (
                    f"{self.spec.name}/{connection.id} starts in the window {window}, before the grid's first window "
                    f"{self.grid.first}. Its data are synced; reload the definitions to see its earlier windows"
                )

    def _due_connections(
        self, configured: Iterable[Connection], states: SyncStates, warnings: list[str]
    ) -> Iterator[Connection]:
        """The connections that need a run now, those that are due for longest first, and not more than the queue takes.

        Appends a warning for each whose config is wrong.
        """
        busy, waiting = self._busy_connections()
        due_at = {
            connection.id: state.due_at(connection.interval) if (state := states.get(connection.id)) else _NEVER_SYNCED
            for connection in configured
        }
        room = MOST_WAITING_RUNS - waiting
        for connection in sorted(configured, key=lambda item: due_at[item.id]):
            if due_at[connection.id] > self.now:
                return
            if f"{self.spec.name}/{connection.id}" in busy:
                continue
            try:
                connection.load(self.spec.config)
            except BadConnection as error:
                warnings.append(str(error))
                continue
            if room > 0:
                room -= 1
                yield connection

    def _busy_connections(self) -> tuple[set[str], int]:
        """The connections with a run in progress, and how many runs of this integration wait; from one query.

        Fails this integration's dead runs.
        """
        records = self.context.instance.get_run_records(dg.RunsFilter(statuses=runs.IN_PROGRESS))
        connections = {record.dagster_run.run_id: runs.connections_of(record.dagster_run) for record in records}
        own = [
            record
            for record in records
            if any(item.startswith(f"{self.spec.name}/") for item in connections[record.dagster_run.run_id])
        ]
        dead = runs.fail_dead_runs(self.context.instance, own)
        waiting = sum(record.dagster_run.status in runs.WAITING for record in own)
        return {item for run_id, of_run in connections.items() if run_id not in dead for item in of_run}, waiting

    def _run_requests(self, requests: Sequence[tuple[Connection, SyncRequest]]) -> list[dg.RunRequest]:
        windowed = [connection for connection, request in requests if request.phase == "sync"]
        with ThreadPoolExecutor(_READERS) as readers:
            marks = dict(zip([item.id for item in windowed], readers.map(self._mark_windows, windowed), strict=True))
        keys = [self.translator.asset_key(self.spec, node) for node in self.plan.nodes["sync"]] if windowed else []
        first = first_windows(self.context.instance, marks, keys, self.grid)
        return [self._run_request(connection, request, first.get(connection.id)) for connection, request in requests]

    def _mark_windows(self, connection: Connection) -> tuple[date, date]:
        """The windows of a connection's marks; the current one if they can't be read, as then its run says why."""
        try:
            return mark_windows(self.pool.session(self.spec, connection.id), self.plan.incremental_streams(), self.grid)
        except Exception as error:  # noqa: BLE001  any error fails its connection only
            self.context.log.warning(f"{self.spec.name}/{connection.id}: its marks can't be read: {error}")
            return self.grid.last, self.grid.last

    def _run_request(self, connection: Connection, request: SyncRequest, first: date | None) -> dg.RunRequest:
        """The request of a run. first: its first window, if it is over windows."""
        tags = runs.connection_tags([f"{self.spec.name}/{connection.id}"])
        if first is not None:
            tags |= self.grid.range_tags(connection.id, first, self.grid.last)
        return dg.RunRequest(
            run_key=request.key,
            job_name=job_name(self.spec, request.phase),
            partition_key=connection.id if first is None else None,
            tags=tags,
            run_config=self._run_configs[request.phase],
        )

    @cached_property
    def _run_configs(self) -> dict[Phase, dg.RunConfig]:
        """The config of each phase's runs, which is the same for all connections."""
        sync_range, key = SyncRange(from_mark=True), partial(self.translator.asset_key, self.spec)
        return {
            phase: run_config({key(node): options_for_sync(sync_range, node) for node in nodes})
            for phase, nodes in self.plan.nodes.items()
        }
