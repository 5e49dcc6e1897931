"""`dazz dev` runs the Dagster UI and the sandbox, and stops every process it started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import psutil
import pytest
import requests
import yaml

from dazz_assets.sandbox import find_sandboxes
from tests.cli.conftest import Project
from tests.cli.vendor import Vendor

# Its processes take seconds, and are started once.
pytestmark = pytest.mark.xdist_group("dev")

# Stands in for Dagster: writes down how it was called, starts a child process, and runs until it is stopped.
STUB = """#!/bin/sh
sleep 60 &
echo "$! $$ $DAGSTER_HOME $DAZZ_CONNECTIONS $*" > "$DAZZ_HOME/started.new"
mv "$DAZZ_HOME/started.new" "$DAZZ_HOME/started"
echo up
wait
"""
RUN = """
import sys
from dazz_assets.cli import app
from dazz_assets.sandbox import find_sandboxes
sys.executable = sys.argv[1]
app(["dev", "--port", "3999"], prog_name="dazz")
"""


@dataclass
class Stopped:
    """What `dazz dev` did until a signal stopped it.

    arguments: what the fake Dagster was called with. entries: the connections that were written. served: whether their
    vendors answered. error: what was printed to standard error. alive: processes of the fake Dagster that are left.
    """

    project: Project
    arguments: list[str]
    entries: list[dict[str, Any]]
    served: list[bool]
    status: int
    error: str
    alive: list[psutil.Process]


def run_dev(folder: Path, empty_home: Path, by: signal.Signals) -> Stopped:
    """Run `dazz dev` in a project without a connections file, and stop it by a signal."""
    shutil.copytree(empty_home, folder / "home")
    project = Project(folder, Vendor(), "")
    stub = folder / "dagster"
    stub.write_text(STUB, encoding="utf-8")
    stub.chmod(0o755)
    env = os.environ | {name: value for name, value in project.env.items() if value and name != "DAGSTER_HOME"}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(stub)],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        arguments = (project.home / "started").read_text(encoding="utf-8").split()
        processes = [psutil.Process(int(pid)) for pid in arguments[:2]]
        entries = yaml.safe_load(project.connections.read_text(encoding="utf-8"))["connections"]
        stats = [urljoin(item["config"]["base_url"], "/_sandbox/stats") for item in entries]
        served = [requests.get(url, timeout=10).ok for url in stats]
        process.send_signal(by)
        _, error = process.communicate(timeout=60)
        _, alive = psutil.wait_procs(processes, timeout=30)
        return Stopped(project, arguments, entries, served, process.returncode, error, alive)
    finally:
        # Terminate rather than kill, so that it can stop what it started.
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=60)


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Stopped:
    return run_dev(tmp_path_factory.mktemp("dev"), empty_home, signal.SIGINT)


@pytest.fixture(scope="module")
def terminated(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Stopped:
    """In a project with a workspace of its own."""
    folder = tmp_path_factory.mktemp("dev")
    (folder / "workspace.yaml").write_text("load_from: []\n", encoding="utf-8")
    return run_dev(folder, empty_home, signal.SIGTERM)


def test_it_runs_the_definitions_on_the_instance_and_the_connections_of_the_home(interrupted: Stopped) -> None:
    project, arguments = interrupted.project, interrupted.arguments
    assert arguments[2:4] == [str(project.home / "dagster"), str(project.connections)]
    assert arguments[4:] == (
        ["-m", "dagster", "dev", "-m", "dazz_assets.orchestration.definitions", "--host", "127.0.0.1", "--port", "3999"]
    )


def test_the_projects_own_workspace_is_used(terminated: Stopped) -> None:
    assert terminated.arguments[7:9] == ["-w", "workspace.yaml"]


def test_without_connections_it_serves_the_sandbox_and_writes_connections_to_it(interrupted: Stopped) -> None:
    assert {item["integration"] for item in interrupted.entries} == {vendor.name for vendor in find_sandboxes()}
    assert interrupted.served
    assert all(interrupted.served)


def test_it_says_that_it_wrote_connections_and_where_it_serves_the_sandbox(interrupted: Stopped) -> None:
    snyk = next(item["config"]["base_url"] for item in interrupted.entries if item["integration"] == "snyk")
    error = interrupted.error
    assert f"wrote connections to the sandbox to {interrupted.project.connections}" in error
    assert f"snyk at {snyk.removesuffix('/rest')}" in error.partition("Serving the sandbox until interrupted: ")[2]


@pytest.mark.parametrize("by", ["interrupted", "terminated"])
def test_no_process_is_left_when_it_is_stopped(by: str, request: pytest.FixtureRequest) -> None:
    stopped: Stopped = request.getfixturevalue(by)
    assert stopped.status == 0
    assert stopped.alive == []
