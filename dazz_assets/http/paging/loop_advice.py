"""What to set if the pages of a list go round in a circle."""

from __future__ import annotations

from collections.abc import Mapping

from dazz_assets.http.page import Page, Request
from dazz_assets.http.paging.list_edges import find_page_count
from dazz_assets.http.paging.next_page_hints import find_end_flag
from dazz_assets.http.paging.pagination import CursorToken, Offset, PageNumber, Paginator
from dazz_assets.http.request_values import goes_in_query, read_count
from dazz_assets.http.responses.redirects import describe_redirect

_IN_QUERY_ADVICE = (
    "It was sent in the query, as the stream has no `body`: if the vendor reads it in the body, set body = {}."
)
_IN_NAMED_QUERY_ADVICE = (
    "It was sent in the query, as `params` name it: if the vendor reads it in the body, remove it there."
)
REPEATS_ADVICE = (
    "If the token stays the same while its pages go on, as that of a scroll does, set repeats=True on the paginator."
)


def advise_on_loop(
    paginator: Paginator | None, page: Page | None, request: Request | None, advice: str, if_sent_again: str
) -> str:
    """What to set: the field with which the last page says that it is the last, or where a parameter belongs.

    request: the last one. page: its page, or the one before. advice: if nothing is found. if_sent_again: what to add
    to that where a token was sent twice.
    """
    redirect = None if page is None else describe_redirect(page)
    if redirect is not None:
        return f"{redirect[0].upper()}{redirect[1:]}"
    if isinstance(paginator, CursorToken):
        advice = f"{advice} {if_sent_again}".rstrip()
    reads_flag = getattr(paginator, "more", paginator) is not None  # `paginator`: one of the author's own
    place = None if page is None or reads_flag else find_end_flag(page, records=page.list_path)
    if place is not None:
        return f'`{place}` in the last page says that there is no more: set more="{place}" on the paginator.'
    if not reads_flag and (count := _find_pages_before(paginator, page, request)) is not None:
        named = "is 1 page" if count[1] == 1 else f"are {count[1]} pages"
        return f'`{count[0]}` in the page says that there {named}: set more="{count[0]}" on the paginator.'
    return f"{advice} {_advise_on_place(paginator, request)}".rstrip()


def _find_pages_before(
    paginator: Paginator | None, page: Page | None, request: Request | None
) -> tuple[str, int] | None:
    """The number of pages that a page names, with where it stands, if a page behind them was asked for."""
    if not isinstance(paginator, PageNumber) or page is None or request is None:
        return None
    count = find_page_count(page, records=page.list_path)
    return count if count is not None and 0 < count[1] < read_count(request, paginator.param, 1) else None


def _advise_on_place(paginator: Paginator | None, sent: Request | None) -> str:
    """Where the paginator's parameter was sent, and how to send it elsewhere, if that may be why it is ignored."""
    if sent is None or sent.method in ("GET", "HEAD"):
        return ""
    if sent.body is None:
        return _IN_QUERY_ADVICE
    if not isinstance(paginator, CursorToken | Offset | PageNumber) or not isinstance(sent.body, Mapping):
        return ""
    if goes_in_query(paginator.param, sent.params, sent.body):
        return _IN_NAMED_QUERY_ADVICE
    if paginator.param.startswith("variables."):  # Those are a query's.
        return ""
    first = "[]" if isinstance(paginator, CursorToken) else "0" if isinstance(paginator, Offset) else "1"
    return (
        "It was sent in the body, as the stream has one: if the vendor reads it in the query, name it in the "
        f'stream\'s `params`: params = {{"{paginator.param}": {first}}}.'
    )
