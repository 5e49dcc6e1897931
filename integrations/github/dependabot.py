"""Dependabot alerts as findings: their state, their advisory, and the package to be changed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from dazz_assets.domain import AffectedPackage, Finding, FindingClass, RawRecord, Severity, Status, package_url

from .models import Cvss, DependabotAlert, Epss, SecurityAdvisory
from .repositories import ObjectId, repository_fields

SEVERITIES = {
    "low": Severity.LOW,
    "moderate": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "high": Severity.HIGH,
    "critical": Severity.CRITICAL,
}
STATES = {
    "open": Status.NEW,
    "dismissed": Status.SUPPRESSED,
    "auto_dismissed": Status.SUPPRESSED,
    "fixed": Status.RESOLVED,
}
# Purl types by GitHub's ecosystems. https://docs.github.com/graphql/reference/enums#securityadvisoryecosystem
PURL_TYPES = {
    "actions": "githubactions",
    "composer": "composer",
    "erlang": "hex",
    "go": "golang",
    "maven": "maven",
    "npm": "npm",
    "nuget": "nuget",
    "pip": "pypi",
    "pub": "pub",
    "rubygems": "gem",
    "rust": "cargo",
    "swift": "swift",
}
SCOPES: dict[str, Literal["development", "runtime"]] = {"development": "development", "runtime": "runtime"}
RELATIONSHIPS: dict[str, Literal["direct", "transitive"]] = {"direct": "direct", "transitive": "transitive"}


def dependabot_finding(alert: DependabotAlert, object_id: ObjectId) -> Finding:
    """The alert as a vulnerability finding; closed if its advisory was withdrawn, since nothing is left to fix."""
    repository = alert.repository
    advisory = alert.security_advisory or SecurityAdvisory()
    packages = affected_packages(alert)
    score, prediction = cvss(advisory), advisory.epss or Epss()
    word = severity(alert)
    closed_time, why = closing(alert)
    finding = Finding(
        id=object_id(repository.id, alert.number),
        uid=str(alert.number),
        src_url=alert.html_url,
        class_uid=FindingClass.VULNERABILITY,
        title=title(alert),
        raw_record=RawRecord(stream="dependabot_alerts", key=f"[{repository.id},{alert.number}]"),
        status_id=STATES.get(alert.state, Status.OTHER),
        vendor_status=alert.state,
        status_detail=why,
        severity_id=SEVERITIES.get(word, Severity.OTHER) if word else Severity.UNKNOWN,
        vendor_severity=word,
        cvss_score=score.score,
        cvss_vector=score.vector_string,
        epss_score=prediction.percentage,
        epss_percentile=prediction.percentile,
        affected_packages=packages,
        fix_available=packages[0].fix_available if packages else None,
        malware=advisory.classification == "malware" if advisory.classification else None,
        cves=cves(advisory),
        ghsa=advisory.ghsa_id,
        cwes=[weakness.cwe_id for weakness in advisory.cwes],
        first_seen_time=alert.created_at,
        last_seen_time=alert.updated_at,
        resolved_time=alert.fixed_at,
        closed_time=closed_time,
        **repository_fields(repository, object_id),
    )
    withdrawn = advisory.withdrawn_at
    return finding.closed("advisory withdrawn", withdrawn) if withdrawn else finding


def closing(alert: DependabotAlert) -> tuple[datetime | None, str | None]:
    """When the alert was closed, and why; neither of an open one."""
    if alert.state == "dismissed":
        return alert.dismissed_at, alert.dismissed_reason
    if alert.state == "auto_dismissed":
        return alert.auto_dismissed_at, alert.dismissed_reason or "auto_dismissed"
    return (alert.fixed_at if alert.state == "fixed" else None), None


def severity(alert: DependabotAlert) -> str | None:
    """GitHub's word: that of the package at hand, or else the advisory's."""
    rated = (alert.security_vulnerability, alert.security_advisory)
    return next((item.severity for item in rated if item and item.severity), None)


def title(alert: DependabotAlert) -> str:
    """The advisory's summary, or else what is known of the alert."""
    advisory = alert.security_advisory
    known = (advisory.summary, advisory.ghsa_id) if advisory else ()
    return next(filter(None, known), f"Dependabot alert {alert.number}")


def affected_packages(alert: DependabotAlert) -> list[AffectedPackage]:
    """The package that the alert is about, if it names one. The version in use is not told by this API."""
    dependency, vulnerability = alert.dependency, alert.security_vulnerability
    package = (dependency and dependency.package) or (vulnerability and vulnerability.package)
    if not package:
        return []
    fixed = vulnerability.first_patched_version if vulnerability else None
    manager = PURL_TYPES.get(package.ecosystem or "")
    return [
        AffectedPackage(
            name=package.name,
            package_manager=manager,
            purl=package_url(manager, package.name),
            affected_versions=vulnerability.vulnerable_version_range if vulnerability else None,
            fix_available=fixed is not None if vulnerability else None,
            fixed_in_version=fixed.identifier if fixed else None,
            manifest_path=dependency.manifest_path if dependency else None,
            scope=SCOPES.get(dependency.scope or "") if dependency else None,
            relationship=RELATIONSHIPS.get(dependency.relationship or "") if dependency else None,
        )
    ]


def cvss(advisory: SecurityAdvisory) -> Cvss:
    """The score in the newest version of CVSS that has one; an empty one if there is none."""
    given = advisory.cvss_severities
    candidates = (given.cvss_v4, given.cvss_v3, advisory.cvss) if given else (advisory.cvss,)
    return next((cvss for cvss in candidates if cvss and cvss.vector_string), Cvss())


def cves(advisory: SecurityAdvisory) -> list[str]:
    """Its CVEs, each once."""
    named = [identifier.value for identifier in advisory.identifiers if identifier.type == "CVE"]
    return list(dict.fromkeys([*([advisory.cve_id] if advisory.cve_id else []), *named]))
