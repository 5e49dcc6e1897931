"""Finds records that left a range while its numbered pages were listed, and so pulled others past the walk.

A record that changes leaves the range `[since, until)` that it was listed in for a later one. Those behind it move up
by one, and the first of a page that is not read yet may slip to one that is. Within a list the record comes again; of a
range that ends, only a later range of the same sync shows it.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.completeness.list_progress import hash_keys, is_paged_by_number
from dazz_assets.extract.list_walk import ListPages
from dazz_assets.extract.marks import Source
from dazz_assets.extract.ranges import Part
from dazz_assets.extract.seen_hashes import SeenHashes
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.windows import to_microseconds

# By how much a vendor's clock may differ from ours.
_SKEW = 600_000_000


@dataclass(slots=True)
class _Listing:
    """When a range of a source was listed, in microseconds, and in how many pages that were numbered."""

    first: int
    last: int
    pages: int = 0

    def was_running(self, at: int) -> bool:
        """Whether a change at this time may have moved records between its pages."""
        return self.pages > 1 and self.first - _SKEW <= at <= self.last + _SKEW


class RangeExits:
    """The ranges of one sync that a record left while they were listed."""

    def __init__(self, stream: StreamSpec) -> None:
        self._stream = stream
        self._listings: dict[tuple[Part, str | None], _Listing] = {}
        self._left: dict[Part, dict[str | None, Source]] = {}
        self._keys = defaultdict[Part, SeenHashes](SeenHashes)

    def add(self, part: Part, source: Source, rows: RowBatch, event: ListPages) -> None:
        """Add the rows of some pages of a part."""
        self._find_exits(source, rows)
        is_numbered = [is_paged_by_number(self._stream, step.page) for step in event.steps]
        # The first request of a list often has no number, whatever counts its later pages.
        if part.until is None or part.before_marks or not (any(is_numbered) or event.steps[0].number == 1):
            return
        times = [to_microseconds(step.page.fetched_at) for step in event.steps]
        listing = self._listings.setdefault((part, source.parent), _Listing(times[0], times[0]))
        listing.last = max(listing.last, times[-1])
        listing.pages += sum(number or step.number == 1 for number, step in zip(is_numbered, event.steps, strict=True))
        self._keys[part].add_new(hash_keys(rows))

    def take(self) -> Iterator[tuple[Part, list[Source]]]:
        """The ranges that a record left, each with the sources of which it did."""
        left, self._left = self._left, {}
        yield from ((part, list(sources.values())) for part, sources in left.items())

    def _find_exits(self, source: Source, rows: RowBatch) -> None:
        if not self._listings or rows.extent is None:
            return
        begun = min(listing.first for listing in self._listings.values()) - _SKEW
        if rows.extent[1] < begun:
            return
        changed = rows.select(rows.cursor_at >= begun)
        for part, keys in self._keys.items():
            listing = self._listings.get((part, source.parent))
            if listing is None or part.until is None:
                continue
            moved = changed.select(keys.contains(hash_keys(changed)) & (changed.cursor_at >= part.until))
            if any(listing.was_running(at) for at in moved.cursor_at.tolist()):
                self._left.setdefault(part, {})[source.parent] = source
