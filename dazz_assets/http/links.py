"""Links to the next page, made into requests."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit, urlunsplit

from requests.utils import parse_header_links

from dazz_assets.http.errors import LinkError
from dazz_assets.http.page import Page, Request

# A long word without a path or a query is a token, and no relative link.
_TOKEN = re.compile(r"[\w+=-]{12,}")
_LONGEST = 60


def next_header_link(page: Page) -> str | None:
    """The address of the `Link` header's `rel="next"`, or None."""
    for link in parse_header_links(page.headers.get("link", "")):
        if "next" in link.get("rel", "").lower().split():
            return link["url"]
    return None


def followed(page: Page, link: str) -> Request:
    """The request that a link of a page asks for (conformance 29).

    The link's own query stands as it is; of the parameters of the request that the page answers, those that the link
    does not name are sent along (an API version, say), so that none is doubled. LinkError: it is no address.
    """
    try:
        url = resolved(link, page.answered_url or page.request.url)
    except ValueError:
        raise _no_address(page, link) from None
    if _TOKEN.fullmatch(link.strip()):
        raise _no_address(page, link)
    named = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    params = {name: value for name, value in page.request.params.items() if name not in named}
    return replace(page.request, url=url, params=params)


def _no_address(page: Page, link: str) -> LinkError:
    short = link if len(link) <= _LONGEST else link[: _LONGEST - 3] + "..."
    return LinkError(
        f"the next link is {short!r}, which is no address, absolute or relative.",
        where=page.where,
        url=f"{page.request.method} {page.url}",
        status=page.status,
    )


def resolved(link: str, requested: str) -> str:
    """The absolute address of a link, relative to the address that was requested.

    As RFC 3986 says, with one exception: an absolute path that is the requested one without its first segments means
    the requested one. Snyk answers `/rest/orgs/7/issues` with `/orgs/7/issues?starting_after=...`, which leaves out
    the prefix under which the API lives; a link to any other path is taken at its word.
    """
    url = urljoin(requested, link.strip())
    here, there = urlsplit(requested), urlsplit(url)
    if (here.scheme, here.netloc) != (there.scheme, there.netloc) or not link.strip().startswith("/"):
        return url
    whole, given = (unquote(parts.path).rstrip("/") for parts in (here, there))
    return urlunsplit(there._replace(path=here.path)) if given and whole.endswith(given) else url
