"""Dependabot alerts become findings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dazz_assets import Incremental
from dazz_assets.domain import Finding
from integrations.github.integration import GitHubIntegration
from integrations.github.models import DependabotAlert


def alert(**changes: Any) -> DependabotAlert:
    record: dict[str, Any] = {
        "number": 4,
        "state": "open",
        "dependency": {"package": {"ecosystem": "npm", "name": "left-turn"}, "manifest_path": "web/package.json"},
        "security_advisory": {
            "ghsa_id": "GHSA-aaaa-bbbb-cccc",
            "cve_id": "CVE-2025-1",
            "summary": "left-turn turns right",
            "severity": "high",
            "identifiers": [{"type": "GHSA", "value": "GHSA-aaaa-bbbb-cccc"}, {"type": "CVE", "value": "CVE-2025-1"}],
            "cwes": [{"cwe_id": "CWE-79", "name": "Cross-site Scripting"}],
            "cvss": {"score": 7.5, "vector_string": "CVSS:3.1/AV:N"},
            "epss": {"percentage": 0.25, "percentile": "0.9e0"},
        },
        "security_vulnerability": {
            "severity": "high",
            "vulnerable_version_range": "< 2.0",
            "first_patched_version": {"identifier": "2.0"},
        },
        "html_url": "https://github.com/acme/shop/security/dependabot/4",
        "created_at": "2025-01-02T03:04:05Z",
        "updated_at": "2025-02-03T04:05:06Z",
        "repository": {
            "id": 12,
            "full_name": "acme/shop",
            "owner": {"login": "acme"},
            "html_url": "https://github.com/acme/shop",
        },
    }
    return DependabotAlert.model_validate(record | changes)


def parse(*alerts: DependabotAlert) -> list[Finding]:
    return list(GitHubIntegration().findings(Incremental(alerts)))


def test_an_alert_is_one_vulnerability_finding_of_its_repository() -> None:
    [finding] = parse(alert())

    assert (finding.class_uid, finding.title, finding.uid) == (2002, "left-turn turns right", "4")
    assert finding.src_url == "https://github.com/acme/shop/security/dependabot/4"
    assert (finding.resource_type, finding.resource_uid, finding.resource_name) == ("repository", "12", "acme/shop")
    assert finding.owner == "acme"


def test_the_package_its_place_and_its_fix_are_told() -> None:
    [finding] = parse(alert())

    assert (finding.package_name, finding.package_manager) == ("left-turn", "npm")
    assert (finding.manifest_path, finding.affected_versions) == ("web/package.json", "< 2.0")
    assert finding.fixed_in_version == "2.0"
    assert (finding.cves, finding.ghsa, finding.cwes) == (["CVE-2025-1"], "GHSA-aaaa-bbbb-cccc", ["CWE-79"])


def test_the_id_depends_on_repository_and_number_alone() -> None:
    first, renamed, other = parse(
        alert(),
        alert(state="fixed", html_url="https://github.com/acme/store/security/dependabot/4"),
        alert(number=5),
    )

    assert first.id == renamed.id
    assert first.id != other.id


def test_the_raw_record_is_named_by_stream_and_key() -> None:
    [finding] = parse(alert())

    assert (finding.raw_record.stream, finding.raw_record.key) == ("dependabot_alerts", "[12,4]")


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("open", "New"),
        ("fixed", "Resolved"),
        ("dismissed", "Suppressed"),
        ("auto_dismissed", "Suppressed"),
        ("on_the_moon", "Other"),
    ],
)
def test_each_state_has_its_status_beside_the_vendors_word(state: str, status: str) -> None:
    [finding] = parse(alert(state=state))

    assert (finding.status, finding.vendor_status) == (status, state)


def test_a_dismissed_alert_tells_why() -> None:
    [finding] = parse(alert(state="dismissed", dismissed_reason="tolerable_risk"))

    assert finding.status_detail == "tolerable_risk"
    assert finding.resolved_time is None


def test_times_are_those_of_the_alert() -> None:
    [finding] = parse(alert(state="fixed", fixed_at="2025-02-03T04:05:06Z"))

    assert finding.first_seen_time == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert finding.last_seen_time == finding.resolved_time == datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "severity"),
    [("low", "Low"), ("medium", "Medium"), ("high", "High"), ("critical", "Critical"), ("dire", "Other")],
)
def test_each_severity_has_its_caption_beside_the_vendors_word(word: str, severity: str) -> None:
    [finding] = parse(alert(security_vulnerability={"severity": word}))

    assert (finding.severity, finding.vendor_severity) == (severity, word)


def test_the_score_is_that_of_the_newest_cvss_that_has_a_vector() -> None:
    v3, v4 = {"score": 7.5, "vector_string": "CVSS:3.1/AV:N"}, {"score": 8.7, "vector_string": "CVSS:4.0/AV:N"}
    none = {"score": 0.0, "vector_string": None}
    advisory = alert().security_advisory.model_dump()
    scored = [
        alert(security_advisory=advisory | {"cvss_severities": {"cvss_v3": v3, "cvss_v4": v4}}),
        alert(security_advisory=advisory | {"cvss_severities": {"cvss_v3": v3, "cvss_v4": none}}),
        alert(security_advisory=advisory | {"cvss": none, "cvss_severities": None}),
    ]

    assert [(f.cvss_score, f.cvss_vector) for f in parse(*scored)] == [
        (8.7, "CVSS:4.0/AV:N"),
        (7.5, "CVSS:3.1/AV:N"),
        (None, None),
    ]


def test_exploit_prediction_may_come_as_text_or_not_at_all() -> None:
    advisory = alert().security_advisory.model_dump()
    with_it, without = parse(alert(), alert(security_advisory=advisory | {"epss": None}))

    assert (with_it.epss_score, with_it.epss_percentile) == (0.25, 0.9)
    assert (without.epss_score, without.epss_percentile) == (None, None)
