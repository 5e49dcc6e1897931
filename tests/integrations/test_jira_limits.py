"""What a sync does when Jira limits or refuses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dazz_assets.assistant.stream_checks import ConnectionRefused, check_streams
from dazz_assets.errors import SyncError
from dazz_assets.sandbox import Fault
from integrations.jira.integration import JiraIntegration
from tests.integrations.jira_site import NOW, Site, jira_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with jira_site(tmp_path) as site:
        yield site


def statuses(site: Site) -> dict[int, int]:
    return site.vendor.traffic.stats().statuses


def test_requests_stay_below_the_documented_burst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JiraIntegration, "concurrency", 1)  # Several threads would move the clock at will.
    with jira_site(tmp_path, issues=150) as site:
        site.sync("issues", "comments")

        assert set(statuses(site)) == {200}


def test_a_lower_burst_is_waited_out_by_that_endpoint(site: Site) -> None:
    site.limit(burst=5)
    site.sync("issues", "comments")

    assert set(site.records("comments")) == {item["id"] for said in site.vendor.comments.values() for item in said}
    assert statuses(site)[429] > 0
    refused = {served.request.path.rpartition("/")[2] for served in site.vendor.traffic.log if served.status == 429}
    assert refused == {"comment"}


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "7", "RateLimit-Reason": "jira-burst-based"}, 7),
        (429, {"RateLimit-Reason": "jira-cost-based", "X-RateLimit-Reset": "2026-06-01T00:03Z"}, 180),
        (429, {"Retry-After": "9", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-06-01T00:00Z"}, 9),
        (503, {"Retry-After": "12"}, 12),
    ],
)
def test_the_wait_that_jira_asks_for_is_kept(site: Site, status: int, headers: dict[str, str], seconds: float) -> None:
    site.vendor.faults.add(Fault(kind="status", path="*/search/jql", status=status, headers=headers))
    site.sync("issues")

    assert len(site.records("issues")) == 90
    assert site.clock.now - NOW.timestamp() >= seconds


def test_points_that_are_used_up_for_long_fail_the_sync_and_the_next_one_goes_on(site: Site) -> None:
    site.config = site.vendor.oauth_settings(site.url)
    site.limit(points=200)
    site.sync("projects", "issues")
    with pytest.raises(SyncError, match=r"The vendor asks to wait 3\d\d\d s"):
        site.sync("comments")
    asked = sum(path.endswith("/comment") for path in site.paths())

    site.clock.now += 3_600
    site.vendor.traffic.clear()
    site.limit()
    site.sync("comments")
    assert set(site.records("comments")) == {item["id"] for said in site.vendor.comments.values() for item in said}
    assert sum(path.endswith("/comment") for path in site.paths()) < 90 < asked + 90


def test_who_may_not_browse_users_is_told_so_and_the_rest_is_synced(site: Site) -> None:
    site.vendor.may_browse_users = False

    with pytest.raises(SyncError, match=r"403.*You do not have permission to browse users"):
        site.sync("users")
    assert site.sync("projects")["projects"].records == 5


def test_a_scope_that_is_missing_is_told(site: Site) -> None:
    site.config = site.vendor.oauth_settings(site.url)
    site.vendor.oauth.scopes.discard("read:jira-work")

    with pytest.raises(SyncError, match="scope does not match"):
        site.sync("projects")


def test_the_check_says_which_stream_lacks_which_permission(site: Site) -> None:
    site.vendor.may_browse_users = False
    checked = {check.name: check for check in check_streams(site.session)}

    assert {name: check.outcome for name, check in checked.items()} == {
        "fact me": "works",
        "projects": "works",
        "users": "refused",
        "issues": "works",
        "comments": "works",
    }
    assert checked["users"].needs == ("read:jira-user", "Browse users and groups")


def test_the_check_refuses_a_wrong_token_although_lists_come(site: Site) -> None:
    site.config["token"] = "expired"

    with pytest.raises(ConnectionRefused, match=r"/rest/api/3/myself: 401 Unauthorized"):
        check_streams(site.session)
