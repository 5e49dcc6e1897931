"""Parents of which the vendor says that they have no list (404, 410), where only changed parents are asked for.

The author accepts that (`accept = {404: "skip"}`), so such a parent counts as listed until its record changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from dazz_assets import Cursor
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from tests.boards_vendor import asking_for, boards_vendor
from tests.declaring import declare
from tests.help_desk_vendor import Customer
from tests.http.loopback import ReceivedRequest, Reply
from tests.tracker_vendor import (
    ChangesStream,
    CommentsStream,
    IssuesStream,
    Tracker,
    TrackerIntegration,
    files,
    keys,
    refetch,
    tracker_vendor,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BOTH = pytest.mark.parametrize("stream", ["comments", "changes"])


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with tracker_vendor() as tracker:
        yield tracker


@pytest.fixture
def customer(tracker: Tracker, tmp_path: Path) -> Customer:
    return Customer(tmp_path, tracker.vendor.url, TrackerIntegration)


def with_changes(tracker: Tracker, folder: Path, **settings: Any) -> Customer:
    """A customer whose stream of changes has other settings."""
    changes: Any = declare("ChangesStream", ChangesStream, **settings)
    streams = (IssuesStream, changes)
    return Customer(folder, tracker.vendor.url, declare("TrackerIntegration", TrackerIntegration, streams=streams))


def lose_list(tracker: Tracker, customer: Customer, stream: str, status: int = 404) -> None:
    """Sync when all have a list, and again when issue b has changed and has none any more."""
    customer.sync("issues", stream)
    tracker.comment("b", "b2")
    tracker.fails["b"] = status
    customer.sync("issues", stream)
    assert tracker.asked_for() == ["a", "b", "c"]


@BOTH
@pytest.mark.parametrize("status", [404, 410])
def test_it_is_told_once_and_idle_syncs_neither_ask_for_it_nor_write(
    tracker: Tracker, customer: Customer, tmp_path: Path, stream: str, status: int
) -> None:
    tracker.fails["b"] = status
    customer.sync("issues")
    told = customer.sync(stream)[stream].warnings
    assert [text for text in told if text.startswith(f"issues b: {status} ")]
    before = files(tmp_path)
    tracker.asked_for()
    for _ in range(2):
        report = customer.sync(stream)[stream]
        assert (report.requests, report.warnings) == (0, [])
    assert files(tmp_path) == before
    assert keys(customer, stream) == ["a1", "c1"]


@BOTH
def test_what_was_stored_of_it_stays(tracker: Tracker, customer: Customer, tmp_path: Path, stream: str) -> None:
    lose_list(tracker, customer, stream)
    assert keys(customer, stream) == ["a1", "b1", "c1"]
    before = files(tmp_path)
    assert customer.sync(stream)[stream].requests == 0
    assert files(tmp_path) == before
    tracker.comment("c", "c2")
    customer.sync("issues", stream)
    assert tracker.asked_for() == ["c"]
    assert keys(customer, stream) == ["a1", "b1", "c1", "c2"]


@BOTH
def test_it_is_asked_for_again_when_its_record_has_changed(tracker: Tracker, customer: Customer, stream: str) -> None:
    lose_list(tracker, customer, stream)
    tracker.comment("b", "b3")
    customer.sync("issues", stream)
    assert tracker.asked_for() == ["b"]
    tracker.fails.clear()
    customer.sync("issues", stream)
    assert tracker.asked_for() == []
    tracker.comment("b", "b4")
    customer.sync("issues", stream)
    assert keys(customer, stream) == ["a1", "b1", "b2", "b3", "b4", "c1"]


def test_what_was_stored_of_it_leaves_a_snapshot_with_it(tracker: Tracker, customer: Customer) -> None:
    lose_list(tracker, customer, "comments")
    del tracker.issues["b"]
    refetch(customer, "issues")
    customer.sync("comments")
    assert keys(customer, "comments") == ["a1", "c1"]


def test_if_a_second_listing_finds_its_list_that_counts(
    tracker: Tracker, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot is listed twice if it has lost most of its records."""
    monkeypatch.setattr("dazz_assets.extract.completeness.losses._SECONDS_BEFORE_SECOND_LISTING", 0)
    tracker.comments["a"] |= {f"a{number}": "2026-02-02T00:00:00Z" for number in range(30)}
    customer.sync("issues", "comments")
    tracker.remove("b", "b1")
    for issue in "abc":
        tracker.comment(issue, f"{issue}new")
    asked_for: list[str] = []
    first_answers = {"/issues/a/comments": Reply(body={"items": []}), "/issues/b/comments": Reply(404)}

    def answer(asked: ReceivedRequest) -> Reply:
        asked_for.append(asked.path)
        return first_answers.pop(asked.path, None) or tracker.answer(asked)

    tracker.vendor.handler = answer
    customer.sync("issues", "comments")
    assert asked_for.count("/issues/b/comments") == 2
    assert [key for key in keys(customer, "comments") if key[0] == "b"] == ["bnew"]


@BOTH
def test_a_refetch_asks_for_it_and_keeps_what_is_stored(tracker: Tracker, customer: Customer, stream: str) -> None:
    lose_list(tracker, customer, stream)
    report = refetch(customer, stream)
    assert tracker.asked_for() == ["a", "b", "c"]
    assert [text for text in report.warnings if text.startswith("issues b: 404 ")]
    assert keys(customer, stream) == ["a1", "b1", "c1"]
    assert customer.sync(stream)[stream].requests == 0
    tracker.fails.clear()
    refetch(customer, stream)
    assert keys(customer, stream) == ["a1", "b1", "b2", "c1"]


@BOTH
def test_beside_one_that_fails_it_counts_as_listed(tracker: Tracker, customer: Customer, stream: str) -> None:
    customer.sync("issues")
    tracker.fails |= {"b": 410, "c": 400}
    with pytest.raises(SyncError, match="1 of 3 issues failed"):
        customer.sync(stream)
    tracker.fails.clear()
    tracker.asked_for()
    customer.sync(stream)
    assert tracker.asked_for() == ["c"]
    assert keys(customer, stream) == ["a1", "c1"]


def test_a_reread_asks_for_it_once(tracker: Tracker, tmp_path: Path) -> None:
    customer = with_changes(tracker, tmp_path, cursor=Cursor("changed", since="since", reread=timedelta(days=7)))
    with time_machine.travel(NOW, tick=False):
        lose_list(tracker, customer, "changes")
    with time_machine.travel(NOW + timedelta(days=8), tick=False):
        customer.sync("changes")
        assert tracker.asked_for() == ["a", "b", "c"]
    for days in (8, 10, 14):
        with time_machine.travel(NOW + timedelta(days=days), tick=False):
            assert customer.sync("changes")["changes"].requests == 0


def test_a_list_that_comes_back_has_what_is_older_than_the_sync_that_found_none(
    tracker: Tracker, tmp_path: Path
) -> None:
    cursor = Cursor("changed", since="since", until="until", step=timedelta(days=60))
    customer = with_changes(tracker, tmp_path, cursor=cursor)
    tracker.fails["b"] = 404
    with time_machine.travel(NOW, tick=False):
        customer.sync("issues", "changes")
        assert keys(customer, "changes") == ["a1", "c1"]
    tracker.fails.clear()
    tracker.issues["b"] = "2026-07-01T00:00:00Z"  # Its comment is one of February.
    with time_machine.travel(NOW + timedelta(days=60), tick=False):
        customer.sync("issues", "changes")
    assert keys(customer, "changes") == ["a1", "b1", "c1"]


def test_an_earlier_start_lists_it_from_there_once_it_has_a_list(tracker: Tracker, tmp_path: Path) -> None:
    tracker.comments["b"]["b0"] = "2025-12-10T00:00:00Z"
    lose_list(tracker, Customer(tmp_path, tracker.vendor.url, TrackerIntegration), "changes")
    earlier = Customer(tmp_path, tracker.vendor.url, TrackerIntegration, start=date(2025, 12, 1))
    earlier.sync("changes")
    assert tracker.asked_for() == ["a", "b", "c"]
    assert earlier.sync("changes")["changes"].requests == 0
    tracker.fails.clear()
    tracker.comment("b", "b3")
    earlier.sync("issues", "changes")
    assert tracker.asked_for() == ["b"]
    assert keys(earlier, "changes") == ["a1", "b0", "b1", "b2", "b3", "c1"]


def test_after_a_key_changed_it_is_listed_from_the_start_once_it_has_a_list(tracker: Tracker, tmp_path: Path) -> None:
    lose_list(tracker, with_changes(tracker, tmp_path), "changes")
    customer = with_changes(tracker, tmp_path, primary_key=("{parent.id}", "id"))
    customer.sync("changes")
    assert customer.sync("changes")["changes"].requests == 0
    assert keys(customer, "changes") == ['["a","a1"]', '["c","c1"]']
    tracker.fails.clear()
    tracker.comment("b", "b3")
    customer.sync("issues", "changes")
    assert keys(customer, "changes") == [f'["{id_[0]}","{id_}"]' for id_ in ("a1", "b1", "b2", "b3", "c1")]


def test_a_range_without_a_list_beside_one_with_records_says_nothing_of_the_parent(
    tracker: Tracker, tmp_path: Path
) -> None:
    cursor = Cursor("changed", since="since", until="until", step=timedelta(days=60))
    customer = with_changes(tracker, tmp_path, cursor=cursor)
    tracker.vendor.handler = lambda asked: (
        Reply(404) if asked.query.get("since", [""])[0] > "2026-03" else tracker.answer(asked)
    )
    with time_machine.travel(NOW, tick=False):
        customer.sync("issues", "changes")
        assert tracker.asked_for() == ["a", "b", "c"]
        customer.sync("changes")
        assert tracker.asked_for() == ["a", "b", "c"]


def test_of_several_in_a_request_it_is_found_once(tmp_path: Path) -> None:
    with boards_vendor() as boards:
        for board in (1, 2, 3, 4):
            boards.put(f"{board}a", board)
        customer = Customer(tmp_path, boards.vendor.url, asking_for(4, accept={404: "skip"}))
        boards.refused[2] = 404
        customer.sync("boards", "notes")
        assert boards.take_requests() == [[1, 2, 3, 4], [1, 2], [1], [2], [3, 4]]
        assert customer.sync("notes")["notes"].requests == 0
        boards.put("3b", 3)
        customer.sync("boards", "notes")
        assert boards.take_requests() == [[3]]


def test_a_range_with_an_end_says_nothing_of_what_comes_after_it(tracker: Tracker, customer: Customer) -> None:
    tracker.fails["b"] = 404
    customer.sync("issues")
    chosen = SyncRange(since=datetime(2026, 2, 1, tzinfo=UTC), until=datetime(2026, 2, 9, tzinfo=UTC))
    customer.sync("changes", sync_range=chosen)
    tracker.asked_for()
    customer.sync("changes")
    assert "b" in tracker.asked_for()


def test_of_a_snapshot_of_all_parents_nothing_of_it_stays(tracker: Tracker, tmp_path: Path) -> None:
    comments: Any = declare("CommentsStream", CommentsStream, parents="all")
    integration = declare("TrackerIntegration", TrackerIntegration, streams=(IssuesStream, comments))
    customer = Customer(tmp_path, tracker.vendor.url, integration)
    customer.sync("issues", "comments")
    tracker.fails["b"] = 404
    customer.sync("comments")
    assert keys(customer, "comments") == ["a1", "c1"]


def test_where_all_parents_are_listed_it_is_asked_for_by_each_sync(tracker: Tracker, tmp_path: Path) -> None:
    customer = with_changes(tracker, tmp_path, parents="all")
    lose_list(tracker, customer, "changes")
    customer.sync("changes")
    assert tracker.asked_for() == ["a", "b", "c"]
