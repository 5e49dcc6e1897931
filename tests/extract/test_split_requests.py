"""Requests for several parents that the API refuses, so that fewer are asked for, and what is said of a whole group."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Cursor, Offset
from dazz_assets.extract.ranges import SyncRange
from tests.boards_vendor import Boards, BoardsStream, DatesStream, ItemsStream, boards_vendor
from tests.declaring import declare
from tests.help_desk_vendor import Customer, DeskApi
from tests.http.loopback import ReceivedRequest, Reply


@pytest.fixture
def boards() -> Iterator[Boards]:
    """Four boards with an item each in four ranges."""
    with boards_vendor() as boards:
        for letter in "abcd":
            for board in (1, 2, 3, 4):
                boards.put(f"{board}{letter}", board)
            boards.minute += 9 * 1440 if letter != "d" else 0
        yield boards


@pytest.mark.parametrize("refused_at", [5, 12])
@pytest.mark.parametrize("removed", ["1a", "2b"])
def test_what_was_removed_before_a_group_was_split_is_not_in_a_refetch(
    boards: Boards, tmp_path: Path, refused_at: int, removed: str
) -> None:
    cursor = Cursor("changed", since="since", until="until", step=timedelta(days=8))
    dates = declare("DatesStream", DatesStream, parents_per_request=4, cursor=cursor)
    integration = declare("PlannerIntegration", DeskApi, name="planner", streams=(BoardsStream, dates))
    customer = Customer(tmp_path, boards.vendor.url, integration)
    customer.sync("boards", "dates")
    ranges: list[str] = []

    def refuse_later(asked: ReceivedRequest) -> Reply:
        if "since" in asked.query and len(boards.asked_values(asked)) == 4 and "after" not in asked.query:
            ranges.append(asked.query["since"][0])
            if len(ranges) == refused_at + 1:
                boards.items.pop(removed)
                return Reply(403, {"message": "too many boards"})
        return boards.answer(asked)

    boards.vendor.handler = refuse_later
    report = customer.sync("dates", sync_range=SyncRange(refetch=True))["dates"]

    ids = [json.loads(row["record"])["id"] for row in customer.rows("select record from raw.planner_dates")]
    assert sorted(ids) == sorted(boards.items)
    assert len(ranges) == refused_at + 1
    assert all("refused a request for 4 of boards and took two for half as many" in text for text in report.warnings)


def sync_with_total(boards: Boards, tmp_path: Path, size: int, **settings: Any) -> tuple[list[str], str | None]:
    """The warnings and the gap of a sync of items of which the vendor says that there are five more."""

    def answer(asked: ReceivedRequest) -> Reply:
        if asked.path == "/boards":
            return boards.answer(asked)
        of_boards = boards.boards_of(asked)
        found = [
            {"id": id_, "board": {"id": of}, "changed": at} for id_, (of, at) in boards.items.items() if of in of_boards
        ]
        offset = int(asked.query["offset"][0])
        return Reply(body={"items": found[offset : offset + 4], "total": len(found) + 5})

    boards.vendor.handler = answer
    items = declare("ItemsStream", ItemsStream, parents_per_request=size, paginator=Offset(), **settings)
    integration = declare("PlannerIntegration", DeskApi, name="planner", streams=(BoardsStream, items))
    customer = Customer(tmp_path, boards.vendor.url, integration)
    customer.sync("boards")
    report = customer.sync("items")["items"]
    return report.warnings, report.gap


@pytest.mark.parametrize(
    ("size", "named"),
    [(1, ["1", "2", "3", "4"]), (2, ["1 and 2 together", "3 and 4 together"]), (4, ["1, 2, 3 and 4 together"])],
)
def test_a_doubt_about_a_list_is_told_once_with_all_whose_list_it_is(
    boards: Boards, tmp_path: Path, size: int, named: list[str]
) -> None:
    warnings, gap = sync_with_total(boards, tmp_path, size, cursor=None)
    assert [text.partition(": ")[0] for text in warnings] == [f"boards {each}" for each in named]
    assert all(f"a total of {4 * size + 5}, but the list ended after {4 * size} records" in text for text in warnings)
    assert gap is None


def test_the_gap_of_a_doubtful_list_is_told_once_too(boards: Boards, tmp_path: Path) -> None:
    warnings, gap = sync_with_total(boards, tmp_path, 4, cursor=Cursor("changed"))
    assert len(warnings) == 1
    assert gap == (
        "boards 1, 2, 3 and 4 together: records may be missing; the mark stays, and the next sync lists them again"
    )
