"""The step that materializes an asset: it works on each connection of the run in turn, then reports each partition.

If one connection fails, the others are still done and reported. The step then fails and names each failed connection.
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

# Errors whose message explains the problem to a user. Any other error is shown with its type and traceback.
_EXPECTED = (SyncError, ParseError, BadConnection, LakeError)

Windows = Sequence[date]
StepEvent = dg.AssetMaterialization | dg.AssetCheckEvaluation | dg.AssetCheckResult | dg.MaterializeResult[Any]


@dataclass(frozen=True, slots=True)
class ConnectionResult:
    """What a step did for one connection.

    metadata_by_partition: each of these partition keys gets a materialization.
    data_version: the version of what is stored for the connection now.
    """

    report: Report
    metadata_by_partition: Mapping[str, Metadata]
    check_results: Sequence[checks.CheckResult]
    data_version: str

    @property
    def newest_partition(self) -> str:
        """The partition that carries the connection's report and check results."""
        return max(self.metadata_by_partition)


Work = Callable[[Session, Windows, Any], ConnectionResult]


@dataclass(frozen=True)
class Step:
    """The step of one asset.

    options: the type of the step's config, or None.
    resource: the key of the resource that gives a SessionPool.
    work: called for each connection with its session, its windows in the run, and the options.
    """

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
        """Do the work for each connection of the run, in the order of its partitions. Raises dagster.Failure."""
        pool: SessionPool = getattr(context.resources, self.resource)
        windows_by_connection = self._windows_by_connection(context)
        runs.claim_connections(
            context.instance, context.run, {f"{self.spec.name}/{connection}" for connection in windows_by_connection}
        )
        options = self.options(**context.op_execution_context.op_config) if self.options else None
        done: dict[str, ConnectionResult] = {}
        failures: list[_ConnectionFailure] = []
        for connection, windows in windows_by_connection.items():
            try:
                done[connection] = self.work(pool.session(self.spec, connection), windows, options)
            except Exception as error:  # noqa: BLE001  any error fails its connection only, and is reported
                failures.append(self._describe_failure(pool, connection, error))
        yield from self._report_partitions(context, done, whole=not failures)
        if self.gridded or len(done) > 1:
            for result in done.values():
                for check in result.check_results:
                    yield checks.check_evaluation(self.key, result.newest_partition, check)
        if failures:
            raise _build_failure(failures)
        yield self._summarize(done)

    def _windows_by_connection(self, context: dg.AssetExecutionContext) -> dict[str, list[date]]:
        windows: dict[str, list[date]] = {}
        for key in context.partition_keys:
            connection, window = self.grid.split(key) if self.gridded else (key, None)
            windows.setdefault(connection, []).extend([window] if window else [])
        return windows

    def _report_partitions(
        self, context: dg.AssetExecutionContext, done: Mapping[str, ConnectionResult], *, whole: bool
    ) -> Iterator[StepEvent]:
        """Add metadata to the run's own partitions, and yield a materialization for each other partition.

        whole: whether every connection succeeded. Otherwise Dagster materializes nothing for the failed step, and all
        partitions that are done need a materialization from here.
        """
        in_run = set(context.partition_keys) if whole else set()
        for result in done.values():
            for key, values in result.metadata_by_partition.items():
                reports = write_reports([result.report]) if key == result.newest_partition else {}
                values = {**values, **reports}
                if key in in_run:
                    context.add_asset_metadata(values, asset_key=self.key, partition_key=key)
                else:
                    yield dg.AssetMaterialization(
                        self.key, metadata=values, partition=key, tags=self._event_tags(key, result.data_version)
                    )

    def _event_tags(self, partition: str, data_version: str) -> dict[str, str]:
        tags = {"dagster/data_version": data_version}
        if not self.gridded:
            return tags
        dimensions = self.grid.grid_def.get_partition_key_from_str(partition).keys_by_dimension
        return tags | {f"dagster/partition/{name}": value for name, value in dimensions.items()}

    def _summarize(self, done: Mapping[str, ConnectionResult]) -> dg.MaterializeResult[Any]:
        """The result of a step whose connections all succeeded."""
        results = [(connection, check) for connection, result in done.items() for check in result.check_results]
        check_results = [
            checks.combine_results(self.key, name, [item for item in results if item[1].check == name])
            for name in self.check_names
        ]
        version = dg.DataVersion(combine_versions(result.data_version for result in done.values()))
        return dg.MaterializeResult(asset_key=self.key, check_results=check_results, data_version=version)

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
        return _ConnectionFailure(where, problem, trace, report)


@dataclass(frozen=True, slots=True)
class _ConnectionFailure:
    """where: integration, connection and node, as `snyk/acme, issues`."""

    where: str
    problem: Problem
    traceback: str
    report: Report | None

    @property
    def text(self) -> str:
        connection = self.where.split(",")[0]
        message = self.problem.message
        return message if connection in message else f"{self.where}: {message}"

    @property
    def metadata(self) -> Metadata:
        trace = {"dazz/traceback": dg.MetadataValue.md(f"```\n{self.traceback}\n```")} if self.traceback else {}
        return {**(metadata.report_metadata(self.report) if self.report else {}), **trace}


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
