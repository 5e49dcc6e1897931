"""Findings as events of OCSF, version 1.6: https://schema.ocsf.io/1.6.0/categories/findings"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from dazz_assets.domain.finding import AffectedCode, AffectedPackage, Finding
from dazz_assets.domain.ocsf import FindingClass, Status

OCSF_VERSION = "1.6.0"

Event = dict[str, Any]

_CLOSED = frozenset({Status.SUPPRESSED, Status.RESOLVED, Status.ARCHIVED, Status.DELETED})
_CATEGORY = {"category_uid": 2, "category_name": "Findings"}
_ACTIVITIES = {1: "Create", 2: "Update", 3: "Close"}
_RULE = 1  # the `type_id` of an analytic
_REGULAR_FILE = 1
# The `status_id` of compliance and its caption, by the finding's status; of any other the check fails. What is gone
# neither passes nor fails.
_NOT_KNOWN = (0, "Unknown")
_RESULTS = {
    Status.RESOLVED: (1, "Pass"),
    **dict.fromkeys((Status.UNKNOWN, Status.ARCHIVED, Status.DELETED), _NOT_KNOWN),
}
_FAIL = (3, "Fail")
# OCSF requires a version of each package and each score; some vendors name none.
_UNKNOWN = "Unknown"
_CVSS_VERSION = re.compile(r"CVSS:(\d+(?:\.\d+)?)/")


def ocsf_event(finding: Finding, *, integration: str, connection: str, exported_at: datetime) -> Event:
    """The event that says how a finding stands now: created, updated or closed. Times are epoch milliseconds.

    The finding's own id is `finding_info.uid`, the vendor's `uid_alt`; the integration is the product, the connection
    the tenant. What has no place in the class is in `unmapped`.
    exported_at: the time of the event if the finding has none.
    """
    activity = _activity(finding)
    class_name = FindingClass(finding.class_uid).name.replace("_", " ").title() + " Finding"
    of_class, unmapped = _class_part(finding)
    event: Event = {
        "activity_id": activity,
        "activity_name": _ACTIVITIES[activity],
        **_CATEGORY,
        "class_uid": finding.class_uid,
        "class_name": class_name,
        "type_uid": finding.class_uid * 100 + activity,
        "type_name": f"{class_name}: {_ACTIVITIES[activity]}",
        "time": _milliseconds(_latest_time(finding) or exported_at),
        "message": finding.title,
        "severity_id": finding.severity_id,
        "severity": finding.severity,
        "status_id": finding.status_id,
        "status": finding.status,
        "status_code": finding.vendor_status,
        "status_detail": finding.status_detail,
        "metadata": {
            "version": OCSF_VERSION,
            "uid": finding.id,
            "product": {"name": integration, "vendor_name": integration},
            "tenant_uid": connection,
        },
        "finding_info": _finding_info(finding),
        "resources": [_resource(finding)],
        **of_class,
        "vendor_attributes": {"severity": finding.vendor_severity},
        "unmapped": {**_unmapped(finding), **unmapped},
    }
    complete: Event = _without_empty(event)
    return complete


def _activity(finding: Finding) -> int:
    """Create only for what is known to have been seen once: without times it may have been told of before."""
    if finding.status_id in _CLOSED:
        return 3
    is_first = finding.first_seen_time is not None and finding.first_seen_time == finding.last_seen_time
    return 1 if finding.status_id == Status.NEW and is_first else 2


def _latest_time(finding: Finding) -> datetime | None:
    times = (finding.closed_time, finding.resolved_time, finding.last_seen_time, finding.first_seen_time)
    return max(filter(None, times), default=None)


def _finding_info(finding: Finding) -> Event:
    return {
        "uid": finding.id,
        "uid_alt": finding.uid,
        "title": finding.title,
        "src_url": finding.src_url,
        "analytic": {"uid": finding.rule, "type_id": _RULE, "type": "Rule"} if finding.rule else None,
        "created_time": _optional_milliseconds(finding.first_seen_time),
        "first_seen_time": _optional_milliseconds(finding.first_seen_time),
        "last_seen_time": _optional_milliseconds(finding.last_seen_time),
        "modified_time": _optional_milliseconds(_latest_time(finding)),
    }


def _resource(finding: Finding) -> Event:
    return {
        "uid": finding.resource_uid,
        "uid_alt": finding.resource_id,
        "name": finding.resource_name,
        "type": finding.resource_type,
        "owner": {"name": finding.owner} if finding.owner else None,
    }


def _class_part(finding: Finding) -> tuple[Event, Event]:
    """What only the finding's class has, and what it has no place for."""
    match finding.class_uid:
        case FindingClass.VULNERABILITY:
            named = list(_vulnerabilities(finding)) or [_vulnerability(finding, {"advisory": {"uid": finding.uid}})]
            return {"vulnerabilities": named}, {}
        case FindingClass.APPLICATION_SECURITY_POSTURE:
            named = list(_vulnerabilities(finding))
            application = {"uid": finding.resource_uid, "name": finding.resource_name, "type": finding.resource_type}
            part = {"application": application, "vulnerabilities": named, "remediation": _remediation(finding)}
            return part, ({} if named else _places(finding))
        case FindingClass.COMPLIANCE:
            return {"compliance": _compliance(finding), "remediation": _remediation(finding)}, _places(finding)
        case _:
            return {"file": _file(finding.file_path) if finding.file_path else None}, _places(finding)


def _vulnerabilities(finding: Finding) -> Iterator[Event]:
    """One for each CVE; without any the advisory; without that one for each CWE. Each names exactly one of these."""
    cwes = [{"uid": cwe} for cwe in finding.cwes]
    for cve in finding.cves:
        yield _vulnerability(finding, {"cve": {"uid": cve, **_scores(finding), "related_cwes": cwes}})
    if finding.cves:
        return
    is_code = finding.class_uid == FindingClass.APPLICATION_SECURITY_POSTURE
    # The rule of a finding in code says what was looked for, the weakness what was found.
    if advisory := finding.ghsa or (None if is_code and cwes else finding.rule):
        yield _vulnerability(finding, {"advisory": {"uid": advisory, "title": finding.title, "related_cwes": cwes}})
    else:
        yield from (_vulnerability(finding, {"cwe": cwe}) for cwe in cwes)


def _vulnerability(finding: Finding, name: Event) -> Event:
    return {
        **name,
        "title": finding.title,
        "severity": finding.severity,
        "first_seen_time": _optional_milliseconds(finding.first_seen_time),
        "last_seen_time": _optional_milliseconds(finding.last_seen_time),
        "is_fix_available": finding.fix_available,
        "is_exploit_available": True if finding.known_exploited or finding.exploit_maturity else None,
        "affected_packages": [_package(package) for package in finding.affected_packages],
        "affected_code": [_code(finding, place) for place in finding.affected_code],
        "remediation": _remediation(finding),
    }


def _scores(finding: Finding) -> Event:
    version = _CVSS_VERSION.match(finding.cvss_vector or "")
    cvss = {
        "base_score": finding.cvss_score,
        "version": version[1] if version else _UNKNOWN,
        "vector_string": finding.cvss_vector,
    }
    epss = {"score": str(finding.epss_score), "percentile": finding.epss_percentile}
    return {
        "cvss": [cvss] if finding.cvss_score is not None else None,
        "epss": epss if finding.epss_score is not None else None,
    }


def _package(package: AffectedPackage) -> Event:
    return {
        "name": package.name,
        "version": package.version or _UNKNOWN,
        "package_manager": package.package_manager,
        "purl": package.purl,
        "fixed_in_version": package.fixed_in_version,
        "path": package.manifest_path,
    }


def _code(finding: Finding, place: AffectedCode) -> Event:
    return {
        "file": _file(place.file_path),
        "start_line": place.start_line,
        "end_line": place.end_line,
        "rule": {"uid": finding.rule} if finding.rule else None,
    }


def _file(path: str) -> Event:
    return {"name": path.rpartition("/")[2] or path, "path": path, "type_id": _REGULAR_FILE, "type": "Regular File"}


def _compliance(finding: Finding) -> Event:
    result, caption = _RESULTS.get(Status(finding.status_id), _FAIL)
    status = {"status_id": result, "status": caption}
    check = {"uid": finding.rule, "name": finding.title, **status}
    return {"control": finding.rule or finding.title, "checks": [check], **status}


def _remediation(finding: Finding) -> Event | None:
    """What to upgrade to, where the vendor says so."""
    upgrades = [
        f"{item.name} to {item.fixed_in_version}" for item in finding.affected_packages if item.fixed_in_version
    ]
    return {"desc": f"Upgrade {', '.join(upgrades)}."} if upgrades else None


def _places(finding: Finding) -> Event:
    """The packages and the code, for classes that have no place for them."""
    return {
        "affected_packages": [_package(package) for package in finding.affected_packages],
        "affected_code": [_code(finding, place) for place in finding.affected_code],
    }


def _unmapped(finding: Finding) -> Event:
    names_cve = bool(finding.cves) and finding.class_uid in (
        FindingClass.VULNERABILITY,
        FindingClass.APPLICATION_SECURITY_POSTURE,
    )
    ids = {} if names_cve else {"cves": finding.cves, "cwes": finding.cwes, **_scores(finding)}
    return {
        **ids,
        "commit": finding.commit,
        "exploit_maturity": finding.exploit_maturity,
        "known_exploited": finding.known_exploited,
        "reachability": finding.reachability,
        "reachable": finding.reachable,
        "repository_name": finding.repository_name,
        "scope": finding.scope,
        "vendor_risk_score": finding.vendor_risk_score,
    }


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1_000)


def _optional_milliseconds(time: datetime | None) -> int | None:
    return None if time is None else _milliseconds(time)


def _without_empty(value: Any) -> Any:
    """The value without members that are null or hold nothing, at any depth."""
    if isinstance(value, dict):
        kept = {name: _without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item is not None and item not in ({}, [])}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value
