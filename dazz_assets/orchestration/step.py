"""The step that materializes an asset: it works on each connection of the run in turn, then reports each partition.

If one connection fails, the others are still done and reported. The step then fails and names each failed connection.
"""

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import dagster as dg
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dazz_assets.connections import BadConnection
from dazz_assets.errors import ParseError, SyncError, add_place
from dazz_assets.http import Mask
from dazz_assets.lake import Lake, LakeError
from dazz_assets.orchestration import checks, metadata, runs
from dazz_assets.orchestration.dagster_internals import silent_result
from dazz_assets.orchestration.earlier_checks import read_failures, write_failures
from dazz_assets.orchestration.materializations import PartitionResult, report_partitions, select_reported
from dazz_assets.orchestration.metadata import Metadata
from dazz_assets.orchestration.outcomes import Problem, Report, write_failure, write_reports
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.resource import SessionPool
from dazz_assets.orchestration.row_counts import AssetRows, write_rows
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
        options = self._read_options(context.op_execution_context.op_config)
        done: dict[str, ConnectionResult] = {}
        seconds: dict[str, float] = {}
        failures: list[_ConnectionFailure] = []
        for connection, windows in windows_by_connection.items():
            began = time.monotonic()
            try:
                done[connection] = self.work(pool.session(self.spec, connection), windows, options)
                seconds[connection] = time.monotonic() - began
            except Exception as error:  # noqa: BLE001  any error fails its connection only, and is reported
                failures.append(self._describe_failure(pool, connection, error))
        if not failures:
            yield silent_result(self.key)
        reported = self._select_reported(context, pool.lake, done, seconds) if done else {}
        partitions = {key: found for of_connection in reported.values() for key, found in of_connection.items()}
        yield from report_partitions(context, self.key, self.grid if self.gridded else None, partitions)
        evaluated = list(self._evaluate_checks(context.instance, done, reported))
        yield from (event for event in evaluated if isinstance(event, dg.AssetCheckEvaluation))
        if any(item.is_refused for item in failures):
            context.instance.add_run_tags(context.run.run_id, {runs.REFUSED_TAG: self.node.name})
        if failures:
            raise _build_failure(failures)
        yield from (event for event in evaluated if isinstance(event, dg.AssetCheckResult))

    def _read_options(self, config: Mapping[str, Any]) -> Options:
        """The options that the run's config gives. Raises dagster.Failure, which says what is wrong with them."""
        try:
            return self.options(**config)
        except ValidationError as error:
            problems = "; ".join(map(_describe_option, error.errors(include_url=False)))
        raise dg.Failure(
            f"{self.spec.name}, {self.node.name}: the run's config is wrong: {problems}", allow_retries=False
        )

    def _windows_by_connection(self, context: dg.AssetExecutionContext) -> dict[str, list[date]]:
        windows: dict[str, list[date]] = {}
        for key in context.partition_keys:
            connection, window = self.grid.split(key) if self.gridded else (key, None)
            windows.setdefault(connection, []).extend([window] if window else [])
        return windows

    def _select_reported(
        self,
        context: dg.AssetExecutionContext,
        lake: Lake,
        done: Mapping[str, ConnectionResult],
        seconds: Mapping[str, float],
    ) -> dict[str, dict[str, PartitionResult]]:
        """The partitions to report, by connection. The last of each is its newest in the run.

        It alone has what holds for the connection or the asset as a whole: on each partition, sums over partitions
        would count it several times. The UI shows an asset as it was last reported.
        """
        rows = {connection: sum(item.rows for item in found.partitions.values()) for connection, found in done.items()}
        all_rows = AssetRows(self.spec, self.node, self.key, self.grid, lake).count(context.instance, rows)
        in_run = set(context.partition_keys)
        reported = {}
        for connection, result in done.items():
            found = select_reported(context.instance, self.key, in_run, result.partitions)
            newest = max(found.keys() & in_run)
            last = found.pop(newest)
            whole = {
                "dagster/row_count": sum(all_rows.values()),
                **metadata.report_metadata(result.report),
                "dazz/seconds": round(seconds[connection], 3),
                **write_rows(all_rows),
                **write_reports([result.report]),
            }
            reported[connection] = {**found, newest: replace(last, metadata={**last.metadata, **whole})}
        return reported

    def _evaluate_checks(
        self,
        instance: dg.DagsterInstance,
        done: Mapping[str, ConnectionResult],
        reported: Mapping[str, Mapping[str, PartitionResult]],
    ) -> Iterator[dg.AssetCheckEvaluation | dg.AssetCheckResult]:
        """Each check's result for each connection, on its newest partition of the run, and then for the asset.

        The UI shows an asset's check as it was evaluated last, and counts an event of a range of partitions as earlier
        than those of each. So the last partition has the result for the asset: one of a connection that failed, if any.
        """
        others = self.grid.known_connections(instance) - done.keys()
        for name in self.check_names:
            own = [(id_, check) for id_, found in done.items() for check in found.check_results if check.check == name]
            own.sort(key=lambda item: not item[1].passed)
            results = [*own, *read_failures(instance, dg.AssetCheckKey(self.key, name), others)]
            combined = checks.combine_results(self.key, name, results, write_failures(results))
            if own and (self.gridded or len(done) > 1):
                partitions = [list(reported[connection])[-1] for connection, _ in own]
                for partition, (_, check) in zip(partitions[:-1], own, strict=False):
                    yield checks.check_evaluation(self.key, partition, check)
                yield checks.asset_evaluation(self.key, name, partitions[-1], combined)
            yield combined

    def _describe_failure(self, pool: SessionPool, connection: str, error: Exception) -> "_ConnectionFailure":
        mask = Mask(_read_secrets(pool, self.spec, connection))
        text = mask(str(error) or type(error).__name__)
        name = f"{self.spec.name}/{connection}"
        where = f"{name}, {self.node.name}"
        if isinstance(error, _EXPECTED):
            message = add_place(text, name, self.node.name)
        else:
            message = f"{where}: {type(error).__name__}: {text}"
        # What doesn't say whom it fails is the same for all.
        cause = mask(error.cause) if isinstance(error, SyncError) else ""
        if not cause and isinstance(error, _EXPECTED) and message != text:
            cause = text
        is_stream = isinstance(self.node, StreamSpec)
        stream, parser = (self.node.name, None) if is_stream else (None, self.node.name)
        problem = Problem(connection, message, stream, parser, cause=cause)
        # The cause of an expected error is what an author's parser raised: its traceback shows where.
        shown = error.__cause__ if isinstance(error, _EXPECTED) else error
        trace = mask("".join(traceback.format_exception(shown))) if shown is not None else ""
        report = error.report if isinstance(error, SyncError | ParseError) else None
        is_refused = isinstance(error, BadConnection) or (isinstance(error, SyncError) and error.refused)
        return _ConnectionFailure(where, problem, trace, report, is_refused)


def _describe_option(problem: ErrorDetails) -> str:
    text = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return text
    given = f" is {problem['input']!r}" if isinstance(problem["input"], str | int) else ""
    return f"`{'.'.join(map(str, problem['loc']))}`{given}: {text}"


@dataclass(frozen=True, slots=True)
class _ConnectionFailure:
    """where: integration, connection and node, as `desk/acme, issues`. is_refused: see `runs.REFUSED_TAG`."""

    where: str
    problem: Problem
    traceback: str
    report: Report | None
    is_refused: bool

    @property
    def metadata(self) -> Metadata:
        trace = {"dazz/traceback": dg.MetadataValue.md(f"```\n{self.traceback}\n```")} if self.traceback else {}
        return {**(metadata.report_metadata(self.report) if self.report else {}), **trace}


def _build_failure(failures: Sequence[_ConnectionFailure]) -> dg.Failure:
    text = "; ".join(item.problem.message for item in failures)
    if len(failures) == 1:
        values = failures[0].metadata
    else:
        values = {f"{item.where}: {name}": value for item in failures for name, value in item.metadata.items()}
    outcome = write_failure([item.problem for item in failures], [item.report for item in failures if item.report])
    # A retry of the run would meet the same vendor in the same state: the next sync is the retry.
    return dg.Failure(text, metadata={**values, **outcome}, allow_retries=False)


def _read_secrets(pool: SessionPool, spec: IntegrationSpec, connection: str) -> tuple[str, ...]:
    try:
        return pool.session(spec, connection).secrets
    except BadConnection:
        return ()
