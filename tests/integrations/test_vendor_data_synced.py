"""The vendors' own example responses, served as they are, through the real streams and parsers into the lake."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dazz_assets.extract.ranges import SyncRange
from integrations.github.integration import GitHubIntegration
from integrations.jira.integration import JiraIntegration
from integrations.snyk.integration import SnykIntegration
from tests.help_desk_vendor import Customer
from tests.http.loopback import Vendor
from tests.integrations.vendor_data import (
    answer_as_github,
    answer_as_jira,
    answer_as_snyk,
    code_scanning_alerts,
    github_alerts,
    jira_example,
    needs_vendor_data,
    snyk_issues,
)

pytestmark = needs_vendor_data


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


def _synced(folder: Path, vendor: Vendor, integration: type[Any], config: dict[str, str]) -> Customer:
    customer = Customer(folder, vendor.url, integration, start=date(2021, 1, 4))
    customer.connection = customer.connection.model_copy(update={"config": {**customer.connection.config, **config}})
    customer.sync()
    customer.parse()
    return customer


def test_github(vendor: Vendor, tmp_path: Path) -> None:
    alerts, vendor.handler = github_alerts(), answer_as_github
    customer = _synced(tmp_path, vendor, GitHubIntegration, {"org": "acme"})

    keys = {row["key"] for row in customer.rows("select key from raw.github_dependabot_alerts")}
    assert keys == {f"[{alert['repository']['id']},{alert['number']}]" for alert in alerts}
    assert len(keys) == 4
    assert customer.rows("select key from raw.github_repositories") == [{"key": "1296269"}]
    found = customer.rows("select severity from findings")
    assert Counter(row["severity"] for row in found) == {"Medium": 3, "High": 1}
    assert customer.rows("select * from quarantine") == []

    # Of code scanning's alerts most have no time of change: that of their making counts.
    alerts = code_scanning_alerts()
    stored = {
        row["key"]: row["cursor"] for row in customer.rows("select key, cursor from raw.github_code_scanning_alerts")
    }
    assert stored == {f"[{alert['repository']['id']},{alert['number']}]": alert.get("updated_at") for alert in alerts}
    assert Counter(map(bool, stored.values())) == {False: 7, True: 1}
    customer.parse(name="code_scanning_findings")
    found = customer.rows(
        "select raw_record.key as key, last_seen_time > '2020-01-01' as dated from findings where class_uid = 2007"
    )
    assert {row["key"]: row["dated"] for row in found} == dict.fromkeys(stored, True)

    # The secret's alert has no time of change: that of its making counts. No example shows the secret as hidden.
    [secret] = customer.rows("select key, cursor from raw.github_secret_scanning_alerts")
    assert (secret["key"], secret["cursor"]) == ("[1296269,2]", None)
    for parser in ("secret_scanning_findings", "pull_request_work_items", "identities"):
        customer.parse(name=parser)
    assert customer.rows("select title from findings where class_uid = 2006") == [{"title": "Adafruit IO Key"}]
    assert customer.rows("select key from work_items") == [{"key": "octocat/Hello-World#1347"}]
    assert customer.rows("select name, type from identities order by name") == [{"name": "octocat", "type": "Admin"}]


def test_snyk(vendor: Vendor, tmp_path: Path) -> None:
    vendor.handler = answer_as_snyk
    customer = _synced(tmp_path, vendor, SnykIntegration, {})

    stored = {row["key"]: json.loads(row["record"]) for row in customer.rows("from raw.snyk_issues")}
    assert stored == {issue["id"]: issue for issue in snyk_issues()}
    found = customer.rows("select severity from findings")
    assert Counter(row["severity"] for row in found) == {"High": 3, "Critical": 3, "Medium": 1, "Low": 1}
    assert customer.rows("select * from quarantine") == []
    assert any("2028" in text for text in customer.sync("issues")["issues"].warnings)


def test_jira(vendor: Vendor, tmp_path: Path) -> None:
    vendor.handler = answer_as_jira
    customer = _synced(tmp_path, vendor, JiraIntegration, {"site": "your-domain", "email": "mia@example.com"})
    customer.parse(name="identities")

    def stored(stream: str) -> dict[str, Any]:
        return {row["key"]: json.loads(row["record"]) for row in customer.rows(f"from raw.jira_{stream}")}

    projects, users = jira_example("/rest/api/3/project/search")["values"], jira_example("/rest/api/3/users/search")
    assert stored("projects") == {"10000": projects[0], "10001": projects[1]}
    assert stored("users") == {"5b10a2844c20165700ede21g": users[0], "5b10ac8d82e05b22cc7d4ef5": users[1]}
    assert stored("issues") == {"10002": jira_example("/rest/api/3/search/jql")["issues"][0]}
    [comment] = jira_example("/rest/api/3/issue/{issueIdOrKey}/comment")["comments"]
    assert stored("comments") == {"10000": comment}
    of_comments = customer.rows("select parent, cursor from raw.jira_comments")
    assert of_comments == [{"parent": "10002", "cursor": "2021-01-18T23:45:00.000+0000"}]

    assert customer.rows("select uid, key, title, status, project_uid, project_name from work_items") == [
        {
            "uid": "10002",
            "key": "ED-1",
            "title": "ED-1",
            "status": "Unknown",
            "project_uid": "10000",
            "project_name": "Example",
        }
    ]
    assert customer.rows("select uid, full_name, type, is_active from identities order by uid") == [
        {"uid": "5b10a2844c20165700ede21g", "full_name": "Mia Krystof", "type": "User", "is_active": False},
        {"uid": "5b10ac8d82e05b22cc7d4ef5", "full_name": "Emma Richards", "type": "User", "is_active": False},
    ]
    assert customer.rows("select * from quarantine") == []


def test_jira_says_that_the_example_of_an_issue_changed_in_1970(vendor: Vendor, tmp_path: Path) -> None:
    """Its time of change is the number 1; the description of the API has a text with a date there."""
    vendor.handler = answer_as_jira
    customer = _synced(tmp_path, vendor, JiraIntegration, {"site": "your-domain", "email": "mia@example.com"})

    assert customer.rows("select cursor from raw.jira_issues") == [{"cursor": "1"}]
    [item] = customer.rows("select modified_time from work_items")
    assert item["modified_time"].timestamp() == 1
    outside, number = customer.sync("issues", sync_range=SyncRange(refetch=True))["issues"].warnings
    assert "outside the range that was asked for" in outside
    assert "the cursors at `fields.updated` are numbers such as 1" in number
