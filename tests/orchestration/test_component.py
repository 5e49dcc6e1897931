"""The component for `dg`: the real command scaffolds, checks and lists it in a project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from tests.docs.markdown import blocks

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "dagster.md"
PYPROJECT = """
[project]
name = "shop"
version = "0.1.0"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "shop"
"""
DEFINITIONS = """
from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
"""
SHOP = """
from pydantic import SecretStr

from dazz_assets import BearerToken, ConnectionConfig, Integration, Stream


class ShopConfig(ConnectionConfig):
    token: SecretStr
    region: str = "eu"


class OrdersStream(Stream):
    path = "/orders"
    primary_key = "id"


class ShopIntegration(Integration[ShopConfig]):
    base_url = "https://shop.example"
    auth = BearerToken("{config.token}")
    streams = (OrdersStream,)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop" / "defs").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (tmp_path / "shop" / "definitions.py").write_text(DEFINITIONS, encoding="utf-8")
    for folder in ("shop", "shop/defs"):
        (tmp_path / folder / "__init__.py").touch()
    return tmp_path


def run_dg(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(project), str(ROOT)]),
        "HOME": str(project),
        "DAZZ_HOME": str(project / ".dazz"),
        "COLUMNS": "200",
    }
    command = [str(Path(sys.executable).with_name("dg")), *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=300)


def definitions_of(project: Path, monkeypatch: pytest.MonkeyPatch) -> dg.Definitions:
    """The definitions of the project's YAML, loaded in this process."""
    monkeypatch.setenv("DAZZ_HOME", str(project / ".dazz"))
    monkeypatch.syspath_prepend(str(project))
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        monkeypatch.delitem(sys.modules, name)
    return dg.load_from_defs_folder(path_within_project=project)


def write(project: Path, attributes: dict[str, object], folder: str = "main") -> None:
    (project / "shop" / "defs" / folder).mkdir(exist_ok=True)
    text = yaml.safe_dump({"type": "dazz_assets.IntegrationComponent", "attributes": attributes})
    (project / "shop" / "defs" / folder / "defs.yaml").write_text(text, encoding="utf-8")


def connection(id_: str = "acme", **settings: object) -> dict[str, object]:
    return {"id": id_, "start": "2026-01-01", "config": {"token": "${SHOP_TOKEN}"}, **settings}


def test_dg_scaffolds_checks_and_lists_it(project: Path) -> None:
    (project / "shop" / "shop.py").write_text(SHOP, encoding="utf-8")
    scaffolded = run_dg(
        project, "scaffold", "defs", "dazz_assets.IntegrationComponent", "orders",
        "--integration", "../../shop.py", "--connection", "acme",
    )  # fmt: skip
    assert scaffolded.returncode == 0, scaffolded.stderr
    written = yaml.safe_load((project / "shop" / "defs" / "orders" / "defs.yaml").read_text(encoding="utf-8"))
    (acme,) = written["attributes"]["connections"]
    assert written["type"] == "dazz_assets.IntegrationComponent"
    assert (acme["id"], acme["config"]) == ("acme", {"token": "${SHOP_TOKEN}"})

    checked = run_dg(project, "check", "defs")
    assert checked.returncode == 0, checked.stderr
    listed = json.loads(run_dg(project, "list", "defs", "--json").stdout)
    assert [item["asset_key"] for item in listed["assets"]] == ["shop/raw/orders"]
    assert [item["name"] for item in listed["sensors"]] == ["shop_connections"]


def test_dg_check_names_what_is_wrong_in_the_yaml(project: Path) -> None:
    write(project, {"integration": "snyk", "connections": [connection(start="soon")]})
    checked = run_dg(project, "check", "defs")
    assert checked.returncode != 0
    output = checked.stdout + checked.stderr
    assert "connection 'acme'" in output
    assert "start" in output


def test_dg_scaffold_refuses_an_unknown_integration_in_a_sentence_and_leaves_nothing(project: Path) -> None:
    refused = run_dg(
        project, "scaffold", "defs", "dazz_assets.IntegrationComponent", "orders", "--integration", "snik"
    )  # fmt: skip
    assert refused.returncode == 1
    assert "Error: no integration is named 'snik'; did you mean 'snyk'?" in refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr
    assert not (project / "shop" / "defs" / "orders").exists()


def test_dg_check_yaml_refuses_what_is_no_interval(project: Path) -> None:
    wrong = {"connections": [connection(interval="often")], "schedule": {"every": "soon"}}
    write(project, {"integration": "snyk", **wrong})
    checked = run_dg(project, "check", "yaml")
    assert checked.returncode != 0
    output = checked.stdout + checked.stderr
    assert "soon" in output
    assert "often" in output
    right = {"connections": [connection(interval="6 h")], "schedule": {"every": "{{ env.EVERY }}"}}
    write(project, {"integration": "snyk", **right})
    accepted = run_dg(project, "check", "yaml", "--no-validate-requirements")
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr


def test_components_of_two_integrations_live_in_one_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, {"integration": "snyk", "connections": [connection()]}, "first")
    write(project, {"integration": "github", "connections": [connection()]}, "second")
    definitions = definitions_of(project, monkeypatch)
    dg.Definitions.validate_loadable(definitions)
    assert {key.path[0] for key in definitions.resolve_asset_graph().get_all_asset_keys()} == {"snyk", "github"}


def test_the_schedule_sets_the_interval_and_whether_the_sensor_runs(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, {"integration": "snyk", "connections": [connection()], "schedule": {"every": "2h", "running": True}})
    (sensor,) = definitions_of(project, monkeypatch).sensors or ()
    assert isinstance(sensor, dg.SensorDefinition)
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    node = definitions_of(project, monkeypatch).resolve_asset_graph().get(dg.AssetKey(["snyk", "raw", "orgs"]))
    policy = node.freshness_policy
    assert policy is not None
    assert "21600" in str(policy) or "6:00:00" in str(policy)  # late after three missed syncs


def test_connections_may_be_in_a_file_beside_the_yaml(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, {"integration": "snyk", "connections": "connections.yaml"})
    entries = {"connections": [{**connection(), "integration": "snyk"}]}
    (project / "shop" / "defs" / "main" / "connections.yaml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    definitions = definitions_of(project, monkeypatch)
    grid = definitions.resolve_assets_def(dg.AssetKey(["snyk", "findings"])).partitions_def
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("snyk_connections", ["acme"])
        assert grid is not None
        keys = grid.get_partition_keys(dynamic_partitions_store=instance)
    assert "acme|2025-12-29" in keys


def test_the_yaml_of_the_documentation_loads(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = [block.text for block in blocks(PAGE.read_text(encoding="utf-8")) if block.words == ("defs.yaml",)]
    (project / "shop" / "defs" / "snyk").mkdir()
    (project / "shop" / "defs" / "snyk" / "defs.yaml").write_text(shown, encoding="utf-8")
    keys = definitions_of(project, monkeypatch).resolve_asset_graph().get_all_asset_keys()
    assert dg.AssetKey(["snyk", "findings"]) in keys
