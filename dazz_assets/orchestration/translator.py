"""The one place where names, groups, tags and automation of assets are bent: subclass it, override a method."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import dagster as dg

from dazz_assets.errors import DefinitionError
from dazz_assets.spec.specs import IntegrationSpec, ParserSpec, StreamSpec

VARIABLE = "DAZZ_TRANSLATOR"
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

    def deps(self, spec: IntegrationSpec, node: Node) -> Sequence[dg.AssetDep]:
        """Assets of others that come before it, besides the streams that it is made from."""
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


def load_translator() -> Translator:
    """The translator that `DAZZ_TRANSLATOR` names, as `module:Class` or `path/to/file.py:Class`; else the usual one.

    Raises DefinitionError where there is no such class.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return Translator()
    place, _, class_name = name.rpartition(":")
    if not place:
        raise DefinitionError(f"{VARIABLE} is {name!r}; write it as module:Class or path/to/file.py:Class")
    try:
        found = getattr(_module(place), class_name, None)
    except Exception as error:
        raise DefinitionError(f"{VARIABLE}: {place} failed to load: {type(error).__name__}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Translator)):
        raise DefinitionError(f"{VARIABLE}: {place} has no Translator named {class_name!r}; make it a subclass of it")
    return found()


def _module(place: str) -> ModuleType:
    if not place.endswith(".py"):
        return importlib.import_module(place)
    name = "dazz_translator"
    specification = importlib.util.spec_from_file_location(name, Path(place).absolute())
    if specification is None or specification.loader is None:
        raise ImportError(f"{place} is no Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
