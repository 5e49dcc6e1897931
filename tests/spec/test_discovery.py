"""Integrations are found in the package, by entry points and by path, and one that fails does not stop the others."""

import os
import subprocess
import sys
import types
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from dazz_assets import DefinitionError
from dazz_assets.spec import discovery
from dazz_assets.spec.discovery import discover, find_integration, load_classes

ROOT = Path(__file__).parents[2]
MODULE = """
from pydantic import BaseModel
from dazz_assets import ConnectionConfig, Integration, Stream
from .models import Thing

class ThingsStream(Stream[Thing]):
    path = "/things"

class {name}Integration(Integration[ConnectionConfig]):
    base_url = "https://api.test"
    streams = (ThingsStream,)
"""
MODELS = "from pydantic import BaseModel\nclass Thing(BaseModel):\n    {field}: str\n"


def write_integration(folder: Path, name: str = "Own", field: str = "id", file: str = "own.py") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "models.py").write_text(MODELS.format(field=field))
    (folder / file).write_text(MODULE.format(name=name))
    return folder / file


def test_the_package_integrations_is_searched() -> None:
    assert {"github", "snyk"} <= discover().integrations.keys()


@pytest.mark.parametrize("files", [["integrations.py"], ["integrations/__init__.py", "integrations/jira/__init__.py"]])
def test_a_checkout_has_its_own_vendors_beside_a_module_of_the_same_name(tmp_path: Path, files: list[str]) -> None:
    """In a project that has the checkout installed, its own module `integrations` comes first on the path."""
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("raise RuntimeError('not yours to import')\n")
    code = (
        "from dazz_assets.sandbox import find_sandboxes\n"
        "from dazz_assets.spec.discovery import discover\n"
        "found = discover()\n"
        "assert not found.failures, found.failures\n"
        "print(sorted(found.integrations), [vendor.name for vendor in find_sandboxes()])\n"
    )
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "DAZZ_INTEGRATIONS": ""},
        capture_output=True,
        text=True,
    )
    vendors = sorted(file.parent.name for file in (ROOT / "integrations").glob("*/sandbox.py"))
    assert answer.stdout.strip() == f"{vendors} {vendors}", answer.stderr


def test_each_file_is_loaded_as_a_package_of_its_own(tmp_path: Path) -> None:
    one = find_integration(str(write_integration(tmp_path / "one", "One", "first")))
    two = find_integration(str(write_integration(tmp_path / "two", "Two", "second")))
    assert (one.name, two.name) == ("one", "two")
    assert list(one.streams["things"].required_model.__annotations__) == ["first"]
    assert list(two.streams["things"].required_model.__annotations__) == ["second"]


def test_a_file_is_not_taken_for_a_package_of_the_same_name_beside_it(tmp_path: Path) -> None:
    file = write_integration(tmp_path, file="own.py")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "__init__.py").touch()
    assert find_integration(str(file)).name == "own"


def test_a_folder_with_an_integration_file_loads(tmp_path: Path) -> None:
    write_integration(tmp_path / "vendor", file="integration.py")
    assert find_integration(str(tmp_path / "vendor")).name == "own"


def test_paths_in_the_environment_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAZZ_INTEGRATIONS", str(write_integration(tmp_path)))
    assert "own" in discover().integrations


def test_entry_points_are_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = types.ModuleType("some_distribution")
    module.integration = next(iter(load_classes(write_integration(tmp_path))))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "some_distribution", module)
    entry = EntryPoint("own", "some_distribution:integration", discovery.ENTRY_POINT_GROUP)
    monkeypatch.setattr(discovery, "entry_points", lambda *, group: [entry])
    assert "own" in discover().integrations


def test_an_integration_that_fails_is_reported_with_file_and_line_and_the_others_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("\nraise RuntimeError('no luck')\n")
    monkeypatch.setenv("DAZZ_INTEGRATIONS", str(broken))
    found = discover()
    assert {"github", "snyk"} <= found.integrations.keys()
    (failure,) = found.failures
    assert failure.place == str(broken)
    assert failure.reason == "RuntimeError: no luck (line 2 of broken.py)"


def test_two_integrations_of_the_same_name_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = write_integration(tmp_path / "a"), write_integration(tmp_path / "b")
    monkeypatch.setenv("DAZZ_INTEGRATIONS", f"{one}:{two}")
    found = discover()
    (failure,) = found.failures
    assert failure.place == str(two)
    assert failure.reason == f"there is another integration named 'own', in {one}; set `name` of one of them"


@pytest.mark.parametrize("is_first", [True, False], ids=["entry point first", "path first"])
def test_a_file_that_an_entry_point_and_a_path_name_loads_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    package = f"installed_{is_first}"
    file = write_integration(tmp_path / package)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("DAZZ_INTEGRATIONS", str(file))
    entry = EntryPoint("own", f"{package}.own", discovery.ENTRY_POINT_GROUP)
    if not is_first:
        find_integration(str(file))
    monkeypatch.setattr(discovery, "entry_points", lambda *, group: [entry])
    found = discover()
    assert (list(found.integrations).count("own"), found.failures) == (1, [])
    if is_first:
        assert found.integrations["own"].integration is find_integration(str(file)).integration


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(DefinitionError, match=r"no integration is named 'snik'; did you mean 'snyk'\?"):
        find_integration("snik")


def test_a_part_of_an_integration_is_a_word_of_its_own() -> None:
    with pytest.raises(DefinitionError, match=r"no integration is named 'snyk:findins'; did you mean 'snyk findins'\?"):
        find_integration("snyk:findins")
    with pytest.raises(DefinitionError, match=r"no integration is named 'snik:findings'; there are: aws, "):
        find_integration("snik:findings")


def test_a_path_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"there is no file .*nothing\.py"):
        find_integration(str(tmp_path / "nothing.py"))


def test_a_file_without_an_integration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(DefinitionError, match="must hold one integration class, but it holds none"):
        find_integration(str(tmp_path / "empty.py"))
