"""The vendors' own example responses, served as they are, through the real streams and parsers into the lake."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from integrations.github.integration import GitHubIntegration
from integrations.snyk.integration import SnykIntegration
from tests.help_desk_vendor import Customer
from tests.http.loopback import ReceivedRequest, Reply, Vendor
from tests.integrations.test_vendor_data import FOLDER, example, load, webhook_alerts

pytestmark = pytest.mark.skipif(FOLDER is None, reason="VENDOR_DATA is not set: the vendors' own data is not here")


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
    alerts = example("/orgs/{org}/dependabot/alerts") + webhook_alerts()
    newest_first = sorted(alerts, key=lambda alert: str(alert["updated_at"]), reverse=True)
    secrets = example("/orgs/{org}/secret-scanning/alerts")
    lists = {
        "/orgs/acme/repos": example("/orgs/{org}/repos"),
        "/orgs/acme/members": example("/orgs/{org}/members"),
        "/orgs/acme/dependabot/alerts": newest_first,
        "/orgs/acme/code-scanning/alerts": [],
        "/orgs/acme/secret-scanning/alerts": secrets,
        "/repos/octocat/Hello-World/issues": example("/repos/{owner}/{repo}/issues"),
        "/repos/octocat/Hello-World/pulls": example("/repos/{owner}/{repo}/pulls"),
    }
    vendor.handler = lambda asked: Reply(body=lists[asked.path])
    customer = _synced(tmp_path, vendor, GitHubIntegration, {"org": "acme"})

    keys = {row["key"] for row in customer.rows("select key from raw.github_dependabot_alerts")}
    assert keys == {f"[{alert['repository']['id']},{alert['number']}]" for alert in alerts}
    assert len(keys) == 4
    assert customer.rows("select key from raw.github_repositories") == [{"key": "1296269"}]
    found = customer.rows("select severity from findings")
    assert Counter(row["severity"] for row in found) == {"Medium": 3, "High": 1}
    assert customer.rows("select * from quarantine") == []

    # The secret's alert has no time of change: that of its making counts. No example shows the secret as hidden.
    [secret] = customer.rows("select key, cursor from raw.github_secret_scanning_alerts")
    assert (secret["key"], secret["cursor"]) == ("[1296269,2]", None)
    for parser in ("secret_scanning_findings", "pull_request_work_items", "identities"):
        customer.parse(name=parser)
    assert customer.rows("select title from findings where class_uid = 2006") == [{"title": "Adafruit IO Key"}]
    assert customer.rows("select key from work_items") == [{"key": "octocat/Hello-World#1347"}]
    assert customer.rows("select name, type from identities order by name") == [{"name": "octocat", "type": "Admin"}]


def test_snyk(vendor: Vendor, tmp_path: Path) -> None:
    page, records = load("snyk/issues_page.json"), load("snyk/records.json")
    organisation, kinds = records["organization"], [records[name] for name in ("issue", "cloud_issue", "code_issue")]

    def answer(asked: ReceivedRequest) -> Reply:
        if asked.path == "/rest/orgs":
            return Reply(body={"data": [organisation], "links": {}})
        if asked.path.endswith("/projects"):
            return Reply(body={"data": [records["project"]], "links": {}})
        if asked.path.endswith("/targets"):
            return Reply(body={"data": [records["target"]], "links": {}})
        since, until = asked.query["updated_after"][0], asked.query.get("updated_before", ["9"])[0]
        issues = [*page["data"], *kinds]
        return Reply(
            body={**page, "data": [i for i in issues if since <= i["attributes"]["updated_at"] < until]},
            headers={"Sunset": "Sat, 01 Jan 2028 00:00:00 GMT"},
        )

    vendor.handler = answer
    customer = _synced(tmp_path, vendor, SnykIntegration, {})

    stored = {row["key"]: json.loads(row["record"]) for row in customer.rows("from raw.snyk_issues")}
    assert stored == {issue["id"]: issue for issue in [*page["data"], *kinds]}
    found = customer.rows("select severity from findings")
    assert Counter(row["severity"] for row in found) == {"High": 3, "Critical": 3, "Medium": 1, "Low": 1}
    assert customer.rows("select * from quarantine") == []
    assert any("2028" in text for text in customer.sync("issues")["issues"].warnings)
