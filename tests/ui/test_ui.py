"""The Dagster UI shows syncs and launches runs, driven in a real browser."""

from __future__ import annotations

import pytest

from integrations.snyk.sandbox import SnykSandbox
from tests.ui.conftest import Project, TwoSyncs, this_week, window_of
from tests.ui.dagster_ui import Ui

# All tests share one server and one browser.
pytestmark = [pytest.mark.ui, pytest.mark.xdist_group("ui")]

FINDINGS = "select * from findings where connection = 'synced' order by id"
FRESH = "select key from raw.snyk_issues where connection = 'fresh' order by key"


def test_parsing_an_old_window_again_sends_no_request_and_restores_no_moved_record(
    project: Project, ui: Ui, two_syncs: TwoSyncs, vendor: SnykSandbox
) -> None:
    findings, requests = project.query(FINDINGS), project.requests

    ui.choose_partition("snyk/findings", "synced", two_syncs.window)
    ui.launch()

    assert project.requests == requests
    assert project.query(FINDINGS) == findings
    windows = {row["uid"]: row["window_start"] for row in findings}
    assert {key: windows[key] for key in vendor.issues} == {key: window_of(i) for key, i in vendor.issues.items()}
    ui.open_partition("snyk/findings", f"synced|{two_syncs.window}")
    left = sum(row["window_start"] == two_syncs.window for row in findings)
    assert int(ui.metadata()["dagster/partition_row_count"]) == left


def test_a_sync_shows_rows_mark_requests_and_waits(project: Project, ui: Ui, two_syncs: TwoSyncs) -> None:
    ui.open_events("snyk/raw/issues")
    ui.metadata()
    ui.screenshot("metadata")

    ui.open_partition("snyk/raw/issues", f"synced|{this_week()}")
    shown, report = ui.metadata(), two_syncs.reports["issues"]
    assert int(shown["dagster/partition_row_count"]) >= int(shown["dazz/rows_added"]) > 0
    assert int(shown["dagster/row_count"]) == project.stored_rows("issues")
    assert int(shown["dazz/requests"]) == report["requests"] > 0
    assert int(shown["dazz/retries"]) == report["retries"] == 0
    assert float(shown["dazz/waited_seconds"]) == pytest.approx(report["waited_seconds"], abs=0.01)
    assert shown["dazz/high_water_mark"].endswith("UTC")


def test_the_graph_shows_streams_that_feed_a_parser(ui: Ui) -> None:
    ui.open_group("snyk")
    ui.page.get_by_text("% filled").first.wait_for()
    left = {name: ui.left_edge(name) for name in ("orgs", "projects", "issues", "findings")}
    assert left["orgs"] < left["projects"] == left["issues"] < left["findings"]
    ui.screenshot("asset-graph")


def test_syncing_the_newest_window_alone_moves_no_mark_and_the_next_sync_fetches_the_rest(
    project: Project, ui: Ui, vendor: SnykSandbox
) -> None:
    project.run("sync", "snyk", "--connection", "fresh", "--stream", "orgs", "--stream", "projects")
    requests = project.requests

    ui.choose_partition("snyk/raw/issues", "fresh")
    ui.screenshot("partition")
    ui.launch()

    newest = sorted(key for key, issue in vendor.issues.items() if window_of(issue) == this_week())
    assert [row["key"] for row in project.query(FRESH)] == newest
    assert project.mark("fresh", "issues") is None
    ui.open_partition("snyk/raw/issues", f"fresh|{this_week()}")
    shown = ui.metadata()
    assert int(shown["dagster/partition_row_count"]) == len(newest) > 0
    assert int(shown["dazz/requests"]) == project.requests - requests > 0
    assert "dazz/high_water_mark" not in shown

    report = project.run("sync", "snyk", "--connection", "fresh")
    (issues,) = (item for item in report["streams"] if item["stream"] == "issues")
    assert issues["high_water_mark"] is not None
    assert [row["key"] for row in project.query(FRESH)] == sorted(vendor.issues)


def test_the_page_of_an_asset_shows_the_rows_of_all_its_partitions(project: Project, ui: Ui) -> None:
    ui.open_overview("snyk/findings")
    assert ui.row_count() == project.count("findings")
    ui.screenshot("asset")


def test_a_failed_check_shows_its_reason_and_what_is_in_quarantine_also_after_an_idle_sync(
    project: Project, ui: Ui, vendor: SnykSandbox
) -> None:
    newest = max(vendor.issues.values(), key=lambda issue: str(issue["attributes"]["updated_at"]))
    window, attributes = window_of(newest), newest["attributes"]
    attributes["status"] = 4711
    project.run("sync", "snyk", "--connection", "synced", "--refetch")
    for _ in range(2):
        ui.open_check("snyk/findings", "records_valid")
        reason = f"findings: 1 record is in quarantine (1 of issues in window {window})"
        ui.page.get_by_text(reason).first.wait_for()
        assert ui.row_of("number 9999") == [
            "synced",
            window,
            "issues",
            newest["id"],
            "attributes.status: Input should be a valid string",
            "number 9999",
        ]
        project.run("sync", "snyk", "--connection", "synced")
    ui.screenshot("check")
