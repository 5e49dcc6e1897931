"""Syncs from Jira's sandbox bring what it has, and what changes, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.sandbox import Fault, SandboxRequest, SandboxResponse
from integrations.jira.sandbox_data import timestamp
from integrations.jira.sandbox_jql import milliseconds
from tests.integrations.jira_site import Site, jira_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with jira_site(tmp_path) as site:
        yield site


def comments(site: Site) -> dict[str, object]:
    return {comment["id"]: comment for said in site.vendor.comments.values() for comment in said}


def test_a_first_sync_brings_all_there_is(site: Site) -> None:
    reports = site.sync()

    assert {name: report.records for name, report in reports.items()} == {
        "projects": 5,
        "users": 70,
        "issues": 90,
        "comments": len(comments(site)),
    }
    assert site.records("projects") == site.vendor.projects
    assert site.records("users") == site.vendor.users
    assert site.records("comments") == comments(site)
    updated = {number: issue["fields"]["updated"] for number, issue in site.vendor.issues.items()}
    assert {number: issue["fields"]["updated"] for number, issue in site.records("issues").items()} == updated
    assert not any(report.warnings for report in reports.values())


def test_all_of_it_becomes_work_items_and_identities(site: Site) -> None:
    site.sync()
    assert (site.parse("work_items").objects, site.parse("identities").objects) == (90, 70)

    joined = site.rows("select count(*) as n from work_items w join identities i on w.creator_id = i.id")
    parts = site.rows("select count(*) as n from work_items p join work_items w on p.parent_id = w.id")
    assert joined == [{"n": 90}]
    assert parts == [{"n": sum("parent" in issue["fields"] for issue in site.vendor.issues.values())}]
    assert site.rows("from quarantine") == []


def test_the_next_sync_brings_exactly_what_changed(site: Site) -> None:
    site.sync()
    change = site.vendor.change(3)
    reports = site.sync()

    for stream in ("issues", "comments"):
        assert reports[stream].records == len(change.changed[stream]) + len(change.added[stream])
    # Those of the project that was archived stay: nothing lists them any more, and nothing says that they are gone.
    assert change.removed["comments"]
    assert site.records("comments").keys() == comments(site).keys() | set(change.removed["comments"])


def test_an_issue_and_a_comment_that_were_deleted_stay_until_all_is_fetched_again(site: Site) -> None:
    site.sync()
    gone, emptied = [number for number, said in site.vendor.comments.items() if said][:2]
    removed = {comment["id"] for number in (gone, emptied) for comment in site.vendor.comments.pop(number)}
    del site.vendor.issues[gone]
    site.vendor.unindexed = {gone}
    site.sync()
    assert gone in site.records("issues")
    assert removed <= site.records("comments").keys()

    session = site.session
    for name in ("issues", "comments"):
        sync_stream(session, site.spec.streams[name], SyncRange(refetch=True))
    assert site.records("issues").keys() == site.vendor.issues.keys()
    assert site.records("comments").keys() == comments(site).keys()


def test_only_the_comments_of_issues_that_changed_are_asked_for(site: Site) -> None:
    site.sync()
    change = site.vendor.change(3)
    site.vendor.traffic.clear()
    site.sync()

    asked = [path.split("/")[-2] for path in site.paths() if path.endswith("/comment")]
    assert sorted(asked) == sorted(change.changed["issues"] + change.added["issues"])


def test_a_sync_without_changes_asks_for_no_comments(site: Site) -> None:
    site.sync()
    site.vendor.traffic.clear()
    reports = site.sync("issues", "comments")

    assert [report.records for report in reports.values()] == [0, 0]
    assert site.paths() == ["/rest/api/3/myself", "/rest/api/3/search/jql"]


def test_issues_that_the_search_showed_late_are_found_by_the_look_back(site: Site) -> None:
    site.sync()
    change = site.vendor.change(3)
    changed = change.changed["issues"] + change.added["issues"]
    updated = {number: site.vendor.issues[number]["fields"] for number in changed}
    newest = max(milliseconds(fields["updated"]) for fields in updated.values())
    late = next(number for number in changed if milliseconds(updated[number]["updated"]) < newest)
    just_before = datetime.fromtimestamp(newest / 1000, UTC) - timedelta(minutes=9)
    updated[late]["updated"] = timestamp(just_before)
    site.vendor.unindexed = {late}
    first = site.sync("issues")["issues"].records
    site.vendor.unindexed = set()

    assert (first, site.sync("issues")["issues"].records) == (len(changed) - 1, 1)


def test_a_page_token_that_expired_begins_the_search_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[SandboxRequest] = []
    respond = site.vendor.respond

    def forget_once(request: SandboxRequest) -> SandboxResponse:
        response = respond(request)
        if not forgotten and b"nextPageToken" in response.body:
            site.vendor.forget_pages()
            forgotten.append(request)
        return response

    monkeypatch.setattr(site.vendor, "respond", forget_once)
    site.sync("issues")

    assert site.vendor.traffic.stats().statuses[400] == 1
    assert site.records("issues").keys() == site.vendor.issues.keys()


def test_a_search_that_says_there_is_more_without_a_token_fails(site: Site) -> None:
    body: dict[str, object] = {"issues": [], "isLast": False}
    site.vendor.faults.add(Fault(kind="status", path="*/search/jql", status=200, times=20, body=body))

    with pytest.raises(SyncError, match="`isLast` in the page says that there is more"):
        site.sync("issues")


def test_a_wrong_token_fails_although_jira_answers_with_empty_lists(site: Site) -> None:
    site.config["token"] = "expired"

    with pytest.raises(SyncError, match="401"):
        site.sync("projects")
    assert site.paths() == ["/rest/api/3/myself"]


def test_issues_of_an_archived_project_become_closed(site: Site) -> None:
    site.sync()
    site.parse("work_items")
    change = site.vendor.change(3)
    site.sync()
    site.parse("work_items")

    [removed] = change.removed["projects"]
    rows = site.rows(f"select status, count(*) as n from work_items where project_uid = '{removed}' group by all")
    assert {row["status"] for row in rows} <= {"Closed", "Resolved"}
    assert sum(row["n"] for row in rows) == len(change.removed["issues"])


def test_oauth_goes_through_the_gateway_and_keeps_each_new_refresh_token(site: Site) -> None:
    site.config = site.vendor.oauth_settings(site.url)
    site.sync()
    assert len(site.records("issues")) == 90
    assert site.paths().count("/oauth/token") == 1

    site.vendor.traffic.clear()
    site.clock.now += 3_600
    site.sync("projects")
    assert site.paths().count("/oauth/token") == 1
    assert all(path.startswith("/ex/jira/") for path in site.paths() if path != "/oauth/token")


def test_a_refresh_token_that_someone_else_used_says_to_authorise_again(site: Site) -> None:
    site.config = site.vendor.oauth_settings(site.url)
    site.config["refresh_token"] = "used-before"

    with pytest.raises(SyncError, match=r"Unknown or invalid refresh token.*authorise the connection again"):
        site.sync("projects")


def test_comments_of_an_issue_that_was_deleted_meanwhile_are_passed_over_and_named(site: Site) -> None:
    site.sync("issues")
    gone = next(number for number, said in site.vendor.comments.items() if said)
    del site.vendor.issues[gone]
    report = site.sync("comments")["comments"]

    assert report.records == len(comments(site)) - len(site.vendor.comments[gone])
    assert gone in str(report)
