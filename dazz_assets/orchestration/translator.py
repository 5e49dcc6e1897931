"""The translator sets keys, groups, tags and automation of assets. Subclass it to change them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import dagster as dg

from dazz_assets.class_by_name import load_named_class
from dazz_assets.orchestration.dagster_instance import INTEGRATION_TAG
from dazz_assets.spec.specs import IntegrationSpec, ParserSpec, StreamSpec

TRANSLATOR_VARIABLE = "DAZZ_TRANSLATOR"
Node = StreamSpec | ParserSpec
# An asset is late when this many syncs in a row were missed.
MISSED_SYNCS = 3
ROWS_OF_RAW = "all stored versions of the records; the latest of each are in the view of `dazz query`"
"""What the row count of a stream's asset counts."""


class Translator:
    """Describes the asset of a stream or parser for Dagster. Override a method to change one property."""

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
        """The kinds that the UI shows as icons: vendor and formats."""
        return {spec.name, "parquet", "deltalake"} if isinstance(node, StreamSpec) else {"pydantic", "deltalake"}

    def tags(self, spec: IntegrationSpec, node: Node) -> Mapping[str, str]:
        """Tags to search by."""
        return {INTEGRATION_TAG: spec.name}

    def owners(self, spec: IntegrationSpec, node: Node) -> Sequence[str]:
        """Email addresses, or teams, such as `team:security`."""
        return ()

    def deps(self, spec: IntegrationSpec, node: Node) -> Sequence[dg.AssetDep]:
        """Upstream assets besides the streams that the asset is made from."""
        return ()

    def automation_condition(self, spec: IntegrationSpec, node: Node) -> dg.AutomationCondition[dg.AssetKey] | None:
        """None, as sensors request syncs, and a sync also parses what it fetched."""
        return None

    def freshness_policy(
        self, spec: IntegrationSpec, node: Node, interval: timedelta | None
    ) -> dg.FreshnessPolicy | None:
        """Late after three missed syncs of the slowest connection. None without connections (`interval` is None)."""
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
        """The spec of the asset of a stream or parser, put together from the methods above."""
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
            metadata={
                "dagster/column_schema": columns,
                **({"dazz/row_count_is": ROWS_OF_RAW} if isinstance(node, StreamSpec) else {}),
            },
        )


def load_translator() -> Translator:
    """The translator that `DAZZ_TRANSLATOR` names (`module:Class` or `path/to/file.py:Class`), or the default one.

    Raises DefinitionError if the class doesn't exist or isn't a Translator.
    """
    named = load_named_class(TRANSLATOR_VARIABLE, Translator)
    return named() if named is not None else Translator()
