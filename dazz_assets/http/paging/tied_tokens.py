"""Follows lists by a value of a record: where they end, and where records with the same value may be missing."""

from __future__ import annotations

from typing import Any

from dazz_assets.field_paths import split_path
from dazz_assets.http.page import Page
from dazz_assets.http.paging.list_edges import describe_fullness, sent_sizes
from dazz_assets.http.paging.more import says_nothing
from dazz_assets.http.paging.pagination import CursorToken, Paginator

_USE = "let the paginator send a field that is different in each record."


class TiedTokens:
    """Follows the pages of a walk whose paginator sends a value of the last record (`CursorToken("data.-1.at")`)."""

    def __init__(self, paginator: Paginator | None) -> None:
        path = paginator.path if isinstance(paginator, CursorToken) else None
        self._path = split_path(path or "")
        self._more = paginator.more if isinstance(paginator, CursorToken) else None
        self._tied: Any = None
        self._largest = 1

    @property
    def loop_advice(self) -> str | None:
        """What may be wrong if the same value is sent again; None if the paginator sends none of a record."""
        if "-1" not in self._path:
            return None
        return (
            f"More records than a page has may share the value at `{self._path[-1]}`: ask for larger pages, or {_USE}"
        )

    def is_end(self, page: Page, received: int, *, leads_to_itself: bool) -> bool:
        """Call it with each page in order; whether it is the last, although it leads to itself.

        Where the value that is sent is listed again (`since`, and not `after`), the last page has nothing else. If it
        is not full, it has all that share the value.
        """
        self._largest = max(self._largest, received)
        if (
            not leads_to_itself
            or "-1" not in self._path
            or (self._more is not None and not says_nothing(page, self._more))
        ):
            return False
        if self._value(page, "0") != self._value(page, "-1"):  # The vendor has ignored the value.
            return False
        sizes = [int(size) for _, size in sent_sizes(page.request) if size.isdecimal()]
        is_short = bool(sizes) and received < min(sizes)
        is_short = is_short and describe_fullness(page, received, records=page.list_path) is None
        return received < self._largest or is_short or (received == 1 and not sizes)

    def check(self, page: Page) -> str | None:
        """Call it with each page in order. A warning if records may lie between it and the page before.

        It begins behind a value that the last two records there share: others may share it that had no room there. If
        it begins with that value, it has them.
        """
        if "-1" not in self._path:
            return None
        last, second, first = (self._value(page, place) for place in ("-1", "-2", "0"))
        tied, self._tied = self._tied, last if last == second else None
        if tied is None or first in (None, tied):
            return None
        return (
            f"the last two records of the page before have the same value at `{self._path[-1]}`, and this page begins "
            f"behind it: further records with that value are missing, if there are any. {_USE[0].upper()}{_USE[1:]}"
        )

    def _value(self, page: Page, place: str) -> Any:
        path = [place if part == "-1" else part.replace(".", "\\.") for part in self._path]
        return page.value(".".join(path))
