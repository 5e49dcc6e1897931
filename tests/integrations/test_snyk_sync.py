"""Syncs of Snyk's sandbox: signing in, what is stored and joined, and where a list is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from dazz_assets.errors import SyncError
from dazz_assets.sandbox import Fault, Sandbox
from integrations.snyk.integration import SnykIntegration
from integrations.snyk.sandbox import SnykSandbox
from tests.help_desk_vendor import Customer

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def vendor() -> SnykSandbox:
    return SnykSandbox(seed=2, now=NOW, orgs=3, projects=30, issues=90)


@pytest.fixture
def sandbox(vendor: SnykSandbox) -> Iterator[Sandbox]:
    with Sandbox([vendor]) as sandbox:
        yield sandbox


@pytest.fixture
def acme(sandbox: Sandbox, tmp_path: Path) -> Customer:
    return customer_of(sandbox, tmp_path)


def customer_of(sandbox: Sandbox, folder: Path) -> Customer:
    customer = Customer(folder, sandbox.url("snyk"), SnykIntegration, start=date(2025, 6, 2))
    customer.connection = customer.connection.model_copy(update={"config": sandbox.settings("snyk")})
    return customer


def test_everything_is_stored_and_each_finding_names_its_repository(acme: Customer, vendor: SnykSandbox) -> None:
    acme.sync()
    for parser in acme.spec.parsers:
        acme.parse(name=parser)

    stored = {row["key"] for row in acme.rows("select key from raw.snyk_targets")}
    assert stored == set(vendor.targets)
    assert len(stored) == 30
    unlike = acme.rows(
        "select * from findings f join code_projects p on p.id = f.resource_id "
        "where p.repository_name is distinct from f.repository_name"
    )
    assert unlike == []
    named = {row["uid"]: row["url"] for row in acme.rows("select uid, repository_url as url from code_projects")}
    assert named == {
        key: vendor.targets[project["relationships"]["target"]["data"]["id"]]["attributes"]["url"]
        for key, project in vendor.projects.items()
    }
    assert acme.rows("select * from quarantine") == []


def test_each_project_joins_its_owner_and_so_do_findings_through_it(acme: Customer, vendor: SnykSandbox) -> None:
    acme.sync()
    for parser in acme.spec.parsers:
        acme.parse(name=parser)

    def owner(project: dict[str, Any]) -> str:
        related = project["relationships"]
        return str(related.get("owner", related["organization"])["data"]["id"])

    joined = acme.rows(
        "select p.uid as project, i.uid as owner from code_projects p join identities i on i.id = p.owner_id"
    )
    assert {row["project"]: row["owner"] for row in joined} == {
        key: owner(project) for key, project in vendor.projects.items()
    }
    through = acme.rows(
        "select f.uid from findings f join code_projects p on p.id = f.resource_id "
        "join identities i on i.id = p.owner_id"
    )
    assert {row["uid"] for row in through} == {
        key for key, issue in vendor.issues.items() if issue["relationships"]["scan_item"]["data"]["type"] == "project"
    }
    organisations = acme.rows("select uid, name, full_name, type from identities where type = 'Organization'")
    assert {row["uid"]: (row["name"], row["full_name"]) for row in organisations} == {
        key: (org["attributes"]["slug"], org["attributes"]["name"]) for key, org in vendor.orgs.items()
    }


def test_an_idle_sync_costs_one_request_for_the_organisations_and_three_for_each(acme: Customer) -> None:
    acme.sync()
    reports = acme.sync()

    assert {name: report.requests for name, report in reports.items()} == {
        "orgs": 1,
        "projects": 3,
        "targets": 3,
        "issues": 3,
    }
    assert reports["issues"].records == 0


@pytest.mark.parametrize("rest_in_links", [True, False])
def test_a_last_page_whose_next_link_is_its_own_ends_the_list(tmp_path: Path, *, rest_in_links: bool) -> None:
    vendor = SnykSandbox(
        seed=2, now=NOW, orgs=1, projects=130, issues=60, rest_in_links=rest_in_links, last_leads_to_itself=True
    )
    with Sandbox([vendor]) as sandbox:
        acme = customer_of(sandbox, tmp_path)
        reports = acme.sync()

    stored = {name: {row["key"] for row in acme.rows(f"select key from raw.snyk_{name}")} for name in acme.spec.streams}
    assert stored == {
        "orgs": set(vendor.orgs),
        "projects": set(vendor.projects),
        "targets": set(vendor.targets),
        "issues": set(vendor.issues),
    }
    assert [(reports[name].pages, reports[name].end_reason) for name in ("orgs", "projects", "targets")] == [
        (pages, "a next link that leads to its own page") for pages in (1, 2, 2)
    ]


def test_a_service_account_signs_in_with_id_and_secret(acme: Customer, sandbox: Sandbox, vendor: SnykSandbox) -> None:
    config = vendor.oauth_settings(sandbox.url("snyk"))
    acme.connection = acme.connection.model_copy(update={"config": config})

    acme.sync("orgs", "projects")

    assert {row["key"] for row in acme.rows("select key from raw.snyk_projects")} == set(vendor.projects)
    assert len(vendor.issued) == 2  # one for each session


def test_a_token_that_ended_is_replaced_once(acme: Customer, sandbox: Sandbox, vendor: SnykSandbox) -> None:
    config = vendor.oauth_settings(sandbox.url("snyk"))
    acme.connection = acme.connection.model_copy(update={"config": config})
    acme.sync("orgs")
    body: dict[str, object] = {"errors": [{"status": "401", "title": "Unauthorized", "detail": "expired"}]}
    vendor.faults.add(Fault(kind="status", path="*/projects", status=401, body=body))

    acme.sync("projects")

    assert len(vendor.issued) == 3


def test_a_wrong_secret_says_what_to_check_and_not_what_it_is(
    acme: Customer, sandbox: Sandbox, vendor: SnykSandbox
) -> None:
    config = {**vendor.oauth_settings(sandbox.url("snyk")), "client_secret": "canary-71bd"}
    acme.connection = acme.connection.model_copy(update={"config": config})

    with pytest.raises(SyncError, match=r"config\.client_secret") as refusal:
        acme.sync("orgs")

    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize("stream", ["projects", "targets", "issues"])
def test_a_list_that_is_refused_fails_its_stream_and_no_other(acme: Customer, vendor: SnykSandbox, stream: str) -> None:
    acme.sync("orgs")
    vendor.denied.add(stream)

    with pytest.raises(SyncError, match="does not have the permission"):
        acme.sync(stream)
    acme.sync(*({"projects", "targets", "issues"} - {stream}))

    assert acme.spec.streams[stream].permissions


def test_one_organisation_that_is_refused_does_not_sink_the_others(acme: Customer, vendor: SnykSandbox) -> None:
    acme.sync("orgs")
    chosen = next(iter(vendor.orgs))
    body: dict[str, object] = {"errors": [{"status": "403", "title": "Forbidden", "detail": "not entitled"}]}
    vendor.faults.add(Fault(kind="status", path=f"*/{chosen}/targets", status=403, body=body))

    report = acme.sync("targets")["targets"]

    assert len(report.passed_over) == 1
    parents = {row["parent"] for row in acme.rows("select distinct parent from raw.snyk_targets")}
    assert parents == {target["relationships"]["organization"]["data"]["id"] for target in vendor.targets.values()} - {
        chosen
    }
