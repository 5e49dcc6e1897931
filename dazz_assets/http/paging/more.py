"""What the value at a paginator's `more` says: that the list goes on, that it ends, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dazz_assets.field_paths import escape_name, split_path
from dazz_assets.http.errors import FetchError
from dazz_assets.http.page import Page
from dazz_assets.http.paging.paging_names import (
    is_blank,
    means_done,
    means_last,
    means_left,
    means_more,
    means_page_count,
    means_total,
    names_total,
    normalize,
    read_flag,
    read_number,
)

EMPTY_PAGE = "an empty page"
"""Why a page ends a list, if nothing else says that it does."""


@dataclass(frozen=True, slots=True)
class Last:
    """What a paginator returns after the last page, with the reason why it is the last."""

    reason: str


def counts_pages(more: str | None) -> bool:
    return more is not None and "page" in normalize(last_segment(more))


def read_total(page: Page, more: str | None) -> int | None:
    """The number of pages or records of the whole list that `more` leads to, or None."""
    if more is None:
        return None
    name, number = normalize(last_segment(more)), read_number(page.value(more))
    return int(number) if number is not None and (means_page_count(name) or means_total(name)) else None


def find_end(page: Page, received: int, more: str | None, reached: int | None) -> Last | None:
    """The reason why a page of a counting paginator is the last one, or None.

    reached: how many pages or records were read so far, in the unit that `more` counts, or None if unknown.
    """
    if more is None or not page.has(more) or _counts_nothing(page, more, received, reached):
        # Without the flag, read on: the list ends at an empty page at the latest.
        return Last(EMPTY_PAGE) if received == 0 else None
    if _has_more(page.value(more), more, reached):
        # An empty page below a total proves nothing, but a flag that says so is believed.
        return Last(EMPTY_PAGE) if received == 0 and not _is_flag(page, more) else None
    return Last(f"`{more}` says that there is no more")


def counts_records(more: str | None) -> bool:
    """Whether the field at `more` is by its name the number of all records."""
    name = normalize(last_segment(more or ""))
    return means_total(name) and names_total(name) and not counts_pages(more)


def tells_of_more(more: str) -> bool:
    """Whether the field at `more` is by its name a sign of what follows, or counts the list."""
    name = normalize(last_segment(more))
    return means_more(name) or means_last(name) or means_done(name) or means_left(name) or _is_count(name)


def says_more_by_flag(page: Page, more: str | None) -> bool:
    """Whether `more` leads to a flag, which says that there is more."""
    return more is not None and page.has(more) and _is_flag(page, more) and _has_more(page.value(more), more, None)


def _is_flag(page: Page, more: str) -> bool:
    """Whether `more` leads to a flag, by its name or else by its value, and not to a number."""
    name = normalize(last_segment(more))
    return means_more(name) or (read_number(page.value(more)) is None and not _is_count(name))


def _is_count(name: str) -> bool:
    return means_total(name) or means_page_count(name)


def _counts_nothing(page: Page, more: str, received: int, reached: int | None) -> bool:
    """Whether `more` leads to a number of pages or records that is none, or that fewer make than came already.

    A record that was removed meanwhile, or counting from 1, makes a difference of 1 in a number of records.
    """
    name, value = normalize(last_segment(more)), page.value(more)
    if received == 0 or not _is_count(name):
        return False
    if value is None or (isinstance(value, str) and is_blank(value)):
        return True
    number = read_number(value)
    if number is None:
        return False
    spare = 0 if counts_pages(more) else 1
    return number <= 0 or (reached is not None and number < reached - spare)


def find_flagged_end(page: Page, more: str | None) -> Last | None:
    """The end of a list that `more` says, or None."""
    if more is None or says_nothing(page, more) or _has_more(page.value(more), more, None):
        return None
    return Last(f"`{more}` says that there is no more")


def end_without(page: Page, more: str | None, missing: str) -> Last:
    """The end of a list whose page names no next one. Raises FetchError if `more` says that there is one."""
    if more is None or says_nothing(page, more):
        return Last(missing)
    raise page.make_error(
        FetchError,
        f"`{more}` in the page says that there is more, but there is {missing}.",
        advice="Correct the paginator.",
    )


def says_nothing(page: Page, more: str) -> bool:
    """Whether the value at `more` is missing or blank. Beside a link or a token, that is no end."""
    value = page.value(more)
    return value is None or value == {} or (isinstance(value, str) and is_blank(value) and read_flag(value) is None)


def _has_more(value: Any, more: str, reached: int | None) -> bool:
    """Whether the value at `more` says that there is more.

    A number that is named as a count of pages or a total (`total_pages`, `total`) is compared with `reached`, if known.
    A flag that marks the end (`isLast`, `done`) means more unless it is true. Any other value means more unless it is
    empty, zero, false or null. In doubt the walk goes on, since a page beyond the end is empty.
    """
    name = normalize(last_segment(more))
    if isinstance(value, str) and is_blank(value):
        value = None
    flag, number = read_flag(value), read_number(value)
    is_number_of_pages = means_page_count(name) and number is not None
    if (means_last(name) or means_done(name)) and not is_number_of_pages:
        return flag is not True
    is_count = (names_total(name) or "page" in name) and "remain" not in name
    if is_count and reached is not None and number is not None:
        return number > reached
    return bool(value if flag is None else flag)


def last_segment(path: str) -> str:
    return escape_name(split_path(path)[-1]) if path else ""
