"""Asset checks are evaluated with each sync and parse, and block nothing."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg
import pytest

from dazz_assets.orchestration import checks
from dazz_assets.reports import ParseReport, StreamReport
from tests.orchestration.conftest import Connect, FromUi, at, week
from tests.orchestration.vendor import Vendor

RAW = "incidents/raw/incidents"
Verdicts = Callable[[str, str], list[tuple[str | None, bool]]]


@pytest.fixture
def verdicts(instance: dg.DagsterInstance) -> Verdicts:
    """Partition and answer of each evaluation of a check, newest first."""

    def read(asset: str, check: str) -> list[tuple[str | None, bool]]:
        key = dg.AssetCheckKey(dg.AssetKey(asset.split("/")), check)
        history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        evaluations = [record.evaluation for record in history]
        return [(item.partition, item.passed) for item in evaluations if item]

    return read


def test_each_check_is_evaluated_and_none_stays_open(
    from_ui: FromUi, connect: Connect, vendor: Vendor, instance: dg.DagsterInstance
) -> None:
    vendor.incident("1", at(week(1)))
    from_ui([connect()], ["incidents/raw/services"])
    assert from_ui([connect()], [RAW, "incidents/tickets"], week(5), week(0)).success
    for asset, names in (
        (RAW, ("keys", "complete", "total", "drift")),
        ("incidents/tickets", ("valid", "unique", "up_to_date")),
    ):
        for name in names:
            key = dg.AssetCheckKey(dg.AssetKey(asset.split("/")), name)
            history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
            assert {record.status.value for record in history} == {"SUCCEEDED"}


def test_in_a_range_the_newest_window_stands_for_its_connection(
    from_ui: FromUi, connect: Connect, vendor: Vendor, verdicts: Verdicts
) -> None:
    vendor.incidents = [{"id": "", "title": "no key", "service": "s1", "updated_at": at(week(1))}, {"title": "none"}]
    assert from_ui([connect()], [RAW], week(1), week(0)).success
    assert (f"acme|{week(0)}", False) in verdicts(RAW, "keys")
    assert (None, False) in verdicts(RAW, "keys")


def test_a_record_that_fails_validation_warns_and_what_follows_runs(
    from_ui: FromUi, connect: Connect, vendor: Vendor, verdicts: Verdicts
) -> None:
    for number in range(20):
        vendor.incident(str(number), at(week(1)))
    vendor.incidents[0]["title"] = None
    from_ui([connect()], ["incidents/raw/services"])
    assert from_ui([connect()], [RAW, "incidents/tickets"], week(1), week(0)).success
    assert (f"acme|{week(0)}", False) in verdicts("incidents/tickets", "valid")


def stream_verdicts(**report: object) -> dict[str, bool]:
    found = checks.stream_verdicts(StreamReport("acme", "incidents", **report))  # type: ignore[arg-type]
    return {verdict.check: verdict.passed for verdict in found}


def test_a_key_that_a_whole_list_holds_twice_fails_the_keys() -> None:
    assert stream_verdicts()["keys"]
    assert not stream_verdicts(repeated=1)["keys"]


def test_a_stream_is_complete_unless_something_was_passed_over_or_there_is_a_gap() -> None:
    assert stream_verdicts()["complete"]
    assert not stream_verdicts(passed_over=["org 7: 403 Forbidden"])["complete"]
    assert not stream_verdicts(gap="nothing before 2026-01-05")["complete"]


def test_the_vendors_total_is_compared_where_it_gives_one() -> None:
    assert stream_verdicts(received=3)["total"]
    assert stream_verdicts(received=3, total=3)["total"]
    assert not stream_verdicts(received=3, total=4)["total"]


def test_a_changed_shape_is_drift() -> None:
    assert not stream_verdicts(drift=["new field: severity"])["drift"]


def test_stale_windows_and_duplicates_are_named() -> None:
    report = ParseReport("acme", "tickets", duplicates=["x"], stale=[week(3)])
    texts = {finding.check: finding.text for finding in checks.parser_verdicts(report) if not finding.passed}
    assert texts == {"unique": "x", "up_to_date": f"stale windows: {week(3)}"}


def test_a_result_over_several_connections_names_those_that_failed() -> None:
    good, bad = checks.Verdict("complete", True, "complete"), checks.Verdict("complete", False, "gap: x")
    result = checks.check_result(dg.AssetKey("a"), "complete", [("acme", good), ("beta", bad)])
    assert (result.passed, result.description) == (False, "beta: gap: x")
