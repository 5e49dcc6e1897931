"""Which records of a list moved is found as by reading it again row by row, and takes little memory."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.completeness import moved_records
from dazz_assets.extract.completeness.moved_records import MovedRecords
from dazz_assets.extract.spooled_rows import SpooledRows

# A record: its key, its edition, and by how much its page lies behind the one of the record before.
Record = tuple[int, int, int]
lists = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 1), st.integers(0, 1)), max_size=40)
LONG, PER_BATCH = 600_000, 1_000


@dataclass
class ListedRows:
    """The columns of a batch that say whether records moved."""

    keys: list[str]
    content_hashes: NDArray[np.int64]
    origin_of: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.keys)


def with_pages(records: list[Record]) -> list[tuple[int, int, int]]:
    """Of each record key, edition and page."""
    pages = np.cumsum([step for _, _, step in records]).tolist()
    return [(key, edition, page) for (key, edition, _), page in zip(records, pages, strict=True)]


def followed(records: list[Record], *, ignores_same: bool) -> MovedRecords:
    moved = MovedRecords(ignores_same=ignores_same)
    for page, of_page in groupby(with_pages(records), key=lambda row: row[2]):
        rows = list(of_page)
        content = np.array([hash((key, edition)) for key, edition, _ in rows], np.int64)
        batch = ListedRows([str(key) for key, _, _ in rows], content, np.zeros(len(rows), np.int64))
        moved.add(cast(RowBatch, batch), page)
    return moved


def moved_by_row(records: list[Record], *, ignores_same: bool) -> list[tuple[int, int]]:
    """Keys and editions of the records that came before on another page, in order."""
    first_page: dict[int, int] = {}
    seen: set[tuple[int, int]] = set()
    found = []
    for key, edition, page in with_pages(records):
        comes_as_it_was = (key, edition) in seen
        seen.add((key, edition))
        if page != first_page.setdefault(key, page) and not (ignores_same and comes_as_it_was):
            found.append((key, edition))
    return sorted(found)


def come_again_in_another_order(records: list[Record]) -> bool:
    """Whether records come again as they were, on another page, and not because the list grew by as many."""
    last_place: dict[tuple[int, int], int] = {}
    rows, again = with_pages(records), []
    for place, (key, edition, page) in enumerate(rows):
        before = last_place.get((key, edition))
        if before is not None and rows[before][2] != page:
            again.append((place, before, page))
        last_place[key, edition] = place
    counts = Counter(page for _, _, page in again)
    return any((place - before, rows[before][2]) != (counts[page], page - 1) for place, before, page in again)


@settings(deadline=None)
@given(first=lists, second=lists, ignores_same=st.booleans(), most_sorted=st.integers(1, 50))
def test_moved_records_are_those_that_a_second_reading_finds(
    first: list[Record], second: list[Record], ignores_same: bool, most_sorted: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moved_records, "_MOST_SORTED", most_sorted)
        earlier, later = (followed(each, ignores_same=ignores_same) for each in (first, second))
        before, now = (moved_by_row(each, ignores_same=ignores_same) for each in (first, second))
        are_mixed = ignores_same and come_again_in_another_order(second)
        assert later.are_mixed() == are_mixed
        assert later.are_known() == (bool(now) or are_mixed)

        again = followed(second, ignores_same=ignores_same)
        assert again.settle_keys(earlier) == (bool(now) and now == before)

        later.settle_growth(earlier)
        has_all = {key for key, _, _ in first} <= {key for key, _, _ in second}
        assert later.are_known() == ((bool(now) and not has_all) or are_mixed)
        later.settle_mixed(earlier)
        assert not (has_all and later.are_known())


def test_a_long_list_takes_less_memory_than_its_keys() -> None:
    moved = MovedRecords(ignores_same=True)
    place = np.zeros(PER_BATCH, np.int64)
    for begin in range(0, LONG, PER_BATCH):
        numbers = np.arange(begin, begin + PER_BATCH)
        batch = ListedRows(list(map(str, numbers.tolist())), numbers * 7919, place)
        moved.add(cast(RowBatch, batch), begin // PER_BATCH)
    tracemalloc.start()
    try:
        assert not moved.are_known()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < LONG * np.dtype(np.int64).itemsize


def test_rows_wait_on_the_disk_and_come_back_from_any_place() -> None:
    rows = SpooledRows(np.dtype([("key", np.int64), ("list", np.int64)]))
    added = np.zeros(PER_BATCH, [("key", np.int64), ("list", np.int64)])
    tracemalloc.start()
    try:
        for begin in range(0, LONG, PER_BATCH):
            added["key"], added["list"] = np.arange(begin, begin + PER_BATCH), begin
            rows.add(added)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * 2**20
    assert len(rows) == LONG
    assert np.concatenate([part["key"] for part in rows.read(LONG - 5)]).tolist() == [*range(LONG - 5, LONG)]
    assert sum(len(part) for part in rows.read()) == LONG
