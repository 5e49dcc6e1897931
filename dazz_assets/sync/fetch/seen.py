"""Which contents a pass has met, in eight bytes a record."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_MERGE_AT = 50_000


class Seen:
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
