"""A run whose process died does not stay STARTED: the next process that works on the connection fails it."""

from __future__ import annotations

import dagster as dg
import pytest

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.orchestration import runs
from dazz_assets.orchestration.local_runs import sync_connections
from dazz_assets.spec.specs import IntegrationSpec
from tests.orchestration.conftest import Connect, record_run

STARTED = dg.DagsterRunStatus.STARTED


def record_started(instance: dg.DagsterInstance, process: str, *connections: str) -> str:
    return record_run(instance, STARTED, *connections, process=process).run_id


def read_status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_the_next_sync_of_the_connection_fails_a_dead_run_with_the_reason(
    instance: dg.DagsterInstance, spec: IntegrationSpec, connect: Connect, lake: Lake, dead_process: str
) -> None:
    run_id = record_started(instance, dead_process, "incidents/acme")
    sync_connections(spec, [connect()], sync_range=SyncRange(from_mark=True), instance=instance, lake=lake)
    assert read_status(instance, run_id) == dg.DagsterRunStatus.FAILURE
    assert any("is gone" in (entry.message or "") for entry in instance.all_logs(run_id))


def test_runs_of_other_connections_are_left_alone(
    instance: dg.DagsterInstance, spec: IntegrationSpec, connect: Connect, lake: Lake, dead_process: str
) -> None:
    run_id = record_started(instance, dead_process, "incidents/beta")
    sync_connections(spec, [connect()], sync_range=SyncRange(from_mark=True), instance=instance, lake=lake)
    assert read_status(instance, run_id) == STARTED


@pytest.mark.parametrize("process", ["this one", "another-host:1:1.00"])
def test_a_run_whose_process_lives_or_is_elsewhere_is_left_alone(instance: dg.DagsterInstance, process: str) -> None:
    run_id = record_started(instance, runs.process_tag() if process == "this one" else process, "incidents/acme")
    assert runs.fail_dead_runs(instance, runs.find_running(instance, {"incidents/acme"})) == set()
    assert read_status(instance, run_id) == STARTED


def test_a_run_over_several_connections_counts_for_each(instance: dg.DagsterInstance, dead_process: str) -> None:
    run_id = record_started(instance, dead_process, "incidents/acme", "incidents/beta")
    assert runs.fail_dead_runs(instance, runs.find_running(instance, {"incidents/beta"})) == {run_id}


def test_every_run_is_tagged_with_its_connection_and_with_its_process_which_the_ui_hides(
    instance: dg.DagsterInstance, spec: IntegrationSpec, connect: Connect, lake: Lake
) -> None:
    sync_connections(spec, [connect()], sync_range=SyncRange(from_mark=True), instance=instance, lake=lake)
    for run in instance.get_runs():
        assert run.tags["dazz/connection"] == "incidents/acme"
        assert run.tags[".dagster/dazz_process"] == runs.process_tag()
        assert {tag for tag in run.tags if not tag.startswith((".dagster/", "dagster/"))} == {
            "dazz/connection",
            "dazz/integration",
        }
