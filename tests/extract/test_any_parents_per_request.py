"""A sync stores the same however many parents its requests ask for."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from tests.boards_vendor import Boards, asking_for, boards_vendor
from tests.declaring import declare
from tests.help_desk_vendor import Customer

BOARDS = (1, 2, 3, 4, 5, 6)
STREAMS = ("items", "labels", "notes", "dates")

_change = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(BOARDS), st.sampled_from("abcde")),
    st.tuples(st.just("put"), st.sampled_from(BOARDS), st.sampled_from("abcde")),
    st.tuples(st.just("remove"), st.sampled_from(BOARDS), st.sampled_from("abcde")),
    st.tuples(st.just("refuse"), st.sampled_from(BOARDS), st.sampled_from([400, 403, 404])),
    st.tuples(st.just("refuse together"), st.sampled_from(BOARDS), st.sampled_from([403, 413])),
    st.tuples(st.just("allow"), st.just(0), st.none()),
    st.tuples(st.just("name"), st.sampled_from(BOARDS), st.sampled_from(["same", "other"])),
    st.tuples(st.just("drop board"), st.sampled_from(BOARDS), st.none()),
    st.tuples(st.just("wait"), st.sampled_from([60, 20_000]), st.none()),
)
_rounds = st.lists(st.tuples(st.lists(_change, max_size=12), st.booleans()), min_size=1, max_size=3)


@given(rounds=_rounds, size=st.integers(2, 7), by_board=st.booleans(), concurrency=st.sampled_from([1, 3]))
@settings(max_examples=10, deadline=None)
def test_groups_of_any_size_store_what_single_parents_store(
    rounds: list[tuple[list[tuple[str, int, Any]], bool]], size: int, by_board: bool, concurrency: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, boards_vendor(by_board=by_board) as boards:
        for number, board in enumerate(BOARDS):
            boards.put(f"{board}{'abc'[number % 3]}", board)
        single, several = (
            Customer(
                Path(folder) / name, boards.vendor.url, declare("PlannerIntegration", made, concurrency=concurrency)
            )
            for name, made in (("single", asking_for(1)), ("several", asking_for(size)))
        )
        for changes, is_refetch in rounds:
            for change in changes:
                _carry_out(boards, *change)
            sync_range = SyncRange(refetch=True) if is_refetch else SyncRange(from_mark=True)
            for stream in ("boards", *STREAMS):
                assert _sync(single, stream, sync_range) == _sync(several, stream, sync_range)
            for stream in STREAMS:
                assert _stored(single, stream) == _stored(several, stream)
                assert _marks(single, stream) == _marks(several, stream)
                assert _departures(single, stream) == _departures(several, stream)


def _carry_out(boards: Boards, action: str, number: int, detail: Any) -> None:
    item = f"{number}{detail}"
    if action == "put":
        boards.put(item, number)
    elif action == "remove" and item in boards.items:
        boards.remove(item)
    elif action == "refuse":
        boards.refused[number] = detail
    elif action == "refuse together":
        boards.refused_together[number] = detail
    elif action == "name":
        boards.names[number] = detail
    elif action == "allow":
        boards.refused_together.clear()
        boards.refused.clear()
    elif action == "drop board" and len(boards.boards) > 1:
        boards.boards.pop(number, None)
    elif action == "wait":
        boards.minute += number


def _sync(customer: Customer, stream: str, sync_range: SyncRange) -> tuple[bool, set[str]]:
    """Whether a sync failed, and the boards that it passed over."""
    failed, report = False, None
    try:
        report = customer.sync(stream, sync_range=sync_range)[stream]
    except SyncError as error:
        failed, report = True, error.report
    assert report is not None
    return failed, {text.partition(":")[0] for text in report.passed_over}


def _stored(customer: Customer, stream: str) -> Counter[tuple[object, ...]]:
    """All stored versions of all records."""
    version = customer.session.raw(customer.spec.streams[stream]).open()
    rows = [] if version is None else [row for batch in version.read() for row in batch.to_pylist()]
    columns = ("parent", "key", "cursor", "content_hash", "problem", "record")
    return Counter(tuple(row[column] for column in columns) for row in rows)


def _marks(customer: Customer, stream: str) -> list[tuple[object, ...]]:
    version = customer.lake.marks("planner", stream, "acme").open()
    rows = [] if version is None else [row for batch in version.read() for row in batch.to_pylist()]
    # `covered` is the time of the sync.
    return sorted(
        (*(row[name] for name in ("parent", "mark", "boundary", "listed")), row["covered"] is None) for row in rows
    )


def _departures(customer: Customer, stream: str) -> dict[str, bool]:
    """Of each record that a snapshot lacks whether it is gone for sure."""
    version = customer.lake.departures("planner", stream, "acme").open()
    rows = [] if version is None else [row for batch in version.read() for row in batch.to_pylist()]
    return {row["key"]: row["gone_since"] is not None for row in rows}
