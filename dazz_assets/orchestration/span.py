"""The windows that a sync from the marks says something of."""

from collections.abc import Collection
from datetime import date, timedelta

import dagster as dg

from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.sync.session import Session
from dazz_assets.sync.stream import first_window


def from_marks(
    instance: dg.DagsterInstance,
    session: Session,
    streams: Collection[StreamSpec],
    assets: Collection[dg.AssetKey],
    grid: Grid,
) -> tuple[date, date]:
    """The first and the last window of a run from the marks.

    Of a sub-stream each parent has its own mark, and one without records has none: the oldest would put all of
    history into every run. The newest counts instead, back to the last window that has an event of each asset;
    older windows that get rows get their event all the same.
    """
    first = grid.nearest(first_window(session, streams))
    newest = max(first, grid.nearest(min((_newest(session, stream) for stream in streams), default=first)))
    while newest > first and not all(
        _has_event(instance, key, grid.key(session.connection.id, newest)) for key in assets
    ):
        newest = max(first, grid.windows.floor(newest - timedelta(days=1)))
    return newest, grid.last


def _newest(session: Session, stream: StreamSpec) -> date:
    if stream.parent is not None:
        marks = session.lake.marks(session.spec.name, stream.name, session.connection.id).open()
        if marks is not None and (newest := marks.greatest("mark")) is not None:
            return session.windows.holding(newest)
    return first_window(session, [stream])


def _has_event(instance: dg.DagsterInstance, asset: dg.AssetKey, partition: str) -> bool:
    wanted = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=[partition])
    return bool(instance.fetch_materializations(wanted, limit=1).records)
