"""Reads on behind an empty page, where an API hides rows of pages that it counts whole: it filters after it pages."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Raw

from dazz_assets.http.page import Page, Request
from dazz_assets.http.paging.more import EMPTY_PAGE, Last, counts_pages, read_total
from dazz_assets.http.paging.pagination import Offset, PageNumber, Paginator
from dazz_assets.http.request_values import read_count

# How many pages in a row may be without a record. A total may count what the request's filter leaves out, and then
# nothing follows.
_MOST_EMPTY = 5


class HiddenRows:
    """Follows the pages of one walk whose paginator counts and knows the size of pages.

    An empty page may be one whose rows are all hidden if its place is below the number of pages or records that `more`
    names, and the list did not just run out with a short page; or if an `Offset` that went on by the records of a short
    page was answered with some of that page again: the API counts more than it shows.
    """

    def __init__(self, paginator: Offset | PageNumber, size: int) -> None:
        self._paginator, self._size = paginator, size
        self._first: int | None = None
        self._short_page: frozenset[bytes] = frozenset()
        self._was_full = self._goes_on_short = self._overlaps = False
        self.empty_pages = 0
        """How many pages without a record came last."""

    def add(self, request: Request, records: Sequence[Raw]) -> None:
        """Add the next page."""
        if self._first is None:
            self._first = read_count(request, self._paginator.param, 1)
        self.empty_pages = 0 if records else self.empty_pages + 1
        if not records:
            return
        self._goes_on_short |= bool(self._short_page)
        self._overlaps |= bytes(records[0]) in self._short_page
        self._was_full = len(records) >= self._size
        self._short_page = frozenset() if self._was_full else frozenset(map(bytes, records))

    def find_next(self, request: Request, page: Page, following: Request | Last) -> Request | Last:
        """What follows the page that was added last, by its paginator, or the page behind it, if rows may be there."""
        paginator = self._paginator
        is_end = isinstance(following, Last) and following.reason == EMPTY_PAGE
        if not is_end or not 0 < self.empty_pages <= _MOST_EMPTY:
            return following
        has_more = self._is_below_total(request, page) and (self._was_full or self._goes_on_short)
        is_overlap = self._overlaps and isinstance(paginator, Offset)
        return paginator.following(request, self._size) if has_more or is_overlap else following

    def _is_below_total(self, request: Request, page: Page) -> bool:
        """Whether the next page lies below the number of pages or records at `more`."""
        paginator = self._paginator
        if (total := read_total(page, paginator.more)) is None:
            return False
        place = read_count(request, paginator.param, 1)
        if isinstance(paginator, Offset):
            return not counts_pages(paginator.more) and place + self._size < total
        pages = place + (1 if self._first == 0 else 0)
        return pages * (1 if counts_pages(paginator.more) else self._size) < total


def watch_hidden_rows(paginator: Paginator | None) -> HiddenRows | None:
    """Follows a walk, if its paginator counts and knows the size of pages."""
    # A subclass of the author's may count in another way.
    if type(paginator) not in (Offset, PageNumber) or not isinstance(paginator, Offset | PageNumber):
        return None
    return HiddenRows(paginator, paginator.size) if paginator.size else None
