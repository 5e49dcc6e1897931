"""Wrong usage and wrong config end with status 2 and a message with the fix, and nothing is fetched."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Project


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--connection", "acne"], "did you mean 'acme'?"),
        (["--stream", "incident"], "did you mean 'incidents'?"),
        (["--since", "yesterday"], "'yesterday' is not a date"),
        (["--since", "2026-02-30"], "is not a date"),
        (["--since", "2999-10-01"], "--since 2999-10-01T00:00:00+00:00 is in the future"),
        (["--since", "2026-02-02", "--until", "2026-02-01"], "must be before"),
        (["--since", "2026-02-02", "--refetch"], "--refetch fetches from the connection's start"),
        (["--since", "2026-02-02", "--full-refresh"], "leave out --since"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_invalid_options_of_sync_are_wrong_usage(project: Project, args: list[str], message: str) -> None:
    result = project.run("sync", project.target, *args, status=2)
    assert message in " ".join(result.err.replace("│", " ").split())
    assert "Traceback" not in result.err
    assert project.vendor.requests == []


def test_stale_can_not_be_combined_with_a_range(project: Project) -> None:
    assert "leave out" in project.run("parse", project.target, "--stale", "--since", "2026-02-02", status=2).err


@pytest.mark.parametrize("command", ["check", "sync", "parse"])
def test_an_unknown_target_suggests_a_similar_name(project: Project, command: str) -> None:
    result = project.run(command, "incident", status=2)
    assert "no integration is named 'incident'" in result.err
    assert "did you mean 'incidents'?" in result.err


def test_a_name_beside_the_file_of_that_name_suggests_the_file(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    (project.folder / "beacon.py").touch()
    assert project.run("sync", "beacon", status=2).err == (
        "Error: no integration is named 'beacon'; did you mean the file beacon.py?\n"
    )


@pytest.mark.parametrize(
    "args",
    [("check", "snyk"), ("sync", "snyk", "--connection", "acme"), ("list",), ("status",)],
    ids=lambda args: args[0],
)
def test_a_misspelt_integration_of_a_connection_is_told_in_the_same_words(
    project: Project, args: tuple[str, ...]
) -> None:
    project.configure({"integration": "snik"})
    message = f"{project.connections} names `snik`, but there is no integration of that name; did you mean 'snyk'?"
    result = project.run(*args, status=2 if "snyk" in args else 0)
    assert message in result.err
    assert "DAZZ_INTEGRATIONS" not in result.err


def test_an_unknown_target_names_folders_here_with_an_integration(
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
    ("text", "message"),
    [
        ("import nowhere_to_be_found\n", "No module named 'nowhere_to_be_found'"),
        ("def broken(:\n", "SyntaxError"),
        ("x = 1\n", "must hold one integration class"),
    ],
    ids=["import", "syntax", "no integration"],
)
def test_a_file_that_fails_to_load_is_wrong_usage(project: Project, text: str, message: str) -> None:
    path = project.folder / f"file_{abs(hash(text))}.py"
    path.write_text(text, encoding="utf-8")
    result = project.run("sync", str(path), status=2)
    assert message in result.err
    assert "Traceback" not in result.err


def test_a_missing_file_and_a_missing_connection_are_wrong_usage(project: Project) -> None:
    assert "there is no file" in project.run("sync", str(project.folder / "none.py"), status=2).err
    project.configure({"integration": "github"})
    assert "no connection of incidents: add one" in project.run("sync", project.target, status=2).err


@pytest.mark.parametrize(
    ("text", "message"),
    [("connections: [", "is not valid YAML"), ("- a\n", "must hold a list under `connections:`")],
)
def test_an_invalid_connections_file_is_wrong_config(project: Project, text: str, message: str) -> None:
    project.connections.write_text(text, encoding="utf-8")
    assert message in project.run("sync", project.target, status=2).err


def test_connections_with_the_same_id_send_no_request_and_do_not_stop_others(project: Project) -> None:
    project.configure({}, {"config": project.config("other")})
    result = project.run("sync", project.target, status=2)
    assert (
        "several connections of incidents have the id 'acme' (line 2, line 9), and none of them is used" in result.err
    )
    assert project.vendor.requests == []

    project.configure({}, {"id": "beta"}, {"integration": "other"}, {"config": project.config("other")})
    assert "(line 2, line 23)" in project.run("sync", project.target, "--connection", "acme", status=2).err
    assert project.vendor.requests == []
    result = project.run("sync", project.target, status=1)
    assert "(line 2, line 23)" in result.err
    assert {row["connection"] for row in project.json("query", "select connection from tickets")} == {"beta"}


def test_a_missing_connections_file_is_named(project: Project) -> None:
    project.connections.unlink()
    assert str(project.connections) in project.run("sync", project.target, status=2).err


def test_a_connection_id_that_would_leave_the_lake_is_rejected(project: Project) -> None:
    project.configure({"id": "../../elsewhere"})
    assert "lower case letters" in project.run("sync", project.target, status=2).err
    assert not (project.home / "lake").exists()


@pytest.mark.parametrize("command", [("sync", "incidents"), ("status",), ("query", "select 1")])
@pytest.mark.parametrize("variable", ["DAZZ_HOME", "DAZZ_LAKE"])
def test_a_folder_that_is_a_file_is_named_with_its_variable(
    project: Project, command: tuple[str, ...], variable: str
) -> None:
    file = project.folder / "file"
    file.touch()
    project.env |= {"DAGSTER_HOME": None, variable: str(file)}
    err = project.run(*command, status=2).err
    assert err.startswith(f"Error: {variable} is {file}; it ")
    assert err.count("\n") == 1


def test_a_home_that_can_not_be_created_is_named_with_the_reason(project: Project) -> None:
    project.env |= {"DAGSTER_HOME": None, "DAZZ_HOME": "/proc/x"}
    err = project.run("sync", "incidents", status=2).err
    assert err == "Error: DAZZ_HOME is /proc/x; it can't be created: No such file or directory\n"


def test_a_lake_that_can_not_be_written_is_named(project: Project) -> None:
    project.env["DAZZ_LAKE"] = "/proc/lake"
    assert "Error: the lake can't be written: /proc/lake" in project.run("sync", project.target, status=1).err
