"""Finds the common signs in a page that more pages follow."""

from __future__ import annotations

from dazz_assets.http.page import Page
from dazz_assets.http.pagination import next_header_link

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
_MORE_FLAGS = ("has_more", "hasMore", "has_next", "hasNext", "has_next_page", "hasNextPage", "more")
_PARENTS = ("", "meta.", "pagination.", "paging.", "pageInfo.")
_LAST_FLAGS = ("isLast", "is_last", "last", "isLastPage")


def find_next_page_hint(page: Page) -> str | None:
    """The part of a page that says that another one follows ("`links.next`"), or None.

    Checked when no paginator is set, so that one page is never silently taken for the whole list (dlt-hub/dlt#2586).
    """
    if next_header_link(page):
        return "the Link header with rel=next"
    if not page.document.names():
        return None
    for path in _LINKS:
        value = page.value(path)
        if (isinstance(value, str) and value) or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return f"`{path}`"
    for parent in _PARENTS:
        for name in _MORE_FLAGS:
            if page.value(parent + name) is True:
                return f"`{parent}{name}`"
        for name in _LAST_FLAGS:
            if page.value(parent + name) is False:
                return f"`{parent}{name}`"
    return _find_total_hint(page)


def describe_missed_hint(page: Page, path: str | None) -> str | None:
    """A sentence about a sign of further pages that the paginator does not see, or None if it misses nothing.

    path: where the paginator looks in the body; None if it reads the `Link` header. A null at the path is how
    the vendor marks the last page.
    """
    if path is not None and page.has(path):
        return None
    hint = find_next_page_hint(page)
    place = "the Link header" if path is None else f"`{path}`"
    return hint and f"{hint} in the page says that there is more, but the paginator finds nothing at {place}."


def _find_total_hint(page: Page) -> str | None:
    """The hint of Jira's lists: a `total` beyond `startAt` plus `maxResults`."""
    start, size, total = (page.value(path) for path in ("startAt", "maxResults", "total"))
    if all(isinstance(value, int) for value in (start, size, total)) and total > start + size:
        return "`total`"
    return None
