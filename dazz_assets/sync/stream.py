"""One sync of one stream: from the marks or over a range, into the lake."""

from collections.abc import Collection
from datetime import date

from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.sync.errors import SyncError
from dazz_assets.sync.extent import Extent
from dazz_assets.sync.parts import Plan
from dazz_assets.sync.passes import Passes
from dazz_assets.sync.reports import StreamReport
from dazz_assets.sync.session import Session
from dazz_assets.sync.sources import Marks, Source


def sync_stream(session: Session, stream: StreamSpec, extent: Extent) -> StreamReport:
    """Fetch what the extent asks for and store it.

    Raises SyncError, with a report of what was stored all the same; LakeError; ConnectionError for a bad config.
    """
    progress = session.progress
    with session.lake.lock(
        session.spec.name, session.connection.id, lambda whom: progress.waiting(session.where, 0, whom)
    ):
        progress.began(session.where, stream.name)
        try:
            passes = Passes(session, stream, Plan(session, stream, extent), whole=extent.replace or not stream.cursor)
            return passes.run()
        finally:
            progress.ended(session.where, stream.name)


def first_window(session: Session, streams: Collection[StreamSpec]) -> date:
    """The window in which a sync of these incremental streams from their marks begins."""
    begins = [
        Plan(session, stream, Extent(from_mark=True)).begin(source)
        for stream in streams
        if stream.cursor is not None
        for source in _sources(session, stream)
    ]
    return session.windows.holding(min(begins, default=session.start))


def _sources(session: Session, stream: StreamSpec) -> list[Source]:
    if stream.parent is not None:
        try:
            return Marks(session, stream).sources()
        except SyncError:  # its parent was never synced
            return [Source()]
    stored = session.lake.raw(session.spec.name, stream.name, session.connection.id, windowed=True).open()
    return [Source(mark=stored.transaction("mark") if stored else None)]
