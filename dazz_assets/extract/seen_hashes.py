"""Sets of the hashes that were seen: in memory, or, of rows that come in the order of time, mostly on the disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

from dazz_assets.extract.batch import NO_TIME
from dazz_assets.lake.versions.latest_versions import are_among

Hashes = NDArray[np.int64]

# Merge recent hashes into the sorted arrays at this count.
_MERGE_AT = 25_000
# Of so many rows in memory, the half that lies farther behind is put on the disk.
_NEAR_ROWS = 100_000


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
        known = are_among(hashes, self._older) | are_among(hashes, self._newer)
        if len(added) == len(values) and not known.any() and self._recent.isdisjoint(added):
            self._recent |= added
            new = np.ones(len(values), np.bool_)
        else:
            new = np.fromiter(self._add_each(values, known.tolist()), np.bool_, len(values))
        if len(self._recent) >= _MERGE_AT:
            self._merge()
        return new

    def contains(self, hashes: Hashes) -> NDArray[np.bool_]:
        """For each of the hashes whether it was added."""
        recent = np.fromiter((value in self._recent for value in hashes.tolist()), np.bool_, len(hashes))
        found: NDArray[np.bool_] = recent | are_among(hashes, self._older) | are_among(hashes, self._newer)
        return found

    def hashes(self) -> Hashes:
        """All of them, in no order."""
        recent = np.fromiter(self._recent, np.int64, len(self._recent))
        return np.concatenate([self._older, self._newer, recent])

    def add_many(self, hashes: Hashes) -> None:
        """Add hashes, of which some may have been added before."""
        self._older = _join(self._older, hashes)

    def remove(self, hashes: Iterable[int]) -> None:
        """Remove the hashes, so that each is new when it is added again."""
        removed = np.fromiter(hashes, np.int64)
        self._recent.difference_update(removed.tolist())
        removed.sort()
        self._older = self._older[~are_among(self._older, removed)]
        self._newer = self._newer[~are_among(self._newer, removed)]

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


class SeenContents:
    """The content hashes of rows. Of rows in the order of time, either way, those that lie behind are on the disk.

    A hash comes with the same cursor each time, as the cursor is part of the content. So what lies behind need not be
    looked at while cursors are beyond it. As soon as one is not, the rows are in no order, and all is in memory again.

    stored: hashes whose cursors are not known, which stay in memory, as those of rows without a cursor do.
    """

    def __init__(self, stored: Hashes | None = None) -> None:
        self._near = SeenHashes(stored)
        self._is_ordered = True
        # Hashes in memory that may be put on the disk, with their cursors.
        self._rows: list[tuple[Hashes, NDArray[np.int64]]] = []
        self._count = 0
        self._behind: IO[bytes] | None = None
        # The first and the last cursor of what is on the disk.
        self._first_behind = self._last_behind = NO_TIME

    def add_new(self, hashes: Hashes, cursor_at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Add the hashes of rows with these cursors; return for each whether it was new. Raises OSError."""
        if self._behind is not None and self._reaches(cursor_at):
            self._take_back()
        new = self._near.add_new(hashes)
        if self._is_ordered:
            movable = new & (cursor_at != NO_TIME)
            self._rows.append((hashes[movable], cursor_at[movable]))
            self._count += len(self._rows[-1][0])
            if self._count >= _NEAR_ROWS:
                self._put_half_behind(self._rows[-1][1])
        return new

    def add_stored(self, hashes: Hashes) -> None:
        """Add hashes, some of which may have been added before."""
        self._near.add_many(hashes)

    def remove(self, hashes: Hashes) -> None:
        """Remove the hashes, so that each is new when it is added again."""
        self._take_back()
        self._near.remove(hashes)

    def close(self) -> None:
        """Remove what is on the disk."""
        if self._behind is not None:
            self._behind.close()
            self._behind = None

    def _reaches(self, cursor_at: NDArray[np.int64]) -> bool:
        return bool(((cursor_at >= self._first_behind) & (cursor_at <= self._last_behind)).any())

    def _put_half_behind(self, latest: NDArray[np.int64]) -> None:
        """Put the half on the disk that the cursors of the latest rows are beyond; there is none without an order."""
        hashes = np.concatenate([hashes for hashes, _ in self._rows])
        cursor_at = np.concatenate([cursors for _, cursors in self._rows])
        middle = np.partition(cursor_at, len(cursor_at) // 2)[len(cursor_at) // 2]
        if latest.min() > middle:
            is_behind = cursor_at <= middle
        elif latest.max() < middle:
            is_behind = cursor_at >= middle
        else:
            self._take_back()
            return
        behind, cursors = hashes[is_behind], cursor_at[is_behind]
        if self._behind is None:
            self._behind = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (closed by `close`)
            self._first_behind, self._last_behind = int(cursors.min()), int(cursors.max())
        left = memoryview(behind.tobytes())
        while left:  # A disk that is nearly full takes what it can; it refuses the rest.
            left = left[self._behind.write(left) :]
        self._first_behind = min(self._first_behind, int(cursors.min()))
        self._last_behind = max(self._last_behind, int(cursors.max()))
        self._near.remove(behind)
        self._rows = [(hashes[~is_behind], cursor_at[~is_behind])]
        self._count = len(self._rows[0][0])

    def _take_back(self) -> None:
        """Keep all in memory from now on."""
        self._is_ordered = False
        self._rows, self._count = [], 0
        if self._behind is not None:
            self._behind.seek(0)
            self._near.add_many(np.frombuffer(self._behind.read(), np.int64))
            self.close()


def _join(hashes: Hashes, others: Hashes) -> Hashes:
    joined = np.concatenate([hashes, others])
    joined.sort(kind="stable")
    return joined
