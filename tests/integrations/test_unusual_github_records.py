"""Whatever optional parts of GitHub's other records hold, each is one valid object."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given

from dazz_assets import FullRefresh, Incremental
from dazz_assets.domain import DomainObject
from dazz_assets.lake.objects.object_columns import make_batch
from integrations.github.integration import GitHubIntegration
from integrations.github.models import CodeScanningAlert, Issue, Member, PullRequest, Repository, SecretScanningAlert
from integrations.github.sandbox import GitHubSandbox
from integrations.github.streams import GENERIC_SECRETS, IssuesStream, PullRequestsStream
from tests.integrations.test_unusual_records import NOW, OF_A_REPOSITORY, require_valid, thorough, unusual

VENDOR = GitHubSandbox(
    seed=3, now=NOW, repositories=10, alerts=5, code_alerts=60, secret_alerts=60, issues=60, pulls=40, members=9
)
GITHUB = GitHubIntegration()
# What makes a record itself; it is always there.
OF_AN_ALERT = {"number", "repository.id"}
OF_WORK = {"id", "number"}
OF_A_MEMBER = {"id", "login"}
REPOSITORIES = list(VENDOR.repositories.values())


def require_row(found: list[Any], id_: str) -> None:
    """One object of this id, which a table takes."""
    [item] = found
    assert isinstance(item, DomainObject)
    assert item.id == id_
    assert make_batch([item], type(item)).num_rows == 1


@thorough
@given(unusual(list(VENDOR.code_alerts.values()), OF_AN_ALERT))
def test_an_unusual_code_scanning_alert_is_a_valid_finding(alert: str) -> None:
    record, alerts = json.loads(alert), [CodeScanningAlert.model_validate_json(alert)]

    require_valid(
        list(GITHUB.code_scanning_findings(Incremental(alerts), FullRefresh([]))),
        GITHUB.object_id("code-scanning", record["repository"]["id"], record["number"]),
    )


@thorough
@given(unusual(list(VENDOR.secret_alerts.values()), OF_AN_ALERT))
def test_an_unusual_secret_scanning_alert_is_a_valid_finding(alert: str) -> None:
    record, alerts = json.loads(alert), [SecretScanningAlert.model_validate_json(alert)]

    parse = (
        GITHUB.generic_secret_findings if alerts[0].secret_type in GENERIC_SECRETS else GITHUB.secret_scanning_findings
    )
    require_valid(
        list(parse(Incremental(alerts), FullRefresh([]))),
        GITHUB.object_id("secret-scanning", record["repository"]["id"], record["number"]),
    )


@thorough
@given(
    unusual([issue for issue in VENDOR.issues.values() if "pull_request" not in issue], OF_WORK),
    unusual(REPOSITORIES, OF_A_REPOSITORY),
)
def test_an_unusual_issue_is_a_valid_work_item(issue: str, repository: str) -> None:
    issues, home = [Issue.model_validate_json(issue)], Repository.model_validate_json(repository)
    handle = Incremental[IssuesStream](issues, parents=[home])

    require_row(
        list(GITHUB.issue_work_items(handle, FullRefresh([home]))), GITHUB.object_id("issue", json.loads(issue)["id"])
    )


@thorough
@given(unusual(list(VENDOR.pulls.values()), OF_WORK), unusual(REPOSITORIES, OF_A_REPOSITORY))
def test_an_unusual_pull_request_is_a_valid_work_item(pull: str, repository: str) -> None:
    pulls, home = [PullRequest.model_validate_json(pull)], Repository.model_validate_json(repository)
    handle = Incremental[PullRequestsStream](pulls, parents=[home])

    require_row(
        list(GITHUB.pull_request_work_items(handle, FullRefresh([home]))),
        GITHUB.object_id("pull_request", json.loads(pull)["id"]),
    )


@thorough
@given(unusual(list(VENDOR.members.values()), OF_A_MEMBER))
def test_an_unusual_member_is_a_valid_identity(member: str) -> None:
    members = [Member.model_validate_json(member)]

    require_row(
        list(GITHUB.identities(FullRefresh(members), FullRefresh([]))),
        GITHUB.object_id(json.loads(member)["id"]),
    )
