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
from tests.cli.vendor import INTEGRATION, TOKEN, Vendor, serving


def days_ago(days: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=days)


def at(days: int) -> str:
    """Noon so many days ago."""
    return f"{days_ago(days).isoformat()}T12:00:00Z"


class Project:
    """A folder with an integration, a connections file and a home, in which commands are run as a user does."""

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
        """Write the connections file; what an entry doesn't say is right."""
        whole = [
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
        self.connections.write_text(yaml.safe_dump({"connections": whole}), encoding="utf-8")

    def config(self, token: str) -> dict[str, str]:
        return {"base_url": self.url, "token": token}

    def run(self, *args: str, status: int = 0) -> Ran:
        """Run a command in this process; it ends with this status."""
        result = CliRunner().invoke(app, list(args), env=self.env, prog_name="dazz")
        assert result.exit_code == status, f"{result.exit_code}: {result.stdout}{result.stderr}{result.exception}"
        return Ran(result.stdout, result.stderr)

    def json(self, *args: str, status: int = 0) -> Any:
        """The document that a command prints with --json: nothing else is on standard output."""
        return json.loads(self.run(*args, "--json", status=status).out)

    def command(self, *args: str) -> list[str]:
        """A command as a process of its own."""
        return [sys.executable, "-m", "dazz_assets.cli", *args]


class Ran:
    """What a command said."""

    def __init__(self, out: str, err: str) -> None:
        self.out, self.err = out, err


@pytest.fixture(scope="session")
def created(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a Dagster instance and nothing else: creating one takes seconds."""
    from dazz_assets.orchestration.dagster_instance import open_instance

    home = tmp_path_factory.mktemp("created")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home / "dagster"))
        with open_instance():
            pass
    return home


@pytest.fixture
def vendor() -> Vendor:
    vendor = Vendor()
    vendor.incident("i1", at(20))
    vendor.incident("i2", at(10))
    vendor.incident("i3", at(1))
    return vendor


@pytest.fixture
def project(tmp_path: Path, created: Path, vendor: Vendor) -> Iterator[Project]:
    """A project that was never synced, with one connection, `acme`."""
    shutil.copytree(created, tmp_path / "home")
    with serving(vendor) as url:
        project = Project(tmp_path, vendor, url)
        project.configure({})
        yield project


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory, created: Path) -> Iterator[Project]:
    """A project whose one connection, `acme`, was synced once. Tests only read it."""
    folder = tmp_path_factory.mktemp("synced")
    shutil.copytree(created, folder / "home")
    vendor = Vendor()
    vendor.incident("i1", at(20))
    vendor.incident("i2", at(10), cost="0.10")
    vendor.incident("i3", at(1))
    with serving(vendor) as url:
        project = Project(folder, vendor, url)
        project.configure({})
        project.run("sync", project.target)
        yield project
