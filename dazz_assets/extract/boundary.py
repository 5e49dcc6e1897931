"""The boundary of a source: the rows at its newest cursor, which the next sync will re-read."""

from collections.abc import Iterable

from dazz_assets.extract.batch import RawRow
from dazz_assets.extract.content_hashes import ContentFingerprint

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
        self._cursor_by_hash: dict[int, int | None] = {}
        self._overflowed = False
        self._first_request_at: int | None = None
        self.candidate_mark: int | None = None

    def add(self, rows: list[RawRow], requested_at: int) -> None:
        """Add the rows of a page that lie inside the walk's bounds. requested_at: microseconds."""
        if self._first_request_at is None:
            self._first_request_at = requested_at
        for row in rows:
            self._cursor_by_hash[row.content_hash] = row.cursor_at
            # A later cursor is no safe mark: records of pages read before may have changed since the first request.
            # Where another field stands in for a null cursor, it is no mark either.
            if row.cursor is not None and row.cursor_at is not None and row.cursor_at <= self._first_request_at:
                self.candidate_mark = (
                    row.cursor_at if self.candidate_mark is None else max(self.candidate_mark, row.cursor_at)
                )
        if len(self._cursor_by_hash) > _MOST_TRACKED:
            self._prune(self.candidate_mark)
            self._overflowed = self._overflowed or len(self._cursor_by_hash) > _MOST_TRACKED
            if self._overflowed:
                self._cursor_by_hash.clear()

    def forget(self, hashes: Iterable[int]) -> None:
        """Forget rows that were withdrawn: the next sync must not take them for stored."""
        for value in hashes:
            self._cursor_by_hash.pop(value, None)

    def fingerprint(self, mark: int) -> int | None:
        """Fingerprint of the rows that a walk from this mark will re-read; None unless all of them were seen."""
        if self._overflowed or (self._lower is not None and self._lower > mark - self._lookback):
            return None
        self._prune(mark)
        return ContentFingerprint(self._cursor_by_hash).value()

    def _prune(self, mark: int | None) -> None:
        if mark is not None:
            lowest = mark - self._lookback
            self._cursor_by_hash = {
                hash_: at for hash_, at in self._cursor_by_hash.items() if at is None or at >= lowest
            }
