"""Snyk, through its REST API: https://docs.snyk.io/snyk-api/rest-api"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from pydantic import SecretStr

from dazz_assets import (
    ApiKey,
    ClientCredentials,
    ConnectionConfig,
    Cursor,
    FullRefresh,
    Incremental,
    Integration,
    Rate,
    Stream,
    parser,
)
from dazz_assets.domain import CodeProject, Finding, FindingClass, Identity, RawRecord, Severity, Status, Tag

from .identities import organisation_identity, owner_id, user_identity
from .links import SnykLink
from .locations import Location, app_url, fix_available, locate, reachability
from .models import Issue, Org, Project, Target
from .packages import purl_type
from .ratings import cves, cvss, cwes, exploit_available, exploit_maturity, ghsa, known_exploited, risk_score, rule
from .repositories import source_repository

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
    """A token of a user or a service account; or the id and secret of a service account that signs in by OAuth 2.

    Outside the first region set `base_url`: `https://api.eu.snyk.io`, `https://api.us.snyk.io`, `https://api.au.snyk.io`.
    """

    token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None


class OrgsStream(Stream[Org]):
    """Organisations that the token can see. https://docs.snyk.io/snyk-api/reference/orgs"""

    path = "/rest/orgs"
    primary_key = "id"
    permissions = ("View Organization (org.read)",)


class ProjectsStream(Stream[Project]):
    """Projects of an organisation. https://docs.snyk.io/snyk-api/reference/projects"""

    parent = OrgsStream
    path = "/rest/orgs/{parent.id}/projects"
    primary_key = "id"
    permissions = ("View Projects (org.project.read)",)
    personal = ("relationships.owner.data.id", "relationships.importer.data.id")


class TargetsStream(Stream[Target]):
    """What an organisation scans, as far as it has projects: repositories, images, folders.

    https://docs.snyk.io/snyk-api/reference/targets
    """

    parent = OrgsStream
    path = "/rest/orgs/{parent.id}/targets"
    primary_key = "id"
    permissions = ("View Projects (org.project.read)",)


class IssuesStream(Stream[Issue]):
    """Issues of an organisation, open and resolved. https://docs.snyk.io/snyk-api/reference/issues"""

    parent = OrgsStream
    path = "/rest/orgs/{parent.id}/issues"
    primary_key = "id"
    cursor = Cursor("attributes.updated_at", since="updated_after", until="updated_before")
    permissions = (
        "View Organization (org.read)",
        "View Projects (org.project.read)",
        "View Project history (org.project.snapshot.read)",
    )


class SnykIntegration(Integration[SnykConfig]):
    """Organisations, what they scan, their projects, and the issues found in these.

    No header says how many of the 1,620 requests a minute are left, and requests over the limit keep the window closed:
    only a minute of silence opens it.
    """

    base_url = "https://api.snyk.io"
    # https://docs.snyk.io/snyk-api/authentication-for-api; a token is issued in the region that it is for.
    auth = (
        ClientCredentials(token_url="/oauth2/token"),  # noqa: S106 - a path
        ApiKey(format="token {config.token}"),
    )
    headers = {"Accept": "application/vnd.api+json"}
    params = {"version": "2024-10-15", "limit": 100}
    records = "data"
    paginator = SnykLink("links.next")
    rate = Rate(1_600, per=60, pause=60)
    permissions_url = "https://docs.snyk.io/snyk-platform-administration/user-roles"
    version_headers = ("snyk-version-lifecycle-stage",)
    check = OrgsStream
    streams = (OrgsStream, ProjectsStream, IssuesStream, TargetsStream)

    @parser(refresh="changed")
    def findings(
        self,
        projects: FullRefresh[ProjectsStream],
        targets: FullRefresh[TargetsStream],
        issues: Incremental[IssuesStream],
    ) -> Iterator[Finding]:
        """Issues as findings, located by their projects and these by their targets; those of deleted projects are
        closed."""
        by_id, known = {project.id: project for project in projects}, {target.id: target for target in targets}
        app = app_url(self._api_url())
        for issue in issues:
            item = issue.relationships.scan_item.data
            finding = self._finding(issue, locate(issue, by_id.get(item.id), known, app))
            if item.type == "project" and (gone := projects.gone_since(item.id)):
                finding = finding.closed("project no longer listed", gone)
            yield finding

    @parser
    def code_projects(
        self, projects: FullRefresh[ProjectsStream], targets: FullRefresh[TargetsStream]
    ) -> Iterator[CodeProject]:
        """Projects, with the repository that they are in, and their owner: a user, or else their organisation."""
        known, app = {target.id: target for target in targets}, app_url(self._api_url())
        for project in projects:
            attributes, organisation = project.attributes, project.organisation
            repository = source_repository(project, known)
            yield CodeProject(
                id=self.object_id(project.id),
                uid=project.id,
                name=attributes.name,
                type=attributes.type,
                src_url=f"{app}/org/{organisation}/project/{project.id}" if organisation else None,
                raw_record=RawRecord(stream="projects", key=project.id),
                vendor_status=attributes.status,
                is_active=attributes.status == "active" if attributes.status else None,
                organization_uid=organisation,
                repository_name=repository.name,
                repository_url=repository.url,
                branch=attributes.target_reference,
                manifest_path=attributes.target_file or None,
                package_manager=purl_type(attributes.type, None),
                owner=project.owner,
                owner_id=owner_id(project, self.object_id),
                tags=[Tag(name=tag.key, value=tag.value) for tag in attributes.tags],
                created_time=attributes.created,
            )

    @parser
    def identities(self, orgs: FullRefresh[OrgsStream], projects: FullRefresh[ProjectsStream]) -> Iterator[Identity]:
        """Organisations; and the users who own projects, of whom the API lists the ids alone."""
        app = app_url(self._api_url())
        for org in orgs:
            yield organisation_identity(org, app, self.object_id)
        seen: set[str] = set()
        for project in projects:
            if project.owner and project.owner not in seen:
                seen.add(project.owner)
                yield user_identity(project.owner, project, self.object_id)

    def _api_url(self) -> str:
        with suppress(RuntimeError):  # a parser in a test has no config
            return self.config.base_url or self.base_url
        return self.base_url

    def _finding(self, issue: Issue, location: Location) -> Finding:
        attributes = issue.attributes
        rating = cvss(attributes)
        severity = attributes.effective_severity_level
        status, detail, resolved_time = _status(issue)
        reachable, word = reachability(issue)
        return Finding(
            id=self.object_id(issue.id),
            uid=issue.id,
            src_url=location.url,
            class_uid=CLASSES.get(attributes.type or "", FindingClass.APPLICATION_SECURITY_POSTURE),
            title=attributes.title or attributes.key or f"Snyk issue {issue.id}",
            raw_record=RawRecord(stream="issues", key=issue.id),
            status_id=status,
            vendor_status=attributes.status,
            status_detail=detail,
            severity_id=SEVERITIES.get(severity, Severity.OTHER) if severity else Severity.UNKNOWN,
            vendor_severity=severity,
            cvss_score=rating.score,
            cvss_vector=rating.vector,
            exploit_maturity=exploit_maturity(attributes),
            exploit_available=exploit_available(attributes),
            known_exploited=known_exploited(attributes),
            reachable=reachable,
            reachability=word,
            vendor_risk_score=risk_score(attributes),
            resource_type=location.resource_type,
            resource_id=self.object_id(location.project_uid) if location.project_uid else None,
            resource_uid=location.resource_uid,
            resource_name=location.resource_name,
            repository_name=location.repository.name,
            owner=location.owner,
            affected_packages=location.packages,
            fix_available=fix_available(issue),
            affected_code=location.code,
            cves=cves(attributes),
            ghsa=ghsa(attributes),
            cwes=cwes(attributes),
            rule=rule(attributes),
            first_seen_time=attributes.created_at,
            last_seen_time=attributes.updated_at,
            resolved_time=resolved_time,
        )


def _status(issue: Issue) -> tuple[Status, str | None, datetime | None]:
    """OCSF's status, the vendor's reason for it, and when it was resolved. Being ignored is a flag beside the status;
    why and when an issue was set aside, only the older API says."""
    attributes, resolution = issue.attributes, issue.attributes.resolution
    if attributes.status == "resolved":
        why, at = (resolution.type, resolution.resolved_at) if resolution else (None, None)
        return Status.RESOLVED, why, at
    if attributes.ignored:
        return Status.SUPPRESSED, "ignored", None
    return (Status.NEW if attributes.status == "open" else Status.OTHER), None, None
