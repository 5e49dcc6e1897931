"""A sync that is killed at any moment and run again gives the same rows as an undisturbed run."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterRunStatus, RunsFilter

from dazz_assets.lake import Lake
from dazz_assets.lake.sql import query
from dazz_assets.orchestration.dagster_instance import open_instance
from dazz_assets.sandbox import Sandbox
from integrations.snyk.sandbox import SnykSandbox
from tests.end_to_end.command import connect, environment

KILLS = 10
TABLES = {
    "raw.snyk_orgs": "key, record",
    "raw.snyk_projects": "key, record",
    "raw.snyk_issues": "key, cursor, record",
    "findings": "* exclude (inputs)",
}


@dataclass
class Vendor:
    """A vendor's sandbox, the home of an undisturbed first sync, and the events of that sync."""

    sandbox: Sandbox
    folder: Path
    home: Path
    events: list[str]

    def dazz(self, home: Path, *arguments: str, kill_at: int = 0) -> tuple[int, list[str]]:
        """Run the command on a home, killed at an event unless that is 0. Returns exit status and events."""
        events_file = home.with_suffix(".events")
        events_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.end_to_end.kill_at_event", str(kill_at), str(events_file), *arguments]
        done = subprocess.run(command, env=environment(self.folder, home), capture_output=True, text=True, timeout=180)
        if kill_at == 0:
            assert done.returncode == 0, done.stdout + done.stderr
        return done.returncode, json.loads(events_file.read_text()) if events_file.exists() else []


def _read_contents(home: Path) -> dict[str, Any]:
    """The rows that queries see, and the number of rows of each raw table, including older versions of records."""
    lake = Lake(home / "lake")
    contents: dict[str, Any] = {
        table: query(lake, f"select {columns} from {table} order by all").to_pylist()
        for table, columns in TABLES.items()
    }
    for table in lake.tables("raw"):
        version = table.open()
        assert version is not None
        contents[f"rows of {table.path.folder}"] = version.rows
    return contents


def _is_clean(home: Path) -> bool:
    """Whether the Dagster instance has no active run and the connection's lock is free."""
    active = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.QUEUED]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAZZ_HOME", str(home))
        with open_instance() as instance:
            runs = instance.get_runs(RunsFilter(statuses=active))
    waited: list[str] = []
    with Lake(home / "lake").lock("snyk", "acme", waited.append):
        return not runs and not waited


def _choose_events(events: list[str], seed: int) -> list[int]:
    """The numbers of ten random events, with at least one of each kind."""
    rng = random.Random(seed)
    by_kind = {
        kind: [number for number, event in enumerate(events, 1) if event == kind] for kind in sorted(set(events))
    }
    chosen = {rng.choice(numbers) for numbers in by_kind.values()}
    rest = [number for number in range(1, len(events) + 1) if number not in chosen]
    return sorted(chosen | set(rng.sample(rest, KILLS - len(chosen))))


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendor]:
    folder = tmp_path_factory.mktemp("killed")
    with Sandbox([SnykSandbox(seed=3, orgs=3, projects=12, issues=400)]) as sandbox:
        connect(folder, sandbox, [("snyk", "acme")])
        vendor = Vendor(sandbox, folder, folder / "undisturbed", [])
        _, vendor.events = vendor.dazz(vendor.home, "sync", "snyk")
        yield vendor


@pytest.mark.xdist_group("killed")
def test_a_first_sync_killed_at_ten_events_and_run_again_gives_the_same_rows(vendor: Vendor) -> None:
    expected = _read_contents(vendor.home)
    assert len(set(vendor.events)) == 4
    for kill_at in _choose_events(vendor.events, seed=1):
        home = vendor.folder / f"first-{kill_at}"
        status, _ = vendor.dazz(home, "sync", "snyk", kill_at=kill_at)
        assert status == -9, kill_at
        vendor.dazz(home, "sync", "snyk")
        assert _read_contents(home) == expected, (kill_at, vendor.events[kill_at - 1])
        assert _is_clean(home), (kill_at, vendor.events[kill_at - 1])
        shutil.rmtree(home)


@pytest.mark.xdist_group("killed")
def test_an_incremental_sync_killed_at_ten_events_and_run_again_gives_the_same_rows(vendor: Vendor) -> None:
    vendor.sandbox["snyk"].change(seed=5)
    undisturbed = vendor.folder / "incremental"
    shutil.copytree(vendor.home, undisturbed)
    _, events = vendor.dazz(undisturbed, "sync", "snyk")
    expected = _read_contents(undisturbed)
    assert expected != _read_contents(vendor.home)
    for kill_at in _choose_events(events, seed=2):
        home = vendor.folder / f"incremental-{kill_at}"
        shutil.copytree(vendor.home, home)
        status, _ = vendor.dazz(home, "sync", "snyk", kill_at=kill_at)
        assert status == -9, kill_at
        vendor.dazz(home, "sync", "snyk")
        assert _read_contents(home) == expected, (kill_at, events[kill_at - 1])
        assert _is_clean(home), (kill_at, events[kill_at - 1])
        shutil.rmtree(home)
