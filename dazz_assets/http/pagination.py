"""From one page to the next: values without state. What comes next is derived from the request just sent, so that one
paginator serves any number of streams, parents and threads (conformance 31).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit, urlunsplit

from requests.utils import parse_header_links

from dazz_assets.http.errors import BadRequestError, FetchError, LinkError
from dazz_assets.http.json_slices import split_path
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


def follow_link(page: Page, link: str) -> Request:
    """The request that a link of a page asks for (conformance 29).

    The link's own query stands as it is; of the parameters of the request that the page answers, those that the link
    does not name are sent along (an API version, say), so that none is doubled. LinkError: it is no address.
    """
    try:
        url = resolve_link(link, page.answered_url or page.request.url)
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


def resolve_link(link: str, requested: str) -> str:
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


@dataclass(frozen=True, slots=True)
class Last:
    """The answer of a paginator to a page that was the last one: the reason, for whoever asks why a walk ended."""

    reason: str


class Paginator(Protocol):
    """What knows how an API's pages follow each other.

    It keeps nothing of a walk in itself: one serves all streams, parents and threads. The engine sends what it returns
    as any other request, and ends a walk that goes in circles.
    """

    def first(self, request: Request) -> Request:
        """The request for the first page, from what the stream asks for."""
        ...

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        """The request for the page after `page`, which answered `request` with so many records; or why it is last."""
        ...


@dataclass(frozen=True, slots=True)
class LinkHeader:
    """Follows the `Link` header's `rel="next"` (GitHub)."""

    def first(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        link = next_header_link(page)
        return follow_link(page, link) if link else Last("no Link header with rel=next")


@dataclass(frozen=True, slots=True)
class NextLink:
    """Follows the URL at `path` in the body, absolute or relative (`NextLink("links.next")`; see `links.resolved`)."""

    path: str

    def first(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        link = page.value(self.path)
        if isinstance(link, str) and link.strip():
            return follow_link(page, link)
        if link:
            raise _unusable(page, self.path, "a link")
        return Last(f"no link at `{self.path}`")


@dataclass(frozen=True, slots=True)
class CursorToken:
    """Sends the token at `path` in the body as `param`: in the query, or in the body where the request has one."""

    path: str
    param: str

    def first(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        token = page.value(self.path)
        if token is None or token is False or token == "":
            return Last(f"no token at `{self.path}`")
        if isinstance(token, bool) or not isinstance(token, str | int):
            raise _unusable(page, self.path, "a token")
        return _with(request, {self.param: token})


@dataclass(frozen=True, slots=True)
class PageNumber:
    """Counts pages in `param`, from what the stream's params or body say, else from 1.

    size_param, size: how the page's size is asked for, if it is. more: the path of what says that there is more (see
    `_says`). Ends at an empty page, or where `more` says so; a short page is not the end (conformance 28).
    """

    param: str = "page"
    size_param: str | None = None
    size: int | None = None
    more: str | None = None

    def __post_init__(self) -> None:
        _demand_both("PageNumber", self.size_param, self.size)

    def first(self, request: Request) -> Request:
        return _with(request, {self.param: _counted(request, self.param, 1)} | _sized(self.size_param, self.size))

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        number = _counted(request, self.param, 1)
        ended = _end(page, received, self.more, number if _counts_pages(self.more) else None)
        return ended or _with(request, {self.param: number + 1})


@dataclass(frozen=True, slots=True)
class Offset:
    """Counts records in `param`, from what the stream's params or body say, else from 0, by as many as were received.

    size_param, size, more, and where it ends: as `PageNumber`.
    """

    param: str = "offset"
    size_param: str | None = None
    size: int | None = None
    more: str | None = None

    def __post_init__(self) -> None:
        _demand_both("Offset", self.size_param, self.size)

    def first(self, request: Request) -> Request:
        return _with(request, {self.param: _counted(request, self.param, 0)} | _sized(self.size_param, self.size))

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        reached = _counted(request, self.param, 0) + received
        ended = _end(page, received, self.more, None if _counts_pages(self.more) else reached)
        return ended or _with(request, {self.param: reached})


@dataclass(frozen=True, slots=True)
class GraphQLCursor:
    """Sends the cursor at `path` as a variable of the query (`GraphQLCursor("data.items.pageInfo.endCursor")`).

    Ends where there is no cursor, or where `hasNextPage` beside it is false: the last page of a Relay connection has a
    cursor as well.
    """

    path: str
    variable: str = "cursor"

    def first(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        beside = self.path.removesuffix(_last_segment(self.path)) + "hasNextPage"
        if page.value(beside) is False:
            return Last(f"`{beside}` is false")
        cursor = page.value(self.path)
        if not cursor and page.value(beside) is True:
            raise FetchError(
                f"the page says by `{beside}` that there is more, and its paginator finds no cursor at `{self.path}`.",
                where=page.where,
                url=f"{page.request.method} {page.url}",
                status=page.status,
                advice=f"Correct the paginator's path, or ask for {_last_segment(self.path)} in the query.",
            )
        if cursor is None or cursor == "":
            return Last(f"no cursor at `{self.path}`")
        if not isinstance(request.body, Mapping):
            raise BadRequestError("a GraphQL cursor needs a body with `query` and `variables`.", where=page.where)
        variables = {**(request.body.get("variables") or {}), self.variable: cursor}
        return replace(request, body={**request.body, "variables": variables})


def _last_segment(path: str) -> str:
    return split_path(path)[-1].replace(".", "\\.") if path else ""


def _unusable(page: Page, path: str, what: str) -> FetchError:
    return FetchError(
        f"what is at `{path}` can't be used as {what}: it is no text.",
        where=page.where,
        url=f"{page.request.method} {page.url}",
        status=page.status,
        advice="Correct the paginator's path.",
    )


def _demand_both(paginator: str, size_param: str | None, size: int | None) -> None:
    if (size_param is None) != (size is None):
        raise ValueError(f"{paginator} takes size_param and size together: give both, or neither")


def _sized(size_param: str | None, size: int | None) -> dict[str, Any]:
    return {} if size_param is None else {size_param: size}


def _with(request: Request, values: Mapping[str, Any]) -> Request:
    """The request with these parameters: at the top of its body where it is an object, else in the query."""
    if isinstance(request.body, Mapping):
        return replace(request, body={**request.body, **values})
    return replace(request, params={**request.params, **values})


def _counted(request: Request, param: str, start: int) -> int:
    sent = (request.body if isinstance(request.body, Mapping) else request.params).get(param, start)
    if isinstance(sent, bool) or not str(sent).isdecimal():
        raise BadRequestError(f"the parameter {param!r} must start at a number from 0, and not at {sent!r}.")
    return int(str(sent))


_WORDS_FOR_LAST = frozenset({"last", "islast", "islastpage", "done", "isdone", "end", "complete"})


def _words(more: str) -> str:
    return _last_segment(more).lower().replace("_", "").replace("-", "")


def _counts_pages(more: str | None) -> bool:
    return more is not None and "page" in _words(more)


def _end(page: Page, received: int, more: str | None, reached: int | None) -> Last | None:
    """Why a counted page is the last one, or None.

    reached: the pages or records read so far, in the unit that `more` counts, or None where that is not known.
    """
    if received == 0:
        return Last("an empty page")
    # A page without the flag says nothing: the next one tells, at worst by being empty.
    if more is None or not page.has(more):
        return None
    return None if _says(page.value(more), more, reached) else Last(f"`{more}` says that there is no more")


def _says(value: Any, more: str, reached: int | None) -> bool:
    """Whether the value at `more` says that there is more.

    A number whose name counts pages or a total (`total_pages`, `total`) is compared with what was read, where that is
    known; a flag that marks the end (`isLast`, `done`) means the opposite; anything else says yes unless it is empty,
    zero, false or null. In doubt the walk goes on: the next page is empty if there is none.
    """
    words = _words(more)
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        value = value.strip().lower() == "true"
    if words in _WORDS_FOR_LAST:
        return value is not True
    counts = ("total" in words or "page" in words) and "remain" not in words
    if counts and reached is not None and isinstance(value, int | float) and not isinstance(value, bool):
        return value > reached
    return bool(value)
