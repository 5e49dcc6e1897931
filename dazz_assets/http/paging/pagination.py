"""Paginators: they derive the request for the next page from the last request and its page.

They keep no state, so one paginator serves any number of streams, parents and threads (conformance 31).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from dazz_assets.field_paths import split_path
from dazz_assets.http.errors import BadRequestError, FetchError
from dazz_assets.http.page import Page, Request
from dazz_assets.http.paging.more import (
    Last,
    counts_pages,
    end_without,
    find_end,
    find_flagged_end,
    last_segment,
    read_total,
    says_nothing,
)
from dazz_assets.http.paging.next_links import (
    are_links,
    find_header_link,
    find_next_link,
    follow_link,
    says_nothing_follows,
)
from dazz_assets.http.paging.paging_names import is_blank, read_flag, read_number
from dazz_assets.http.plain_urls import join_url
from dazz_assets.http.request_values import is_sendable, read_count, set_values

_QUERY_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkHeader:
    """Follows the `Link` header's `rel="next"` (RFC 8288).

    A link with the attribute `results="false"` leads to nothing, so the page that has it is the last one.

    more: path of a value in the body that ends the list although there is a link (see `_has_more`).
    keep: parameters of the first request that the vendor's links leave out and that must be sent again, such as an API
    version. By default a link is followed as it is.
    resume: the list is a feed for polling, whose last page has a link too. The walk ends at the
    first empty page, and the next sync begins with the last link.
    """

    more: str | None = None
    keep: tuple[str, ...] = ()
    resume: bool = False

    def first(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        if (ended := find_flagged_end(page, self.more) or _find_feed_end(self.resume, received)) is not None:
            return ended
        link = find_header_link(page)
        if link is None or is_blank(link.uri):
            return end_without(page, self.more, "no Link header with rel=next")
        if says_nothing_follows(link):
            return Last('the link with rel=next says results="false"')
        return _unless_repeated(follow_link(page, link.uri, self.keep), request, received)

    def position(self, page: Page) -> str | None:
        """The link from which a later walk goes on; None if the page has none."""
        link = find_header_link(page)
        return None if link is None else follow_link(page, link.uri, self.keep).full_address()

    def go_on(self, request: Request, position: str) -> Request:
        """The request that goes on from a position."""
        return replace(request, url=position, params={})


@dataclass(frozen=True, slots=True)
class NextLink:
    """Follows the URL at `path` in the body, absolute or relative to the page: `NextLink("links.next")`.

    Where the path leads to a list of links, `[{"rel": "next", "href": "..."}]`, the one whose relation is `next`.
    more, keep, resume: as for `LinkHeader`. Where the last page has another link instead, from which the next sync goes
    on, `resume` is its path: `NextLink("@odata\\\\.nextLink", resume="@odata\\\\.deltaLink")`.
    A subclass may override `resolve` for an API whose links are relative to something else.
    """

    path: str
    more: str | None = field(default=None, kw_only=True)
    keep: tuple[str, ...] = field(default=(), kw_only=True)
    resume: bool | str = field(default=False, kw_only=True)

    def first(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        if (ended := find_flagged_end(page, self.more) or _find_feed_end(self.resume is True, received)) is not None:
            return ended
        link = self._read_link(page, self.path)
        if link is None:
            return end_without(page, self.more, f"no link at `{self.path}`")
        return _unless_repeated(self._follow(page, link), request, received)

    def resolve(self, link: str, requested: str) -> str:
        """The absolute URL of a link. requested: the URL of the page that has it. Raises ValueError."""
        return join_url(requested, link)

    def position(self, page: Page) -> str | None:
        """The link from which a later walk goes on; None if the page has none."""
        link = self._read_link(page, self.resume if isinstance(self.resume, str) else self.path)
        return None if link is None else self._follow(page, link).full_address()

    def go_on(self, request: Request, position: str) -> Request:
        """The request that goes on from a position."""
        return replace(request, url=position, params={})

    def _read_link(self, page: Page, path: str) -> str | None:
        link = page.value(path)
        if isinstance(link, list):
            if link and not are_links(link):
                reason = f"it is a list, but not one of a `rel` and a `href` each; its first item is at `{path}.0`"
                raise _unusable_value_error(page, path, "a link", reason)
            return find_next_link(link)
        if isinstance(link, str):
            return None if is_blank(link) else link
        if link:
            raise _unusable_value_error(page, path, "a link")
        return None

    def _follow(self, page: Page, link: str) -> Request:
        return follow_link(page, link, self.keep, self.resolve)


@dataclass(frozen=True, slots=True)
class CursorToken:
    """Sends the token of a page as `param`: in the query, or at that dotted path of the body if the request has one and
    the stream's `params` do not name it (`params = {"cursor": []}` sends nothing with the first request).

    path, header: where the token is, in the body (`CursorToken("meta.next", param="cursor")`) or in a header of the
    response (`CursorToken(header="x-ms-continuationtoken", param="continuationToken")`); give one of them. Where a
    value of the last record is sent, its path leads there: `CursorToken("data.-1.id", param="starting_after")`.
    more: path of a value in the body that ends the list although there is a token: `more="has_more"`.
    resume: the list is a feed for polling, whose last page has a token too; see `LinkHeader`. Where the last page has
    another token instead, with which the next sync begins, `resume` is its path, and `resume_param` the parameter that
    takes it, if it is not `param`.
    repeats: the vendor may give the same token with each page and still go on, as a scroll does (Elasticsearch,
    Intercom). The list ends at an empty page, and a page that came before is an error. As each answer moves on, the
    list begins again where one may be lost.
    """

    path: str | None = None
    param: str = field(kw_only=True)
    header: str | None = field(default=None, kw_only=True)
    more: str | None = field(default=None, kw_only=True)
    resume: bool | str = field(default=False, kw_only=True)
    resume_param: str | None = field(default=None, kw_only=True)
    repeats: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.repeats and self.resume:
            raise ValueError("CursorToken takes resume or repeats: a token that repeats is no place to come back to")
        if self.resume_param is not None and not isinstance(self.resume, str):
            raise ValueError("CursorToken takes resume_param with the path of the token that it sends: give resume too")
        if (self.path is None) == (self.header is None):
            raise ValueError("CursorToken takes the token's path in the body or a header: give one of them")

    def first(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        if (ended := find_flagged_end(page, self.more) or _find_feed_end(self.resume is True, received)) is not None:
            return ended
        token = self._read_token(page)
        if token is None:
            if received and not self.is_page_token:
                problem = f"the page has records, but the value of one that leads on, at `{self.path}`, is missing"
                raise page.make_error(FetchError, f"{problem}.", "Correct the paginator's path, or use another field.")
            return end_without(page, self.more, f"no token {self.place}")
        following = set_values(request, self.param, {self.param: token})
        goes_on = self.repeats and self.more is not None and not says_nothing(page, self.more)
        if received == 0 and following == request and not goes_on:
            return Last("an empty page with the token that was sent")
        return following

    @property
    def place(self) -> str:
        """Where the token is, for messages."""
        return f"in the header {self.header}" if self.header is not None else f"at `{self.path}`"

    def position(self, page: Page) -> str | None:
        """The token from which a later walk goes on; None if the page has none."""
        if not isinstance(self.resume, str):
            token = self._read_token(page)
        else:
            token = self._check_token(page, page.value(self.resume), self.resume, is_page_token=True)
        return None if token is None else str(token)

    def go_on(self, request: Request, position: str) -> Request:
        """The request that goes on from a position."""
        return set_values(request, self.param, {self.resume_param or self.param: position})

    @property
    def is_page_token(self) -> bool:
        """Whether the token is the vendor's own, and not a value of a record, which may be anything."""
        return self.path is None or not any(name.removeprefix("-").isdecimal() for name in split_path(self.path))

    def _read_token(self, page: Page) -> str | int | None:
        token = page.headers.get(self.header) if self.header is not None else page.value(self.path or "")
        return self._check_token(page, token, str(self.path), is_page_token=self.is_page_token)

    @staticmethod
    def _check_token(page: Page, token: Any, path: str, *, is_page_token: bool) -> str | int | None:
        """A token that can be sent; None if it stands for none. path: where it is, for messages."""
        if token is None or token is False or (isinstance(token, str) and is_blank(token)):
            return None
        if is_page_token and read_number(token) in (0, -1):
            return None  # No next page begins at 0.
        if isinstance(token, bool) or not isinstance(token, str | int):
            raise _unusable_token_error(page, path, token)
        if isinstance(token, str) and not is_sendable(token):
            raise _unusable_value_error(page, path, "a token", "it has half of a surrogate pair")
        return token


@dataclass(frozen=True, slots=True)
class PageNumber:
    """Counts pages in `param`, starting from its value in the stream's params or body, else from 1.

    It goes into the body, if the request has one, unless the params name it; and so does the page size with it.

    size_param, size: the parameter for the page size, and its value. more: the path of the value that says whether
    there is more (see `_has_more`).

    Ends at an empty page or when `more` says so, also as a number of pages or of all records (`total_pages`, `total`).
    A short page is not the end (conformance 28).
    """

    param: str = "page"
    size_param: str | None = None
    size: int | None = None
    more: str | None = None

    def __post_init__(self) -> None:
        _require_both("PageNumber", self.size_param, self.size)

    def first(self, request: Request) -> Request:
        start = {self.param: read_count(request, self.param, 1)}
        return set_values(request, self.param, start | _size_params(self.size_param, self.size))

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        number = read_count(request, self.param, 1)
        ended = find_end(page, received, self.more, number if counts_pages(self.more) else None)
        return ended or self.following(request, received)

    def following(self, request: Request, received: int) -> Request:
        """The request after one whose page has this many records, if the list goes on."""
        return set_values(request, self.param, {self.param: read_count(request, self.param, 1) + 1})

    def count_left(self, request: Request, page: Page, received: int) -> int | None:
        """How many requests follow this one by the number of pages at `more`; None if it names none."""
        pages = read_total(page, self.more) if counts_pages(self.more) else None
        return None if pages is None else max(0, pages - read_count(request, self.param, 1))


@dataclass(frozen=True, slots=True)
class Offset:
    """Counts the received records in `param`, starting from its value in the stream's params or body, else from 0.

    size_param, size, more, where it goes and where it ends: as for `PageNumber`.
    """

    param: str = "offset"
    size_param: str | None = None
    size: int | None = None
    more: str | None = None

    def __post_init__(self) -> None:
        _require_both("Offset", self.size_param, self.size)

    def first(self, request: Request) -> Request:
        start = {self.param: read_count(request, self.param, 0)}
        return set_values(request, self.param, start | _size_params(self.size_param, self.size))

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        reached = read_count(request, self.param, 0) + received
        ended = find_end(page, received, self.more, None if counts_pages(self.more) else reached)
        if ended is None and not received:
            if self.size is None:
                raise _stuck_error(page, f"`{self.more}` says that there is more, but the page has no record")
            return self.following(request, self.size)
        return ended or self.following(request, received)

    def following(self, request: Request, received: int) -> Request:
        """As for `PageNumber`."""
        return set_values(request, self.param, {self.param: read_count(request, self.param, 0) + received})

    def count_left(self, request: Request, page: Page, received: int) -> int | None:
        """How many requests follow this one, each with as many records, by the total at `more`; None without one."""
        total = None if counts_pages(self.more) or not received else read_total(page, self.more)
        if total is None:
            return None
        return max(0, -(-(total - read_count(request, self.param, 0) - received) // received))


@dataclass(frozen=True, slots=True)
class GraphQLCursor:
    """Sends the cursor at `path` as a variable of the query (`GraphQLCursor("data.items.pageInfo.endCursor")`).

    Ends when there is no cursor, or when the `hasNextPage` next to it is false: the last page of a Relay connection has
    a cursor too.

    next_query: another query that asks for the pages after the first one: its text, or the name of a `.graphql` file.
    It is sent those of the stream's variables that it names, and the cursor.
    next_records, next_path: where the records and the cursor lie in its pages. By default where they lie in the first.
    """

    path: str
    variable: str = "cursor"
    next_query: str | None = field(default=None, kw_only=True)
    next_records: str | None = field(default=None, kw_only=True)
    next_path: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.next_query is None and (self.next_records is not None or self.next_path is not None):
            raise ValueError("GraphQLCursor takes next_records and next_path with a next_query: give it, or neither")

    def first(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        path, flag = self.path_in(request), self.flag_in(request)
        has_next = read_flag(page.value(flag))
        if has_next is False:
            return Last(f"`{flag}` is false")
        cursor = page.value(path)
        if not cursor and has_next:
            raise page.make_error(
                FetchError,
                f"`{flag}` in the page says that there is more, but the paginator finds no cursor at `{path}`.",
                advice=f"Correct the paginator's path, or ask for {last_segment(path)} in the query.",
            )
        if cursor is None or cursor == "":
            return Last(f"no cursor at `{path}`")
        if not isinstance(request.body, Mapping):
            raise BadRequestError("a GraphQL cursor needs a body with `query` and `variables`.", where=page.where)
        variables = {**(request.body.get("variables") or {}), self.variable: cursor}
        if self.next_query is None:
            return replace(request, body={**request.body, "variables": variables})
        named = set(_QUERY_VARIABLE.findall(self.next_query))
        variables = {name: value for name, value in variables.items() if name in named}
        return replace(request, body={**request.body, "query": self.next_query, "variables": variables})

    def path_in(self, request: Request) -> str:
        """The path of the cursor in the page of a request."""
        return self.next_path if self.next_path is not None and self._asks_next(request) else self.path

    def flag_in(self, request: Request) -> str:
        """The path of the flag beside the cursor that says whether there is more."""
        path = self.path_in(request)
        return path.removesuffix(last_segment(path)) + "hasNextPage"

    def records_in(self, request: Request, first: str) -> str:
        """The path of the records in the page of a request. first: their path in the first page."""
        return self.next_records if self.next_records is not None and self._asks_next(request) else first

    def _asks_next(self, request: Request) -> bool:
        """Whether a request, as it was made or as it was sent, asks with the query for further pages."""
        try:
            body = json.loads(request.body) if isinstance(request.body, bytes) else request.body
        except (ValueError, RecursionError):
            return False
        return isinstance(body, Mapping) and body.get("query") == self.next_query


OURS = (CursorToken, GraphQLCursor, LinkHeader, NextLink, Offset, PageNumber)
"""The library's paginators. An attribute of another one means what its author likes, whatever its name."""


def records_path(paginator: Paginator | None, request: Request, first: str) -> str:
    """Where the records are in the page of a request. first: where they are in the first page of a list."""
    return paginator.records_in(request, first) if isinstance(paginator, GraphQLCursor) else first


def path_read_by(paginator: Paginator | None, request: Request) -> str | None:
    """Where in the body one of the library's paginators looks for the way on; None if it is not there, or unknown."""
    if isinstance(paginator, GraphQLCursor):
        return paginator.path_in(request)
    return paginator.path if isinstance(paginator, CursorToken | NextLink) else None


def keeps_place(paginator: Paginator | None) -> bool:
    """Whether the list is a feed for polling, whose next walk goes on where the last one ended."""
    return isinstance(paginator, LinkHeader | NextLink | CursorToken) and bool(paginator.resume)


def resume_path(paginator: Paginator | None) -> str | None:
    """Where the last page has what the next walk begins with, if that is not what leads from page to page."""
    resume = paginator.resume if isinstance(paginator, NextLink | CursorToken) else None
    return resume if isinstance(resume, str) else None


def is_polled(paginator: Paginator | None) -> bool:
    """Whether the last page of the list has a way on, too."""
    return keeps_place(paginator) and resume_path(paginator) is None


def _unusable_value_error(page: Page, path: str, kind: str, reason: str = "it is not a text") -> FetchError:
    return page.make_error(
        FetchError,
        f"the value at `{path}` can't be used as {kind}: {reason}.",
        advice="Correct the paginator's path.",
    )


def _unusable_token_error(page: Page, path: str, token: Any) -> FetchError:
    error = _unusable_value_error(page, path, "a token")
    if isinstance(token, list | dict):
        kind = "a list" if isinstance(token, list) else "an object"
        error.advice = (
            f"It is {kind}: if a text in it is the token, correct the paginator's path. If the vendor takes it back "
            "whole, as Elasticsearch does `search_after` and DynamoDB its last key, write a paginator of your own "
            "that sends it: a class with `first` and `next` (docs/extending.md)."
        )
    return error


def _stuck_error(page: Page, problem: str) -> FetchError:
    return page.make_error(
        FetchError, f"{problem}, so the next request can't be made.", advice="Give the paginator size_param and size."
    )


def _require_both(paginator: str, size_param: str | None, size: int | None) -> None:
    if (size_param is None) != (size is None):
        raise ValueError(f"{paginator} takes size_param and size together: give both, or neither")


def _size_params(size_param: str | None, size: int | None) -> dict[str, Any]:
    return {} if size_param is None else {size_param: size}


def _unless_repeated(following: Request, request: Request, received: int) -> Request | Last:
    """The request that a link leads to, or the end of the list: an empty page whose link leads to itself."""
    if received == 0 and following.full_address() == request.full_address():
        return Last("an empty page whose link leads to itself")
    return following


def _find_feed_end(resume: bool, received: int) -> Last | None:
    """The end of a walk over a feed for polling, or None."""
    return Last("an empty page: the feed has nothing new") if resume and received == 0 else None
