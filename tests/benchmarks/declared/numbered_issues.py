"""The benchmarks' vendor by page number."""

from dazz_assets import BearerToken, Integration, PageNumber, Stream

from .issues import Issue, IssuesConfig


class PagesStream(Stream[Issue]):
    """Issues, by page number."""

    path = "/issues"
    primary_key = "id"
    paginator = PageNumber(more="meta.pages")


class NumberedIssuesIntegration(Integration[IssuesConfig]):
    """Issues by page number."""

    base_url = "https://issues.example"
    auth = BearerToken("{config.token}")
    records = "data"
    concurrency = 8
    streams = (PagesStream,)
