"""Finds records that moved to other pages while a list was read whose pages are requested by numbers."""

from collections.abc import Iterator

import numpy as np

from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.dedupe import ContentFingerprint
from dazz_assets.extract.seen_hashes import Hashes
from dazz_assets.extract.spooled_rows import SpooledRows
from dazz_assets.lake.versions.latest_versions import are_among

# What is kept of each row of a list: hashes of its key and its content, and the number of its page.
_ROW = np.dtype([("key", np.int64), ("content", np.int64), ("page", np.int64)])
# Keys are sorted in shares of about so many, as all of two million took 60 MB. Each share is another reading of what
# waits on the disk, so there are no more than so many shares, and in longer lists they are larger.
_MOST_SORTED = 250_000
_MOST_SHARES = 16


def hash_keys(rows: RowBatch) -> Hashes:
    """A hash of each key, good within this process."""
    return np.fromiter(map(hash, rows.keys), np.int64, len(rows))


class MovedRecords:
    """The records of a list whose keys came before in it, on another page.

    A record that changed leaves its place, and those between its old place and the new one move by one, some past the
    walk. It comes again with other content, or, if it went to a page that was read, the last one of a page comes again
    on the next. They are looked for once the list was read: to look each row up as it comes takes ten times as long.

    ignores_same: the latter does not count, as of an incremental list whose pages are read in their order: what went to
    a page that was read has changed, and is listed by the next sync. What comes again in any other way does: then pages
    are cut from a list in another order each time, as databases sort what shares a time, and some come on none.
    """

    def __init__(self, *, ignores_same: bool) -> None:
        self._ignores_same = ignores_same
        self._rows = SpooledRows(_ROW)
        self._found: Hashes | None = None
        self._mixed: Hashes | None = None
        self._are_settled = self._are_mixed_settled = False

    def add(self, rows: RowBatch, first_page: int) -> None:
        """Add the next rows of the list. first_page: the number of the page that they begin with. Raises OSError."""
        added = np.empty(len(rows), _ROW)
        added["key"], added["content"] = hash_keys(rows), rows.content_hashes
        added["page"] = rows.origin_of + first_page
        self._rows.add(added)
        self._found = self._mixed = None

    def are_known(self) -> bool:
        """Whether records moved, as far as it is known."""
        return self._have_changed() or self.are_mixed()

    def are_mixed(self) -> bool:
        """Whether they are because pages were cut from a list in another order each time, as far as it is known."""
        return not self._are_mixed_settled and len(self._find_mixed()) > 0

    def _have_changed(self) -> bool:
        return not self._are_settled and len(self._find()) > 0

    def settle_keys(self, earlier: "MovedRecords") -> bool:
        """Whether the same records came again as in an earlier list: they share keys then, and did not move."""
        share_keys = self._have_changed() and _fingerprint(self._find()) == _fingerprint(earlier._find())
        self._are_settled |= share_keys
        return share_keys

    def settle_mixed(self, earlier: "MovedRecords") -> None:
        """Settle that nothing is missing if the same records came twice in an earlier list, as the vendor lists them
        twice, or if all keys of that list came.
        """
        if len(mixed := self._find_mixed()) > 0:
            same = _fingerprint(mixed) == _fingerprint(earlier._find_mixed())
            self._are_mixed_settled = same or self._has_keys_of(earlier)

    def settle_growth(self, earlier: "MovedRecords") -> None:
        """Settle that nothing is missing if all keys of an earlier list came: what is in neither was never there.

        A list that grows at its front has records twice each time that it is read.
        """
        if self._have_changed():
            self._are_settled = self._has_keys_of(earlier)

    def _has_keys_of(self, earlier: "MovedRecords") -> bool:
        shares = self._count_shares()
        for share in range(shares):
            keys = self._sort_keys(share, shares)
            if not all(are_among(before, keys).all() for before in earlier._read_keys(share, shares)):
                return False
        return True

    def _find(self) -> Hashes:
        """The contents of the records that came again on another page."""
        if self._found is None:
            repeated = self._repeated_keys()
            self._found = self._find_among(repeated) if len(repeated) else np.empty(0, np.int64)
        return self._found

    def _find_mixed(self) -> Hashes:
        """The contents of the records that came again as they were, on a page that not just begins with the end of the
        one before; none where what comes again counts whatever it is like."""
        if self._mixed is None:
            repeated = self._repeated_keys() if self._ignores_same else np.empty(0, np.int64)
            self._mixed = self._find_mixed_among(repeated) if len(repeated) else np.empty(0, np.int64)
        return self._mixed

    def _find_mixed_among(self, keys: Hashes) -> Hashes:
        """The same, given which keys came several times, in their order."""
        places, count = [], 0
        for part in self._rows.read():
            places.append(np.flatnonzero(are_among(part["key"], keys)) + count)
            count += len(part)
        rows = np.concatenate([part[are_among(part["key"], keys)] for part in self._rows.read()])
        order = np.argsort(rows["content"], kind="stable")
        rows, place = rows[order], np.concatenate(places)[order]
        again = np.flatnonzero((rows["content"][1:] == rows["content"][:-1]) & (rows["page"][1:] != rows["page"][:-1]))
        pages, pages_before = rows["page"][again + 1], rows["page"][again]
        # Where the list grew by so many records, as many come again, each so many places behind.
        _, page_of, counts = np.unique(pages, return_inverse=True, return_counts=True)
        has_grown = (place[again + 1] - place[again] == counts[page_of]) & (pages_before == pages - 1)
        found: Hashes = rows["content"][again + 1][~has_grown]
        return found

    def _repeated_keys(self) -> Hashes:
        """The keys that came several times, in their order."""
        shares = self._count_shares()
        of_shares = (self._sort_keys(share, shares) for share in range(shares))
        repeated = np.concatenate([keys[1:][keys[1:] == keys[:-1]] for keys in of_shares])
        repeated.sort()
        return repeated

    def _find_among(self, keys: Hashes) -> Hashes:
        """The same, given which keys came several times, in their order."""
        rows = np.concatenate([rows[are_among(rows["key"], keys)] for rows in self._rows.read()])
        rows = rows[np.argsort(rows["key"], kind="stable")]
        begins = np.concatenate([[True], rows["key"][1:] != rows["key"][:-1]])
        first_pages = rows["page"][begins][np.cumsum(begins) - 1]
        moved = rows["page"] != first_pages
        if self._ignores_same:
            _, firsts = np.unique(rows["content"], return_index=True)
            is_new = np.zeros(len(rows), np.bool_)
            is_new[firsts] = True
            moved &= is_new
        found: Hashes = rows["content"][moved]
        return found

    def _count_shares(self) -> int:
        """Into how many shares the keys are divided, so that each takes little memory: a power of two."""
        return min(1 << (len(self._rows) // _MOST_SORTED).bit_length(), _MOST_SHARES)

    def _sort_keys(self, share: int, shares: int) -> Hashes:
        keys = np.concatenate([np.empty(0, np.int64), *self._read_keys(share, shares)])
        keys.sort()
        return keys

    def _read_keys(self, share: int, shares: int) -> Iterator[Hashes]:
        """The keys of a share, copied, as a view of them would keep all that was read."""
        for rows in self._rows.read():
            keys = np.ascontiguousarray(rows["key"])
            yield keys if shares == 1 else keys[keys & (shares - 1) == share]


def _fingerprint(contents: Hashes) -> int:
    fingerprint = ContentFingerprint()
    fingerprint.add(contents)
    return fingerprint.value()
