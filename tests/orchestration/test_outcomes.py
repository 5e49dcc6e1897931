"""The outcome of a run is stored in its events, from which another process can read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import dagster as dg
import pytest

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.orchestration.local_runs import sync_connections
from dazz_assets.orchestration.outcomes import Outcome, Problem, read_outcome, write_failure, write_reports
from dazz_assets.reports import ParseReport, StreamReport
from dazz_assets.spec.specs import IntegrationSpec
from tests.orchestration.conftest import Connect, at, week
from tests.orchestration.vendor import Vendor

STREAM = StreamReport("acme", "issues", requests=3, waited_seconds=0.5, windows={date(2026, 1, 5): 2}, drift=["new: x"])
SNAPSHOT = StreamReport("acme", "projects", windows={None: 7}, total=7)
PARSER = ParseReport("acme", "findings", windows={date(2026, 1, 5): 2}, stale=[None, date(2026, 1, 5)], read={"a": 1})


def materialize(metadata: dict[str, dg.MetadataValue]) -> Sequence[dg.DagsterEvent]:
    """The events of a run that materializes an asset with this metadata."""

    @dg.asset
    def asset():  # type: ignore[no-untyped-def]
        return dg.MaterializeResult(metadata=metadata)

    return dg.materialize([asset]).all_events


def fail(metadata: dict[str, dg.MetadataValue]) -> Sequence[dg.DagsterEvent]:
    """The events of a run whose asset fails with this metadata."""

    @dg.asset
    def asset() -> None:
        raise dg.Failure("no", metadata=metadata)

    return dg.materialize([asset], raise_on_error=False).all_events


def test_reports_are_read_as_they_were_written() -> None:
    events = materialize(write_reports([STREAM, SNAPSHOT, PARSER]))
    assert read_outcome(events) == Outcome(streams=[STREAM, SNAPSHOT], parsers=[PARSER])


def test_problems_are_read_with_the_reports_before_them() -> None:
    problems = [
        Problem("acme", "no token", stream="issues"),
        Problem("acme", "not run", parser="findings", failed_inputs=("issues",)),
    ]
    assert read_outcome(fail(write_failure(problems, [STREAM]))) == Outcome(streams=[STREAM], errors=problems)


@pytest.mark.parametrize("refused", [set(), {"/incidents"}])
def test_the_outcome_read_from_the_instance_is_that_of_the_sync(
    refused: set[str], spec: IntegrationSpec, connect: Connect, vendor: Vendor, instance: dg.DagsterInstance, lake: Lake
) -> None:
    vendor.incident("1", at(week(2)))
    vendor.refused_paths = refused
    outcome = sync_connections(spec, [connect()], sync_range=SyncRange(from_mark=True), instance=instance, lake=lake)
    stored = Outcome()
    for run in reversed(instance.get_runs()):
        stored.add(
            read_outcome(entry.get_dagster_event() for entry in instance.all_logs(run.run_id) if entry.is_dagster_event)
        )
    assert (stored.streams, stored.parsers) == (outcome.streams, outcome.parsers)
    assert {item.stream for item in stored.errors} == ({"incidents"} if refused else set())
