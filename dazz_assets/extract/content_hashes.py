"""Sets of content hashes: which hashes were seen, and the fingerprint of a set."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

# Merge recent hashes into the sorted array at this count.
_MERGE_AT = 50_000


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
        """63 bits, to fit the version of a Delta application transaction."""
        text = f"{self._count}:{self._sum}:{self._xor}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1
