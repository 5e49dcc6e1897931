"""What a sync of GitHub does at its limits, and where it is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dazz_assets.connections import BadConnection
from dazz_assets.errors import SyncError
from dazz_assets.sandbox import Fault, RateLimit
from integrations.github.sandbox import GitHubSandbox
from tests.integrations.github_syncs import NOW, GitHubCustomer, github_customer

ALERTS = "*/dependabot/alerts"
SECONDARY: dict[str, object] = {
    "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
}


@pytest.fixture
def vendor() -> GitHubSandbox:
    return GitHubSandbox(
        seed=3, now=NOW, repositories=4, alerts=30, code_alerts=12, secret_alerts=6, members=6, issues=20, pulls=10
    )


@pytest.fixture
def acme(vendor: GitHubSandbox, tmp_path: Path) -> Iterator[GitHubCustomer]:
    with github_customer(vendor, tmp_path) as acme:
        yield acme


@pytest.mark.parametrize("status", [403, 429])
def test_a_reset_of_the_primary_limit_that_is_near_is_waited_for(
    acme: GitHubCustomer, vendor: GitHubSandbox, status: int
) -> None:
    acme.sync("repositories")
    vendor.over_limit = status
    vendor.rate = RateLimit(3, per=300, clock=acme.clock)

    reports = acme.sync("issues", "pull_requests")

    # Eight requests, three in each five minutes.
    assert [report.passed_over for report in reports.values()] == [[], []]
    assert 600 <= sum(acme.clock.sleeps) < 660


@pytest.mark.parametrize("status", [403, 429])
def test_a_reset_that_is_far_ends_the_sync_which_says_when_to_come_again(
    acme: GitHubCustomer, vendor: GitHubSandbox, status: int
) -> None:
    vendor.over_limit = status
    vendor.rate = RateLimit(1, per=3_600, clock=acme.clock)
    acme.sync("repositories")

    with pytest.raises(SyncError, match=r"API rate limit exceeded.* asks to wait 3601 s.*Sync again after that time"):
        acme.sync("dependabot_alerts")


def test_a_secondary_limit_with_a_wait_is_waited_for(acme: GitHubCustomer, vendor: GitHubSandbox) -> None:
    vendor.faults.add(Fault(kind="status", path=ALERTS, status=403, headers={"Retry-After": "7"}, body=SECONDARY))

    report = acme.sync("dependabot_alerts")["dependabot_alerts"]

    assert report.retries == 1
    assert 7 <= sum(acme.clock.sleeps) < 15


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_limit_without_a_wait_is_waited_for_a_minute_at_least(
    acme: GitHubCustomer, vendor: GitHubSandbox, status: int
) -> None:
    vendor.faults.add(Fault(kind="status", path=ALERTS, status=status, body=SECONDARY))

    acme.sync("dependabot_alerts")

    assert 60 <= sum(acme.clock.sleeps) < 90
    assert len(acme.rows("select key from raw.github_dependabot_alerts")) > 10


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_limit_that_is_met_again_is_waited_for_longer_each_time(
    acme: GitHubCustomer, vendor: GitHubSandbox, status: int
) -> None:
    vendor.faults.add(Fault(kind="status", path=ALERTS, status=status, body=SECONDARY, times=3))

    report = acme.sync("dependabot_alerts")["dependabot_alerts"]

    assert report.retries == 3
    assert [round(seconds) for seconds in acme.clock.sleeps if seconds > 10] == [60, 120, 240]


@pytest.mark.parametrize(
    ("stream", "permission", "named"),
    [
        ("repositories", "metadata", "Metadata: read"),
        ("members", "members", "Members: read"),
        ("dependabot_alerts", "vulnerability_alerts", "Dependabot alerts: read"),
        ("code_scanning_alerts", "security_events", "Code scanning alerts: read"),
        ("secret_scanning_alerts", "secret_scanning_alerts", "Secret scanning alerts: read"),
        ("generic_secret_alerts", "secret_scanning_alerts", "Secret scanning alerts: read"),
        ("issues", "issues", "Issues: read"),
        ("pull_requests", "pull_requests", "Pull requests: read"),
    ],
)
def test_a_missing_permission_fails_its_stream(
    acme: GitHubCustomer, vendor: GitHubSandbox, stream: str, permission: str, named: str
) -> None:
    acme.sync("repositories")
    vendor.denied.add(permission)

    with pytest.raises(SyncError, match="Resource not accessible by integration") as refusal:
        acme.sync(stream)

    assert named in str(refusal.value)
    assert f"{permission}=read" in str(refusal.value)  # as GitHub's header has it


@pytest.mark.parametrize(
    ("stream", "status", "message"),
    [
        ("code_scanning_alerts", 403, "Code scanning is not enabled for this organization."),
        ("code_scanning_alerts", 403, "Advanced Security must be enabled for this repository to use code scanning."),
        ("code_scanning_alerts", 404, "no analysis found"),
        ("secret_scanning_alerts", 404, "Secret scanning is disabled on this repository."),
        ("generic_secret_alerts", 404, "Secret scanning is disabled on this repository."),
        ("secret_scanning_alerts", 403, "Advanced Security must be enabled to use secret scanning."),
    ],
)
def test_a_feature_that_is_switched_off_has_no_records(
    acme: GitHubCustomer, vendor: GitHubSandbox, stream: str, status: int, message: str
) -> None:
    vendor.faults.add(Fault(kind="status", path="*/alerts", status=status, body={"message": message}))

    report = acme.sync(stream)[stream]

    assert report.records == 0
    assert message.rstrip(".") in report.warnings[0]


@pytest.mark.parametrize("status", [404, 451, 410, 403])
@pytest.mark.parametrize("stream", ["issues", "pull_requests"])
def test_one_repository_that_is_refused_does_not_sink_the_others(
    acme: GitHubCustomer, vendor: GitHubSandbox, stream: str, status: int
) -> None:
    acme.sync("repositories")
    chosen = next(iter(vendor.repositories.values()))
    path = f"/repos/{chosen['full_name']}/*"
    vendor.faults.add(Fault(kind="status", path=path, status=status, body={"message": "Repository access blocked"}))

    report = acme.sync(stream)[stream]

    assert len(report.passed_over) == 1
    parents = {row["parent"] for row in acme.rows(f"select distinct parent from raw.github_{stream}")}
    assert parents == {str(number) for number in vendor.repositories} - {str(chosen["id"])}


def test_a_repository_without_issues_has_none(acme: GitHubCustomer, vendor: GitHubSandbox) -> None:
    chosen = next(iter(vendor.repositories.values()))
    chosen["has_issues"] = False
    acme.sync("repositories")

    report = acme.sync("issues")["issues"]

    assert report.passed_over == []
    assert "Issues has been disabled" in report.warnings[0]


def test_an_app_signs_in_anew_when_its_token_ends(acme: GitHubCustomer, vendor: GitHubSandbox) -> None:
    acme.clock.now = time.time()  # the sandbox reads the times in a JWT by the real clock
    config = vendor.app_settings(acme.connection.config["base_url"])
    acme.connection = acme.connection.model_copy(update={"config": config})
    acme.sync("repositories")
    vendor.issued.clear()  # none of the tokens before works any more

    acme.sync("repositories", "dependabot_alerts")

    assert len(acme.rows("select key from raw.github_repositories")) == 4
    assert vendor.issued


def test_neither_key_nor_token_of_an_app_is_shown(acme: GitHubCustomer, vendor: GitHubSandbox) -> None:
    acme.clock.now = time.time()
    config = vendor.app_settings(acme.connection.config["base_url"])
    acme.connection = acme.connection.model_copy(update={"config": config})
    vendor.denied.add("metadata")

    with pytest.raises(SyncError) as refusal:
        acme.sync("repositories")

    assert "ghs_sandbox" not in str(refusal.value)
    assert config["private_key"][40:80] not in str(refusal.value)


def test_a_connection_with_half_an_apps_config_is_told_what_to_set(acme: GitHubCustomer) -> None:
    config = {"org": "nimbus-works", "app_id": "1", "base_url": acme.connection.config["base_url"]}
    acme.connection = acme.connection.model_copy(update={"config": config})

    with pytest.raises(BadConnection, match=r"set `config.private_key` and `config.installation_id`"):
        acme.sync("repositories")
