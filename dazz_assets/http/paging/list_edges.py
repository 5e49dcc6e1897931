"""Signs that a list may begin before its first page, or go on behind a page that leads nowhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from dazz_assets.field_paths import split_path
from dazz_assets.http.page import Page, Request, sent_pairs
from dazz_assets.http.paging.next_links import has_relation
from dazz_assets.http.paging.next_page_hints import PageField, find_fields, says_end
from dazz_assets.http.paging.paging_names import (
    means_page_count,
    means_page_size,
    means_place,
    normalize,
    read_flag,
    read_number,
)

# Where lists are often cut off, if nobody asks for another size. Ten is left out: so many short lists have.
_USUAL_SIZES = frozenset({20, 25, 30, 50, 100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000})
# Sizes that vendors choose are round, or these. What a page names as its size and is another may count its records.
_ROUND = 5
_OTHER_SIZES = frozenset({12, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1_024, 2_048, 4_096})
# CSV and JSON a line are files, which are not cut into pages for a screen; exports are cut at such numbers of rows.
_FEWEST_IN_FILE = 1_000
# A request may call it by words that, in a page, count the records that it has.
_SENT_SIZES = frozenset({"count", "first", "last", "length", "max", "n", "num", "number", "results", "rows", "size"})
# A request that names one of these asks for a part of a list, and so does one that names a place by number.
_SENT_TOKENS = frozenset({"cursor", "pagetoken"})
_IN_QUERY = re.compile(r"\b(first|last|limit|take|top)\s*:\s*(\d+)")
_IN_SQL = re.compile(r"\b(limit|maxresults|top)\s+(\d+)\b", re.I)

_PREVIOUS_LINK = re.compile(r"prev(ious)?(page|records|results)?(link|url|uri|href)?")
_HAS_PREVIOUS = re.compile(r"has(a)?prev(ious)?(page)?s?")
# Where the first record of a page lies in the list.
_FIRST_PLACES = frozenset({"from", "offset", "skip", "start", "startat", "startindex", "startrecord"})
_IS_FIRST = frozenset({"first", "firstpage", "isfirst", "isfirstpage"})


def describe_fullness(page: Page, received: int, *, records: str = "", guesses: bool = True) -> str | None:
    """Why a page may be cut off at its number of records, received; None if nothing speaks for it.

    records: where the list is. guesses: whether a usual page size counts, too.

    The page is the first one of its list, and nothing in it leads to another.
    """
    if received == 0 or says_end(page, received, records=records):
        return None
    text = str(received)
    if (name := next((name for name, value in sent_sizes(page.request) if value == text), None)) is not None:
        return f"as many as its request asks for (`{name}`)"
    named = _named_sizes(page, records) if _may_be_size(received, page.request) else ()
    if (name := next((name for name, value in named if value == received), None)) is not None:
        return f"as many as the page says that it may have ({name})"
    usual = {size for size in _USUAL_SIZES if size >= _FEWEST_IN_FILE} if _is_file(page) else _USUAL_SIZES
    is_usual = guesses and received in usual and received not in _count_sent(page.request)
    return "a usual page size" if is_usual else None


def may_be_full(page: Page, received: int) -> bool:
    """Whether a page has as many records as its request asks for, or as pages usually have."""
    return received in _USUAL_SIZES or any(value == str(received) for _, value in sent_sizes(page.request))


def _is_file(page: Page) -> bool:
    """Whether a page was no JSON value but a text of lines, of which the request asks for no part by number."""
    is_of_lines = page.is_of_lines or (page.converted_from or "").startswith("CSV")
    return is_of_lines and not any(_names_part(name) for name, _ in sent_pairs(page.request))


def _names_part(name: str) -> bool:
    plain = normalize(name)
    return means_page_size(plain) or plain in _SENT_SIZES or plain in _SENT_TOKENS or means_place(plain)


def find_previous_page(page: Page, sizes: Collection[int], *, records: str = "") -> str | None:
    """What in the first page of a list says that another one comes before it; None if nothing does.

    sizes: how many records a page before it may have. If its first record is said to be the next one, there is one.
    """
    if has_relation(page, "prev") or has_relation(page, "previous"):
        return "the Link header"
    places = {place for size in sizes if size > 1 for place in (size, size + 1)}
    fields = find_fields(page.document.members(), (), split_path(records), (), is_about_paging=True)
    return next((f"`{field.place}`" for field in fields if _names_previous(field) or _begins_at(field, places)), None)


def _begins_at(field: PageField, places: Collection[int]) -> bool:
    return field.is_about_paging and field.name in _FIRST_PLACES and read_number(field.value) in places


def find_page_count(page: Page, *, records: str = "") -> tuple[str, int] | None:
    """The number of pages that a page names, with where it stands; None if it names none."""
    for field in find_fields(page.document.members(), (), split_path(records), (), is_about_paging=True):
        number = read_number(field.value) if field.is_about_paging and means_page_count(field.name) else None
        if isinstance(number, int):
            return field.place, number
    return None


def _names_previous(field: PageField) -> bool:
    name, value = field.name, field.value
    is_below = name in ("href", "url") and len(field.path) > 1
    if isinstance(value, str) and _PREVIOUS_LINK.fullmatch(normalize(field.path[-2]) if is_below else name):
        return (is_below or field.is_about_paging) and ("/" in value or "?" in value)
    if not field.is_about_paging:
        return False
    return (value is False and name in _IS_FIRST) or (
        _HAS_PREVIOUS.fullmatch(name) is not None and read_flag(value) is True
    )


def sent_sizes(request: Request) -> Iterator[tuple[str, str]]:
    """The names and values with which a request may ask for a number of records."""
    for name, value in sent_pairs(request):
        plain = normalize(name)
        if means_page_size(plain) or plain in _SENT_SIZES:
            yield name, value
        yield from ((found[1], found[2]) for found in _IN_SQL.finditer(value))
    query = request.body.get("query") if isinstance(request.body, Mapping) else None
    if isinstance(query, str):
        yield from ((found[1], found[2]) for found in _IN_QUERY.finditer(query))


def _named_sizes(page: Page, records: str) -> Iterator[tuple[str, int | float | None]]:
    """The numbers of records that a page says that it may have, each with where it stands."""
    for field in find_fields(page.document.members(), (), split_path(records), (), is_about_paging=True):
        if field.is_about_paging and means_page_size(field.name) and not isinstance(field.value, dict | list):
            yield f"`{field.place}`", read_number(field.value)
    for header, value in page.headers.items():
        if means_page_size(normalize(header).removeprefix("x")):
            yield f"the header {header}", read_number(value)


def _may_be_size(number: int, request: Request) -> bool:
    """Whether a vendor may have chosen this number as the most records that a page has; request: did not ask for it."""
    if number in _USUAL_SIZES or number == 10:
        return True
    is_other = number % _ROUND == 0 or number in _OTHER_SIZES
    return is_other and next(sent_sizes(request), None) is None


def _count_sent(request: Request) -> set[int]:
    """How many values parameters have: of a list that is asked for by keys, so many records are all of them."""
    pairs = list(sent_pairs(request))
    return {value.count(",") + 1 for _, value in pairs} | set(Counter(name for name, _ in pairs).values())
