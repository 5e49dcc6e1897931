"""The examples in Atlassian's own description of Jira's API pass through our models and parsers.

The file is not ours to keep here: `VENDOR_DATA` says where it is, and without it these tests are skipped.
"""

from __future__ import annotations

import json
from typing import Any

from dazz_assets import FullRefresh, Incremental
from dazz_assets.spec.read import read_integration
from integrations.jira.integration import OF_A_DOCUMENT, OF_A_USER, CommentsStream, JiraIntegration, MyselfStream
from integrations.jira.models import Issue, Project, User
from tests.integrations.vendor_data import jira_example, needs_vendor_data

pytestmark = needs_vendor_data
STREAMS = read_integration(JiraIntegration).streams


def test_projects() -> None:
    records = jira_example("/rest/api/3/project/search")["values"]
    projects = [Project.model_validate_json(json.dumps(record)) for record in records]

    assert [(project.id, project.key, project.name) for project in projects] == [
        ("10000", "EX", "Example"),
        ("10001", "ABC", "Alphabetical"),
    ]


def test_users_become_identities() -> None:
    users = [User.model_validate_json(json.dumps(record)) for record in jira_example("/rest/api/3/users/search")]
    identities = list(JiraIntegration().identities(FullRefresh(users)))

    assert [(found.uid, found.full_name, found.type_id, found.is_active) for found in identities] == [
        ("5b10a2844c20165700ede21g", "Mia Krystof", 1, False),
        ("5b10ac8d82e05b22cc7d4ef5", "Emma Richards", 1, False),
    ]
    assert [found.email_addr for found in identities] == [None, None]
    assert len({found.id for found in identities}) == 2


def test_what_the_search_finds_becomes_work_items() -> None:
    """The example has none of the fields for people, and as its time of change the number 1."""
    records = jira_example("/rest/api/3/search/jql")["issues"]
    issues = [Issue.model_validate_json(json.dumps(record)) for record in records]
    projects = [
        Project.model_validate_json(json.dumps(record))
        for record in jira_example("/rest/api/3/project/search")["values"]
    ]
    [item] = JiraIntegration().work_items(FullRefresh(projects), Incremental(issues))

    assert (item.uid, item.key, item.title, item.status) == ("10002", "ED-1", "ED-1", "Unknown")
    assert (item.project_uid, item.project_name) == ("10000", "Example")
    assert (item.assignee_id, item.creator_id, item.parent_id, item.labels) == (None, None, None, [])
    assert (item.created_time, item.closed_time) == (None, None)


def test_comments_have_their_key_their_cursor_and_all_that_is_personal_where_it_is_declared() -> None:
    [comment] = jira_example("/rest/api/3/issue/{issueIdOrKey}/comment")["comments"]
    stream = STREAMS["comments"]

    assert (comment["id"], comment["updated"]) == ("10000", "2021-01-18T23:45:00.000+0000")
    assert stream.cursor is not None
    assert stream.cursor.field == "updated"
    personal = {
        "author.accountId": "5b10a2844c20165700ede21g",
        "author.displayName": "Mia Krystof",
        "updateAuthor.accountId": "5b10a2844c20165700ede21g",
    }
    assert personal.keys() <= set(CommentsStream.personal)
    assert {path: value_at(comment, path) for path in personal} == personal
    assert "body.content.content.text" in CommentsStream.personal
    assert "content.content.text" in OF_A_DOCUMENT
    assert str(value_at(comment["body"]["content"][0]["content"][0], "text")).startswith("Lorem ipsum")


def value_at(record: Any, path: str) -> Any:
    for name in path.split("."):
        record = record[name]
    return record


def test_who_asks_is_told_with_a_time_zone() -> None:
    myself = jira_example("/rest/api/3/myself")

    assert (myself["accountId"], myself["timeZone"]) == ("5b10a2844c20165700ede21g", "Australia/Sydney")
    assert MyselfStream.personal == OF_A_USER
    assert set(OF_A_USER) <= myself.keys()
