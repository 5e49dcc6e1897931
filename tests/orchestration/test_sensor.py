"""The sensor of an integration follows its connections and requests each due sync once, in order."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.event import listen, remove

from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.orchestration import sensor
from dazz_assets.orchestration.definitions import assemble_definitions
from dazz_assets.orchestration.jobs import build_jobs
from dazz_assets.orchestration.local_runs import sync_connections
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.resource import RESOURCE, DazzResource
from dazz_assets.orchestration.sensor import ConnectionState, build_sensor, read_states
from dazz_assets.orchestration.translator import Translator
from dazz_assets.spec.discovery import Discovered
from dazz_assets.spec.specs import IntegrationSpec
from tests.orchestration.conftest import Connect, at, record_run, week
from tests.orchestration.vendor import Vendor

Configure = Callable[..., None]
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Ticks:
    """Evaluates ticks of a sensor, and adds and deletes partitions as each tick requests."""

    def __init__(self, spec: IntegrationSpec, instance: dg.DagsterInstance, loaded: tuple[Connection, ...]) -> None:
        self.instance = instance
        self.now = NOON
        self.cursor: str | None = None
        self.partitions = "incidents_connections"
        jobs = build_jobs(spec, Translator())
        self.sensor = build_sensor(spec, Grid.of(spec, loaded), jobs, Translator(), now=lambda: self.now)
        found = Discovered(integrations={spec.name: spec})
        self.repository = assemble_definitions(found, loaded).get_repository_def()

    def __call__(self, after: timedelta = timedelta()) -> Any:
        self.now += after
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=self.repository,
            resources={RESOURCE: DazzResource()},
            instance_ref=self.instance.get_ref(),
        )
        data = self.sensor.evaluate_tick(context)
        for request in data.dynamic_partitions_requests or []:
            if isinstance(request, dg.AddDynamicPartitionsRequest):
                self.instance.add_dynamic_partitions(self.partitions, request.partition_keys)
            else:
                for key in request.partition_keys:
                    self.instance.delete_dynamic_partition(self.partitions, key)
        self.cursor = data.cursor if data.cursor is not None else self.cursor
        return data

    def jobs(self, after: timedelta = timedelta()) -> list[tuple[str | None, str | None]]:
        """The job and connection of each run that a tick requests."""
        return [(run.job_name, run.tags["dazz/connection"]) for run in self(after).run_requests or []]

    @property
    def connection_partitions(self) -> set[str]:
        return set(self.instance.get_dynamic_partitions(self.partitions))


@pytest.fixture
def ticks(spec: IntegrationSpec, instance: dg.DagsterInstance, connect: Connect) -> Ticks:
    return Ticks(spec, instance, (connect(),))


def test_a_new_connection_gets_its_partition_and_its_first_sync(
    ticks: Ticks, connect: Connect, configure: Configure
) -> None:
    configure(connect("acme"), connect("beta"))
    assert ticks.jobs() == [("incidents_snapshots", "incidents/acme"), ("incidents_snapshots", "incidents/beta")]
    assert ticks.connection_partitions == {"acme", "beta"}


def test_a_removed_connection_loses_its_partition(ticks: Ticks, connect: Connect, configure: Configure) -> None:
    configure(connect("acme"), connect("beta"))
    ticks()
    configure(connect("beta"))
    ticks()
    assert ticks.connection_partitions == {"beta"}


def test_a_connections_file_that_cant_be_read_changes_nothing(
    ticks: Ticks, connect: Connect, configure: Configure, tmp_path: Path
) -> None:
    configure(connect())
    ticks()
    (tmp_path / "connections.yaml").write_text("connections: [", encoding="utf-8")
    before = ticks.cursor
    data = ticks(timedelta(hours=1))
    assert data.skip_message is not None
    assert "connections.yaml" in data.skip_message
    assert (ticks.connection_partitions, ticks.cursor, data.run_requests) == ({"acme"}, before, [])


def test_a_connection_with_a_bad_entry_keeps_its_partition_and_the_others_sync(
    ticks: Ticks, connect: Connect, configure: Configure
) -> None:
    configure(connect("acme"), connect("beta"))
    ticks()
    configure({"id": "acme", "integration": "incidents", "start": "soon"}, connect("beta"))
    assert ticks.jobs(timedelta(hours=1)) == [("incidents_sync", "incidents/beta")]
    assert ticks.connection_partitions == {"acme", "beta"}


def test_a_connection_without_its_secret_is_reported_and_keeps_its_partition(
    ticks: Ticks, connect: Connect, configure: Configure
) -> None:
    configure(connect("acme", token="${NOT_SET_ANYWHERE}"))
    data = ticks()
    assert data.skip_message is not None
    assert "NOT_SET_ANYWHERE" in data.skip_message
    assert ticks.connection_partitions == {"acme"}


def test_a_sync_is_two_runs_one_after_the_other(ticks: Ticks, connect: Connect, configure: Configure) -> None:
    configure(connect(interval="15m"))
    assert ticks.jobs() == [("incidents_snapshots", "incidents/acme")]
    assert ticks.jobs(timedelta(seconds=30)) == [("incidents_sync", "incidents/acme")]
    assert ticks.jobs(timedelta(minutes=14)) == []
    assert ticks.jobs(timedelta(minutes=1)) == [("incidents_snapshots", "incidents/acme")]


def test_windows_are_synced_from_the_mark_to_the_current_one(
    ticks: Ticks, connect: Connect, configure: Configure, vendor: Vendor, lake: Lake, spec: IntegrationSpec
) -> None:
    vendor.incident("1", at(week(2)))
    sync_connections(spec, [connect()], sync_range=SyncRange(from_mark=True), instance=ticks.instance, lake=lake)
    configure(connect())
    ticks()
    (request,) = ticks().run_requests or []
    assert request.tags["dagster/asset_partition_range_start"] == f"acme|{week(2)}"
    assert request.tags["dagster/asset_partition_range_end"] == f"acme|{week(0)}"
    steps = request.run_config["ops"]
    assert steps["incidents__raw__incidents"]["config"]["from_mark"]
    assert steps["incidents__tickets"]["config"]["changed"]


def test_no_run_is_requested_while_one_is_in_progress(ticks: Ticks, connect: Connect, configure: Configure) -> None:
    configure(connect())
    ticks()
    busy = record_run(ticks.instance, dg.DagsterRunStatus.STARTING, "incidents/acme")
    assert ticks.jobs(timedelta(hours=1)) == []
    ticks.instance.report_run_failed(busy)
    assert ticks.jobs() == [("incidents_sync", "incidents/acme")]


def test_the_run_of_a_dead_process_does_not_block_its_connection(
    ticks: Ticks, connect: Connect, configure: Configure, dead_process: str
) -> None:
    configure(connect())
    ticks()
    started = dg.DagsterRunStatus.STARTED
    dead = record_run(ticks.instance, started, "incidents/acme", process=dead_process)
    assert ticks.jobs() == [("incidents_sync", "incidents/acme")]
    found = ticks.instance.get_run_by_id(dead.run_id)
    assert found is not None
    assert found.status == dg.DagsterRunStatus.FAILURE


def test_a_tick_repeated_after_a_crash_requests_the_same_run(
    ticks: Ticks, connect: Connect, configure: Configure
) -> None:
    configure(connect())
    ticks()
    before = ticks.cursor
    first = [run.run_key for run in ticks(timedelta(seconds=30)).run_requests or []]
    ticks.cursor = before
    assert [run.run_key for run in ticks(timedelta(seconds=30)).run_requests or []] == first


@pytest.mark.parametrize("lost", ["the connection", "the cursor"])
def test_a_sync_after_its_state_was_lost_has_a_new_run_key(
    ticks: Ticks, connect: Connect, configure: Configure, lost: str
) -> None:
    configure(connect())
    (first,) = ticks().run_requests or []
    if lost == "the cursor":
        ticks.cursor = None
    else:
        configure(connect("beta"))
        ticks(timedelta(minutes=1))
        configure(connect())
    (again,) = ticks(timedelta(minutes=1)).run_requests or []
    assert first.tags == again.tags
    assert first.run_key != again.run_key


def test_a_bad_entry_of_another_integration_keeps_no_partition_and_is_not_reported(
    ticks: Ticks, connect: Connect, configure: Configure
) -> None:
    configure(connect("acme"), connect("beta"))
    ticks()
    configure(connect("beta"), {"id": "acme", "integration": "other", "start": "soon"})
    data = ticks(timedelta(seconds=30))
    assert ticks.connection_partitions == {"beta"}
    assert "acme" not in (ticks(timedelta(seconds=30)).skip_message or "")
    assert len(data.run_requests or []) == 1


def test_a_start_before_the_grid_is_a_warning_that_asks_for_a_reload(
    ticks: Ticks, connect: Connect, configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    configure(connect(start=week(9)))
    ticks()
    data = ticks(timedelta(seconds=30))
    assert data.run_requests
    (request,) = data.run_requests
    assert request.tags["dagster/asset_partition_range_start"] == f"acme|{week(5)}"
    later = ticks(timedelta(seconds=30))
    assert later.skip_message is not None
    assert "reload the definitions" in later.skip_message


def test_sensors_are_stopped_until_someone_starts_them(ticks: Ticks) -> None:
    assert ticks.sensor.default_status == dg.DefaultSensorStatus.STOPPED


@pytest.fixture
def two_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensor, "MOST_WAITING_RUNS", 2)


@pytest.mark.usefixtures("two_at_once")
def test_a_tick_requests_no_more_runs_than_may_wait_and_all_connections_have_their_turn(
    ticks: Ticks, connect: Connect, configure: Configure
) -> None:
    configure(*(connect(f"c{number}", interval="15m") for number in range(5)))
    requested = [connection for _ in range(5) for _, connection in ticks.jobs(timedelta(seconds=30))]
    # Both phases of each: the second phase of a sync is due before the first of the next one.
    assert sorted(map(str, requested)) == sorted(f"incidents/c{number}" for number in range(5) for _ in range(2))


@pytest.mark.usefixtures("two_at_once")
def test_runs_that_wait_in_the_queue_take_room(ticks: Ticks, connect: Connect, configure: Configure) -> None:
    configure(connect("acme"), connect("beta"), connect("gamma"))
    waiting = record_run(ticks.instance, dg.DagsterRunStatus.NOT_STARTED, "incidents/acme")
    assert ticks.jobs() == [("incidents_snapshots", "incidents/beta")]
    ticks.instance.report_run_failed(waiting)
    assert ticks.jobs() == [("incidents_snapshots", "incidents/acme"), ("incidents_snapshots", "incidents/gamma")]


def test_a_lake_that_cant_be_read_fails_the_run_of_its_connection_and_not_the_tick(
    ticks: Ticks, connect: Connect, configure: Configure, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    log = Path(str(lake)) / "raw/incidents/incidents/connection=acme/_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").write_text("{}")
    configure(connect("acme"), connect("beta"))
    ticks()
    first, second = ticks().run_requests or []
    assert first.tags["dagster/asset_partition_range_start"] == f"acme|{week(0)}"
    assert second.tags["dagster/asset_partition_range_start"] == f"beta|{week(5)}"
    assert "incidents/acme: its marks can't be read" in capsys.readouterr().err


def test_the_queries_of_a_tick_depend_neither_on_history_nor_on_the_number_of_connections(
    ticks: Ticks, connect: Connect, configure: Configure, vendor: Vendor, lake: Lake, spec: IntegrationSpec
) -> None:
    connections = [connect(f"c{number}") for number in range(3)]
    configure(connections[0])
    ticks()
    before = count_queries(ticks) + QUERIES_OF_SUB_STREAMS
    configure(*connections)
    for number in range(2):
        vendor.incident(str(number), at(week(2 - number)))
        sync_connections(spec, connections, sync_range=SyncRange(from_mark=True), instance=ticks.instance, lake=lake)
    ticks.instance.add_dynamic_partitions(ticks.partitions, [item.id for item in connections])
    assert count_queries(ticks, after=timedelta(hours=1)) == before


# Whether the window of a sub-stream's newest mark was materialized: one query an asset for all connections.
QUERIES_OF_SUB_STREAMS = 3


def count_queries(ticks: Ticks, after: timedelta = timedelta()) -> int:
    """How many statements a tick that requests a run sends to the instance's databases."""
    statements: list[str] = []

    def count(*args: Any) -> None:
        statements.append(args[2])

    listen(Engine, "before_cursor_execute", count)
    try:
        assert ticks.jobs(after)
    finally:
        remove(Engine, "before_cursor_execute", count)
    return len(statements)


def test_states_of_the_version_before_are_read() -> None:
    state = {"began": NOON.isoformat(), "pending": "sync", "waiting": None}
    assert read_states(json.dumps({"acme": state})) == {"acme": ConnectionState(NOON.isoformat(), "sync")}
