"""One sync of one stream: from the marks or over a range, as one pass or several, into the lake."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date

from dazz_assets.errors import SyncError
from dazz_assets.extract.bounds import format_moment
from dazz_assets.extract.dedupe import NewRowFilter
from dazz_assets.extract.drift import shape_from_json, shape_path, shape_to_json
from dazz_assets.extract.load import Pass, SyncState
from dazz_assets.extract.marks import Marks, Source, has_other_identity, read_mark
from dazz_assets.extract.ranges import SyncPlan, SyncRange
from dazz_assets.http import FetchError
from dazz_assets.lake import TableVersion
from dazz_assets.lake.sidecar import read_sidecar, write_sidecar
from dazz_assets.reports import StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.tables import create_tables

# Sources of a sub-stream that share a commit: a long sync of many parents goes on from the last one.
_SOURCES_A_COMMIT = 500


class SyncPasses:
    """One sync of one stream of one connection.

    whole: what is fetched replaces all that is stored, in one commit, when all of it arrived.
    anew: what is stored was made with another key or cursor, and none of it is kept.
    """

    def __init__(
        self, session: Session, stream: StreamSpec, plan: SyncPlan, *, whole: bool, anew: bool = False
    ) -> None:
        self._session = session
        self._stream = stream
        self._plan = plan
        self._marks = Marks(session, stream) if stream.parent else None
        self._state = SyncState(session, stream, plan, whole=whole, anew=anew)
        if anew:
            self._state.report.warnings.append(
                f"the key or the cursor of {stream.name} is another than that of its stored records: all of it is "
                "fetched anew, and older versions of the table keep what there was"
            )

    def run(self) -> StreamReport:
        """All parts of the plan, each complete and stored before the next begins. Raises SyncError."""
        state = self._state
        sources: list[Source] = []
        try:
            sources = self._sources()
            if not state.whole:
                state.novelty = NewRowFilter(state.stored, self._plan.lower(sources))
            self._note_gap(sources)
            for part in self._plan.parts(sources):
                for group in self._groups(sources):
                    Pass(state, part, group).run()
                    self._save_marks(sources)
                if state.failed:
                    raise SyncError(self._what_failed(sources))
                if sources and len(state.passed_over) == len(sources):
                    raise SyncError(self._what_failed(sources, all_=True))
            if all(source.mark is None for source in sources):
                state.demand_usable()
            if self._stream.cursor is not None and self._plan.covers_from_start and not state.moved:
                state.note_start()
        except (SyncError, FetchError) as error:
            raise SyncError(str(error), self._report(sources)) from None
        finally:
            state.client.close()
        self._note_drift()
        return self._report(sources)

    def _note_drift(self) -> None:
        """Compare the shape of what came with what it was, and keep the two together. A shape is of a whole sync."""
        session, shape = self._session, self._state.shape
        if not shape.records:
            return
        path = shape_path(session.spec.name, self._stream.name, session.connection.id)
        known = shape_from_json(read_sidecar(session.lake, path))
        self._state.report.drift = shape.drift(known)
        if (merged := shape.merged(known)) != known:
            write_sidecar(session.lake, path, shape_to_json(merged))

    def _sources(self) -> list[Source]:
        if self._marks is not None:
            return self._marks.sources()
        stored = self._state.stored
        if stored is None:
            return [Source()]
        return [Source(mark=read_mark(stored), boundary=stored.transaction("boundary"))]

    def _groups(self, sources: Sequence[Source]) -> Iterator[Sequence[Source]]:
        size = max(len(sources), 1) if self._state.whole else _SOURCES_A_COMMIT
        for start in range(0, max(len(sources), 1), size):
            yield sources[start : start + size]

    def _save_marks(self, sources: Sequence[Source]) -> None:
        if self._marks is not None and self._stream.cursor is not None:
            self._marks.save(sources)

    def _note_gap(self, sources: Sequence[Source]) -> None:
        """Say where ground is left out: a pass that begins above the mark leaves the mark where it is."""
        if self._stream.cursor is None:
            return
        start = self._session.start
        behind = [
            reached
            for source in sources
            if (reached := max(start, source.mark if source.mark is not None else start)) < self._plan.begin(source)
        ]
        if behind:
            until = max(self._plan.begin(source) for source in sources)
            self._state.report.gap = (
                f"from {format_moment(min(behind))} to {format_moment(until)} nothing is fetched yet; "
                "the mark stays until a sync fetches it"
            )

    def _what_failed(self, sources: Sequence[Source], *, all_: bool = False) -> str:
        state = self._state
        if self._stream.parent is None:
            return str(next(iter(state.failed.values())))
        failed = state.passed_over if all_ else {key: str(error) for key, error in state.failed.items()}
        examples = "; ".join(f"{key}: {reason}" for key, reason in list(failed.items())[:3])
        return (
            f"{self._session.name}, stream {self._stream.name}: {len(failed)} of {len(sources)} {self._stream.parent} "
            f"failed ({examples}); what the others brought is stored"
            + (
                ". Check what the credentials may read"
                if all_
                else ", and the next sync goes on with those that failed"
            )
        )

    def _report(self, sources: Sequence[Source]) -> StreamReport:
        state, report = self._state, self._state.report
        counted = state.client.counters
        report.requests, report.bytes = counted.requests, counted.bytes
        report.retries, report.waited_seconds = counted.retries, round(counted.waited_seconds, 3)
        report.warnings += [text for text in state.client.warnings if text not in report.warnings]
        report.passed_over = [f"{key}: {reason}" for key, reason in state.passed_over.items()]
        if marks := [source.mark for source in sources if source.mark is not None]:
            report.high_water_mark = format_moment(max(marks))
        report.total = state.totals[0] if len(state.totals) == 1 and self._stream.parent is None else None
        if state.stored is not None:
            report.stored, report.version = state.stored.rows, state.stored.version
        return report


def sync_stream(session: Session, stream: StreamSpec, extent: SyncRange) -> StreamReport:
    """Fetch what the extent asks for and store it.

    Raises SyncError, with a report of what was stored all the same; LakeError; BadConnection for a bad config.
    """
    progress = session.progress
    with session.lake.lock(
        session.spec.name, session.connection.id, lambda whom: progress.waiting(session.name, 0, whom)
    ):
        progress.began(session.name, stream.name)
        try:
            stored = session.raw(stream).open()
            if stored is None:
                create_tables(session)
            _demand_same_layout(session, stream, stored)
            anew = has_other_identity(stored, stream)
            extent = SyncRange(replace=True) if anew else extent
            whole = extent.replace or not stream.cursor
            return SyncPasses(session, stream, SyncPlan(session, stream, extent, stored), whole=whole, anew=anew).run()
        finally:
            progress.ended(session.name, stream.name)


def first_window(session: Session, streams: Collection[StreamSpec]) -> date:
    """The window in which a sync of these incremental streams from their marks begins."""
    begins = [begin for stream in streams if stream.cursor is not None for begin in _begins(session, stream)]
    return session.windows.containing(min(begins, default=session.start))


def _begins(session: Session, stream: StreamSpec) -> list[int]:
    stored = session.raw(stream).open()
    plan = SyncPlan(session, stream, SyncRange(from_mark=True), stored)
    return [plan.begin(source) for source in _sources(session, stream, stored)]


def _sources(session: Session, stream: StreamSpec, stored: TableVersion | None) -> list[Source]:
    if has_other_identity(stored, stream):
        return [Source()]
    if stream.parent is not None:
        try:
            return Marks(session, stream).sources()
        except SyncError:  # its parent was never synced
            return [Source()]
    return [Source(mark=read_mark(stored))]


def _demand_same_layout(session: Session, stream: StreamSpec, stored: TableVersion | None) -> None:
    """A table can't be stored by window and whole at once. Raises SyncError, before anything is fetched."""
    windowed = stream.cursor is not None
    if stored is not None and stored.windowed != windowed:
        raise SyncError(
            f"{session.name}, stream {stream.name}: it {'has' if windowed else 'had'} a cursor and "
            f"{'had' if windowed else 'has'} none, so what is stored can't be added to; give the stream another "
            f"`name`, or remove the folder {stored.path.folder} of the lake"
        )
