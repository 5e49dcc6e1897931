"""The benchmarks' vendor: issues read as Structs, and a parser with the small model."""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from dazz_assets import BearerToken, Cursor, Incremental, Integration, NextLink, Stream, parser

from .issues import IssuesConfig, Problem


class Attributes(Struct):
    title: str
    severity: str
    status: str
    updated_at: datetime


class StructIssue(Struct):
    id: str
    attributes: Attributes


class StructIssuesStream(Stream[StructIssue]):
    """Issues, in the order of their last change."""

    path = "/issues"
    primary_key = "id"
    cursor = Cursor("attributes.updated_at", since="updated_after", order="asc")


class StructIssuesIntegration(Integration[IssuesConfig]):
    """Issues read as Structs."""

    base_url = "https://issues.example"
    auth = BearerToken("{config.token}")
    records = "data"
    total = None  # It counts all issues, whatever the filter.
    paginator = NextLink("links.next")
    streams = (StructIssuesStream,)

    @parser
    def problems(self, issues: Incremental[StructIssuesStream]) -> Iterator[Problem]:
        """A problem for each issue."""
        for issue in issues:
            found = issue.attributes
            yield Problem(
                id=self.object_id(issue.id),
                title=found.title,
                severity=found.severity,
                status=found.status,
                updated_at=found.updated_at,
            )
