"""Syncs of GitHub's sandbox: what is stored and published, what a change costs, and what a re-read brings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.orchestration.dagster_instance import open_temporary_instance
from dazz_assets.orchestration.local_runs import sync_connections
from integrations.github.sandbox import GitHubSandbox
from integrations.github.streams import GENERIC_SECRETS
from tests.integrations.github_syncs import NOW, GitHubCustomer, github_customer

OF_REPOSITORIES = 7
SECRETS = ("secret_scanning_alerts", "generic_secret_alerts")


@pytest.fixture
def vendor() -> GitHubSandbox:
    return GitHubSandbox(
        seed=4,
        now=NOW,
        repositories=OF_REPOSITORIES,
        alerts=120,
        code_alerts=40,
        secret_alerts=20,
        members=9,
        issues=60,
        pulls=30,
    )


@pytest.fixture
def acme(vendor: GitHubSandbox, tmp_path: Path) -> Iterator[GitHubCustomer]:
    with github_customer(vendor, tmp_path) as acme:
        acme.connection = acme.connection.model_copy(update={"start": (NOW - timedelta(days=400)).date()})
        yield acme


def keys(acme: GitHubCustomer, stream: str) -> set[str]:
    return set(acme.column(f"select key from raw.github_{stream}"))


def texts(records: dict[int, dict[str, object]]) -> set[str]:
    return set(map(str, records))


def pairs(alerts: dict[tuple[int, int], dict[str, object]]) -> set[str]:
    return {f"[{repository},{number}]" for repository, number in alerts}


def test_everything_is_stored_and_published_once(acme: GitHubCustomer, vendor: GitHubSandbox) -> None:
    acme.sync()
    acme.parse()

    assert keys(acme, "repositories") == texts(vendor.repositories)
    assert keys(acme, "members") == texts(vendor.members)
    assert keys(acme, "owners") == {str(person["id"]) for person in vendor.people[:2]}
    assert keys(acme, "dependabot_alerts") == pairs(vendor.alerts)
    assert keys(acme, "code_scanning_alerts") == pairs(vendor.code_alerts)
    generic = {key: alert for key, alert in vendor.secret_alerts.items() if alert["secret_type"] in GENERIC_SECRETS}
    assert generic
    assert keys(acme, "generic_secret_alerts") == pairs(generic)
    assert keys(acme, "secret_scanning_alerts") == pairs(vendor.secret_alerts) - pairs(generic)
    assert keys(acme, "issues") == texts(vendor.issues)
    assert keys(acme, "pull_requests") == texts(vendor.pulls)

    by_class = acme.rows(
        "select class_uid, count(distinct id) as n, count(*) as all_ from findings group by 1 order by 1"
    )
    assert [tuple(row.values()) for row in by_class] == [(2002, 120, 120), (2006, 20, 20), (2007, 40, 40)]
    assert acme.column("select count(distinct id) from work_items") == [60 + 30]
    assert acme.column("select count(distinct id) from identities") == [9 + 1]
    assert acme.column("select count(*) from code_repositories") == [OF_REPOSITORIES]
    assert acme.rows("select * from quarantine") == []


def test_all_objects_join(acme: GitHubCustomer, vendor: GitHubSandbox) -> None:
    acme.sync()
    acme.parse()

    [joined] = acme.column("select count(*) from findings f join code_repositories r on r.id = f.resource_id")
    [named] = acme.column("select count(*) from findings f join code_repositories r on r.name = f.repository_name")
    assert joined == named == 180
    assert acme.column("select count(*) from code_repositories r join identities i on i.id = r.owner_id") == [7]
    unknown = acme.rows(
        "select * from work_items w left join identities i on i.id = w.creator_id "
        "where w.creator_id is not null and i.id is null"
    )
    assert unknown == []
    anonymous = sum(issue["user"] is None for issue in vendor.issues.values())
    assert acme.column("select count(*) from work_items where creator_id is null") == [anonymous]


@pytest.mark.parametrize("denied", ["members", "vulnerability_alerts", "issues"])
def test_a_permission_that_is_missing_leaves_no_repository_without_its_owner(
    acme: GitHubCustomer, vendor: GitHubSandbox, denied: str
) -> None:
    vendor.denied = {denied}
    with open_temporary_instance() as instance:
        outcome = sync_connections(
            acme.spec, [acme.connection], sync_range=SyncRange(from_mark=True), instance=instance, lake=acme.lake
        )

    assert outcome.errors
    owned = "select r.name from code_repositories r join identities i on i.id = r.owner_id and i.type = 'Organization'"
    assert len(acme.column(owned)) == OF_REPOSITORIES
    members = 0 if denied == "members" else len(vendor.members)
    assert acme.column("select count(*) from identities") == [members + 1]


def test_no_secret_is_stored(acme: GitHubCustomer) -> None:
    acme.sync("repositories", *SECRETS)

    for stream in SECRETS:
        assert acme.column(f"select record from raw.github_{stream} where record like '%invented-secret%'") == []


def test_an_incremental_sync_stores_what_changed_and_nothing_else(acme: GitHubCustomer, vendor: GitHubSandbox) -> None:
    acme.sync()
    acme.parse()
    change = vendor.change(1)
    reports = acme.sync()
    acme.parse()

    for stream in ("dependabot_alerts", "code_scanning_alerts", *SECRETS, "issues", "pull_requests"):
        assert reports[stream].records == len(change.changed[stream]) + len(change.added[stream]), stream
    assert keys(acme, "issues") >= texts(vendor.issues)
    assert keys(acme, "repositories") == texts(vendor.repositories)
    gone = change.removed["repositories"][0]
    closed = acme.column(
        f"select distinct class_uid from findings where resource_uid = '{gone}' and status not in ('Archived', "
        "'Resolved', 'Suppressed')"
    )
    assert closed == []


def test_an_idle_sync_costs_two_requests_a_repository_and_one_for_each_other_list(acme: GitHubCustomer) -> None:
    acme.sync()
    reports = acme.sync()

    requests = {name: report.requests for name, report in reports.items()}
    assert requests == {
        **dict.fromkeys(("repositories", "members", "owners"), 1),
        # One page may not reach the mark, as many alerts share a time.
        **{name: requests[name] for name in ("dependabot_alerts", "code_scanning_alerts")},
        **dict.fromkeys(SECRETS, 1),
        "issues": OF_REPOSITORIES,
        "pull_requests": OF_REPOSITORIES,
    }
    assert requests["dependabot_alerts"] <= 2
    assert requests["code_scanning_alerts"] <= 2
    assert {name for name, report in reports.items() if report.records} == {"repositories", "members", "owners"}


def test_a_sync_of_all_streams_as_an_app_buys_one_token(acme: GitHubCustomer, vendor: GitHubSandbox) -> None:
    config = vendor.app_settings(acme.connection.config["base_url"])
    connection = acme.connection.model_copy(update={"config": config})
    with open_temporary_instance() as instance:
        outcome = sync_connections(
            acme.spec, [connection], sync_range=SyncRange(from_mark=True), instance=instance, lake=acme.lake
        )

    assert outcome.errors == []
    assert keys(acme, "repositories") == texts(vendor.repositories)
    assert keys(acme, "issues") == texts(vendor.issues)
    assert len(vendor.issued) == 1


def test_what_changes_in_an_open_alert_comes_with_the_re_read(acme: GitHubCustomer, vendor: GitHubSandbox) -> None:
    acme.sync("repositories", "dependabot_alerts")
    acme.parse("findings")
    key, alert = next(
        (key, alert) for key, alert in sorted(vendor.alerts.items()) if alert["security_advisory"]["epss"] is not None
    )
    alert["security_advisory"] = {**alert["security_advisory"], "epss": {"percentage": 0.97, "percentile": 0.99}}

    def epss() -> list[float]:
        acme.parse("findings")
        return acme.column(f"select epss_score from findings where raw_record.key = '[{key[0]},{key[1]}]'")

    acme.clock.now += timedelta(days=6).total_seconds()
    acme.sync("dependabot_alerts")
    before = epss()
    acme.clock.now += timedelta(days=1).total_seconds()
    report = acme.sync("dependabot_alerts")["dependabot_alerts"]

    assert before != [0.97]
    assert (epss(), report.records) == ([0.97], 1)


def test_alerts_that_nothing_updated_yet_come_again_when_they_change(
    acme: GitHubCustomer, vendor: GitHubSandbox
) -> None:
    untouched = {
        f"[{repo},{number}]" for (repo, number), alert in vendor.secret_alerts.items() if not alert["updated_at"]
    }
    parsers = ("secret_scanning_findings", "generic_secret_findings")
    acme.sync("repositories", *SECRETS)
    acme.parse(*parsers)
    change = vendor.change(2)
    moved = untouched & {key for stream in SECRETS for key in change.changed[stream]}
    acme.sync(*SECRETS)
    acme.parse(*parsers)

    found = acme.rows("select raw_record.key as key, status, last_seen_time from findings")
    after = {row["key"]: row["status"] for row in found}
    assert moved
    assert {after[key] for key in moved} <= {"Resolved", "Suppressed"}
    assert after.keys() >= untouched
