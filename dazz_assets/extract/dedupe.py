"""Finds the rows of a pass that are new to the table: by content hashes, or by a fingerprint kept with the mark."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from dazz_assets.extract.batch import RawRow
from dazz_assets.extract.marks import Source
from dazz_assets.lake import TableVersion, hashes_since

# Hold back at most this many rows, and bytes of their text, while all of them may still be stored already.
_HELD = 20_000
_HELD_BYTES = 16 * 2**20
# With more rows than this at the mark, keep no fingerprint: the next sync reads stored hashes instead.
_MOST_TRACKED = 100_000
# Merge recent hashes into the sorted array at this count.
_MERGE_AT = 50_000


class NewRowFilter:
    """Drops rows whose content is stored already, and repeated contents.

    A pass starts at the mark, so it re-reads records that are stored. Usually these are exactly the records that were
    there when the mark was set, which the fingerprint kept with the mark proves without opening a file. So rows are
    held back at first. If a fingerprint differs or too many rows are held, the stored hashes are read and compared.

    lower: rows below it, in microseconds of cursor time, need not be compared; None compares all.
    """

    def __init__(self, stored: TableVersion | None, lower: int | None) -> None:
        self._stored = stored if stored is not None and stored.files else None
        self._lower = lower
        self._seen = SeenHashes()
        self._held: dict[str | None, list[RawRow]] = defaultdict(list)
        self._held_count = self._held_bytes = 0

    def forget(self, hashes: Sequence[int]) -> None:
        """Treat rows with these content hashes, which were returned as new, as never seen."""
        self._seen.remove(hashes)

    @property
    def is_holding(self) -> bool:
        """Whether rows may still be held back."""
        return self._stored is not None

    def filter_new(self, source: Source, rows: Sequence[RawRow]) -> list[RawRow]:
        """Add rows of a source; return those, of this call or held back before, that are known to be new."""
        unseen = self._drop_seen(rows)
        if self._stored is None:
            return unseen
        self._held[source.parent] += unseen
        self._held_count += len(unseen)
        self._held_bytes += sum(len(memoryview(row.record)) for row in unseen)
        return self._release() if self._held_count > _HELD or self._held_bytes > _HELD_BYTES else []

    def release_complete(self, sources: Sequence[Source]) -> list[RawRow]:
        """Return the new rows among those held back. sources: those that were walked to their end."""
        known = {source.parent: source.boundary for source in sources}
        for parent, rows in list(self._held.items()):
            is_complete = parent in known
            if not is_complete or known[parent] == ContentFingerprint(row.content_hash for row in rows).value():
                del self._held[parent]
        return self._release() if any(self._held.values()) else []

    def _release(self) -> list[RawRow]:
        """Read the stored hashes and return the held rows that are new. From now on, no row is held back."""
        if self._stored is not None:
            self._seen = SeenHashes(hashes_since(self._stored, self._lowest_held()).to_numpy())
        self._stored = None
        held, self._held = [row for rows in self._held.values() for row in rows], defaultdict(list)
        return self._drop_seen(held)

    def _lowest_held(self) -> int | None:
        """The bound to compare from: rows of a feed that goes on at a link may lie below the one that was planned."""
        if self._lower is None:
            return None
        held = [row.cursor_at for rows in self._held.values() for row in rows if row.cursor_at is not None]
        return min(self._lower, *held) if held else self._lower

    def _drop_seen(self, rows: Sequence[RawRow]) -> list[RawRow]:
        new = self._seen.add_new([row.content_hash for row in rows])
        unseen = [row for row, is_new in zip(rows, new, strict=True) if is_new]
        for row in unseen:
            # Copy the record: a view would keep the whole page in memory.
            row.record = bytes(row.record)
        return unseen


class BoundaryTracker:
    """Tracks one source's newest cursor, and the rows that the next sync will re-read (the boundary).

    lookback: microseconds before the mark at which the next walk begins. lower: where this walk began, in
    microseconds of cursor time; None is the very start. mark: the greatest cursor that is safe as a mark.
    """

    def __init__(self, lookback: int, lower: int | None) -> None:
        self._lookback = lookback
        self._lower = lower
        self._cursor_by_hash: dict[int, int | None] = {}
        self._overflowed = False
        self._first_request_at: int | None = None
        self.mark: int | None = None

    def add(self, rows: list[RawRow], requested_at: int) -> None:
        """Add the rows of a page that lie inside the walk's bounds. requested_at: microseconds."""
        if self._first_request_at is None:
            self._first_request_at = requested_at
        for row in rows:
            self._cursor_by_hash[row.content_hash] = row.cursor_at
            # A later cursor is no safe mark: records of pages read before may have changed since the first request.
            # Where another field stands in for a null cursor, it is no mark either.
            if row.cursor is not None and row.cursor_at is not None and row.cursor_at <= self._first_request_at:
                self.mark = row.cursor_at if self.mark is None else max(self.mark, row.cursor_at)
        if len(self._cursor_by_hash) > _MOST_TRACKED:
            self._prune(self.mark)
            self._overflowed = self._overflowed or len(self._cursor_by_hash) > _MOST_TRACKED
            if self._overflowed:
                self._cursor_by_hash.clear()

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


class SeenHashes:
    """A set of 64-bit hashes, kept as a sorted array and a small set of recent ones."""

    def __init__(self, hashes: NDArray[np.int64] | None = None) -> None:
        self._sorted = np.sort(hashes) if hashes is not None else np.empty(0, np.int64)
        self._recent: set[int] = set()

    def add_new(self, hashes: Sequence[int]) -> list[bool]:
        """Add the hashes; return for each whether it was new."""
        known = self._find_merged(np.fromiter(hashes, np.int64, len(hashes)))
        new = []
        for value, is_known in zip(hashes, known, strict=True):
            is_new = not is_known and value not in self._recent
            new.append(is_new)
            if is_new:
                self._recent.add(value)
        if len(self._recent) >= _MERGE_AT:
            self._merge()
        return new

    def remove(self, hashes: Sequence[int]) -> None:
        """Remove the hashes, so that each is new when it is added again."""
        self._recent.difference_update(hashes)
        removed = np.fromiter(hashes, np.int64, len(hashes))
        self._sorted = self._sorted[~np.isin(self._sorted, removed)]

    def _find_merged(self, values: NDArray[np.int64]) -> list[bool]:
        if not len(self._sorted):
            return [False] * len(values)
        positions = np.minimum(np.searchsorted(self._sorted, values), len(self._sorted) - 1)
        found: list[bool] = (self._sorted[positions] == values).tolist()
        return found

    def _merge(self) -> None:
        recent = np.fromiter(self._recent, np.int64, len(self._recent))
        self._sorted = np.sort(np.concatenate([self._sorted, recent]), kind="stable")
        self._recent.clear()


class ContentFingerprint:
    """The fingerprint of a set of 64-bit content hashes, independent of their order. Add each hash once."""

    def __init__(self, hashes: Iterable[int] = ()) -> None:
        self._count = self._sum = self._xor = 0
        for value in hashes:
            self.add(value)

    def add(self, value: int) -> None:
        """Add a hash that is not in the set yet."""
        self._count += 1
        self._sum += value
        self._xor ^= value

    def remove(self, value: int) -> None:
        """Remove a hash that is in the set."""
        self._count -= 1
        self._sum -= value
        self._xor ^= value

    def include(self, other: "ContentFingerprint") -> None:
        """Add another set, which must not share a hash with this one."""
        self._count += other._count
        self._sum += other._sum
        self._xor ^= other._xor

    def value(self) -> int:
        """Return 63 bits, to fit the version of a Delta application transaction."""
        text = f"{self._count}:{self._sum}:{self._xor}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1
