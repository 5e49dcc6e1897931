"""Snyk's next links, with and without the prefix of its API."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from dazz_assets.http import Last, Page, Request
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
    following = follow({"next": link}, requested)
    assert isinstance(following, Request)
    assert following.url == resolved


PAGE_2 = "https://api.io/rest/orgs/7/issues?version=1&limit=100&starting_after=v1.a%3D"


@pytest.mark.parametrize(
    "links",
    [
        {"next": "/rest/orgs/7/issues?version=1&limit=100&starting_after=v1.a%3D"},
        {"next": "/orgs/7/issues?limit=100&starting_after=v1.a=&version=1"},
        {"next": PAGE_2, "self": None},
        # What Snyk calls the page may not be what was asked for.
        {"next": "/orgs/7/issues?limit=100&version=1", "self": "/rest/orgs/7/issues?version=1&limit=100"},
    ],
)
def test_a_link_to_its_own_page_is_the_end(links: dict[str, str | None]) -> None:
    assert isinstance(follow(links, PAGE_2), Last)


@pytest.mark.parametrize(
    "links",
    [
        {"next": "/orgs/7/issues?version=1&limit=100&starting_after=v1.b", "self": PAGE_2},
        {"next": "/orgs/8/issues?version=1&limit=100&starting_after=v1.a=", "self": 7},
        # An earlier page: the list goes round, which is not its end.
        {"next": "/orgs/7/issues?version=1&limit=100", "self": PAGE_2},
        {"next": "/orgs/7/issues?version=1&limit=100", "self": "http://["},
    ],
)
def test_a_link_to_another_page_is_followed(links: dict[str, object]) -> None:
    assert isinstance(follow(links, PAGE_2), Request)


def follow(links: Mapping[str, object], requested: str) -> Request | Last:
    """What comes after a page of a hundred records with these links."""
    request = Request(requested)
    page = Page(
        status=200,
        body=json.dumps({"links": links}).encode(),
        url=requested,
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        request=request,
        final_url=requested,
    )
    return SnykLink("links.next").next(request, page, 100)
