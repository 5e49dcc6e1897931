"""The range of cursor time that a walk lists, and how it is taken apart where an API does not list all of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.sync.fetch.cursors import between
from dazz_assets.sync.fetch.rows import Row


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one walk, in microseconds of cursor time: rows outside [lower, upper) are left out; None is no bound.

    since, until: what the API is asked for; `exact` sends since as it is, and not one unit earlier.
    """

    lower: int | None = None
    upper: int | None = None
    since: int | None = None
    until: int | None = None
    exact: bool = False

    def inside(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that lie inside; those without a time are taken for it."""
        return [row for row in rows if row.cursor_at is None or self._holds(row.cursor_at)]

    def are_passed(self, rows: Sequence[Row]) -> bool:
        """Whether one of the rows is older than what was asked for."""
        return self.since is not None and any(row.cursor_at is not None and row.cursor_at < self.since for row in rows)

    def after(self, newest: int | None) -> "Bounds | None":
        """What is left behind the newest row of a list in the cursor's order; None where that is no progress."""
        if newest is None or self.since is None or newest <= self.since:
            return None
        return replace(self, lower=newest, since=newest, exact=False)

    def halves(self, stream: StreamSpec, now: int) -> "tuple[Bounds, Bounds] | None":
        """Two ranges in place of this one, where the API takes both bounds and there is a moment between them."""
        if self.since is None or stream.cursor is None or not stream.takes_both_bounds:
            return None
        middle = between(self.since, now if self.until is None else self.until, stream.cursor)
        if middle is None:
            return None
        earlier = replace(self, upper=middle, until=middle)
        return earlier, replace(self, lower=middle, since=middle, exact=False)

    def _holds(self, at: int) -> bool:
        return (self.lower is None or at >= self.lower) and (self.upper is None or at < self.upper)
