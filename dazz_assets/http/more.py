"""Whether a page says that it is not the last one, in one of the ways that APIs commonly say so."""

from __future__ import annotations

from dazz_assets.http.links import next_header_link
from dazz_assets.http.page import Page

_LINKS = (
    "links.next",
    "_links.next",
    "_links.next.href",
    "next",
    "next_page",
    "next_url",
    "nextLink",
    "@odata\\.nextLink",
    "paging.next",
    "paging.next.link",
    "pagination.next",
    "pagination.next_page",
    "meta.next",
    "meta.next_page",
    "next_page_token",
    "nextPageToken",
    "NextToken",
    "nextToken",
    "next_cursor",
    "nextCursor",
    "meta.next_cursor",
    "meta.page.after",
    "pagination.next_cursor",
    "pagination.nextCursor",
    "response_metadata.next_cursor",
    "paging.cursors.after",
)
_FLAGS = ("has_more", "hasMore", "has_next", "hasNext", "has_next_page", "hasNextPage", "more")
_HOLDERS = ("", "meta.", "pagination.", "paging.", "pageInfo.")
_ENDS = ("isLast", "is_last", "last", "isLastPage")


def says_more(page: Page) -> str | None:
    """What in a page says that another one follows it ("`links.next`"), or None.

    Used where no paginator is set: one page, silently taken for all of them, would be a lie (dlt-hub/dlt#2586).
    """
    if next_header_link(page):
        return "the Link header with rel=next"
    if not page.document.names():
        return None
    for path in _LINKS:
        value = page.value(path)
        if (isinstance(value, str) and value) or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return f"`{path}`"
    for holder in _HOLDERS:
        for name in _FLAGS:
            if page.value(holder + name) is True:
                return f"`{holder}{name}`"
        for name in _ENDS:
            if page.value(holder + name) is False:
                return f"`{holder}{name}`"
    return _counts(page)


def _counts(page: Page) -> str | None:
    """Jira's lists: `startAt`, `maxResults` and a `total` beyond them."""
    start, size, total = (page.value(path) for path in ("startAt", "maxResults", "total"))
    if all(isinstance(value, int) for value in (start, size, total)) and total > start + size:
        return "`total`"
    return None
