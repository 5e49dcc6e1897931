"""`dazz list` says what there is, and what failed to load."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Project


def test_integrations_are_listed_with_streams_parsers_and_connections(synced: Project) -> None:
    listed = {item["name"]: item for item in synced.json("list")["integrations"]}
    assert {"github", "snyk", "incidents"} <= listed.keys()
    found = listed["incidents"]
    assert [(item["name"], item["incremental"]) for item in found["streams"]] == [
        ("services", False),
        ("incidents", True),
    ]
    assert [(item["name"], item["inputs"]) for item in found["parsers"]] == [("tickets", ["services", "incidents"])]
    assert found["connections"] == ["acme"]
    assert listed["github"]["connections"] == []


def test_an_integration_that_fails_to_load_is_shown_and_takes_none_down(project: Project) -> None:
    broken = project.folder / "broken.py"
    broken.write_text("import nowhere_to_be_found\n", encoding="utf-8")
    project.env["DAZZ_INTEGRATIONS"] = f"{broken}:{project.target}"
    ran = project.run("list")
    assert "incidents" in ran.out
    assert "Failed to load" in ran.err
    assert "No module named 'nowhere_to_be_found'" in ran.err
    (failure,) = project.json("list")["failures"]
    assert failure["place"] == str(broken)


def test_without_a_connections_file_integrations_are_listed_all_the_same(project: Project) -> None:
    project.connections.unlink()
    document = project.json("list")
    assert {item["name"]: item["connections"] for item in document["integrations"]}["incidents"] == []
    assert document["problems"] == []


def test_an_unusable_entry_of_the_connections_file_is_shown(project: Project) -> None:
    project.configure({}, {"id": "../acme"})
    (problem,) = project.json("list")["problems"]
    assert "'../acme'" in problem
    assert "lower case letters" in problem


@pytest.mark.parametrize(
    "place", ["helpy/integration.py", "integrations/helpy/integration.py", "helpy.py"], ids=["folder", "below", "file"]
)
def test_an_integration_of_a_connection_that_is_here_and_not_loaded_is_told_with_how_to_load_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(project.folder)
    file = Path(place)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("", encoding="utf-8")
    project.env["DAZZ_INTEGRATIONS"] = None
    project.configure({"integration": "helpy"})
    target = place.removesuffix("/integration.py")
    said = f"{project.connections} names `helpy`, which is not loaded; set DAZZ_INTEGRATIONS={target}"
    assert project.run("list").err.splitlines() == [said]
    assert project.json("list")["problems"] == [said]
    project.env["DAZZ_INTEGRATIONS"] = project.target
    assert project.run("list").err == f"{said.replace(f'={target}', f'={project.target}:{target}')}\n"


def test_an_integration_of_a_connection_that_is_nowhere_is_told_with_the_one_that_was_meant(project: Project) -> None:
    project.configure({"integration": "incident"}, {"id": "other", "integration": "incident"}, {"id": "right"})
    said = "names `incident`, and there is no integration of that name; did you mean 'incidents'?"
    assert project.run("list").err == f"{project.connections} {said}\n"


def test_an_integration_that_failed_to_load_is_not_told_twice(project: Project) -> None:
    broken = project.folder / "broken.py"
    broken.write_text("import nowhere_to_be_found\n", encoding="utf-8")
    project.env["DAZZ_INTEGRATIONS"] = str(broken)
    project.configure({"integration": "broken"})
    (said,) = project.run("list").err.splitlines()
    assert said.startswith("Failed to load")
