"""The jobs of an integration: the runs that a sync consists of; and the lake's daily compaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import dagster as dg

from dazz_assets.lake.compaction import compact
from dazz_assets.orchestration.dagster_internals import UnresolvedAssetJobDefinition
from dazz_assets.orchestration.resource import RESOURCE, SessionPool
from dazz_assets.orchestration.run_config import Options
from dazz_assets.orchestration.translator import Node, Translator
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec

Phase = Literal["snapshots", "sync", "late"]
PHASES: tuple[Phase, ...] = ("snapshots", "sync", "late")


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """Which streams and parsers run in which phase; phases without any are left out."""

    nodes: Mapping[Phase, tuple[Node, ...]]

    @classmethod
    def of(cls, spec: IntegrationSpec) -> "PhasePlan":
        """The plan of an integration."""
        phases: dict[str, Phase] = {}
        found: dict[Phase, list[Node]] = {phase: [] for phase in PHASES}
        for stream in spec.streams.values():
            parent = phases[stream.parent] if stream.parent else "snapshots"
            phases[stream.name] = "sync" if stream.cursor else "snapshots" if parent == "snapshots" else "late"
            found[phases[stream.name]].append(stream)
        for parser in spec.parsers.values():
            inputs = {phases[item.stream] for item in parser.inputs}
            found["sync" if parser.incremental_inputs else "snapshots" if inputs <= {"snapshots"} else "late"].append(
                parser
            )
        return cls({phase: tuple(nodes) for phase, nodes in found.items() if nodes})

    def after(self, phase: Phase) -> Phase | None:
        """The next phase that has anything to do."""
        return next((item for item in PHASES[PHASES.index(phase) + 1 :] if item in self.nodes), None)

    @property
    def first(self) -> Phase:
        """The first phase that has anything to do."""
        return next(phase for phase in PHASES if phase in self.nodes)

    def incremental(self) -> list[StreamSpec]:
        """The incremental streams."""
        return [node for node in self.nodes.get("sync", ()) if isinstance(node, StreamSpec)]


def step_name(key: dg.AssetKey) -> str:
    """The step of a run that materializes an asset: `snyk__raw__issues`."""
    return "__".join(key.path)


def run_config(options: Mapping[dg.AssetKey, Options | None]) -> dg.RunConfig:
    """The config of a run over these assets, with the options of those that have any."""
    return dg.RunConfig(ops={step_name(key): given for key, given in options.items() if given is not None})


def job_name(spec: IntegrationSpec, phase: Phase) -> str:
    """`snyk_snapshots`, `snyk_sync`, `snyk_late`."""
    return f"{spec.name}_{phase}"


def build_jobs(spec: IntegrationSpec, translator: Translator) -> list[UnresolvedAssetJobDefinition]:
    """One job a phase, in which everything of the phase runs in one process."""
    return [_job(spec, phase, nodes, translator) for phase, nodes in PhasePlan.of(spec).nodes.items()]


def _job(
    spec: IntegrationSpec, phase: Phase, nodes: Iterable[Node], translator: Translator
) -> UnresolvedAssetJobDefinition:
    what = {
        "snapshots": "Snapshot streams",
        "sync": "Incremental streams, and what is parsed from them",
        "late": "The rest",
    }
    return dg.define_asset_job(
        job_name(spec, phase),
        selection=dg.AssetSelection.assets(*(translator.asset_key(spec, node) for node in nodes)),
        executor_def=dg.in_process_executor,
        description=f"{what[phase]} of {spec.name}.",
        tags={"dazz/integration": spec.name},
    )


@dg.op(required_resource_keys={RESOURCE}, tags={"kind": "deltalake"})
def compact_lake(context: dg.OpExecutionContext):  # type: ignore[no-untyped-def]
    """Join small files of raw tables, and remove files that no version of the last days needs."""
    workplace: SessionPool = getattr(context.resources, RESOURCE)
    for report in compact(workplace.lake):
        context.log.info(str(report))


@dg.job(executor_def=dg.in_process_executor, description="Compact and vacuum the lake, under each connection's lock.")
def compact_job() -> None:
    """The lake's housekeeping."""
    compact_lake()


compact_daily = dg.ScheduleDefinition(name="compact_daily", job=compact_job, cron_schedule="30 3 * * *")
