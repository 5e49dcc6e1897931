"""One writer a connection: who waits, who is told what, and what a killed process leaves."""

import os
import signal
import threading
from pathlib import Path

import pytest

from resources.lake import Lake, Snapshot, Table

from .rows import python

HOLDER = """
import sys
from resources.lake import Lake
with Lake(sys.argv[1]).lock("snyk", "acme"):
    print("held", flush=True)
    sys.stdin.readline()
"""

WAITER = """
import os, sys
from resources.lake import Lake

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
    assert holder.communicate("done\n", timeout=10)[0] == "held\n"


def test_threads_of_one_process_share_its_lock(lake: Lake) -> None:
    entered = threading.Event()

    def enter() -> None:
        with lake.lock("snyk", "acme"):
            entered.set()

    with lake.lock("snyk", "acme"):
        thread = threading.Thread(target=enter)
        thread.start()
        assert entered.wait(timeout=5)
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
        assert holder.wait(timeout=10) == 0
    assert told == [f"snyk/acme is being synced by process {holder.pid}"]


def test_another_connection_is_not_locked(lake: Lake) -> None:
    holder = python(HOLDER, lake)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    told: list[str] = []
    with lake.lock("snyk", "other", told.append), lake.lock("github", "acme", told.append):
        pass
    holder.communicate("done\n", timeout=10)
    assert told == []


def test_a_killed_process_leaves_nothing_locked(lake: Lake) -> None:
    holder = python(HOLDER, lake)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(timeout=10)
    told: list[str] = []
    with lake.lock("snyk", "acme", told.append):
        pass
    assert told == []


def test_a_commit_holds_the_lock_while_it_works(lake: Lake, issues: Table) -> None:
    def work(snapshot: Snapshot | None) -> None:
        told.append(python(WAITER, lake).communicate(timeout=10)[0])

    told: list[str] = []
    issues.commit(work)
    told.append(python(WAITER, lake).communicate(timeout=10)[0])
    assert told == [f"snyk/acme is being synced by process {os.getpid()}\n", "free\n"]


def test_object_storage_has_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Lake("mock:///bucket/lake").lock("snyk", "acme"):
        assert list(tmp_path.iterdir()) == []


def test_locks_lie_beside_the_lake(lake: Lake) -> None:
    assert lake.location.local is not None
    with lake.lock("snyk", "acme"):
        assert (lake.location.local.parent / "locks" / "snyk" / "acme.lock").exists()
    assert not lake.location.local.exists()
