"""Finds signs in a page that another one follows, so that no page is taken for the last one that is not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dazz_assets.http.page import Page, sent_pairs
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
_PAGE_COUNTS = frozenset({"lastpage", "numpages", "pagecount", "pages", "totalpagecount", "totalpages"})
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
_HEADER_TOTALS = frozenset(
    {"xtotalcount", "xtotal", "totalcount", "xtotalitems", "xtotalrecords", "xtotalresults", "xwptotal"}
)
_HEADER_PAGE_COUNTS = frozenset({"xtotalpages", "xpagecount", "xwptotalpages", "xpaginationpagecount"})
_CONTENT_RANGE = re.compile(r"\w+ \d+-\d+/(\d+)")
# A text of this length is no word that a request and a page share by chance.
_LONG = 6
_HEADER_TOKEN = re.compile(r"continuation.?token|next.?(page)?.?(token|cursor)", re.I)
_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class NextPageHint:
    """A sign that another page follows.

    sign: what was found, for messages: "`links.next`". setting: what would read it. is_certain: whether the page says
    outright that there is more (a link, a flag); a token or a total may mean something else. is_total: whether it is a
    number of records or pages, which often counts something else. field: the top-level field or the header that has it.
    """

    sign: str
    setting: str
    is_certain: bool
    is_total: bool = False
    field: str = ""


def find_next_page_hint(
    page: Page, *, ignored: Collection[str] = (), pages_read: int = 1, received: int | None = None
) -> NextPageHint | None:
    """The surest sign in a page that another one follows, or None.

    ignored: top-level fields and headers that are data. pages_read: up to this page. received: the number of records so
    far; None if totals don't count as a sign. A flag that says that nothing follows outweighs tokens and totals.
    """
    if page.accepted_failure is not None:
        return None
    ignored_headers = {name.lower() for name in ignored}
    link = find_header_link(page) if "link" not in ignored_headers else None
    if link is not None and not says_nothing_follows(link):
        return NextPageHint("the Link header with rel=next", "LinkHeader()", is_certain=True, field="Link")
    sent = list(sent_pairs(page.request))
    fields = list(_paging_fields(page, ignored))
    hints = [
        hint
        for path, value in fields
        if (hint := _read_field(path, value, pages_read, received)) is not None
        and not (isinstance(value, str | int) and _is_echo(path, value, sent))
    ]
    hints += [hint for hint in _header_hints(page, pages_read, received) if hint.field.lower() not in ignored_headers]
    certain = next((hint for hint in hints if hint.is_certain), None)
    if certain is not None or any(_says_more(path, value) is False for path, value in fields):
        return certain
    return (
        next((hint for hint in hints if not hint.is_total), None) or next(iter(hints), None) or _find_total_hint(page)
    )


def _is_echo(path: tuple[str, ...], value: str | int, sent: Sequence[tuple[str, str]]) -> bool:
    """Whether a page only repeats what its request sent: under the same name, or a long text under any name."""
    if isinstance(value, bool) or _normalize(path[-1]) in _MORE_FLAGS | _LAST_FLAGS:
        return False
    text, name = str(value), _normalize(path[-1])
    return any(
        text == value_sent and (_normalize(name_sent.rpartition(".")[2]) == name or len(text) >= _LONG)
        for name_sent, value_sent in sent
    )


def _says_more(path: tuple[str, ...], value: Any) -> bool | None:
    """Whether a flag says that there is more, also one that is a text; None for anything else."""
    name, word = _normalize(path[-1]), str(value).strip().lower()
    if name in _MORE_FLAGS and (isinstance(value, bool) or word in ("true", "false", "yes", "no", "0", "1")):
        return word in ("true", "yes", "1")
    # `last_page: 5` is a number of pages.
    return word == "false" if name in _LAST_FLAGS and word in ("true", "false") else None


def _read_field(path: tuple[str, ...], value: Any, pages_read: int, received: int | None) -> NextPageHint | None:
    name, place = _normalize(path[-1]), ".".join(part.replace(".", "\\.") for part in path)
    if name in ("href", "url", "link", "uri") and len(path) > 1:
        name = _normalize(path[-2])
    sign = f"`{place}`"
    if _says_more(path, value):
        setting = f'one that finds the next page, with more="{place}"'
        return NextPageHint(sign, setting, is_certain=True, field=path[0])
    if isinstance(value, str) and value.strip() and name in _LINKS | _TOKENS:
        if "/" in value or "?" in value:
            return NextPageHint(sign, f'NextLink("{place}")', is_certain=name in _LINKS, field=path[0])
        return NextPageHint(sign, f'CursorToken("{place}", param=...)', is_certain=False, field=path[0])
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    if name in _LINKS | _TOKENS and value > 0:
        return NextPageHint(sign, f'CursorToken("{place}", param=...)', is_certain=False, field=path[0])
    if name in _PAGE_COUNTS and value > pages_read:
        setting = f'PageNumber(more="{place}")'
        return NextPageHint(f"{sign} of {value}", setting, is_certain=False, is_total=True, field=path[0])
    if name in _TOTALS and received and value > received:
        setting = "PageNumber(...) or Offset(...)"
        return NextPageHint(f"{sign} of {value}", setting, is_certain=False, is_total=True, field=path[0])
    return None


def _paging_fields(page: Page, ignored: Collection[str]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The scalars of a page that may be about paging, by path."""
    for path, value in page.document.scalars(_MAX_DEPTH):
        if path[0] not in ignored and (len(path) == 1 or _normalize(path[-2]) in _PARENTS):
            yield path, value


def _header_hints(page: Page, pages_read: int, received: int | None) -> Iterator[NextPageHint]:
    for header, value in page.headers.items():
        name, number = _normalize(header), int(value) if value.strip().isdecimal() else None
        if not value.strip():
            continue
        if name == "xnextpage":
            yield NextPageHint(f"the header {header}", "PageNumber() or LinkHeader()", is_certain=False, field=header)
        elif name in _HEADER_PAGE_COUNTS and number is not None and number > pages_read:
            yield NextPageHint(f"the header {header}: {value}", "PageNumber()", is_certain=False, field=header)
        elif _HEADER_TOKEN.search(header):
            setting = f'CursorToken(header="{header}", param=...)'
            yield NextPageHint(f"the header {header}", setting, is_certain=False, field=header)
        if name == "contentrange" and (ranged := _CONTENT_RANGE.fullmatch(value.strip())):
            number = int(ranged[1])
        if name in _HEADER_TOTALS | {"contentrange"} and number is not None and received and number > received:
            yield NextPageHint(
                f"the header {header}: {value}", "PageNumber(...) or Offset(...)", False, is_total=True, field=header
            )


def _find_total_hint(page: Page) -> NextPageHint | None:
    """The hint of Jira's lists: a `total` beyond `startAt` plus `maxResults`."""
    start, size, total = (page.value(path) for path in ("startAt", "maxResults", "total"))
    if all(isinstance(value, int) for value in (start, size, total)) and total > start + size:
        return NextPageHint("`total`", 'Offset("startAt", more="total")', is_certain=False, field="total")
    return None


def _normalize(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
