"""What a step logs itself is what Dagster would log, but for the version and provenance that a partition has alone."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from dazz_assets.orchestration import dagster_internals


def test_a_step_logs_its_materializations_itself_with_the_tags_that_dagster_would_give(
    instance: dg.DagsterInstance,
) -> None:
    partitions = dg.StaticPartitionsDefinition(["a", "b"])

    def by_dagster(name: str, *deps: dg.AssetsDefinition) -> dg.AssetsDefinition:
        @dg.asset(name=name, deps=deps, partitions_def=partitions, code_version="7")
        def build() -> dg.MaterializeResult[None]:
            return dg.MaterializeResult(data_version=dg.DataVersion(""))

        return build

    source = by_dagster("source")
    expected = by_dagster("expected", source)

    @dg.asset(deps=[source], partitions_def=partitions, code_version="7")
    def ours(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield dagster_internals.silent_result(context.asset_key)
        tags = dagster_internals.provenance_tags(context, context.asset_key)
        events = [
            dg.AssetMaterialization(context.asset_key, partition=key, tags=tags.tags) for key in context.partition_keys
        ]
        yield from dagster_internals.log_materializations(context, events)

    result = dg.materialize([source, expected, ours], instance=instance, partition_key="a")
    (by_hand,) = result.asset_materializations_for_node("ours")
    (automatic,) = result.asset_materializations_for_node("expected")
    assert by_hand.tags == automatic.tags
    assert by_hand.partition == "a"
    stored = instance.fetch_materializations(dg.AssetKey("ours"), limit=10).records
    assert [record.partition_key for record in stored] == ["a"]


def test_tags_of_a_partition_that_is_outdated_show_it_as_stale(instance: dg.DagsterInstance) -> None:
    partitions = dg.StaticPartitionsDefinition(["fresh", "code", "input"])
    versions = {"code": ((), "6"), "input": ((dg.AssetKey("source"),), None)}

    @dg.asset(partitions_def=partitions, backfill_policy=dg.BackfillPolicy.single_run())
    def source() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(data_version=dg.DataVersion("1"))

    @dg.asset(
        deps=[source], partitions_def=partitions, code_version="7", backfill_policy=dg.BackfillPolicy.single_run()
    )
    def ours(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield dagster_internals.silent_result(context.asset_key)
        shared = dagster_internals.provenance_tags(context, context.asset_key)
        events = [
            dg.AssetMaterialization(
                context.asset_key, partition=key, tags=shared.but_outdated(*versions.get(key, ((), None)))
            )
            for key in context.partition_keys
        ]
        yield from dagster_internals.log_materializations(context, events)

    tags = {"dagster/asset_partition_range_start": "fresh", "dagster/asset_partition_range_end": "input"}
    assert dg.materialize([source, ours], instance=instance, tags=tags).success
    graph = dg.Definitions(assets=[source, ours]).resolve_asset_graph()
    resolver = dagster_internals.CachingStaleStatusResolver(
        instance, graph, dagster_internals.LoadingContextForTest(instance)
    )
    found = {key: resolver.get_status(ours.key, key).value for key in partitions.get_partition_keys()}
    assert found == {"fresh": "FRESH", "code": "STALE", "input": "STALE"}
