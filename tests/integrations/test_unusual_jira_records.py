"""Whatever optional parts of Jira's records hold, an issue is one valid work item, and a user one valid identity."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from dazz_assets import FullRefresh, Incremental
from dazz_assets.domain import Identity, WorkItem
from dazz_assets.lake.objects.object_columns import make_batch
from integrations.jira.config import JiraConfig
from integrations.jira.integration import JiraIntegration
from integrations.jira.models import Issue, Project, User
from integrations.jira.sandbox import JiraSandbox
from tests.integrations.test_unusual_records import Path, one_part_changed, thorough, unusual

JIRA = JiraSandbox(seed=3, now=datetime(2026, 6, 1, tzinfo=UTC), users=40, issues=60)
CONFIG = JiraConfig(site="nimbus")

# What makes a record itself; it is always there.
OF_AN_ISSUE = {"id", "key"}
OF_A_PROJECT = {"id"}
OF_A_USER = {"accountId"}


def work_items(issue: str, projects: list[Project]) -> list[WorkItem]:
    issues = [Issue.model_validate_json(issue)]
    return list(JiraIntegration(CONFIG).work_items(FullRefresh(projects), Incremental(issues)))


@thorough
@given(unusual(list(JIRA.issues.values()), OF_AN_ISSUE), unusual(list(JIRA.projects.values()), OF_A_PROJECT))
def test_an_unusual_issue_is_a_valid_work_item(issue: str, project: str) -> None:
    record = json.loads(issue)
    [item] = work_items(issue, [Project.model_validate_json(project)])

    assert item.id == JiraIntegration(CONFIG).object_id(record["id"])
    assert make_batch([item], WorkItem).num_rows == 1


@thorough
@given(unusual(list(JIRA.users.values()), OF_A_USER))
def test_an_unusual_user_is_a_valid_identity(user: str) -> None:
    record = json.loads(user)
    [identity] = JiraIntegration(CONFIG).identities(FullRefresh([User.model_validate_json(user)]))

    assert identity.id == JiraIntegration(CONFIG).object_id(record["accountId"])
    assert make_batch([identity], Identity).num_rows == 1


ISSUE: dict[str, Any] = next(
    issue
    for issue in JIRA.issues.values()
    if issue["fields"]["assignee"] and issue["fields"]["resolution"] and issue["fields"]["labels"]
)


@pytest.mark.parametrize(
    ("path", "value", "lost"),
    [
        (("fields", "assignee"), "ada", {"assignee", "assignee_id"}),
        (("fields", "assignee", "displayName"), 7, {"assignee"}),
        (("fields", "creator", "accountId"), None, {"creator", "creator_id"}),
        (("fields", "priority"), [], {"vendor_priority"}),
        (("fields", "resolution"), "Done", {"status_detail"}),
        (("fields", "labels", 0), {"name": "x"}, {"labels"}),
        (("fields", "created"), "yesterday", {"created_time"}),
        (("fields", "status", "name"), None, {"vendor_status"}),
        (("fields", "status", "statusCategory"), 3, {"status_id", "status", "closed_time"}),
    ],
)
def test_an_invalid_part_costs_that_part_alone(path: Path, value: Any, lost: set[str]) -> None:
    [whole], [other] = (work_items(json.dumps(record), []) for record in (ISSUE, one_part_changed(ISSUE, path, value)))

    assert {name for name in WorkItem.model_fields if getattr(whole, name) != getattr(other, name)} == lost
