"""GitHub's sandbox lists scanning alerts, work and members as GitHub does, and issues tokens to its App alone."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime

import jwt
import pytest

from dazz_assets.http.auth.signed_jwt import make_throwaway_key
from dazz_assets.sandbox import Sandbox
from integrations.github.sandbox import GitHubSandbox
from integrations.github.sandbox_alert_data import SECRETS as PROVIDERS
from integrations.github.sandbox_api import APP_ID, INSTALLATION_ID
from integrations.github.streams import GENERIC_SECRETS
from tests.integrations.test_github_sandbox import Api

NOW = datetime(2025, 6, 1, tzinfo=UTC)
SECRETS = "/orgs/nimbus-works/secret-scanning/alerts"


@pytest.fixture(scope="module")
def vendor() -> GitHubSandbox:
    return GitHubSandbox(
        seed=1, now=NOW, repositories=5, alerts=5, code_alerts=60, secret_alerts=60, members=9, issues=60, pulls=20
    )


@pytest.fixture
def api(vendor: GitHubSandbox) -> Iterator[Api]:
    vendor.reset()
    with Sandbox([vendor]) as sandbox:
        client = Api(sandbox.url("github"), vendor.token)
        with client.session:
            yield client


def test_a_secret_is_shown_unless_it_is_to_be_hidden(api: Api) -> None:
    shown, hidden = api.get(SECRETS).json(), api.get(SECRETS, hide_secret="true").json()

    assert all(alert["secret"] for alert in shown)
    assert not any("secret" in alert for alert in hidden)


def test_secrets_come_by_number_or_by_cursor_for_who_asks_with_an_empty_one(api: Api, vendor: GitHubSandbox) -> None:
    assert "page=2" in api.get(SECRETS, per_page="30").links["next"]["url"]
    assert "after=" in api.get(SECRETS, per_page="30", after="").links["next"]["url"]
    assert listed(api) == of_types(vendor, PROVIDERS)


def listed(api: Api, **params: str) -> set[tuple[int, int]]:
    alerts = api.walk(SECRETS, per_page="10", after="", **params)
    return {(alert["repository"]["id"], alert["number"]) for alert in alerts}


def of_types(vendor: GitHubSandbox, types: Collection[str]) -> set[tuple[int, int]]:
    return {key for key, alert in vendor.secret_alerts.items() if alert["secret_type"] in types}


def test_generic_secrets_are_listed_only_if_their_types_are_named(api: Api, vendor: GitHubSandbox) -> None:
    keys = ["rsa_private_key", "generic_private_key"]
    generic, some = ",".join(GENERIC_SECRETS), ",".join(keys)

    assert listed(api, secret_type=generic) == set(vendor.secret_alerts) - of_types(vendor, PROVIDERS)
    assert listed(api, secret_type=some) == of_types(vendor, keys) != set()
    assert not listed(api) & listed(api, secret_type=generic)


def test_a_new_secrets_alert_has_no_time_of_change(vendor: GitHubSandbox) -> None:
    times = {alert["state"]: alert["updated_at"] is None for alert in vendor.secret_alerts.values()}

    assert times == {"open": True, "resolved": False}


def test_issues_are_filtered_by_state_and_time_and_hold_the_pull_requests(api: Api, vendor: GitHubSandbox) -> None:
    repository = next(iter(vendor.repositories.values()))
    path = f"/repos/{repository['full_name']}/issues"
    all_, open_ = list(api.walk(path, state="all", per_page="100")), list(api.walk(path, per_page="100"))
    since = sorted(issue["updated_at"] for issue in all_)[len(all_) // 2]
    newer = list(api.walk(path, state="all", since=since, per_page="100"))

    assert {issue["state"] for issue in open_} == {"open"}
    assert {issue["id"] for issue in newer} == {issue["id"] for issue in all_ if issue["updated_at"] >= since}
    pulls = list(api.walk(f"/repos/{repository['full_name']}/pulls", state="all", per_page="100"))
    assert {pull["number"] for pull in pulls} == {issue["number"] for issue in all_ if "pull_request" in issue}
    assert pulls


def test_pull_requests_come_in_the_order_that_is_asked_for(api: Api, vendor: GitHubSandbox) -> None:
    repository = next(iter(vendor.repositories.values()))
    path = f"/repos/{repository['full_name']}/pulls"
    times = [pull["updated_at"] for pull in api.walk(path, state="all", sort="updated", direction="desc")]

    assert times == sorted(times, reverse=True)
    assert [pull["updated_at"] for pull in api.walk(path, state="all", sort="updated")] == times[::-1]


def test_members_are_listed_by_role(api: Api) -> None:
    members, owners = (api.get("/orgs/nimbus-works/members", role=role).json() for role in ("all", "admin"))

    assert (len(members), len(owners)) == (9, 2)
    assert {owner["id"] for owner in owners} < {member["id"] for member in members}


@pytest.mark.parametrize(
    ("lifetime", "own_key", "status"), [(540, True, 201), (3_600, True, 401), (-60, True, 401), (540, False, 401)]
)
def test_a_token_is_for_the_app_that_signs_for_ten_minutes_at_most(
    api: Api, vendor: GitHubSandbox, lifetime: int, own_key: bool, status: int
) -> None:
    key = vendor.app_settings(api.url)["private_key"] if own_key else make_throwaway_key("RS256") or ""
    now = int(time.time())
    token = jwt.encode({"iss": APP_ID, "iat": now - 30, "exp": now + lifetime}, key, algorithm="RS256")
    api.session.headers["Authorization"] = f"Bearer {token}"

    answer = api.session.post(f"{api.url}/app/installations/{INSTALLATION_ID}/access_tokens", timeout=5)

    assert answer.status_code == status
