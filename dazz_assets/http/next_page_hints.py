"""Whether a page says that it is not the last one, in one of the ways that APIs commonly say so."""

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


def overlooked_hint(page: Page, path: str | None) -> str | None:
    """What in a page says that there is more, where a paginator finds nothing of it, in words; None where all is well.

    path: where the paginator looks in the body; None where it looks at the `Link` header. A null that is there is the
    vendor's word for the last page.
    """
    if path is not None and page.has(path):
        return None
    sign = says_more(page)
    return sign and f"the page says by {sign} that there is more, and its paginator finds nothing at {_place(path)}."


def _place(path: str | None) -> str:
    return "the Link header" if path is None else f"`{path}`"


def _counts(page: Page) -> str | None:
    """Jira's lists: `startAt`, `maxResults` and a `total` beyond them."""
    start, size, total = (page.value(path) for path in ("startAt", "maxResults", "total"))
    if all(isinstance(value, int) for value in (start, size, total)) and total > start + size:
        return "`total`"
    return None
