"""Partitions of an integration: its connections, its grid of connections and windows, and the windows of a sync."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import dagster as dg

from dazz_assets.connections import Connection
from dazz_assets.extract.sync_stream import first_window
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec
from dazz_assets.windows import Windows, WindowSpan

CONNECTION = "connection"
WINDOW = "window"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def today() -> date:
    """The current day in UTC."""
    return datetime.now(UTC).date()


@dataclass(frozen=True)
class Grid:
    """The partitions of one integration.

    first: the first window of the grid. The last is the current window, which is still open.
    """

    integration: str
    windows: Windows
    first: date

    @classmethod
    def of(cls, spec: IntegrationSpec, connections: Iterable[Connection]) -> "Grid":
        """The grid from the earliest start of the integration's connections. Without any, from the current window."""
        windows = Windows(spec.window)
        starts = [item.start for item in connections if item.integration == spec.name]
        return cls(spec.name, windows, windows.floor(min([*starts, today()])))

    @cached_property
    def connections_def(self) -> dg.DynamicPartitionsDefinition:
        """One partition for each connection."""
        return dg.DynamicPartitionsDefinition(name=f"{self.integration}_connections")

    def known_connections(self, instance: dg.DagsterInstance) -> set[str]:
        """The connections that have a partition."""
        return set(instance.get_dynamic_partitions(str(self.connections_def.name)))

    @cached_property
    def grid_def(self) -> dg.MultiPartitionsDefinition:
        """One partition for each connection and window."""
        return dg.MultiPartitionsDefinition({CONNECTION: self.connections_def, WINDOW: self._windows_def})

    @cached_property
    def _windows_def(self) -> dg.PartitionsDefinition[str]:
        start = self.first.isoformat()
        if self.windows.kind == "month":
            return dg.MonthlyPartitionsDefinition(start, fmt="%Y-%m-%d", end_offset=1)
        if self.windows.kind == "week":
            # By default, Dagster's weeks start on Sunday and leave out the open one.
            return dg.WeeklyPartitionsDefinition(start, day_offset=1, end_offset=1)
        return dg.DailyPartitionsDefinition(start, end_offset=1)

    @property
    def last(self) -> date:
        """The current window."""
        return self.windows.floor(today())

    def all_windows(self) -> list[date]:
        """The windows of the grid."""
        return list(self.windows.between(self.first, self.last))

    @property
    def span(self) -> WindowSpan:
        """The windows of the grid."""
        return WindowSpan(self.windows, self.first, self.last)

    def nearest(self, window: date) -> date:
        """The window of the grid that is nearest to a window, which may lie outside the grid."""
        return self.span.nearest(window)

    def rows_by_window(self, rows: Mapping[date | None, int]) -> dict[date, int]:
        """Row counts by window of the grid. Rows outside the grid count in its nearest window."""
        counts: dict[date, int] = {}
        for window, count in rows.items():
            if window is not None:
                counts[self.nearest(window)] = counts.get(self.nearest(window), 0) + count
        return counts

    def key(self, connection: str, window: date) -> str:
        """The partition key of a connection's window."""
        return str(dg.MultiPartitionKey({CONNECTION: connection, WINDOW: window.isoformat()}))

    def range_tags(self, connection: str, first: date, last: date) -> dict[str, str]:
        """The tags of a run over a connection's windows from first to last."""
        return {RANGE_START: self.key(connection, first), RANGE_END: self.key(connection, last)}

    def split(self, key: str) -> tuple[str, date]:
        """Connection and window of a partition key of the grid."""
        dimensions = self.grid_def.get_partition_key_from_str(key).keys_by_dimension
        return dimensions[CONNECTION], date.fromisoformat(dimensions[WINDOW])


def connection_of_partition(key: str) -> str:
    """The connection of a partition, whether of a grid or of connections alone. `Grid.split` gives the window too."""
    # A partition of a grid is `<connection>|<window>`, and ids of connections contain no `|`.
    return key.partition("|")[0]


def windows_from_marks(
    instance: dg.DagsterInstance,
    session: Session,
    streams: Collection[StreamSpec],
    assets: Collection[dg.AssetKey],
    grid: Grid,
) -> tuple[date, date]:
    """The first and last window of a sync from the high-water marks.

    In a sub-stream each parent has its own mark, and a parent without records has none, so starting at the oldest would
    put all of history into every run. The range starts at the newest mark instead, or earlier, at the last window in
    which every asset was materialized. Older windows that get rows are still materialized.
    """
    connection = session.connection.id
    marks = {connection: mark_windows(session, streams, grid)}
    return first_windows(instance, marks, assets, grid)[connection], grid.last


def mark_windows(session: Session, streams: Collection[StreamSpec], grid: Grid) -> tuple[date, date]:
    """The windows of the oldest and the newest mark of some streams, from the lake alone."""
    incremental = [stream for stream in streams if stream.cursor is not None]
    begins = [first_window(session, [stream]) for stream in incremental]
    first = grid.nearest(min(begins, default=grid.windows.floor(session.connection.start)))
    newest = min(
        (_newest_mark(session, stream) or begin for stream, begin in zip(incremental, begins, strict=True)),
        default=first,
    )
    return first, max(first, grid.nearest(newest))


def first_windows(
    instance: dg.DagsterInstance,
    marks: Mapping[str, tuple[date, date]],
    assets: Collection[dg.AssetKey],
    grid: Grid,
) -> dict[str, date]:
    """The first window of a sync of each connection, from the windows of its marks; see `windows_from_marks`.

    Sends one query an asset for all connections, and more only if a run ended before it reported its windows.
    """
    windows = {connection: newest for connection, (_, newest) in marks.items()}
    while unsettled := {
        connection: grid.key(connection, windows[connection])
        for connection, (first, _) in marks.items()
        if windows[connection] > first
    }:
        materialized = _materialized_by_all(instance, assets, set(unsettled.values()))
        missing = [connection for connection, key in unsettled.items() if key not in materialized]
        if not missing:
            break
        for connection in missing:
            before = grid.windows.floor(windows[connection] - timedelta(days=1))
            windows[connection] = max(marks[connection][0], before)
    return windows


def _newest_mark(session: Session, stream: StreamSpec) -> date | None:
    """The window of the newest mark of a sub-stream's parents."""
    if stream.parent is None:
        return None
    marks = session.lake.marks(session.spec.name, stream.name, session.connection.id).open()
    newest = None if marks is None else marks.max_value("mark")
    return None if newest is None else session.windows.containing(newest)


def _materialized_by_all(
    instance: dg.DagsterInstance, assets: Collection[dg.AssetKey], partitions: set[str]
) -> set[str]:
    """Those of some partitions in which every asset was materialized."""
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    for asset in assets:
        partitions = partitions & instance.get_latest_storage_id_by_partition(asset, kind, partitions).keys()
    return partitions
