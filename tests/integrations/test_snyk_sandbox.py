"""Snyk's sandbox behaves as Snyk does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from dazz_assets.sandbox import Sandbox
from integrations.snyk.sandbox import SnykSandbox
from integrations.snyk.sandbox_data import timestamp

NOW = datetime(2025, 6, 1, tzinfo=UTC)
VERSION = "2024-10-15"


class Api:
    """A client that follows Snyk's links."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"token {token}"

    def get(self, path: str, **params: str) -> requests.Response:
        query = {"version": VERSION, "limit": "100", **params}
        kept = {name: value for name, value in query.items() if value}
        return self.session.get(self.url + path, params=kept, timeout=5)

    def walk(self, path: str, prefix: str = "", **params: str) -> Iterator[dict[str, Any]]:
        page = self.get(path, **params).json()
        yield from page["data"]
        while following := page["links"].get("next"):
            page = self.session.get(self.url + prefix + following, timeout=5).json()
            yield from page["data"]

    def issues(self, **params: str) -> list[dict[str, Any]]:
        orgs = [org["id"] for org in self.walk("/rest/orgs")]
        return [issue for org in orgs for issue in self.walk(f"/rest/orgs/{org}/issues", **params)]


@pytest.fixture(scope="module")
def vendor() -> SnykSandbox:
    return SnykSandbox(seed=1, now=NOW, orgs=3, projects=30, issues=450)


@pytest.fixture
def api(vendor: SnykSandbox) -> Iterator[Api]:
    vendor.reset()
    vendor.rest_in_links = True
    with Sandbox([vendor]) as sandbox:
        client = Api(sandbox.url("snyk"), vendor.token)
        with client.session:
            yield client


def ids(records: list[dict[str, Any]]) -> list[str]:
    return sorted(record["id"] for record in records)


def busiest(vendor: SnykSandbox) -> str:
    counts: dict[str, int] = {}
    for issue in vendor.issues.values():
        org = issue["relationships"]["organization"]["data"]["id"]
        counts[org] = counts.get(org, 0) + 1
    return max(counts, key=lambda org: counts[org])


def test_issues_of_all_organisations_come_each_once(api: Api, vendor: SnykSandbox) -> None:
    assert ids(api.issues()) == sorted(vendor.issues)


def test_projects_come_by_organisation(api: Api, vendor: SnykSandbox) -> None:
    projects = [p for org in vendor.orgs for p in api.walk(f"/rest/orgs/{org}/projects", limit="10")]

    assert ids(projects) == sorted(vendor.projects)


def test_the_last_organisation_is_empty(api: Api, vendor: SnykSandbox) -> None:
    page = api.get(f"/rest/orgs/{list(vendor.orgs)[-1]}/issues").json()

    assert page["data"] == []
    assert "next" not in page["links"]


def test_next_links_are_relative_and_hold_the_whole_query(api: Api, vendor: SnykSandbox) -> None:
    org = busiest(vendor)
    following = api.get(f"/rest/orgs/{org}/issues").json()["links"]["next"]

    assert following.startswith(f"/rest/orgs/{org}/issues?version={VERSION}&limit=100&starting_after=v1.")


def test_next_links_may_lack_the_prefix_that_requests_need(api: Api, vendor: SnykSandbox) -> None:
    vendor.rest_in_links = False
    org = busiest(vendor)
    following = api.get(f"/rest/orgs/{org}/issues").json()["links"]["next"]

    assert following.startswith(f"/orgs/{org}/issues?")
    assert api.session.get(api.url + following, timeout=5).status_code == 404
    assert len(list(api.walk(f"/rest/orgs/{org}/issues", prefix="/rest"))) > 100


def test_issues_since_a_time_take_the_time_itself_in_and_leave_the_end_out(api: Api) -> None:
    times = sorted(datetime.fromisoformat(issue["attributes"]["updated_at"]) for issue in api.issues())
    since, until = times[100], times[300]

    found = api.issues(updated_after=timestamp(since), updated_before=timestamp(until))
    assert len(found) == sum(since <= time < until for time in times)


def test_issues_are_filtered_by_type_and_status(api: Api) -> None:
    found = api.issues(type="code,license", status="resolved")

    assert {issue["attributes"]["type"] for issue in found} == {"code", "license"}
    assert {issue["attributes"]["status"] for issue in found} == {"resolved"}


def test_there_are_issues_of_every_type(vendor: SnykSandbox) -> None:
    kinds = {issue["attributes"]["type"] for issue in vendor.issues.values()}

    assert kinds == {"package_vulnerability", "license", "code", "cloud", "config", "custom"}


@pytest.mark.parametrize(
    "refused",
    [
        {"version": ""},
        {"version": "latest"},
        {"limit": "5"},
        {"limit": "105"},
        {"limit": "200"},
        {"updated_after": "yesterday"},
        {"updated_after": "2025-01-01T00:00:00"},
        {"starting_after": "v1.nonsense"},
    ],
)
def test_a_bad_parameter_is_refused_with_an_explanation(api: Api, vendor: SnykSandbox, refused: dict[str, str]) -> None:
    answer = api.get(f"/rest/orgs/{busiest(vendor)}/issues", **refused)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"]


def test_a_wrong_token_is_refused(api: Api) -> None:
    api.session.headers["Authorization"] = "token wrong"
    answer = api.get("/rest/orgs")

    assert (answer.status_code, answer.json()["errors"][0]["status"]) == (401, "401")


def test_an_unknown_organisation_is_not_found(api: Api) -> None:
    assert api.get("/rest/orgs/00000000-0000-4000-8000-000000000000/issues").status_code == 404


def test_the_newest_version_is_served_without_warnings(api: Api) -> None:
    headers = api.get("/rest/orgs").headers

    assert headers["snyk-version-served"] == VERSION
    assert "sunset" not in headers


def test_an_old_version_is_served_with_its_end_announced(api: Api) -> None:
    headers = api.get("/rest/orgs", version="2024-03-01").headers

    assert (headers["snyk-version-requested"], headers["snyk-version-served"]) == ("2024-03-01", "2024-01-23")
    assert headers["snyk-version-lifecycle-stage"] == "deprecated"
    assert "deprecation" in headers
    assert "sunset" in headers


def test_over_the_limit_it_refuses_with_nothing_in_the_headers() -> None:
    vendor = SnykSandbox(now=NOW, orgs=1, projects=1, issues=1, limit=1)
    with Sandbox([vendor]) as sandbox:
        api = Api(sandbox.url("snyk"), vendor.token)
        first, second = api.get("/rest/orgs"), api.get("/rest/orgs")

    assert (first.status_code, second.status_code) == (200, 429)
    assert not [name for name in second.headers if "limit" in name.lower() or "retry" in name.lower()]


def test_times_have_no_zeros_at_the_end_of_their_fraction() -> None:
    moment = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)

    assert timestamp(moment) == "2025-01-02T03:04:05Z"
    assert timestamp(moment + timedelta(milliseconds=310)) == "2025-01-02T03:04:05.31Z"


def test_after_a_change_exactly_the_issues_it_names_are_newer(api: Api, vendor: SnykSandbox) -> None:
    before = set(vendor.issues)
    change = vendor.change(7)

    newer = api.issues(updated_after=timestamp(change.at + timedelta(milliseconds=1)))
    assert ids(newer) == sorted(change.changed["issues"] + change.added["issues"])
    assert before - set(vendor.issues) == set(change.removed["issues"])


def test_changes_never_lie_in_the_future(vendor: SnykSandbox) -> None:
    vendor.reset()
    for seed in range(20):
        vendor.change(seed)

    times = [datetime.fromisoformat(issue["attributes"]["updated_at"]) for issue in vendor.issues.values()]
    assert max(times) <= NOW


def test_equal_seeds_and_changes_give_equal_records() -> None:
    one, two, other = (SnykSandbox(seed, now=NOW, projects=9, issues=90) for seed in (5, 5, 6))
    assert one.issues == two.issues
    assert one.issues != other.issues

    assert [one.change(seed) for seed in (1, 2)] == [two.change(seed) for seed in (1, 2)]
    assert (one.issues, one.projects) == (two.issues, two.projects)


def test_a_few_thousand_issues_by_default() -> None:
    vendor = SnykSandbox()

    assert (len(vendor.orgs), len(vendor.projects), len(vendor.issues)) == (6, 240, 3_000)


def test_levels_of_maturity_are_those_of_their_version_of_cvss(vendor: SnykSandbox) -> None:
    details = [issue["attributes"].get("exploit_details", {}) for issue in vendor.issues.values()]
    told = {(level["format"], level["level"]) for detail in details for level in detail.get("maturity_levels", [])}

    assert told == {
        *(("CVSSv3", level) for level in ("Not Defined", "Unproven", "Proof of Concept", "High")),
        *(("CVSSv4", level) for level in ("Not Defined", "Unreported", "Proof of Concept", "Attacked")),
    }
