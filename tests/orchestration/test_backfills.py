"""A backfill of a range of windows is one pass over the API, and materializes each window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dazz_assets.lake import Lake
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.spec.specs import IntegrationSpec
from tests.orchestration.conftest import Connect, MaterializeFromUi, at, week
from tests.orchestration.vendor import Vendor

LatestMetadata = Callable[[str], dict[str, dict[str, Any]]]
RAW = "incidents/raw/incidents"


def test_a_range_of_windows_is_one_pass(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor
) -> None:
    vendor.incident("1", at(week(4)))
    vendor.incident("2", at(week(2)))
    assert materialize_from_ui([connect()], [RAW], week(5), week(0)).success
    assert vendor.requests == ["/incidents"]


def test_each_window_of_the_range_is_materialized_even_without_rows(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, latest_metadata: LatestMetadata
) -> None:
    vendor.incident("1", at(week(4)))
    materialize_from_ui([connect()], [RAW], week(5), week(0))
    rows = {key: metadata["dagster/partition_row_count"] for key, metadata in latest_metadata(RAW).items()}
    assert rows == {f"acme|{week(back)}": int(back == 4) for back in range(6)}


def test_what_a_person_follows_is_a_number_that_plots_and_what_identifies_something_is_text(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, latest_metadata: LatestMetadata
) -> None:
    vendor.incident("1", at(week(4)))
    materialize_from_ui([connect()], [RAW], week(5), week(0))
    metadata = latest_metadata(RAW)[f"acme|{week(0)}"]
    assert {metadata[name] for name in ("dazz/requests", "dazz/pages", "dazz/records")} == {1}
    assert isinstance(metadata["dazz/waited_seconds"], float)
    assert isinstance(metadata["dazz/seconds"], float)
    assert isinstance(metadata["dazz/high_water_mark"], float)
    assert isinstance(metadata["dazz/version"], str)


def test_the_totals_of_a_pass_are_reported_once(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, latest_metadata: LatestMetadata
) -> None:
    vendor.incident("1", at(week(4)))
    materialize_from_ui([connect()], ["incidents/raw/services"])
    materialize_from_ui([connect()], [RAW, "incidents/tickets"], week(5), week(0))
    own = {"dagster/partition_row_count", "dazz/rows_added", "dazz/parsed"}
    for asset in (RAW, "incidents/tickets"):
        found = latest_metadata(asset)
        assert {key for key, metadata in found.items() if metadata.keys() - own} == {f"acme|{week(0)}"}
        assert {"dagster/row_count", "dazz/seconds", "dazz/reports"} <= found[f"acme|{week(0)}"].keys()


def test_records_outside_the_grid_count_in_the_nearest_window(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, latest_metadata: LatestMetadata
) -> None:
    vendor.incident("2099", "2099-01-05T00:00:00+00:00")
    materialize_from_ui([connect()], [RAW], week(5), week(0))
    rows = {key: metadata["dazz/rows_added"] for key, metadata in latest_metadata(RAW).items()}
    assert rows == {f"acme|{week(back)}": int(back == 0) for back in range(6)}


def test_windows_in_the_middle_alone_do_not_move_the_mark(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, lake: Lake
) -> None:
    vendor.incident("1", at(week(3)))
    materialize_from_ui([connect()], [RAW], week(3), week(2))
    stored = lake.raw("incidents", "incidents", "acme", windowed=True).open()
    assert stored is not None
    assert (stored.rows, stored.transaction("mark")) == (1, None)


def test_one_partition_from_the_ui_materializes_that_window(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, latest_metadata: LatestMetadata
) -> None:
    vendor.incident("1", at(week(3)))
    assert materialize_from_ui([connect()], [RAW], week(3)).success
    assert list(latest_metadata(RAW)) == [f"acme|{week(3)}"]


def test_a_range_over_several_connections_syncs_each_of_them(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, latest_metadata: LatestMetadata
) -> None:
    vendor.incident("1", at(week(1)))
    materialize_from_ui([connect("acme"), connect("beta")], [RAW], week(1), week(0))
    assert set(latest_metadata(RAW)) == {f"{id_}|{week(back)}" for id_ in ("acme", "beta") for back in (0, 1)}
    assert vendor.count_requests("/incidents") == 2


def test_a_failing_connection_in_a_range_does_not_stop_the_others(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, latest_metadata: LatestMetadata
) -> None:
    vendor.incident("1", at(week(1)))
    result = materialize_from_ui([connect("acme", token="wrong"), connect("beta")], [RAW], week(1), week(0))
    failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
    assert not result.success
    assert failure is not None
    assert failure.description is not None
    assert "incidents/acme" in failure.description
    assert set(latest_metadata(RAW)) == {f"beta|{week(back)}" for back in (0, 1)}


def test_a_snapshot_is_materialized_for_its_connection(
    materialize_from_ui: MaterializeFromUi, connect: Connect, latest_metadata: LatestMetadata, spec: IntegrationSpec
) -> None:
    assert materialize_from_ui([connect()], ["incidents/raw/services", "incidents/owners"]).success
    assert latest_metadata("incidents/raw/services")["acme"]["dagster/row_count"] == 1
    assert Grid.of(spec, []).connections_def.name == "incidents_connections"
