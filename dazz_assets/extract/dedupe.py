"""Finds the rows of a pass that are new to the table: by content hashes, or by the boundary kept with the mark."""

from collections import defaultdict
from collections.abc import Sequence

from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.content_hashes import ContentFingerprint, Hashes, SeenHashes
from dazz_assets.extract.marks import Source
from dazz_assets.lake import TableVersion, hashes_since

# Hold back at most this many rows, and bytes of their text, while all of them may still be stored already.
_HELD = 20_000
_HELD_BYTES = 16 * 2**20


class NewRowFilter:
    """Drops rows whose content is stored already, and repeated contents.

    A pass starts at the mark, so it re-reads records that are stored. Usually these are exactly the records that were
    there when the mark was set, which the fingerprint kept with the mark proves without opening a file. So rows are
    held back at first. If a fingerprint differs or too many rows are held, the stored hashes are read and compared.

    lower: stored rows below it, in microseconds of cursor time, are read only if rows below it come; None reads all.
    """

    def __init__(self, stored: TableVersion | None, lower: int | None) -> None:
        self._stored = stored if stored is not None and stored.files else None
        self._lower = lower
        self._is_holding = self._stored is not None
        self._seen = SeenHashes()
        self._held: dict[str | None, list[RowBatch]] = defaultdict(list)
        self._held_count = self._held_bytes = 0

    def forget(self, hashes: Hashes) -> None:
        """Treat rows with these content hashes, which were returned as new, as never seen."""
        self._seen.remove(hashes)

    @property
    def is_holding(self) -> bool:
        """Whether rows may still be held back."""
        return self._is_holding

    def filter_new(self, source: Source, rows: RowBatch) -> list[RowBatch]:
        """Add rows of a source; return those, of this call or held back before, that are known to be new."""
        unseen = self._drop_seen(rows)
        if not self._is_holding:
            return [unseen]
        self._held[source.parent].append(unseen)
        self._held_count += len(unseen)
        self._held_bytes += len(unseen.text)
        return self._release() if self._held_count > _HELD or self._held_bytes > _HELD_BYTES else []

    def release_complete(self, sources: Sequence[Source]) -> list[RowBatch]:
        """The new rows among those held back. sources: those that were walked to their end.

        Drops what is held of all other sources: their marks stay, so the next sync lists these records again.
        """
        known = {source.parent: source.boundary for source in sources}
        for parent, rows in list(self._held.items()):
            is_complete = parent in known
            if not is_complete or known[parent] == _fingerprint(rows):
                del self._held[parent]
        return self._release() if any(len(rows) for held in self._held.values() for rows in held) else []

    def _release(self) -> list[RowBatch]:
        """Read the stored hashes and return the held rows that are new. From now on, no row is held back."""
        self._seen, self._is_holding = SeenHashes(), False
        if self._stored is not None:
            self._lower = self._lowest_held()
            self._seen = SeenHashes(hashes_since(self._stored, self._lower).to_numpy())
        held, self._held = [row for rows in self._held.values() for row in rows], defaultdict(list)
        return [self._drop_seen(rows) for rows in held]

    def _lowest_held(self) -> int | None:
        """The bound to compare from: rows of a feed that goes on at a link may lie below the one that was planned."""
        if self._lower is None:
            return None
        held = [rows.moments for held in self._held.values() for rows in held]
        return min([self._lower, *(int(moments.min()) for moments in held if len(moments))])

    def _drop_seen(self, rows: RowBatch) -> RowBatch:
        moments = rows.moments
        is_below = self._lower is not None and len(moments) > 0 and moments.min() < self._lower
        if self._stored is not None and not self._is_holding and is_below:
            self._seen.add_new(hashes_since(self._stored, None).to_numpy())
            self._lower = None
        return rows.select(self._seen.add_new(rows.content_hashes))


def _fingerprint(batches: Sequence[RowBatch]) -> int:
    content = ContentFingerprint()
    for rows in batches:
        content.add(rows.content_hashes)
    return content.value()
