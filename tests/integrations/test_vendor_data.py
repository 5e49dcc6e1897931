"""What the vendors themselves publish passes through our models and parsers.

The files are not ours to keep here: `VENDOR_DATA` says where they are, and without it these tests are skipped.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from dazz_assets.spec.read import read_integration
from integrations.github.integration import GitHubIntegration
from integrations.github.models import Repository
from integrations.snyk.integration import SnykIntegration
from tests.integrations.vendor_data import (
    example,
    github_findings,
    load,
    needs_vendor_data,
    snyk_findings,
    webhook_alerts,
)

pytestmark = needs_vendor_data


def value(record: dict[str, Any], path: str) -> Any:
    found: Any = record
    for name in path.split("."):
        found = found[name]
    return found


def test_githubs_example_alerts_are_findings_of_the_right_severity_and_status() -> None:
    found = github_findings(example("/orgs/{org}/dependabot/alerts"))

    assert [(f.raw_record.key, f.severity, f.status) for f in found] == [
        ("[217723378,2]", "High", "Suppressed"),
        ("[664700648,1]", "Medium", "New"),
    ]
    assert [(f.cves, f.cvss_score, f.epss_percentile) for f in found] == [
        (["CVE-2018-6188"], 8.7, 0.16001),
        (["CVE-2021-20191"], 8.5, None),
    ]
    assert [(f.package_name, f.fixed_in_version, f.status_detail) for f in found] == [
        ("django", "2.0.2", "tolerable_risk"),
        ("ansible", "2.8.19", None),
    ]


def test_alerts_of_githubs_webhooks_are_findings_too() -> None:
    found = github_findings(webhook_alerts())

    assert [(f.uid, f.severity, f.status, f.package_name) for f in found] == [
        ("1", "Medium", "Resolved", "ansible"),
        ("20", "Medium", "New", "semver"),
        ("1", "Medium", "Resolved", "ansible"),
    ]
    assert found[0].id == found[2].id != found[1].id


def test_alerts_as_the_webhook_before_had_them_lose_what_they_say_otherwise_and_are_findings() -> None:
    hooks = load("github/webhook_repository_vulnerability_alert.json")
    alerts = [{**hook["alert"], "repository": hook["repository"]} for hook in hooks]
    named = [alert for alert in alerts if "number" in alert]
    found = github_findings(named)

    assert (len(alerts), len(named)) == (4, 3)
    assert [(f.uid, f.status, f.title, f.resource_name) for f in found] == [
        ("2", "New", "Dependabot alert 2", "Codertocat/Hello-World"),
        ("2", "New", "Dependabot alert 2", "Codertocat/Hello-World"),
        ("2", "Suppressed", "Dependabot alert 2", "Codertocat/Hello-World"),
    ]
    assert [f.closed_time for f in found] == [None, None, datetime(2017, 10, 25, tzinfo=UTC)]
    assert [(f.affected_packages, f.severity, f.malware) for f in found] == [([], "Unknown", None)] * 3


def test_githubs_example_alerts_have_the_streams_key_and_cursor() -> None:
    stream = read_integration(GitHubIntegration).streams["dependabot_alerts"]
    assert stream.cursor

    for record in example("/orgs/{org}/dependabot/alerts") + webhook_alerts():
        assert all(isinstance(value(record, path), int) for path in stream.primary_key)
        assert value(record, stream.cursor.field).endswith("Z")


def test_githubs_example_repositories_are_records_of_their_stream() -> None:
    [record] = example("/orgs/{org}/repos")
    repository = Repository.model_validate_json(json.dumps(record))

    assert read_integration(GitHubIntegration).streams["repositories"].primary_key == ("id",)
    assert repository.id == 1296269
    assert (repository.visibility, repository.archived) == ("public", False)


def test_a_page_of_snyks_issues_is_five_findings() -> None:
    found = snyk_findings(load("snyk/issues_page.json")["data"], [])

    assert [(f.severity, f.status, f.package_name, f.cvss_score) for f in found] == [
        ("High", "New", "pillow", 7.5),
        ("Critical", "Suppressed", "pillow", 9.6),
        ("High", "Suppressed", "pillow", 8.1),
        ("High", "Suppressed", "setuptools", 7.5),
        ("Critical", "Resolved", "h11", 9.3),
    ]
    assert [f.cves for f in found] == [[], ["CVE-2023-4863"], ["CVE-2023-50447"], ["CVE-2024-6345"], ["CVE-2025-43859"]]
    assert [f.exploit_maturity for f in found] == [None, "Attacked", "Proof of Concept", "Proof of Concept", None]
    assert [f.exploit_available for f in found] == [None, True, True, True, None]
    assert len({f.id for f in found}) == 5


def test_each_kind_of_snyks_issues_is_a_finding_of_its_class() -> None:
    records = load("snyk/records.json")
    issues = [records[name] for name in ("issue", "cloud_issue", "code_issue")]
    package, cloud, code = snyk_findings(issues, [records["project"]])

    assert [(f.class_uid, f.severity, f.status) for f in (package, cloud, code)] == [
        (2002, "Critical", "Resolved"),
        (2003, "Medium", "Resolved"),
        (2007, "Low", "Resolved"),
    ]
    assert (package.cwes, package.rule) == (["CWE-506"], "SNYK-JS-TECHDOCSCLIEMBEDDEDAPP-5868849")
    assert (cloud.resource_type, cloud.resource_uid) == ("aws_s3_bucket", "arn:aws:s3:::policy-test-remediation")
    assert (cloud.rule, cloud.status_detail, cloud.cwes) == ("SNYK-CC-00181", "fixed", [])


def test_a_project_of_snyks_tells_its_issues_where_they_are() -> None:
    records = load("snyk/records.json")
    issue, project = records["issue"], records["project"]
    issue["relationships"]["scan_item"]["data"]["id"] = project["id"]
    [finding] = snyk_findings([issue], [project])

    assert (finding.resource_name, finding.package_manager) == ("experimental/Py:src/requirements.txt", "pypi")
    assert finding.manifest_path == "src/requirements.txt"


def test_snyks_records_have_their_streams_keys_and_cursors() -> None:
    records = load("snyk/records.json")
    streams = read_integration(SnykIntegration).streams
    cursor = streams["issues"].cursor

    assert cursor
    assert value(records["issue"], cursor.field) == "2023-09-19T03:19:14.456Z"
    for stream, record in (("orgs", "organization"), ("projects", "project"), ("issues", "issue")):
        [path] = streams[stream].primary_key
        model: Any = streams[stream].required_model
        assert model.model_validate(records[record])
        assert isinstance(value(records[record], path), str)
