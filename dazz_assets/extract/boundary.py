"""The boundary of a source: the rows at its newest cursor, which the next sync will re-read."""

import numpy as np
from numpy.typing import NDArray

from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.content_hashes import ContentFingerprint, Hashes
from dazz_assets.extract.cursor_times import NO_TIME

# With more rows than this at the mark, keep no fingerprint: the next sync reads stored hashes instead.
_MOST_TRACKED = 100_000


class BoundaryTracker:
    """Tracks one source's newest cursor, and the rows that the next sync will re-read (the boundary).

    lookback: microseconds before the mark at which the next walk begins. lower: where this walk began, in
    microseconds of cursor time; None is the very start.
    candidate_mark: the greatest cursor so far that is safe as a mark, once all before it is stored.
    """

    def __init__(self, lookback: int, lower: int | None) -> None:
        self._lookback = lookback
        self._lower = lower
        self._hashes = np.empty(0, np.int64)
        self._moments = np.empty(0, np.int64)
        self._added: list[tuple[Hashes, NDArray[np.int64]]] = []
        self._added_rows = 0
        self._overflowed = False
        self._first_request_at: int | None = None
        self.candidate_mark: int | None = None

    def add(self, rows: RowBatch, requested_at: int) -> None:
        """Add the rows of a page that lie inside the walk's bounds. requested_at: microseconds."""
        if self._first_request_at is None:
            self._first_request_at = requested_at
        self._added.append((rows.content_hashes, rows.cursor_at))
        self._added_rows += len(rows)
        # A later cursor is no safe mark: records of pages read before may have changed since the first request.
        # Where another field stands in for a null cursor, it is no mark either.
        is_safe = (rows.cursor_at != NO_TIME) & (rows.cursor_at <= self._first_request_at)
        if None in rows.cursors:
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
        if self._overflowed or (self._lower is not None and self._lower > mark - self._lookback):
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
            is_kept = (self._moments == NO_TIME) | (self._moments >= mark - self._lookback)
            self._hashes, self._moments = self._hashes[is_kept], self._moments[is_kept]
