"""One writer a connection: who waits, who is told what, and what a killed process leaves."""

import os
import signal
import threading
from pathlib import Path

import pytest

from dazz_assets.lake import Lake, NoLake, Table, TableVersion
from dazz_assets.lake.sql import query
from tests.lake.rows import python

# Seconds: a child imports Arrow, Delta Lake and DuckDB first, and machines may be slow.
PATIENCE = 60

HOLDER = """
import sys
from dazz_assets.lake import Lake
with Lake(sys.argv[1]).lock("snyk", "acme"):
    print("held", flush=True)
    sys.stdin.readline()
"""

WAITER = """
import os, sys
from dazz_assets.lake import Lake

def told(message):
    print(message, flush=True)
    os._exit(0)

with Lake(sys.argv[1]).lock("snyk", "acme", told):
    print("free", flush=True)
"""


def test_a_process_may_take_its_lock_again(lake: Lake) -> None:
    told: list[str] = []
    with lake.lock("snyk", "acme"), lake.lock("snyk", "acme", told.append), Lake(str(lake)).lock("snyk", "acme"):
        pass
    assert told == []


def test_a_lock_that_was_taken_again_is_free_after_the_last_release(lake: Lake) -> None:
    with lake.lock("snyk", "acme"), lake.lock("snyk", "acme"):
        pass
    holder = python(HOLDER, lake)
    assert holder.communicate("done\n", timeout=PATIENCE)[0] == "held\n"


def test_threads_of_one_process_share_its_lock(lake: Lake) -> None:
    entered = threading.Event()

    def enter() -> None:
        with lake.lock("snyk", "acme"):
            entered.set()

    with lake.lock("snyk", "acme"):
        thread = threading.Thread(target=enter)
        thread.start()
        assert entered.wait(timeout=PATIENCE)
        thread.join()


def test_another_process_waits_and_is_told_for_whom(lake: Lake) -> None:
    holder = python(HOLDER, lake)
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    told: list[str] = []

    def on_wait(message: str) -> None:
        told.append(message)
        assert holder.stdin is not None
        holder.stdin.write("done\n")
        holder.stdin.flush()

    with lake.lock("snyk", "acme", on_wait):
        assert holder.wait(timeout=PATIENCE) == 0
    assert told == [f"snyk/acme is being synced by process {holder.pid}"]


def test_another_connection_is_not_locked(lake: Lake) -> None:
    holder = python(HOLDER, lake)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    told: list[str] = []
    with lake.lock("snyk", "other", told.append), lake.lock("github", "acme", told.append):
        pass
    holder.communicate("done\n", timeout=PATIENCE)
    assert told == []


def test_a_killed_process_leaves_nothing_locked(lake: Lake) -> None:
    holder = python(HOLDER, lake)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(timeout=PATIENCE)
    told: list[str] = []
    with lake.lock("snyk", "acme", told.append):
        pass
    assert told == []


def test_a_commit_holds_the_lock_while_it_works(lake: Lake, issues: Table) -> None:
    def work(snapshot: TableVersion | None) -> None:
        told.append(python(WAITER, lake).communicate(timeout=PATIENCE)[0])

    told: list[str] = []
    issues.commit(work)
    told.append(python(WAITER, lake).communicate(timeout=PATIENCE)[0])
    assert told == [f"snyk/acme is being synced by process {os.getpid()}\n", "free\n"]


def test_object_storage_has_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Lake("mock:///bucket/lake").lock("snyk", "acme"):
        assert list(tmp_path.iterdir()) == []


def test_locks_lie_in_the_lake_and_nowhere_else(lake: Lake, tmp_path: Path) -> None:
    with lake.lock("snyk", "acme"):
        (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert lake.location.local is not None
    assert file == lake.location.local / ".locks" / "snyk" / "acme.lock"
    assert list(lake.tables()) == []


def test_two_lakes_in_one_folder_share_no_lock(lake: Lake) -> None:
    assert lake.location.local is not None
    other = Lake(lake.location.local.with_name("other"))
    holder = python(HOLDER, other)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    told: list[str] = []
    with lake.lock("snyk", "acme", told.append):
        pass
    holder.communicate("done\n", timeout=PATIENCE)
    assert told == []


def test_a_lake_that_was_only_locked_holds_nothing_to_query(lake: Lake) -> None:
    with lake.lock("snyk", "acme"):
        pass
    with pytest.raises(NoLake):
        query(lake, "select * from findings")
