"""The code location: assets of all discovered integrations, and a warning for each that failed to load."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from dazz_assets import FullRefresh, parser
from dazz_assets.domain import DomainObject
from dazz_assets.errors import DefinitionError
from dazz_assets.orchestration.definitions import assemble_definitions
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.translator import Translator, load_translator
from dazz_assets.spec.discovery import Discovered, LoadFailure
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec, ParserSpec, StreamSpec
from tests.orchestration.conftest import Connect, week
from tests.orchestration.vendor import IncidentsIntegration, ServicesStream

TICKETS = dg.AssetKey(["incidents", "tickets"])
INCIDENTS = dg.AssetKey(["incidents", "raw", "incidents"])
SERVICES = dg.AssetKey(["incidents", "raw", "services"])


@pytest.fixture
def definitions(spec: IntegrationSpec, connect: Connect) -> dg.Definitions:
    return assemble_definitions(Discovered({spec.name: spec}), (connect(),))


def test_streams_feed_parsers_and_parents_feed_children(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    assert graph.get(TICKETS).parent_keys == {INCIDENTS, SERVICES}
    assert graph.get(dg.AssetKey(["incidents", "raw", "notes"])).parent_keys == {SERVICES}


def test_an_asset_has_group_kinds_description_and_columns(definitions: dg.Definitions) -> None:
    node = definitions.resolve_asset_graph().get(INCIDENTS)
    assert node.group_name == "incidents"
    assert node.kinds == {"incidents", "parquet", "deltalake"}
    assert node.description == "Incidents of all services."
    assert str(node.metadata["dazz/row_count_is"]).startswith("all stored versions of the records")
    columns = [column.name for column in node.metadata["dagster/column_schema"].columns]
    assert columns[:2] == ["key", "cursor"]
    assert "window_start" in columns
    assert all(column.description for column in node.metadata["dagster/column_schema"].columns)


def test_a_parser_shows_the_columns_of_its_model_and_its_version(definitions: dg.Definitions) -> None:
    node = definitions.resolve_asset_graph().get(TICKETS)
    assert node.code_version == "7"
    assert [column.name for column in node.metadata["dagster/column_schema"].columns] == ["id", "title", "service"]


def test_incremental_nodes_are_partitioned_by_the_grid_and_others_by_connection(
    definitions: dg.Definitions, spec: IntegrationSpec, connect: Connect
) -> None:
    graph, grid = definitions.resolve_asset_graph(), Grid.of(spec, [connect()])
    assert graph.get(TICKETS).partitions_def == grid.grid_def
    assert graph.get(INCIDENTS).partitions_def == grid.grid_def
    assert graph.get(SERVICES).partitions_def == grid.connections_def
    assert graph.get(dg.AssetKey(["incidents", "owners"])).partitions_def == grid.connections_def


def test_a_snapshot_is_upstream_of_each_window_of_its_connection(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    graph = definitions.resolve_asset_graph()
    instance.add_dynamic_partitions("incidents_connections", ["acme", "beta"])
    mapping = graph.get_partition_mapping(TICKETS, parent_asset_key=SERVICES)
    downstream = graph.get(TICKETS).partitions_def
    upstream = graph.get(SERVICES).partitions_def
    assert downstream is not None
    assert upstream is not None
    subset = downstream.subset_with_partition_keys([f"beta|{week(1)}"])
    found = mapping.get_upstream_mapped_partitions_result_for_partitions(
        subset, downstream, upstream, dynamic_partitions_store=instance
    )
    assert set(found.partitions_subset.get_partition_keys()) == {"beta"}


def test_a_translator_changes_names_and_groups(spec: IntegrationSpec, connect: Connect) -> None:
    class Prefixed(Translator):
        def asset_key(self, spec: IntegrationSpec, node: StreamSpec | ParserSpec) -> dg.AssetKey:
            return super().asset_key(spec, node).with_prefix("vendors")

        def group_name(self, spec: IntegrationSpec, node: StreamSpec | ParserSpec) -> str:
            return "security"

    graph = assemble_definitions(Discovered({spec.name: spec}), (connect(),), Prefixed()).resolve_asset_graph()
    node = graph.get(TICKETS.with_prefix("vendors"))
    assert node.group_name == "security"
    assert node.parent_keys == {INCIDENTS.with_prefix("vendors"), SERVICES.with_prefix("vendors")}


def test_an_integration_that_failed_to_load_is_logged_once_and_shown_and_the_others_are_there(
    spec: IntegrationSpec, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    found = Discovered({spec.name: spec}, [LoadFailure("integrations.broken", "SyntaxError: no")])
    with caplog.at_level("WARNING"):
        definitions, _ = (assemble_definitions(found, (connect(),)) for _ in range(2))
    assert [record.getMessage() for record in caplog.records] == [
        "Integration integrations.broken failed to load: SyntaxError: no"
    ]
    assert definitions.metadata["failed to load: integrations.broken"].value == "SyntaxError: no"
    assert TICKETS in definitions.resolve_asset_graph().get_all_asset_keys()


def test_a_model_that_no_table_can_hold_takes_down_its_own_integration_only(
    spec: IntegrationSpec, connect: Connect
) -> None:
    found = Discovered({"bad": read_integration(BadIntegration), spec.name: spec})
    definitions = assemble_definitions(found, (connect(),))
    assert "Columns 'label' and 'Label'" in str(definitions.metadata["failed to load: bad"].value)
    keys = definitions.resolve_asset_graph().get_all_asset_keys()
    assert TICKETS in keys
    assert [key for key in keys if key.path[0] == "bad"] == []


def test_a_parser_of_two_models_shows_the_columns_of_each() -> None:
    definitions = assemble_definitions(Discovered({"two": read_integration(TwoIntegration)}), ())
    node = definitions.resolve_asset_graph().get(dg.AssetKey(["two", "both"]))
    columns = {column.name: column.type for column in node.metadata["dagster/column_schema"].columns}
    assert columns == {"ones.id": "string", "ones.size": "int64", "others.id": "string", "others.size": "string"}


def test_the_environment_names_a_custom_translator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: IntegrationSpec
) -> None:
    file = tmp_path / "naming.py"
    file.write_text(
        "from dazz_assets.orchestration.translator import Translator\n"
        "class Ours(Translator):\n"
        "    def group_name(self, spec, node):\n"
        "        return 'security'\n"
    )
    monkeypatch.setenv("DAZZ_TRANSLATOR", f"{file}:Ours")
    assert load_translator().group_name(spec, spec.streams["services"]) == "security"
    monkeypatch.setenv("DAZZ_TRANSLATOR", "dazz_assets.orchestration.translator:Translator")
    assert load_translator().group_name(spec, spec.streams["services"]) == "incidents"
    loaded = load(tmp_path, DAZZ_TRANSLATOR=f"{file}:Ours", DAGSTER_HOME=str(tmp_path))
    assert "snyk: security" in loaded.stdout, loaded.stderr


@pytest.mark.parametrize("name", ["Ours", "no.such.module:Ours", "dazz_assets.orchestration.translator:Node"])
def test_an_unknown_translator_is_an_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("DAZZ_TRANSLATOR", name)
    with pytest.raises(DefinitionError, match="DAZZ_TRANSLATOR"):
        load_translator()


def test_a_translators_file_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAZZ_TRANSLATOR", f"{tmp_path}/naming.py:Ours")
    with pytest.raises(DefinitionError) as caught:
        load_translator()
    assert str(caught.value) == (
        f"DAZZ_TRANSLATOR is '{tmp_path}/naming.py:Ours', but there is no file {tmp_path}/naming.py; correct the path"
    )


class One(DomainObject):
    size: int


class Other(DomainObject):
    size: str


class TwoIntegration(IncidentsIntegration):
    name = "two"

    @parser
    def both(self, services: FullRefresh[ServicesStream]) -> Iterator[One | Other]:
        """Two models with one field of two types."""
        yield from ()


class Labelled(DomainObject):
    label: str
    Label: str


class BadIntegration(IncidentsIntegration):
    name = "bad"

    @parser
    def labelled(self, services: FullRefresh[ServicesStream]) -> Iterator[Labelled]:
        """Yields a model that no table can hold."""
        yield from ()


LOAD = """
import sys
import dazz_assets.orchestration.definitions as module
assert not [name for name in sys.modules if name.startswith('integrations')]
loaded = module.defs()
print(sorted(job.name for job in loaded.resolve_all_job_defs()))
graph = loaded.resolve_asset_graph()
print(sorted({f"{key.path[0]}: {graph.get(key).group_name}" for key in graph.get_all_asset_keys()}))
"""


def load(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DAZZ", "DAGSTER"))}
    command = [sys.executable, "-c", LOAD]
    places = {"DAZZ_HOME": str(tmp_path), "DAZZ_CONNECTIONS": str(tmp_path / "connections.yaml")}
    return subprocess.run(command, env={**clean, **places, **environment}, capture_output=True, text=True, check=False)


def test_a_broken_file_and_missing_connections_load_with_warnings(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import nothing_of_this_name\n", encoding="utf-8")
    loaded = load(tmp_path, DAZZ_INTEGRATIONS=str(tmp_path / "broken.py"), DAGSTER_HOME=str(tmp_path))
    assert loaded.returncode == 0, loaded.stderr
    assert "compact_job" in loaded.stdout
    assert "nothing_of_this_name" in loaded.stderr
    assert "connections.yaml" in loaded.stderr
    assert "make dev" not in loaded.stderr


def test_another_instance_is_a_warning_that_names_make_dev(tmp_path: Path) -> None:
    assert "make dev" in load(tmp_path).stderr
