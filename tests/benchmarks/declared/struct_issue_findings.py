"""The benchmarks' vendor: issues read as Structs, as the project's findings."""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from dazz_assets import BearerToken, Cursor, Incremental, Integration, NextLink, Stream, parser
from dazz_assets.domain import Finding

from .issue_findings import make_findings
from .issues import IssuesConfig


class Package(Struct):
    name: str
    ecosystem: str
    version: str
    fixed_in: list[str] = []


class Identifier(Struct):
    scheme: str
    value: str


class Location(Struct):
    manifest: str
    line: int


class Score(Struct):
    cvss: float
    epss: float
    vector: str


class Attributes(Struct):
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


class Reference(Struct):
    id: str


class Related(Struct):
    data: Reference


class Relationships(Struct):
    project: Related


class DetailedStructIssue(Struct):
    id: str
    attributes: Attributes
    relationships: Relationships


class DetailedStructIssuesStream(Stream[DetailedStructIssue]):
    """Issues, in the order of their last change."""

    path = "/issues"
    primary_key = "id"
    cursor = Cursor("attributes.updated_at", since="updated_after", order="asc")


class StructIssueFindingsIntegration(Integration[IssuesConfig]):
    """Issues read as Structs, as findings."""

    base_url = "https://issues.example"
    auth = BearerToken("{config.token}")
    records = "data"
    total = None  # It counts all issues, whatever the filter.
    paginator = NextLink("links.next")
    streams = (DetailedStructIssuesStream,)

    @parser
    def findings(self, issues: Incremental[DetailedStructIssuesStream]) -> Iterator[Finding]:
        """A finding for each issue."""
        return make_findings(self, "detailed_struct_issues", issues)
