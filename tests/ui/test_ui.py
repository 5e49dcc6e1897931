"""The Dagster UI shows and does what it should, driven in a real browser."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from integrations.snyk.sandbox import SnykSandbox
from tests.ui.conftest import Project
from tests.ui.dagster_ui import Ui

# One server and one browser serve all of them.
pytestmark = [pytest.mark.ui, pytest.mark.xdist_group("ui")]

FINDINGS = "select * from findings where connection = 'synced' order by id"


def window_of(issue: dict[str, Any]) -> str:
    day = datetime.fromisoformat(issue["attributes"]["updated_at"]).astimezone(UTC).date()
    return (day - timedelta(days=day.weekday())).isoformat()


def this_week() -> str:
    today = datetime.now(UTC).date()
    return date.fromordinal(today.toordinal() - today.weekday()).isoformat()


@pytest.fixture(scope="module")
def moved(project: Project, vendor: SnykSandbox) -> str:
    """Syncs `synced`, lets issues change, and syncs it again; gives a window that lost an issue to the newest one."""
    project.run("sync", "snyk", "--connection", "synced")
    before = {key: window_of(issue) for key, issue in vendor.issues.items()}
    changed = vendor.change(1).changed["issues"]
    project.run("sync", "snyk", "--connection", "synced")
    return min(before[key] for key in changed)


def test_the_newest_window_alone_moves_no_mark_and_the_next_sync_fetches_the_rest(
    project: Project, ui: Ui, vendor: SnykSandbox
) -> None:
    project.run("sync", "snyk", "--connection", "fresh", "--stream", "orgs", "--stream", "projects")
    newest = {key for key, issue in vendor.issues.items() if window_of(issue) == this_week()}
    before = project.requests

    ui.choose_partition("snyk/raw/issues", "fresh")
    ui.screenshot("partition")
    ui.launch()

    stored = project.query("select key from raw.snyk_issues where connection = 'fresh'")
    assert {row["key"] for row in stored} == newest
    assert project.mark("fresh", "issues") is None
    ui.open_partition("snyk/raw/issues", f"fresh|{this_week()}")
    shown = ui.metadata()
    assert int(shown["dagster/row_count"]) == len(newest) > 0
    assert int(shown["dazz/requests"]) == project.requests - before > 0
    assert float(shown["dazz/waited_seconds"]) >= 0
    assert "dazz/high_water_mark" not in shown

    project.run("sync", "snyk", "--connection", "fresh")
    stored = project.query("select key from raw.snyk_issues where connection = 'fresh'")
    assert sorted(row["key"] for row in stored) == sorted(vendor.issues)
    assert project.mark("fresh", "issues") is not None


def test_an_old_window_parsed_again_alone_makes_no_request_and_brings_nothing_stale_back(
    project: Project, ui: Ui, moved: str
) -> None:
    findings, before = project.query(FINDINGS), project.requests
    left = sum(row["window_start"] == moved for row in findings)

    ui.choose_partition("snyk/findings", "synced", moved)
    ui.launch()

    assert project.requests == before
    assert project.query(FINDINGS) == findings
    ui.open_partition("snyk/findings", f"synced|{moved}")
    assert int(ui.metadata()["dagster/row_count"]) == left


def test_a_sync_shows_rows_cursor_requests_and_waits(ui: Ui, moved: str) -> None:
    ui.open_events("snyk/raw/issues")
    shown = ui.metadata()
    assert {
        "dagster/row_count",
        "dazz/rows_added",
        "dazz/high_water_mark",
        "dazz/requests",
        "dazz/retries",
        "dazz/waited_seconds",
    } <= shown.keys()
    ui.screenshot("metadata")


def test_the_graph_shows_streams_that_feed_a_parser(ui: Ui, moved: str) -> None:
    ui.open_group("snyk")
    ui.page.get_by_text("100% filled").first.wait_for()
    places = {}
    for name in ("orgs", "projects", "issues", "findings"):
        box = ui.node(name).bounding_box()
        assert box is not None, name
        places[name] = box["x"]
    assert places["orgs"] < places["projects"] == places["issues"] < places["findings"]
    ui.screenshot("asset-graph")
