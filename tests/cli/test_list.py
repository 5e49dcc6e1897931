"""`dazz list` lists integrations, and what failed to load."""

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


def test_an_integration_that_fails_to_load_is_reported_beside_the_others(project: Project) -> None:
    broken = project.folder / "broken.py"
    broken.write_text("import nowhere_to_be_found\n", encoding="utf-8")
    project.env["DAZZ_INTEGRATIONS"] = f"{broken}:{project.target}"
    result = project.run("list", status=1)
    assert "incidents" in result.out
    assert "Failed to load" in result.err
    assert "No module named 'nowhere_to_be_found'" in result.err
    (failure,) = project.json("list", status=1)["failures"]
    assert failure["place"] == str(broken)


def test_integrations_are_listed_without_a_connections_file(project: Project) -> None:
    project.connections.unlink()
    document = project.json("list")
    assert {item["name"]: item["connections"] for item in document["integrations"]}["incidents"] == []
    assert document["problems"] == []


def test_an_invalid_entry_of_the_connections_file_is_reported(project: Project) -> None:
    project.configure({}, {"id": "../acme"})
    (problem,) = project.json("list")["problems"]
    assert "'../acme'" in problem
    assert "lower case letters" in problem


@pytest.mark.parametrize(
    "place", ["helpy/integration.py", "integrations/helpy/integration.py", "helpy.py"], ids=["folder", "below", "file"]
)
def test_a_connections_integration_that_is_here_but_not_loaded_is_reported_with_how_to_load_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(project.folder)
    file = Path(place)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("", encoding="utf-8")
    project.env["DAZZ_INTEGRATIONS"] = None
    project.configure({"integration": "helpy"})
    target = place.removesuffix("/integration.py")
    message = f"{project.connections} names `helpy`, which is not loaded: set DAZZ_INTEGRATIONS={target}"
    assert project.run("list").err.splitlines() == [message]
    assert project.json("list")["problems"] == [message]
    project.env["DAZZ_INTEGRATIONS"] = project.target
    assert project.run("list").err == f"{message.replace(f'={target}', f'={project.target}:{target}')}\n"


def test_a_connections_unknown_integration_is_reported_with_a_similar_name(project: Project) -> None:
    project.configure({"integration": "incident"}, {"id": "other", "integration": "incident"}, {"id": "right"})
    message = "names `incident`, but there is no integration of that name; did you mean 'incidents'?"
    assert project.run("list").err == f"{project.connections} {message}\n"


def test_an_integration_that_failed_to_load_is_reported_once(project: Project) -> None:
    broken = project.folder / "broken.py"
    broken.write_text("import nowhere_to_be_found\n", encoding="utf-8")
    project.env["DAZZ_INTEGRATIONS"] = str(broken)
    project.configure({"integration": "broken"})
    (line,) = project.run("list", status=1).err.splitlines()
    assert line.startswith("Failed to load")
