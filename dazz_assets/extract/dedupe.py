"""Finds the rows of a pass that are new to the table: by content hashes, or by the boundary kept with the mark."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from dazz_assets.extract.batch import NO_TIME, RowBatch
from dazz_assets.extract.marks import Source, transaction_hash
from dazz_assets.extract.seen_hashes import Hashes, SeenContents
from dazz_assets.lake import TableVersion, hashes_since

_LOW_HALF = np.int64(2**32 - 1)
# Hold back at most this many rows, and bytes of their text, while all of them may still be stored already.
_HELD = 20_000
_HELD_BYTES = 16 * 2**20
# With more rows than this at the mark, keep no fingerprint: the next sync reads stored hashes instead.
_MOST_TRACKED = 100_000


class NewRowFilter:
    """Drops rows whose content is stored already, and repeated contents.

    A pass starts at the mark, so it re-reads records that are stored. Usually these are exactly the records that were
    there when the mark was set, which the fingerprint kept with the mark proves without opening a file. So rows are
    held back at first. If a fingerprint differs or too many rows are held, the stored hashes are read and compared.

    lower: stored rows below it, in microseconds of cursor time, are read only if rows below it come; None reads all.
    """

    def __init__(self, stored: TableVersion | None, lower: int | None) -> None:
        self._stored = stored if stored is not None and stored.files else None
        self._lower = lower
        self._is_holding = self._stored is not None
        self._seen = SeenContents()
        self._held: dict[str | None, list[RowBatch]] = defaultdict(list)
        self._held_count = self._held_bytes = 0

    def forget(self, hashes: Hashes) -> None:
        """Treat rows with these content hashes, which were returned as new, as never seen."""
        self._seen.remove(hashes)

    def close(self) -> None:
        """Give up what is kept for comparison."""
        self._seen.close()

    @property
    def is_holding(self) -> bool:
        """Whether rows may still be held back."""
        return self._is_holding

    def filter_new(self, source: Source, rows: RowBatch) -> list[RowBatch]:
        """Add rows of a source; return those, of this call or held back before, that are known to be new."""
        unseen = self._drop_seen(rows)
        if not self._is_holding:
            return [unseen]
        self._held[source.parent].append(unseen)
        self._held_count += len(unseen)
        self._held_bytes += len(unseen.text)
        return self._release() if self._held_count > _HELD or self._held_bytes > _HELD_BYTES else []

    def release_complete(self, sources: Sequence[Source]) -> list[RowBatch]:
        """The new rows among those held back. sources: those that were walked to their end.

        Drops what is held of all other sources: their marks stay, so the next sync lists these records again.
        """
        known = {source.parent: source.boundary for source in sources}
        for parent, rows in list(self._held.items()):
            is_complete = parent in known
            if not is_complete or known[parent] == _fingerprint(rows):
                del self._held[parent]
        return self._release() if any(len(rows) for held in self._held.values() for rows in held) else []

    def _release(self) -> list[RowBatch]:
        """Read the stored hashes and return the held rows that are new. From now on, no row is held back."""
        self._seen.close()
        self._seen, self._is_holding = SeenContents(), False
        if self._stored is not None:
            self._lower = self._lowest_held()
            self._seen = SeenContents(hashes_since(self._stored, self._lower).to_numpy())
        held, self._held = [row for rows in self._held.values() for row in rows], defaultdict(list)
        return [self._drop_seen(rows) for rows in held]

    def _lowest_held(self) -> int | None:
        """The bound to compare from: rows of a feed that goes on at a link may lie below the one that was planned."""
        if self._lower is None:
            return None
        held = [rows.moments for held in self._held.values() for rows in held]
        return min([self._lower, *(int(moments.min()) for moments in held if len(moments))])

    def _drop_seen(self, rows: RowBatch) -> RowBatch:
        moments = rows.moments
        is_below = self._lower is not None and len(moments) > 0 and moments.min() < self._lower
        if self._stored is not None and not self._is_holding and is_below:
            self._seen.add_stored(hashes_since(self._stored, None).to_numpy())
            self._lower = None
        return rows.select(self._seen.add_new(rows.content_hashes, rows.cursor_at))


def _fingerprint(batches: Sequence[RowBatch]) -> int:
    content = ContentFingerprint()
    for rows in batches:
        content.add(rows.content_hashes)
    return content.value()


class BoundaryTracker:
    """Tracks one source's newest cursor, and the rows that the next sync will re-read (the boundary).

    reread_from: for a mark the time from which the next walk lists records. lower: where this walk began. Both are in
    microseconds of cursor time; None is the very start.
    nulls_move_mark: whether a mark may be what counts for a record whose cursor is null.
    candidate_mark: the greatest cursor so far that is safe as a mark, once all before it is stored.
    first_request_at: when the first page was asked for, in microseconds.
    """

    def __init__(self, reread_from: Callable[[int], int], lower: int | None, *, nulls_move_mark: bool) -> None:
        self._reread_from = reread_from
        self._lower = lower
        self._nulls_move_mark = nulls_move_mark
        self._hashes = np.empty(0, np.int64)
        self._moments = np.empty(0, np.int64)
        self._added: list[tuple[Hashes, NDArray[np.int64]]] = []
        self._added_rows = 0
        self._overflowed = False
        self.first_request_at: int | None = None
        self.candidate_mark: int | None = None

    def add(self, rows: RowBatch, requested_at: int) -> None:
        """Add the rows of a page that lie inside the walk's bounds. requested_at: microseconds."""
        if self.first_request_at is None:
            self.first_request_at = requested_at
        self._added.append((rows.content_hashes, rows.cursor_at))
        self._added_rows += len(rows)
        # A later cursor is no safe mark: records of pages read before may have changed since the first request.
        # What stands in for a null cursor is no mark either, unless lists go by it.
        is_safe = (rows.cursor_at != NO_TIME) & (rows.cursor_at <= self.first_request_at)
        if None in rows.cursors and not self._nulls_move_mark:
            is_safe &= [cursor is not None for cursor in rows.cursors]
        if is_safe.any():
            newest = int(rows.cursor_at[is_safe].max())
            self.candidate_mark = newest if self.candidate_mark is None else max(self.candidate_mark, newest)
        if self._added_rows > _MOST_TRACKED:
            self._prune(self.candidate_mark)
            self._overflowed = self._overflowed or len(self._hashes) > _MOST_TRACKED
            if self._overflowed:
                self._hashes = self._moments = np.empty(0, np.int64)

    def forget(self, hashes: Hashes) -> None:
        """Forget rows that were withdrawn: the next sync must not take them for stored."""
        self._merge()
        is_kept = ~np.isin(self._hashes, hashes)
        self._hashes, self._moments = self._hashes[is_kept], self._moments[is_kept]

    def fingerprint(self, mark: int) -> int | None:
        """Fingerprint of the rows that a walk from this mark will re-read; None unless all of them were seen."""
        if self._overflowed or (self._lower is not None and self._lower > self._reread_from(mark)):
            return None
        self._prune(mark)
        tracked = ContentFingerprint()
        tracked.add(self._hashes)
        return tracked.value()

    def _merge(self) -> None:
        """Add what came since the last time, each hash once, with its latest moment."""
        hashes = np.concatenate([self._hashes, *(hashes for hashes, _ in self._added)])
        moments = np.concatenate([self._moments, *(moments for _, moments in self._added)])
        self._added, self._added_rows = [], 0
        # `unique` gives the first place of each, so those that came last go first.
        self._hashes, places = np.unique(hashes[::-1], return_index=True)
        self._moments = moments[::-1][places]

    def _prune(self, mark: int | None) -> None:
        self._merge()
        if mark is not None:
            is_kept = (self._moments == NO_TIME) | (self._moments >= self._reread_from(mark))
            self._hashes, self._moments = self._hashes[is_kept], self._moments[is_kept]


class ContentFingerprint:
    """The fingerprint of a set of 64-bit content hashes, independent of their order. Add each hash once."""

    def __init__(self) -> None:
        self._count = self._sum = self._xor = 0

    def add(self, hashes: Hashes) -> None:
        """Add hashes that are not in the set yet."""
        self._count += len(hashes)
        self._sum += _exact_sum(hashes)
        self._xor ^= int(np.bitwise_xor.reduce(hashes)) if len(hashes) else 0

    def remove(self, hashes: Hashes) -> None:
        """Remove hashes that are in the set."""
        self._count -= len(hashes)
        self._sum -= _exact_sum(hashes)
        self._xor ^= int(np.bitwise_xor.reduce(hashes)) if len(hashes) else 0

    def include(self, other: "ContentFingerprint") -> None:
        """Add another set, which must not share a hash with this one."""
        self._count += other._count
        self._sum += other._sum
        self._xor ^= other._xor

    def value(self) -> int:
        """63 bits, to fit the version of a Delta application transaction."""
        return transaction_hash(f"{self._count}:{self._sum}:{self._xor}")


def _exact_sum(hashes: Hashes) -> int:
    """The sum of 64-bit numbers, which may take more than 64 bits."""
    return (int((hashes >> 32).sum()) << 32) + int((hashes & _LOW_HALF).sum())
