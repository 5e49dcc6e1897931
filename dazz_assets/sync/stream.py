"""One sync of one stream: from the marks or over a range, into the lake."""

from collections.abc import Collection
from datetime import date

from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.lake import Snapshot
from dazz_assets.sync.declare import declare
from dazz_assets.sync.errors import SyncError
from dazz_assets.sync.extent import Extent
from dazz_assets.sync.fetch.identity import is_other
from dazz_assets.sync.fetch.parts import Plan
from dazz_assets.sync.fetch.passes import Passes
from dazz_assets.sync.fetch.sources import Marks, Source, mark_of
from dazz_assets.sync.reports import StreamReport
from dazz_assets.sync.session import Session


def sync_stream(session: Session, stream: StreamSpec, extent: Extent) -> StreamReport:
    """Fetch what the extent asks for and store it.

    Raises SyncError, with a report of what was stored all the same; LakeError; BadConnection for a bad config.
    """
    progress = session.progress
    with session.lake.lock(
        session.spec.name, session.connection.id, lambda whom: progress.waiting(session.where, 0, whom)
    ):
        progress.began(session.where, stream.name)
        try:
            stored = session.raw(stream).open()
            if stored is None:
                declare(session)
            _demand_same_layout(session, stream, stored)
            anew = is_other(stored, stream)
            extent = Extent(replace=True) if anew else extent
            whole = extent.replace or not stream.cursor
            return Passes(session, stream, Plan(session, stream, extent, stored), whole=whole, anew=anew).run()
        finally:
            progress.ended(session.where, stream.name)


def first_window(session: Session, streams: Collection[StreamSpec]) -> date:
    """The window in which a sync of these incremental streams from their marks begins."""
    begins = [begin for stream in streams if stream.cursor is not None for begin in _begins(session, stream)]
    return session.windows.holding(min(begins, default=session.start))


def _begins(session: Session, stream: StreamSpec) -> list[int]:
    stored = session.raw(stream).open()
    plan = Plan(session, stream, Extent(from_mark=True), stored)
    return [plan.begin(source) for source in _sources(session, stream, stored)]


def _sources(session: Session, stream: StreamSpec, stored: Snapshot | None) -> list[Source]:
    if is_other(stored, stream):
        return [Source()]
    if stream.parent is not None:
        try:
            return Marks(session, stream).sources()
        except SyncError:  # its parent was never synced
            return [Source()]
    return [Source(mark=mark_of(stored))]


def _demand_same_layout(session: Session, stream: StreamSpec, stored: Snapshot | None) -> None:
    """A table can't be stored by window and whole at once. Raises SyncError, before anything is fetched."""
    windowed = stream.cursor is not None
    if stored is not None and stored.windowed != windowed:
        raise SyncError(
            f"{session.where}, stream {stream.name}: it {'has' if windowed else 'had'} a cursor and "
            f"{'had' if windowed else 'has'} none, so what is stored can't be added to; give the stream another "
            f"`name`, or remove the folder {stored.place.folder} of the lake"
        )
