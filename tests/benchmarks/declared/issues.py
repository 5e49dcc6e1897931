"""The benchmarks' vendor: issues by links, and a parser with a small model."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel, SecretStr

from dazz_assets import BearerToken, ConnectionConfig, Cursor, Incremental, Integration, NextLink, Stream, parser
from dazz_assets.domain import DomainObject


class IssuesConfig(ConnectionConfig):
    token: SecretStr


class Attributes(BaseModel):
    title: str
    severity: str
    status: str
    updated_at: datetime


class Issue(BaseModel):
    id: str
    attributes: Attributes


class Problem(DomainObject):
    title: str
    severity: str
    status: str
    updated_at: datetime


class IssuesStream(Stream[Issue]):
    """Issues, in the order of their last change."""

    path = "/issues"
    primary_key = "id"
    cursor = Cursor("attributes.updated_at", since="updated_after", order="asc")


class IssuesIntegration(Integration[IssuesConfig]):
    """Issues by links, as fast as the vendor sends them."""

    base_url = "https://issues.example"
    auth = BearerToken("{config.token}")
    records = "data"
    total = None  # It counts all issues, whatever the filter.
    paginator = NextLink("links.next")
    streams = (IssuesStream,)

    @parser
    def problems(self, issues: Incremental[IssuesStream]) -> Iterator[Problem]:
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
