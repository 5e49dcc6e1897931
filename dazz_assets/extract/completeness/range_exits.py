"""Finds records that left a range while its numbered pages were listed, and so pulled others past the walk.

A record that changes leaves the range that it was listed in for a later one. Those behind it move up by one, and the
first of a page that is not read yet may slip to one that is. Within a list the record comes again; of a range that ends
(a part, a step, a half or the beginning of a list that was cut short, or one that is sent with the time of its first
request as its end), only a later list of the same sync shows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.completeness.list_progress import find_sizes
from dazz_assets.extract.completeness.moved_records import hash_keys
from dazz_assets.extract.list_events import ListPages, ListRestart
from dazz_assets.extract.marks import Source
from dazz_assets.extract.ranges import Part
from dazz_assets.extract.spooled_rows import SpooledRows
from dazz_assets.http.page import WalkedPage
from dazz_assets.lake.versions.latest_versions import are_among
from dazz_assets.windows import to_microseconds

# By how much a vendor's clock may differ from ours.
_SKEW = 600_000_000
# A change may be written as the day that it was made on, or in a zone of the vendor's own.
_DAY = 86_400_000_000
# What is kept of each record: the hash of its key, and which list of the sync it was in.
_KEY = np.dtype([("key", np.int64), ("list", np.int64)])


@dataclass(slots=True, eq=False)
class _Listing:
    """A list of a range, and when its pages were read, in microseconds.

    number: counts the lists of its sources. place: counts the lists of the sync. newest: the latest time of its
    records. is_numbered: it has several pages, which are requested by numbers. ends_at: the end that was sent, of a
    range without one. had_full_page: a record that left it may have pulled another one to a page before.
    """

    sources: Sequence[Source]
    number: int
    place: int
    first: int
    last: int
    newest: int = 0
    is_numbered: bool = False
    ends_at: int | None = None
    had_full_page: bool = False


class _ListedKeys:
    """The hashes of the keys of lists. Those of a list are read only if a record changed while it was listed, and stay
    in memory from then on."""

    def __init__(self) -> None:
        self._rows = SpooledRows(_KEY)
        # Of lists that were asked for: their keys, in order, and how many rows were read for them.
        self._sorted: dict[int, tuple[NDArray[np.int64], int]] = {}

    def add(self, place: int, hashes: NDArray[np.int64]) -> None:
        """Add keys of a list. Raises OSError."""
        added = np.empty(len(hashes), _KEY)
        added["key"], added["list"] = hashes, place
        self._rows.add(added)

    def have_any(self, place: int, hashes: NDArray[np.int64]) -> bool:
        """Whether a list had one of these keys. Raises OSError."""
        keys, read = self._sorted.get(place, (np.empty(0, np.int64), 0))
        if read < len(self._rows):
            added = [rows["key"][rows["list"] == place] for rows in self._rows.read(read)]
            keys = np.sort(np.concatenate([keys, *added]))
            self._sorted[place] = keys, len(self._rows)
        return bool(are_among(hashes, keys).any())


class RangeExits:
    """The ranges of one sync that a record left while they were listed."""

    def __init__(self) -> None:
        # Of each parent the lists, by the part of the sync and the bounds in it.
        self._lists: dict[str | None, dict[tuple[Part, Bounds], _Listing]] = {}
        self._keys, self._lists_begun = _ListedKeys(), 0
        self._left: dict[tuple[Part, Bounds], dict[str | None, Source]] = {}
        self._earliest: int | None = None

    def add(self, part: Part, event: ListPages) -> None:
        """Add some pages of a list. Raises OSError."""
        for source, rows in event.rows:
            self._find_exits(source, (part, event.bounds), rows)
        # Whether pages are numbered is seen from the second one on.
        if event.bounds.since is None or not (event.is_numbered or event.steps[0].number == 1):
            return
        listing = self._listing(part, event)
        listing.last = max(listing.last, to_microseconds(event.steps[-1].page.fetched_at))
        listing.is_numbered = listing.is_numbered or (event.is_numbered and event.steps[-1].number > 1)
        listing.ends_at = event.ends_at if event.bounds.until is None else None
        listing.had_full_page = listing.had_full_page or any(map(_may_be_full, event.steps))
        for _, rows in event.rows:
            # An API that ignores `until` lists what lies beyond the range, too.
            inside = rows if event.bounds.until is None else rows.select(rows.cursor_at < event.bounds.until)
            listing.newest = max(listing.newest, inside.extent[1] if inside.extent else 0)
            self._keys.add(listing.place, hash_keys(inside))

    def forget(self, part: Part, event: ListRestart) -> None:
        """Forget lists of a part that are void, and read again."""
        for source in event.sources:
            of_parent = self._lists.get(source.parent, {})
            for key in [key for key, each in of_parent.items() if key[0] == part and each.number >= event.first_list]:
                del of_parent[key]

    def open_ends(self, part: Part) -> list[tuple[Bounds, Sequence[Source]]]:
        """What came since the ends that were sent for lists of a part, each with the sources of these lists."""
        found: dict[int, tuple[Bounds, Sequence[Source]]] = {}
        for of_parent in self._lists.values():
            for (listed, bounds), listing in of_parent.items():
                ends_at = listing.ends_at
                if listed != part or ends_at is None or not (listing.is_numbered and listing.had_full_page):
                    continue
                if ends_at <= listing.last + _SKEW:  # Nothing left a range that ends tomorrow.
                    found[id(listing)] = replace(bounds, lower=ends_at, since=ends_at, exact=False), listing.sources
        return list(found.values())

    def take_ranges(self, part: Part) -> list[tuple[Bounds, list[Source]]]:
        """The ranges in a part that a record left, each with the sources of the lists in which it was."""
        keys = [key for key in self._left if key[0] == part]
        return [(key[1], list(self._left.pop(key).values())) for key in keys]

    def take_parts(self) -> list[tuple[Part, list[Source]]]:
        """The parts that a record left, the latest first, each with the sources of the lists in which it was."""
        parts: dict[Part, dict[str | None, Source]] = {}
        for (part, _), sources in self._left.items():
            parts.setdefault(part, {}).update(sources)
        self._left = {}
        latest_first = sorted(parts, key=lambda part: part.since, reverse=True)
        return [(part, list(parts[part].values())) for part in latest_first]

    def _listing(self, part: Part, event: ListPages) -> _Listing:
        key = (part, event.bounds)
        listing = self._lists.get(event.sources[0].parent, {}).get(key)
        if listing is None:
            first = to_microseconds(event.steps[0].page.fetched_at)
            self._earliest = first if self._earliest is None else min(first, self._earliest)
            self._lists_begun += 1
            listing = _Listing(event.sources, event.list_number, self._lists_begun, first, first)
            for source in event.sources:
                self._lists.setdefault(source.parent, {})[key] = listing
        return listing

    def _find_exits(self, source: Source, current: tuple[Part, Bounds], rows: RowBatch) -> None:
        if self._earliest is None or rows.extent is None or rows.extent[1] < self._earliest - _DAY - _SKEW:
            return  # as most pages of a first sync
        key_hashes = hash_keys(rows)
        for key, listing in self._lists.get(source.parent, {}).items():
            if key == current or not listing.is_numbered:
                continue
            # Before the list it was no record of it, and what left after it moved nothing.
            end = listing.newest + 1 if key[1].until is None else key[1].until
            earliest = max(end, listing.first - _DAY - _SKEW)
            is_changed = (rows.cursor_at >= earliest) & (rows.cursor_at <= listing.last + _SKEW)
            if is_changed.any() and self._keys.have_any(listing.place, key_hashes[is_changed]):
                self._left.setdefault(key, {}).update({each.parent: each for each in listing.sources})


def _may_be_full(step: WalkedPage) -> bool:
    """Whether a page has as many records as were asked for, as far as that is known."""
    return len(step.records) >= max(1, min(find_sizes(step.page.request), default=0))
