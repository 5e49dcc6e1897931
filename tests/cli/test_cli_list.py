"""`dazz list` says what there is, and what failed to load."""

from __future__ import annotations

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
