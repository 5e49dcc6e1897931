"""The benchmarks' vendor with the rate limit that it documents: 50 requests a second."""

from dazz_assets import BearerToken, Integration, NextLink, Rate

from .issues import IssuesConfig, IssuesStream


class LimitedIssuesIntegration(Integration[IssuesConfig]):
    """Issues, at 50 requests a second."""

    base_url = "https://issues.example"
    auth = BearerToken("{config.token}")
    records = "data"
    total = None  # It counts all issues, whatever the filter.
    paginator = NextLink("links.next")
    rate = Rate(50, per=1)
    streams = (IssuesStream,)
