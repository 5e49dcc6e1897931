from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from dazz_assets.cli import app
from tests.cli.command_result import CommandResult
from tests.cli.new_workspace import Workspace
from tests.cli.vendor import INTEGRATION, TOKEN, Vendor, serving
from tests.http.loopback import Vendor as LoopbackVendor


def days_ago(days: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=days)


def noon(days: int) -> str:
    """Noon, this many days ago."""
    return f"{days_ago(days).isoformat()}T12:00:00Z"


class Project:
    """A folder with an integration, a connections file and a home, to run commands in as a user does."""

    def __init__(self, folder: Path, vendor: Vendor, url: str) -> None:
        self.folder, self.vendor, self.url = folder, vendor, url
        self.home = folder / "home"
        self.target = str(folder / "incidents.py")
        self.connections = folder / "connections.yaml"
        self.env: dict[str, str | None] = {
            "DAZZ_HOME": str(self.home),
            "DAZZ_CONNECTIONS": str(self.connections),
            "DAGSTER_HOME": str(self.home / "dagster"),
            "DAZZ_INTEGRATIONS": self.target,
            "INCIDENTS_TOKEN": TOKEN,
            "COLUMNS": "200",
        }
        Path(self.target).write_text(INTEGRATION, encoding="utf-8")

    def configure(self, *entries: dict[str, Any]) -> None:
        """Write the connections file. Settings that an entry leaves out are valid."""
        complete = [
            {
                "id": "acme",
                "integration": "incidents",
                "start": days_ago(30),
                "interval": "15m",
                "config": {"base_url": self.url, "token": "${INCIDENTS_TOKEN}"},
                **entry,
            }
            for entry in entries
        ]
        self.connections.write_text(yaml.safe_dump({"connections": complete}), encoding="utf-8")

    def config(self, token: str) -> dict[str, str]:
        return {"base_url": self.url, "token": token}

    def run(self, *args: str, status: int = 0) -> CommandResult:
        """Run a command in this process, and check its exit status."""
        result = CliRunner().invoke(app, list(args), env=self.env, prog_name="dazz")
        assert result.exit_code == status, f"{result.exit_code}: {result.stdout}{result.stderr}{result.exception}"
        return CommandResult(result.stdout, result.stderr)

    def json(self, *args: str, status: int = 0) -> Any:
        """The document that a command prints with --json. Checks that nothing else is on standard output."""
        return json.loads(self.run(*args, "--json", status=status).out)

    def command(self, *args: str) -> list[str]:
        """The command line that runs a command as a separate process."""
        return [sys.executable, "-m", "dazz_assets.cli", *args]


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an empty Dagster instance, made once because that takes seconds."""
    from dazz_assets.orchestration.dagster_instance import open_instance

    home = tmp_path_factory.mktemp("empty_home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home / "dagster"))
        with open_instance():
            pass
    return home


@pytest.fixture
def vendor() -> Vendor:
    vendor = Vendor()
    vendor.incident("i1", noon(20))
    vendor.incident("i2", noon(10))
    vendor.incident("i3", noon(1))
    return vendor


@pytest.fixture
def project(tmp_path: Path, empty_home: Path, vendor: Vendor) -> Iterator[Project]:
    """A project with one connection, `acme`, that was never synced."""
    shutil.copytree(empty_home, tmp_path / "home")
    with serving(vendor) as url:
        project = Project(tmp_path, vendor, url)
        project.configure({})
        yield project


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Iterator[Project]:
    """A project with one connection, `acme`, that was synced once. Tests must not change it."""
    folder = tmp_path_factory.mktemp("synced")
    shutil.copytree(empty_home, folder / "home")
    vendor = Vendor()
    vendor.incident("i1", noon(20))
    vendor.incident("i2", noon(10), cost="0.10")
    vendor.incident("i3", noon(1))
    with serving(vendor) as url:
        project = Project(folder, vendor, url)
        project.configure({})
        project.run("sync", project.target)
        yield project


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


@pytest.fixture
def api() -> Iterator[LoopbackVendor]:
    """An API on loopback, whose answers a test sets."""
    with LoopbackVendor() as api:
        yield api
