"""Every finding of the vendors' own data and of the sandboxes is a valid OCSF event."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from dazz_assets import FullRefresh, Incremental
from dazz_assets.domain import Finding
from integrations.github.integration import GitHubIntegration
from integrations.github.models import CodeScanningAlert, DependabotAlert, Repository, SecretScanningAlert
from integrations.github.sandbox import GitHubSandbox
from integrations.github.streams import RepositoriesStream
from integrations.snyk.integration import SnykIntegration
from integrations.snyk.models import Issue, Project
from integrations.snyk.sandbox import SnykSandbox
from tests.domain.test_ocsf_events import event_of
from tests.integrations.vendor_data import (
    example,
    github_findings,
    load,
    needs_vendor_data,
    snyk_findings,
    webhook_alerts,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def classes(findings: list[Finding]) -> dict[int, int]:
    """How many valid events of each class the findings are."""
    return dict(Counter(event_of(finding)["class_uid"] for finding in findings))


@needs_vendor_data
def test_github_as_its_examples_webhooks_and_recordings_have_it() -> None:
    recorded = [item for name in ("dismissed", "epss_list") for item in load(f"recorded/github_{name}.json")["records"]]
    alerts = example("/orgs/{org}/dependabot/alerts") + webhook_alerts() + recorded

    assert classes(github_findings(alerts)) == {2002: len(alerts)}


@needs_vendor_data
def test_snyk_as_its_documentation_and_recordings_have_it() -> None:
    records = load("snyk/records.json")
    issues = [
        *load("snyk/issues_page.json")["data"],
        *(records[name] for name in ("issue", "cloud_issue", "code_issue")),
        *(
            item
            for name in ("code", "fixable", "six_packages")
            for item in load(f"recorded/snyk_{name}.json")["records"]
        ),
    ]

    assert classes(snyk_findings(issues, [records["project"]])) == {2002: 9, 2003: 1, 2007: 2}


def test_all_of_githubs_sandbox() -> None:
    sandbox = GitHubSandbox(seed=2, now=NOW, repositories=40, alerts=300)
    repositories = [Repository.model_validate(item) for item in sandbox.repositories.values()]
    alerts = [DependabotAlert.model_validate(item) for item in sandbox.alerts.values()]
    code = [CodeScanningAlert.model_validate(item) for item in sandbox.code_alerts.values()]
    secrets = [SecretScanningAlert.model_validate(item) for item in sandbox.secret_alerts.values()]
    github, listed = GitHubIntegration(), FullRefresh[RepositoriesStream](repositories)
    found = [
        *github.findings(Incremental(alerts), listed),
        *github.code_scanning_findings(Incremental(code), listed),
        *github.secret_scanning_findings(Incremental(secrets), listed),
        *github.generic_secret_findings(Incremental(secrets), listed),
    ]

    assert classes(found) == {2002: len(alerts), 2006: len(secrets), 2007: len(code)}
    assert {"New", "Suppressed", "Resolved", "Archived"} == {finding.status for finding in found}


def test_all_of_snyks_sandbox() -> None:
    sandbox = SnykSandbox(seed=2, now=NOW, orgs=3, projects=60, issues=600)
    issues = [Issue.model_validate(item) for item in sandbox.issues.values()]
    projects = [Project.model_validate(item) for item in sandbox.projects.values()]
    found = list(SnykIntegration().findings(FullRefresh(projects), FullRefresh([]), Incremental(issues)))

    assert sum(classes(found).values()) == len(issues)
    assert classes(found).keys() == {2002, 2003, 2007}
