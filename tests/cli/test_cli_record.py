"""`dazz record`: what it writes and says, and what it leaves as it was."""

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
from tests.cli.conftest import Ran, at, days_ago
from tests.http.loopback import Asked, Reply
from tests.recording.shop import INTEGRATION, TOKEN, Shop

KEY = "a key that two people share"


class Counter:
    """A folder with the shop's integration and a connection, `acme`, to a shop whose orders are of these days."""

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
            self.shop.set_order(f"o{number}", f"user-{number % 2 + 1}", at(12 - number))
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

    def record(self, *options: str, status: int = 0, **env: str) -> Ran:
        """Run the command in this process; it ends with this status."""
        return self.run("record", str(self.target), "--connection", "acme", *options, status=status, **env)

    def run(self, *arguments: str, status: int = 0, **env: str) -> Ran:
        result = CliRunner().invoke(app, arguments, env={**self.env, **env}, prog_name="dazz")
        assert result.exit_code == status, f"{result.exit_code}: {result.stdout}{result.stderr}{result.exception}"
        return Ran(result.stdout, result.stderr)

    def started(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start the command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "dazz_assets.cli", "record", str(self.target), "--connection", "acme", *arguments],
            env=os.environ | {name: value for name, value in {**self.env, **env}.items() if value is not None},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def files(self, scenario: str = "default") -> dict[str, str]:
        """The texts of a recording, by path."""
        folder = self.recordings / scenario
        return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}

    def records_of_pages(self, scenario: str = "default") -> list[int]:
        """How many records each page of accounts has."""
        pages = [text for path, text in sorted(self.files(scenario).items()) if path.startswith("first/1-accounts")]
        return [text.count('"avatar_url"') for text in pages]

    def in_the_second_sync(self, answer: Callable[[Asked], Reply]) -> None:
        """Let requests be answered so from where the second sync begins: then the first one is written."""
        as_ever, begun = self.shop.vendor.handler, 0

        def handle(asked: Asked) -> Reply:
            nonlocal begun
            begun += asked.path == "/accounts" and "after" not in asked.query
            return answer(asked) if begun == 2 else as_ever(asked)

        self.shop.vendor.handler = handle

    @property
    def scenarios(self) -> set[str]:
        """All that is in the folder of recordings, hidden or not."""
        return {path.name for path in self.recordings.iterdir()} if self.recordings.exists() else set()


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    counter = Counter(tmp_path)
    yield counter
    counter.shop.vendor.close()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Counter, Ran]]:
    """A recording that was made once. Tests only read it."""
    counter = Counter(tmp_path_factory.mktemp("recorded"))
    yield counter, counter.record()
    counter.shop.vendor.close()


@pytest.fixture
def made(recorded: tuple[Counter, Ran], counter: Counter) -> Counter:
    """A counter of the test's own with that recording and its key."""
    shutil.copytree(recorded[0].recordings, counter.recordings)
    shutil.copytree(recorded[0].home, counter.home)
    return counter


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def test_it_says_what_was_recorded_and_how_to_run_it(recorded: tuple[Counter, Ran]) -> None:
    counter, ran = recorded
    assert ran.out.splitlines() == [
        f"Recorded 7 responses of a first sync and 6 of a second one in {counter.recordings / 'default'}",
        "    records: accounts 4, orders 5",
        "    objects: invoices 5",
        f"Run it: pytest {counter.recordings}",
    ]
    assert "Recording shop/acme, which is shop/test in the recording" in ran.err
    assert "shop/test accounts: 4 records, 2 pages" in ran.err
    assert "Read what it holds before you commit it" in ran.err
    assert "still a value" not in ran.err


def test_it_names_the_files_in_which_a_name_is_left(counter: Counter) -> None:
    text = INTEGRATION.replace('personal = ("login", "name")', 'personal = "login"')
    counter.target.write_text(
        text.replace('    personal = "login"\n\n\nclass ShopI', '    personal = "name"\n\n\nclass ShopI')
    )
    counter.shop.orders["user-1"][0]["name"] = "Jane Doe 1"
    assert "In first/1-accounts.001.json" in counter.record().err


def test_pytest_passes_right_after(recorded: tuple[Counter, Ran]) -> None:
    counter, _ = recorded
    asked = len(counter.shop.vendor.asked)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(counter.recordings)],
        cwd=counter.folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("DAZZ")},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, "1 passed" in ran.stdout) == (0, True), ran.stdout + ran.stderr
    assert len(counter.shop.vendor.asked) == asked


def test_the_home_holds_the_key_which_only_its_owner_may_read_and_nothing_else(recorded: tuple[Counter, Ran]) -> None:
    counter, _ = recorded
    assert {file.name for file in counter.home.rglob("*")} == {"recording.key", ".gitignore"}
    key = counter.home / "recording.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 64
    status = json.loads(counter.run("status", "--json", DAZZ_INTEGRATIONS=str(counter.target)).out)
    assert [(item["stream"], item["rows"], item["last_sync"]) for item in status["streams"]] == [
        ("accounts", 0, None),
        ("orders", 0, None),
    ]


def test_recorded_again_only_the_two_times_differ(made: Counter) -> None:
    before = made.files()
    made.record()
    after = made.files()
    assert changed(before, after) == {"scenario.json"}
    lines = changed_lines(before["scenario.json"], after["scenario.json"])
    assert [line.split(":")[0] for line in lines] == ['-  "first"', '-  "second"', '+  "first"', '+  "second"']


def test_a_record_that_changed_at_the_vendor_changes_the_files_that_hold_it(made: Counter) -> None:
    before = made.files()
    made.shop.accounts[1]["name"] = "John Roe"
    made.record()
    assert changed(before, made.files()) == {
        "scenario.json",
        "first/1-accounts.001.json",
        "second/1-accounts.001.json",
        "snapshots/first/raw/accounts.json",
    }


def test_one_key_gives_one_recording_in_two_homes(counter: Counter) -> None:
    counter.record(DAZZ_RECORDING_KEY=KEY, DAZZ_HOME=str(counter.folder / "one"))
    one = counter.files()
    counter.record(DAZZ_RECORDING_KEY=KEY, DAZZ_HOME=str(counter.folder / "two"))
    assert changed(one, counter.files()) == {"scenario.json"}
    assert not (counter.folder / "one").exists()
    assert not (counter.folder / "two").exists()


def test_a_scenario_of_another_name_stands_beside_it(made: Counter) -> None:
    before = made.files()
    made.record("--scenario", "after-the-move", "--limit", "1")
    assert made.scenarios == {"default", "after-the-move"}
    assert made.files() == before
    assert made.records_of_pages("after-the-move") == [1, 1]


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a b", "x" * 65])
def test_a_name_that_is_no_folders_is_refused(counter: Counter, name: str) -> None:
    assert "--scenario" in counter.record("--scenario", name, status=2).err
    assert counter.scenarios == set()


def test_two_pages_of_a_list_are_kept_and_with_limit_0_all(made: Counter) -> None:
    assert made.records_of_pages() == [2, 2]
    made.record("--limit", "0")
    assert made.records_of_pages() == [2, 2, 1]


def test_the_only_connection_need_not_be_named(counter: Counter) -> None:
    ran = counter.run("record", str(counter.target), "--limit", "1")
    assert ran.err.startswith("Recording shop/acme, which is shop/test in the recording")
    assert counter.scenarios == {"default"}


def test_an_unknown_connection_is_refused_with_the_one_that_was_meant(counter: Counter) -> None:
    ran = counter.run("record", str(counter.target), "--connection", "acne", status=2)
    assert "has no connection 'acne' of shop; did you mean 'acme'?" in ran.err
    assert counter.shop.vendor.asked == []


@pytest.mark.parametrize(
    ("config", "said"),
    [({"base_url": "https://x.example"}, "token"), ({"token": "${NOT_SET_ANYWHERE}"}, "NOT_SET_ANYWHERE")],
)
def test_a_wrong_config_is_told_and_nothing_is_written(counter: Counter, config: dict[str, Any], said: str) -> None:
    counter.configure(config)
    assert said in counter.record(status=2).err
    assert counter.shop.vendor.asked == []
    assert counter.scenarios == set()


def test_a_sync_that_fails_keeps_the_earlier_recording_and_leaves_nothing_half_written(made: Counter) -> None:
    before = made.files()
    made.in_the_second_sync(lambda asked: Reply(403, {"message": f"{asked.headers['Authorization']} is blocked"}))
    ran = made.record(status=1)
    assert "the second sync failed, so nothing was recorded" in ran.err
    assert "is blocked" in ran.err
    assert "Traceback" not in ran.err
    assert TOKEN not in ran.out + ran.err
    assert (made.scenarios, made.files()) == ({"default"}, before)


def test_with_pause_what_is_changed_before_enter_is_in_the_second_sync(counter: Counter) -> None:
    process = counter.started("--pause")
    assert process.stdin is not None
    assert process.stderr is not None
    said = ""
    while "press Enter" not in said:
        letter = process.stderr.read(1)
        assert letter, said
        said += letter
    counter.shop.set_order("o9", "user-2", at(0).replace("12:00:00", "00:00:01"))
    out, error = process.communicate("\n", timeout=120)
    assert process.returncode == 0, said + error
    assert "Recorded" in out
    assert '"o9"' not in counter.files()["snapshots/first/raw/orders.json"]
    assert '"o9"' in counter.files()["snapshots/second/raw/orders.json"]


def test_an_interrupted_one_ends_with_130_keeps_the_earlier_and_leaves_nothing(made: Counter, tmp_path: Path) -> None:
    before = made.files()
    at_work = made.started(TMPDIR=str(tmp_path))

    def interrupt(asked: Asked) -> Reply:
        at_work.send_signal(signal.SIGINT)
        return made.shop.answer(asked)

    made.in_the_second_sync(interrupt)
    _, error = at_work.communicate(timeout=120)
    assert (at_work.returncode, "Traceback" in error) == (130, False), error
    assert error.splitlines()[-1] == "Interrupted. Nothing was recorded; a recording that there was stays as it was."
    assert (made.scenarios, made.files()) == ({"default"}, before)
    assert [path.name for path in tmp_path.glob("dazz-*")] == []
