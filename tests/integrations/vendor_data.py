"""What the vendors themselves publish, read where `VENDOR_DATA` says it is, and served as their APIs serve it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import FullRefresh, Incremental
from dazz_assets.domain import Finding
from integrations.github.integration import GitHubIntegration
from integrations.github.models import DependabotAlert
from integrations.snyk.integration import SnykIntegration
from integrations.snyk.models import Issue, Project
from tests.http.loopback import ReceivedRequest, Reply

FOLDER = os.environ.get("VENDOR_DATA")
needs_vendor_data = pytest.mark.skipif(
    FOLDER is None, reason="VENDOR_DATA is not set: the vendors' own data is not here"
)


def load(name: str) -> Any:
    return json.loads(load_text(name))


def load_text(name: str) -> str:
    return (Path(FOLDER or "") / name).read_text(encoding="utf-8")


def monday_errors() -> list[dict[str, Any]]:
    """Monday's answers of status 200 that are errors; none without its data, so that tests can be collected."""
    bodies: list[dict[str, Any]] = load("recorded/monday_errors_in_200.json")["bodies"] if FOLDER else []
    return bodies


def example(path: str) -> list[dict[str, Any]]:
    """The example response of a GitHub operation, as its OpenAPI description gives it."""
    description = load("github/openapi.json")
    content = description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    reference = content["examples"]["default"]["$ref"].rpartition("/")[2]
    records: list[dict[str, Any]] = description["components"]["examples"][reference]["value"]
    return records


def webhook_alerts(kind: str = "dependabot") -> list[dict[str, Any]]:
    """Alerts as webhooks send them: the repository stands beside them and not inside."""
    hooks = load(f"github/webhook_{kind}_alert.json")
    return [{**hook["alert"], "repository": hook["repository"]} for hook in hooks]


def github_alerts() -> list[dict[str, Any]]:
    """All example alerts of Dependabot, the last changed first."""
    alerts = example("/orgs/{org}/dependabot/alerts") + webhook_alerts()
    return sorted(alerts, key=lambda alert: str(alert["updated_at"]), reverse=True)


def code_scanning_alerts() -> list[dict[str, Any]]:
    """All example alerts of code scanning, of which most have no `updated_at`: the last changed first.

    Of the webhooks' alerts several have one number in one repository; here each has its own.
    """
    hooks = webhook_alerts("code_scanning")
    numbered = [{**alert, "number": alert["number"] + place} for place, alert in enumerate(hooks)]
    alerts = example("/orgs/{org}/code-scanning/alerts") + numbered
    return sorted(alerts, key=lambda alert: str(alert.get("updated_at") or alert["created_at"]), reverse=True)


def answer_as_github(asked: ReceivedRequest) -> Reply:
    """Every list of the organisation `acme`, on a page each; it has no secrets of generic patterns."""
    lists = {
        "/orgs/acme/repos": example("/orgs/{org}/repos"),
        "/orgs/acme/members": example("/orgs/{org}/members"),
        "/orgs/acme/dependabot/alerts": github_alerts(),
        "/orgs/acme/code-scanning/alerts": code_scanning_alerts(),
        "/orgs/acme/secret-scanning/alerts": example("/orgs/{org}/secret-scanning/alerts"),
        "/repos/octocat/Hello-World/issues": example("/repos/{owner}/{repo}/issues"),
        "/repos/octocat/Hello-World/pulls": example("/repos/{owner}/{repo}/pulls"),
    }
    return Reply(body=[] if "secret_type" in asked.query else lists[asked.path])


def snyk_issues() -> list[dict[str, Any]]:
    """A page of real issues, and one of each kind."""
    records = load("snyk/records.json")
    return [*load("snyk/issues_page.json")["data"], *(records[f"{kind}issue"] for kind in ("", "cloud_", "code_"))]


def answer_as_snyk(asked: ReceivedRequest) -> Reply:
    """An organisation with a project and a target, and issues of every kind; the version served is to end in 2028."""
    records = load("snyk/records.json")
    lists = {"/orgs": "organization", "/projects": "project", "/targets": "target"}
    for end, name in lists.items():
        if asked.path.endswith(end):
            return Reply(body={"data": [records[name]], "links": {}})
    since, until = asked.query["updated_after"][0], asked.query.get("updated_before", ["9"])[0]
    changed = [issue for issue in snyk_issues() if since <= issue["attributes"]["updated_at"] < until]
    return Reply(
        body={**load("snyk/issues_page.json"), "data": changed}, headers={"Sunset": "Sat, 01 Jan 2028 00:00:00 GMT"}
    )


def jira_example(path: str) -> Any:
    """The example of the answer to a GET of Jira, as its OpenAPI description gives it."""
    content = load("jira/openapi.json")["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    return json.loads(content["example"]) if isinstance(content["example"], str) else content["example"]


def answer_as_jira(asked: ReceivedRequest) -> Reply:
    """A site with the projects, users, issue and comment of the examples, on a page each.

    The example of projects is the first page of several, of which no other is published: here it is the only one.
    """
    begins = asked.query.get("startAt", ["0"]) == ["0"]
    projects = {**jira_example("/rest/api/3/project/search"), "isLast": True, "total": 2}
    del projects["nextPage"]
    answers = {
        "/rest/api/3/myself": jira_example("/rest/api/3/myself"),
        "/rest/api/3/project/search": projects,
        "/rest/api/3/users/search": jira_example("/rest/api/3/users/search") if begins else [],
        "/rest/api/3/search/jql": jira_example("/rest/api/3/search/jql"),
        "/rest/api/3/issue/10002/comment": jira_example("/rest/api/3/issue/{issueIdOrKey}/comment"),
    }
    return Reply(body=answers[asked.path])


def github_findings(records: list[dict[str, Any]]) -> list[Finding]:
    alerts = [DependabotAlert.model_validate_json(json.dumps(record)) for record in records]
    return list(GitHubIntegration().findings(Incremental(alerts), FullRefresh([])))


def snyk_findings(records: list[dict[str, Any]], projects: list[dict[str, Any]]) -> list[Finding]:
    issues = [Issue.model_validate_json(json.dumps(record)) for record in records]
    known = [Project.model_validate_json(json.dumps(record)) for record in projects]
    return list(SnykIntegration().findings(FullRefresh(known), FullRefresh([]), Incremental(issues)))
