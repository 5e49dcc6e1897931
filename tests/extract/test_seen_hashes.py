"""What was seen is known again, whether it is in memory or on the disk; and rows in order need little memory."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dazz_assets import Cursor, NextLink, Stream
from dazz_assets.extract import seen_hashes
from dazz_assets.extract.batch import NO_TIME
from dazz_assets.extract.seen_hashes import SeenContents
from tests.help_desk_vendor import Customer, DeskApi, Ticket
from tests.http.loopback import ReceivedRequest, Reply, Vendor

FIRST = datetime(2026, 1, 6, tzinfo=UTC)
TICKETS, PAGE = 300, 20
A_FEW = 60
ROWS, ROWS_PER_PAGE = 400_000, 1_000

# A row is a number: equal rows have the same hash, and the same time. Rows of -1 have none.
rows = st.integers(-1, 40)
in_order = st.lists(rows, max_size=80).map(sorted)
pages_of = st.one_of(in_order, in_order.map(lambda numbers: numbers[::-1]), st.lists(rows, max_size=80))


def times_of(numbers: list[int]) -> NDArray[np.int64]:
    return np.array([NO_TIME if number < 0 else number // 2 for number in numbers], np.int64)


def hashes_of(numbers: list[int]) -> NDArray[np.int64]:
    return np.array(numbers, np.int64) * 1_000_003


@settings(deadline=None)
@given(
    runs=st.lists(pages_of, min_size=1, max_size=3),
    size=st.integers(1, 9),
    near=st.integers(2, 30),
    stored=st.lists(rows, max_size=4),
    stored_later=st.tuples(st.integers(0, 20), st.lists(rows, max_size=4)),
    removed=st.tuples(st.integers(0, 20), st.lists(rows, max_size=4)),
)
def test_a_row_is_new_once_in_whichever_order_rows_come(
    runs: list[list[int]],
    size: int,
    near: int,
    stored: list[int],
    stored_later: tuple[int, list[int]],
    removed: tuple[int, list[int]],
) -> None:
    seen, known = SeenContents(hashes_of(stored)), set(stored)
    numbers = [number for run in runs for number in run]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_hashes, "_NEAR_ROWS", near)
        for place, begin in enumerate(range(0, len(numbers), size)):
            if place == stored_later[0]:
                seen.add_stored(hashes_of(stored_later[1]))
                known |= set(stored_later[1])
            if place == removed[0]:
                seen.remove(hashes_of(removed[1]))
                known -= set(removed[1])
            page = numbers[begin : begin + size]
            expected = []
            for number in page:
                expected.append(number not in known)
                known.add(number)
            assert seen.add_new(hashes_of(page), times_of(page)).tolist() == expected
    seen.close()


@pytest.mark.parametrize("direction", [1, -1])
def test_rows_in_order_need_no_memory_for_those_before_them(direction: int) -> None:
    seen, added = SeenContents(), 0
    peaks = []
    tracemalloc.start()
    try:
        for _ in range(4):
            tracemalloc.reset_peak()
            for _ in range(ROWS // 4 // ROWS_PER_PAGE):
                numbers = np.arange(ROWS_PER_PAGE) + added
                assert seen.add_new(numbers * 1_000_003, direction * numbers).all()
                added += ROWS_PER_PAGE
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert max(peaks) < 1.1 * peaks[0]
    numbers = np.arange(ROWS_PER_PAGE)
    assert not seen.add_new(numbers * 1_000_003, direction * numbers).any()
    seen.close()


def test_a_disk_that_takes_only_a_part_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(seen_hashes, "_NEAR_ROWS", A_FEW)
    seen, numbers = SeenContents(), np.arange(A_FEW)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    seen.add_new(numbers[:-1] * 1_000_003, numbers[:-1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            seen.add_new(numbers[-1:] * 1_000_003, numbers[-1:])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    seen.close()


class ChangesStream(Stream[Ticket]):
    """Tickets in the vendor's order, whatever it is."""

    path = "/changes"
    cursor = Cursor("updated_at", since="since")


class ListedDesk(DeskApi):
    """A help desk that links its pages."""

    paginator = NextLink("next")
    streams = (ChangesStream,)


def list_tickets(numbers: list[int]) -> Vendor:
    """A vendor that lists these tickets, whose times ascend with their numbers."""
    listed: list[dict[str, Any]] = [
        {"id": number, "title": f"ticket {number}", "updated_at": (FIRST + timedelta(hours=number)).isoformat()}
        for number in numbers
    ]

    def answer(asked: ReceivedRequest) -> Reply:
        begin = int(asked.query.get("from", ["0"])[0])
        following = {"next": f"/changes?from={begin + PAGE}"} if begin + PAGE < len(listed) else {}
        return Reply(body={"items": listed[begin : begin + PAGE], **following})

    vendor = Vendor()
    vendor.handler = answer
    return vendor


@pytest.mark.parametrize("direction", [1, -1])
def test_a_record_that_is_listed_again_far_behind_is_stored_once(
    direction: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen_hashes, "_NEAR_ROWS", A_FEW)
    numbers = list(range(TICKETS))[::direction]
    with list_tickets([*numbers, *numbers[: 2 * PAGE], *numbers[-PAGE:]]) as vendor:
        report = Customer(tmp_path, vendor.url, ListedDesk).sync()["changes"]
    # Such a list is read again, as others might have come on no page.
    assert (report.received, report.records) == (2 * (TICKETS + 3 * PAGE), TICKETS)
    stored = Customer(tmp_path, "", ListedDesk).rows("select record from raw.desk_changes")
    assert sorted(json.loads(row["record"])["id"] for row in stored) == sorted(numbers)
