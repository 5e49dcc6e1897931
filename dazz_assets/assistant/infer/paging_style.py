"""Finds the paginators that fit a page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dazz_assets.assistant.infer.json_values import decode_json, split_words
from dazz_assets.field_paths import join_path
from dazz_assets.http import CursorToken, GraphQLCursor, LinkHeader, NextLink, Offset, Page, PageNumber, Paginator
from dazz_assets.http.paging.next_links import find_header_link
from dazz_assets.http.paging.pagination import OURS, path_read_by

_MAX_DEPTH = 6

# Names of members, normalised: `nextPageToken` and `next_page_token` are both "nextpagetoken".
_LINKS = (
    "next",
    "nextlink",
    "nextpage",
    "nexturl",
    "nextpageurl",
    "nextpagelink",
    "nexthref",
    "nexturi",
    "odatanextlink",
)
_INSIDE_LINKS = frozenset({"href", "link", "url"})
# The parameter that sends a token, in snake case and in camel case. None: named like the token.
_TOKENS: Mapping[str, tuple[str, str] | None] = {
    "nextpagetoken": ("page_token", "pageToken"),
    "nextcursor": ("cursor", "cursor"),
    "nexttoken": None,
    "nextpageid": ("page_id", "pageId"),
    "continuationtoken": None,
    "continuation": None,
    "nextmarker": ("marker", "marker"),
    "nextoffset": ("offset", "offset"),
    "nextpage": ("page", "page"),
    "endcursor": ("after", "after"),
    "startingafter": None,
    "scrollid": None,
    "bookmark": None,
}
# These names hold a token only inside one of `_HOLDERS`.
_TOKENS_INSIDE: Mapping[str, tuple[str, str] | None] = {
    "after": None,
    "next": ("cursor", "cursor"),
    "cursor": None,
    "token": ("page_token", "pageToken"),
}
_HOLDERS = frozenset(
    {"cursor", "cursors", "page", "paging", "pagination", "pageinfo", "meta", "metadata", "responsemetadata"}
)
_PAGES = ("page", "currentpage", "pagenumber", "pageno", "pageindex", "number")
_PAGE_TOTALS = ("totalpages", "pages", "lastpage", "pagecount", "pagetotal", "numpages", "pagestotal")
_OFFSETS = ("offset", "startat", "skip", "start", "startindex", "from")
_TOTALS = ("total", "totalcount", "totalresults", "totalrecords", "totalitems", "totalhits")
_SIZES = ("limit", "maxresults", "size", "pagesize", "perpage", "itemsperpage", "top")
_FLAGS = ("hasmore", "hasnext", "hasnextpage", "more", "islast", "islastpage", "last")


@dataclass(frozen=True, slots=True)
class Paging:
    """A paginator that fits a page.

    sign: what in the page suggests it. has_more: whether another page follows; a null link on the last page also shows
    how the API pages. params: extra parameters of the first request, if the first page is not number 1.
    """

    paginator: Paginator
    sign: str
    has_more: bool
    params: Mapping[str, int] = field(default_factory=dict)


def find_paging(page: Page) -> list[Paging]:
    """The paginators that fit a page: first those for which another page follows, then the others."""
    found = [*_find_in_header(page)]
    document = decode_json(page.body) if page.body.strip() else None
    objects = list(_list_objects(document, ()))
    received = max(
        (len(item) for _, holder in objects for item in holder.values() if isinstance(item, list)), default=1
    )
    for names, holder in objects:
        found += _find_in_members(page, names, holder)
        found += _find_in_counts(page, names, holder, received)
    return sorted(found, key=lambda item: not item.has_more)


def paginators_match(one: Paginator, other: Paginator) -> bool:
    """Whether a paginator is of another's class, reads the same path and, if it counts, sends the same parameter.

    No page says which parameter takes its token.
    """
    if not isinstance(one, type(other)):
        return False
    if isinstance(one, CursorToken) and one.path is not None:
        return one.path == getattr(other, "path", None)
    return all(getattr(one, name, None) == getattr(other, name, None) for name in ("path", "param"))


def _find_in_header(page: Page) -> Iterator[Paging]:
    if find_header_link(page):
        yield Paging(LinkHeader(), "the Link header has rel=next", has_more=True)


def _list_objects(value: Any, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The objects that surround the records, with their paths; objects in lists (records) are left out."""
    if isinstance(value, dict) and len(names) < _MAX_DEPTH:
        yield names, value
        for name, member in value.items():
            yield from _list_objects(member, (*names, name))


def _find_in_members(page: Page, names: tuple[str, ...], holder: Mapping[str, Any]) -> Iterator[Paging]:
    parent = _normalise(names[-1]) if names else ""
    for name, value in holder.items():
        path, plain = join_path([*names, name]), _normalise(name)
        if plain == "endcursor" and parent == "pageinfo":
            more = value is not None and holder.get("hasNextPage") is not False
            yield Paging(_graphql_paginator(page, path), f"`{path}` is there", has_more=more)
        elif _is_link(value) and (plain in _LINKS or (plain in _INSIDE_LINKS and parent in _LINKS)):
            yield Paging(NextLink(path), f"`{path}` holds a link", has_more=True)
        elif value is None and (plain in _LINKS or plain in _TOKENS):
            paginator = (
                NextLink(path)
                if plain in _LINKS
                else CursorToken(path, param=_guess_param(name, names, _TOKENS[plain]))
            )
            yield Paging(paginator, f"`{path}` is there and null", has_more=False)
        elif _is_token(value):
            if plain in _TOKENS:
                yield _token_paging(path, _guess_param(name, names, _TOKENS[plain]))
            elif plain in _TOKENS_INSIDE and parent in _HOLDERS:
                yield _token_paging(path, _guess_param(name, names, _TOKENS_INSIDE[plain]))


def _token_paging(path: str, param: str) -> Paging:
    return Paging(CursorToken(path, param=param), f"`{path}` holds a token", has_more=True)


def _graphql_paginator(page: Page, path: str) -> Paginator:
    body = page.request.body
    if not isinstance(body, Mapping) or "query" not in body:
        return CursorToken(path, param="after")
    variables = [name for name in body.get("variables") or {} if {"cursor", "after"} & set(split_words(name))]
    return GraphQLCursor(path, variables[0]) if variables else GraphQLCursor(path)


def _guess_param(name: str, names: tuple[str, ...], known: tuple[str, str] | None) -> str:
    """Guess the name of the parameter that sends a token."""
    if known is not None:
        return known[1] if any(letter.isupper() for letter in name) else known[0]
    # JSON:API sends the cursor at `meta.page.after` as `page[after]`.
    return f"page[{name}]" if names and names[-1] == "page" else name


def _find_in_counts(page: Page, names: tuple[str, ...], holder: Mapping[str, Any], received: int) -> Iterator[Paging]:
    """Paginators that count pages or records: the page's number or offset next to a total or a flag.

    received: how many records the page has.
    """
    by_name = {_normalise(name): name for name in holder}
    numbers = {plain: name for plain, name in by_name.items() if _is_count(holder[name])}
    flag = next((by_name[plain] for plain in _FLAGS if isinstance(holder.get(by_name.get(plain, "")), bool)), None)
    offset = next((numbers[plain] for plain in _OFFSETS if plain in numbers), None)
    number = next((numbers[plain] for plain in _PAGES if plain in numbers), None)
    total = next((numbers[plain] for plain in _TOTALS if plain in numbers), None)
    pages = next((numbers[plain] for plain in _PAGE_TOTALS if plain in numbers), flag)
    if offset is not None and (total or flag or any(plain in numbers for plain in _SIZES)):
        more = total or flag
        yield Paging(
            Offset(_find_sent_param(page, _OFFSETS) or offset, more=_sibling_path(names, more)),
            f"`{join_path([*names, offset])}` counts records",
            has_more=_has_more(holder, more, holder[offset]),
        )
    elif number is not None and pages:
        param = _find_sent_param(page, _PAGES) or "page"
        yield Paging(
            PageNumber(param, more=_sibling_path(names, pages)),
            f"`{join_path([*names, number])}` counts pages",
            has_more=_has_more(holder, pages, holder[number]),
            params={param: 0} if holder[number] == 0 and param not in page.request.params else {},
        )
    elif number is not None and total:
        # The last page may be short.
        size = max([received, *(holder[numbers[plain]] for plain in _SIZES if plain in numbers)])
        yield Paging(
            PageNumber(_find_sent_param(page, _PAGES) or "page"),
            f"`{join_path([*names, number])}` counts pages",
            has_more=_has_more(holder, total, max(holder[number], 1) * size),
        )
    elif number is None and offset is None:
        yield from _find_in_request(page, names, holder, pages, total)


def _find_in_request(
    page: Page, names: tuple[str, ...], holder: Mapping[str, Any], pages: str | None, total: str | None
) -> Iterator[Paging]:
    """Yield the paginator whose parameter the request sends, if the page says how many pages or whether more follow."""
    for known, paginator, more in ((_PAGES, PageNumber, pages), (_OFFSETS, Offset, pages or total)):
        sent = _find_sent_param(page, known)
        if sent is not None and more is not None:
            reached = str(page.request.params[sent])
            yield Paging(
                paginator(sent, more=_sibling_path(names, more)),
                f"`{join_path([*names, more])}` is there, and the request sends `{sent}`",
                has_more=_has_more(holder, more, int(reached) if reached.isdecimal() else 0),
            )
            return


def find_more_flag(page: Page) -> tuple[str, bool] | None:
    """Return the path of the flag that says whether more pages follow, and whether they do; None if there is none."""
    document = decode_json(page.body) if page.body.strip() else None
    for names, holder in _list_objects(document, ()):
        for name, value in holder.items():
            if _normalise(name) in _FLAGS and isinstance(value, bool):
                return join_path([*names, name]), _has_more(holder, name, 0)
    return None


def _find_sent_param(page: Page, known: tuple[str, ...]) -> str | None:
    """The parameter of the request that has one of these names."""
    return next((name for name in page.request.params if _normalise(name) in known), None)


def _sibling_path(names: tuple[str, ...], name: str | None) -> str | None:
    return None if name is None else join_path([*names, name])


def _has_more(holder: Mapping[str, Any], more: str | None, reached: int) -> bool:
    value = None if more is None else holder[more]
    if isinstance(value, bool):
        return value is not ("last" in _normalise(more or ""))
    return isinstance(value, int) and value > reached


def _normalise(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _is_link(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://", "/", "?"))


def _is_token(value: Any) -> bool:
    return (isinstance(value, str) and bool(value) and not _is_link(value)) or (_is_count(value) and value > 0)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def missing_path(paginator: Paginator, page: Page) -> str | None:
    """The path that a paginator reads if the page has nothing there."""
    more = getattr(paginator, "more", None) if isinstance(paginator, OURS) else None
    path = path_read_by(paginator, page.request) or more
    return path if path is not None and not page.has(path) else None
