"""A sensor an integration: partitions that follow the configured connections, and a request for each due sync."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

import dagster as dg

from dazz_assets.connections import BadConnection, Connection, Connections
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.orchestration import runs
from dazz_assets.orchestration.dagster_internals import UnresolvedAssetJobDefinition
from dazz_assets.orchestration.jobs import PHASES, Phase, PhasePlan, job_name, run_config
from dazz_assets.orchestration.partitions import Grid, windows_from_marks
from dazz_assets.orchestration.resource import RESOURCE, SessionPool
from dazz_assets.orchestration.run_config import run_options
from dazz_assets.orchestration.translator import Translator
from dazz_assets.spec.specs import IntegrationSpec


@dataclass(frozen=True, slots=True)
class Turn:
    """Where the syncs of a connection stand.

    began: when the last sync was requested first, RFC 3339. pending: the phase of it that is still to be requested.
    """

    began: str
    pending: Phase | None = None

    def is_due(self, interval: timedelta, now: datetime) -> bool:
        """Whether something is to be requested: the rest of a sync, or a new one."""
        return self.pending is not None or now - datetime.fromisoformat(self.began) >= interval


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """A run to request: the phase of a connection's sync, with a key that the same request has again after a crash."""

    connection: str
    phase: Phase
    key: str


Turns = Mapping[str, Turn]


def read_turns(cursor: str | None) -> dict[str, Turn]:
    """The turns that a sensor's cursor holds."""
    found = json.loads(cursor) if cursor else {}
    return {
        connection: Turn(item["began"], item["pending"] if item["pending"] in PHASES else None)
        for connection, item in found.items()
    }


def write_turns(turns: Turns) -> str:
    """The turns as a sensor's cursor."""
    return json.dumps({connection: asdict(turn) for connection, turn in turns.items()}, separators=(",", ":"))


def next_request(connection: str, turn: Turn | None, plan: PhasePlan, now: datetime) -> SyncRequest:
    """The run that a due connection needs now.

    Dagster never runs a key again: the first sync's has the time, as a connection may go and come back.
    """
    if turn is None:
        return SyncRequest(connection, plan.first, f"{connection}:first at {_text(now)}:{plan.first}")
    if turn.pending is not None:
        return SyncRequest(connection, turn.pending, f"{connection}:{turn.began}:{turn.pending}")
    return SyncRequest(connection, plan.first, f"{connection}:after {turn.began}:{plan.first}")


def advance_turn(turn: Turn | None, phase: Phase, plan: PhasePlan, now: datetime) -> Turn:
    """The turn after a phase was requested. Only the first phase of a sync sets its time."""
    if turn is None or turn.pending is None:
        return Turn(_text(now), plan.after(phase))
    return replace(turn, pending=plan.after(phase))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def drop_removed(turns: Turns, connections: Iterable[str]) -> dict[str, Turn]:
    """The turns of the connections that there still are."""
    known = set(connections)
    return {connection: turn for connection, turn in turns.items() if connection in known}


MINIMUM_INTERVAL_SECONDS = 30

Requests = dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest


def build_sensor(
    spec: IntegrationSpec,
    grid: Grid,
    jobs: Sequence[UnresolvedAssetJobDefinition],
    translator: Translator,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.STOPPED,
    resource: str = RESOURCE,
) -> dg.SensorDefinition:
    """The sensor of an integration, stopped until someone starts it unless `status` says otherwise."""
    plan = PhasePlan.of(spec)

    @dg.sensor(
        name=f"{spec.name}_connections",
        jobs=jobs,
        minimum_interval_seconds=MINIMUM_INTERVAL_SECONDS,
        default_status=status,
        required_resource_keys={resource},
        description=f"Follows the connections of {spec.name}, and requests each sync when it is due.",
    )
    def follow(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        at: SessionPool = getattr(context.resources, resource)
        try:
            connections = at.connections
        except BadConnection as error:
            return dg.SkipReason(f"{error} (nothing changes until then)")
        return _Tick(context, spec, grid, plan, translator, at, connections, now()).result()

    return follow


@dataclass(frozen=True)
class _Tick:
    context: dg.SensorEvaluationContext
    spec: IntegrationSpec
    grid: Grid
    plan: PhasePlan
    translator: Translator
    workplace: SessionPool
    connections: Connections
    now: datetime

    def result(self) -> dg.SensorResult:
        configured = self.connections.for_integration(self.spec.name)
        stored = set(self.context.instance.get_dynamic_partitions(str(self.grid.connections_def.name)))
        problems = self.connections.problems_for(self.spec.name)
        broken = problems.keys() & stored
        turns = drop_removed(read_turns(self.context.cursor), {*(item.id for item in configured), *broken})
        notes = [*problems.values(), *self._late_starts(configured)]
        requests = []
        for connection in self._ready(configured, turns, notes):
            request = next_request(connection.id, turns.get(connection.id), self.plan, self.now)
            requests.append(self._run_request(connection, request))
            turns[connection.id] = advance_turn(turns.get(connection.id), request.phase, self.plan, self.now)
        for note in notes:
            self.context.log.warning(note)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason("; ".join(notes) or "No sync is due."),
            cursor=write_turns(turns),
            dynamic_partitions_requests=list(self._partition_changes(stored, {item.id for item in configured}, broken)),
        )

    def _partition_changes(self, stored: set[str], configured: set[str], broken: set[str]) -> Iterator[Requests]:
        if added := sorted(configured - stored):
            yield self.grid.connections_def.build_add_request(added)
        if removed := sorted(stored - configured - broken):
            yield self.grid.connections_def.build_delete_request(removed)

    def _late_starts(self, configured: Iterable[Connection]) -> Iterator[str]:
        for connection in configured:
            if (window := self.grid.windows.floor(connection.start)) < self.grid.first:
                yield (
                    f"{self.spec.name}/{connection.id} starts in {window}, before the grid's first window "
                    f"{self.grid.first}: reload the definitions to see its windows (its data are synced all the same)"
                )

    def _ready(self, configured: Iterable[Connection], turns: Turns, notes: list[str]) -> Iterator[Connection]:
        busy = self._busy()
        for connection in configured:
            turn = turns.get(connection.id)
            if f"{self.spec.name}/{connection.id}" in busy or not (
                turn is None or turn.is_due(connection.interval, self.now)
            ):
                continue
            try:
                connection.load(self.spec.config)
            except BadConnection as error:
                notes.append(str(error))
            else:
                yield connection

    def _busy(self) -> set[str]:
        """The connections with a run under way, by one look at all runs in progress."""
        records = self.context.instance.get_run_records(dg.RunsFilter(statuses=runs.IN_PROGRESS))
        mine = {record.dagster_run.run_id: runs.connections_of(record.dagster_run) for record in records}
        ours = [
            record
            for record in records
            if any(item.startswith(f"{self.spec.name}/") for item in mine[record.dagster_run.run_id])
        ]
        dead = runs.fail_dead_runs(self.context.instance, ours)
        return {item for run_id, connections in mine.items() if run_id not in dead for item in connections}

    def _run_request(self, connection: Connection, request: SyncRequest) -> dg.RunRequest:
        whole = request.phase != "sync"
        tags = runs.connection_tags([f"{self.spec.name}/{connection.id}"])
        nodes = self.plan.nodes[request.phase]
        return dg.RunRequest(
            run_key=request.key,
            job_name=job_name(self.spec, request.phase),
            partition_key=connection.id if whole else None,
            tags=tags if whole else {**tags, **self._range(connection)},
            run_config=run_config(
                {
                    self.translator.asset_key(self.spec, node): run_options(SyncRange(from_mark=True), node)
                    for node in nodes
                }
            ),
        )

    def _range(self, connection: Connection) -> dict[str, str]:
        session = self.workplace.session(self.spec, connection.id)
        keys = [self.translator.asset_key(self.spec, node) for node in self.plan.nodes["sync"]]
        first, last = windows_from_marks(self.context.instance, session, self.plan.incremental(), keys, self.grid)
        return self.grid.range_tags(connection.id, first, last)
