"""Unexpected errors show a traceback without secrets, and an interrupt ends a command cleanly."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.cli.conftest import Project
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


def test_an_interrupted_sync_ends_with_130_and_leaves_nothing_locked(project: Project) -> None:
    project.vendor.held.add("/incidents")
    env = os.environ | {name: value for name, value in project.env.items() if value}
    process = subprocess.Popen(
        project.command("sync", project.target), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert project.vendor.request_received.wait(60)
    process.send_signal(signal.SIGINT)
    project.vendor.released.set()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (130, False)
    assert "Interrupted." in err
    assert "failed" not in err
    project.vendor.held.clear()
    document = project.json("sync", project.target)
    assert document["errors"] == []
    assert project.json("query", "select count(*) as n from tickets") == [{"n": 3}]
