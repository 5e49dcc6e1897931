"""Every command does in a folder of the project what it does at its top, and says where it looked if there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dazz_assets import home
from dazz_assets.connections import connections_path
from tests.cli.conftest import Project


@pytest.fixture
def inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the project, where one stands; the environment names no folder."""
    for name in ("DAZZ_HOME", "DAZZ_CONNECTIONS", "DAGSTER_HOME"):
        project.env[name] = None
    (project.folder / "home").rename(project.folder / ".dazz")
    folder = project.folder / "notes" / "2026"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def standing(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder)


def test_commands_find_the_project_from_a_folder_of_it(project: Project, inside: Path) -> None:
    project.run("sync", "incidents")
    assert list(inside.iterdir()) == []
    assert [item["rows"] for item in project.json("status")["streams"]] == [3, 1]
    assert project.json("query", "select count(*) as n from raw.incidents_incidents") == [{"n": 3}]
    assert {item["name"]: item["connections"] for item in project.json("list")["integrations"]}["incidents"] == ["acme"]
    assert "acme" in project.run("check", "incidents").out


def test_variables_name_paths_that_are_relative_to_the_project(project: Project, inside: Path) -> None:
    project.connections.rename(project.folder / "customers.yaml")
    project.env |= {"DAZZ_CONNECTIONS": "customers.yaml", "DAZZ_INTEGRATIONS": "incidents.py", "DAZZ_LAKE": "our_lake"}
    project.run("sync", "incidents")
    assert (project.folder / "our_lake" / "raw").is_dir()
    assert list(inside.iterdir()) == []


def test_an_integration_is_found_by_its_folder_in_the_project(project: Project, inside: Path) -> None:
    project.env["DAZZ_INTEGRATIONS"] = None
    folder = project.folder / "integrations" / "incidents"
    folder.mkdir(parents=True)
    Path(project.target).rename(folder / "integration.py")
    project.run("sync", "integrations/incidents")
    assert list(inside.iterdir()) == []


def test_a_new_integration_is_written_where_the_project_has_its_integrations(
    project: Project, inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.folder / "integrations").mkdir()
    sample = project.folder / "page.json"
    sample.write_text('[{"id": 1, "title": "x"}]', encoding="utf-8")
    project.run("new", "helpy", "--sample", str(sample), "--path", "/tickets", "--base-url", "https://helpy.test")
    assert (project.folder / "integrations" / "helpy" / "integration.py").is_file()
    assert list(inside.iterdir()) == []


@pytest.mark.parametrize("sign", [".dazz/", "connections.yaml", "integrations/ and pyproject.toml"])
def test_a_project_is_known_by_its_home_its_connections_or_its_integrations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sign: str
) -> None:
    for name in sign.split(" and "):
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    standing(monkeypatch, tmp_path / "a" / "b")
    assert home.home() == tmp_path / ".dazz"
    assert connections_path() == Path("../../connections.yaml")


def test_the_nearest_project_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".dazz").mkdir()
    inner = tmp_path / "examples" / "one"
    standing(monkeypatch, inner / "src")
    (inner / "connections.yaml").touch()
    assert home.home() == inner / ".dazz"


def test_without_a_project_the_home_is_made_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    standing(monkeypatch, tmp_path / "new")
    assert home.home() == tmp_path / "new" / ".dazz"
    monkeypatch.setenv("DAZZ_HOME", "here")
    assert home.home() == tmp_path / "new" / "here"


def test_the_users_home_folder_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".dazz").mkdir()
    standing(monkeypatch, tmp_path / "work" / "ours")
    assert home.home() == tmp_path / "work" / "ours" / ".dazz"
    monkeypatch.chdir(tmp_path)
    assert home.home() == tmp_path / ".dazz"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a folder to someone else")
def test_a_folder_of_someone_else_is_no_project_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "connections.yaml").touch()
    standing(monkeypatch, tmp_path / "ours")
    os.chown(tmp_path, 12345, -1)
    assert connections_path() == Path("connections.yaml")


def test_where_no_project_is_found_commands_say_where_they_looked(
    project: Project, inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = project.folder.parent / f"{project.folder.name}_outside"
    standing(monkeypatch, outside / "deep")
    monkeypatch.setenv("HOME", str(project.folder.parent))
    looked = f"in {outside / 'deep'}, and no project in the folders above it up to {outside}"
    error = project.run("sync", project.target, status=2).err
    assert f"there is no file connections.yaml {looked}; write your connections there" in " ".join(error.split())
    status = " ".join(project.run("status").out.split())
    assert f"There are no connections yet {looked}, and nothing is stored in {outside / 'deep' / '.dazz'}" in status
