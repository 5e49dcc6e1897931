"""Finds signs in a page that another one follows, so that no page is taken for the last one that is not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from dazz_assets.http.page import Page
from dazz_assets.http.pagination import find_header_link, says_nothing_follows

# Names as `_normalize` writes them.
_LINKS = frozenset(
    {
        "next",
        "nexthref",
        "nextlink",
        "nextpage",
        "nextpagelink",
        "nextpageuri",
        "nextpageurl",
        "nextpath",
        "nextrecordsurl",
        "nexturi",
        "nexturl",
        "odatanextlink",
    }
)
_TOKENS = frozenset(
    {
        "after",
        "bookmark",
        "continuation",
        "continuationtoken",
        "cursor",
        "endcursor",
        "lastevaluatedkey",
        "nextcursor",
        "nextkey",
        "nextmarker",
        "nextoffset",
        "nextpagecursor",
        "nextpagetoken",
        "nexttoken",
        "scrollid",
    }
)
_MORE_FLAGS = frozenset(
    {
        "hasmore",
        "hasmoredata",
        "hasmoreitems",
        "hasmorepages",
        "hasmoreresults",
        "hasnext",
        "hasnextpage",
        "istruncated",
        "more",
        "moreavailable",
    }
)
_LAST_FLAGS = frozenset({"islast", "islastpage", "last", "lastpage"})
_PAGE_COUNTS = frozenset({"pagecount", "pages", "totalpages"})
_TOTALS = frozenset({"total", "totalcount", "totalelements", "totalitems", "totalrecords", "totalresults", "totalsize"})
# Objects whose fields are about pages. A field elsewhere below the top is about something else.
_PARENTS = frozenset(
    {
        "cursors",
        "info",
        "link",
        "links",
        "meta",
        "metadata",
        "page",
        "pageinfo",
        "pagination",
        "paging",
        "responsemetadata",
        *_LINKS,
    }
)
_HEADER_TOKEN = re.compile(r"continuation.?token|next.?(page)?.?(token|cursor)", re.I)
_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class NextPageHint:
    """A sign that another page follows.

    sign: what was found, for messages: "`links.next`". setting: what would read it. is_certain: whether the page says
    outright that there is more (a link, a flag); a token or a total may mean something else.
    """

    sign: str
    setting: str
    is_certain: bool


def find_next_page_hint(
    page: Page, *, ignored: Collection[str] = (), pages_read: int = 1, received: int | None = None
) -> NextPageHint | None:
    """The surest sign in a page that another one follows, or None.

    ignored: top-level fields that are data. pages_read: up to this page. received: the number of records so far; None
    if totals don't count as a sign. A flag that says that nothing follows outweighs tokens and totals.
    """
    if page.accepted_failure is not None:
        return None
    link = find_header_link(page)
    if link is not None and not says_nothing_follows(link):
        return NextPageHint("the Link header with rel=next", "LinkHeader()", is_certain=True)
    sent = _sent_values(page)
    fields = [
        (path, value)
        for path, value in _paging_fields(page, ignored)
        if isinstance(value, bool) or str(value) not in sent
    ]
    hints = [hint for path, value in fields if (hint := _read_field(path, value, pages_read, received)) is not None]
    hints += _header_hints(page, pages_read)
    certain = next((hint for hint in hints if hint.is_certain), None)
    if certain is not None or any(_says_last(path, value) for path, value in fields):
        return certain
    return next(iter(hints), None) or _find_total_hint(page)


def _read_field(path: tuple[str, ...], value: Any, pages_read: int, received: int | None) -> NextPageHint | None:
    name, place = _normalize(path[-1]), ".".join(part.replace(".", "\\.") for part in path)
    if name in ("href", "url", "link", "uri") and len(path) > 1:
        name = _normalize(path[-2])
    sign = f"`{place}`"
    if (name in _MORE_FLAGS and value is True) or (name in _LAST_FLAGS and value is False):
        return NextPageHint(sign, f'one that finds the next page, with more="{place}"', is_certain=True)
    if isinstance(value, str) and value.strip() and name in _LINKS | _TOKENS:
        if "/" in value or "?" in value:
            return NextPageHint(sign, f'NextLink("{place}")', is_certain=name in _LINKS)
        return NextPageHint(sign, f'CursorToken("{place}", param=...)', is_certain=False)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    if name in _LINKS | _TOKENS and value > 0:
        return NextPageHint(sign, f'CursorToken("{place}", param=...)', is_certain=False)
    if name in _PAGE_COUNTS and value > pages_read:
        return NextPageHint(f"{sign} of {value}", f'PageNumber(more="{place}")', is_certain=False)
    if name in _TOTALS and received and value > received:
        return NextPageHint(f"{sign} of {value}", "PageNumber(...) or Offset(...)", is_certain=False)
    return None


def _says_last(path: tuple[str, ...], value: Any) -> bool:
    name = _normalize(path[-1])
    return (name in _MORE_FLAGS and value is False) or (name in _LAST_FLAGS and value is True)


def _paging_fields(page: Page, ignored: Collection[str]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The scalars of a page that may be about paging, by path."""
    for path, value in page.document.scalars(_MAX_DEPTH):
        if path[0] not in ignored and (len(path) == 1 or _normalize(path[-2]) in _PARENTS):
            yield path, value


def _header_hints(page: Page, pages_read: int) -> Iterator[NextPageHint]:
    for name, value in page.headers.items():
        if not value.strip():
            continue
        if _normalize(name) == "xnextpage":
            yield NextPageHint(f"the header {name}", "PageNumber() or LinkHeader()", is_certain=False)
        elif _normalize(name) == "xtotalpages" and value.isdecimal() and int(value) > pages_read:
            yield NextPageHint(f"the header {name}: {value}", "PageNumber()", is_certain=False)
        elif _HEADER_TOKEN.search(name):
            yield NextPageHint(f"the header {name}", f'CursorToken(header="{name}", param=...)', is_certain=False)


def _find_total_hint(page: Page) -> NextPageHint | None:
    """The hint of Jira's lists: a `total` beyond `startAt` plus `maxResults`."""
    start, size, total = (page.value(path) for path in ("startAt", "maxResults", "total"))
    if all(isinstance(value, int) for value in (start, size, total)) and total > start + size:
        return NextPageHint("`total`", 'Offset("startAt", more="total")', is_certain=False)
    return None


def _sent_values(page: Page) -> set[str]:
    """The values in the page's request: a page that only repeats one says nothing of the next page."""
    body = page.request.body
    values = [*page.request.params.values(), *(body.values() if isinstance(body, dict) else ())]
    return {str(value) for value in values if isinstance(value, str | int) and not isinstance(value, bool)}


def _normalize(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
