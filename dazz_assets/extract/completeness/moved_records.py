"""Finds records that moved to other pages while a list was read whose pages are requested by numbers."""

import numpy as np
from numpy.typing import NDArray

from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.dedupe import ContentFingerprint
from dazz_assets.extract.seen_hashes import Hashes, SeenHashes


def hash_keys(rows: RowBatch) -> Hashes:
    """A hash of each key, good within this process."""
    return np.fromiter(map(hash, rows.keys), np.int64, len(rows))


class MovedRecords:
    """The records of a list whose keys came before in it, on another page.

    A record that changed leaves its place, and those between its old place and the new one move by one, some past the
    walk. It comes again with other content, or, if it went to a page that was read, the last one of a page comes again
    on the next.

    ignores_same: the latter does not count, as of an incremental list whose pages are read in their order: what went to
    a page that was read has changed, and is listed by the next sync.
    """

    def __init__(self, *, ignores_same: bool) -> None:
        self._ignores_same = ignores_same
        self._keys, self._contents = SeenHashes(), SeenHashes()
        self._found = ContentFingerprint()
        self.are_known = False
        """Whether records moved, as far as it is known."""

    def add(self, rows: RowBatch, *, is_numbered: bool) -> None:
        """Add the next rows of the list. What comes again counts only where its pages are numbered."""
        keys = hash_keys(rows)
        came_again = ~self._keys.add_new(keys)
        if self._ignores_same:
            came_again &= self._contents.add_new(rows.content_hashes)
        if is_numbered and came_again.any():
            came_again &= _came_before(keys, rows.origin_of, came_again)
            self.are_known = self.are_known or bool(came_again.any())
            self._found.add(rows.content_hashes[came_again])

    def settle_keys(self, earlier: "MovedRecords") -> bool:
        """Whether the same records came again as in an earlier list: they share keys then, and did not move."""
        share_keys = self.are_known and self._found.value() == earlier._found.value()
        self.are_known = self.are_known and not share_keys
        return share_keys

    def settle_growth(self, earlier: "MovedRecords") -> None:
        """Settle that nothing is missing if all keys of an earlier list came: what is in neither was never there.

        A list that grows at its front has records twice each time that it is read.
        """
        self.are_known = self.are_known and not self._keys.contains(earlier._keys.hashes()).all()


def _came_before(keys: Hashes, pages: NDArray[np.int64], came_again: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of rows that came again those that did so on another page: what comes twice on one page did not move."""
    first_pages = dict(zip(keys[~came_again].tolist(), pages[~came_again].tolist(), strict=True))
    places = zip(keys.tolist(), pages.tolist(), strict=True)
    return np.fromiter((first_pages.get(key) != page for key, page in places), np.bool_, len(keys))
