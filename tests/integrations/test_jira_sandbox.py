"""Jira's sandbox behaves as Jira does, and both it and our requests are as Jira's OpenAPI description says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from dazz_assets.sandbox import Sandbox
from integrations.jira.integration import FIELDS
from integrations.jira.sandbox import EMAIL, JiraSandbox
from integrations.jira.sandbox_data import timestamp
from integrations.jira.sandbox_jql import milliseconds
from tests.integrations.jira_site import jira_site
from tests.integrations.openapi import OpenApi

NOW = datetime(2025, 6, 1, tzinfo=UTC)
ALL = "updated >= 0 ORDER BY updated ASC"


class Api:
    """A client of Jira's API."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.auth = (EMAIL, token)

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.session.get(f"{self.url}/rest/api/3/{path}", params=params, timeout=5)

    def search(self, jql: str, **params: Any) -> list[dict[str, Any]]:
        page = self.get("search/jql", jql=jql, **params).json()
        found = list(page["issues"])
        while token := page.get("nextPageToken"):
            page = self.get("search/jql", jql=jql, **params, nextPageToken=token).json()
            found += page["issues"]
        return found

    def ids(self, jql: str) -> list[str]:
        return [issue["id"] for issue in self.search(jql)]


@pytest.fixture(scope="module")
def vendor() -> JiraSandbox:
    return JiraSandbox(seed=1, now=NOW, projects=6, users=70, issues=130)


@pytest.fixture
def api(vendor: JiraSandbox) -> Iterator[Api]:
    vendor.reset()
    with Sandbox([vendor]) as sandbox:
        client = Api(sandbox.url("jira"), vendor.token)
        with client.session:
            yield client


def test_all_issues_come_once_in_the_order_of_their_last_change(api: Api, vendor: JiraSandbox) -> None:
    found = api.search(ALL, fields="updated", maxResults=100)

    assert sorted(issue["id"] for issue in found) == sorted(vendor.issues)
    times = [milliseconds(issue["fields"]["updated"]) for issue in found]
    assert times == sorted(times)


def test_a_page_may_have_fewer_issues_than_asked_for_and_is_not_the_last(api: Api) -> None:
    page = api.get("search/jql", jql=ALL, maxResults=100).json()

    assert (len(page["issues"]), page["isLast"], "nextPageToken" in page) == (50, False, True)


def test_without_fields_only_ids_come(api: Api) -> None:
    assert [list(issue) for issue in api.search("project = SHOP")[:2]] == [["id"], ["id"]]


def test_a_token_is_for_the_same_query_only(api: Api) -> None:
    token = api.get("search/jql", jql=ALL).json()["nextPageToken"]
    answer = api.get("search/jql", jql="updated >= 1 ORDER BY updated ASC", nextPageToken=token)

    assert answer.status_code == 400


def test_bounds_in_milliseconds_are_exact_and_know_no_zone(api: Api, vendor: JiraSandbox) -> None:
    times = sorted(milliseconds(issue["fields"]["updated"]) for issue in vendor.issues.values())
    since, until = times[30], times[90]

    found = api.ids(f"updated >= {since} AND updated < {until} ORDER BY updated ASC")
    assert len(found) == sum(since <= time < until for time in times)


def test_bounds_as_text_are_read_in_the_zone_of_the_user(api: Api) -> None:
    noon_in_berlin = int(datetime(2025, 1, 15, 11, tzinfo=UTC).timestamp() * 1000)

    assert api.get("myself").json()["timeZone"] == "Europe/Berlin"
    assert api.ids('updated >= "2025-01-15 12:00"') == api.ids(f"updated >= {noon_in_berlin}")


def test_times_have_milliseconds_and_an_offset_without_a_colon() -> None:
    assert timestamp(datetime(2025, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)) == "2025-01-02T04:04:05.678+0100"
    assert timestamp(datetime(2025, 7, 2, 3, 4, 5, tzinfo=UTC)) == "2025-07-02T05:04:05.000+0200"


@pytest.mark.parametrize(
    ("jql", "told"),
    [
        ("", "Unbounded JQL"),
        ("ORDER BY updated ASC", "Unbounded JQL"),
        ("updated >= yesterday", "Date value 'yesterday' for field 'updated' is invalid"),
        ("updated ~ 5", "Error in the JQL Query"),
        ("colour = red", "Field 'colour' does not exist"),
        ("updated >= 0 ORDER BY colour", "Not able to sort using field 'colour'"),
    ],
)
def test_a_query_that_jira_or_the_sandbox_does_not_take_is_refused(api: Api, jql: str, told: str) -> None:
    answer = api.get("search/jql", jql=jql)

    assert answer.status_code == 400
    assert told in answer.json()["errorMessages"][0]


def test_the_old_search_is_gone(api: Api) -> None:
    answer = api.get("search", jql=ALL)

    assert (answer.status_code, "search/jql" in answer.json()["errorMessages"][0]) == (410, True)


def test_users_are_a_bare_list_whose_last_page_is_empty(api: Api, vendor: JiraSandbox) -> None:
    pages = [api.get("users/search", startAt=start, maxResults=200).json() for start in (0, 50, 70)]

    assert [len(page) for page in pages] == [50, 20, 0]
    assert [user["accountId"] for page in pages for user in page] == list(vendor.users)
    kinds = {user["accountType"] for user in vendor.users.values()}
    assert kinds == {"atlassian", "app", "customer"}
    assert any(user["displayName"] == "Former user" for user in vendor.users.values())


def test_projects_come_with_a_total_and_comments_too(api: Api, vendor: JiraSandbox) -> None:
    projects = api.get("project/search", maxResults=2).json()
    busy = max(vendor.comments, key=lambda number: len(vendor.comments[number]))
    comments = api.get(f"issue/{busy}/comment", maxResults=2).json()

    assert (projects["total"], projects["isLast"], len(projects["values"])) == (6, False, 2)
    assert (comments["total"], len(comments["comments"])) == (len(vendor.comments[busy]), 2)
    assert "isLast" not in comments


def test_comments_of_an_unknown_issue_are_not_found(api: Api) -> None:
    assert api.get("issue/1/comment").status_code == 404


def test_a_wrong_token_sees_empty_lists_as_a_stranger_would(api: Api) -> None:
    api.session.auth = (EMAIL, "expired")
    answer = api.get("project/search")

    assert (answer.status_code, answer.json()["values"]) == (200, [])
    assert answer.headers["x-seraph-loginreason"] == "AUTHENTICATED_FAILED"
    assert api.get("search/jql", jql=ALL).json()["issues"] == []
    assert api.get("myself").status_code == 401


def test_a_refresh_token_works_once(api: Api, vendor: JiraSandbox) -> None:
    config = vendor.oauth_settings(api.url)
    form = {name: config[name] for name in ("client_id", "client_secret", "refresh_token")}
    answers = [
        requests.post(f"{api.url}/oauth/token", data={"grant_type": "refresh_token", **form}, timeout=5)
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 403]
    bearer = {"Authorization": f"Bearer {answers[0].json()['access_token']}"}
    through = [
        requests.get(f"{url}/rest/api/3/myself", headers=bearer, timeout=5) for url in (config["base_url"], api.url)
    ]
    assert [answer.status_code for answer in through] == [200, 401]


def test_after_a_change_exactly_the_issues_it_names_are_newer(api: Api, vendor: JiraSandbox) -> None:
    before = set(vendor.issues)
    change = vendor.change(7)

    newer = api.ids(f"updated > {int(change.at.timestamp() * 1000)} ORDER BY updated ASC")
    assert sorted(newer) == sorted(change.changed["issues"] + change.added["issues"])
    assert before - set(vendor.issues) == set(change.removed["issues"])


def test_a_comment_that_changes_changes_its_issue(vendor: JiraSandbox) -> None:
    vendor.reset()
    change = vendor.change(7)

    changed = {*change.changed["comments"], *change.added["comments"]}
    homes = {home: said for home, said in vendor.comments.items() if changed & {comment["id"] for comment in said}}
    assert set(homes) <= {*change.changed["issues"], *change.added["issues"]}
    for home, said in homes.items():
        assert (
            vendor.issues[home]["fields"]["updated"]
            == max(said, key=lambda item: milliseconds(item["updated"]))["updated"]
        )


def test_changes_never_lie_in_the_future(vendor: JiraSandbox) -> None:
    vendor.reset()
    for seed in range(20):
        vendor.change(seed)

    assert max(milliseconds(issue["fields"]["updated"]) for issue in vendor.issues.values()) <= NOW.timestamp() * 1000


def test_equal_seeds_and_changes_give_equal_records() -> None:
    one, two, other = (JiraSandbox(seed, now=NOW, users=20, issues=40) for seed in (5, 5, 6))
    assert one.issues == two.issues
    assert one.issues != other.issues

    assert [one.change(seed) for seed in (1, 2)] == [two.change(seed) for seed in (1, 2)]
    assert (one.issues, one.users, one.comments) == (two.issues, two.users, two.comments)


@pytest.mark.skipif("VENDOR_DATA" not in os.environ, reason="VENDOR_DATA is not set: the vendors' own data is not here")
@pytest.mark.parametrize("by_oauth", [False, True])
def test_requests_of_two_syncs_and_their_answers_are_as_jira_describes_them(tmp_path: Path, by_oauth: bool) -> None:
    description = OpenApi.load("jira/openapi.json", null_is_absent=True)
    checked: set[str] = set()
    with jira_site(tmp_path) as site:
        site.limit(burst=100_000)  # Each request is sent, and then asked again here.
        if by_oauth:
            site.config = site.vendor.oauth_settings(site.url)
        for seed in (1, 2):
            site.sync()
            for served in site.vendor.traffic.log:
                if served.request.path == "/oauth/token":
                    continue
                answer = site.vendor.respond(served.request)
                path = served.request.path.removeprefix(f"/ex/jira/{site.config.get('cloud_id')}")
                description.check(replace(served.request, path=path), answer)
                checked.add(path.rpartition("/")[2])
            site.vendor.change(seed)
            site.vendor.traffic.clear()

    assert checked == {"myself", "search", "jql", "comment"}


def test_the_fields_that_are_asked_for_are_all_that_come(tmp_path: Path) -> None:
    with jira_site(tmp_path, issues=20) as site:
        site.sync("issues")
        fields = {name for issue in site.records("issues").values() for name in issue["fields"]}

    assert fields == set(FIELDS)


def test_a_few_hundred_issues_by_default() -> None:
    vendor = JiraSandbox()

    assert (len(vendor.projects), len(vendor.users), len(vendor.issues)) == (11, 120, 240)
