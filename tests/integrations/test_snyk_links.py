"""Snyk's next links, with and without the prefix of its API."""

from datetime import UTC, datetime

import pytest

from dazz_assets.http import Page, Request
from integrations.snyk.links import SnykLink


@pytest.mark.parametrize(
    ("link", "requested", "resolved"),
    [
        ("/rest/orgs/7/issues?c=2", "https://api.io/rest/orgs/7/issues?c=1", "https://api.io/rest/orgs/7/issues?c=2"),
        ("/orgs/7/issues?c=2", "https://api.io/rest/orgs/7/issues?c=1", "https://api.io/rest/orgs/7/issues?c=2"),
        ("/orgs/7/issues?c=2", "https://api.io/a/b/orgs/7/issues", "https://api.io/a/b/orgs/7/issues?c=2"),
        ("/orgs/a%20b?c=2", "https://api.io/rest/orgs/a b", "https://api.io/rest/orgs/a b?c=2"),
        ("https://other.example/x?c=2", "https://api.io/rest/x", "https://other.example/x?c=2"),
        # Only a path that ends the requested one at a segment lacks the prefix.
        ("/gs/7/issues?c=2", "https://api.io/orgs/7/issues", "https://api.io/gs/7/issues?c=2"),
        ("/orgs/8/issues?c=2", "https://api.io/rest/orgs/7/issues", "https://api.io/orgs/8/issues?c=2"),
        ("/?c=2", "https://api.io/rest/x", "https://api.io/?c=2"),
    ],
)
def test_a_link_is_followed_with_or_without_the_prefix(link: str, requested: str, resolved: str) -> None:
    request = Request(requested)
    page = Page(
        status=200,
        body=b'{"next": "%s"}' % link.encode(),
        url=requested,
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        request=request,
        final_url=requested,
    )
    following = SnykLink("next").next(request, page, 1)
    assert isinstance(following, Request)
    assert following.url == resolved
