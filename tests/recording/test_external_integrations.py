"""Integrations outside this project, as an installed package or a bare file, are recorded by `dazz record` and tested
by `pytest` without further configuration.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.recording.pytest_runs import Run, run_module, run_pytest
from tests.recording.shop import INTEGRATION, TOKEN, Shop

pytestmark = pytest.mark.xdist_group("external integrations")

PYPROJECT = """
[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"

[project]
name = "external-shop"
version = "1.0"
dependencies = ["dazz-assets"]

[project.entry-points."dazz.integrations"]
shop = "external_shop.integration"

[tool.setuptools.packages.find]
where = ["src"]

[tool.setuptools.package-data]
external_shop = ["recordings/**/*.json"]
"""


@dataclass(frozen=True)
class ExternalIntegrations:
    """A checkout of a package, and a bare file of an integration, each with its recording.

    env: environment variables that name the connections.
    """

    folder: Path
    env: dict[str, str]

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    @property
    def bare(self) -> Path:
        return self.folder / "bare/shop.py"

    def env_with_path(self, *paths: Path) -> dict[str, str]:
        return self.env | {"PYTHONPATH": os.pathsep.join(map(str, paths))}


def write_package(checkout: Path) -> None:
    """Write a package with a `src` layout: the integration in one module, and its models in another."""
    inside = checkout / "src/external_shop"
    inside.mkdir(parents=True)
    (checkout / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    head, _, rest = INTEGRATION.partition("\n\nclass ShopConfig")
    models, stream, rest = rest.partition("\n\nclass AccountsStream")
    (inside / "__init__.py").touch()
    (inside / "models.py").write_text(f"{head}\n\nclass ShopConfig{models}", encoding="utf-8")
    imported = "from external_shop.models import Account, Invoice, Order, ShopConfig\n"
    (inside / "integration.py").write_text(f"{head}\n{imported}{stream}{rest}", encoding="utf-8")


def run_setuptools(checkout: Path, *commands: str | Path) -> None:
    """Run the setuptools commands that pip runs; pip itself would download setuptools again."""
    code = "import setuptools; setuptools.setup()"
    (checkout / "setup.py").write_text(code, encoding="utf-8")
    ran = run_module("setup", "-q", *commands, cwd=checkout)
    (checkout / "setup.py").unlink()
    assert ran.status == 0, ran.text


@pytest.fixture(scope="module")
def external(tmp_path_factory: pytest.TempPathFactory) -> ExternalIntegrations:
    """Record both, the package by its name and the file by its path."""
    pytest.importorskip("setuptools", reason="this Python comes without setuptools")
    folder = tmp_path_factory.mktemp("external")
    shop = Shop()
    connection = {
        "id": "acme",
        "integration": "shop",
        "start": "2026-01-05",
        "config": {"token": "${SHOP_TOKEN}", "base_url": shop.url},
    }
    (folder / "connections.yaml").write_text(yaml.safe_dump({"connections": [connection]}), encoding="utf-8")
    env = {"DAZZ_HOME": str(folder / "home"), "DAZZ_CONNECTIONS": str(folder / "connections.yaml")}
    external = ExternalIntegrations(folder, env)
    write_package(external.checkout)
    run_setuptools(external.checkout, "egg_info")  # as an editable installation does
    external.bare.parent.mkdir()
    external.bare.write_text(INTEGRATION, encoding="utf-8")
    with_token = external.env_with_path(external.checkout / "src") | {"SHOP_TOKEN": TOKEN}
    for target in ("shop", str(external.bare)):
        ran = run_module("dazz_assets.cli", "record", target, "--connection", "acme", cwd=folder, env=with_token)
        assert ran.status == 0, ran.text
    shop.vendor.close()
    return external


def assert_passed(ran: Run, count: int) -> None:
    assert (ran.status, ran.outcome) == (0, f"{count} passed"), ran.text


def test_a_package_is_tested_in_its_checkout(external: ExternalIntegrations) -> None:
    ran = run_pytest("-v", cwd=external.checkout)
    assert_passed(ran, 1)
    assert "src/external_shop/recordings/default/scenario.json::default PASSED" in ran.text


def test_an_installed_package_is_tested_by_its_name_and_a_bare_file_by_its_path(
    external: ExternalIntegrations, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    run_setuptools(external.checkout, "build_py", "--build-lib", site, "install_egg_info", "--install-dir", site)
    assert (site / "external_shop/recordings/default/scenario.json").is_file()
    ran = run_pytest("-v", "--pyargs", "external_shop", external.bare, cwd=tmp_path, env=external.env_with_path(site))
    assert_passed(ran, 2)
    assert "site/external_shop/recordings/default/scenario.json::default PASSED" in ran.text
