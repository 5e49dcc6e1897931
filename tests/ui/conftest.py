from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from dazz_assets.lake import Lake
from dazz_assets.lake.queries.sql import json_rows, query
from dazz_assets.sandbox import Change, Sandbox
from integrations.snyk.sandbox import SnykSandbox
from integrations.snyk.sandbox_data import resolve
from tests.end_to_end.command import connect, dazz, environment, finished
from tests.ui.dagster_ui import Ui, find_free_port, open_browser

# Seconds: generous, as the machine may be busy.
_STARTS_WITHIN = 120
_ISSUES_FIXED = 9


class Project:
    """A home with two connections to one Snyk sandbox, `fresh` and `synced`. Nothing is stored yet."""

    def __init__(self, folder: Path, vendor: SnykSandbox) -> None:
        self.folder, self.vendor = folder, vendor
        self.lake = Lake(folder / "home" / "lake")

    def run(self, *arguments: str) -> Any:
        """Run a command in its own process, and return what it prints with --json."""
        return json.loads(finished(dazz(self.folder, *arguments, "--json")))

    def query(self, sql: str) -> list[dict[str, Any]]:
        return list(json_rows(query(self.lake, sql)))

    def count(self, table: str) -> int:
        """How many rows a table holds, of all connections."""
        (row,) = self.query(f"select count(*) as n from {table}")
        return int(row["n"])

    def stored_rows(self, stream: str) -> int:
        """How many versions of a stream's records are stored, of all connections."""
        return sum(item["rows"] for item in self.run("status")["streams"] if item["stream"] == stream)

    def mark(self, connection: str, stream: str) -> object:
        """The stored high-water mark of a stream."""
        streams = self.run("status")["streams"]
        (status,) = (item for item in streams if (item["connection"], item["stream"]) == (connection, stream))
        return status["high_water_mark"]

    @property
    def requests(self) -> int:
        """How many requests the vendor received."""
        return self.vendor.traffic.stats().requests


@dataclass(frozen=True)
class TwoSyncs:
    """Two syncs: an old window that lost an issue to a newer one, and the second sync's reports by stream."""

    window: str
    reports: dict[str, dict[str, Any]]


def window_of(issue: dict[str, Any]) -> str:
    """The window (its Monday) of an issue, by the time of its last change."""
    return _monday_of(datetime.fromisoformat(issue["attributes"]["updated_at"]))


def this_week() -> str:
    """The current window (its Monday)."""
    return _monday_of(datetime.now(UTC))


def _monday_of(moment: datetime) -> str:
    day = moment.astimezone(UTC).date()
    return (day - timedelta(days=day.weekday())).isoformat()


class FixingSnyk(SnykSandbox):
    """A Snyk sandbox where each change fixes the oldest open issues in the current week, and changes nothing else."""

    def evolve(self, random: Random, change: Change, until: datetime) -> None:
        open_ones = [issue for issue in self.issues.values() if issue["attributes"]["status"] == "open"]
        fixed = sorted(open_ones, key=lambda issue: str(issue["attributes"]["updated_at"]))[:_ISSUES_FIXED]
        monday = datetime.fromisoformat(f"{this_week()}T00:00:00Z")
        for issue in fixed:
            resolve(issue, max(monday, datetime.now(UTC) - timedelta(hours=1)), "fixed")
        change.changed["issues"] = [str(issue["id"]) for issue in fixed]


@pytest.fixture(scope="module")
def chromium() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("chromium is not on the path")
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed")
    return path


@pytest.fixture(scope="module")
def vendor() -> SnykSandbox:
    return FixingSnyk(orgs=3, projects=20, issues=300)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, chromium: str, vendor: SnykSandbox) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("ui")
    with Sandbox([vendor]) as sandbox:
        connect(folder, sandbox, [("snyk", "fresh"), ("snyk", "synced")])
        yield Project(folder, vendor)


@pytest.fixture(scope="module")
def url(project: Project) -> Iterator[str]:
    """Starts `dazz dev` for the project. The URL of its UI, which may not be ready yet."""
    port = find_free_port()
    with (project.folder / "dev.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dazz_assets.cli", "dev", "--port", str(port)],
            env=environment(project.folder),
            stdout=log,
            stderr=log,
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="module")
def two_syncs(project: Project, url: str, vendor: SnykSandbox) -> TwoSyncs:
    """Syncs `synced`, fixes its oldest open issues, and syncs it again, all while the UI starts."""
    project.run("sync", "snyk", "--connection", "synced")
    before = {key: window_of(issue) for key, issue in vendor.issues.items()}
    window = min(before[key] for key in vendor.change(1).changed["issues"])
    report = project.run("sync", "snyk", "--connection", "synced")
    return TwoSyncs(window, {item["stream"]: item for item in report["streams"]})


@pytest.fixture(scope="module")
def ui(url: str, chromium: str, two_syncs: TwoSyncs, project: Project) -> Iterator[Ui]:
    """A browser on the UI of the project, after the two syncs of `synced`."""
    wait_until_ready = Retrying(
        retry=retry_if_exception_type(requests.RequestException),
        wait=wait_exponential(multiplier=0.1, max=1),
        stop=stop_after_delay(_STARTS_WITHIN),
        reraise=True,
    )
    wait_until_ready(lambda: requests.get(f"{url}/server_info", timeout=10).raise_for_status())
    folder = os.environ.get("DAZZ_SCREENSHOTS")
    with open_browser(chromium, url, Path(folder) if folder else None) as ui:
        yield ui
