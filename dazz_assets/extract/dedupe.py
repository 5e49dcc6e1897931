"""Which of the rows that a pass met are new to the table."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from dazz_assets.extract.batch import RawRow
from dazz_assets.extract.marks import Source
from dazz_assets.lake import TableVersion, hashes_since

_MERGE_AT = 50_000


class SeenHashes:
    """A set of 64-bit content hashes: a sorted array, and a small set of the newest."""

    def __init__(self, hashes: NDArray[np.int64] | None = None) -> None:
        self._sorted = np.sort(hashes) if hashes is not None else np.empty(0, np.int64)
        self._recent: set[int] = set()

    def add_new(self, hashes: Sequence[int]) -> list[bool]:
        """For each hash in turn whether it was new; all are in the set afterwards."""
        known = self._known(np.fromiter(hashes, np.int64, len(hashes)))
        new = []
        for value, old in zip(hashes, known, strict=True):
            fresh = not old and value not in self._recent
            new.append(fresh)
            if fresh:
                self._recent.add(value)
        if len(self._recent) >= _MERGE_AT:
            self._merge()
        return new

    def _known(self, values: NDArray[np.int64]) -> list[bool]:
        if not len(self._sorted):
            return [False] * len(values)
        places = np.minimum(np.searchsorted(self._sorted, values), len(self._sorted) - 1)
        found: list[bool] = (self._sorted[places] == values).tolist()
        return found

    def _merge(self) -> None:
        recent = np.fromiter(self._recent, np.int64, len(self._recent))
        self._sorted = np.sort(np.concatenate([self._sorted, recent]), kind="stable")
        self._recent.clear()


class ContentFingerprint:
    """Of a set of 64-bit content hashes, whatever their order; each is added once."""

    def __init__(self, hashes: Iterable[int] = ()) -> None:
        self._count = self._sum = self._xor = 0
        for value in hashes:
            self.add(value)

    def add(self, value: int) -> None:
        """Add a content hash that is not in the set yet."""
        self._count += 1
        self._sum += value
        self._xor ^= value

    def include(self, other: "ContentFingerprint") -> None:
        """Add the contents of another set, none of which is in this one yet."""
        self._count += other._count
        self._sum += other._sum
        self._xor ^= other._xor

    def value(self) -> int:
        """63 bits, so that it fits a version of Delta's application transactions."""
        text = f"{self._count}:{self._sum}:{self._xor}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


# Rows, and bytes of their text, held back while it may yet turn out that all of them are stored already.
_HELD = 20_000
_HELD_BYTES = 16 * 2**20


class NewRowFilter:
    """Lets each content through once, and none that is stored.

    A pass begins where rows are stored already (the boundary is read again). Mostly it brings the very rows that were
    there when the mark was set; then the fingerprint kept with the mark says so, and no file is opened. So rows are
    held back at first; where a fingerprint differs, or too many are held, stored hashes are read and decide.
    """

    def __init__(self, stored: TableVersion | None, lower: int | None) -> None:
        self._stored = stored if stored is not None and stored.files else None
        self._lower = lower
        self._seen = SeenHashes()
        self._held: dict[str | None, list[RawRow]] = defaultdict(list)
        self._held_count = self._held_bytes = 0

    @property
    def holding(self) -> bool:
        """Whether rows that came may still be held back."""
        return self._stored is not None

    def new(self, source: Source, rows: Sequence[RawRow]) -> list[RawRow]:
        """The rows that are known to be new by now."""
        fresh = self._unseen(rows)
        if self._stored is None:
            return fresh
        self._held[source.parent] += fresh
        self._held_count += len(fresh)
        self._held_bytes += sum(len(memoryview(row.record)) for row in fresh)
        return self._decided() if self._held_count > _HELD or self._held_bytes > _HELD_BYTES else []

    def rest(self, sources: Sequence[Source]) -> list[RawRow]:
        """The new rows among those held back, now that these sources were walked to their end (and others were not)."""
        known = {source.parent: source.boundary for source in sources}
        for parent, rows in list(self._held.items()):
            whole = parent in known
            if not whole or known[parent] == ContentFingerprint(row.content_hash for row in rows).value():
                del self._held[parent]
        return self._decided() if any(self._held.values()) else []

    def _decided(self) -> list[RawRow]:
        """Read what is stored; from now on rows are told apart as they come."""
        if self._stored is not None:
            self._seen = SeenHashes(hashes_since(self._stored, self._lower).to_numpy())
        self._stored = None
        held, self._held = [row for rows in self._held.values() for row in rows], defaultdict(list)
        return self._unseen(held)

    def _unseen(self, rows: Sequence[RawRow]) -> list[RawRow]:
        new = self._seen.add_new([row.content_hash for row in rows])
        fresh = [row for row, is_fresh in zip(rows, new, strict=True) if is_fresh]
        for row in fresh:
            # A view would keep its whole page in memory for as long as the row waits.
            row.record = bytes(row.record)
        return fresh


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

    def add(self, rows: list[RawRow], asked_at: int) -> None:
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
        return ContentFingerprint(self._kept).value()

    def _prune(self, mark: int | None) -> None:
        if mark is not None:
            lowest = mark - self._lookback
            self._kept = {hash_: at for hash_, at in self._kept.items() if at is None or at >= lowest}
