"""One step of a run: work on each connection of its partitions in turn, then say what was done, for each partition.

A failing connection does not sink the others: theirs is reported, and the step fails at the end, naming each.
"""

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg

from dazz_assets.connections import BadConnection
from dazz_assets.declare.config import config_secrets
from dazz_assets.errors import ParseError, SyncError
from dazz_assets.http import Mask
from dazz_assets.lake import LakeError
from dazz_assets.orchestration import checks, metadata, runs
from dazz_assets.orchestration.data_versions import combine_versions
from dazz_assets.orchestration.metadata import Metadata
from dazz_assets.orchestration.outcomes import Problem, Report, write_failure, write_reports
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.resource import SessionPool
from dazz_assets.orchestration.run_config import Options
from dazz_assets.orchestration.translator import Node
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec

# What these say is meant for people; anything else is shown with its traceback.
_EXPECTED = (SyncError, ParseError, BadConnection, LakeError)

Windows = Sequence[date]
StepEvent = dg.AssetMaterialization | dg.AssetCheckEvaluation | dg.AssetCheckResult | dg.MaterializeResult[Any]


@dataclass(frozen=True, slots=True)
class ConnectionResult:
    """What was done for one connection: metadata by partition key (each gets an event), what checks are told, and the
    version of what is stored now."""

    report: Report
    events: Mapping[str, Metadata]
    verdicts: Sequence[checks.Verdict]
    version: str

    @property
    def newest(self) -> str:
        """The partition that stands for the connection: what is said of all its windows is said there."""
        return max(self.events)


Work = Callable[[Session, Windows, Any], ConnectionResult]


@dataclass(frozen=True)
class Step:
    """The step of one asset. `work` is called with a connection's session, the run's windows of it, and its options."""

    spec: IntegrationSpec
    node: Node
    key: dg.AssetKey
    grid: Grid
    gridded: bool
    options: type[Options] | None
    resource: str
    check_names: Sequence[str]
    work: Work

    def run(self, context: dg.AssetExecutionContext) -> Iterator[StepEvent]:
        """Do the work of a run's partitions, in their order."""
        workplace: SessionPool = getattr(context.resources, self.resource)
        covered = self._covered(context)
        runs.claim_connections(
            context.instance, context.run, {f"{self.spec.name}/{connection}" for connection in covered}
        )
        options = self.options(**context.op_execution_context.op_config) if self.options else None
        done: dict[str, ConnectionResult] = {}
        failed: list[_Failed] = []
        for connection, windows in covered.items():
            try:
                done[connection] = self.work(workplace.session(self.spec, connection), windows, options)
            except Exception as error:  # noqa: BLE001  whatever a parser raises fails its partition, with a report
                failed.append(self._failed(workplace, connection, error))
        yield from self._report(context, done, whole=not failed)
        if failed:
            raise _failure(failed)

    def _covered(self, context: dg.AssetExecutionContext) -> dict[str, list[date]]:
        covered: dict[str, list[date]] = {}
        for key in context.partition_keys:
            connection, window = self.grid.split(key) if self.gridded else (key, None)
            covered.setdefault(connection, []).extend([window] if window else [])
        return covered

    def _report(
        self, context: dg.AssetExecutionContext, done: Mapping[str, ConnectionResult], *, whole: bool
    ) -> Iterator[StepEvent]:
        in_run = set(context.partition_keys) if whole else set()
        for part in done.values():
            for key, own in part.events.items():
                said = {**own, **write_reports([part.report])} if key == part.newest else own
                if key in in_run:
                    context.add_asset_metadata(said, asset_key=self.key, partition_key=key)
                else:
                    yield dg.AssetMaterialization(
                        self.key, metadata=said, partition=key, tags=self._tags(key, part.version)
                    )
        if self.gridded or len(done) > 1:
            for part in done.values():
                yield from (checks.check_evaluation(self.key, part.newest, verdict) for verdict in part.verdicts)
        if whole:
            told = [(connection, verdict) for connection, part in done.items() for verdict in part.verdicts]
            results = [
                checks.check_result(self.key, name, [item for item in told if item[1].check == name])
                for name in self.check_names
            ]
            version = dg.DataVersion(combine_versions(part.version for part in done.values()))
            yield dg.MaterializeResult(asset_key=self.key, check_results=results, data_version=version)

    def _tags(self, key: str, version: str) -> dict[str, str]:
        tags = {"dagster/data_version": version}
        if not self.gridded:
            return tags
        dimensions = self.grid.grid_def.get_partition_key_from_str(key).keys_by_dimension
        return tags | {f"dagster/partition/{name}": value for name, value in dimensions.items()}

    def _failed(self, workplace: SessionPool, connection: str, error: Exception) -> "_Failed":
        mask = Mask(_secrets(workplace, self.spec, connection))
        message = mask(str(error) or type(error).__name__)
        where = f"{self.spec.name}/{connection}, {self.node.name}"
        if not isinstance(error, _EXPECTED):
            message = f"{where}: {type(error).__name__}: {message}"
        is_stream = isinstance(self.node, StreamSpec)
        problem = Problem(
            connection, message, self.node.name if is_stream else None, None if is_stream else self.node.name
        )
        # Of what a parser raised, the author wants its place; other expected errors have said all.
        shown = error.__cause__ if isinstance(error, _EXPECTED) else error
        trace = mask("".join(traceback.format_exception(shown))) if shown is not None else ""
        report = error.report if isinstance(error, SyncError | ParseError) else None
        return _Failed(where, problem, trace, report)


@dataclass(frozen=True, slots=True)
class _Failed:
    where: str
    problem: Problem
    traceback: str
    report: Report | None

    @property
    def text(self) -> str:
        place = self.where.split(",")[0]
        message = self.problem.message
        return message if place in message else f"{self.where}: {message}"

    @property
    def metadata(self) -> Metadata:
        trace = {"dazz/traceback": dg.MetadataValue.md(f"```\n{self.traceback}\n```")} if self.traceback else {}
        return {**(metadata.report_metadata(self.report) if self.report else {}), **trace}


def _failure(failed: Sequence[_Failed]) -> dg.Failure:
    text = "; ".join(item.text for item in failed)
    many = {f"{item.where}: {name}": value for item in failed for name, value in item.metadata.items()}
    said = failed[0].metadata if len(failed) == 1 else many
    # A run over the same partitions would meet the same vendor: the next sync is the retry.
    told = write_failure([item.problem for item in failed], [item.report for item in failed if item.report])
    return dg.Failure(text, metadata={**said, **told}, allow_retries=False)


def _secrets(workplace: SessionPool, spec: IntegrationSpec, connection: str) -> tuple[str, ...]:
    try:
        return config_secrets(workplace.session(spec, connection).integration.config)
    except BadConnection:
        return ()
