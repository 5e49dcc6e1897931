"""Issues and pull requests become work items, and members identities."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dazz_assets import FullRefresh, Incremental
from dazz_assets.domain import Identity, WorkItem
from integrations.github.integration import GitHubIntegration
from integrations.github.models import Issue, Member, PullRequest, Repository
from integrations.github.streams import IssuesStream, PullRequestsStream
from tests.integrations.vendor_data import example, needs_vendor_data

SHOP = Repository.model_validate({"id": 12, "full_name": "acme/shop", "owner": {"login": "acme", "id": 7}})
ADA, BOB = {"login": "ada", "id": 21, "type": "User"}, {"login": "bob", "id": 22, "type": "User"}


def record(**changes: Any) -> dict[str, Any]:
    return {
        "id": 900,
        "number": 4,
        "title": "The cart forgets",
        "state": "open",
        "html_url": "https://github.com/acme/shop/issues/4",
        "user": ADA,
        "assignee": BOB,
        "labels": [{"name": "bug", "color": "d73a4a"}, "urgent"],
        "created_at": "2025-01-02T03:04:05Z",
        "updated_at": "2025-02-03T04:05:06Z",
        "closed_at": None,
        **changes,
    }


def of_issues(*issues: dict[str, Any], repository: Repository | None = SHOP) -> list[WorkItem]:
    handle = Incremental[IssuesStream](map(Issue.model_validate, issues), parents=[repository] * len(issues))
    return list(GitHubIntegration().issue_work_items(handle, FullRefresh([SHOP])))


def of_pulls(*pulls: dict[str, Any]) -> list[WorkItem]:
    handle = Incremental[PullRequestsStream](map(PullRequest.model_validate, pulls), parents=[SHOP] * len(pulls))
    return list(GitHubIntegration().pull_request_work_items(handle, FullRefresh([SHOP])))


def of_members(*members: dict[str, Any], owners: tuple[dict[str, Any], ...] = ()) -> list[Identity]:
    github, listed = GitHubIntegration(), [Member.model_validate(member) for member in members]
    owning = [Member.model_validate(owner) for owner in owners]
    return list(github.identities(FullRefresh(listed), FullRefresh(owning)))


def test_an_issue_is_a_work_item_of_its_repository() -> None:
    [item] = of_issues(record(type={"name": "Bug"}))

    assert (item.key, item.title, item.type) == ("acme/shop#4", "The cart forgets", "Bug")
    assert (item.project_uid, item.project_name) == ("12", "acme/shop")
    assert (item.creator, item.assignee, item.labels) == ("ada", "bob", ["bug", "urgent"])
    assert item.modified_time == datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert (item.raw_record.stream, item.raw_record.key) == ("issues", "900")


def test_people_of_a_work_item_join_the_members() -> None:
    [item] = of_issues(record())
    ada, bob = of_members(ADA, BOB)

    assert (item.creator_id, item.assignee_id) == (ada.id, bob.id)


def test_an_issue_of_someone_whose_account_is_gone_has_no_creator() -> None:
    [item] = of_issues(record(user=None, assignee=None))

    assert (item.creator, item.creator_id, item.assignee_id) == (None, None, None)


def test_a_pull_request_in_the_list_of_issues_is_no_item_of_its_own() -> None:
    assert of_issues(record(pull_request={"url": "https://api.github.com/repos/acme/shop/pulls/4"})) == []


def test_an_issue_whose_repository_is_no_longer_listed_is_one_still() -> None:
    [item] = of_issues(record(), repository=None)

    assert (item.key, item.project_uid, item.title) == (None, None, "The cart forgets")


@pytest.mark.parametrize(
    ("state", "reason", "status"),
    [
        ("open", None, "New"),
        ("open", "reopened", "Reopened"),
        ("open", "completed", "New"),
        ("closed", "completed", "Resolved"),
        ("closed", "not_planned", "Canceled"),
        ("closed", "duplicate", "Canceled"),
        ("closed", None, "Closed"),
        ("asleep", None, "Unknown"),
        (None, None, "Unknown"),
    ],
)
def test_states_of_issues(state: str | None, reason: str | None, status: str) -> None:
    [item] = of_issues(record(state=state, state_reason=reason))

    assert (item.status, item.vendor_status, item.status_detail) == (status, state, reason)


@pytest.mark.parametrize(
    ("changes", "status", "detail"),
    [
        ({"state": "open", "draft": False}, "In Progress", None),
        ({"state": "open", "draft": True}, "In Progress", "draft"),
        ({"state": "closed", "merged_at": "2025-02-03T04:05:06Z"}, "Resolved", "merged"),
        ({"state": "closed", "merged_at": None}, "Canceled", None),
        ({"state": None}, "Unknown", None),
    ],
)
def test_states_of_pull_requests(changes: dict[str, Any], status: str, detail: str | None) -> None:
    [item] = of_pulls(record(**changes))

    assert (item.status, item.status_detail, item.type) == (status, detail, "pull request")


def test_an_issue_and_a_pull_request_of_one_number_are_two_items() -> None:
    [issue], [pull] = of_issues(record()), of_pulls(record())

    assert issue.id != pull.id


def test_members_are_users_and_those_who_own_the_organisation_administer_it() -> None:
    ada, bob, robot = of_members(ADA, BOB, {"login": "ci[bot]", "id": 23, "type": "Bot"}, owners=(ADA,))

    assert [(who.name, who.type, who.vendor_type) for who in (ada, bob, robot)] == [
        ("ada", "Admin", "User"),
        ("bob", "User", "User"),
        ("ci[bot]", "Service", "Bot"),
    ]


def test_the_organisation_itself_owns_its_repositories() -> None:
    [organisation] = GitHubIntegration().organisation_identities(FullRefresh([SHOP, SHOP]))
    [repository] = GitHubIntegration().code_repositories(FullRefresh([SHOP]))

    assert (organisation.id, organisation.type, organisation.name) == (repository.owner_id, "Organization", "acme")


@needs_vendor_data
def test_githubs_examples_are_work_items_and_identities() -> None:
    issues, pulls = example("/repos/{owner}/{repo}/issues"), example("/repos/{owner}/{repo}/pulls")
    [member] = [*map(Member.model_validate, example("/orgs/{org}/members"))]
    identities = list(GitHubIntegration().identities(FullRefresh([member]), FullRefresh([member])))

    assert of_issues(*issues) == []  # the example is a pull request
    [pull] = of_pulls(*pulls)
    assert (pull.key, pull.title, pull.status) == ("acme/shop#1347", "Amazing new feature", "In Progress")
    assert (pull.assignee, pull.labels) == ("octocat", ["bug"])
    assert [(who.uid, who.name, who.type) for who in identities] == [("1", "octocat", "Admin")]
