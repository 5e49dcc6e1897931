"""A lake that can't be written: the sync fails and says whose it is, and the next one gets all."""

from __future__ import annotations

import random
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dazz_assets.errors import SyncError
from tests.help_desk_vendor import Customer, Desk

resource = pytest.importorskip("resource")
# Less than a row group of the tickets below takes, and more than a page of them or a log.
LARGEST_FILE = 1_000_000
TICKETS, CHARACTERS = 30, 400_000


@contextmanager
def full_disk() -> Iterator[None]:
    """A disk that takes no large file: the system refuses to write on, as it does when there is no space left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def read_files(customer: Customer, folder: Path) -> set[Path]:
    return set((folder / "lake" / "raw").rglob("*.parquet"))


def put_large_tickets(desk: Desk) -> None:
    """Tickets that no compressor makes small, more than are encoded at once, over two windows."""
    random_ = random.Random(1)
    for number in range(TICKETS):
        desk.put(100 + number, f"2026-03-{1 + number % 20:02}T10:00:00Z", random_.randbytes(CHARACTERS // 2).hex())


def test_a_full_disk_while_rows_are_encoded_beside_the_walk_fails_the_sync_and_stores_nothing(
    desk: Desk, customer: Customer, tmp_path: Path
) -> None:
    customer.sync("tickets")
    table = customer.session.raw(customer.spec.streams["tickets"])
    before, files = table.open(), read_files(customer, tmp_path)
    assert before is not None
    put_large_tickets(desk)
    with (
        full_disk(),
        pytest.raises(SyncError, match=r"desk/acme, stream tickets: what was fetched can't be written") as failed,
    ):
        customer.sync("tickets")
    cause = failed.value.__cause__
    assert isinstance(cause, OSError)
    assert "_wait_for_encoder" in {frame.name for frame in traceback.extract_tb(cause.__traceback__)}
    after = table.open()
    assert after is not None
    assert (after.version, after.transaction("mark")) == (before.version, before.transaction("mark"))
    assert read_files(customer, tmp_path) == files
    assert failed.value.report is not None
    assert failed.value.report.records == 0
    assert customer.sync("tickets")["tickets"].records == TICKETS
    assert customer.rows("select count(distinct key) as keys from raw.desk_tickets") == [{"keys": TICKETS + 4}]
