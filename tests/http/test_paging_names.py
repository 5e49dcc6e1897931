"""What the names of fields say about paging."""

from __future__ import annotations

import pytest

from dazz_assets.http.paging import paging_names
from dazz_assets.http.paging.paging_names import is_blank, normalize, read_flag, read_number

MEANINGS = ("more", "last", "done", "total", "page_count", "page_size", "capped", "left", "place")
NAMES = {
    "has_more hasMorePages more more_rows is_truncated nextPageExists areMoreResultsAvailable": {"more"},
    "last isLastBatch final_page end-of-list endOfFeedReached noMore": {"last"},
    "moreover next_of_kin last_login ending nomination additional_info": set(),
    "exceededTransferLimit maxRowsReached recordLimitExceeded results_are_limited": {"more"},
    "done jobComplete is_ready exhausted": {"done"},
    "total totalEntries total_hits numFound count record_count @odata.count": {"total"},
    "numberMatched found results_found num_results hits records": {"total"},
    "per_page pageSize max_results limit sysparm_limit pageLimit maxItems top": {"page_size"},
    "limited limitReached capped hit_limit": {"capped"},
    "remaining items_remaining number_of_rows_left": {"left"},
    "pages totalPages page_count number_of_pages nbPages": {"page_count"},
    "page page[number] pageNo start_page offset sysparm_offset $skip startAt startIndex first_row": {"place"},
    "size homepage start_date offsets skipped frontpage indexed restart": set(),
    "discount account totally subtotal_price unlimited limits legs_left_over stop": set(),
}


@pytest.mark.parametrize(("name", "meant"), [(name, meant) for names, meant in NAMES.items() for name in names.split()])
def test_a_name_has_one_meaning_at_most(name: str, meant: set[str]) -> None:
    found = {meaning for meaning in MEANINGS if getattr(paging_names, f"means_{meaning}")(normalize(name))}
    assert found == meant


def test_the_number_of_the_last_page_counts_pages_and_a_flag_of_that_name_ends_the_list() -> None:
    assert paging_names.means_page_count(normalize("last_page"))
    assert paging_names.means_last(normalize("last_page"))


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
