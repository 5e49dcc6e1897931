"""Unexpected errors show a traceback without secrets, and an interrupt ends a command cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Project, days_ago
from tests.cli.vendor import TOKEN


def test_an_unexpected_error_shows_its_traceback_without_secrets(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"no idea what to do with {TOKEN}")

    monkeypatch.setattr("dazz_assets.orchestration.local_runs.sync_connections", fail)
    result = project.run("sync", project.target, "--json", status=1)
    assert "Traceback" in result.err
    assert "no idea what to do with ***" in result.err
    assert TOKEN not in result.out + result.err
    assert result.out == ""


def interrupt(project: Project, *args: str) -> str:
    """Interrupt a sync while it waits for a response; what it says."""
    project.vendor.held.add("/incidents")
    project.vendor.request_received.clear()
    project.vendor.released.clear()
    process = start(project, *args)
    assert project.vendor.request_received.wait(60)
    process.send_signal(signal.SIGINT)
    project.vendor.released.set()
    project.vendor.held.clear()
    return read_interrupted(process)


def start(project: Project, *args: str) -> subprocess.Popen[str]:
    env = os.environ | {name: value for name, value in project.env.items() if value}
    return subprocess.Popen(project.command(*args), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read_interrupted(process: subprocess.Popen[str]) -> str:
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err, "failed" in err) == (130, False, False)
    return err


def test_an_interrupted_sync_ends_with_130_leaves_nothing_locked_and_is_continued_by_the_next(project: Project) -> None:
    said = interrupt(project, "sync", project.target)
    assert "Interrupted. Stored data is safe, and the next sync continues from there." in said
    errors = {item["last_error"] for item in project.json("status")["streams"]} - {None}
    assert errors == {"the last run was interrupted"}
    document = project.json("sync", project.target)
    assert document["errors"] == []
    assert project.json("query", "select count(*) as n from tickets") == [{"n": 3}]


def test_an_interrupted_refetch_or_range_says_that_the_same_command_goes_on(project: Project) -> None:
    project.run("sync", project.target)
    said = interrupt(project, "sync", project.target, "--refetch")
    assert "all others are as they were. Run the same command again to fetch everything again" in said
    assert project.json("query", "select count(*) as n from tickets") == [{"n": 3}]
    said = interrupt(project, "sync", project.target, "--since", str(days_ago(25)))
    assert "Run the same command again to fetch the rest of this range" in said


INTERRUPTING = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"


def test_an_interrupted_parse_says_that_the_same_command_goes_on_and_keeps_what_was_published(
    project: Project,
) -> None:
    project.run("sync", project.target)
    before = project.json("query", "select * from tickets order by id")
    code = Path(project.target).read_text(encoding="utf-8")
    line = 'raise LookupError("no service of this incident")'
    assert line in code
    interrupting = code.replace('if incident.id == "explode"', "if True").replace(line, INTERRUPTING)
    Path(project.target).write_text(interrupting, encoding="utf-8")

    said = read_interrupted(start(project, "parse", project.target))
    assert "Run the same command again to parse the rest: a sync parses only what changed." in said
    assert "next sync continues" not in said
    said = read_interrupted(start(project, "parse", project.target, "--compare"))
    assert "Interrupted. Nothing was published." in said
    assert project.json("query", "select * from tickets order by id") == before
