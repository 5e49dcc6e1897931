"""`dazz dev` runs the Dagster UI and the sandbox, and stops every process it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import psutil
import pytest
import requests
import yaml

from dazz_assets.sandbox import find_sandboxes
from tests.cli.conftest import Project

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


class Dev:
    """A running `dazz dev`. processes: those of the fake Dagster. arguments: what it was called with."""

    def __init__(self, project: Project, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        self.process = process
        self.arguments = (project.home / "started").read_text(encoding="utf-8").split()
        self.processes = [psutil.Process(int(pid)) for pid in self.arguments[:2]]

    def stop(self, by: signal.Signals) -> int:
        self.process.send_signal(by)
        return self.process.wait(60)


@pytest.fixture
def dev(project: Project) -> Iterator[Dev]:
    """`dazz dev` in a project without a connections file."""
    stub = project.folder / "dagster"
    stub.write_text(STUB, encoding="utf-8")
    stub.chmod(0o755)
    project.connections.unlink()
    env = os.environ | {name: value for name, value in project.env.items() if value and name != "DAGSTER_HOME"}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(stub)],
        cwd=project.folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    running = Dev(project, process)
    yield running
    # Terminate rather than kill, so that it can stop what it started.
    process.terminate()
    process.communicate(timeout=60)


def test_it_runs_the_definitions_on_the_instance_and_the_connections_of_the_home(project: Project, dev: Dev) -> None:
    assert dev.arguments[2:4] == [str(project.home / "dagster"), str(project.connections)]
    assert dev.arguments[4:] == (
        ["-m", "dagster", "dev", "-m", "dazz_assets.orchestration.definitions", "--host", "127.0.0.1", "--port", "3999"]
    )


@pytest.fixture
def workspace(project: Project) -> None:
    (project.folder / "workspace.yaml").write_text("load_from: []\n", encoding="utf-8")


@pytest.mark.usefixtures("workspace")
def test_the_projects_own_workspace_is_used(dev: Dev) -> None:
    assert dev.arguments[7:9] == ["-w", "workspace.yaml"]


def test_without_connections_it_serves_the_sandbox_and_writes_connections_to_it(project: Project, dev: Dev) -> None:
    entries = yaml.safe_load(Path(project.connections).read_text(encoding="utf-8"))["connections"]
    assert {item["integration"] for item in entries} == {vendor.name for vendor in find_sandboxes()}
    for item in entries:
        assert requests.get(urljoin(item["config"]["base_url"], "/_sandbox/stats"), timeout=10).ok


def test_it_says_that_it_wrote_connections_and_where_it_serves_the_sandbox(project: Project, dev: Dev) -> None:
    entries = yaml.safe_load(Path(project.connections).read_text(encoding="utf-8"))["connections"]
    snyk = next(item["config"]["base_url"] for item in entries if item["integration"] == "snyk")
    dev.process.send_signal(signal.SIGINT)
    _, error = dev.process.communicate(timeout=60)
    assert f"wrote connections to the sandbox to {project.connections}" in error
    assert f"snyk at {snyk.removesuffix('/rest')}" in error.partition("Serving the sandbox until interrupted: ")[2]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_no_process_is_left_when_it_is_stopped(dev: Dev, by: signal.Signals) -> None:
    assert dev.stop(by) == 0
    _, alive = psutil.wait_procs(dev.processes, timeout=30)
    assert alive == []
