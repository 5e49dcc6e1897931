"""Syncs one stream of one connection into the lake: from its marks or over a range, in one pass or several."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date

from dazz_assets.errors import SyncError
from dazz_assets.extract.bounds import format_moment
from dazz_assets.extract.completeness.departures import has_unconfirmed
from dazz_assets.extract.completeness.empty_first import describe_unlisted, list_unbounded
from dazz_assets.extract.dedupe import NewRowFilter
from dazz_assets.extract.drift import shape_from_json, shape_path, shape_to_json
from dazz_assets.extract.facts import fetch_facts
from dazz_assets.extract.marks import Marks, Source, has_other_identity
from dazz_assets.extract.own_keys import describe_shared
from dazz_assets.extract.parent_groups import find_alike
from dazz_assets.extract.passes import Pass
from dazz_assets.extract.ranges import START, Part, SyncPlan, SyncRange
from dazz_assets.extract.request_change import describe_change
from dazz_assets.extract.sync_messages import (
    describe_cut_list,
    describe_empty_first,
    describe_failures,
    describe_nulls,
    describe_set_back,
    describe_strays,
    describe_unwritable,
)
from dazz_assets.extract.sync_state import SyncState
from dazz_assets.http import FetchError, RefusedError
from dazz_assets.lake import Commit, TableVersion
from dazz_assets.lake.sidecar import read_sidecar, write_sidecar
from dazz_assets.reports import StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec

# Sources of a sub-stream per commit, so that an interrupted sync of many parents resumes at the last one.
_SOURCES_PER_COMMIT = 500


def sync_stream(session: Session, stream: StreamSpec, range_: SyncRange) -> StreamReport:
    """Fetch a range of a stream and store it. Holds the connection's lock.

    Raises SyncError, with a report of what was stored before; LakeError; BadConnection for a bad config.
    """
    with session.at_work(stream.name):
        session.store_sensitive_fields()
        return StreamSync(session, stream, range_).run()


def first_window(session: Session, streams: Collection[StreamSpec]) -> date:
    """The window in which a sync of these streams from their marks begins."""
    begins = [begin for stream in streams if stream.cursor is not None for begin in _walk_starts(session, stream)]
    return session.windows.containing(min(begins, default=session.start))


class StreamSync:
    """One sync of one stream of one connection."""

    def __init__(self, session: Session, stream: StreamSpec, range_: SyncRange) -> None:
        self._session = session
        self._stream = stream
        self._sources: list[Source] = []
        self._listed: list[Source] = []
        self._marks = Marks(session, stream)
        self._state = SyncState(session, stream, range_)
        self._plan = self._state.plan
        if self._state.identity_changed:
            self._state.report.warnings.append(
                f"the key or the cursor of {stream.name} changed since its records were stored: all of them are "
                "fetched anew, and replace the old ones once all are there; older versions of the table keep those"
            )

    def run(self) -> StreamReport:
        """Fetch the parts of the plan, each stored before the next begins. Raises SyncError."""
        state = self._state
        try:
            self._prepare()
            if self._has_nothing_to_list():
                self._marks.save(self._sources)
            else:
                if state.has_other_request:
                    state.report.warnings.append(describe_change(self._stream))
                self._fetch_parts()
                self._check_what_came()
                if self._stream.cursor is not None and self._plan.covers_from_start:
                    self._record_start(self._session.start)
        except (SyncError, FetchError) as error:
            # What failed the request of a stream that is one list.
            cause = f"{error.problem} {error.advice}".strip() if isinstance(error, FetchError) else ""
            refused = isinstance(error, RefusedError)
            raise SyncError(str(error), self._report(), refused=refused, cause=cause) from None
        except OSError as error:
            raise SyncError(describe_unwritable(state, error), self._report()) from error
        finally:
            state.client.close()
            state.row_filter.close()
        self._note_drift()
        return self._report()

    def _prepare(self) -> None:
        """Find the sources, and which of them are to be listed."""
        state = self._state
        fetch_facts(self._session, state.client)
        self._session.store_facts()
        self._sources = self._marks.sources(state.stored)
        self._plan.begin_rereads(self._sources)
        self._listed = self._find_changed()
        if self._stream.pages is not None and self._listed:
            self._session.sdk(state.client)  # A client that can't be made fails the stream, not a parent of it.
        state.parents = [source.parent for source in self._sources]
        state.alike = find_alike(self._stream, self._sources)
        state.unchanged = frozenset(state.parents) - {source.parent for source in self._listed}
        if not state.replaces_all:
            state.row_filter = NewRowFilter(state.stored, self._plan.lowest_bound(self._listed))
        self._note_gap()
        self._note_earlier_start()

    def _fetch_parts(self) -> None:
        # A source without a mark is listed from the start at once.
        marked = [source for source in self._listed if source.mark is not None]
        for part in self._plan.parts(self._listed):
            for group in self._groups(marked if part.before_marks else self._listed):
                Pass(self._state, part, group).run()
                self._marks.save(self._sources)
            self._require_listed()
            if part.before_marks:
                self._record_start(part.since)
        self._list_again(self._state.exits.take_parts())

    def _list_again(self, left: Sequence[tuple[Part, Sequence[Source]]]) -> None:
        """List parts again that records left while a later one was listed.

        The marks lie behind them already. So until that is done, all is taken to be fetched from the end of the last of
        them on, as where the connection's start was moved back: what an error leaves undone, the next sync does.
        """
        known = self._state.known_start if left and not self._plan.lists_again else None
        if known is not None:
            self._state.commit(Commit(transactions={START: max(part.until or 0 for part, _ in left)}))
        for part, sources in left:
            Pass(self._state, replace(part, is_listed_again=True), sources).run()
            self._marks.save(self._sources)
            self._require_listed()
        if known is not None:
            self._state.commit(Commit(transactions={START: known}))

    def _require_listed(self) -> None:
        """Raises SyncError if the list of a source failed, or if no source could be listed."""
        failed, passed_over = self._state.failed, self._state.passed_over
        if failed or (self._sources and len(passed_over) == len(self._sources)):
            raise SyncError(describe_failures(self._state, self._sources))

    def _check_what_came(self) -> None:
        """Report what came that later syncs or parsers can't use. Raises SyncError if that is all of it."""
        state, warnings = self._state, self._state.report.warnings
        if state.shared_keys:
            warnings.append(describe_shared(self._stream, state.shared_keys))
        if state.strays:
            warnings.append(describe_strays(self._stream, state.strays, state.report.received))
        if state.nested_lists.found is not None:
            warnings.append(describe_cut_list(self._stream, state.nested_lists.found))
        if all(source.mark is None for source in self._sources):
            state.require_usable()
            self._check_empty_first()
        check = state.usable_check
        warnings.extend(filter(None, (check.describe_cursorless(), check.describe_timeless())))
        warnings.extend(state.cursor_signs.describe())

    def _check_empty_first(self) -> None:
        """Tell of a first sync that brought nothing though the vendor has records. The next one is then a first one."""
        state, stream = self._state, self._stream
        if stream.cursor is None or state.report.received or not self._listed or state.known_start is not None:
            return
        listed: list[tuple[str, int]] = []
        takes_no_bounds = stream.takes_since and not stream.needs_bound("since")
        if takes_no_bounds and state.session.asks_again and self._plan.covers_from_start:
            listed = list_unbounded(state, self._listed[0])
        fault = describe_unlisted(state, listed)
        if not listed and any(state.totals):  # Else the total counts records of another time.
            fault = describe_empty_first(stream, state.totals)
        if fault is not None:
            state.report.warnings.append(fault)
        if fault is not None or state.cursor_signs.are_no_times:
            state.mark_stays |= {source.parent for source in self._listed}

    def _record_start(self, start: int) -> None:
        """Record that everything since a time is fetched, unless records may be missing."""
        state, known = self._state, self._state.known_start
        if state.mark_stays:
            return
        if known is not None and start < known:
            # A parent that couldn't be listed lacks this range: once it can be, it is listed from the start.
            for source in self._sources:
                if source.parent in state.passed_over:
                    source.listed = None
                if source.parent in state.passed_over or source.parent in state.without_list:
                    source.mark = source.boundary = source.covered = None
                    source.reread_at = source.reread_to = None
            self._marks.save(self._sources)
        state.record_start(start)

    def _note_earlier_start(self) -> None:
        """Report that the connection's start was moved back, and that this sync fetches what lies before."""
        if self._plan.marks_from is not None:
            self._state.report.warnings.append(
                f"`start` is now {self._session.connection.start}, and {self._stream.name} was fetched from "
                f"{format_moment(self._plan.marks_from)} on: this sync also fetches what lies between"
            )

    def _note_drift(self) -> None:
        """Report how the records' shape differs from the stored one, and store the two merged."""
        session, shape = self._session, self._state.shape
        if not shape.records:
            return
        path = shape_path(session.spec.name, self._stream.name, session.connection.id)
        known = shape_from_json(read_sidecar(session.lake, path))
        self._state.report.drift = shape.find_drift(known)
        merged = shape.merge_into(known)
        if merged != known:
            write_sidecar(session.lake, path, shape_to_json(merged))

    def _find_changed(self) -> list[Source]:
        """The sources to list: all, or of a stream with `parents = "changed"` those whose parent's record changed."""
        plan, state = self._plan, self._state
        lists_all = self._stream.parents == "all" or plan.lists_again or plan.marks_from is not None
        if lists_all or state.identity_changed:
            return self._sources
        return [
            source
            for source in self._sources
            if source.listed is None or source.listed != source.content or plan.rereads(source)
        ]

    def _has_nothing_to_list(self) -> bool:
        """Whether no parent changed, and a snapshot neither holds what belonged to one that is gone, nor waits for word
        of what is gone."""
        state = self._state
        holds_lost = state.replaces_all and self._marks.lost_parents
        if not state.unchanged or self._listed or holds_lost:
            return False
        return not (state.replaces_all and has_unconfirmed(state))

    def _groups(self, sources: Sequence[Source]) -> Iterator[Sequence[Source]]:
        at_once = max(_SOURCES_PER_COMMIT, self._stream.parents_per_request or 1)
        size = max(len(sources), 1) if self._state.replaces_all else at_once
        for start in range(0, max(len(sources), 1), size):
            yield sources[start : start + size]

    def _note_gap(self) -> None:
        """Report a range between mark and sync that is not fetched. The mark then stays where it is."""
        if self._stream.cursor is None:
            return
        start = self._session.start
        gap_starts = [
            reached
            for source in self._listed
            if (reached := max(start, source.mark or start, source.covered or start)) < self._plan.start_of(source)
        ]
        if gap_starts:
            until = max(self._plan.start_of(source) for source in self._listed)
            self._state.report.gap = (
                f"from {format_moment(min(gap_starts))} to {format_moment(until)} nothing is fetched yet; "
                "the mark stays until a sync fetches it"
            )

    def _report(self) -> StreamReport:
        state, report = self._state, self._state.report
        counters = state.client.counters
        report.requests, report.bytes = counters.requests, counters.bytes
        report.retries, report.waited_seconds = counters.retries, round(counters.waited_seconds, 3)
        report.warnings += state.accepted.describe(self._stream)
        report.warnings += [text for text in state.client.warnings if text not in report.warnings]
        if state.nulls:
            report.warnings.append(describe_nulls(self._stream, state.nulls))
        if state.set_back is not None:
            report.warnings.append(describe_set_back(self._stream, state.set_back))
        report.passed_over = [f"{key}: {reason}" for key, reason in state.passed_over.items()]
        if marks := [source.mark for source in self._sources if source.mark is not None]:
            report.high_water_mark = format_moment(max(marks))
        report.total = state.totals[0] if len(state.totals) == 1 and self._stream.parent is None else None
        report.stored, report.version = state.stored.rows, state.stored.version
        return report


def _walk_starts(session: Session, stream: StreamSpec) -> list[int]:
    stored = session.raw(stream).open()
    plan = SyncPlan(session, stream, SyncRange(from_mark=True), stored)
    return [plan.start_of(source) for source in _read_sources(session, stream, stored)]


def _read_sources(session: Session, stream: StreamSpec, stored: TableVersion | None) -> list[Source]:
    if has_other_identity(stored, stream):
        return [Source()]
    try:
        return Marks(session, stream).sources(stored)
    except SyncError:  # the parent was never synced
        return [Source()]
