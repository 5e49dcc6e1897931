"""One run of a connection runs at a time. The others wait in the queue, where they need no process."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg
import pytest

from dazz_assets.orchestration.dagster_internals import job_origin, runs_to_dequeue
from dazz_assets.orchestration.runs import connection_tags, connections_of
from tests.orchestration.conftest import any_job

Queue = Callable[[str, str], str]
Start = Callable[..., None]


@pytest.fixture
def queue(instance: dg.DagsterInstance) -> Queue:
    """Submits a run over a range of partitions, as the UI does, and returns its id."""
    instance.add_dynamic_partitions("incidents_connections", ["acme", "beta", "gamma"])

    def submit(first: str, last: str) -> str:
        tags = {
            "dazz/integration": "incidents",
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last,
        }
        run = instance.create_run_for_job(
            any_job,
            status=dg.DagsterRunStatus.NOT_STARTED,
            tags=tags,
            remote_job_origin=job_origin("any_job"),
        )
        instance.run_coordinator.submit_run(dg.SubmitRunContext(run, workspace=None))  # type: ignore[arg-type]
        return run.run_id

    return submit


@pytest.fixture
def start(instance: dg.DagsterInstance) -> Start:
    """Records a started run of these connections."""

    def run(*connections: str) -> None:
        started = dg.DagsterRunStatus.STARTED
        instance.create_run_for_job(any_job, status=started, tags=connection_tags(connections))

    return run


def test_a_run_is_tagged_with_each_connection_of_its_partitions(instance: dg.DagsterInstance, queue: Queue) -> None:
    run = instance.get_run_by_id(queue("acme|2026-01-05", "beta|2026-01-05"))
    assert run is not None
    assert connections_of(run) == {"incidents/acme", "incidents/beta"}
    assert "dazz/connection" not in run.tags


def test_a_run_over_several_waits_for_a_run_of_one_of_them(
    instance: dg.DagsterInstance, queue: Queue, start: Start
) -> None:
    start("incidents/beta")
    waiting = queue("acme|2026-01-05", "beta|2026-01-05")
    free = queue("gamma", "gamma")
    assert runs_to_dequeue(instance) == {free} != {waiting}


def test_a_run_of_one_waits_for_a_run_over_several(instance: dg.DagsterInstance, queue: Queue, start: Start) -> None:
    start("incidents/acme", "incidents/beta")
    queue("beta", "beta")
    free = queue("gamma", "gamma")
    assert runs_to_dequeue(instance) == {free}


def test_of_two_queued_runs_that_share_a_connection_the_first_starts(
    instance: dg.DagsterInstance, queue: Queue
) -> None:
    first = queue("acme|2026-01-05", "beta|2026-01-05")
    queue("beta|2026-01-05", "gamma|2026-01-05")
    assert runs_to_dequeue(instance) == {first}


def test_the_longest_ids_make_tags_that_dagster_takes_and_that_differ(instance: dg.DagsterInstance) -> None:
    longest = {f"{'i' * 63}/{'c' * 99}{last}" for last in "ab"}
    run = instance.create_run_for_job(any_job, tags=connection_tags(longest))
    assert connections_of(run) == longest
    assert all(len(name.partition("/")[2]) <= 63 for name in run.tags if name.startswith(".dagster/dazz_"))
