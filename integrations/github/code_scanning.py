"""Code scanning alerts as findings: weaknesses in code, with the place and the rule."""

from __future__ import annotations

import re

from dazz_assets.domain import AffectedCode, Finding, FindingClass, RawRecord, Severity, Status

from .models import CodeScanningAlert, Rule
from .repositories import ObjectId, repository_fields

STATES = {"open": Status.NEW, "dismissed": Status.SUPPRESSED, "fixed": Status.RESOLVED}
# By `security_severity_level`, and by `severity` for rules that have none.
SEVERITIES = {
    "low": Severity.LOW,
    "medium": Severity.MEDIUM,
    "high": Severity.HIGH,
    "critical": Severity.CRITICAL,
    "none": Severity.INFORMATIONAL,
    "note": Severity.LOW,
    "warning": Severity.MEDIUM,
    "error": Severity.HIGH,
}
# A tag of CodeQL's rules: external/cwe/cwe-089.
_CWE = re.compile(r"(?:.*/)?cwe-0*(\d+)", re.IGNORECASE)


def code_scanning_finding(alert: CodeScanningAlert, object_id: ObjectId) -> Finding:
    """The alert as an application security posture finding."""
    repository, rule = alert.repository, alert.rule or Rule()
    word = rule.security_severity_level or rule.severity
    closed_time = {"dismissed": alert.dismissed_at, "fixed": alert.fixed_at}.get(alert.state or "")
    return Finding(
        # A number is used once for each kind of alert.
        id=object_id("code-scanning", repository.id, alert.number),
        uid=str(alert.number),
        src_url=alert.html_url,
        class_uid=FindingClass.APPLICATION_SECURITY_POSTURE,
        title=rule.description or rule.name or rule.id or f"Code scanning alert {alert.number}",
        raw_record=RawRecord(stream="code_scanning_alerts", key=f"[{repository.id},{alert.number}]"),
        status_id=STATES.get(alert.state, Status.OTHER) if alert.state else Status.UNKNOWN,
        vendor_status=alert.state or "unknown",
        status_detail=alert.dismissed_reason if alert.state == "dismissed" else None,
        severity_id=SEVERITIES.get(word, Severity.OTHER) if word else Severity.UNKNOWN,
        vendor_severity=word,
        affected_code=_places(alert),
        cwes=_cwes(rule),
        rule=rule.id,
        first_seen_time=alert.created_at,
        last_seen_time=alert.updated_at or alert.created_at,
        resolved_time=alert.fixed_at if alert.state == "fixed" else None,
        closed_time=closed_time,
        **repository_fields(repository, object_id),
    )


def _places(alert: CodeScanningAlert) -> list[AffectedCode]:
    """Where it was found last."""
    instance = alert.most_recent_instance
    at = instance.location if instance else None
    if instance is None or at is None:
        return []
    return [AffectedCode(file_path=at.path, start_line=at.start_line, end_line=at.end_line, commit=instance.commit_sha)]


def _cwes(rule: Rule) -> list[str]:
    """The CWEs among the rule's tags, each once."""
    matches = (_CWE.fullmatch(tag) for tag in rule.tags)
    return list(dict.fromkeys(f"CWE-{match[1]}" for match in matches if match))
