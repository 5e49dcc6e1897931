"""The benchmarks' vendor with a low rate limit for each token: 2 requests a second."""

from dazz_assets import BearerToken, Integration, NextLink, Rate

from .issues import IssuesConfig, IssuesStream


class SlowIssuesIntegration(Integration[IssuesConfig]):
    """Issues, at 2 requests a second."""

    base_url = "https://issues.example"
    auth = BearerToken("{config.token}")
    records = "data"
    total = None  # It counts all issues, whatever the filter.
    paginator = NextLink("links.next")
    rate = Rate(2, per=1)
    streams = (IssuesStream,)
