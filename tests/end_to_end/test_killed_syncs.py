"""A sync that is killed at any moment and run again gives the same rows as an undisturbed run."""

import json
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from dazz_assets.lake import Lake
from dazz_assets.lake.queries.sql import query
from dazz_assets.orchestration.dagster_instance import open_instance
from dazz_assets.sandbox import Sandbox
from integrations.snyk.sandbox import SnykSandbox
from tests.end_to_end.command import connect, environment
from tests.end_to_end.kill_at_event import run

KILLS = 10
# A first sync fetches it in two parts.
HISTORY = timedelta(weeks=30)
TABLES = {
    "raw.snyk_orgs": "key, record",
    "raw.snyk_projects": "key, record",
    "raw.snyk_issues": "key, cursor, record",
    # What is no longer listed is closed since the sync that noticed.
    "findings": "* exclude (inputs, closed_time), closed_time is not null as is_closed",
}


@dataclass
class Vendor:
    """A vendor's sandbox, and a folder with its connection and the homes that are synced from it."""

    sandbox: Sandbox
    folder: Path

    def sync(self, home: Path, kill_at: int = 0) -> int:
        """Sync to a home; killed at an event unless that is 0. Returns the exit status."""
        status = run(["sync", "snyk"], environment(self.folder, home), self.folder, kill_at)
        if kill_at == 0:
            assert status == 0, (self.folder / "output").read_text(encoding="utf-8")
        return status

    def events(self) -> list[str]:
        """The events of the last sync that was not killed."""
        return list(json.loads((self.folder / "events").read_text(encoding="utf-8")))


@dataclass
class Undisturbed:
    """A sync that is not disturbed: the home before it, its events, and what it left."""

    vendor: Vendor
    before: Path
    events: list[str]
    contents: dict[str, Any]


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


@contextmanager
def _opened_instance(home: Path) -> Iterator[DagsterInstance]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAZZ_HOME", str(home))
        with open_instance() as instance:
            yield instance


def _is_clean(home: Path) -> bool:
    """Whether the Dagster instance has no active run and the connection's lock is free."""
    active = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.QUEUED]
    with _opened_instance(home) as instance:
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


def _check_kill(sync: Undisturbed, kill_at: int, home: Path) -> None:
    """Killed at an event and run again, a sync leaves what the undisturbed one did, and nothing locked or running."""
    shutil.copytree(sync.before, home)
    assert sync.vendor.sync(home, kill_at) == -9
    sync.vendor.sync(home)
    assert _read_contents(home) == sync.contents, sync.events[kill_at - 1]
    assert _is_clean(home), sync.events[kill_at - 1]


@contextmanager
def _vendor(folder: Path) -> Iterator[Vendor]:
    with Sandbox([SnykSandbox(seed=3, orgs=3, projects=12, issues=400)]) as sandbox:
        connect(folder, sandbox, [("snyk", "acme")], HISTORY)
        yield Vendor(sandbox, folder)


@pytest.fixture(scope="module")
def first_sync(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    with _vendor(tmp_path_factory.mktemp("killed")) as vendor:
        before, home = vendor.folder / "before", vendor.folder / "undisturbed"
        with _opened_instance(before):
            pass  # To create it takes longer than a sync, and all of it comes before the first event.
        shutil.copytree(before, home)
        vendor.sync(home)
        yield Undisturbed(vendor, before, vendor.events(), _read_contents(home))


@pytest.fixture(scope="module")
def incremental_sync(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    with _vendor(tmp_path_factory.mktemp("killed")) as vendor:
        before, home = vendor.folder / "before", vendor.folder / "undisturbed"
        vendor.sync(before)
        vendor.sandbox["snyk"].change(seed=5)
        shutil.copytree(before, home)
        vendor.sync(home)
        contents = _read_contents(home)
        assert contents != _read_contents(before)
        yield Undisturbed(vendor, before, vendor.events(), contents)


@pytest.mark.xdist_group("killed first syncs")
@pytest.mark.parametrize("number", range(KILLS))
def test_a_first_sync_killed_at_ten_events_and_run_again_gives_the_same_rows(
    first_sync: Undisturbed, number: int, tmp_path: Path
) -> None:
    assert len(set(first_sync.events)) == 4
    _check_kill(first_sync, _choose_events(first_sync.events, seed=1)[number], tmp_path / "home")


@pytest.mark.xdist_group("killed incremental syncs")
@pytest.mark.parametrize("number", range(KILLS))
def test_an_incremental_sync_killed_at_ten_events_and_run_again_gives_the_same_rows(
    incremental_sync: Undisturbed, number: int, tmp_path: Path
) -> None:
    _check_kill(incremental_sync, _choose_events(incremental_sync.events, seed=2)[number], tmp_path / "home")
