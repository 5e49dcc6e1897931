"""Counts in texts."""

import pytest

from dazz_assets.counts import format_count


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [(0, "page", "0 pages"), (1, "page", "1 page"), (2, "more field", "2 more fields"), (12_345, "row", "12,345 rows")],
)
def test_a_count_agrees_with_its_noun(count: int, noun: str, text: str) -> None:
    assert format_count(count, noun) == text
