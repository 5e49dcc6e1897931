"""How much a run covers: written as tags of the run, so that the UI shows it, and read from them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time

from dazz_assets.orchestration.partitions import Grid
from dazz_assets.sync.extent import Extent

SINCE = "dazz/since"
UNTIL = "dazz/until"
REFETCH = "dazz/refetch"
STALE = "dazz/stale"
MARK = "mark"
START = "start"


def tags_of(extent: Extent) -> dict[str, str]:
    """The tags that say what a run covers. A refetch begins at the connection's start."""
    if extent.replace:
        return {REFETCH: "true"}
    if extent.from_mark:
        return {SINCE: MARK}
    bounds = {SINCE: extent.since, UNTIL: extent.until}
    # A run without bounds would be one of the UI's, which covers the windows of its partitions.
    return {tag: bound.isoformat() for tag, bound in bounds.items() if bound} or {SINCE: START}


def is_told(tags: Mapping[str, str]) -> bool:
    """Whether the tags say what the run covers; else its partitions do."""
    return any(tag in tags for tag in (SINCE, UNTIL, REFETCH, STALE))


def extent_of(tags: Mapping[str, str], grid: Grid, windows: Sequence[date]) -> Extent:
    """What a run covers, by its tags or else by its partitions' windows.

    The grid's first window reaches back to the connection's start, its last one to now.
    """
    if tags.get(REFETCH) == "true":
        return Extent(replace=True)
    if tags.get(SINCE) == MARK:
        return Extent(from_mark=True)
    if is_told(tags):
        return Extent(since=_moment(tags.get(SINCE)), until=_moment(tags.get(UNTIL)))
    first, last = min(windows), max(windows)
    return Extent(
        since=None if first <= grid.first else _start(first),
        until=None if last >= grid.last else _start(grid.windows.after(last)),
    )


def extent_of_snapshot(tags: Mapping[str, str]) -> Extent:
    """What a run covers of a stream that is always fetched whole."""
    return Extent(replace=tags.get(REFETCH) == "true")


def _start(window: date) -> datetime:
    return datetime.combine(window, time(), UTC)


def _moment(text: str | None) -> datetime | None:
    if not text or text == START:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
