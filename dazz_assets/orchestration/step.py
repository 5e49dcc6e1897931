"""The step that materializes an asset: it works on each connection of the run in turn, then reports each partition.

If one connection fails, the others are still done and reported. The step then fails and names each failed connection.
"""

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import dagster as dg

from dazz_assets.connections import BadConnection
from dazz_assets.declare.config import config_secrets
from dazz_assets.errors import ParseError, SyncError
from dazz_assets.http import Mask
from dazz_assets.lake import LakeError
from dazz_assets.orchestration import checks, metadata, runs
from dazz_assets.orchestration.dagster_internals import silent_result
from dazz_assets.orchestration.materializations import PartitionResult, report_partitions, select_reported
from dazz_assets.orchestration.metadata import Metadata
from dazz_assets.orchestration.outcomes import Problem, Report, write_failure, write_reports
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.resource import SessionPool
from dazz_assets.orchestration.run_config import Options
from dazz_assets.orchestration.translator import Node
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec

# Errors whose message explains the problem to a user. Any other error is shown with its type and traceback.
_EXPECTED = (SyncError, ParseError, BadConnection, LakeError)

Windows = Sequence[date]
StepEvent = dg.DagsterEvent | dg.AssetCheckEvaluation | dg.AssetCheckResult | dg.MaterializeResult[Any]


@dataclass(frozen=True, slots=True)
class ConnectionResult:
    """What a step did for one connection.

    partitions: what lies in the connection's partitions now, at least in those of the run.
    """

    report: Report
    partitions: Mapping[str, PartitionResult]
    check_results: Sequence[checks.CheckResult]


Work = Callable[[Session, Windows, Any], ConnectionResult]


@dataclass(frozen=True)
class Step:
    """The step of one asset.

    options: the type of the step's config.
    resource: the key of the resource that gives a SessionPool.
    work: called for each connection with its session, its windows in the run, and the options.
    """

    spec: IntegrationSpec
    node: Node
    key: dg.AssetKey
    grid: Grid
    gridded: bool
    options: type[Options]
    resource: str
    check_names: Sequence[str]
    work: Work

    def run(self, context: dg.AssetExecutionContext) -> Iterator[StepEvent]:
        """Do the work for each connection of the run, in the order of its partitions. Raises dagster.Failure."""
        pool: SessionPool = getattr(context.resources, self.resource)
        windows_by_connection = self._windows_by_connection(context)
        runs.claim_connections(
            context.instance, context.run, {f"{self.spec.name}/{connection}" for connection in windows_by_connection}
        )
        options = self.options(**context.op_execution_context.op_config)
        done: dict[str, ConnectionResult] = {}
        failures: list[_ConnectionFailure] = []
        for connection, windows in windows_by_connection.items():
            try:
                done[connection] = self.work(pool.session(self.spec, connection), windows, options)
            except Exception as error:  # noqa: BLE001  any error fails its connection only, and is reported
                failures.append(self._describe_failure(pool, connection, error))
        if not failures:
            yield silent_result(self.key)
        reported = self._select_reported(context, done)
        partitions = {key: found for of_connection in reported.values() for key, found in of_connection.items()}
        yield from report_partitions(context, self.key, self.grid if self.gridded else None, partitions)
        if self.gridded or len(done) > 1:
            for connection, result in done.items():
                for check in result.check_results:
                    yield checks.check_evaluation(self.key, _newest(reported[connection]), check)
        if any(item.is_refused for item in failures):
            context.instance.add_run_tags(context.run.run_id, {runs.REFUSED_TAG: self.node.name})
        if failures:
            raise _build_failure(failures)
        yield from self._combine_check_results(done)

    def _windows_by_connection(self, context: dg.AssetExecutionContext) -> dict[str, list[date]]:
        windows: dict[str, list[date]] = {}
        for key in context.partition_keys:
            connection, window = self.grid.split(key) if self.gridded else (key, None)
            windows.setdefault(connection, []).extend([window] if window else [])
        return windows

    def _select_reported(
        self, context: dg.AssetExecutionContext, done: Mapping[str, ConnectionResult]
    ) -> dict[str, dict[str, PartitionResult]]:
        """The partitions to report, by connection. The newest one of each carries the connection's report."""
        in_run = set(context.partition_keys)
        reported = {}
        for connection, result in done.items():
            found = select_reported(context.instance, self.key, in_run, result.partitions)
            newest = found[_newest(found)]
            found[_newest(found)] = replace(newest, metadata={**newest.metadata, **write_reports([result.report])})
            reported[connection] = found
        return reported

    def _combine_check_results(self, done: Mapping[str, ConnectionResult]) -> Iterator[dg.AssetCheckResult]:
        """The check results of a step whose connections all succeeded."""
        results = [(connection, check) for connection, result in done.items() for check in result.check_results]
        for name in self.check_names:
            yield checks.combine_results(self.key, name, [item for item in results if item[1].check == name])

    def _describe_failure(self, pool: SessionPool, connection: str, error: Exception) -> "_ConnectionFailure":
        mask = Mask(_read_secrets(pool, self.spec, connection))
        message = mask(str(error) or type(error).__name__)
        where = f"{self.spec.name}/{connection}, {self.node.name}"
        if not isinstance(error, _EXPECTED):
            message = f"{where}: {type(error).__name__}: {message}"
        is_stream = isinstance(self.node, StreamSpec)
        problem = Problem(
            connection, message, self.node.name if is_stream else None, None if is_stream else self.node.name
        )
        # The cause of an expected error is what an author's parser raised: its traceback shows where.
        shown = error.__cause__ if isinstance(error, _EXPECTED) else error
        trace = mask("".join(traceback.format_exception(shown))) if shown is not None else ""
        report = error.report if isinstance(error, SyncError | ParseError) else None
        is_refused = isinstance(error, BadConnection) or (isinstance(error, SyncError) and error.refused)
        return _ConnectionFailure(where, problem, trace, report, is_refused)


@dataclass(frozen=True, slots=True)
class _ConnectionFailure:
    """where: integration, connection and node, as `snyk/acme, issues`. is_refused: see `runs.REFUSED_TAG`."""

    where: str
    problem: Problem
    traceback: str
    report: Report | None
    is_refused: bool

    @property
    def text(self) -> str:
        connection = self.where.split(",")[0]
        message = self.problem.message
        return message if connection in message else f"{self.where}: {message}"

    @property
    def metadata(self) -> Metadata:
        trace = {"dazz/traceback": dg.MetadataValue.md(f"```\n{self.traceback}\n```")} if self.traceback else {}
        return {**(metadata.report_metadata(self.report) if self.report else {}), **trace}


def _newest(partitions: Mapping[str, PartitionResult]) -> str:
    """The partition that carries a connection's report and check results."""
    return max(partitions)


def _build_failure(failures: Sequence[_ConnectionFailure]) -> dg.Failure:
    text = "; ".join(item.text for item in failures)
    if len(failures) == 1:
        values = failures[0].metadata
    else:
        values = {f"{item.where}: {name}": value for item in failures for name, value in item.metadata.items()}
    outcome = write_failure([item.problem for item in failures], [item.report for item in failures if item.report])
    # A retry of the run would meet the same vendor in the same state: the next sync is the retry.
    return dg.Failure(text, metadata={**values, **outcome}, allow_retries=False)


def _read_secrets(pool: SessionPool, spec: IntegrationSpec, connection: str) -> tuple[str, ...]:
    try:
        return config_secrets(pool.session(spec, connection).integration.config)
    except BadConnection:
        return ()
