"""Asset checks are evaluated with each sync and parse. A failed check blocks nothing."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg
import pytest

from dazz_assets.orchestration import checks
from dazz_assets.orchestration.dagster_internals import last_check_evaluation
from dazz_assets.reports import ParseReport, StreamReport
from dazz_assets.spec.specs import IntegrationSpec
from dazz_assets.transform.quarantine import HeldQuarantine
from tests.orchestration.conftest import Connect, MaterializeFromUi, at, week
from tests.orchestration.vendor import Vendor

RAW = "incidents/raw/incidents"
Evaluations = Callable[[str, str], list[tuple[str | None, bool]]]
LastEvaluation = Callable[[str, str], dg.AssetCheckEvaluation]


@pytest.fixture
def evaluations(instance: dg.DagsterInstance) -> Evaluations:
    """Reads the partition and result of each evaluation of a check, newest first."""

    def read(asset: str, check: str) -> list[tuple[str | None, bool]]:
        key = dg.AssetCheckKey(dg.AssetKey(asset.split("/")), check)
        history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        return [(item.partition, item.passed) for record in history if (item := record.evaluation)]

    return read


@pytest.fixture
def last_evaluation(instance: dg.DagsterInstance) -> LastEvaluation:
    """Reads the last evaluation of a check, which the UI shows for the asset."""

    def read(asset: str, check: str) -> dg.AssetCheckEvaluation:
        found = last_check_evaluation(instance, dg.AssetCheckKey(dg.AssetKey(asset.split("/")), check))
        assert found is not None
        return found

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
    vendor.incidents = [{"id": "1", "title": "one", "service": "s1", "updated_at": at(week(1))}, {"title": "no key"}]
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


def check_stream(**report: object) -> dict[str, str | None]:
    """The reason of each check of a stream with this report, None for one that passes."""
    results = checks.assess_stream("desk", StreamReport("acme", "incidents", **report))  # type: ignore[arg-type]
    return {result.check: None if result.passed else result.text for result in results}


def test_a_key_that_is_missing_or_listed_twice_fails_the_check_of_keys() -> None:
    assert check_stream()["keys_unique"] is None
    assert check_stream(problems=2, repeated=1)["keys_unique"] == (
        "incidents: records without a key or a cursor, or that are not JSON, which no parser reads: 2; records with "
        "the key of another, of which one is read: 1. Correct `primary_key` or `cursor` of the stream, then run `dazz "
        "sync desk --stream incidents --refetch`"
    )


def test_a_stream_is_complete_unless_a_parent_was_passed_over_or_there_is_a_gap() -> None:
    assert check_stream()["complete"] is None
    assert check_stream(passed_over=["org 7: 403 Forbidden"], gap="nothing before 2026-01-05")["complete"] == (
        "incidents is not complete: org 7: 403 Forbidden; nothing before 2026-01-05. Let the credentials read what was "
        "refused, then run `dazz sync desk --stream incidents`"
    )
    assert "refused" not in str(check_stream(gap="nothing before 2026-01-05")["complete"])


def test_the_vendors_total_is_compared_if_it_reports_one() -> None:
    assert check_stream(received=3)["total_matches"] is None
    assert check_stream(received=3, total=3)["total_matches"] is None
    assert check_stream(received=3, total=4)["total_matches"] == (
        "incidents: 3 records arrived, and the vendor reports 4. Run `dazz sync desk --stream incidents --refetch`; if "
        "the total counts something else, set `total` of the stream"
    )


def test_drift_fails_the_check_of_the_shape_and_names_the_windows_of_the_records() -> None:
    windows = {week(back): 1 for back in range(12)}
    text = str(check_stream(drift=["new field: severity"], windows=windows)["shape_unchanged"])
    assert f"incidents: the shape of the records changed in windows {week(0)}, {week(1)}, " in text
    assert " and 2 older ones: new field: severity. Compare the stream's model with it" in text


def test_windows_with_stale_inputs_are_named_with_what_to_do(spec: IntegrationSpec) -> None:
    report = ParseReport("acme", "tickets", stale=[week(3)], changed_inputs=["services"])
    texts = {result.check: result.text for result in assess(spec, report) if not result.passed}
    assert texts == {
        "inputs_unchanged": f"tickets: services changed since it was parsed in window {week(3)}. Parse again with "
        '`dazz parse incidents --stale`, or at each change with @parser(refresh="changed")',
    }


def assess(spec: IntegrationSpec, report: ParseReport) -> list[checks.CheckResult]:
    """The results of a parser's checks with nothing in quarantine."""
    return checks.assess_parser(spec, report, HeldQuarantine())


def test_a_result_over_several_connections_names_those_that_failed() -> None:
    good, bad = checks.CheckResult("complete", True, "complete"), checks.CheckResult("complete", False, "gap: x")
    result = checks.combine_results(dg.AssetKey("a"), "complete", [("acme", good), ("beta", bad)])
    assert (result.passed, result.description) == (False, "beta: gap: x")


def test_a_check_that_fails_for_one_connection_of_a_run_fails_for_the_asset(
    materialize_from_ui: MaterializeFromUi,
    connect: Connect,
    vendor: Vendor,
    evaluations: Evaluations,
    last_evaluation: LastEvaluation,
) -> None:
    acme, beta = connect("acme"), connect("beta")
    vendor.incident("1", at(week(1)))
    materialize_from_ui([acme, beta], [RAW], week(1), week(0))
    vendor.incidents.append({"title": "no key"})
    materialize_from_ui([beta], [RAW], week(1), week(0))
    materialize_from_ui([acme, beta], [RAW], week(1), week(0))
    assert not last_evaluation(RAW, "keys_unique").passed
    assert {key for key, passed in evaluations(RAW, "keys_unique") if not passed} >= {f"acme|{week(0)}"}
    assert (f"beta|{week(0)}", True) in evaluations(RAW, "keys_unique")


def test_a_check_that_failed_for_a_connection_stays_failed_when_another_is_synced(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, last_evaluation: LastEvaluation
) -> None:
    vendor.incident("1", at(week(1)))
    vendor.incidents.append({"title": "no key"})
    acme, beta = connect("acme"), connect("beta")
    materialize_from_ui([acme], [RAW], week(1), week(0))
    vendor.incidents.pop()
    materialize_from_ui([beta], [RAW], week(1), week(0))
    found = last_evaluation(RAW, "keys_unique")
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert str(found.description).startswith("acme: incidents: records without a key or a cursor")

    materialize_from_ui([acme], [RAW], week(1), week(0))
    assert last_evaluation(RAW, "keys_unique").passed
