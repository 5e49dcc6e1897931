"""One writer per connection: other processes wait, and learn for which process."""

import os
import signal
import threading
from pathlib import Path

import pytest

from dazz_assets.lake import Lake, NoLakeError, Table, TableVersion
from dazz_assets.lake.queries.sql import query
from tests.lake.rows import start_python

# Seconds. A child process imports Arrow, Delta Lake and DuckDB first, and machines may be slow.
TIMEOUT = 60

HOLD_LOCK = """
import sys
from dazz_assets.lake import Lake
with Lake(sys.argv[1]).lock("snyk", "acme"):
    print("held", flush=True)
    sys.stdin.readline()
"""

WAIT_FOR_LOCK = """
import os, sys
from dazz_assets.lake import Lake

def on_wait(message):
    print(message, flush=True)
    os._exit(0)

with Lake(sys.argv[1]).lock("snyk", "acme", on_wait):
    print("free", flush=True)
"""


def test_a_process_may_take_its_lock_again(lake: Lake) -> None:
    messages: list[str] = []
    with lake.lock("snyk", "acme"), lake.lock("snyk", "acme", messages.append), Lake(str(lake)).lock("snyk", "acme"):
        pass
    assert messages == []


def test_a_lock_that_was_taken_twice_is_free_after_the_last_release(lake: Lake) -> None:
    with lake.lock("snyk", "acme"), lake.lock("snyk", "acme"):
        pass
    holder = start_python(HOLD_LOCK, lake)
    assert holder.communicate("done\n", timeout=TIMEOUT)[0] == "held\n"


def test_threads_of_one_process_share_its_lock(lake: Lake) -> None:
    entered = threading.Event()

    def enter() -> None:
        with lake.lock("snyk", "acme"):
            entered.set()

    with lake.lock("snyk", "acme"):
        thread = threading.Thread(target=enter)
        thread.start()
        assert entered.wait(timeout=TIMEOUT)
        thread.join()


def test_another_process_waits_and_learns_for_which_process(lake: Lake) -> None:
    holder = start_python(HOLD_LOCK, lake)
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    messages: list[str] = []

    def on_wait(message: str) -> None:
        messages.append(message)
        assert holder.stdin is not None
        holder.stdin.write("done\n")
        holder.stdin.flush()

    with lake.lock("snyk", "acme", on_wait):
        assert holder.wait(timeout=TIMEOUT) == 0
    assert messages == [f"snyk/acme is being synced by process {holder.pid}"]


def test_another_connection_is_not_locked(lake: Lake) -> None:
    holder = start_python(HOLD_LOCK, lake)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    messages: list[str] = []
    with lake.lock("snyk", "other", messages.append), lake.lock("github", "acme", messages.append):
        pass
    holder.communicate("done\n", timeout=TIMEOUT)
    assert messages == []


def test_a_killed_process_releases_its_lock(lake: Lake) -> None:
    holder = start_python(HOLD_LOCK, lake)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(timeout=TIMEOUT)
    messages: list[str] = []
    with lake.lock("snyk", "acme", messages.append):
        pass
    assert messages == []


def test_a_commit_holds_the_lock_during_its_work(lake: Lake, issues: Table) -> None:
    def work(stored: TableVersion | None) -> None:
        messages.append(start_python(WAIT_FOR_LOCK, lake).communicate(timeout=TIMEOUT)[0])

    messages: list[str] = []
    issues.commit(work)
    messages.append(start_python(WAIT_FOR_LOCK, lake).communicate(timeout=TIMEOUT)[0])
    assert messages == [f"snyk/acme is being synced by process {os.getpid()}\n", "free\n"]


def test_object_storage_has_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Lake("mock:///bucket/lake").lock("snyk", "acme"):
        assert list(tmp_path.iterdir()) == []


def test_lock_files_are_in_the_lake(lake: Lake, tmp_path: Path) -> None:
    with lake.lock("snyk", "acme"):
        (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert lake.root.local is not None
    assert file == lake.root.local / ".locks" / "snyk" / "acme.lock"
    assert list(lake.tables()) == []


def test_two_lakes_in_one_folder_share_no_lock(lake: Lake) -> None:
    assert lake.root.local is not None
    other = Lake(lake.root.local.with_name("other"))
    holder = start_python(HOLD_LOCK, other)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    messages: list[str] = []
    with lake.lock("snyk", "acme", messages.append):
        pass
    holder.communicate("done\n", timeout=TIMEOUT)
    assert messages == []


def test_a_lake_that_was_only_locked_is_empty(lake: Lake) -> None:
    with lake.lock("snyk", "acme"):
        pass
    with pytest.raises(NoLakeError):
        query(lake, "select * from findings")
