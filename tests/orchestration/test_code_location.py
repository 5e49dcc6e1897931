"""Our definitions merged into another project's code location."""

from __future__ import annotations

import os
import subprocess
import sys

import dagster as dg
import pytest

import dazz_assets
from dazz_assets import DefinitionError, Translator, build_definitions
from dazz_assets.orchestration.translator import Node
from dazz_assets.spec.specs import IntegrationSpec
from tests.orchestration.conftest import Connect
from tests.orchestration.vendor import IncidentsIntegration

SERVICES = dg.AssetKey(["incidents", "raw", "services"])


class AfterTheirs(Translator):
    def deps(self, spec: IntegrationSpec, node: Node) -> list[dg.AssetDep]:
        return [dg.AssetDep("theirs")] if node.name == "services" else []


@dg.asset
def theirs() -> None:
    """An asset of the other project."""


def test_the_package_imports_dagster_and_the_lake_lazily() -> None:
    code = (
        "import sys, dazz_assets; print([m for m in ('dagster', 'deltalake', 'duckdb') if m in sys.modules]);"
        "from dazz_assets import *; print(Lake.__module__, build_definitions.__module__)"
    )
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert completed.stdout.splitlines() == ["[]", "dazz_assets.lake.lake dazz_assets.orchestration.definitions"]
    assert set(dazz_assets.__all__) <= set(dir(dazz_assets))


def test_a_run_of_the_daemon_has_arrow_take_memory_from_the_c_library_unless_told_otherwise() -> None:
    program = "import resources.definitions, pyarrow; print(pyarrow.default_memory_pool().backend_name)"
    plain = {name: value for name, value in os.environ.items() if name != "ARROW_DEFAULT_MEMORY_POOL"}
    for given, used in (({}, "system"), ({"ARROW_DEFAULT_MEMORY_POOL": "mimalloc"}, "mimalloc")):
        done = subprocess.run(
            [sys.executable, "-c", program], env=plain | given, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == used


def test_ours_merge_with_definitions_that_have_an_executor_and_depend_on_their_asset(connect: Connect) -> None:
    ours = build_definitions([IncidentsIntegration], connections=[connect()], translator=AfterTheirs())
    their_definitions = dg.Definitions(assets=[theirs], executor=dg.multiprocess_executor, resources={"theirs": 1})
    merged = dg.Definitions.merge(ours, their_definitions)
    dg.Definitions.validate_loadable(merged)
    assert merged.resolve_asset_graph().get(SERVICES).parent_keys == {dg.AssetKey("theirs")}


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(DefinitionError, match="no integration is named 'snik'; did you mean 'snyk'"):
        build_definitions(["snik"], connections=[])
