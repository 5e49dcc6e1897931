"""The benchmarks' vendor, with its issues as the project's findings."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from dazz_assets import BearerToken, Cursor, Incremental, Integration, NextLink, Stream, parser
from dazz_assets.domain import Finding, FindingClass, RawRecord, Severity, Status

from .issues import IssuesConfig

_SEVERITIES = {"low": Severity.LOW, "medium": Severity.MEDIUM, "high": Severity.HIGH, "critical": Severity.CRITICAL}
_STATUSES = {"open": Status.NEW, "resolved": Status.RESOLVED}


class Package(BaseModel):
    name: str
    ecosystem: str
    version: str
    fixed_in: list[str] = []


class Identifier(BaseModel):
    scheme: str
    value: str


class Location(BaseModel):
    manifest: str
    line: int


class Score(BaseModel):
    cvss: float
    epss: float
    vector: str


class Attributes(BaseModel):
    title: str
    severity: str
    status: str
    created_at: datetime
    updated_at: datetime
    rule: str
    package: Package
    identifiers: list[Identifier]
    locations: list[Location]
    score: Score


class Reference(BaseModel):
    id: str


class Related(BaseModel):
    data: Reference


class Relationships(BaseModel):
    project: Related


class DetailedIssue(BaseModel):
    id: str
    attributes: Attributes
    relationships: Relationships


class DetailedIssuesStream(Stream[DetailedIssue]):
    """Issues, in the order of their last change."""

    path = "/issues"
    primary_key = "id"
    cursor = Cursor("attributes.updated_at", since="updated_after", order="asc")


class IssueFindingsIntegration(Integration[IssuesConfig]):
    """Issues as findings."""

    base_url = "https://issues.example"
    auth = BearerToken("{config.token}")
    records = "data"
    total = None  # It counts all issues, whatever the filter.
    paginator = NextLink("links.next")
    streams = (DetailedIssuesStream,)

    @parser
    def findings(self, issues: Incremental[DetailedIssuesStream]) -> Iterator[Finding]:
        """A finding for each issue."""
        return make_findings(self, "detailed_issues", issues)


def make_findings(integration: Integration[IssuesConfig], stream: str, issues: Iterable[Any]) -> Iterator[Finding]:
    """A finding for each issue, whatever the issues are read as."""
    for issue in issues:
        found, project = issue.attributes, issue.relationships.project.data.id
        yield Finding(
            id=integration.object_id(issue.id),
            uid=issue.id,
            class_uid=FindingClass.VULNERABILITY,
            title=found.title,
            raw_record=RawRecord(stream=stream, key=issue.id),
            status_id=_STATUSES[found.status],
            vendor_status=found.status,
            severity_id=_SEVERITIES[found.severity],
            vendor_severity=found.severity,
            cvss_score=found.score.cvss,
            cvss_vector=found.score.vector,
            epss_score=found.score.epss,
            resource_type="project",
            resource_id=integration.object_id(project),
            resource_uid=project,
            package_name=found.package.name,
            package_version=found.package.version,
            package_manager=found.package.ecosystem,
            fixed_in_version=next(iter(found.package.fixed_in), None),
            manifest_path=found.locations[0].manifest,
            start_line=found.locations[0].line,
            cves=[item.value for item in found.identifiers if item.scheme == "CVE"],
            cwes=[item.value for item in found.identifiers if item.scheme == "CWE"],
            rule=found.rule,
            first_seen_time=found.created_at,
            last_seen_time=found.updated_at,
        )
