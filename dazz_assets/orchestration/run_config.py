"""Options of a run's steps: what to fetch and what to parse. The launchpad shows them as a form."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import dagster as dg
from pydantic import Field, field_validator, model_validator

from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.translator import Node
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec, StreamSpec
from dazz_assets.windows import midnight, to_microseconds

START = "start"


_ACCEPT_SHRINK = "Replace what is stored even if the list has lost far more records than `max_shrink` allows."


class SnapshotOptions(dg.Config):
    """How a run fetches a snapshot stream, which is fetched whole, but for a sub-stream of changed parents."""

    refetch: bool = Field(default=False, description="Fetch what belongs to all parents, changed or not.")
    accept_shrink: bool = Field(default=False, description=_ACCEPT_SHRINK)


class StreamOptions(dg.Config):
    """What a run fetches of an incremental stream. Default: the windows of its partitions."""

    refetch: bool = Field(
        default=False,
        description="Fetch from the connection's start, and replace what is stored once everything is fetched.",
    )
    accept_shrink: bool = Field(
        default=False, description=f"With refetch: {_ACCEPT_SHRINK[0].lower()}{_ACCEPT_SHRINK[1:]}"
    )
    from_mark: bool = Field(default=False, description="Fetch what changed since the high-water mark.")
    since: str | None = Field(
        default=None,
        description="Fetch from this RFC 3339 time on, even from before the connection's start, which `start` means.",
    )
    until: str | None = Field(default=None, description="Fetch what lies before this RFC 3339 time.")

    @field_validator("since", "until")
    @classmethod
    def _check_time(cls, text: str | None) -> str | None:
        try:
            _parse_time(text)
        except ValueError:
            raise ValueError("write a time as 2026-01-31T12:00:00Z") from None
        return text

    @model_validator(mode="after")
    def _check_exclusive(self) -> "StreamOptions":
        if sum((self.refetch, self.from_mark, bool(self.since or self.until))) > 1:
            raise ValueError("refetch, from_mark, and since or until can't be combined: leave out all but one")
        return self


class ParserOptions(dg.Config):
    """What a run parses. Default: each window of its partitions, and each window whose records changed."""

    changed: bool = Field(default=False, description="Parse only windows whose records changed since they were parsed.")
    stale: bool = Field(
        default=False,
        description="Parse only windows whose records or full-refresh inputs changed since they were parsed.",
    )
    processes: int | None = Field(
        default=None,
        description="How many processes may parse windows side by side. Default: `DAZZ_PARSE_PROCESSES`, or 1.",
    )

    @field_validator("processes")
    @classmethod
    def _check_processes(cls, processes: int | None) -> int | None:
        if processes is not None and processes < 1:
            raise ValueError("write a whole number of processes, 1 or more")
        return processes


Options = SnapshotOptions | StreamOptions | ParserOptions


def options_type(node: Node) -> type[Options]:
    """The type of a step's options."""
    if isinstance(node, ParserSpec):
        return ParserOptions
    return SnapshotOptions if node.cursor is None else StreamOptions


def options_for_sync(sync_range: SyncRange, node: Node) -> Options:
    """The options of a step in a sync of this range. A parser then parses the windows that changed."""
    if isinstance(node, ParserSpec):
        return ParserOptions(changed=True, stale=sync_range.refetch)
    if node.cursor is None:
        return SnapshotOptions(refetch=sync_range.refetch, accept_shrink=sync_range.accept_shrink)
    return options_from_range(sync_range)


def options_from_range(sync_range: SyncRange) -> StreamOptions:
    """The options of an incremental stream that is synced over this range. The inverse of `range_from_options`."""
    if sync_range.refetch or sync_range.from_mark:
        return StreamOptions(
            refetch=sync_range.refetch,
            accept_shrink=sync_range.accept_shrink,
            from_mark=not sync_range.refetch,
        )
    since, until = (bound.isoformat() if bound else None for bound in (sync_range.since, sync_range.until))
    # Without bounds, the run would cover the windows of its partitions, as one launched in the UI does.
    return StreamOptions(since=since or (None if until else START), until=until)


def range_from_options(options: StreamOptions, grid: Grid, windows: Sequence[date]) -> SyncRange:
    """The range that a run covers of an incremental stream, from its options or else from its partitions' windows.

    The grid's first window reaches back to the connection's start, and its last one to now.
    """
    if options.refetch or options.from_mark:
        return SyncRange(refetch=options.refetch, from_mark=options.from_mark, accept_shrink=options.accept_shrink)
    if options.since or options.until:
        return SyncRange(since=_parse_time(options.since), until=_parse_time(options.until))
    first, last = min(windows), max(windows)
    return SyncRange(
        since=None if first <= grid.first else midnight(first),
        until=None if last >= grid.last else midnight(grid.windows.after(last)),
    )


def check_until(session: Session, stream: StreamSpec, options: StreamOptions) -> None:
    """Raise SyncError for a range that ends before it begins, at the connection's start: nothing could be fetched."""
    until = _parse_time(options.until)
    if until is None or _parse_time(options.since) is not None or to_microseconds(until) > session.start:
        return
    cause = (
        f"there is nothing to fetch until {until.isoformat()}, as the connection starts later, on "
        f"{session.connection.start}. For what lies before, name a `since` too, or give the connection an earlier "
        "`start`"
    )
    raise SyncError(f"{session.place(stream)}: {cause}", cause=cause)


def _parse_time(text: str | None) -> datetime | None:
    if not text or text == START:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
