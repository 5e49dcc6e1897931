"""A sensor an integration: partitions that follow the configured connections, and a request for each due sync."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from dazz_assets.authoring.spec import IntegrationSpec
from dazz_assets.connections import BadConnection, Connection, Connections
from dazz_assets.orchestration import due, runs
from dazz_assets.orchestration.dagster_internals import UnresolvedAssetJobDefinition
from dazz_assets.orchestration.extents import options_of
from dazz_assets.orchestration.jobs import Plan, job_name, run_config
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.span import from_marks
from dazz_assets.orchestration.translator import Translator
from dazz_assets.orchestration.workplace import RESOURCE, Workplace
from dazz_assets.sync.extent import Extent

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
    plan = Plan.of(spec)

    @dg.sensor(
        name=f"{spec.name}_connections",
        jobs=jobs,
        minimum_interval_seconds=MINIMUM_INTERVAL_SECONDS,
        default_status=status,
        required_resource_keys={resource},
        description=f"Follows the connections of {spec.name}, and requests each sync when it is due.",
    )
    def follow(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        at: Workplace = getattr(context.resources, resource)
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
    plan: Plan
    translator: Translator
    workplace: Workplace
    connections: Connections
    now: datetime

    def result(self) -> dg.SensorResult:
        configured = self.connections.of(self.spec.name)
        stored = set(self.context.instance.get_dynamic_partitions(str(self.grid.connections_def.name)))
        problems = self.connections.problems_of(self.spec.name)
        broken = problems.keys() & stored
        turns = due.kept(due.read(self.context.cursor), {*(item.id for item in configured), *broken})
        notes = [*problems.values(), *self._late_starts(configured)]
        requests = []
        for connection in self._ready(configured, turns, notes):
            request = due.request(connection.id, turns.get(connection.id), self.plan, self.now)
            requests.append(self._run_request(connection, request))
            turns[connection.id] = due.requested(turns.get(connection.id), request.phase, self.plan, self.now)
        for note in notes:
            self.context.log.warning(note)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason("; ".join(notes) or "No sync is due."),
            cursor=due.write(turns),
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

    def _ready(self, configured: Iterable[Connection], turns: due.Turns, notes: list[str]) -> Iterator[Connection]:
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
        dead = runs.fail_dead(self.context.instance, ours)
        return {item for run_id, connections in mine.items() if run_id not in dead for item in connections}

    def _run_request(self, connection: Connection, request: due.Request) -> dg.RunRequest:
        whole = request.phase != "sync"
        tags = runs.connection_tags([f"{self.spec.name}/{connection.id}"])
        nodes = self.plan.nodes[request.phase]
        return dg.RunRequest(
            run_key=request.key,
            job_name=job_name(self.spec, request.phase),
            partition_key=connection.id if whole else None,
            tags=tags if whole else {**tags, **self._range(connection)},
            run_config=run_config(
                {self.translator.asset_key(self.spec, node): options_of(Extent(from_mark=True), node) for node in nodes}
            ),
        )

    def _range(self, connection: Connection) -> dict[str, str]:
        session = self.workplace.session(self.spec, connection.id)
        keys = [self.translator.asset_key(self.spec, node) for node in self.plan.nodes["sync"]]
        first, last = from_marks(self.context.instance, session, self.plan.incremental(), keys, self.grid)
        return self.grid.range_tags(connection.id, first, last)
