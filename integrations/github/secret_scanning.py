"""Secret scanning alerts as findings, which never hold the secret."""

from __future__ import annotations

from dazz_assets.domain import AffectedCode, Finding, FindingClass, RawRecord, Severity, Status

from .models import SecretScanningAlert
from .repositories import ObjectId, repository_fields

STATES = {"open": Status.NEW, "resolved": Status.RESOLVED}
# Reasons to set an alert aside, though the secret may still work.
SET_ASIDE = frozenset(
    {"false_positive", "wont_fix", "used_in_tests", "pattern_edited", "pattern_deleted", "hidden_by_config"}
)


def secret_scanning_finding(
    alert: SecretScanningAlert, object_id: ObjectId, *, stream: str = "secret_scanning_alerts"
) -> Finding:
    """The alert as a data security finding. GitHub says of no secret how severe it is. stream: where it was listed."""
    repository, status = alert.repository, _status(alert)
    kind = alert.secret_type_display_name or alert.secret_type
    return Finding(
        # A number is used once for each kind of alert.
        id=object_id("secret-scanning", repository.id, alert.number),
        uid=str(alert.number),
        src_url=alert.html_url,
        class_uid=FindingClass.DATA_SECURITY,
        title=kind or f"Secret scanning alert {alert.number}",
        raw_record=RawRecord(stream=stream, key=f"[{repository.id},{alert.number}]"),
        status_id=status,
        vendor_status=alert.state or "unknown",
        status_detail=alert.resolution if alert.state == "resolved" else None,
        severity_id=Severity.UNKNOWN,
        affected_code=_places(alert),
        rule=alert.secret_type,
        first_seen_time=alert.created_at,
        last_seen_time=alert.updated_at or alert.created_at,
        resolved_time=alert.resolved_at if status == Status.RESOLVED else None,
        closed_time=alert.resolved_at if alert.state == "resolved" else None,
        **repository_fields(repository, object_id),
    )


def _status(alert: SecretScanningAlert) -> Status:
    if alert.state == "resolved" and alert.resolution in SET_ASIDE:
        return Status.SUPPRESSED
    return STATES.get(alert.state, Status.OTHER) if alert.state else Status.UNKNOWN


def _places(alert: SecretScanningAlert) -> list[AffectedCode]:
    """Where it was found first; nothing if that was in an issue or a discussion."""
    at = alert.first_location_detected
    if at is None:
        return []
    return [AffectedCode(file_path=at.path, start_line=at.start_line, end_line=at.end_line, commit=at.commit_sha)]
