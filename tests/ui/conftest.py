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
from dazz_assets.lake.sql import json_rows, query
from dazz_assets.sandbox import Change, Sandbox
from integrations.snyk.sandbox import SnykSandbox
from integrations.snyk.sandbox_data import resolve
from tests.end_to_end.command import connect, dazz, environment, finished
from tests.ui.dagster_ui import Ui, free_port, opened

# Seconds: two cores may have much else to do.
_STARTS_WITHIN = 120
_FIXED = 9


class Project:
    """A home with two connections to one Snyk, `fresh` and `synced`, of which nothing is stored yet."""

    def __init__(self, folder: Path, vendor: SnykSandbox) -> None:
        self.folder, self.vendor = folder, vendor
        self.lake = Lake(folder / "home" / "lake")

    def run(self, *arguments: str) -> Any:
        """What a command prints with --json, as a process of its own."""
        return json.loads(finished(dazz(self.folder, *arguments, "--json")))

    def query(self, sql: str) -> list[dict[str, Any]]:
        return list(json_rows(query(self.lake, sql)))

    def mark(self, connection: str, stream: str) -> object:
        """The high-water mark that the lake has of a stream."""
        streams = self.run("status")["streams"]
        (found,) = (item for item in streams if (item["connection"], item["stream"]) == (connection, stream))
        return found["high_water_mark"]

    @property
    def requests(self) -> int:
        """How often the vendor was asked for anything."""
        return self.vendor.traffic.stats().requests


@dataclass(frozen=True)
class Moved:
    """What two syncs left: an old window that lost an issue to a newer one, and what the second said of each stream."""

    window: str
    report: dict[str, dict[str, Any]]


def window_of(issue: dict[str, Any]) -> str:
    """The week that an issue lies in, by the time of its last change."""
    return _week(datetime.fromisoformat(issue["attributes"]["updated_at"]))


def this_week() -> str:
    """The current window."""
    return _week(datetime.now(UTC))


def _week(at: datetime) -> str:
    day = at.astimezone(UTC).date()
    return (day - timedelta(days=day.weekday())).isoformat()


class FixingSnyk(SnykSandbox):
    """One where, with each change, the oldest open issues are fixed in the current week, and nothing else happens."""

    def evolve(self, random: Random, change: Change, until: datetime) -> None:
        open_ones = [issue for issue in self.issues.values() if issue["attributes"]["status"] == "open"]
        fixed = sorted(open_ones, key=lambda issue: str(issue["attributes"]["updated_at"]))[:_FIXED]
        monday = datetime.fromisoformat(f"{this_week()}T00:00:00Z")
        for issue in fixed:
            resolve(issue, max(monday, datetime.now(UTC) - timedelta(hours=1)), "fixed")
        change.changed["issues"] = [str(issue["id"]) for issue in fixed]


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("there is no chromium on the path")
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed")
    return found


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
    """Where `dazz dev` is about to serve the UI of the project."""
    port = free_port()
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
def moved(project: Project, url: str, vendor: SnykSandbox) -> Moved:
    """Syncs `synced`, lets its oldest open issues be fixed, and syncs it again: as the UI starts, to lose no time."""
    project.run("sync", "snyk", "--connection", "synced")
    before = {key: window_of(issue) for key, issue in vendor.issues.items()}
    window = min(before[key] for key in vendor.change(1).changed["issues"])
    report = project.run("sync", "snyk", "--connection", "synced")
    return Moved(window, {item["stream"]: item for item in report["streams"]})


@pytest.fixture(scope="module")
def ui(url: str, chromium: str, moved: Moved, project: Project) -> Iterator[Ui]:
    """A browser on the UI of the project, in which `synced` was synced."""
    until_it_responds = Retrying(
        retry=retry_if_exception_type(requests.RequestException),
        wait=wait_exponential(multiplier=0.1, max=1),
        stop=stop_after_delay(_STARTS_WITHIN),
        reraise=True,
    )
    until_it_responds(lambda: requests.get(f"{url}/server_info", timeout=10).raise_for_status())
    folder = os.environ.get("DAZZ_SCREENSHOTS")
    with opened(chromium, url, Path(folder) if folder else None) as ui:
        yield ui
