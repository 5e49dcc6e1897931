"""Finds records that left a range while its numbered pages were listed, and so pulled others past the walk.

A record that changes leaves the range `[since, until)` that it was listed in for a later one. Those behind it move up
by one, and the first of a page that is not read yet may slip to one that is. Within a list the record comes again; of a
range that ends (a part, a step, a half of a list that was cut short), only a later range of the same sync shows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.completeness.list_progress import hash_keys
from dazz_assets.extract.list_walk import ListPages
from dazz_assets.extract.marks import Source
from dazz_assets.extract.ranges import Part
from dazz_assets.extract.seen_hashes import SeenHashes
from dazz_assets.windows import to_microseconds

# By how much a vendor's clock may differ from ours.
_SKEW = 600_000_000
# A change may be written as the day that it was made on, or in a zone of the vendor's own.
_DAY = 86_400_000_000


@dataclass(slots=True)
class _Listing:
    """A list of a range: when its pages were read, in microseconds, and whether it has several of them, by number."""

    sources: Sequence[Source]
    first: int
    last: int
    is_numbered: bool = False


@dataclass(slots=True)
class _Listings:
    """The lists of a range, by parent, and the keys of the records that lay in its range."""

    of: dict[str | None, _Listing] = field(default_factory=dict)
    keys: SeenHashes = field(default_factory=SeenHashes)


class RangeExits:
    """The ranges of one sync that a record left while they were listed."""

    def __init__(self) -> None:
        self._ranges: dict[Part, _Listings] = {}
        self._left: dict[Part, dict[str | None, Source]] = {}

    def add(self, event: ListPages) -> None:
        """Add some pages of a list: of a part of the sync, of a step in it, or of a half of what was cut short."""
        for source, rows in event.rows:
            self._find_exits(source, rows)
        since, until = event.bounds.since, event.bounds.until
        # Whether pages are numbered is seen from the second one on.
        if since is None or until is None or not (event.is_numbered or event.steps[0].number == 1):
            return
        listings = self._ranges.setdefault(Part(since, until), _Listings())
        last = to_microseconds(event.steps[-1].page.fetched_at)
        parent = event.sources[0].parent
        listing = listings.of.get(parent)
        if listing is None:
            listing = _Listing(event.sources, last, last)
            listings.of |= {source.parent: listing for source in event.sources}
        listing.last = max(listing.last, last)
        listing.is_numbered = listing.is_numbered or (event.is_numbered and event.steps[-1].number > 1)
        for _, rows in event.rows:
            # An API that ignores `until` lists what lies beyond the range, too.
            listings.keys.add_new(hash_keys(rows.select(rows.cursor_at < until)))

    def take(self) -> list[tuple[Part, list[Source]]]:
        """The ranges that a record left, the latest first, each with the sources of the lists in which it was."""
        left, self._left = self._left, {}
        latest_first = sorted(left, key=lambda part: part.since, reverse=True)
        return [(part, list(left[part].values())) for part in latest_first]

    def _find_exits(self, source: Source, rows: RowBatch) -> None:
        for part, listings in self._ranges.items():
            listing = listings.of.get(source.parent)
            if listing is None or not listing.is_numbered or rows.extent is None:
                continue
            # Before the list it was no record of it, and what left after it moved nothing.
            earliest = max(part.until or 0, listing.first - _DAY - _SKEW)
            if rows.extent[1] < earliest:
                continue
            changed = rows.select((rows.cursor_at >= earliest) & (rows.cursor_at <= listing.last + _SKEW))
            if listings.keys.contains(hash_keys(changed)).any():
                self._left.setdefault(part, {}).update({each.parent: each for each in listing.sources})
