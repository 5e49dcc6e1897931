"""Wrong usage and config end with status 2 and a sentence that says what to do; nothing is fetched."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Project


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--connection", "acne"], "did you mean 'acme'?"),
        (["--stream", "incident"], "did you mean 'incidents'?"),
        (["--since", "yesterday"], "'yesterday' is no date"),
        (["--since", "2026-02-30"], "is no date"),
        (["--since", "2026-02-02", "--until", "2026-02-01"], "must be before"),
        (["--since", "2026-02-02", "--refetch"], "--refetch fetches from the connection's start"),
        (["--since", "2026-02-02", "--full-refresh"], "leave out --since"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_what_a_sync_can_not_take_is_refused(project: Project, args: list[str], said: str) -> None:
    ran = project.run("sync", project.target, *args, status=2)
    assert said in " ".join(ran.err.replace("│", " ").split())
    assert "Traceback" not in ran.err
    assert project.vendor.requests == []


def test_stale_and_a_range_exclude_each_other(project: Project) -> None:
    assert "leave out" in project.run("parse", project.target, "--stale", "--since", "2026-02-02", status=2).err


@pytest.mark.parametrize("command", ["check", "sync", "parse"])
def test_an_unknown_target_names_what_there_is(project: Project, command: str) -> None:
    ran = project.run(command, "incident", status=2)
    assert "no integration is named 'incident'" in ran.err
    assert "did you mean 'incidents'?" in ran.err


def test_an_unknown_target_names_folders_here_that_hold_an_integration(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    for folder in ("helpy", "integrations/desky", "integrations/snyk", "other"):
        (project.folder / folder).mkdir(parents=True)
        (project.folder / folder / "integration.py").touch()
    (project.folder / "other" / "integration.py").unlink()
    err = project.run("sync", "help", status=2).err
    assert err.endswith("; these folders hold an integration.py: helpy, integrations/desky\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nowhere_to_be_found\n", "No module named 'nowhere_to_be_found'"),
        ("def broken(:\n", "SyntaxError"),
        ("x = 1\n", "must hold one integration class"),
    ],
    ids=["import", "syntax", "no integration"],
)
def test_a_file_that_fails_to_load_is_wrong_usage(project: Project, text: str, said: str) -> None:
    path = project.folder / f"file_{abs(hash(text))}.py"
    path.write_text(text, encoding="utf-8")
    ran = project.run("sync", str(path), status=2)
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_missing_file_and_a_missing_connection_are_told(project: Project) -> None:
    assert "there is no file" in project.run("sync", str(project.folder / "none.py"), status=2).err
    project.configure({"integration": "github"})
    assert "no connection of incidents: add one" in project.run("sync", project.target, status=2).err


@pytest.mark.parametrize(
    ("text", "said"),
    [("connections: [", "is not valid YAML"), ("- a\n", "must hold a list under `connections:`")],
)
def test_a_connections_file_that_can_not_be_read_is_wrong_config(project: Project, text: str, said: str) -> None:
    project.connections.write_text(text, encoding="utf-8")
    assert said in project.run("sync", project.target, status=2).err


def test_without_a_connections_file_its_place_is_named(project: Project) -> None:
    project.connections.unlink()
    assert str(project.connections) in project.run("sync", project.target, status=2).err


def test_a_connection_id_that_would_leave_the_lake_is_refused(project: Project) -> None:
    project.configure({"id": "../../elsewhere"})
    assert "lower case letters" in project.run("sync", project.target, status=2).err
    assert not (project.home / "lake").exists()
