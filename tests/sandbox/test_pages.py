"""Pages of a list: cursors and numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets.sandbox import Listing, Record, numbered_page

records = st.lists(st.tuples(st.integers(0, 9), st.integers()), unique_by=lambda pair: pair[1], max_size=40).map(
    lambda pairs: [{"updated": updated, "id": number} for updated, number in pairs]
)
sizes = st.integers(1, 7)


def key(record: Record) -> tuple[int, int]:
    return (record["updated"], record["id"])


def walk(listing: Listing, size: int) -> list[Record]:
    page = listing.page(size)
    found = list(page.records)
    while page.after:
        page = listing.page(size, after=page.after)
        found.extend(page.records)
    return found


@given(records=records, size=sizes, descending=st.booleans())
def test_walking_gives_each_record_once_in_order(records: list[Record], size: int, descending: bool) -> None:
    found = walk(Listing(records, key, descending=descending), size)

    assert found == sorted(records, key=key, reverse=descending)


@given(records=records, size=sizes, descending=st.booleans())
def test_walking_back_gives_the_same_pages(records: list[Record], size: int, descending: bool) -> None:
    listing = Listing(records, key, descending=descending)
    first = listing.page(size)
    if first.after:
        second = listing.page(size, after=first.after)

        assert second.before is not None
        assert listing.page(size, before=second.before).records == first.records


@given(records=records.filter(lambda some: len(some) > 1), size=sizes, data=st.data())
def test_a_record_that_changes_while_paging_hides_no_other(
    records: list[Record], size: int, data: st.DataObject
) -> None:
    moved = data.draw(st.sampled_from(records))
    first = Listing(records, key, descending=True).page(size)
    later = [{**record, "updated": 99} if record is moved else record for record in records]
    seen, after = [record["id"] for record in first.records], first.after
    while after:
        page = Listing(later, key, descending=True).page(size, after=after)
        seen += [record["id"] for record in page.records]
        after = page.after

    others = {record["id"] for record in records} - {moved["id"]}
    assert others <= set(seen)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("cursor", ["!", "bm9uc2Vuc2U", "e30"])
def test_a_cursor_from_elsewhere_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        Listing([{"updated": 1, "id": 1}], key).page(10, after=cursor)


def test_numbered_pages_tell_the_last_one() -> None:
    books: list[Record] = [{"id": number} for number in range(5)]

    assert numbered_page(books, 3, 2) == ([{"id": 4}], 3)
    assert numbered_page(books, 4, 2) == ([], 3)
    assert numbered_page([], 1, 2) == ([], 1)
