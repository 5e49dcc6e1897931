"""A connection whose syncs keep failing is tried again less and less often, until something changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.orchestration.local_runs import sync_connections
from dazz_assets.orchestration.resource import SessionPool
from dazz_assets.orchestration.sensor import read_states
from dazz_assets.spec.specs import IntegrationSpec
from tests.orchestration.conftest import Connect, MaterializeFromUi
from tests.orchestration.test_sensor import Ticks
from tests.orchestration.vendor import Vendor

INTERVAL = timedelta(minutes=15)
BOTH = [("incidents_snapshots", "incidents/acme"), ("incidents_sync", "incidents/acme")]


class FailingSyncs:
    """The sensor's ticks, with the syncs that fail meanwhile."""

    def __init__(self, ticks: Ticks, lake: Lake, spec: IntegrationSpec, connect: Connect, file: Path) -> None:
        self.ticks, self.lake, self.spec, self.file = ticks, lake, spec, file
        self.connection = connect()
        self.instance = ticks.instance

    def sync(self) -> None:
        """Sync now, as a run of the sensor or a person does."""
        sync_connections(
            self.spec, [self.connection], sync_range=SyncRange(from_mark=True), instance=self.instance, lake=self.lake
        )

    def fail(self, times: int) -> None:
        """Let syncs fail now, this many times, after a first tick."""
        self.ticks.now = datetime.now(UTC)
        self.ticks()
        self.ticks()
        for _ in range(times):
            self.sync()
        self.ticks.now = datetime.now(UTC)

    def intervals_to_next_try(self, interval: timedelta = INTERVAL) -> int:
        """After how many intervals the sensor requests a sync."""
        return next(number for number in range(1, 20) if self.ticks.jobs(interval))

    def set_interval(self, hours: int) -> None:
        text = self.file.read_text(encoding="utf-8")
        self.file.write_text(text.replace("900s", f"{hours}h"), encoding="utf-8")
        os.utime(self.file, (0, 0))

    def edit_connections(self) -> None:
        later = datetime.now(UTC).timestamp() + 1
        os.utime(self.file, (later, later))


@pytest.fixture
def failing(
    spec: IntegrationSpec,
    instance: dg.DagsterInstance,
    connect: Connect,
    configure: Callable[..., None],
    lake: Lake,
    tmp_path: Path,
    vendor: Vendor,
) -> FailingSyncs:
    """A connection of which each list is refused; its file was written long ago."""
    vendor.refused_paths = {"/services", "/incidents"}
    configure(connect())
    file = tmp_path / "connections.yaml"
    os.utime(file, (0, 0))
    return FailingSyncs(Ticks(spec, instance, (connect(),)), lake, spec, connect, file)


@pytest.mark.parametrize(("failures", "intervals"), [(1, 1), (2, 2), (4, 8)])
def test_the_time_to_the_next_try_doubles_with_each_failure(
    failing: FailingSyncs, failures: int, intervals: int
) -> None:
    failing.fail(failures)
    assert failing.intervals_to_next_try() == intervals


def test_it_says_how_often_it_failed_why_and_when_it_is_tried_again(failing: FailingSyncs) -> None:
    failing.fail(3)
    data = failing.ticks(INTERVAL)
    assert not data.run_requests
    assert "incidents/acme failed 3 times in a row: stream " in data.skip_message
    assert "bad credentials" in data.skip_message
    assert "canary" not in data.skip_message
    at = datetime.fromisoformat(data.skip_message.rpartition("next try at ")[2])
    assert abs(at - (failing.ticks.now - INTERVAL + 4 * INTERVAL)) < timedelta(minutes=1)
    assert failing.ticks(timedelta(seconds=30)).skip_message == data.skip_message


def test_a_refused_connection_is_tried_once_a_day_at_least(failing: FailingSyncs) -> None:
    failing.set_interval(hours=8)
    failing.fail(4)
    assert failing.intervals_to_next_try(timedelta(hours=8)) == 3


def test_what_may_pass_by_itself_is_tried_once_an_hour_at_least(failing: FailingSyncs, vendor: Vendor) -> None:
    vendor.refused_paths = set()
    vendor.services = vendor.incidents = [{"no": "id"}]
    failing.fail(5)
    assert failing.intervals_to_next_try() == 4


def test_a_longer_interval_is_kept(failing: FailingSyncs) -> None:
    failing.set_interval(hours=48)
    failing.fail(3)
    assert failing.intervals_to_next_try(timedelta(hours=48)) == 1


def test_a_manual_sync_that_succeeds_resets_it(failing: FailingSyncs, vendor: Vendor) -> None:
    failing.fail(4)
    vendor.refused_paths = set()
    failing.sync()
    assert failing.intervals_to_next_try() == 1
    assert read_states(failing.ticks.cursor)["acme"].waiting is None


def test_a_run_over_several_connections_that_succeeds_resets_it(
    failing: FailingSyncs, connect: Connect, materialize_from_ui: MaterializeFromUi, vendor: Vendor
) -> None:
    failing.fail(4)
    vendor.refused_paths = set()
    assert materialize_from_ui([connect("acme"), connect("beta")], ["incidents/raw/services"]).success
    assert failing.intervals_to_next_try() == 1


def test_an_edited_connections_file_resets_it(failing: FailingSyncs) -> None:
    failing.fail(4)
    failing.edit_connections()
    assert failing.intervals_to_next_try() == 1


def test_the_phase_that_fails_waits_while_the_other_one_goes_on(failing: FailingSyncs, vendor: Vendor) -> None:
    vendor.refused_paths = {"/incidents"}
    failing.fail(4)
    assert failing.ticks.jobs(INTERVAL) == [BOTH[0]]
    data = failing.ticks(timedelta(seconds=30))
    assert not data.run_requests
    assert "incidents/acme failed 4 times in a row" in data.skip_message


def test_each_failing_connection_keeps_its_own_time(
    failing: FailingSyncs, connect: Connect, configure: Callable[..., None], vendor: Vendor
) -> None:
    configure(connect("acme"), connect("beta"))
    os.utime(failing.file, (0, 0))
    failing.fail(3)
    tried = [where for _, where in failing.ticks.jobs(INTERVAL)]
    assert tried == ["incidents/beta"]


def test_a_tick_asks_for_the_runs_of_failing_connections_alone(
    failing: FailingSyncs, connect: Connect, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(*(connect(f"c{number}") for number in range(50)), connect("acme"))
    os.utime(failing.file, (0, 0))
    failing.fail(2)
    asked: list[Any] = []
    get_run_records = dg.DagsterInstance.get_run_records

    def count(self: dg.DagsterInstance, filters: Any = None, **more: Any) -> Any:
        asked.append(filters)
        return get_run_records(self, filters, **more)

    monkeypatch.setattr(dg.DagsterInstance, "get_run_records", count)
    failing.ticks(INTERVAL)
    assert len([item for item in asked if item.tags]) <= 2
    asked.clear()
    failing.ticks(timedelta(seconds=30))
    assert len([item for item in asked if item.tags]) <= 2


def test_connections_made_in_code_changed_when_the_process_began(connect: Connect, lake: Lake) -> None:
    item: Connection = connect()
    assert SessionPool.of(lake, [item]).changed_at < datetime.now(UTC)
