from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import stamina

from dazz_assets.sandbox import QUIET, Sandbox
from integrations.snyk.sandbox import SnykSandbox
from integrations.snyk.sandbox_data import timestamp
from resources.lake import Lake
from resources.lake.query import json_rows, query
from tests.end_to_end.command import connect, dazz, environment, finished
from tests.ui.dagster_ui import Ui, free_port, opened

# Seconds: two cores may have much else to do.
_STARTS_WITHIN = 120
_NEWEST = 3


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
    """Its records end now; a few changed in this very week, whatever day it is."""
    now = datetime.now(UTC).replace(microsecond=0)
    vendor = SnykSandbox(orgs=3, projects=20, issues=300, now=now + QUIET)
    monday = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0)
    for issue in list(vendor.issues.values())[:_NEWEST]:
        issue["attributes"]["updated_at"] = timestamp(max(monday, now - timedelta(minutes=10)))
    return vendor


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, chromium: str, vendor: SnykSandbox) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("ui")
    with Sandbox([vendor]) as sandbox:
        connect(folder, sandbox, [("snyk", "fresh"), ("snyk", "synced")])
        yield Project(folder, vendor)


@pytest.fixture(scope="module")
def url(project: Project) -> Iterator[str]:
    """Where `dazz dev` serves the UI of the project."""
    port = free_port()
    command = [sys.executable, "-m", "dazz_assets.cli", "dev", "--port", str(port)]
    with (project.folder / "dev.log").open("w") as log:
        process = subprocess.Popen(command, env=environment(project.folder), stdout=log, stderr=log)
        try:
            for attempt in stamina.retry_context(
                requests.RequestException, attempts=None, timeout=_STARTS_WITHIN, wait_max=1
            ):
                with attempt:
                    assert process.poll() is None, (project.folder / "dev.log").read_text()
                    requests.get(f"http://127.0.0.1:{port}/server_info", timeout=10).raise_for_status()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="module")
def ui(url: str, chromium: str) -> Iterator[Ui]:
    folder = os.environ.get("DAZZ_SCREENSHOTS")
    with opened(chromium, url, Path(folder) if folder else None) as ui:
        yield ui
