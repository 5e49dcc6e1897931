"""Whatever optional parts of a record hold, it is one valid finding: parts are null, dropped, and of other shapes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dazz_assets import FullRefresh, Incremental
from dazz_assets.domain import Finding
from dazz_assets.lake.objects.object_columns import make_batch
from integrations.github.integration import GitHubIntegration
from integrations.github.models import DependabotAlert, Repository
from integrations.github.sandbox import GitHubSandbox
from integrations.snyk.integration import SnykIntegration
from integrations.snyk.models import Issue, Project, Target
from integrations.snyk.sandbox import SnykSandbox
from tests.domain.test_ocsf_events import event_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)
GITHUB = GitHubSandbox(seed=3, now=NOW, repositories=10, alerts=60)
SNYK = SnykSandbox(seed=3, now=NOW, orgs=2, projects=20, issues=120)

# What makes a record itself; it is always there.
OF_AN_ALERT = {"number", "state", "repository.id"}
OF_A_REPOSITORY = {"id"}
OF_AN_ISSUE = {"id", "attributes.status", "relationships.scan_item.data.id", "relationships.scan_item.data.type"}
OF_A_PROJECT = {"id", "attributes.name"}
OF_A_TARGET = {"id"}

Path = tuple[str | int, ...]

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
ODD_TEXTS = st.sampled_from(["", " ", "nan", "inf", "-1", "9999-99-99", "2026-01-01", "pkg:", "@/", ":", "CVSS:"])
VALUES = st.recursive(
    LEAVES | ODD_TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all parts of a record, at any depth."""
    members: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*path, name)
        yield from paths(member, (*path, name))


def optional(record: dict[str, Any], required: set[str]) -> list[Path]:
    """The paths of the parts that hold nothing required."""
    needed = [tuple(path.split(".")) for path in required]
    return [path for path in paths(record) if not any(need[: len(path)] == path for need in needed)]


def change(record: dict[str, Any], path: Path, value: Any) -> None:
    """Set the part at a path, if it is still there; `...` drops it."""
    inner: Any = record
    for name in path[:-1]:
        try:
            inner = inner[name]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(inner, dict) and value is ...:
        inner.pop(path[-1], None)
    elif isinstance(inner, dict):
        inner[str(path[-1])] = value
    elif isinstance(inner, list) and isinstance(path[-1], int) and path[-1] < len(inner):
        inner[path[-1]] = None if value is ... else value


@st.composite
def unusual(draw: st.DrawFn, records: list[dict[str, Any]], required: set[str]) -> str:
    """The text of one of the records, with some optional parts changed."""
    record = deepcopy(draw(st.sampled_from(records)))
    chosen = draw(st.lists(st.sampled_from(optional(record, required)), min_size=1, max_size=8))
    for path in chosen:
        change(record, path, draw(st.just(...) | VALUES))
    return json.dumps(record)


thorough = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])


def require_valid(found: list[Finding], id_: str) -> None:
    """One finding of this id, which a table and OCSF take."""
    [finding] = found
    assert finding.id == id_
    assert make_batch([finding], Finding).num_rows == 1
    assert event_of(finding)


@thorough
@given(unusual(list(GITHUB.alerts.values()), OF_AN_ALERT), unusual(list(GITHUB.repositories.values()), OF_A_REPOSITORY))
def test_an_unusual_alert_is_a_valid_finding(alert: str, repository: str) -> None:
    record, integration = json.loads(alert), GitHubIntegration()
    repositories = [Repository.model_validate_json(repository)]
    alerts = [DependabotAlert.model_validate_json(alert)]

    require_valid(
        list(integration.findings(Incremental(alerts), FullRefresh(repositories))),
        integration.object_id(record["repository"]["id"], record["number"]),
    )
    [stored] = integration.code_repositories(FullRefresh(repositories))
    assert make_batch([stored], type(stored)).num_rows == 1


@thorough
@given(
    unusual(list(SNYK.issues.values()), OF_AN_ISSUE),
    unusual(list(SNYK.projects.values()), OF_A_PROJECT),
    unusual(list(SNYK.targets.values()), OF_A_TARGET),
)
def test_an_unusual_issue_is_a_valid_finding(issue: str, project: str, target: str) -> None:
    record, integration = json.loads(issue), SnykIntegration()
    # The issue is in this project, so that each has to do with the other.
    in_project = {**json.loads(project), "id": record["relationships"]["scan_item"]["data"]["id"]}
    projects = [Project.model_validate_json(json.dumps(in_project))]
    of_project = {**json.loads(target), "id": projects[0].target or "of none"}
    targets = [Target.model_validate_json(json.dumps(of_project))]
    issues = [Issue.model_validate_json(issue)]

    require_valid(
        list(integration.findings(FullRefresh(projects), FullRefresh(targets), Incremental(issues))),
        integration.object_id(record["id"]),
    )
    [stored] = integration.code_projects(FullRefresh(projects), FullRefresh(targets))
    assert make_batch([stored], type(stored)).num_rows == 1
    owners = list(integration.identities(FullRefresh([]), FullRefresh(projects)))
    assert [owner.uid for owner in owners] == [projects[0].owner] * bool(projects[0].owner)


def one_part_changed(record: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    changed = deepcopy(record)
    change(changed, path, value)
    return changed


def differing(one: Finding, other: Finding) -> set[str]:
    return {name for name in Finding.model_fields if getattr(one, name) != getattr(other, name)}


def github_finding(record: dict[str, Any]) -> Finding:
    [found] = GitHubIntegration().findings(Incremental([DependabotAlert.model_validate(record)]), FullRefresh([]))
    return found


def snyk_finding(record: dict[str, Any]) -> Finding:
    [found] = SnykIntegration().findings(FullRefresh([]), FullRefresh([]), Incremental([Issue.model_validate(record)]))
    return found


ALERT = next(item for item in GITHUB.alerts.values() if item["security_advisory"]["epss"])
ISSUE = next(item for item in SNYK.issues.values() if item["attributes"]["type"] == "package_vulnerability")


@pytest.mark.parametrize(
    ("parsed", "record", "path", "value", "lost"),
    [
        (github_finding, ALERT, ("security_advisory", "epss"), 7, {"epss_score", "epss_percentile"}),
        (github_finding, ALERT, ("security_advisory", "epss", "percentage"), "high", {"epss_score"}),
        (github_finding, ALERT, ("repository", "owner"), None, {"owner"}),
        (github_finding, ALERT, ("security_advisory", "cwes"), {"cwe": 1}, {"cwes"}),
        (snyk_finding, ISSUE, ("attributes", "risk"), [1], {"vendor_risk_score"}),
        (snyk_finding, ISSUE, ("attributes", "classes", 0), "CWE-79", {"cwes"}),
        (snyk_finding, ISSUE, ("attributes", "created_at"), "yesterday", {"first_seen_time"}),
        (snyk_finding, ISSUE, ("relationships", "organization"), None, {"src_url"}),
    ],
)
def test_an_invalid_part_costs_that_part_alone(
    parsed: Callable[[dict[str, Any]], Finding], record: dict[str, Any], path: Path, value: Any, lost: set[str]
) -> None:
    assert differing(parsed(record), parsed(one_part_changed(record, path, value))) == lost
