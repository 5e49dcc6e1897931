"""A sync killed at any moment and run again gives the rows of an undisturbed run: none lost, none doubled."""

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
    """A vendor's sandbox, a first sync of it undisturbed, and what happened during that."""

    sandbox: Sandbox
    folder: Path
    home: Path
    events: list[str]

    def dazz(self, home: Path, *arguments: str, kill_at: int = 0) -> tuple[int, list[str]]:
        """Run the command on a home, killed at an event or not; its exit status and what it did."""
        counts = home.with_suffix(".events")
        counts.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.end_to_end.killed", str(kill_at), str(counts), *arguments]
        done = subprocess.run(command, env=environment(self.folder, home), capture_output=True, text=True, timeout=180)
        if kill_at == 0:
            assert done.returncode == 0, done.stdout + done.stderr
        return done.returncode, json.loads(counts.read_text()) if counts.exists() else []


def _contents(home: Path) -> dict[str, Any]:
    """What the lake holds for its readers, and how many rows of each raw table there are, older versions included."""
    lake = Lake(home / "lake")
    found: dict[str, Any] = {
        table: query(lake, f"select {columns} from {table} order by all").to_pylist()
        for table, columns in TABLES.items()
    }
    for table in lake.tables("raw"):
        snapshot = table.open()
        assert snapshot is not None
        found[f"rows of {table.path.folder}"] = snapshot.rows
    return found


def _nothing_is_left(home: Path) -> bool:
    """No run is under way as far as the instance knows, and the connection's lock is free."""
    under_way = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.QUEUED]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAZZ_HOME", str(home))
        with open_instance() as ours:
            runs = ours.get_runs(RunsFilter(statuses=under_way))
    waited: list[str] = []
    with Lake(home / "lake").lock("snyk", "acme", waited.append):
        return not runs and not waited


def _points(events: list[str], seed: int) -> list[int]:
    """Ten events at random, of every kind that there is."""
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
        found = Vendor(sandbox, folder, folder / "undisturbed", [])
        _, found.events = found.dazz(found.home, "sync", "snyk")
        yield found


@pytest.mark.xdist_group("killed")
def test_a_first_sync_killed_at_ten_points(vendor: Vendor) -> None:
    expected = _contents(vendor.home)
    assert len(set(vendor.events)) == 4
    for point in _points(vendor.events, seed=1):
        home = vendor.folder / f"first-{point}"
        status, _ = vendor.dazz(home, "sync", "snyk", kill_at=point)
        assert status == -9, point
        vendor.dazz(home, "sync", "snyk")
        assert _contents(home) == expected, (point, vendor.events[point - 1])
        assert _nothing_is_left(home), (point, vendor.events[point - 1])
        shutil.rmtree(home)


@pytest.mark.xdist_group("killed")
def test_an_incremental_sync_killed_at_ten_points(vendor: Vendor) -> None:
    vendor.sandbox["snyk"].change(seed=5)
    undisturbed = vendor.folder / "incremental"
    shutil.copytree(vendor.home, undisturbed)
    _, events = vendor.dazz(undisturbed, "sync", "snyk")
    expected = _contents(undisturbed)
    assert expected != _contents(vendor.home)
    for point in _points(events, seed=2):
        home = vendor.folder / f"incremental-{point}"
        shutil.copytree(vendor.home, home)
        status, _ = vendor.dazz(home, "sync", "snyk", kill_at=point)
        assert status == -9, point
        vendor.dazz(home, "sync", "snyk")
        assert _contents(home) == expected, (point, events[point - 1])
        assert _nothing_is_left(home), (point, events[point - 1])
        shutil.rmtree(home)
