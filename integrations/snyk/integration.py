"""Snyk, through its REST API: https://docs.snyk.io/snyk-api/rest-api"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from pydantic import SecretStr

from dazz_assets import (
    ApiKey,
    ConnectionConfig,
    Cursor,
    FullRefresh,
    Incremental,
    Integration,
    Rate,
    Stream,
    parser,
)
from dazz_assets.domain import Finding, FindingClass, RawRecord, Severity, Status

from .links import SnykLink
from .locations import Location, app_url, locate
from .models import Issue, Org, Project
from .ratings import cves, cvss, cwes, exploit_maturity, ghsa, rule

CLASSES = {
    "package_vulnerability": FindingClass.VULNERABILITY,
    "license": FindingClass.COMPLIANCE,
    "cloud": FindingClass.COMPLIANCE,
    "config": FindingClass.COMPLIANCE,
    "code": FindingClass.APPLICATION_SECURITY_POSTURE,
    "custom": FindingClass.APPLICATION_SECURITY_POSTURE,
}
SEVERITIES = {
    "info": Severity.INFORMATIONAL,
    "low": Severity.LOW,
    "medium": Severity.MEDIUM,
    "high": Severity.HIGH,
    "critical": Severity.CRITICAL,
}


class SnykConfig(ConnectionConfig):
    """A token of a user or a service account.

    Outside the first region set `base_url`: `https://api.eu.snyk.io`, `https://api.us.snyk.io`, `https://api.au.snyk.io`.
    """

    token: SecretStr


class OrgsStream(Stream[Org]):
    """Organisations that the token can see. https://docs.snyk.io/snyk-api/reference/orgs"""

    path = "/rest/orgs"
    primary_key = "id"


class ProjectsStream(Stream[Project]):
    """Projects of an organisation. https://docs.snyk.io/snyk-api/reference/projects"""

    parent = OrgsStream
    path = "/rest/orgs/{parent.id}/projects"
    primary_key = "id"
    personal = ("relationships.owner.data.id", "relationships.importer.data.id")


class IssuesStream(Stream[Issue]):
    """Issues of an organisation, open and resolved. https://docs.snyk.io/snyk-api/reference/issues"""

    parent = OrgsStream
    path = "/rest/orgs/{parent.id}/issues"
    primary_key = "id"
    cursor = Cursor("attributes.updated_at", since="updated_after", until="updated_before")


class SnykIntegration(Integration[SnykConfig]):
    """Organisations, their projects, and the issues found in them.

    No header says how many of the 1,620 requests a minute are left, and requests over the limit keep the window closed.
    """

    base_url = "https://api.snyk.io"
    auth = ApiKey(format="token {config.token}")
    headers = {"Accept": "application/vnd.api+json"}
    params = {"version": "2024-10-15", "limit": 100}
    records = "data"
    paginator = SnykLink("links.next")
    rate = Rate(1_600, per=60)
    check = OrgsStream
    streams = (OrgsStream, ProjectsStream, IssuesStream)

    @parser
    def findings(self, projects: FullRefresh[ProjectsStream], issues: Incremental[IssuesStream]) -> Iterator[Finding]:
        """Issues as findings, located by their projects."""
        by_id = {project.id: project for project in projects}
        app = app_url(self._api_url())
        for issue in issues:
            project = by_id.get(issue.relationships.scan_item.data.id)
            yield self._finding(issue, locate(issue, project, app))

    def _api_url(self) -> str:
        with suppress(RuntimeError):  # a parser in a test has no config
            return self.config.base_url or self.base_url
        return self.base_url

    def _finding(self, issue: Issue, location: Location) -> Finding:
        attributes = issue.attributes
        rating, resolution = cvss(attributes), attributes.resolution
        status, detail = _status(issue)
        return Finding(
            id=self.object_id(issue.id),
            uid=issue.id,
            src_url=location.url,
            class_uid=CLASSES.get(attributes.type, FindingClass.APPLICATION_SECURITY_POSTURE),
            title=attributes.title,
            raw_record=RawRecord(stream="issues", key=issue.id),
            status_id=status,
            vendor_status=attributes.status,
            status_detail=detail,
            severity_id=SEVERITIES.get(attributes.effective_severity_level, Severity.OTHER),
            vendor_severity=attributes.effective_severity_level,
            cvss_score=rating.score if rating else None,
            cvss_vector=rating.vector if rating else None,
            exploit_maturity=exploit_maturity(attributes),
            resource_type=location.resource_type,
            resource_id=self.object_id(location.resource_uid),
            resource_uid=location.resource_uid,
            resource_name=location.resource_name,
            owner=location.owner,
            package_name=location.package_name,
            package_version=location.package_version,
            package_manager=location.package_manager,
            fixed_in_version=location.fixed_in_version,
            manifest_path=location.manifest_path,
            file_path=location.file_path,
            start_line=location.start_line,
            cves=cves(attributes),
            ghsa=ghsa(attributes),
            cwes=cwes(attributes),
            rule=rule(attributes),
            first_seen_time=attributes.created_at,
            last_seen_time=attributes.updated_at,
            resolved_time=resolution.resolved_at if resolution and status is Status.RESOLVED else None,
        )


def _status(issue: Issue) -> tuple[Status, str | None]:
    """OCSF's status, and the vendor's reason for it. At Snyk, being ignored is a flag beside the status."""
    attributes = issue.attributes
    if attributes.status == "resolved":
        return Status.RESOLVED, attributes.resolution.type if attributes.resolution else None
    if attributes.ignored:
        return Status.SUPPRESSED, "ignored"
    return (Status.NEW if attributes.status == "open" else Status.OTHER), None
