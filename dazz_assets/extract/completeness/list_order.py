"""Tells in which order the records of a list come, by their cursors."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dazz_assets.extract.bounds import Bounds

# Vendors sort by times of which they send no more than the second.
_SAME = 1_000_000


def is_ascending(moments: NDArray[np.int64], newest_before: int | None) -> bool:
    """Whether moments ascend, and follow the newest one before them."""
    if len(moments) and newest_before is not None and moments[0] < newest_before:
        return False
    return bool((moments[1:] >= moments[:-1]).all())


class NewestFirstWatch:
    """Tells when a list that is sorted newest first has passed what is stored already.

    One old record proves nothing: somebody may have pinned it to the top. A page is enough if all its records are old,
    newest first, and an earlier page had a newer one; before that, a second such page is read. A list that is found to
    be in another order is read to its end.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._since = bounds.since
        self._old_pages = 0
        self._has_newer = self._is_unordered = False
        self._last: int | None = None

    def has_passed(self, times: Sequence[int]) -> bool:
        """Add the times of a page's records; return whether the walk may end with it."""
        if self._since is None or not times:
            return False
        since = self._since
        is_old = all(at < since for at in times)
        follows = [self._last, *times] if self._last is not None and (self._old_pages or self._has_newer) else times
        is_sorted = all(later <= earlier for earlier, later in pairwise(at for at in follows if at is not None))
        # Old records before the first newer one may be pinned there, in any order.
        newest_on = next((place for place, at in enumerate(times) if at >= since), len(times))
        counted = times if self._has_newer else times[newest_on:]
        self._is_unordered = (
            self._is_unordered
            or (self._has_newer and not is_sorted)
            or any(later > earlier for earlier, later in pairwise(counted))
        )
        self._has_newer = self._has_newer or not is_old
        self._old_pages = self._old_pages + 1 if is_old and is_sorted else 0
        self._last = times[-1]
        return is_old and is_sorted and not self._is_unordered and (self._has_newer or self._old_pages > 1)


class WholeListOrder:
    """Tells whether a whole list came newest first, but for what is pinned to its first page.

    moments that it is given: of the records of one page or several, in their order.
    """

    def __init__(self) -> None:
        self.is_newest_first = True
        self._has_begun = False
        self._last: int | None = None

    def add(self, moments: NDArray[np.int64], first_page: int) -> None:
        """Add the next moments of the list. first_page: how many of the first ones are of its first page."""
        if not len(moments):
            return
        if not self._has_begun:
            self._has_begun = True
            # Records before the newest one of the first page may be pinned there, in any order.
            moments = moments[int(moments[: max(first_page, 1)].argmax()) :]
        before = moments[:1] if self._last is None else [self._last]
        follows = np.concatenate([before, moments])
        self.is_newest_first &= not bool((follows[1:] - follows[:-1] > _SAME).any())
        self._last = int(moments[-1])
