"""What the parsers make of Jira's issues and users."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from dazz_assets import FullRefresh, Incremental
from dazz_assets.domain import Identity, WorkItem
from integrations.jira.config import JiraConfig
from integrations.jira.integration import JiraIntegration
from integrations.jira.models import Issue, Project, User

SHOP = {"id": "10000", "key": "SHOP", "name": "Shop"}
ADA = {"accountId": "5b10a2844c20165700ede21g", "accountType": "atlassian", "displayName": "Ada", "active": True}


def status(name: str, category: str | None) -> dict[str, Any]:
    return {"name": name, "statusCategory": {"id": 2, "key": category}} if category else {"name": name}


def issue(**fields: Any) -> Issue:
    given: dict[str, Any] = {
        "summary": "The cart forgets",
        "issuetype": {"id": "10004", "name": "Bug", "subtask": False},
        "status": status("To Do", "new"),
        "priority": {"id": "1", "name": "Highest"},
        "resolution": None,
        "project": SHOP,
        "assignee": None,
        "creator": ADA,
        "labels": [],
        "created": "2026-01-02T03:04:05.678+0100",
        "updated": "2026-07-03T10:00:00.000+0200",
        "duedate": None,
        "resolutiondate": None,
    }
    return Issue.model_validate({"id": "10012", "key": "SHOP-12", "fields": given | fields})


def parse(
    *issues: Issue,
    projects: tuple[dict[str, Any], ...] = (SHOP,),
    gone: dict[object, datetime] | None = None,
    config: JiraConfig | None = None,
) -> list[WorkItem]:
    known = [Project.model_validate(project) for project in projects]
    return list(JiraIntegration(config).work_items(FullRefresh(known, gone=gone), Incremental(issues)))


def identities(*users: dict[str, Any], config: JiraConfig | None = None) -> list[Identity]:
    return list(JiraIntegration(config).identities(FullRefresh([User.model_validate(user) for user in users])))


def test_an_issue_is_a_work_item_of_its_project() -> None:
    [item] = parse(issue(labels=["cart"], duedate="2026-08-01"))

    assert (item.uid, item.key, item.title, item.type) == ("10012", "SHOP-12", "The cart forgets", "Bug")
    assert (item.project_uid, item.project_name, item.labels, item.vendor_priority) == (
        "10000",
        "Shop",
        ["cart"],
        "Highest",
    )
    assert (item.raw_record.stream, item.raw_record.key) == ("issues", "10012")
    assert item.due_time == datetime(2026, 8, 1, tzinfo=UTC)


def test_offsets_without_a_colon_are_read() -> None:
    [item] = parse(issue())

    assert item.created_time == datetime(2026, 1, 2, 2, 4, 5, 678_000, tzinfo=UTC)
    assert item.modified_time == datetime(2026, 7, 3, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "word", "expected"),
    [
        (status("To Do", "new"), "To Do", "New"),
        (status("Bei Anna", "indeterminate"), "Bei Anna", "In Progress"),
        (status("Shipped", "done"), "Shipped", "Resolved"),
        (status("Limbo", "undefined"), "Limbo", "Other"),
        (status("Limbo", None), "Limbo", "Unknown"),
        (None, None, "Unknown"),
    ],
)
def test_the_category_of_a_status_counts_whatever_its_name(given: Any, word: str | None, expected: str) -> None:
    [item] = parse(issue(status=given))

    assert (item.vendor_status, item.status) == (word, expected)


def test_a_resolution_says_why_and_its_date_since_when() -> None:
    done = {"status": status("Done", "done"), "resolution": {"name": "Won't Do"}}
    [item] = parse(issue(**done, resolutiondate="2026-07-03T10:00:00.000+0200"))

    assert (item.status_detail, item.closed_time) == ("Won't Do", datetime(2026, 7, 3, 8, tzinfo=UTC))


def test_a_project_without_resolutions_says_when_the_issue_was_done() -> None:
    [item] = parse(issue(status=status("Done", "done"), statuscategorychangedate="2026-07-01T10:00:00.000+0200"))

    assert (item.status_detail, item.closed_time) == (None, datetime(2026, 7, 1, 8, tzinfo=UTC))


def test_an_open_issue_is_not_closed_whatever_it_was_before() -> None:
    [item] = parse(issue(statuscategorychangedate="2026-07-01T10:00:00.000+0200"))

    assert item.closed_time is None


def test_issues_of_a_project_that_is_gone_are_closed_unless_they_were_done() -> None:
    gone: dict[object, datetime] = {"10000": datetime(2026, 7, 1, tzinfo=UTC)}
    still_open, done = parse(issue(), issue(status=status("Done", "done")), projects=(), gone=gone)

    assert (still_open.status, still_open.status_detail) == ("Closed", "project no longer listed")
    assert still_open.closed_time == datetime(2026, 7, 1, tzinfo=UTC)
    assert (done.status, done.closed_time) == ("Resolved", None)
    assert still_open.project_name == "Shop"


def test_a_renamed_project_has_its_new_name() -> None:
    [item] = parse(issue(), projects=({**SHOP, "name": "Store"},))

    assert item.project_name == "Store"


def test_a_sub_task_is_a_part_of_its_task_and_a_story_of_its_epic() -> None:
    part, whole = parse(issue(parent={"id": "10001", "key": "SHOP-1"}), Issue(id="10001", key="SHOP-1"))

    assert part.parent_id == whole.id


def test_people_are_the_identities_that_the_users_are() -> None:
    [identity] = identities(ADA)
    [item] = parse(issue(assignee=ADA))

    assert (item.assignee, item.assignee_id) == ("Ada", identity.id)
    assert (item.creator, item.creator_id) == ("Ada", identity.id)


def test_nobody_may_be_assigned_or_have_made_an_issue() -> None:
    [item] = parse(issue(assignee=None, creator=None))

    assert (item.assignee, item.assignee_id, item.creator, item.creator_id) == (None, None, None, None)


def test_an_issue_whose_fields_are_hidden_is_a_work_item_all_the_same() -> None:
    [item] = parse(Issue(id="10012", key="SHOP-12"))

    assert (item.title, item.status, item.project_uid) == ("SHOP-12", "Unknown", None)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("atlassian", "User"), ("customer", "User"), ("app", "Service"), ("robot", "Other"), (None, "Unknown")],
)
def test_a_user_is_an_identity_of_its_kind(kind: str | None, expected: str) -> None:
    [identity] = identities({**ADA, "accountType": kind})

    assert (identity.type, identity.vendor_type) == (expected, kind)
    assert (identity.uid, identity.full_name, identity.is_active) == (ADA["accountId"], "Ada", True)


@pytest.mark.parametrize("address", [None, ""])
def test_a_hidden_address_is_none(address: str | None) -> None:
    [identity] = identities({**ADA, "emailAddress": address})

    assert identity.email_addr is None


def test_what_is_left_of_a_deleted_account_is_an_identity() -> None:
    [identity] = identities({"accountId": "5b1", "displayName": "Former user", "active": False})

    assert (identity.full_name, identity.is_active, identity.type) == ("Former user", False, "Unknown")


@pytest.mark.parametrize("more", [{}, {"cloud_id": "1324a887", "base_url": "http://127.0.0.1:1"}])
def test_links_lead_to_the_site_wherever_the_api_is(more: dict[str, str]) -> None:
    config = JiraConfig.model_validate({"site": "nimbus", **more})
    [item], [identity] = parse(issue(), config=config), identities(ADA, config=config)

    assert item.src_url == "https://nimbus.atlassian.net/browse/SHOP-12"
    assert identity.src_url == f"https://nimbus.atlassian.net/jira/people/{ADA['accountId']}"


def test_with_a_cloud_id_requests_go_to_the_gateway() -> None:
    assert JiraConfig(site="nimbus", cloud_id="1324a887").api_url == "https://api.atlassian.com/ex/jira/1324a887"
    assert JiraConfig(site="nimbus").api_url == "https://nimbus.atlassian.net"


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"site": "nimbus", "refresh_token": "x"}, "a refresh_token needs a cloud_id"),
        ({"site": "https://nimbus.atlassian.net"}, "site"),
    ],
)
def test_a_config_that_can_not_work_is_refused(config: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        JiraConfig.model_validate(config)
