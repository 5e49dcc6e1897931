"""The one place where names, groups, tags and automation of assets are bent: subclass it, override a method."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import dagster as dg

from dazz_assets.authoring.spec import IntegrationSpec, ParserSpec, StreamSpec

Node = StreamSpec | ParserSpec
# A connection that missed three syncs is late.
MISSED_SYNCS = 3


class Translator:
    """Says what the asset of a stream or parser looks like in Dagster; `asset_spec` puts the answers together."""

    def asset_key(self, spec: IntegrationSpec, node: Node) -> dg.AssetKey:
        """`[integration, "raw", stream]`, or `[integration, parser]`."""
        return dg.AssetKey([spec.name, "raw", node.name] if isinstance(node, StreamSpec) else [spec.name, node.name])

    def group_name(self, spec: IntegrationSpec, node: Node) -> str:
        """The integration's name."""
        return spec.name

    def description(self, spec: IntegrationSpec, node: Node) -> str:
        """The docstring of the stream or parser."""
        return node.doc

    def kinds(self, spec: IntegrationSpec, node: Node) -> set[str]:
        """What its data is made of; the UI shows these as icons."""
        return {spec.name, "parquet", "deltalake"} if isinstance(node, StreamSpec) else {"pydantic", "deltalake"}

    def tags(self, spec: IntegrationSpec, node: Node) -> Mapping[str, str]:
        """Tags to search by."""
        return {"dazz/integration": spec.name}

    def owners(self, spec: IntegrationSpec, node: Node) -> Sequence[str]:
        """Email addresses, or teams as `team:security`."""
        return ()

    def automation_condition(self, spec: IntegrationSpec, node: Node) -> dg.AutomationCondition[dg.AssetKey] | None:
        """None: sensors request syncs, and a sync parses what it brought."""
        return None

    def freshness_policy(
        self, spec: IntegrationSpec, node: Node, interval: timedelta | None
    ) -> dg.FreshnessPolicy | None:
        """Late after three missed syncs of the slowest connection; None without connections."""
        return (
            dg.FreshnessPolicy.time_window(fail_window=max(MISSED_SYNCS * interval, timedelta(minutes=2)))
            if interval
            else None
        )

    def asset_spec(
        self,
        spec: IntegrationSpec,
        node: Node,
        *,
        deps: Sequence[dg.AssetDep],
        partitions_def: dg.PartitionsDefinition[str],
        columns: dg.TableSchema,
        interval: timedelta | None,
    ) -> dg.AssetSpec:
        """The asset of a stream or parser, from the answers above."""
        return dg.AssetSpec(
            self.asset_key(spec, node),
            deps=deps,
            partitions_def=partitions_def,
            group_name=self.group_name(spec, node),
            description=self.description(spec, node) or None,
            kinds=self.kinds(spec, node),
            tags=self.tags(spec, node),
            owners=self.owners(spec, node),
            automation_condition=self.automation_condition(spec, node),
            freshness_policy=self.freshness_policy(spec, node, interval),
            code_version=node.version if isinstance(node, ParserSpec) else None,
            metadata={"dagster/column_schema": columns},
        )
