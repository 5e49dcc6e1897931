"""`dazz sandbox` serves the vendors' sandboxes, and prints connections to them."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
import yaml

from dazz_assets.cli.sandbox_connections import start_sandbox
from dazz_assets.sandbox import find_sandboxes
from tests.cli.conftest import Project


class RunningSandbox:
    """A running sandbox, with the connections that it printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        printed = []
        for line in process.stdout:
            printed.append(line)
            if "base_url" in line and "snyk" in "".join(printed):
                break
        self.text = "".join(printed)
        self.connections: list[dict[str, Any]] = yaml.safe_load(self.text)["connections"]


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def sandbox(project: Project, request: pytest.FixtureRequest) -> Iterator[RunningSandbox]:
    process = subprocess.Popen(
        project.command("sandbox", "--port", "0"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield RunningSandbox(process)
    process.send_signal(request.param)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_the_printed_connections_work(project: Project, sandbox: RunningSandbox) -> None:
    project.connections.write_text(sandbox.text, encoding="utf-8")
    for connection in sandbox.connections:
        name = connection["integration"]
        assert f"{name}/sandbox: ok" in project.run("check", name).out
        stats = requests.get(urljoin(connection["config"]["base_url"], "/_sandbox/stats"), timeout=10).json()
        assert stats["requests"] >= 1


def test_a_port_that_is_taken_is_wrong_usage(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = project.run("sandbox", "--port", str(taken.getsockname()[1]), status=2)
    assert "choose another --port" in result.err


def test_a_vendor_whose_sandbox_needs_a_missing_package_is_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dazz_assets.cli.sandbox_connections.missing_packages", lambda: {"cloud": "cloudplayer"})
    start_sandbox(0, 1).close()
    assert "cloud: left out, since its sandbox needs the package 'cloudplayer'" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["check", "snyk"], ["sync", "snyk"], ["preview", "snyk", "orgs"]])
def test_of_a_sandbox_that_is_not_running_it_is_told_how_to_start_it(project: Project, command: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    config = {"base_url": f"http://127.0.0.1:{port}/rest", "token": "t0ken-of-the-sandbox"}
    project.configure({"id": "sandbox", "integration": "snyk", "config": config})
    first = port - [vendor.name for vendor in find_sandboxes()].index("snyk")
    assert (
        f"snyk/sandbox: nothing listens on 127.0.0.1:{port}. The sandbox is there only while `dazz sandbox` or "
        f"`dazz dev` runs; start it in another terminal: `dazz sandbox --port {first}`\n"
    ) in project.run(*command, status=1).err
