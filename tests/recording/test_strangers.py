"""An integration outside of this project, a package that pip installs or a bare file, is recorded by `dazz record`, and
tested by `pytest` with nothing else configured."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.recording.pytest_runs import Run, run, run_pytest
from tests.recording.shop import INTEGRATION, TOKEN, Shop

pytestmark = pytest.mark.xdist_group("strangers")

PYPROJECT = """
[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"

[project]
name = "stranger-shop"
version = "1.0"
dependencies = ["dazz-assets"]

[project.entry-points."dazz.integrations"]
shop = "stranger_shop.integration"

[tool.setuptools.packages.find]
where = ["src"]

[tool.setuptools.package-data]
stranger_shop = ["recordings/**/*.json"]
"""


@dataclass(frozen=True)
class Strangers:
    """A checkout of a package, and a bare file of an integration, each with its recording.

    env: where the connections are; with an installed package on Python's path.
    """

    folder: Path
    env: dict[str, str]

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    @property
    def bare(self) -> Path:
        return self.folder / "bare/shop.py"

    def with_path(self, *paths: Path) -> dict[str, str]:
        return self.env | {"PYTHONPATH": os.pathsep.join(map(str, paths))}


def package(checkout: Path) -> None:
    """A package in the layout with `src`: the integration in one module, and its models in another."""
    inside = checkout / "src/stranger_shop"
    inside.mkdir(parents=True)
    (checkout / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    head, _, rest = INTEGRATION.partition("\n\nclass ShopConfig")
    models, stream, rest = rest.partition("\n\nclass AccountsStream")
    (inside / "__init__.py").touch()
    (inside / "models.py").write_text(f"{head}\n\nclass ShopConfig{models}", encoding="utf-8")
    imported = "from stranger_shop.models import Account, Invoice, Order, ShopConfig\n"
    (inside / "integration.py").write_text(f"{head}\n{imported}{stream}{rest}", encoding="utf-8")


def setup(checkout: Path, *commands: str | Path) -> None:
    """Commands of setuptools, those that pip runs: pip itself would fetch setuptools and its like anew."""
    code = "import setuptools; setuptools.setup()"
    (checkout / "setup.py").write_text(code, encoding="utf-8")
    ran = run("setup", "-q", *commands, cwd=checkout)
    (checkout / "setup.py").unlink()
    assert ran.status == 0, ran.text


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Strangers:
    """Both recorded, the package by its name and the file by its path."""
    pytest.importorskip("setuptools", reason="this Python comes without setuptools")
    folder = tmp_path_factory.mktemp("strangers")
    shop = Shop()
    connection = {
        "id": "acme",
        "integration": "shop",
        "start": "2026-01-05",
        "config": {"token": "${SHOP_TOKEN}", "base_url": shop.url},
    }
    (folder / "connections.yaml").write_text(yaml.safe_dump({"connections": [connection]}), encoding="utf-8")
    env = {"DAZZ_HOME": str(folder / "home"), "DAZZ_CONNECTIONS": str(folder / "connections.yaml")}
    found = Strangers(folder, env)
    package(found.checkout)
    setup(found.checkout, "egg_info")  # what an editable installation leaves
    found.bare.parent.mkdir()
    found.bare.write_text(INTEGRATION, encoding="utf-8")
    with_token = found.with_path(found.checkout / "src") | {"SHOP_TOKEN": TOKEN}
    for target in ("shop", str(found.bare)):
        ran = run("dazz_assets.cli", "record", target, "--connection", "acme", cwd=folder, env=with_token)
        assert ran.status == 0, ran.text
    shop.vendor.close()
    return found


def passed(ran: Run, count: int) -> None:
    assert (ran.status, ran.outcome) == (0, f"{count} passed"), ran.text


def test_a_package_is_tested_in_its_checkout(strangers: Strangers) -> None:
    ran = run_pytest("-v", cwd=strangers.checkout)
    passed(ran, 1)
    assert "src/stranger_shop/recordings/default/scenario.json::default PASSED" in ran.text


def test_an_installed_package_is_tested_by_its_name_and_a_bare_file_by_its_path(
    strangers: Strangers, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    setup(strangers.checkout, "build_py", "--build-lib", site, "install_egg_info", "--install-dir", site)
    assert (site / "stranger_shop/recordings/default/scenario.json").is_file()
    ran = run_pytest("-v", "--pyargs", "stranger_shop", strangers.bare, cwd=tmp_path, env=strangers.with_path(site))
    passed(ran, 2)
    assert "site/stranger_shop/recordings/default/scenario.json::default PASSED" in ran.text
