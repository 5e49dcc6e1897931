"""Sub-streams that are fetched only for parents that have changed (`parents = "changed"`)."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Stream
from dazz_assets.errors import DefinitionError, SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import first_window
from dazz_assets.spec.read import read_integration
from tests.declaring import declare
from tests.help_desk_vendor import Customer
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


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with tracker_vendor() as tracker:
        yield tracker


@pytest.fixture
def customer(tracker: Tracker, tmp_path: Path) -> Customer:
    return Customer(tmp_path, tracker.vendor.url, TrackerIntegration)


@pytest.mark.parametrize("stream", ["comments", "changes"])
def test_only_children_of_changed_parents_are_fetched(tracker: Tracker, customer: Customer, stream: str) -> None:
    customer.sync("issues")
    customer.sync(stream)
    assert tracker.asked_for() == ["a", "b", "c"]
    tracker.comment("b", "b2")
    tracker.comment("d", "d1")
    customer.sync("issues")
    customer.sync(stream)
    assert tracker.asked_for() == ["b", "d"]
    assert keys(customer, stream) == ["a1", "b1", "b2", "c1", "d1"]


@pytest.mark.parametrize("stream", ["comments", "changes"])
def test_with_no_change_nothing_is_requested_or_written(
    tracker: Tracker, customer: Customer, tmp_path: Path, stream: str
) -> None:
    customer.sync("issues")
    customer.sync(stream)
    customer.sync("issues")
    before = files(tmp_path)
    tracker.asked_for()
    report = customer.sync(stream)[stream]
    assert tracker.asked_for() == []
    assert (report.requests, report.stored) == (0, 3)
    assert files(tmp_path) == before


def test_of_a_changed_parent_a_snapshot_holds_what_is_listed_now(tracker: Tracker, customer: Customer) -> None:
    tracker.comment("a", "a2")
    customer.sync("issues")
    customer.sync("comments")
    tracker.remove("a", "a1")
    customer.sync("issues")
    customer.sync("comments")
    assert keys(customer, "comments") == ["a2", "b1", "c1"]


def test_a_parent_whose_list_failed_is_listed_by_the_next_sync(tracker: Tracker, customer: Customer) -> None:
    customer.sync("issues")
    tracker.fails["b"] = 400
    with pytest.raises(SyncError, match="1 of 3 issues failed"):
        customer.sync("changes")
    del tracker.fails["b"]
    tracker.asked_for()
    customer.sync("changes")
    assert tracker.asked_for() == ["b"]
    assert keys(customer, "changes") == ["a1", "b1", "c1"]


def test_children_of_a_parent_that_is_gone_leave_a_snapshot(tracker: Tracker, customer: Customer) -> None:
    customer.sync("issues")
    customer.sync("comments")
    del tracker.issues["b"]
    refetch(customer, "issues")
    customer.sync("comments")
    assert keys(customer, "comments") == ["a1", "c1"]


@pytest.mark.parametrize("stream", ["comments", "changes"])
def test_a_refetch_fetches_all(tracker: Tracker, customer: Customer, stream: str) -> None:
    customer.sync("issues")
    customer.sync(stream)
    tracker.asked_for()
    refetch(customer, stream)
    assert tracker.asked_for() == ["a", "b", "c"]


def test_a_parent_fetched_again_without_a_change_costs_nothing(tracker: Tracker, customer: Customer) -> None:
    customer.sync("issues")
    customer.sync("comments")
    refetch(customer, "issues")
    tracker.asked_for()
    customer.sync("comments")
    assert tracker.asked_for() == []


def test_a_range_that_begins_behind_the_mark_does_not_count_as_listed(tracker: Tracker, customer: Customer) -> None:
    customer.sync("issues")
    customer.sync("changes")
    tracker.comment("b", "b2")
    tracker.comment("b", "b3")
    customer.sync("issues")
    customer.sync("changes", sync_range=SyncRange(since=datetime(2026, 2, 6, tzinfo=UTC)))
    assert keys(customer, "changes") == ["a1", "b1", "b3", "c1"]
    customer.sync("changes")
    assert keys(customer, "changes") == ["a1", "b1", "b2", "b3", "c1"]


def test_a_parent_whose_data_came_with_errors_is_listed_by_the_next_sync(tracker: Tracker, customer: Customer) -> None:
    customer.sync("issues")
    tracker.errors.add("b")
    customer.sync("comments")
    tracker.errors.clear()
    tracker.asked_for()
    customer.sync("comments")
    assert tracker.asked_for() == ["b"]


@pytest.mark.parametrize("stream", ["comments", "changes"])
def test_a_parent_whose_list_is_switched_off_is_asked_again_by_each_sync(
    tracker: Tracker, customer: Customer, stream: str
) -> None:
    """Its record does not change when it is switched on."""
    tracker.fails["b"], tracker.says = 403, "It is switched off"
    customer.sync("issues", stream)
    assert keys(customer, stream) == ["a1", "c1"]
    tracker.asked_for()
    customer.sync("issues", stream)
    assert tracker.asked_for() == ["b"]
    tracker.fails.clear()
    customer.sync("issues", stream)
    assert tracker.asked_for() == ["b"]
    assert keys(customer, stream) == ["a1", "b1", "c1"]


def test_after_the_tables_were_removed_all_is_fetched(tracker: Tracker, customer: Customer, tmp_path: Path) -> None:
    customer.sync("issues")
    customer.sync("comments", "changes")
    for stream in ("comments", "changes"):
        shutil.rmtree(tmp_path / "lake" / "raw" / "tracker" / stream)
    assert first_window(customer.session, [customer.spec.streams["changes"]]) == date(2026, 1, 5)
    customer.sync("comments", "changes")
    assert keys(customer, "comments") == keys(customer, "changes") == ["a1", "b1", "c1"]


def test_an_earlier_start_lists_a_parent_that_was_refused_meanwhile(
    tracker: Tracker, customer: Customer, tmp_path: Path
) -> None:
    customer.sync("issues")
    customer.sync("changes")
    tracker.fails["b"] = 403
    earlier = Customer(tmp_path, tracker.vendor.url, TrackerIntegration, start=date(2025, 12, 1))
    earlier.sync("changes")
    tracker.fails.clear()
    tracker.asked_for()
    earlier.sync("changes")
    assert "b" in tracker.asked_for()


@pytest.mark.parametrize("stream", [CommentsStream, ChangesStream])
def test_after_a_key_changed_a_parent_that_was_refused_is_listed_from_the_start(
    tracker: Tracker, customer: Customer, tmp_path: Path, stream: type[Stream[Any]]
) -> None:
    name = stream.__name__.removesuffix("Stream").lower()
    customer.sync("issues", name)
    changed: Any = declare(stream.__name__, stream, primary_key=("{parent.id}", "id"))
    integration = declare("TrackerIntegration", TrackerIntegration, streams=(IssuesStream, changed))
    with_new_key = Customer(tmp_path, tracker.vendor.url, integration)
    tracker.fails["b"] = 403
    with_new_key.sync(name)
    assert keys(customer, name) == ['["a","a1"]', '["c","c1"]']
    tracker.fails.clear()
    with_new_key.sync(name)
    assert keys(customer, name) == ['["a","a1"]', '["b","b1"]', '["c","c1"]']


def test_without_a_parent_it_is_refused() -> None:
    stream: Any = declare("IssuesStream", IssuesStream, parents="changed")
    with pytest.raises(DefinitionError, match='`parents = "changed"` does nothing without a `parent`'):
        read_integration(declare("TrackerIntegration", TrackerIntegration, streams=(stream,)))
