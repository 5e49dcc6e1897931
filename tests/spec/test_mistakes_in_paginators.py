"""A paginator that sends or reads a field that is by its name another one fails when definitions load."""

from typing import Any

import pytest

from dazz_assets import CursorToken, LinkHeader, NextLink, Offset, PageNumber
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import load_error, with_stream


@pytest.mark.parametrize(
    "param", ["page", "pageNumber", "page_no", "page[number]", "currentPage", "search.page", "pageIndex"]
)
def test_an_offset_in_a_parameter_for_pages(param: str) -> None:
    error = load_error(lambda: with_stream(paginator=Offset(param)))
    name = param.rpartition(".")[2]
    assert f"BadStream: `paginator` is an Offset, which counts records, but {name!r} is by its name the" in error
    assert f'use PageNumber("{name}"), or a subclass of Offset if it does count records' in error


@pytest.mark.parametrize(
    "param",
    [
        "offset",
        "skip",
        "$skip",
        "startAt",
        "start_index",
        "search.skip",
        "page[offset]",
        "sysparm_offset",
        "firstRecord",
        "start",
    ],
)
def test_a_page_number_in_a_parameter_for_records(param: str) -> None:
    error = load_error(lambda: with_stream(paginator=PageNumber(param)))
    name = param.rpartition(".")[2]
    assert f"BadStream: `paginator` is a PageNumber, which counts pages, but {name!r} is by its name the" in error
    assert f'use Offset("{name}"), or a subclass of PageNumber if it does count pages' in error


@pytest.mark.parametrize(
    ("paginator", "body"),
    [
        (PageNumber(), {"page": 0}),
        (Offset("at"), {"at": 0}),
        (CursorToken("next", param="cursor"), {"cursor": None}),
        (PageNumber("search.page"), {"search": {"page": 1}}),
    ],
    ids=str,
)
def test_a_parameter_in_the_query_and_in_the_body(paginator: Any, body: dict[str, Any]) -> None:
    settings = {"method": "POST", "body": body, "params": {paginator.param: 0}}
    error = load_error(lambda: with_stream(paginator=paginator, **settings))
    assert f"BadStream: `params` and `body` both name {paginator.param!r}, which the paginator sends in one of" in error


def read_paginator(paginator: Any) -> Any:
    """The paginator of a stream, as definitions load it."""
    (stream,) = read_integration(with_stream(paginator=paginator)).streams.values()
    return stream.paginator


class RecordOffset(Offset):
    """An author's own."""


class NumberOfPages(PageNumber):
    """An author's own."""


@pytest.mark.parametrize(
    "paginator",
    [
        *map(Offset, ["offset", "page[offset]", "skip", "startAt", "from", "pageStart"]),
        RecordOffset("page"),
        NumberOfPages("offset"),
        *map(PageNumber, ["page", "p", "pageIndex", "page[number]", "pageOffset", "start_page", "from"]),
    ],
    ids=str,
)
def test_other_parameters_are_fine(paginator: Any) -> None:
    assert read_paginator(paginator) == paginator


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ("page", "the number of the page"),
        ("meta.current_page", "the number of the page"),
        ("page.number", "the number of the page"),
        ("meta.prev", "something about the pages before it"),
        ("links.previous", "something about the pages before it"),
        ("hasPreviousPage", "something about the pages before it"),
        ("meta.is_first", "something about the pages before it"),
        ("first", "something about the pages before it"),
    ],
)
@pytest.mark.parametrize("paginator", [PageNumber, Offset, LinkHeader], ids=str)
def test_a_sign_of_more_that_is_about_another_page(paginator: Any, more: str, kind: str) -> None:
    error = load_error(lambda: with_stream(paginator=paginator(more=more)))
    assert f"`paginator` takes {more!r} for the sign that there is more, but it is by its name {kind}, so the" in error
    assert "name a flag, a total or a number of pages, or remove `more`" in error


@pytest.mark.parametrize(
    "more",
    ["has_more", "page.last", "page.totalPages", "next_page", "next.page", "paging.next.offset", "pages", "again"],
)
def test_other_signs_of_more_are_fine(more: str) -> None:
    for paginator in (
        PageNumber(more=more),
        NextLink("links.next", more=more),
        CursorToken("token", param="t", more=more),
    ):
        assert read_paginator(paginator) == paginator
