"""Findings of what the vendors' sandboxes no longer list are closed, and joined with what they still list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dazz_assets.sandbox import Change, Record, Sandbox
from integrations.github.integration import GitHubIntegration
from integrations.github.sandbox import GitHubSandbox
from integrations.snyk.integration import SnykIntegration
from integrations.snyk.sandbox import SnykSandbox
from tests.help_desk_vendor import Customer


class DoomedSnykSandbox(SnykSandbox):
    """Between two syncs one project is deleted, and nothing else happens."""

    doomed = ""

    def evolve(self, random: Random, change: Change, until: datetime) -> None:
        gone = [key for key, item in self.issues.items() if _project(item) == self.doomed]
        del self.projects[self.doomed]
        for key in gone:
            del self.issues[key]


def _project(issue: Record) -> str:
    return str(issue["relationships"]["scan_item"]["data"]["id"])


NOW = datetime(2026, 6, 1, tzinfo=UTC)


def customer(folder: Path, sandbox: Sandbox, integration: type[Any], name: str) -> Customer:
    settings = sandbox.settings(name)
    made = Customer(folder, settings["base_url"], integration, start=date(2026, 1, 5))
    made.connection = made.connection.model_copy(update={"config": settings})
    return made


def sync(customer: Customer) -> None:
    customer.sync()
    for name in customer.spec.parsers:
        customer.parse(name=name)


@pytest.fixture
def github() -> Iterator[tuple[GitHubSandbox, Sandbox]]:
    vendor = GitHubSandbox(seed=2, now=NOW, repositories=20, alerts=150)
    with Sandbox([vendor]) as sandbox:
        yield vendor, sandbox


@pytest.fixture
def snyk() -> Iterator[tuple[DoomedSnykSandbox, Sandbox]]:
    vendor = DoomedSnykSandbox(seed=2, now=NOW, orgs=2, projects=20, issues=150)
    with Sandbox([vendor]) as sandbox:
        yield vendor, sandbox


def open_findings(customer: Customer, asset: object) -> set[str]:
    rows = customer.rows(f"select id from findings where status = 'New' and resource_uid = '{asset}'")
    return {row["id"] for row in rows}


def closed_findings(customer: Customer, reason: str) -> set[str]:
    rows = customer.rows(f"select id from findings where status = 'Archived' and status_detail = '{reason}'")
    return {row["id"] for row in rows}


def busiest(customer: Customer, kind: str) -> str:
    """The asset with most open findings."""
    [row] = customer.rows(
        f"select resource_uid from findings where status = 'New' and resource_type = '{kind}' "
        "group by 1 order by count(*) desc, 1 limit 1"
    )
    return str(row["resource_uid"])


def test_of_a_deleted_repository(github: tuple[GitHubSandbox, Sandbox], tmp_path: Path) -> None:
    vendor, sandbox = github
    acme = customer(tmp_path, sandbox, GitHubIntegration, "github")
    sync(acme)
    chosen = busiest(acme, "repository")
    were_open = open_findings(acme, chosen)
    del vendor.repositories[int(chosen)]
    for key in [key for key in vendor.alerts if key[0] == int(chosen)]:
        del vendor.alerts[key]
    sync(acme)

    assert were_open
    assert closed_findings(acme, "repository no longer listed") == were_open
    [times] = acme.rows("select count(distinct closed_time) as n from findings where status_detail like '%no longer%'")
    assert times == {"n": 1}


def test_of_an_archived_repository(github: tuple[GitHubSandbox, Sandbox], tmp_path: Path) -> None:
    vendor, sandbox = github
    acme = customer(tmp_path, sandbox, GitHubIntegration, "github")
    sync(acme)
    chosen = busiest(acme, "repository")
    were_open, before = open_findings(acme, chosen), closed_findings(acme, "repository archived")
    vendor.repositories[int(chosen)]["archived"] = True
    sync(acme)

    assert were_open
    assert closed_findings(acme, "repository archived") == were_open | before


def test_of_a_deleted_project(snyk: tuple[DoomedSnykSandbox, Sandbox], tmp_path: Path) -> None:
    vendor, sandbox = snyk
    acme = customer(tmp_path, sandbox, SnykIntegration, "snyk")
    sync(acme)
    chosen = busiest(acme, "project")
    were_open = open_findings(acme, chosen)
    vendor.doomed = chosen
    sandbox.change(1)
    sync(acme)

    assert were_open
    assert closed_findings(acme, "project no longer listed") == were_open


def test_findings_join_their_assets(
    github: tuple[GitHubSandbox, Sandbox], snyk: tuple[DoomedSnykSandbox, Sandbox], tmp_path: Path
) -> None:
    for integration, (_, sandbox), name in ((GitHubIntegration, github, "github"), (SnykIntegration, snyk, "snyk")):
        sync(customer(tmp_path, sandbox, integration, name))
    acme = customer(tmp_path, snyk[1], SnykIntegration, "snyk")

    [github_found] = acme.rows(
        "select count(*) as n from findings f join code_repositories r on r.id = f.resource_id where r.owner_id <> ''"
    )
    [snyk_found] = acme.rows("select count(*) as n from findings f join code_projects p on p.id = f.resource_id")
    projects = acme.rows("select id from findings where resource_type = 'project'")
    assert github_found == {"n": sum(map(len, (github[0].alerts, github[0].code_alerts, github[0].secret_alerts)))}
    assert snyk_found == {"n": len(projects)}
