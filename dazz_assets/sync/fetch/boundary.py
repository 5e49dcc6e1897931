"""The end of what a walk saw: the mark it may set, and the records that the next walk will meet again."""

from dazz_assets.sync.fetch.fingerprint import Fingerprint
from dazz_assets.sync.fetch.rows import Row

# Beyond this many the boundary is not kept, and the next sync reads stored hashes instead.
_KEPT = 100_000


class Boundary:
    """Follows one source's rows during a sync. lower: where its walk began, in microseconds; None is the very start."""

    def __init__(self, lookback: int, lower: int | None) -> None:
        self._lookback = lookback
        self._lower = lower
        self._kept: dict[int, int | None] = {}
        self._overflowed = False
        self._began: int | None = None
        self.mark: int | None = None

    def add(self, rows: list[Row], asked_at: int) -> None:
        """Take a page's rows that lie inside the walk's bounds; asked_at is the time of its request."""
        if self._began is None:
            self._began = asked_at
        for row in rows:
            self._kept[row.content_hash] = row.cursor_at
            # What is dated after the first request moves no mark: others may have changed since on pages read before.
            if row.cursor_at is not None and row.cursor_at <= self._began:
                self.mark = row.cursor_at if self.mark is None else max(self.mark, row.cursor_at)
        if len(self._kept) > _KEPT:
            self._prune(self.mark)
            self._overflowed = self._overflowed or len(self._kept) > _KEPT
            if self._overflowed:
                self._kept.clear()

    def value(self, mark: int) -> int | None:
        """Fingerprint of the rows that a walk from this mark meets again; None where not all of them were seen."""
        if self._overflowed or (self._lower is not None and self._lower > mark - self._lookback):
            return None
        self._prune(mark)
        return Fingerprint(self._kept).value()

    def _prune(self, mark: int | None) -> None:
        if mark is not None:
            lowest = mark - self._lookback
            self._kept = {hash_: at for hash_, at in self._kept.items() if at is None or at >= lowest}
