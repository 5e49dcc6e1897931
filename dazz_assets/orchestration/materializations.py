"""The materializations of a step: one for each partition, with a data version and a provenance of its own.

Dagster gives all partitions of a run one data version, and records that each was made from the newest inputs by the
newest code. A sync covers windows in which nothing changed, so that this would show them as changed, or hide that
their parser or their inputs did. So the step reports its partitions itself.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import dagster as dg

from dazz_assets.orchestration.dagster_internals import log_materializations, provenance_tags
from dazz_assets.orchestration.data_versions import EMPTY
from dazz_assets.orchestration.metadata import Metadata
from dazz_assets.orchestration.partitions import Grid

_DATA_VERSION = "dagster/data_version"


@dataclass(frozen=True, slots=True)
class PartitionResult:
    """What lies in a partition after a step.

    rows: how many rows lie in it.
    version: its data version.
    metadata: what else the step did in this partition alone.
    is_changed: whether the step stored something in it. It is then reported even if it is outside the run.
    code_version: the version of the parser that made it; None if it is the current one.
    outdated: the assets it is made from that changed since.
    """

    rows: int
    version: str
    metadata: Metadata
    is_changed: bool = False
    code_version: str | None = None
    outdated: Collection[dg.AssetKey] = ()


def select_reported(
    instance: dg.DagsterInstance, asset: dg.AssetKey, in_run: Collection[str], results: Mapping[str, PartitionResult]
) -> dict[str, PartitionResult]:
    """The partitions of a connection to report: those of the run, and others that changed.

    Others are compared with the data versions that Dagster has, so that a change that a crashed run did not report is
    reported by the next one.
    """
    outside = [partition for partition in results if partition not in in_run]
    known = _read_versions(instance, asset, outside)
    return {
        partition: result
        for partition, result in sorted(results.items())
        if partition in in_run or result.is_changed or known.get(partition, EMPTY) != result.version
    }


def report_partitions(
    context: dg.AssetExecutionContext, asset: dg.AssetKey, grid: Grid | None, results: Mapping[str, PartitionResult]
) -> Iterator[dg.DagsterEvent]:
    """Log a materialization for each partition. grid: the grid that they are partitions of, if they are of one."""
    shared = provenance_tags(context, asset)
    yield from log_materializations(
        context,
        [
            dg.AssetMaterialization(
                asset,
                partition=partition,
                metadata={"dagster/partition_row_count": result.rows, **result.metadata},
                tags={
                    **shared.but_outdated(result.outdated, result.code_version),
                    **_dimension_tags(grid, partition),
                    _DATA_VERSION: result.version,
                },
            )
            for partition, result in results.items()
        ],
    )


def _read_versions(instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: Collection[str]) -> dict[str, str]:
    """The data versions that Dagster has of some partitions; it has none of those that were never materialized."""
    if not partitions:
        return {}
    tags = instance.event_log_storage.get_latest_tags_by_partition(
        asset, dg.DagsterEventType.ASSET_MATERIALIZATION, [_DATA_VERSION], asset_partitions=list(partitions)
    )
    return {partition: found[_DATA_VERSION] for partition, found in tags.items()}


def _dimension_tags(grid: Grid | None, partition: str) -> dict[str, str]:
    if grid is None:
        return {}
    dimensions = grid.grid_def.get_partition_key_from_str(partition).keys_by_dimension
    return {f"dagster/partition/{name}": value for name, value in dimensions.items()}
