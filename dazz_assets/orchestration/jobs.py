"""Jobs: one for each phase of an integration's sync, and one that compacts the lake daily."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import dagster as dg

from dazz_assets.lake.compaction import compact
from dazz_assets.orchestration.dagster_instance import INTEGRATION_TAG
from dazz_assets.orchestration.dagster_internals import UnresolvedAssetJobDefinition
from dazz_assets.orchestration.resource import RESOURCE, SessionPool
from dazz_assets.orchestration.run_config import Options
from dazz_assets.orchestration.translator import Node, Translator
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec

Phase = Literal["snapshots", "sync", "after_sync"]
PHASES: tuple[Phase, ...] = ("snapshots", "sync", "after_sync")

_DESCRIPTIONS: Mapping[Phase, str] = {
    "snapshots": "Snapshot streams of {name}, and the parsers that read only these.",
    "sync": "Incremental streams of {name}, and the parsers that read them by window.",
    "after_sync": "Snapshot streams and parsers of {name} that need its incremental streams as a whole.",
}


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """The streams and parsers of each phase, in the order in which phases run. Empty phases are left out.

    snapshots: snapshot streams, and parsers of these alone (partitioned by connection).
    sync: incremental streams, and parsers with an incremental input (partitioned by connection and window).
    after_sync: what is partitioned by connection and depends on an incremental stream: its snapshot sub-streams, and
        parsers that read it whole.
    """

    nodes: Mapping[Phase, tuple[Node, ...]]

    @classmethod
    def of(cls, spec: IntegrationSpec) -> "PhasePlan":
        """The plan of an integration."""
        phases: dict[str, Phase] = {}
        nodes: dict[Phase, list[Node]] = {phase: [] for phase in PHASES}
        for stream in spec.streams.values():
            parent = phases[stream.parent] if stream.parent else "snapshots"
            phases[stream.name] = "sync" if stream.cursor else "snapshots" if parent == "snapshots" else "after_sync"
            nodes[phases[stream.name]].append(stream)
        for parser in spec.parsers.values():
            inputs = {phases[item.stream] for item in parser.inputs}
            phase: Phase = (
                "sync" if parser.incremental_inputs else "snapshots" if inputs <= {"snapshots"} else "after_sync"
            )
            nodes[phase].append(parser)
        return cls({phase: tuple(of_phase) for phase, of_phase in nodes.items() if of_phase})

    @property
    def first(self) -> Phase:
        """The first phase that isn't empty."""
        return next(phase for phase in PHASES if phase in self.nodes)

    def after(self, phase: Phase) -> Phase | None:
        """The next phase that isn't empty."""
        return next((item for item in PHASES[PHASES.index(phase) + 1 :] if item in self.nodes), None)

    def incremental_streams(self) -> list[StreamSpec]:
        """The incremental streams."""
        return [node for node in self.nodes.get("sync", ()) if isinstance(node, StreamSpec)]


def build_jobs(spec: IntegrationSpec, translator: Translator) -> list[UnresolvedAssetJobDefinition]:
    """One job for each phase. A job runs all its assets in one process."""
    return [_build_job(spec, phase, nodes, translator) for phase, nodes in PhasePlan.of(spec).nodes.items()]


def _build_job(
    spec: IntegrationSpec, phase: Phase, nodes: Iterable[Node], translator: Translator
) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        job_name(spec, phase),
        selection=dg.AssetSelection.assets(*(translator.asset_key(spec, node) for node in nodes)),
        executor_def=dg.in_process_executor,
        description=_DESCRIPTIONS[phase].format(name=spec.name),
        tags={INTEGRATION_TAG: spec.name},
    )


def job_name(spec: IntegrationSpec, phase: Phase) -> str:
    """`desk_snapshots`, `desk_sync`, `desk_after_sync`."""
    return f"{spec.name}_{phase}"


def step_name(key: dg.AssetKey) -> str:
    """The name of the step that materializes an asset, such as `desk__raw__issues`."""
    return "__".join(key.path)


def run_config(options: Mapping[dg.AssetKey, Options]) -> dg.RunConfig:
    """The config of a run over these assets."""
    return dg.RunConfig(ops={step_name(key): given for key, given in options.items()})


@dg.op(required_resource_keys={RESOURCE}, tags={"kind": "deltalake"})
def compact_lake(context: dg.OpExecutionContext):  # type: ignore[no-untyped-def]
    """Join small files of raw tables, and remove files that no recent version of a table needs."""
    pool: SessionPool = getattr(context.resources, RESOURCE)
    for report in compact(pool.lake):
        context.log.info(str(report))


@dg.job(
    executor_def=dg.in_process_executor,
    description="Compact and vacuum the lake's tables, holding the lock of each connection in turn.",
)
def compact_job() -> None:
    """Compact and vacuum the lake."""
    compact_lake()


compact_daily = dg.ScheduleDefinition(name="compact_daily", job=compact_job, cron_schedule="30 3 * * *")
