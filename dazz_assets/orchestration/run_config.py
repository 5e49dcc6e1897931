"""How much a run covers: the options of its steps, which the launchpad shows as a form."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import dagster as dg
from pydantic import Field, field_validator, model_validator

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.translator import Node
from dazz_assets.spec.specs import ParserSpec

START = "start"


class StreamOptions(dg.Config):
    """What a run fetches of an incremental stream: by default the windows of its partitions."""

    refetch: bool = Field(
        default=False,
        description="Fetch from the connection's start, and replace what is stored when all of it is there.",
    )
    from_mark: bool = Field(default=False, description="Fetch what changed since the high-water mark.")
    since: str | None = Field(
        default=None, description="Fetch from this RFC 3339 time on; `start` is the connection's start."
    )
    until: str | None = Field(default=None, description="Fetch what is before this RFC 3339 time.")

    @field_validator("since", "until")
    @classmethod
    def _is_a_time(cls, text: str | None) -> str | None:
        try:
            _moment(text)
        except ValueError:
            raise ValueError("write a time as 2026-01-31T12:00:00Z") from None
        return text

    @model_validator(mode="after")
    def _is_one_range(self) -> "StreamOptions":
        if sum((self.refetch, self.from_mark, bool(self.since or self.until))) > 1:
            raise ValueError("refetch, from_mark, and since or until exclude each other: leave out all but one")
        return self


class ParserOptions(dg.Config):
    """What a run parses: by default each window of its partitions, and each whose records changed."""

    changed: bool = Field(default=False, description="Parse only windows whose records changed since they were parsed.")
    stale: bool = Field(
        default=False, description="Parse only windows whose records or full-refresh inputs changed since."
    )


Options = StreamOptions | ParserOptions


def options_type(node: Node) -> type[Options] | None:
    """Which options a run has for a stream or a parser; none for a snapshot stream, which is always fetched whole."""
    if isinstance(node, ParserSpec):
        return ParserOptions
    return None if node.cursor is None else StreamOptions


def run_options(extent: SyncRange, node: Node) -> Options | None:
    """The options of a stream or a parser in a sync that covers this much. A parse follows what the sync brought."""
    if isinstance(node, ParserSpec):
        return ParserOptions(changed=True, stale=extent.replace)
    return None if node.cursor is None else stream_options(extent)


def stream_options(extent: SyncRange) -> StreamOptions:
    """The options by which a run covers this much of an incremental stream. A refetch begins at the start."""
    if extent.replace or extent.from_mark:
        return StreamOptions(refetch=extent.replace, from_mark=not extent.replace)
    since, until = (bound.isoformat() if bound else None for bound in (extent.since, extent.until))
    # A run without bounds would be one of the UI's, which covers the windows of its partitions.
    return StreamOptions(since=since or (None if until else START), until=until)


def sync_range(options: StreamOptions, grid: Grid, windows: Sequence[date]) -> SyncRange:
    """What a run covers of an incremental stream, by its options or else by its partitions' windows.

    The grid's first window reaches back to the connection's start, its last one to now.
    """
    if options.refetch or options.from_mark:
        return SyncRange(replace=options.refetch, from_mark=options.from_mark)
    if options.since or options.until:
        return SyncRange(since=_moment(options.since), until=_moment(options.until))
    first, last = min(windows), max(windows)
    return SyncRange(
        since=None if first <= grid.first else _start(first),
        until=None if last >= grid.last else _start(grid.windows.after(last)),
    )


def _start(window: date) -> datetime:
    return datetime.combine(window, time(), UTC)


def _moment(text: str | None) -> datetime | None:
    if not text or text == START:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
