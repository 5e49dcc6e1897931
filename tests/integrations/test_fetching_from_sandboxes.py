"""What the integrations declare fetches everything that the vendors' sandboxes have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from dazz_assets import FullRefresh, Incremental
from dazz_assets.http import Request
from dazz_assets.http.auth.auth_choice import choose_auth
from dazz_assets.http.client import Client
from dazz_assets.http.paging.walk import walk
from dazz_assets.sandbox import Sandbox
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec
from integrations.github.integration import GitHubIntegration
from integrations.github.sandbox import GitHubSandbox
from integrations.snyk.integration import SnykIntegration
from integrations.snyk.sandbox import SnykSandbox

NOW = datetime(2025, 6, 1, tzinfo=UTC)


class Fetch:
    """Walks the streams of an integration, as declared, over a vendor's sandbox."""

    def __init__(self, spec: IntegrationSpec, sandbox: Sandbox) -> None:
        self.spec = spec
        self.settings = sandbox.settings(spec.name)
        auth = choose_auth(spec.integration.auth, self.settings, ())
        self.client = Client(self.settings["base_url"], auth=auth, values=self.settings)

    def texts(self, stream: str, path: str) -> Iterator[bytes]:
        spec = self.spec.streams[stream]
        params: dict[str, Any] = {**self.spec.integration.params, **spec.stream.params}  # without the cursor's bounds
        request = Request(self.settings["base_url"] + path, params=params, headers=spec.headers)
        for pages in walk(self.client, request, paginator=spec.paginator, rules=spec.rules):
            yield from (bytes(record) for page in pages for record in page.records)

    def records(self, stream: str, path: str) -> list[Any]:
        model: Any = self.spec.streams[stream].required_model
        return [model.model_validate_json(text) for text in self.texts(stream, path)]


@pytest.fixture
def github() -> GitHubSandbox:
    return GitHubSandbox(seed=2, now=NOW, repositories=105, alerts=350)


@pytest.fixture
def snyk() -> SnykSandbox:
    return SnykSandbox(seed=2, now=NOW, orgs=2, projects=12, issues=350)


def test_all_of_githubs_alerts_arrive_and_each_is_one_finding(github: GitHubSandbox) -> None:
    with Sandbox([github]) as sandbox:
        fetch = Fetch(read_integration(GitHubIntegration), sandbox)
        alerts = fetch.records("dependabot_alerts", "/orgs/nimbus-works/dependabot/alerts")

    findings = list(GitHubIntegration().findings(Incremental(alerts), FullRefresh([])))
    assert {finding.raw_record.key for finding in findings} == {f"[{repo},{number}]" for repo, number in github.alerts}
    assert len({finding.id for finding in findings}) == len(alerts) == 350


def test_all_of_githubs_repositories_arrive(github: GitHubSandbox) -> None:
    with Sandbox([github]) as sandbox:
        repositories = Fetch(read_integration(GitHubIntegration), sandbox).records(
            "repositories", "/orgs/nimbus-works/repos"
        )

    assert {repository.id for repository in repositories} == set(github.repositories)


@pytest.mark.parametrize("rest_in_links", [True, False])
def test_all_of_snyks_issues_arrive_whatever_its_links_look_like(snyk: SnykSandbox, rest_in_links: bool) -> None:
    snyk.rest_in_links = rest_in_links
    with Sandbox([snyk]) as sandbox:
        fetch = Fetch(read_integration(SnykIntegration), sandbox)
        orgs = fetch.records("orgs", "/rest/orgs")
        projects = [p for org in orgs for p in fetch.records("projects", f"/rest/orgs/{org.id}/projects")]
        issues = [i for org in orgs for i in fetch.records("issues", f"/rest/orgs/{org.id}/issues")]

    findings = list(SnykIntegration().findings(FullRefresh(projects), FullRefresh([]), Incremental(issues)))
    assert {finding.uid for finding in findings} == set(snyk.issues)
    assert {project.id for project in projects} == set(snyk.projects)
    assert len(findings) == 350


def test_records_arrive_as_the_vendor_holds_them(snyk: SnykSandbox) -> None:
    with Sandbox([snyk]) as sandbox:
        orgs = [
            json.loads(text) for text in Fetch(read_integration(SnykIntegration), sandbox).texts("orgs", "/rest/orgs")
        ]

    assert {org["id"]: org for org in orgs} == snyk.orgs


def test_a_pinned_version_that_has_a_successor_brings_a_warning(snyk: SnykSandbox) -> None:
    snyk.versions = (*snyk.versions, "2026-03-25")
    with Sandbox([snyk]) as sandbox:
        fetch = Fetch(read_integration(SnykIntegration), sandbox)
        list(fetch.texts("orgs", "/rest/orgs"))

    assert "deprecated" in " ".join(fetch.client.warnings)


def test_a_pinned_version_is_served_without_a_warning(snyk: SnykSandbox) -> None:
    with Sandbox([snyk]) as sandbox:
        fetch = Fetch(read_integration(SnykIntegration), sandbox)
        list(fetch.texts("orgs", "/rest/orgs"))

        assert not fetch.client.warnings
