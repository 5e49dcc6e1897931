"""Which of the rows that a pass met are new to the table."""

from collections import defaultdict
from collections.abc import Sequence

from dazz_assets.lake import Snapshot, hashes_since
from dazz_assets.sync.fetch.fingerprint import Fingerprint
from dazz_assets.sync.fetch.rows import Row
from dazz_assets.sync.fetch.seen import Seen
from dazz_assets.sync.fetch.sources import Source

# Rows, and bytes of their text, held back while it may yet turn out that all of them are stored already.
_HELD = 20_000
_HELD_BYTES = 16 * 2**20


class Novelty:
    """Lets each content through once, and none that is stored.

    A pass begins where rows are stored already (the boundary is read again). Mostly it brings the very rows that were
    there when the mark was set; then the fingerprint kept with the mark says so, and no file is opened. So rows are
    held back at first; where a fingerprint differs, or too many are held, stored hashes are read and decide.
    """

    def __init__(self, stored: Snapshot | None, lower: int | None) -> None:
        self._stored = stored if stored is not None and stored.files else None
        self._lower = lower
        self._seen = Seen()
        self._held: dict[str | None, list[Row]] = defaultdict(list)
        self._held_count = self._held_bytes = 0

    @property
    def holding(self) -> bool:
        """Whether rows that came may still be held back."""
        return self._stored is not None

    def new(self, source: Source, rows: Sequence[Row]) -> list[Row]:
        """The rows that are known to be new by now."""
        fresh = self._unseen(rows)
        if self._stored is None:
            return fresh
        self._held[source.parent] += fresh
        self._held_count += len(fresh)
        self._held_bytes += sum(len(memoryview(row.record)) for row in fresh)
        return self._decided() if self._held_count > _HELD or self._held_bytes > _HELD_BYTES else []

    def rest(self, sources: Sequence[Source]) -> list[Row]:
        """The new rows among those held back, now that these sources were walked to their end (and others were not)."""
        known = {source.parent: source.boundary for source in sources}
        for parent, rows in list(self._held.items()):
            whole = parent in known
            if not whole or known[parent] == Fingerprint(row.content_hash for row in rows).value():
                del self._held[parent]
        return self._decided() if any(self._held.values()) else []

    def _decided(self) -> list[Row]:
        """Read what is stored; from now on rows are told apart as they come."""
        if self._stored is not None:
            self._seen = Seen(hashes_since(self._stored, self._lower).to_numpy())
        self._stored = None
        held, self._held = [row for rows in self._held.values() for row in rows], defaultdict(list)
        return self._unseen(held)

    def _unseen(self, rows: Sequence[Row]) -> list[Row]:
        new = self._seen.add_new([row.content_hash for row in rows])
        fresh = [row for row, is_fresh in zip(rows, new, strict=True) if is_fresh]
        for row in fresh:
            # A view would keep its whole page in memory for as long as the row waits.
            row.record = bytes(row.record)
        return fresh
