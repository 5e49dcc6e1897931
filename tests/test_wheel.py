"""What a wheel of the project puts on a machine: the library and our vendors, each once, and no other name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VENDORS = sorted(path.parent.name for path in (ROOT / "integrations").glob("*/integration.py"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, as pip lays it out."""
    built = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(built)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    (wheel,) = built.glob("*.whl")
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed: Path, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a project that has the wheel installed: `-S` keeps this checkout off the path."""
    path = os.pathsep.join((str(project), str(installed), sysconfig.get_path("purelib")))
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=project,
        env={"PATH": os.environ["PATH"], "HOME": str(project), "PYTHONPATH": path, "COLUMNS": "200"},
        check=True,
        capture_output=True,
        text=True,
    )


def test_puts_no_name_on_the_path_that_does_not_begin_with_dazz(installed: Path) -> None:
    names = {path.name.partition(".")[0].partition("-")[0] for path in installed.iterdir()}
    assert names == {"dazz_assets", "dazz_integrations"}


def test_holds_our_vendors_without_their_recordings(installed: Path) -> None:
    folders = sorted(path.name for path in (installed / "dazz_integrations").iterdir() if path.is_dir())
    assert folders == VENDORS
    assert not list(installed.rglob("recordings"))


def test_ships_the_types_of_its_packages(installed: Path) -> None:
    """In a package without `py.typed`, type checkers take everything for Any."""
    assert (installed / "dazz_assets" / "py.typed").is_file()
    assert (installed / "dazz_integrations" / "py.typed").is_file()


def test_every_vendor_of_the_repository_has_an_entry_point() -> None:
    ours = {
        entry.name: entry.value
        for entry in entry_points(group="dazz.integrations")
        if entry.value.startswith("dazz_integrations.")
    }
    assert ours == {vendor: f"dazz_integrations.{vendor}.integration" for vendor in VENDORS}


def test_a_project_with_modules_of_the_same_names_has_its_own_and_our_vendors_once(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "resources.py").write_text('mine = "a resource of the project"\n')
    (tmp_path / "tests.py").write_text("")
    (tmp_path / "integrations.py").write_text("raise RuntimeError('not yours to import')\n")
    code = (
        "import resources, dazz_assets, dazz_integrations.snyk.integration as snyk\n"
        "from dazz_assets.spec.discovery import discover\n"
        "found = discover()\n"
        "assert not found.failures, found.failures\n"
        "assert found.integrations['snyk'].integration is snyk.SnykIntegration\n"
        "print(resources.mine, sorted(found.integrations), dazz_assets.__file__)"
    )
    answer = run(installed, tmp_path, "-c", code).stdout
    assert answer.strip() == f"a resource of the project {VENDORS} {installed / 'dazz_assets' / '__init__.py'}"


def test_a_package_of_the_project_is_not_taken_for_ours(installed: Path, tmp_path: Path) -> None:
    """Neither in the project, nor installed beside the library."""
    code = (
        "from dazz_assets.spec.discovery import discover\n"
        "found = discover()\n"
        "print(sorted(found.integrations), found.failures)"
    )
    (tmp_path / "integrations" / "jira").mkdir(parents=True)
    for folder in ("integrations", "integrations/jira"):
        (tmp_path / folder / "__init__.py").write_text("raise RuntimeError('not yours to import')\n")
    assert run(installed, tmp_path, "-c", code).stdout.strip() == f"{VENDORS} []"
    beside = installed / "integrations"
    try:
        (tmp_path / "integrations").rename(beside)
        assert run(installed, tmp_path, "-c", code).stdout.strip() == f"{VENDORS} []"
    finally:
        shutil.rmtree(beside)


def test_the_command_lists_our_vendors(installed: Path, tmp_path: Path) -> None:
    listed = json.loads(run(installed, tmp_path, "-m", "dazz_assets.cli", "list", "--json").stdout)
    assert [item["name"] for item in listed["integrations"]] == VENDORS
    assert listed["failures"] == []


def test_the_sandboxes_of_our_vendors_are_found(installed: Path, tmp_path: Path) -> None:
    code = "from dazz_assets.sandbox import find_sandboxes; print([vendor.name for vendor in find_sandboxes()])"
    assert run(installed, tmp_path, "-c", code).stdout.strip() == str(VENDORS)
