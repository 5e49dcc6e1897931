"""Syncs and parses in this process run the same assets on the same instance as the UI."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dazz_assets.errors import DefinitionError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.orchestration.local_runs import parse_connections, sync_connections
from dazz_assets.orchestration.outcomes import Outcome
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec
from tests.declaring import declare
from tests.orchestration.conftest import Connect, at, week
from tests.orchestration.vendor import TOKEN, IncidentsIntegration, Vendor

Sync = Callable[..., Outcome]
FROM_MARK = SyncRange(from_mark=True)


@pytest.fixture
def run_sync(spec: IntegrationSpec, connect: Connect, instance: dg.DagsterInstance, lake: Lake) -> Sync:
    def run(connections: list[Any] | None = None, sync_range: SyncRange = FROM_MARK, **options: Any) -> Outcome:
        return sync_connections(
            spec, connections or [connect()], sync_range=sync_range, instance=instance, lake=lake, **options
        )

    return run


@pytest.fixture
def run_parse(spec: IntegrationSpec, connect: Connect, instance: dg.DagsterInstance, lake: Lake) -> Sync:
    def run(**options: Any) -> Outcome:
        return parse_connections(spec, [connect()], instance=instance, lake=lake, **options)

    return run


def test_a_sync_fetches_streams_and_parses_them(run_sync: Sync, vendor: Vendor) -> None:
    vendor.incident("1", at(week(2)))
    outcome = run_sync()
    assert outcome.errors == []
    assert {report.stream: report.records for report in outcome.streams} == {"services": 1, "notes": 0, "incidents": 1}
    assert {report.parser: report.objects for report in outcome.parsers} == {"owners": 1, "tickets": 1}


def test_a_sync_is_two_runs_that_the_ui_shows(run_sync: Sync, instance: dg.DagsterInstance) -> None:
    run_sync()
    assert [run.job_name for run in instance.get_runs()] == ["incidents_sync", "incidents_snapshots"]
    assert all(run.is_success for run in instance.get_runs())


def test_the_next_sync_begins_at_the_mark(run_sync: Sync, vendor: Vendor, instance: dg.DagsterInstance) -> None:
    vendor.incident("1", at(week(2)))
    run_sync()
    vendor.incident("2", at(week(1)))
    outcome = run_sync()
    assert [report.records for report in outcome.streams if report.stream == "incidents"] == [1]
    tags = instance.get_runs(limit=1)[0].tags
    assert tags["dagster/asset_partition_range_start"] == f"acme|{week(2)}"


def test_a_wrong_token_is_an_error_of_its_connection_and_the_others_are_synced(
    run_sync: Sync, connect: Connect, vendor: Vendor
) -> None:
    outcome = run_sync([connect("acme", token="wrong-canary"), connect("beta")])
    assert {problem.connection for problem in outcome.errors} == {"acme"}
    assert {report.connection for report in outcome.streams if report.records} == {"beta"}
    assert "incidents/acme" in outcome.errors[0].message


def test_a_parser_that_did_not_run_because_of_a_failure_is_an_error(run_sync: Sync, vendor: Vendor) -> None:
    vendor.refused_paths = {"/incidents"}
    messages = {(problem.stream or problem.parser): problem.message for problem in run_sync().errors}
    assert set(messages) == {"incidents", "tickets"}
    assert "tickets: not run, because incidents failed" in messages["tickets"]


def test_what_reads_a_stream_that_failed_just_now_is_not_run_and_names_it(run_sync: Sync, vendor: Vendor) -> None:
    vendor.refused_paths = {"/services"}
    outcome = run_sync()
    assert {(problem.stream or problem.parser): list(problem.failed_inputs) for problem in outcome.errors} == {
        "services": [],
        "notes": ["services"],
        "owners": ["services"],
        "tickets": ["services"],
    }


def test_a_config_without_its_secret_is_an_error_without_a_run(
    run_sync: Sync, connect: Connect, instance: dg.DagsterInstance
) -> None:
    outcome = run_sync([connect(token="${NOT_SET_ANYWHERE}")])
    assert [problem.stream for problem in outcome.errors] == [None]
    assert instance.get_runs() == []


def test_selected_streams_are_synced_with_ancestors_that_were_never_stored(run_sync: Sync, vendor: Vendor) -> None:
    first = run_sync(streams=["notes"])
    assert [report.stream for report in first.streams] == ["services", "notes"]
    second = run_sync(streams=["notes"])
    assert [report.stream for report in second.streams] == ["notes"]


def test_a_parser_that_is_left_out_since_another_of_its_streams_was_never_synced_is_told_of(
    run_sync: Sync, vendor: Vendor
) -> None:
    vendor.incident("1", at(week(2)))
    alone = run_sync(streams=["incidents"])
    assert [(report.stream, report.warnings) for report in alone.streams] == [
        ("incidents", ["parser tickets was not run, as services was never synced"])
    ]
    assert (alone.parsers, alone.errors) == ([], [])
    run_sync(streams=["services"])
    vendor.incident("2", at(week(1)))
    both = run_sync(streams=["incidents"])
    assert [report.warnings for report in both.streams] == [[]]
    assert [report.parser for report in both.parsers] == ["tickets"]


def test_an_unknown_stream_is_an_error_with_a_suggestion(run_sync: Sync) -> None:
    with pytest.raises(DefinitionError, match="did you mean 'notes'"):
        run_sync(streams=["note"])


def test_a_sync_of_a_range_covers_the_windows_that_overlap_it(
    run_sync: Sync, vendor: Vendor, instance: dg.DagsterInstance
) -> None:
    since, until = (datetime.combine(week(back), time(), UTC) for back in (3, 1))
    vendor.incident("1", at(week(2)))
    vendor.incident("2", at(week(1)))
    outcome = run_sync(sync_range=SyncRange(since=since, until=until))
    assert [report.records for report in outcome.streams if report.stream == "incidents"] == [1]
    tags = instance.get_runs(limit=1)[0].tags
    assert tags["dagster/asset_partition_range_end"] == f"acme|{week(2)}"


def test_a_refetch_removes_records_that_were_not_listed(run_sync: Sync, vendor: Vendor, lake: Lake) -> None:
    vendor.incident("1", at(week(2)))
    run_sync()
    vendor.incidents.clear()
    vendor.incident("2", at(week(1)))
    run_sync(sync_range=SyncRange(refetch=True))
    stored = lake.raw("incidents", "incidents", "acme", windowed=True).open()
    assert stored is not None
    assert stored.rows == 1


def test_a_parse_sends_no_request(run_sync: Sync, run_parse: Sync, vendor: Vendor) -> None:
    vendor.incident("1", at(week(2)))
    run_sync()
    vendor.requests.clear()
    outcome = run_parse()
    assert (outcome.errors, vendor.requests) == ([], [])
    assert {report.parser: report.objects for report in outcome.parsers} == {"owners": 1, "tickets": 1}


def test_a_parse_needs_no_credentials(
    run_sync: Sync, connect: Connect, spec: IntegrationSpec, vendor: Vendor, instance: dg.DagsterInstance, lake: Lake
) -> None:
    vendor.incident("1", at(week(2)))
    run_sync()
    outcome = parse_connections(spec, [connect(token="${NOT_SET_ANYWHERE}")], instance=instance, lake=lake)
    assert outcome.errors == []
    assert {report.parser: report.objects for report in outcome.parsers} == {"owners": 1, "tickets": 1}


def test_a_parse_can_be_limited_to_a_parser_and_a_range(run_sync: Sync, run_parse: Sync, vendor: Vendor) -> None:
    vendor.incident("1", at(week(3)))
    vendor.incident("2", at(week(1)))
    run_sync()
    since = datetime.combine(week(1), time(), UTC)
    (report,) = run_parse(parser="tickets", since=since).parsers
    assert week(3) not in report.windows
    assert report.windows[week(1)] == 1


def test_a_parse_reaches_what_was_stored_by_windows_of_another_kind(
    spec: IntegrationSpec, connect: Connect, vendor: Vendor, instance: dg.DagsterInstance, lake: Lake
) -> None:
    """A month mostly doesn't begin on a Monday, so its window is none of the grid of weeks."""
    monthly = read_integration(declare("IncidentsIntegration", IncidentsIntegration, window="month"))
    connection = connect(start=week(20))
    for back in (5, 10, 15):
        vendor.incident(str(back), at(week(back)))
    sync_connections(monthly, [connection], sync_range=FROM_MARK, instance=instance, lake=lake)
    (report,) = parse_connections(spec, [connection], parser="tickets", instance=instance, lake=lake).parsers
    assert set(report.windows) == {week(back).replace(day=1) for back in (5, 10, 15)}


@pytest.mark.parametrize(
    "bounds", [{"since": datetime(2099, 1, 1, tzinfo=UTC)}, {"until": datetime(2020, 1, 1, tzinfo=UTC)}]
)
def test_a_parse_of_a_range_outside_the_grid_parses_no_window(
    bounds: dict[str, datetime], run_sync: Sync, run_parse: Sync, vendor: Vendor
) -> None:
    vendor.incident("1", at(week(0)))
    run_sync()
    (report,) = run_parse(parser="tickets", **bounds).parsers
    assert report.windows == {}


def test_stale_windows_are_parsed_again_on_demand(
    run_sync: Sync, run_parse: Sync, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dazz_assets.transform.raw_inputs.MOST_ROWS_REFRESHED", 0)
    vendor.incident("1", at(week(3)))
    run_sync()
    vendor.services[0]["name"] = "Shop 2"
    run_sync()
    (report,) = run_parse(parser="tickets", stale=True).parsers
    assert list(report.windows) == [week(3)]


def test_a_refetch_parses_stale_windows_too(run_sync: Sync, vendor: Vendor) -> None:
    vendor.incident("1", at(week(3)))
    run_sync()
    vendor.services[0]["name"] = "Shop 2"
    outcome = run_sync(sync_range=SyncRange(refetch=True))
    windows = {report.parser: report.windows for report in outcome.parsers}
    assert list(windows["tickets"]) == [week(3)]


def test_the_console_stays_quiet_and_no_secret_is_stored(
    run_sync: Sync, connect: Connect, dazz_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_sync([connect(), connect("beta", token=f"{TOKEN}-wrong")])
    assert capfd.readouterr() == ("", "")
    stored = b"".join(path.read_bytes() for path in dazz_home.rglob("*") if path.is_file())
    assert TOKEN.encode() not in stored
