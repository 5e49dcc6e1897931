"""GitHub's sandbox behaves as GitHub does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from dazz_assets.sandbox import Sandbox
from integrations.github.sandbox import ORGANISATION_ID, GitHubSandbox
from integrations.github.sandbox_data import timestamp

NOW = datetime(2025, 6, 1, tzinfo=UTC)
ALERTS = "/orgs/nimbus-works/dependabot/alerts"
NEWEST_FIRST = {"sort": "updated", "direction": "desc", "per_page": "100"}


class Api:
    """A client that follows GitHub's links."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **params: str) -> requests.Response:
        return self.session.get(self.url + path, params=params, timeout=5)

    def walk(self, path: str, **params: str) -> Iterator[dict[str, Any]]:
        page = self.get(path, **params)
        yield from page.json()
        while "next" in page.links:
            page = self.session.get(page.links["next"]["url"], timeout=5)
            yield from page.json()


@pytest.fixture(scope="module")
def vendor() -> GitHubSandbox:
    return GitHubSandbox(seed=1, now=NOW, repositories=120, alerts=450)


@pytest.fixture
def api(vendor: GitHubSandbox) -> Iterator[Api]:
    vendor.reset()
    with Sandbox([vendor]) as sandbox:
        client = Api(sandbox.url("github"), vendor.token)
        with client.session:
            yield client


def key(alert: dict[str, Any]) -> str:
    return f"[{alert['repository']['id']},{alert['number']}]"


def test_repositories_come_in_numbered_pages(api: Api) -> None:
    first = api.get("/orgs/nimbus-works/repos", per_page="100")

    assert len(first.json()) == 100
    assert first.links["next"]["url"] == f"{api.url}/organizations/{ORGANISATION_ID}/repos?per_page=100&page=2"
    assert len({repository["id"] for repository in api.walk("/orgs/nimbus-works/repos", per_page="100")}) == 120


def test_alerts_come_newest_first_each_once(api: Api, vendor: GitHubSandbox) -> None:
    alerts = list(api.walk(ALERTS, **NEWEST_FIRST))

    times = [alert["updated_at"] for alert in alerts]
    assert times == sorted(times, reverse=True)
    assert {key(alert) for alert in alerts} == {key(alert) for alert in vendor.alerts.values()}
    assert len(alerts) == 450


def test_many_alerts_share_a_time(vendor: GitHubSandbox) -> None:
    assert len({alert["created_at"] for alert in vendor.alerts.values()}) < 300


def test_next_links_name_the_organisation_by_number_and_keep_the_query(api: Api) -> None:
    url = api.get(ALERTS, **NEWEST_FIRST).links["next"]["url"]

    start = (
        f"{api.url}/organizations/{ORGANISATION_ID}/dependabot/alerts?sort=updated&direction=desc&per_page=100&after="
    )
    assert url.startswith(start)


def test_previous_links_lead_back(api: Api) -> None:
    first = api.get(ALERTS, **NEWEST_FIRST)
    second = api.session.get(first.links["next"]["url"], timeout=5)

    assert api.session.get(second.links["prev"]["url"], timeout=5).json() == first.json()


@pytest.mark.parametrize("parameter", ["page", "first", "last"])
def test_alerts_are_not_paged_by_number(api: Api, parameter: str) -> None:
    answer = api.get(ALERTS, **{parameter: "2"})

    assert answer.status_code == 400
    assert parameter in answer.json()["message"]


def test_a_page_has_thirty_records_unless_asked_and_never_more_than_a_hundred(api: Api) -> None:
    assert len(api.get(ALERTS).json()) == 30
    assert len(api.get(ALERTS, per_page="500").json()) == 100


def test_alerts_are_filtered_by_state(api: Api) -> None:
    states = {alert["state"] for alert in api.walk(ALERTS, state="fixed,dismissed", per_page="100")}

    assert states == {"fixed", "dismissed"}


def test_a_sort_that_does_not_exist_is_refused(api: Api) -> None:
    assert api.get(ALERTS, sort="severity").status_code == 422


def test_a_wrong_token_is_bad_credentials(api: Api) -> None:
    api.session.headers["Authorization"] = "Bearer wrong"
    answer = api.get(ALERTS)

    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


def test_an_unknown_organisation_is_not_found(api: Api) -> None:
    answer = api.get("/orgs/nobody/dependabot/alerts")

    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


def test_a_version_that_does_not_exist_is_refused(api: Api) -> None:
    api.session.headers["X-GitHub-Api-Version"] = "1999-01-01"

    assert api.get(ALERTS).status_code == 400


def test_headers_tell_what_is_left(api: Api) -> None:
    api.get(ALERTS)
    headers = api.get(ALERTS).headers

    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-used"]) == ("5000", "2")
    assert headers["x-ratelimit-remaining"] == "4998"
    assert int(headers["x-ratelimit-reset"]) > datetime.now(UTC).timestamp()


@pytest.mark.parametrize("status", [403, 429])
def test_over_the_limit_it_refuses_and_says_so(status: int) -> None:
    vendor = GitHubSandbox(now=NOW, repositories=2, alerts=2, limit=1, over_limit=status)
    with Sandbox([vendor]) as sandbox:
        api = Api(sandbox.url("github"), vendor.token)
        api.get(ALERTS)
        answer = api.get(ALERTS)

    assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (status, "0")
    assert answer.json()["message"].startswith("API rate limit exceeded")


def test_after_a_change_exactly_the_alerts_it_names_are_newer(api: Api, vendor: GitHubSandbox) -> None:
    before = {key(alert) for alert in api.walk(ALERTS, **NEWEST_FIRST)}
    change = vendor.change(7)
    after = list(api.walk(ALERTS, **NEWEST_FIRST))

    touched = change.changed["dependabot_alerts"] + change.added["dependabot_alerts"]
    newer = [key(alert) for alert in after if alert["updated_at"] > timestamp(change.at)]
    assert sorted(newer) == sorted(touched)
    assert [key(alert) for alert in after[: len(touched)]] == newer
    assert before - {key(alert) for alert in after} == set(change.removed["dependabot_alerts"])


def test_changes_never_lie_in_the_future(vendor: GitHubSandbox) -> None:
    vendor.reset()
    for seed in range(20):
        vendor.change(seed)

    assert max(alert["updated_at"] for alert in vendor.alerts.values()) <= timestamp(NOW)


def test_a_repository_that_disappears_takes_its_alerts_along(api: Api, vendor: GitHubSandbox) -> None:
    [gone] = vendor.change(3).removed["repositories"]

    left = {str(repository["id"]) for repository in api.walk("/orgs/nimbus-works/repos", per_page="100")}
    assert gone not in left
    assert {str(alert["repository"]["id"]) for alert in api.walk(ALERTS, per_page="100")} <= left


def test_equal_seeds_and_changes_give_equal_records() -> None:
    one, two, other = (GitHubSandbox(seed, now=NOW, repositories=9, alerts=90) for seed in (5, 5, 6))
    assert one.alerts == two.alerts
    assert one.alerts != other.alerts

    assert [one.change(seed) for seed in (1, 2)] == [two.change(seed) for seed in (1, 2)]
    assert (one.alerts, one.repositories) == (two.alerts, two.repositories)


def test_a_few_thousand_alerts_over_a_year_up_to_yesterday_by_default() -> None:
    vendor = GitHubSandbox()
    times = sorted(alert["created_at"] for alert in vendor.alerts.values())

    assert len(times) == 2_500
    assert (datetime.fromisoformat(times[-1]) - datetime.fromisoformat(times[0])).days > 350
    assert 0 < (datetime.now(UTC) - datetime.fromisoformat(times[-1])).days < 5
