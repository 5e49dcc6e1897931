"""`dazz record`: what it writes and prints, and what it leaves unchanged."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from dazz_assets.cli import app
from tests.cli.command_result import CommandResult
from tests.cli.conftest import days_ago, noon
from tests.http.loopback import ReceivedRequest, Reply
from tests.recording.shop import INTEGRATION, TOKEN, Shop

KEY = "a key that two people share"


class ShopProject:
    """A folder with the shop's integration and a connection, `acme`, to a shop with orders of the last days."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.target = folder / "vendor" / "shop.py"
        self.recordings = self.target.parent / "recordings"
        self.connections = folder / "connections.yaml"
        self.shop = Shop()
        for account in self.shop.orders:
            self.shop.orders[account] = []
        for number in range(1, 6):
            self.shop.set_order(f"o{number}", f"user-{number % 2 + 1}", noon(12 - number))
        self.env: dict[str, str | None] = {
            "DAZZ_HOME": str(self.home),
            "DAZZ_CONNECTIONS": str(self.connections),
            "DAZZ_RECORDING_KEY": None,
            "SHOP_TOKEN": TOKEN,
        }
        self.target.parent.mkdir(parents=True)
        self.target.write_text(INTEGRATION, encoding="utf-8")
        self.configure({"token": "${SHOP_TOKEN}", "base_url": self.shop.url})

    def configure(self, config: dict[str, Any]) -> None:
        entry = {"id": "acme", "integration": "shop", "start": days_ago(14), "config": config}
        self.connections.write_text(yaml.safe_dump({"connections": [entry]}), encoding="utf-8")

    def record(self, *options: str, status: int = 0, **env: str) -> CommandResult:
        """Run `dazz record` in this process, and check its exit status."""
        return self.run("record", str(self.target), "--connection", "acme", *options, status=status, **env)

    def run(self, *arguments: str, status: int = 0, **env: str) -> CommandResult:
        result = CliRunner().invoke(app, arguments, env={**self.env, **env}, prog_name="dazz")
        assert result.exit_code == status, f"{result.exit_code}: {result.stdout}{result.stderr}{result.exception}"
        return CommandResult(result.stdout, result.stderr)

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start `dazz record` as a separate process."""
        return subprocess.Popen(
            [sys.executable, "-m", "dazz_assets.cli", "record", str(self.target), "--connection", "acme", *arguments],
            env=os.environ | {name: value for name, value in {**self.env, **env}.items() if value is not None},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def read_files(self, scenario: str = "default") -> dict[str, str]:
        """The text of each file of a recording, by path."""
        folder = self.recordings / scenario
        return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}

    def count_records_per_page(self, scenario: str = "default") -> list[int]:
        """The number of records on each recorded page of accounts."""
        pages = [
            text for path, text in sorted(self.read_files(scenario).items()) if path.startswith("first/1-accounts")
        ]
        return [text.count('"avatar_url"') for text in pages]

    def replace_responses_in_second_sync(self, respond: Callable[[ReceivedRequest], Reply]) -> None:
        """Answer requests with this function from the second sync on, after the first one was written."""
        original, syncs = self.shop.vendor.handler, 0

        def handle(asked: ReceivedRequest) -> Reply:
            nonlocal syncs
            syncs += asked.path == "/accounts" and "after" not in asked.query
            return respond(asked) if syncs >= 2 else original(asked)

        self.shop.vendor.handler = handle

    @property
    def scenarios(self) -> set[str]:
        """Everything in the folder of recordings, hidden files included."""
        return {path.name for path in self.recordings.iterdir()} if self.recordings.exists() else set()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ShopProject]:
    project = ShopProject(tmp_path)
    yield project
    project.shop.vendor.close()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ShopProject, CommandResult]]:
    """A recording that is made once. Tests must not change it."""
    project = ShopProject(tmp_path_factory.mktemp("recorded"))
    yield project, project.record()
    project.shop.vendor.close()


@pytest.fixture
def recorded_project(recorded: tuple[ShopProject, CommandResult], project: ShopProject) -> ShopProject:
    """A copy of the recorded project, with its recording and key, that a test may change."""
    shutil.copytree(recorded[0].recordings, project.recordings)
    shutil.copytree(recorded[0].home, project.home)
    return project


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def changed_files(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def test_the_output_says_what_was_recorded_and_how_to_run_it(recorded: tuple[ShopProject, CommandResult]) -> None:
    project, result = recorded
    assert result.out.splitlines() == [
        f"Recorded 7 responses of a first sync and 6 of a second sync in {project.recordings / 'default'}",
        "    records: accounts 4, orders 5",
        "    objects: invoices 5",
        f"Run it: pytest {project.recordings}",
    ]
    assert "Recording shop/acme, which is called shop/test in the recording" in result.err
    assert "shop/test accounts: 4 records fetched, 2 pages" in result.err
    assert "Review the recording before you commit it" in result.err
    assert "is still in" not in result.err


def test_files_that_still_contain_a_name_are_reported_with_the_field_to_declare(project: ShopProject) -> None:
    project.shop.accounts[0]["visits"] = {"Jane Doe 1": 3}
    result = project.record()
    assert "is still in first/1-accounts.001.json" in result.err
    assert "warning: `visits.*` of accounts holds values that are replaced as `name` of accounts" in result.err


def test_pytest_passes_right_after(recorded: tuple[ShopProject, CommandResult]) -> None:
    project, _ = recorded
    requests = len(project.shop.vendor.requests)
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(project.recordings)],
        cwd=project.folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("DAZZ")},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, "1 passed" in result.stdout) == (0, True), result.stdout + result.stderr
    assert len(project.shop.vendor.requests) == requests


def test_the_home_holds_only_the_key_readable_by_its_owner(
    recorded: tuple[ShopProject, CommandResult],
) -> None:
    project, _ = recorded
    assert {file.name for file in project.home.rglob("*")} == {"recording.key", ".gitignore"}
    key = project.home / "recording.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 64
    status = json.loads(project.run("status", "--json", DAZZ_INTEGRATIONS=str(project.target)).out)
    assert [(item["stream"], item["rows"], item["last_sync"]) for item in status["streams"]] == [
        ("accounts", 0, None),
        ("orders", 0, None),
    ]


def test_recording_again_changes_only_the_two_times(recorded_project: ShopProject) -> None:
    before = recorded_project.read_files()
    recorded_project.record()
    after = recorded_project.read_files()
    assert changed_files(before, after) == {"scenario.json"}
    lines = changed_lines(before["scenario.json"], after["scenario.json"])
    assert [line.split(":")[0] for line in lines] == ['-  "first"', '-  "second"', '+  "first"', '+  "second"']


def test_a_changed_record_changes_only_the_files_that_contain_it(recorded_project: ShopProject) -> None:
    before = recorded_project.read_files()
    recorded_project.shop.accounts[1]["name"] = "John Roe"
    recorded_project.record()
    assert changed_files(before, recorded_project.read_files()) == {
        "scenario.json",
        "first/1-accounts.001.json",
        "second/1-accounts.001.json",
        "snapshots/first/raw/accounts.json",
    }


def test_the_same_key_gives_the_same_recording_in_two_homes(project: ShopProject) -> None:
    project.record(DAZZ_RECORDING_KEY=KEY, DAZZ_HOME=str(project.folder / "one"))
    first = project.read_files()
    project.record(DAZZ_RECORDING_KEY=KEY, DAZZ_HOME=str(project.folder / "two"))
    assert changed_files(first, project.read_files()) == {"scenario.json"}
    assert not (project.folder / "one").exists()
    assert not (project.folder / "two").exists()


def test_another_scenario_is_stored_beside_the_first(recorded_project: ShopProject) -> None:
    before = recorded_project.read_files()
    recorded_project.record("--scenario", "after-the-move", "--limit", "1")
    assert recorded_project.scenarios == {"default", "after-the-move"}
    assert recorded_project.read_files() == before
    assert recorded_project.count_records_per_page("after-the-move") == [1, 1]


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a b", "x" * 65])
def test_a_scenario_that_is_not_a_folder_name_is_rejected(project: ShopProject, name: str) -> None:
    assert "--scenario" in project.record("--scenario", name, status=2).err
    assert project.scenarios == set()


def test_two_pages_of_a_list_are_kept_or_all_with_limit_0(recorded_project: ShopProject) -> None:
    assert recorded_project.count_records_per_page() == [2, 2]
    recorded_project.record("--limit", "0")
    assert recorded_project.count_records_per_page() == [2, 2, 1]


def test_the_only_connection_is_the_default(project: ShopProject) -> None:
    result = project.run("record", str(project.target), "--limit", "1")
    assert result.err.startswith("Recording shop/acme, which is called shop/test in the recording")
    assert project.scenarios == {"default"}


def test_an_unknown_connection_is_rejected_with_a_similar_one(project: ShopProject) -> None:
    result = project.run("record", str(project.target), "--connection", "acne", status=2)
    assert "has no connection 'acne' of shop; did you mean 'acme'?" in result.err
    assert project.shop.vendor.requests == []


@pytest.mark.parametrize(
    ("config", "message"),
    [({"base_url": "https://x.example"}, "token"), ({"token": "${NOT_SET_ANYWHERE}"}, "NOT_SET_ANYWHERE")],
)
def test_a_wrong_config_is_reported_and_nothing_is_written(
    project: ShopProject, config: dict[str, Any], message: str
) -> None:
    project.configure(config)
    assert message in project.record(status=2).err
    assert project.shop.vendor.requests == []
    assert project.scenarios == set()


def test_a_failed_sync_keeps_the_earlier_recording_and_leaves_no_partial_files(recorded_project: ShopProject) -> None:
    before = recorded_project.read_files()
    recorded_project.replace_responses_in_second_sync(
        lambda asked: Reply(403, {"message": f"{asked.headers['Authorization']} is blocked"})
    )
    result = recorded_project.record(status=1)
    assert "the second sync failed, so nothing was recorded" in result.err
    assert "is blocked" in result.err
    assert "Traceback" not in result.err
    assert TOKEN not in result.out + result.err
    assert (recorded_project.scenarios, recorded_project.read_files()) == ({"default"}, before)


def test_with_pause_changes_before_enter_are_in_the_second_sync(project: ShopProject) -> None:
    process = project.start("--pause")
    assert process.stdin is not None
    assert process.stderr is not None
    output = ""
    while "press Enter" not in output:
        letter = process.stderr.read(1)
        assert letter, output
        output += letter
    project.shop.set_order("o9", "user-2", noon(0).replace("12:00:00", "00:00:01"))
    out, error = process.communicate("\n", timeout=120)
    assert process.returncode == 0, output + error
    assert "Recorded" in out
    assert '"o9"' not in project.read_files()["snapshots/first/raw/orders.json"]
    assert '"o9"' in project.read_files()["snapshots/second/raw/orders.json"]


def test_an_interrupt_ends_with_130_keeps_the_earlier_recording_and_leaves_no_files(
    recorded_project: ShopProject, tmp_path: Path
) -> None:
    before = recorded_project.read_files()
    process = recorded_project.start(TMPDIR=str(tmp_path))

    def interrupt(asked: ReceivedRequest) -> Reply:
        process.send_signal(signal.SIGINT)
        return recorded_project.shop.answer(asked)

    recorded_project.replace_responses_in_second_sync(interrupt)
    _, error = process.communicate(timeout=120)
    assert (process.returncode, "Traceback" in error) == (130, False), error
    assert error.splitlines()[-1] == "Interrupted. Nothing was recorded, and an existing recording is unchanged."
    assert (recorded_project.scenarios, recorded_project.read_files()) == ({"default"}, before)
    assert [path.name for path in tmp_path.glob("dazz-*")] == []
