"""Sets of content hashes: which hashes were seen, and the fingerprint of a set."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.int64]

# Merge recent hashes into the sorted arrays at this count.
_MERGE_AT = 50_000
_LOW_HALF = np.int64(2**32 - 1)


class SeenHashes:
    """A set of 64-bit hashes: two sorted arrays, of which the smaller is merged into the other as it grows, and a small
    set of recent ones."""

    def __init__(self, hashes: Hashes | None = None) -> None:
        self._older = np.sort(hashes) if hashes is not None else np.empty(0, np.int64)
        self._newer = np.empty(0, np.int64)
        self._recent: set[int] = set()

    def add_new(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Add the hashes; return for each whether it was new."""
        values: list[int] = hashes.tolist()
        added = set(values)
        known = _find(self._older, hashes) | _find(self._newer, hashes)
        if len(added) == len(values) and not known.any() and self._recent.isdisjoint(added):
            self._recent |= added
            new = np.ones(len(values), np.bool_)
        else:
            new = np.fromiter(self._add_each(values, known.tolist()), np.bool_, len(values))
        if len(self._recent) >= _MERGE_AT:
            self._merge()
        return new

    def remove(self, hashes: Iterable[int]) -> None:
        """Remove the hashes, so that each is new when it is added again."""
        removed = np.fromiter(hashes, np.int64)
        self._recent.difference_update(removed.tolist())
        self._older = self._older[~np.isin(self._older, removed)]
        self._newer = self._newer[~np.isin(self._newer, removed)]

    def _add_each(self, values: list[int], known: list[bool]) -> Iterator[bool]:
        for value, is_known in zip(values, known, strict=True):
            is_new = not is_known and value not in self._recent
            if is_new:
                self._recent.add(value)
            yield is_new

    def _merge(self) -> None:
        self._newer = _join(self._newer, np.fromiter(self._recent, np.int64, len(self._recent)))
        self._recent.clear()
        if 4 * len(self._newer) > len(self._older):
            self._older, self._newer = _join(self._older, self._newer), np.empty(0, np.int64)


def _find(sorted_: Hashes, values: Hashes) -> NDArray[np.bool_]:
    if not len(sorted_):
        return np.zeros(len(values), np.bool_)
    positions = np.minimum(np.searchsorted(sorted_, values), len(sorted_) - 1)
    found: NDArray[np.bool_] = sorted_[positions] == values
    return found


def _join(hashes: Hashes, others: Hashes) -> Hashes:
    return np.sort(np.concatenate([hashes, others]), kind="stable")


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
        text = f"{self._count}:{self._sum}:{self._xor}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def _exact_sum(hashes: Hashes) -> int:
    """The sum of 64-bit numbers, which may take more than 64 bits."""
    return (int((hashes >> 32).sum()) << 32) + int((hashes & _LOW_HALF).sum())
