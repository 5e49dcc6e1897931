"""Paginators: they derive the request for the next page from the last request and its page.

They keep no state, so one paginator serves any number of streams, parents and threads (conformance 31).
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
from dazz_assets.http.quotes import shorten

# A long word without a path or a query is a token and not a relative link.
_TOKEN = re.compile(r"[\w+=-]{12,}")
_LONGEST_QUOTE = 60
_LAST_FLAGS = frozenset({"last", "islast", "islastpage", "done", "isdone", "end", "complete"})


@dataclass(frozen=True, slots=True)
class Last:
    """What a paginator returns after the last page, with the reason why it is the last."""

    reason: str


class Paginator(Protocol):
    """Finds the next page of a list.

    It keeps no state: one paginator serves all streams, parents and threads. The engine sends the requests that it
    returns like any other, and ends a walk that goes in circles.
    """

    def first(self, request: Request) -> Request:
        """The request for the first page. request: the stream's own."""
        ...

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        """The request for the page that follows, or `Last` with the reason why there is none.

        page: the response to `request`. received: the number of its records.
        """
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
    """Follows the URL at `path` in the body, absolute or relative (`NextLink("links.next")`; see `resolve_link`)."""

    path: str

    def first(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        link = page.value(self.path)
        if isinstance(link, str) and link.strip():
            return follow_link(page, link)
        if link:
            raise _unusable_value_error(page, self.path, "a link")
        return Last(f"no link at `{self.path}`")


@dataclass(frozen=True, slots=True)
class CursorToken:
    """Sends the token at `path` in the body as `param`: in the query, or in the body if the request has one."""

    path: str
    param: str

    def first(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        token = page.value(self.path)
        if token is None or token is False or token == "":
            return Last(f"no token at `{self.path}`")
        if isinstance(token, bool) or not isinstance(token, str | int):
            raise _unusable_value_error(page, self.path, "a token")
        return _set_values(request, {self.param: token})


@dataclass(frozen=True, slots=True)
class PageNumber:
    """Counts pages in `param`, starting from its value in the stream's params or body, else from 1.

    size_param, size: the parameter for the page size, and its value. more: the path of the value that says whether
    there is more (see `_has_more`).

    Ends at an empty page or when `more` says so; a short page is not the end (conformance 28).
    """

    param: str = "page"
    size_param: str | None = None
    size: int | None = None
    more: str | None = None

    def __post_init__(self) -> None:
        _require_both("PageNumber", self.size_param, self.size)

    def first(self, request: Request) -> Request:
        start = {self.param: _read_count(request, self.param, 1)}
        return _set_values(request, start | _size_params(self.size_param, self.size))

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        number = _read_count(request, self.param, 1)
        ended = _find_end(page, received, self.more, number if _counts_pages(self.more) else None)
        return ended or _set_values(request, {self.param: number + 1})


@dataclass(frozen=True, slots=True)
class Offset:
    """Counts the received records in `param`, starting from its value in the stream's params or body, else from 0.

    size_param, size, more, and where it ends: as for `PageNumber`.
    """

    param: str = "offset"
    size_param: str | None = None
    size: int | None = None
    more: str | None = None

    def __post_init__(self) -> None:
        _require_both("Offset", self.size_param, self.size)

    def first(self, request: Request) -> Request:
        start = {self.param: _read_count(request, self.param, 0)}
        return _set_values(request, start | _size_params(self.size_param, self.size))

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        reached = _read_count(request, self.param, 0) + received
        ended = _find_end(page, received, self.more, None if _counts_pages(self.more) else reached)
        return ended or _set_values(request, {self.param: reached})


@dataclass(frozen=True, slots=True)
class GraphQLCursor:
    """Sends the cursor at `path` as a variable of the query (`GraphQLCursor("data.items.pageInfo.endCursor")`).

    Ends when there is no cursor, or when the `hasNextPage` next to it is false: the last page of a Relay connection has
    a cursor too.
    """

    path: str
    variable: str = "cursor"

    def first(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        flag = self.path.removesuffix(_last_segment(self.path)) + "hasNextPage"
        if page.value(flag) is False:
            return Last(f"`{flag}` is false")
        cursor = page.value(self.path)
        if not cursor and page.value(flag) is True:
            raise FetchError(
                f"`{flag}` in the page says that there is more, but the paginator finds no cursor at `{self.path}`.",
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


def next_header_link(page: Page) -> str | None:
    """The URL with `rel="next"` in the `Link` header, or None."""
    for link in parse_header_links(page.headers.get("link", "")):
        if "next" in link.get("rel", "").lower().split():
            return link["url"]
    return None


def follow_link(page: Page, link: str) -> Request:
    """The request for a link in a page (conformance 29). LinkError: the link is not a URL.

    The link's query stays unchanged. Parameters of the page's request that the link does not name, such as an API
    version, are sent along; the others are not, so that none is sent twice.
    """
    try:
        url = resolve_link(link, page.final_url or page.request.url)
    except ValueError:
        raise _invalid_link_error(page, link) from None
    if _TOKEN.fullmatch(link.strip()):
        raise _invalid_link_error(page, link)
    in_link = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    params = {name: value for name, value in page.request.params.items() if name not in in_link}
    return replace(page.request, url=url, params=params)


def _invalid_link_error(page: Page, link: str) -> LinkError:
    return LinkError(
        f"the next link is {shorten(link, _LONGEST_QUOTE)!r}, which is neither an absolute nor a relative URL.",
        where=page.where,
        url=f"{page.request.method} {page.url}",
        status=page.status,
    )


def resolve_link(link: str, requested: str) -> str:
    """The absolute URL of a link, resolved against the requested URL as RFC 3986 says, with one exception.

    If the link's absolute path is the requested path without its first segments, the requested path is used. On
    `/rest/orgs/7/issues`, Snyk links to `/orgs/7/issues?starting_after=...`, without the prefix of its API.
    """
    url = urljoin(requested, link.strip())
    base, target = urlsplit(requested), urlsplit(url)
    if (base.scheme, base.netloc) != (target.scheme, target.netloc) or not link.strip().startswith("/"):
        return url
    base_path, target_path = (unquote(parts.path).rstrip("/") for parts in (base, target))
    lacks_prefix = target_path and base_path.endswith(target_path)
    return urlunsplit(target._replace(path=base.path)) if lacks_prefix else url


def _last_segment(path: str) -> str:
    return split_path(path)[-1].replace(".", "\\.") if path else ""


def _unusable_value_error(page: Page, path: str, kind: str) -> FetchError:
    return FetchError(
        f"the value at `{path}` can't be used as {kind}: it is not a text.",
        where=page.where,
        url=f"{page.request.method} {page.url}",
        status=page.status,
        advice="Correct the paginator's path.",
    )


def _require_both(paginator: str, size_param: str | None, size: int | None) -> None:
    if (size_param is None) != (size is None):
        raise ValueError(f"{paginator} takes size_param and size together: give both, or neither")


def _size_params(size_param: str | None, size: int | None) -> dict[str, Any]:
    return {} if size_param is None else {size_param: size}


def _set_values(request: Request, values: Mapping[str, Any]) -> Request:
    """The request with these parameters: at the top level of its body if that is an object, else in the query."""
    if isinstance(request.body, Mapping):
        return replace(request, body={**request.body, **values})
    return replace(request, params={**request.params, **values})


def _read_count(request: Request, param: str, start: int) -> int:
    sent = (request.body if isinstance(request.body, Mapping) else request.params).get(param, start)
    if isinstance(sent, bool) or not str(sent).isdecimal():
        raise BadRequestError(f"the parameter {param!r} must start at a number from 0 up, but is {sent!r}.")
    return int(str(sent))


def _normalise_flag_name(more: str) -> str:
    return _last_segment(more).lower().replace("_", "").replace("-", "")


def _counts_pages(more: str | None) -> bool:
    return more is not None and "page" in _normalise_flag_name(more)


def _find_end(page: Page, received: int, more: str | None, reached: int | None) -> Last | None:
    """The reason why a page of a counting paginator is the last one, or None.

    reached: how many pages or records were read so far, in the unit that `more` counts, or None if unknown.
    """
    if received == 0:
        return Last("an empty page")
    # Without the flag, read on: the list ends at an empty page at the latest.
    if more is None or not page.has(more):
        return None
    return None if _has_more(page.value(more), more, reached) else Last(f"`{more}` says that there is no more")


def _has_more(value: Any, more: str, reached: int | None) -> bool:
    """Whether the value at `more` says that there is more.

    A number that is named as a count of pages or a total (`total_pages`, `total`) is compared with `reached`, if known.
    A flag that marks the end (`isLast`, `done`) means more unless it is true. Any other value means more unless it is
    empty, zero, false or null. In doubt the walk goes on, since a page beyond the end is empty.
    """
    name = _normalise_flag_name(more)
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        value = value.strip().lower() == "true"
    if name in _LAST_FLAGS:
        return value is not True
    is_count = ("total" in name or "page" in name) and "remain" not in name
    if is_count and reached is not None and isinstance(value, int | float) and not isinstance(value, bool):
        return value > reached
    return bool(value)
