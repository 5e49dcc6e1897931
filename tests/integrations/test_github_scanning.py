"""Alerts of code scanning and of secret scanning become findings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dazz_assets import FullRefresh, Incremental
from dazz_assets.domain import Finding
from integrations.github.integration import GitHubIntegration
from integrations.github.models import CodeScanningAlert, Repository, SecretScanningAlert
from tests.domain.test_ocsf_events import event_of
from tests.integrations.vendor_data import example, load, needs_vendor_data

REPOSITORY = {"id": 12, "full_name": "acme/shop", "owner": {"login": "acme"}}
AT = datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC)


def code_alert(**changes: Any) -> CodeScanningAlert:
    record: dict[str, Any] = {
        "number": 4,
        "state": "open",
        "rule": {
            "id": "py/path-injection",
            "severity": "error",
            "security_severity_level": "critical",
            "description": "Uncontrolled data used in path expression",
            "tags": ["security", "external/cwe/cwe-022", "external/cwe/cwe-073"],
        },
        "most_recent_instance": {
            "commit_sha": "9f" * 20,
            "location": {"path": "shop/files.py", "start_line": 7, "end_line": 9, "start_column": 1},
        },
        "html_url": "https://github.com/acme/shop/security/code-scanning/4",
        "created_at": "2025-01-02T03:04:05Z",
        "updated_at": "2025-02-03T04:05:06Z",
        "repository": REPOSITORY,
    }
    return CodeScanningAlert.model_validate(record | changes)


def secret_alert(**changes: Any) -> SecretScanningAlert:
    record: dict[str, Any] = {
        "number": 4,
        "state": "open",
        "secret": "canary-5d21",
        "secret_type": "slack_incoming_webhook_url",
        "secret_type_display_name": "Slack Incoming Webhook URL",
        "first_location_detected": {"path": "config/prod.env", "start_line": 3, "end_line": 3, "commit_sha": "1c" * 20},
        "html_url": "https://github.com/acme/shop/security/secret-scanning/4",
        "created_at": "2025-01-02T03:04:05Z",
        "updated_at": None,
        "repository": REPOSITORY,
    }
    return SecretScanningAlert.model_validate(record | changes)


def of_code(*alerts: CodeScanningAlert, repositories: FullRefresh[Any] | None = None) -> list[Finding]:
    return list(GitHubIntegration().code_scanning_findings(Incremental(alerts), repositories or FullRefresh([])))


def of_secrets(*alerts: SecretScanningAlert, repositories: FullRefresh[Any] | None = None) -> list[Finding]:
    return list(GitHubIntegration().secret_scanning_findings(Incremental(alerts), repositories or FullRefresh([])))


def test_a_code_scanning_alert_is_a_finding_of_the_applications_posture_with_its_place() -> None:
    [finding] = of_code(code_alert())

    assert (finding.class_uid, finding.title) == (2007, "Uncontrolled data used in path expression")
    assert (finding.rule, finding.cwes) == ("py/path-injection", ["CWE-22", "CWE-73"])
    assert (finding.file_path, finding.start_line, finding.end_line) == ("shop/files.py", 7, 9)
    assert finding.commit == "9f" * 20
    assert (finding.resource_uid, finding.repository_name, finding.owner) == ("12", "acme/shop", "acme")
    assert (finding.raw_record.stream, finding.raw_record.key) == ("code_scanning_alerts", "[12,4]")


def test_a_secret_scanning_alert_is_a_data_security_finding_with_its_first_place() -> None:
    [finding] = of_secrets(secret_alert())

    assert (finding.class_uid, finding.title) == (2006, "Slack Incoming Webhook URL")
    assert (finding.rule, finding.severity) == ("slack_incoming_webhook_url", "Unknown")
    assert (finding.file_path, finding.start_line, finding.commit) == ("config/prod.env", 3, "1c" * 20)
    assert finding.first_seen_time == finding.last_seen_time == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (finding.raw_record.stream, finding.raw_record.key) == ("secret_scanning_alerts", "[12,4]")


def test_an_alert_of_a_generic_pattern_is_a_finding_once_whichever_lists_have_it() -> None:
    github = GitHubIntegration()
    key = secret_alert(secret_type="rsa_private_key", secret_type_display_name="RSA Private Key")
    both, repositories = [key, secret_alert(number=5)], FullRefresh[Any]([])
    [generic] = github.generic_secret_findings(Incremental(both), repositories)
    [webhook] = github.secret_scanning_findings(Incremental(both), repositories)

    assert (generic.uid, generic.class_uid, generic.title, generic.rule) == (
        *("4", 2006),
        *("RSA Private Key", "rsa_private_key"),
    )
    assert (generic.raw_record.stream, generic.raw_record.key) == ("generic_secret_alerts", "[12,4]")
    assert (webhook.uid, generic.id) == ("5", github.object_id("secret-scanning", 12, 4))


def test_no_finding_holds_a_secret_even_if_it_was_sent() -> None:
    [finding] = of_secrets(secret_alert())

    assert "canary" not in finding.model_dump_json()
    assert "canary" not in json.dumps(event_of(finding))


def test_alerts_of_the_three_kinds_with_one_number_are_three_findings() -> None:
    [code], [secret] = of_code(code_alert()), of_secrets(secret_alert())

    assert len({code.id, secret.id, GitHubIntegration().object_id(12, 4)}) == 3


@pytest.mark.parametrize(
    ("rule", "severity", "word"),
    [
        ({"security_severity_level": "low", "severity": "error"}, "Low", "low"),
        ({"security_severity_level": "critical", "severity": "warning"}, "Critical", "critical"),
        ({"severity": "error"}, "High", "error"),
        ({"security_severity_level": None, "severity": "warning"}, "Medium", "warning"),
        ({"severity": "note"}, "Low", "note"),
        ({"severity": "none"}, "Informational", "none"),
        ({"severity": "dire"}, "Other", "dire"),
        ({}, "Unknown", None),
        (None, "Unknown", None),
    ],
)
def test_the_severity_about_security_counts_or_else_the_rules(
    rule: dict[str, Any] | None, severity: str, word: str | None
) -> None:
    [finding] = of_code(code_alert(rule=rule))

    assert (finding.severity, finding.vendor_severity) == (severity, word)


@pytest.mark.parametrize(
    ("changes", "status", "why", "closed", "resolved"),
    [
        ({"state": "open"}, "New", None, None, None),
        ({"state": "fixed", "fixed_at": "2025-02-03T04:05:06Z"}, "Resolved", None, AT, AT),
        (
            {"state": "dismissed", "dismissed_at": "2025-02-03T04:05:06Z", "dismissed_reason": "won't fix"},
            *("Suppressed", "won't fix", AT, None),
        ),
        ({"state": "asleep"}, "Other", None, None, None),
        ({"state": None}, "Unknown", None, None, None),
    ],
)
def test_states_of_code_scanning(
    changes: dict[str, Any], status: str, why: str | None, closed: datetime | None, resolved: datetime | None
) -> None:
    [finding] = of_code(code_alert(**changes))

    assert (finding.status, finding.status_detail) == (status, why)
    assert (finding.closed_time, finding.resolved_time) == (closed, resolved)


@pytest.mark.parametrize(
    ("resolution", "status", "resolved"),
    [
        ("revoked", "Resolved", AT),
        (None, "Resolved", AT),
        ("false_positive", "Suppressed", None),
        ("wont_fix", "Suppressed", None),
        ("used_in_tests", "Suppressed", None),
    ],
)
def test_a_secret_is_resolved_unless_it_was_set_aside(
    resolution: str | None, status: str, resolved: datetime | None
) -> None:
    [finding] = of_secrets(secret_alert(state="resolved", resolution=resolution, resolved_at="2025-02-03T04:05:06Z"))

    assert (finding.status, finding.status_detail) == (status, resolution)
    assert (finding.closed_time, finding.resolved_time) == (AT, resolved)


def test_a_secret_found_in_an_issue_has_no_place_in_code() -> None:
    [finding] = of_secrets(secret_alert(first_location_detected={"issue_title_url": "https://api.github.com/x"}))

    assert finding.affected_code == []


def test_findings_of_archived_and_deleted_repositories_are_closed() -> None:
    archived: FullRefresh[Any] = FullRefresh([Repository.model_validate({"id": 12, "archived": True})])
    gone: FullRefresh[Any] = FullRefresh([], gone={12: AT})
    found = [
        *of_code(code_alert(), repositories=archived),
        *of_code(code_alert(), repositories=gone),
        *of_secrets(secret_alert(), repositories=archived),
        *of_secrets(secret_alert(), repositories=gone),
    ]

    assert {finding.status for finding in found} == {"Archived"}
    assert [finding.closed_time for finding in found] == [None, AT, None, AT]


@needs_vendor_data
def test_githubs_example_alerts_are_findings_of_their_classes() -> None:
    code = [CodeScanningAlert.model_validate(item) for item in example("/orgs/{org}/code-scanning/alerts")]
    secrets = [SecretScanningAlert.model_validate(item) for item in example("/orgs/{org}/secret-scanning/alerts")]

    assert [(f.status, f.severity, f.file_path, f.start_line, f.cwes, f.status_detail) for f in of_code(*code)] == [
        ("New", "High", "spec-main/api-session-spec.ts", 917, ["CWE-22"], None),
        ("Suppressed", "High", "lib/ab12-gen.js", 917, ["CWE-22"], "false positive"),
    ]
    [secret] = of_secrets(*secrets)
    assert (secret.status, secret.status_detail, secret.rule) == ("Suppressed", "false_positive", "adafruit_io_key")
    assert secret.file_path == "/example/secrets.txt"


@needs_vendor_data
def test_code_scanning_alerts_of_githubs_webhooks_are_findings_too() -> None:
    hooks = load("github/webhook_code_scanning_alert.json")
    records = [{**hook["alert"], "repository": hook["repository"]} for hook in hooks]
    found = of_code(*(CodeScanningAlert.model_validate_json(json.dumps(record)) for record in records))

    assert [(f.status, f.severity, f.rule) for f in found] == [
        ("New", "Low", "Style/FrozenStringLiteralComment"),
        ("Suppressed", "High", "ANCHOREVULN_CVE-2020-27218_java-archive_http2-hpack_9.4.27.v20200227"),
        ("New", "High", "java/sql-injection"),
        ("Resolved", "High", "java/sql-injection"),
        ("New", "Low", "Style/FrozenStringLiteralComment"),
        ("New", "Low", "Style/FrozenStringLiteralComment"),
    ]
    assert found[3].file_path == "src/main/java/com/github/demo/service/BookService.java"
    assert (found[3].start_line, found[3].commit) == (84, "0048a27ccd962b83b1bd781bbc6f7e8fd1b2caea")
    assert [event_of(finding)["class_uid"] for finding in found] == [2007] * 6
