"""What the names of fields say about paging."""

from __future__ import annotations

import pytest

from dazz_assets.http.paging_names import (
    is_blank,
    means_done,
    means_last,
    means_more,
    means_page_count,
    means_total,
    normalize,
    read_flag,
    read_number,
)


@pytest.mark.parametrize(
    "name",
    ["has_more", "hasMorePages", "more", "more_rows", "is_truncated", "nextPageExists", "areMoreResultsAvailable"],
)
def test_a_flag_that_is_true_where_there_is_more(name: str) -> None:
    assert means_more(normalize(name))
    assert not means_last(normalize(name))


@pytest.mark.parametrize("name", ["last", "isLastBatch", "final_page", "end-of-list", "endOfFeedReached", "noMore"])
def test_a_flag_that_is_true_on_the_last_page(name: str) -> None:
    assert means_last(normalize(name))
    assert not means_more(normalize(name))


@pytest.mark.parametrize("name", ["moreover", "next_of_kin", "last_login", "ending", "nomination", "additional_info"])
def test_other_names_are_no_flags(name: str) -> None:
    assert not means_more(normalize(name))
    assert not means_last(normalize(name))
    assert not means_done(normalize(name))


@pytest.mark.parametrize(
    "name", ["total", "totalEntries", "total_hits", "numFound", "count", "record_count", "@odata.count"]
)
def test_names_of_totals(name: str) -> None:
    assert means_total(normalize(name))
    assert not means_page_count(normalize(name))


@pytest.mark.parametrize("name", ["pages", "totalPages", "page_count", "number_of_pages", "last_page", "nbPages"])
def test_names_of_page_counts(name: str) -> None:
    assert means_page_count(normalize(name))
    assert not means_total(normalize(name))


@pytest.mark.parametrize("name", ["page", "size", "discount", "account", "totally", "per_page", "subtotal_price"])
def test_other_numbers_count_neither(name: str) -> None:
    assert not means_total(normalize(name))
    assert not means_page_count(normalize(name))


def test_flags_and_numbers_are_read_from_texts() -> None:
    assert [read_flag(value) for value in (True, "No", 1, "0", "later", None, 2)] == [
        True,
        False,
        True,
        False,
        None,
        None,
        None,
    ]
    assert [read_number(value) for value in (7, "12", 1.5, "x", True, None, "-3")] == [
        7,
        12,
        1.5,
        None,
        None,
        None,
        None,
    ]


def test_words_that_stand_for_nothing() -> None:
    assert all(map(is_blank, ["", " ", "null", "None", "#", "false"]))
    assert not any(map(is_blank, ["0", "/none", "nullable", "b7"]))
