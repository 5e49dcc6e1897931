"""Moves the marks of sources over what a pass has stored."""

from collections.abc import Mapping, Sequence

from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.dedupe import BoundaryTracker
from dazz_assets.extract.marks import Source, source_transactions
from dazz_assets.extract.ranges import Part
from dazz_assets.extract.rereads import advance_reread
from dazz_assets.extract.sync_state import SyncState
from dazz_assets.windows import to_microseconds


class MarkProgress:
    """How far the sources of one pass are fetched. bounds: of the walk of each, by parent.

    boundaries: the tracker of each source, by parent, shared by all parts of a sync: each continues where the last one
    ended.
    """

    def __init__(self, state: SyncState, part: Part, bounds: Mapping[str | None, Bounds]) -> None:
        self._state = state
        self._part = part
        self._bounds = bounds
        self._began_at = to_microseconds(state.session.now())
        # Of each source what the pass moved on its way: the mark, and how far the re-read got.
        self._before: dict[str | None, tuple[int | None, int | None]] = {}
        cursor = state.stream.cursor
        nulls_move_mark = cursor is not None and cursor.nulls_listed
        self.boundaries = {
            parent: state.boundaries.setdefault(
                parent, BoundaryTracker(state.plan.reread_from, found.lower, nulls_move_mark=nulls_move_mark)
            )
            for parent, found in bounds.items()
        }

    def advance(self, source: Source, newest: int | None, *, finished: bool = True) -> dict[str, int]:
        """Move a source's mark over the range that was fetched without a gap, and note how far its re-read got.

        newest: a cursor up to which it was listed. finished: whether it was listed to the end of the part. Returns the
        transactions to commit.
        """
        if not finished:
            self._before.setdefault(source.parent, (source.mark, source.reread_to))
        self._move_mark(source, newest, finished=finished)
        self._note_reread(source, newest, finished=finished)
        return source_transactions(source)

    def take_back(self, sources: Sequence[Source]) -> dict[str, int]:
        """Put back the marks that the pass moved on its way, and how far re-reads got. Returns what to commit."""
        taken: dict[str, int] = {}
        for source in sources:
            if source.parent in self._before:
                source.mark, source.reread_to = self._before.pop(source.parent)
                taken |= source_transactions(source)
        return taken

    def note_listed(self, source: Source) -> None:
        """Count a parent as listed until its record changes, unless it may change without showing it in its record."""
        asked_at = self.boundaries[source.parent].first_request_at or self._began_at
        is_settled = source.settles_at is None or source.settles_at <= asked_at
        source.listed = source.content if is_settled else None

    def note_no_list(self, source: Source) -> None:
        """Count a parent without a list as listed, until its record changes.

        Its mark stays where it is: should the list come back, it may hold what is older than this sync.
        """
        if self._part.until is not None:
            return
        self.note_listed(source)
        if (every := self._state.plan.reread) is not None:
            advance_reread(source, None, every, self._began_at, may_lack=False)

    def _note_reread(self, source: Source, newest: int | None, *, finished: bool) -> None:
        state, every = self._state, self._state.plan.reread
        if every is None or self._part.before_marks or self._part.is_listed_again or (newest is None and not finished):
            return
        if self._goes_on_with_reread(source):
            reached = self._part.until if finished else newest
            may_lack = source.parent in state.uncertain
            advance_reread(source, reached, every, self._began_at, may_lack=may_lack)

    def _goes_on_with_reread(self, source: Source) -> bool:
        """Whether the walk begins no later than where the source's listing from the start got."""
        since = self._bounds[source.parent].since
        if source.reread_at is None:
            return self.follows_mark(source)
        return source.reread_to is not None and (
            since is None or since <= max(source.reread_to, self._state.session.start)
        )

    def _move_mark(self, source: Source, newest: int | None, *, finished: bool) -> None:
        state = self._state
        if state.stream.cursor is None or source.parent in state.mark_stays or not self.follows_mark(source):
            return
        before = source.mark
        if newest is not None:
            source.mark = newest if source.mark is None else max(source.mark, newest)
        if finished:
            self._extend_covered(source)
        boundary = self._boundary_fingerprint(source) if finished else None
        if boundary is not None or source.mark != before or state.replaces_all:
            source.boundary = boundary

    def _extend_covered(self, source: Source) -> None:
        """Note how far a source is fetched without a gap: after each part, and else only if the next sync profits."""
        covered = self._covered(source)
        if self._part.until is not None:
            # Of what is still to come, nothing is fetched: a range may end in the future.
            source.covered = max(covered, min(self._part.until, self._began_at))
        elif self._state.plan.needs_covered(covered, self._began_at):
            source.covered = self._began_at

    def follows_mark(self, source: Source) -> bool:
        """Whether the walk begins no later than the range that is fetched without a gap ends."""
        begin = self._bounds[source.parent].lower
        return begin is None or begin <= self._covered(source)

    def _covered(self, source: Source) -> int:
        values = (self._state.session.start, source.mark, source.covered)
        return max(value for value in values if value is not None)

    def _boundary_fingerprint(self, source: Source) -> int | None:
        """Fingerprint of what the next walk of the source will re-read; None unless this sync saw all of it."""
        if self._part.until is not None or source.mark is None:
            return None
        return self.boundaries[source.parent].fingerprint(source.mark)
