"""Finds out whether an API counts records, as `Offset` does, or pages, as `PageNumber` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Raw

from dazz_assets.field_paths import split_path
from dazz_assets.http.errors import FetchError, PaginatorError, StoppedError
from dazz_assets.http.json.json_slices import descend
from dazz_assets.http.page import Page, Request
from dazz_assets.http.paging.list_edges import describe_fullness
from dazz_assets.http.paging.pagination import Offset, PageNumber, Paginator
from dazz_assets.http.request_values import read_count, set_values
from dazz_assets.http.responses.response_rules import ResponseRules

# Fewer records than that on the first page may have been inserted before the second one was read.
_FEWEST = 3


def check_numbers(paginator: Paginator | None, first: Page, second: Page, rules: ResponseRules) -> None:
    """Look at the first two pages of a list. Raises PaginatorError if they are numbered, and the API counts records.

    The second one then begins with the second record of the first one, before which one may be missing.
    """
    if type(paginator) is not PageNumber:  # A subclass of the author's may count in another way.
        return
    listed, following = (
        [_identify(record, rules.key_paths) for record in page.listed(rules).records] for page in (first, second)
    )
    is_shifted = following[: len(listed) - 1] == listed[1:] and len(set(listed)) == len(listed)
    if len(listed) < _FEWEST or not is_shifted:
        return
    name, begin = paginator.param, read_count(first.request, paginator.param, 1)
    from_1 = f' If it counts them from 1, set params = {{"{name}": 1}} too.' if begin == 1 else ""
    raise second.make_error(
        PaginatorError,
        f"{name}={begin + 1} lists what {name}={begin} does, but for its first record: the API counts records, and "
        "not pages.",
        f'Set paginator = Offset("{name}"{_write_size(paginator)}).{from_1}',
    )


def check_unit(
    paginator: Paginator | None, start: Request, first: Page, rules: ResponseRules, send: Callable[[Request], Page]
) -> None:
    """Look at a list whose second page is empty. Raises PaginatorError if the API counts pages, and has more.

    start: the request for its first page. send: called with requests, if that page is full.

    To an API that counts pages, the number of records on the first page is the number of a page far behind the last
    one. The numbers after the first tell: there begins the next page, or else the next record.
    """
    if type(paginator) is not Offset or not rules.key_paths:  # A subclass of the author's may count in another way.
        return
    records = first.listed(rules).records
    if describe_fullness(first, len(records), records=rules.records) is None:
        return
    begin = read_count(start, paginator.param, 0)
    known = {_identify(record, rules.key_paths) for record in records}
    # If the first number is that of no page, it may have led to the first one, and the next number still does.
    for place in (1, 2)[: len(records) - 1]:
        try:
            page = send(set_values(start, paginator.param, {paginator.param: begin + place}))
            found = page.listed(rules).records
        except StoppedError:
            raise
        except FetchError:
            return  # No API refuses the numbers of pages; offsets within a page some do.
        if not found or _identify(found[0], rules.key_paths) == _identify(records[place], rules.key_paths):
            return
        if _identify(found[0], rules.key_paths) not in known:
            raise page.make_error(PaginatorError, *_explain(paginator, begin, place, len(records)))


def _explain(paginator: Offset, begin: int, place: int, received: int) -> tuple[str, str]:
    """What was found, and what to set instead."""
    name = paginator.param
    counted_from = begin if place == 1 else begin + 1
    first = "" if counted_from == 1 else f', and params = {{"{name}": {counted_from}}}'
    return (
        f"{name}={begin + received} lists nothing, but {name}={begin + place} lists records that the first page does "
        "not have: the API counts pages, and not records.",
        f'Set paginator = PageNumber("{name}"{_write_size(paginator)}){first}.',
    )


def _write_size(paginator: Offset | PageNumber) -> str:
    return f', size_param="{paginator.size_param}", size={paginator.size}' if paginator.size_param else ""


def _identify(record: Raw, key_paths: Sequence[str]) -> tuple[bytes, ...]:
    """A record's key as it was sent: other fields may differ each time that it is listed. Without one, all of it."""
    if not key_paths:
        return (bytes(record),)
    found = (descend(record, split_path(path)) for path in key_paths)
    return tuple(b"" if value is None else bytes(value) for value in found)
