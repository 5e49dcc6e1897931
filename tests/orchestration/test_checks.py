"""Asset checks are evaluated with each sync and parse. A failed check blocks nothing."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg
import pytest

from dazz_assets.orchestration import checks
from dazz_assets.reports import ParseReport, StreamReport
from tests.orchestration.conftest import Connect, MaterializeFromUi, at, week
from tests.orchestration.vendor import Vendor

RAW = "incidents/raw/incidents"
Evaluations = Callable[[str, str], list[tuple[str | None, bool]]]


@pytest.fixture
def evaluations(instance: dg.DagsterInstance) -> Evaluations:
    """Reads the partition and result of each evaluation of a check, newest first."""

    def read(asset: str, check: str) -> list[tuple[str | None, bool]]:
        key = dg.AssetCheckKey(dg.AssetKey(asset.split("/")), check)
        history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        return [(item.partition, item.passed) for record in history if (item := record.evaluation)]

    return read


def test_each_check_is_evaluated(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, instance: dg.DagsterInstance
) -> None:
    vendor.incident("1", at(week(1)))
    materialize_from_ui([connect()], ["incidents/raw/services"])
    assert materialize_from_ui([connect()], [RAW, "incidents/tickets"], week(5), week(0)).success
    for asset, names in (
        (RAW, ("keys_unique", "complete", "total_matches", "shape_unchanged")),
        ("incidents/tickets", ("records_valid", "ids_unique", "inputs_unchanged")),
    ):
        for name in names:
            key = dg.AssetCheckKey(dg.AssetKey(asset.split("/")), name)
            history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
            assert {record.status.value for record in history} == {"SUCCEEDED"}


def test_in_a_range_the_newest_window_has_the_check_results_of_its_connection(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, evaluations: Evaluations
) -> None:
    vendor.incidents = [{"id": "", "title": "no key", "service": "s1", "updated_at": at(week(1))}, {"title": "none"}]
    assert materialize_from_ui([connect()], [RAW], week(1), week(0)).success
    assert (f"acme|{week(0)}", False) in evaluations(RAW, "keys_unique")
    assert (None, False) in evaluations(RAW, "keys_unique")


def test_a_record_that_fails_validation_fails_the_check_and_the_run_succeeds(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, evaluations: Evaluations
) -> None:
    for number in range(20):
        vendor.incident(str(number), at(week(1)))
    vendor.incidents[0]["title"] = None
    materialize_from_ui([connect()], ["incidents/raw/services"])
    assert materialize_from_ui([connect()], [RAW, "incidents/tickets"], week(1), week(0)).success
    assert (f"acme|{week(0)}", False) in evaluations("incidents/tickets", "records_valid")


def check_stream(**report: object) -> dict[str, bool]:
    """Whether each check of a stream with this report passes."""
    results = checks.assess_stream(StreamReport("acme", "incidents", **report))  # type: ignore[arg-type]
    return {result.check: result.passed for result in results}


def test_a_key_that_is_listed_twice_fails_the_check_of_keys() -> None:
    assert check_stream()["keys_unique"]
    assert not check_stream(repeated=1)["keys_unique"]


def test_a_stream_is_complete_unless_a_parent_was_passed_over_or_there_is_a_gap() -> None:
    assert check_stream()["complete"]
    assert not check_stream(passed_over=["org 7: 403 Forbidden"])["complete"]
    assert not check_stream(gap="nothing before 2026-01-05")["complete"]


def test_the_vendors_total_is_compared_if_it_reports_one() -> None:
    assert check_stream(received=3)["total_matches"]
    assert check_stream(received=3, total=3)["total_matches"]
    assert not check_stream(received=3, total=4)["total_matches"]


def test_drift_fails_the_check_of_the_shape() -> None:
    assert not check_stream(drift=["new field: severity"])["shape_unchanged"]


def test_stale_windows_and_duplicates_are_named_in_the_description() -> None:
    report = ParseReport("acme", "tickets", duplicates=["x"], stale=[week(3)], changed_inputs=["services"])
    texts = {result.check: result.text for result in checks.assess_parser("desk", report) if not result.passed}
    assert texts == {
        "ids_unique": "yielded more than once: x",
        "inputs_unchanged": f"services changed since these windows were parsed: {week(3)}; parse them again with `dazz "
        'parse desk --stale`, or at each change with @parser(refresh="changed")',
    }


def test_a_result_over_several_connections_names_those_that_failed() -> None:
    good, bad = checks.CheckResult("complete", True, "complete"), checks.CheckResult("complete", False, "gap: x")
    result = checks.combine_results(dg.AssetKey("a"), "complete", [("acme", good), ("beta", bad)])
    assert (result.passed, result.description) == (False, "beta: gap: x")
