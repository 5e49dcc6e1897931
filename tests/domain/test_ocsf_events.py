"""Findings are valid events of OCSF 1.6, by its published schema."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from dazz_assets.domain import AffectedCode, AffectedPackage, Finding, FindingClass, Severity, Status
from dazz_assets.domain.ocsf_events import OCSF_VERSION, Event, ocsf_event
from tests.domain.test_domain_models import finding

SEEN = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
CHANGED = datetime(2026, 2, 3, tzinfo=UTC)
EXPORTED = datetime(2026, 5, 6, tzinfo=UTC)
CVSS = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


@cache
def validator(class_uid: int) -> Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=OCSF_VERSION))
    return Draft202012Validator(schema.get_class_schema(schema.lookup_class_name_from_uid(class_uid), profiles=[]))


def problems(event: Event) -> list[str]:
    """What the schema has against an event."""
    return [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in validator(event["class_uid"]).iter_errors(event)
    ]


def event_of(found: Finding) -> Event:
    event = ocsf_event(found, integration="acme", connection="main", exported_at=EXPORTED)
    assert problems(event) == []
    return event


@pytest.mark.parametrize("class_uid", FindingClass)
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("severity", [Severity.UNKNOWN, Severity.CRITICAL, Severity.OTHER])
def test_the_least_finding_is_valid_in_each_class_and_status(class_uid: int, status: int, severity: int) -> None:
    event = event_of(finding(class_uid=class_uid, status_id=status, severity_id=severity))

    assert (event["class_uid"], event["status_id"], event["severity_id"]) == (class_uid, status, severity)
    assert event["time"] == EXPORTED.timestamp() * 1_000


FULL: dict[str, Any] = {
    "src_url": "https://vendor.test/1",
    "status_detail": "because",
    "vendor_severity": "urgent",
    "cvss_score": 9.8,
    "cvss_vector": CVSS,
    "exploit_maturity": "Attacked",
    "known_exploited": True,
    "epss_score": 0.25,
    "epss_percentile": 0.9,
    "reachable": True,
    "reachability": "function",
    "vendor_risk_score": 800.0,
    "resource_name": "acme/shop",
    "owner": "ada",
    "affected_packages": [
        AffectedPackage(name="a", version="1", package_manager="npm", purl="pkg:npm/a@1", fixed_in_version="2"),
        AffectedPackage(name="b"),
    ],
    "fix_available": True,
    "affected_code": [AffectedCode(file_path="src/a.py", start_line=7, end_line=9, commit="c0ffee")],
    "cwes": ["CWE-79", "CWE-89"],
    "rule": "python/Sqli",
    "first_seen_time": SEEN,
    "last_seen_time": CHANGED,
}
NAMES: list[dict[str, Any]] = [{"cves": ["CVE-2026-1", "CVE-2026-2"]}, {"ghsa": "GHSA-aaaa-bbbb-cccc"}, {}]


@pytest.mark.parametrize("class_uid", FindingClass)
@pytest.mark.parametrize("names", NAMES)
def test_the_fullest_finding_is_valid_in_each_class(class_uid: int, names: dict[str, Any]) -> None:
    event = event_of(finding(class_uid=class_uid, **FULL, **names))

    assert event["finding_info"]["first_seen_time"] == 1_767_323_045_678
    assert event["metadata"] == {
        "version": "1.6.0",
        "uid": "f",
        "product": {"name": "acme", "vendor_name": "acme"},
        "tenant_uid": "main",
    }
    [resource] = event["resources"]
    assert (resource["uid"], resource["owner"]) == ("7", {"name": "ada"})


@pytest.mark.parametrize(
    ("status", "first_seen", "last_seen", "activity"),
    [
        (Status.NEW, SEEN, SEEN, (1, "Create")),
        (Status.NEW, SEEN, CHANGED, (2, "Update")),
        # Where a time is not known, it may have been told of before.
        (Status.NEW, None, None, (2, "Update")),
        (Status.NEW, SEEN, None, (2, "Update")),
        (Status.NEW, None, CHANGED, (2, "Update")),
        (Status.UNKNOWN, None, None, (2, "Update")),
        (Status.SUPPRESSED, SEEN, CHANGED, (3, "Close")),
        (Status.RESOLVED, SEEN, CHANGED, (3, "Close")),
        (Status.RESOLVED, None, None, (3, "Close")),
        (Status.ARCHIVED, SEEN, CHANGED, (3, "Close")),
    ],
)
def test_the_activity_says_how_the_finding_stands(
    status: Status, first_seen: datetime | None, last_seen: datetime | None, activity: tuple[int, str]
) -> None:
    event = event_of(finding(status_id=status, first_seen_time=first_seen, last_seen_time=last_seen))

    assert (event["activity_id"], event["activity_name"]) == activity
    assert (event["type_uid"], event["type_name"]) == (200_200 + activity[0], f"Vulnerability Finding: {activity[1]}")


def test_each_cve_is_a_vulnerability_with_scores_and_packages() -> None:
    first, second = event_of(finding(**FULL, **NAMES[0]))["vulnerabilities"]

    assert (first["cve"]["uid"], second["cve"]["uid"]) == ("CVE-2026-1", "CVE-2026-2")
    assert first["cve"]["cvss"] == [{"base_score": 9.8, "version": "3.1", "vector_string": CVSS}]
    assert first["cve"]["epss"] == {"score": "0.25", "percentile": 0.9}
    assert first["cve"]["related_cwes"] == [{"uid": "CWE-79"}, {"uid": "CWE-89"}]
    assert [package["version"] for package in first["affected_packages"]] == ["1", "Unknown"]
    assert (first["is_fix_available"], first["is_exploit_available"]) == (True, True)
    assert first["remediation"] == {"desc": "Upgrade a to 2."}


def test_a_weakness_in_code_names_file_and_lines() -> None:
    first, second = event_of(finding(class_uid=2007, **FULL))["vulnerabilities"]

    assert (first["cwe"], second["cwe"]) == ({"uid": "CWE-79"}, {"uid": "CWE-89"})
    [place] = first["affected_code"]
    assert (place["file"]["path"], place["file"]["name"]) == ("src/a.py", "a.py")
    assert (place["start_line"], place["end_line"], place["rule"]) == (7, 9, {"uid": "python/Sqli"})


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (Status.NEW, "Fail"),
        (Status.SUPPRESSED, "Fail"),
        (Status.RESOLVED, "Pass"),
        (Status.UNKNOWN, "Unknown"),
        (Status.ARCHIVED, "Unknown"),
    ],
)
def test_compliance_fails_until_the_finding_is_resolved(status: Status, result: str) -> None:
    event = event_of(finding(class_uid=2003, status_id=status, rule="SNYK-CC-1"))

    assert (event["compliance"]["status"], event["compliance"]["control"]) == (result, "SNYK-CC-1")


def test_the_vendors_words_stand_beside_the_normalised_ones() -> None:
    event = event_of(finding(**FULL))

    assert (event["status"], event["status_code"], event["status_detail"]) == ("New", "open", "because")
    assert (event["severity"], event["vendor_attributes"]) == ("High", {"severity": "urgent"})


def test_what_the_class_has_no_place_for_is_kept() -> None:
    unmapped = event_of(finding(class_uid=2006, **FULL, **NAMES[0]))["unmapped"]

    assert unmapped["cves"] == ["CVE-2026-1", "CVE-2026-2"]
    assert [package["name"] for package in unmapped["affected_packages"]] == ["a", "b"]
    assert (unmapped["known_exploited"], unmapped["reachability"]) == (True, "function")
