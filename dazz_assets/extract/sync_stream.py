"""Syncs one stream of one connection into the lake: from its marks or over a range, in one pass or several."""

import tempfile
from collections.abc import Collection, Iterator, Sequence
from datetime import date

from dazz_assets.counts import format_count
from dazz_assets.errors import SyncError
from dazz_assets.extract.bounds import format_moment
from dazz_assets.extract.dedupe import NewRowFilter
from dazz_assets.extract.departures import has_unconfirmed
from dazz_assets.extract.drift import shape_from_json, shape_path, shape_to_json
from dazz_assets.extract.facts import fetch_facts
from dazz_assets.extract.marks import BOUNDARY, COVERED, Marks, Source, has_other_identity, read_mark
from dazz_assets.extract.nested_lists import CutList
from dazz_assets.extract.own_keys import describe_repeated
from dazz_assets.extract.parent_groups import find_alike
from dazz_assets.extract.passes import Pass
from dazz_assets.extract.ranges import SyncPlan, SyncRange, keeps_position
from dazz_assets.extract.rereads import read_reread
from dazz_assets.extract.sync_state import SyncState
from dazz_assets.http import FetchError, RefusedError
from dazz_assets.lake import TableVersion
from dazz_assets.lake.outranked_keys import OutrankedKeys
from dazz_assets.lake.sidecar import read_sidecar, write_sidecar
from dazz_assets.reports import StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.tables import create_tables, is_synced

# Sources of a sub-stream per commit, so that an interrupted sync of many parents resumes at the last one.
_SOURCES_PER_COMMIT = 500


def sync_stream(session: Session, stream: StreamSpec, range_: SyncRange) -> StreamReport:
    """Fetch a range of a stream and store it. Holds the connection's lock.

    Raises SyncError, with a report of what was stored before; LakeError; BadConnection for a bad config.
    """
    progress = session.progress
    lock = session.lake.lock(
        session.spec.name, session.connection.id, lambda whom: progress.waiting(session.name, 0, whom)
    )
    with lock, progress.during(session.name, stream.name):
        session.store_sensitive_fields()
        stored = session.raw(stream).open()
        if stored is None:
            create_tables(session)
        _require_same_layout(session, stream, stored)
        identity_changed = has_other_identity(stored, stream)
        range_ = SyncRange(refetch=True, accept_shrink=range_.accept_shrink) if identity_changed else range_
        return StreamSync(
            session,
            stream,
            SyncPlan(session, stream, range_, stored, may_reread=True),
            replaces_all=range_.refetch or not stream.cursor,
            identity_changed=identity_changed,
            accepts_shrink=range_.accept_shrink,
        ).run()


def first_window(session: Session, streams: Collection[StreamSpec]) -> date:
    """The window in which a sync of these streams from their marks begins."""
    begins = [begin for stream in streams if stream.cursor is not None for begin in _walk_starts(session, stream)]
    return session.windows.containing(min(begins, default=session.start))


class StreamSync:
    """One sync of one stream of one connection. replaces_all, identity_changed: as in `SyncState`."""

    def __init__(
        self,
        session: Session,
        stream: StreamSpec,
        plan: SyncPlan,
        *,
        replaces_all: bool,
        identity_changed: bool = False,
        accepts_shrink: bool = False,
    ) -> None:
        self._session = session
        self._stream = stream
        self._plan = plan
        self._marks = Marks(session, stream) if stream.parent or keeps_position(stream) else None
        self._state = SyncState(
            session,
            stream,
            plan,
            replaces_all=replaces_all,
            identity_changed=identity_changed,
            accepts_shrink=accepts_shrink,
        )
        if identity_changed:
            self._state.report.warnings.append(
                f"the key or the cursor of {stream.name} changed since its records were stored: all of them are "
                "fetched anew, and replace the old ones once all are there; older versions of the table keep those"
            )

    def run(self) -> StreamReport:
        """Fetch the parts of the plan, each stored before the next begins. Raises SyncError."""
        state = self._state
        sources: list[Source] = []
        try:
            fetch_facts(self._session, state.client)
            self._session.store_facts()
            sources = self._sources()
            self._plan.begin_rereads(sources)
            listed = self._find_changed(sources)
            if self._stream.pages is not None and listed:
                self._session.sdk(state.client)  # A client that can't be made fails the stream, not a parent of it.
            state.parents = [source.parent for source in sources]
            state.alike = find_alike(self._stream, sources)
            state.unchanged = frozenset(state.parents) - {source.parent for source in listed}
            if not state.replaces_all:
                state.row_filter = NewRowFilter(state.stored, self._plan.lowest_bound(listed))
            self._note_gap(listed)
            self._note_earlier_start()
            # A source without a mark is listed from the start at once.
            marked = [source for source in listed if source.mark is not None]
            if self._has_nothing_to_list(listed):
                self._save_marks(sources)
                return self._report(sources)
            for part in self._plan.parts(listed):
                for group in self._groups(marked if part.before_marks else listed):
                    Pass(state, part, group).run()
                    self._save_marks(sources)
                if state.failed:
                    raise SyncError(self._describe_failures(sources))
                if sources and len(state.passed_over) == len(sources):
                    raise SyncError(self._describe_failures(sources, all_passed_over=True))
                if part.before_marks:
                    self._record_start(part.since, sources)
            if state.is_first and state.report.repeated:
                state.report.warnings.append(describe_repeated(self._stream, state.report.repeated))
            if state.strays:
                state.report.warnings.append(self._describe_strays())
            if state.nested_lists.found is not None:
                state.report.warnings.append(self._describe_cut_list(state.nested_lists.found))
            if all(source.mark is None for source in sources):
                state.require_usable()
            check = state.usable_check
            unread = filter(None, (check.describe_cursorless(), check.describe_timeless()))
            state.report.warnings.extend(unread)
            if self._stream.cursor is not None and self._plan.covers_from_start:
                self._record_start(self._session.start, sources)
        except (SyncError, FetchError) as error:
            refused, cause = isinstance(error, RefusedError), self._find_cause(error)
            raise SyncError(str(error), self._report(sources), refused=refused, cause=cause) from None
        except OSError as error:
            raise SyncError(self._describe_unwritable(error), self._report(sources)) from error
        finally:
            state.client.close()
            state.row_filter.close()
        self._note_drift()
        return self._report(sources)

    def _describe_unwritable(self, error: OSError) -> str:
        return (
            f"{self._session.name}, stream {self._stream.name}: what was fetched can't be written: {error}. Nothing is "
            "stored since the last commit, and the mark stays where that left it. See to the disk or storage of the "
            f"lake, and to {tempfile.gettempdir()}, where rows in no order of time wait (TMPDIR names another), and "
            "sync again"
        )

    def _describe_strays(self) -> str:
        cursor, strays = self._stream.cursor, self._state.strays
        records = "1 record lies" if strays == 1 else f"{strays} records lie"
        return (
            f"{records} more than a day outside the range that was asked for. They are stored, but if the API filters "
            f"by another field than `{cursor.field if cursor else ''}`, later syncs miss changes: name that field in "
            f"`cursor` of {self._stream.stream.__name__}, or leave out the bounds, and each sync lists all records"
        )

    def _describe_cut_list(self, found: CutList) -> str:
        name = self._stream.stream.__name__
        return (
            f"lists inside of records are cut short: {found.sign}. What came is stored, and nothing fetches the rest: "
            f"list it by a stream of its own (`parent = {name}`), or ask for longer lists. If no more is needed, set "
            f'data_fields = ("{found.place}",) on {name}'
        )

    def _describe_set_back(self, found: OutrankedKeys) -> str:
        cursor, records = self._stream.cursor, format_count(found.keys, "record")
        now = "none" if found.new_at is None else format_moment(found.new_at)
        return (
            f"{records} came with an earlier cursor than a stored version has (for example {found.example}: {now} "
            f"after {format_moment(found.stored_at)}), so parsers read the stored version. `--refetch` takes what the "
            f"API lists now. If `{cursor.field if cursor else ''}` may go back, name another field in `cursor` of "
            f"{self._stream.stream.__name__}, or leave it out, and each sync fetches all records"
        )

    def _describe_nulls(self) -> str:
        name, nulls = self._stream.parent, format_count(self._state.nulls, "null")
        return (
            f"{nulls} came in place of records. Nothing is stored of them: a null holds no data, and does not say to "
            f"which of {name} it belongs"
        )

    def _record_start(self, start: int, sources: Sequence[Source]) -> None:
        """Record that everything since a time is fetched, unless records may be missing."""
        state, known = self._state, self._state.known_start
        if state.shifted:
            return
        if known is not None and start < known:
            # A parent that couldn't be listed lacks this range: once it can be, it is listed from the start.
            for source in sources:
                if source.parent in state.passed_over:
                    source.listed = None
                if source.parent in state.passed_over or source.parent in state.without_list:
                    source.mark = source.boundary = source.covered = None
                    source.reread_at = source.reread_to = None
            self._save_marks(sources)
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

    def _sources(self) -> list[Source]:
        stored = self._state.stored
        if self._marks is not None and self._stream.parent:
            found = self._marks.sources()
            # Marks say nothing of a table that somebody removed: all is listed from the start.
            return (
                found
                if is_synced(stored)
                else [Source(source.parent, source.fields, content=source.content) for source in found]
            )
        if stored is None:
            return [Source()]
        position = self._marks.position() if self._marks is not None else None
        boundary, covered = stored.transaction(BOUNDARY), stored.transaction(COVERED)
        reread_at, reread_to = read_reread(stored)
        return [
            Source(
                mark=read_mark(stored),
                boundary=boundary,
                covered=covered,
                position=position,
                reread_at=reread_at,
                reread_to=reread_to,
            )
        ]

    def _find_changed(self, sources: list[Source]) -> list[Source]:
        """The sources to list: all, or of a stream with `parents = "changed"` those whose parent's record changed."""
        plan, state = self._plan, self._state
        lists_all = self._stream.parents == "all" or plan.lists_again or plan.marks_from is not None
        if lists_all or state.identity_changed:
            return sources
        return [
            source
            for source in sources
            if source.listed is None or source.listed != source.content or plan.rereads(source)
        ]

    def _has_nothing_to_list(self, listed: Sequence[Source]) -> bool:
        """Whether no parent changed, and a snapshot neither holds what belonged to one that is gone, nor waits for word
        of what is gone."""
        state = self._state
        holds_lost = state.replaces_all and self._marks is not None and self._marks.lost_parents
        if not state.unchanged or listed or holds_lost or state.stored is None:
            return False
        return not (state.replaces_all and has_unconfirmed(self._session, self._stream, state.unchanged))

    def _groups(self, sources: Sequence[Source]) -> Iterator[Sequence[Source]]:
        at_once = max(_SOURCES_PER_COMMIT, self._stream.parents_per_request or 1)
        size = max(len(sources), 1) if self._state.replaces_all else at_once
        for start in range(0, max(len(sources), 1), size):
            yield sources[start : start + size]

    def _save_marks(self, sources: Sequence[Source]) -> None:
        if self._marks is not None and (self._stream.cursor is not None or self._stream.parents == "changed"):
            self._marks.save(sources)

    def _note_gap(self, sources: Sequence[Source]) -> None:
        """Report a range between mark and sync that is not fetched. The mark then stays where it is."""
        if self._stream.cursor is None:
            return
        start = self._session.start
        gap_starts = [
            reached
            for source in sources
            if (reached := max(start, source.mark or start, source.covered or start)) < self._plan.start_of(source)
        ]
        if gap_starts:
            until = max(self._plan.start_of(source) for source in sources)
            self._state.report.gap = (
                f"from {format_moment(min(gap_starts))} to {format_moment(until)} nothing is fetched yet; "
                "the mark stays until a sync fetches it"
            )

    def _find_cause(self, error: SyncError | FetchError) -> str:
        """What failed the request of a stream that is one list; empty for anything else."""
        if isinstance(error, SyncError) and self._stream.parent is None:
            error = next(iter(self._state.failed.values()), error)
        return f"{error.problem} {error.advice}".strip() if isinstance(error, FetchError) else ""

    def _describe_failures(self, sources: Sequence[Source], *, all_passed_over: bool = False) -> str:
        state = self._state
        if self._stream.parent is None:
            return str(next(iter(state.failed.values())))
        where = f"{self._session.name}, stream {self._stream.name}"
        failed = state.passed_over if all_passed_over else {key: str(error) for key, error in state.failed.items()}
        # Each problem once, with the first parent that has it.
        problems = {key: text if all_passed_over else state.failed[key].problem for key, text in failed.items()}
        firsts = list({problem: key for key, problem in reversed(problems.items())}.values())[::-1]
        examples = "; ".join(f"{key}: {failed[key].removeprefix(f'{where}: ')}" for key in firsts[:3])
        reasons = set(failed.values())
        if all_passed_over and state.has_unusable_parents and len(reasons) == 1:
            return f"{where}: {reasons.pop()}"
        if all_passed_over:
            outcome = ". Check what the credentials may read"
        elif state.identity_changed:
            outcome = "; the stored records were not replaced. Sync again"
        elif len(failed) + len(state.passed_over) == len(sources):
            outcome = "; the next sync tries again"
        else:
            outcome = "; the records of the others are stored, and the next sync retries those that failed"
        return f"{where}: {len(failed)} of {len(sources)} {self._stream.parent} failed ({examples}){outcome}"

    def _report(self, sources: Sequence[Source]) -> StreamReport:
        state, report = self._state, self._state.report
        counters = state.client.counters
        report.requests, report.bytes = counters.requests, counters.bytes
        report.retries, report.waited_seconds = counters.retries, round(counters.waited_seconds, 3)
        report.warnings += [text for text in state.client.warnings if text not in report.warnings]
        if state.nulls:
            report.warnings.append(self._describe_nulls())
        if state.set_back is not None:
            report.warnings.append(self._describe_set_back(state.set_back))
        report.passed_over = [f"{key}: {reason}" for key, reason in state.passed_over.items()]
        if marks := [source.mark for source in sources if source.mark is not None]:
            report.high_water_mark = format_moment(max(marks))
        report.total = state.totals[0] if len(state.totals) == 1 and self._stream.parent is None else None
        if state.stored is not None:
            report.stored, report.version = state.stored.rows, state.stored.version
        return report


def _walk_starts(session: Session, stream: StreamSpec) -> list[int]:
    stored = session.raw(stream).open()
    plan = SyncPlan(session, stream, SyncRange(from_mark=True), stored)
    return [plan.start_of(source) for source in _read_sources(session, stream, stored)]


def _read_sources(session: Session, stream: StreamSpec, stored: TableVersion | None) -> list[Source]:
    if has_other_identity(stored, stream):
        return [Source()]
    if stream.parent is not None:
        try:
            return Marks(session, stream).sources()
        except SyncError:  # the parent was never synced
            return [Source()]
    return [Source(mark=read_mark(stored))]


def _require_same_layout(session: Session, stream: StreamSpec, stored: TableVersion | None) -> None:
    """Raise SyncError if the stream gained or lost its cursor: a table is either stored by window or not."""
    windowed = stream.windowed
    if stored is not None and stored.windowed != windowed:
        raise SyncError(
            f"{session.name}, stream {stream.name}: it has {'a' if windowed else 'no'} cursor now, and its stored "
            f"records were fetched {'without' if windowed else 'with'} one, so none can be added to them; give the "
            f"stream another `name`, or remove the folder {stored.path.folder} of the lake"
        )
