"""One pass: the walks of some sources over one part, into slices, and one commit."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from dazz_assets.errors import SyncError
from dazz_assets.extract.batch import RawRow
from dazz_assets.extract.completeness import RecordsInUse, is_paged_by_number
from dazz_assets.extract.crawl import Arrived, Crawl, Ended
from dazz_assets.extract.dedupe import Boundary, ContentFingerprint, NewRowFilter, SeenHashes
from dazz_assets.extract.drift import RecordShape
from dazz_assets.extract.marks import IDENTITY, NO_MARK, Source, row_identity
from dazz_assets.extract.ranges import START, Part, SyncPlan
from dazz_assets.extract.writer import PassWriter
from dazz_assets.http import FetchError, UnreachableError
from dazz_assets.lake import Commit, DataFile, TableVersion
from dazz_assets.lake.table import remove_uncommitted
from dazz_assets.reports import StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.windows import to_microseconds

# Rows after which a pass in the cursor's ascending order stores what it has, with the mark.
_ROWS_A_CHECKPOINT = 20_000
# The vendor's answers by which one parent's records are passed over: gone, not found, or not to be seen.
_PASSED_OVER = frozenset({403, 404, 410, 451})
# The fingerprint of no set of records, but for one chance in 2**63.
_NO_BOUNDARY = 0


class SyncState:
    """What the passes of one sync share.

    stored: the table's newest version. failed, passed_over: sources by parent whose walk did not reach its end.
    moved: those whose records changed places each time they were listed.
    anew: what is stored was made with another key or cursor, and none of it is kept.
    """

    def __init__(self, session: Session, stream: StreamSpec, plan: SyncPlan, *, whole: bool, anew: bool) -> None:
        self.session = session
        self.stream = stream
        self.plan = plan
        self.whole = whole
        self.anew = anew
        self.table = session.raw(stream)
        self.stored: TableVersion | None = self.table.open()
        self.client = session.client(stream.name)
        self.novelty = NewRowFilter(None, None)
        self.boundaries: dict[str | None, Boundary] = {}
        self.failed: dict[str | None, FetchError] = {}
        self.passed_over: dict[str | None, str] = {}
        self.moved: set[str | None] = set()
        self.totals: list[int | None] = []
        self.shape = RecordShape()
        self.usable = RecordsInUse(stream)
        self.report = StreamReport(session.connection.id, stream.name)

    def commit(self, commit: Commit) -> None:
        """Commit to the table. Raises SyncError where somebody else stored a pass meanwhile (the lock was bypassed)."""
        before, stored = self._passes(self.stored), self.stored
        # A stream without records was synced all the same.
        transactions = {"passes": before, **commit.transactions, IDENTITY: row_identity(self.stream)}
        changes = {name: value for name, value in transactions.items() if not _says(stored, name, value)}
        if stored is not None and not changes and not commit.add and commit.replace == "nothing":
            return

        def work(current: TableVersion | None) -> Commit:
            if self._passes(current) != before:
                raise SyncError(
                    f"{self.session.name}, stream {self.stream.name}: another sync of this connection stored a pass "
                    "meanwhile, so this one is left out; run it again"
                )
            return replace(commit, transactions=changes)

        self.table.commit(work)
        self.stored = self.table.open()

    def note_start(self) -> None:
        """Keep from where on all ground is fetched; a later start of the connection takes nothing away."""
        known = None if self.stored is None else self.stored.transaction(START)
        if known is None or self.session.start < known:
            self.commit(Commit(transactions={START: self.session.start}))

    def demand_usable(self) -> None:
        """Raises SyncError where records came and not one of them has its key and cursor: nothing could be parsed."""
        if (fault := self.usable.fault(self.shape)) is not None:
            raise SyncError(f"{self.session.name}, stream {self.stream.name}: {fault}")

    def next_pass(self) -> int:
        """The number of the next pass that changes data."""
        return self._passes(self.stored) + 1

    @staticmethod
    def _passes(snapshot: TableVersion | None) -> int:
        return 0 if snapshot is None else snapshot.transaction("passes") or 0


class Pass:
    """Walks its sources over one part of the plan, and stores what they brought, whole."""

    def __init__(self, state: SyncState, part: Part, sources: Sequence[Source]) -> None:
        self._state = state
        self._part = part
        bounds = {source.parent: state.plan.bounds(source, part) for source in sources}
        self._bounds = {parent: found for parent, found in bounds.items() if found is not None}
        self._sources = [source for source in sources if source.parent in self._bounds]
        self._boundaries = {source.parent: self._boundary(source) for source in self._sources}
        self._slices, self._copies = self._new_slices(), self._new_slices()
        self._contents: dict[str | None, ContentFingerprint] = defaultdict(ContentFingerprint)
        self._complete: list[Source] = []
        self._ascending = state.stream.cursor is not None and state.stream.cursor.order == "asc" and not state.whole
        self._fresh = 0
        self._repeated = SeenHashes()

    def run(self) -> None:
        """Walk and store. What a failed pass wrote is removed."""
        try:
            self._walk()
            self._store()
        except BaseException:
            self._slices.discard()
            self._copies.discard()
            raise

    def _walk(self) -> None:
        state = self._state
        walks = Crawl(state.session, state.stream, state.client, lambda source: self._bounds[source.parent])
        for event in walks.events(self._sources, state.session.integration.concurrency):
            if isinstance(event, Arrived):
                self._arrived(event)
            elif isinstance(event, Ended):
                self._ended(event)
            elif state.whole and event.source.parent is None:
                self._begin_again()

    def _arrived(self, event: Arrived) -> None:
        state = self._state
        report = state.report
        report.pages += 1
        report.received += event.received
        state.session.progress.page(
            state.session.name, state.stream.name, records=event.received, bytes_=len(event.page.body)
        )
        self._note(event)
        state.shape.see(event.rows)
        state.usable.see(event.rows)
        boundary = self._boundaries[event.source.parent]
        before = boundary.mark
        boundary.add(event.rows, to_microseconds(event.page.fetched_at))
        self._keep(state.novelty.new(event.source, event.rows))
        if self._ascending:
            self._ascending = _is_ascending(event.rows, before)
            # Of numbered pages one that was read may miss a record that slipped by: only the end of the pass tells.
            safe = self._ascending and not is_paged_by_number(state.stream, event.page) and not state.novelty.holding
            if safe and self._fresh >= _ROWS_A_CHECKPOINT:
                self._checkpoint()

    def _begin_again(self) -> None:
        """Forget what was listed: a record that went away meanwhile has no place in a whole."""
        state = self._state
        self._slices.discard()
        self._slices, state.novelty, self._repeated = self._new_slices(), NewRowFilter(None, None), SeenHashes()
        self._contents.clear()
        state.report.repeated = 0

    def _note(self, event: Arrived) -> None:
        report = self._state.report
        if event.page.accepted_failure is not None:
            report.warnings.append(event.page.accepted_failure)
        if event.page.accepted_errors is not None:
            report.warnings.append(event.page.accepted_errors)

    def _ended(self, event: Ended) -> None:
        state, error = self._state, event.error
        if error is None and event.moved:
            self._moved(event.source)
        if error is None:
            self._complete.append(event.source)
            state.report.ended = event.reason
            state.totals.append(event.total)
        elif state.stream.parent is None or isinstance(error, UnreachableError):
            # Where nobody answers for one parent, nobody does for the others.
            raise error
        elif error.status in _PASSED_OVER:
            state.passed_over[event.source.parent] = str(error)
        else:
            state.failed[event.source.parent] = error

    def _moved(self, source: Source) -> None:
        """Of a list whose records change places as it is read, some may be missing: no mark passes them."""
        state = self._state
        state.moved.add(source.parent)
        where = "" if source.parent is None else f" of {state.stream.parent} {source.parent}"
        problem = f"records{where} changed places each time that they were listed, so some may be missing"
        if state.whole:
            raise SyncError(
                f"{state.session.name}, stream {state.stream.name}: {problem}; what is stored was not replaced. "
                "Sync again"
            )
        state.report.gap = f"{problem}; the mark stays, and the next sync lists them again"

    def _keep(self, rows: Sequence[RawRow]) -> None:
        for row in rows:
            self._contents[row.parent].add(row.content_hash)
        self._slices.add(rows)
        self._fresh += len(rows)
        if self._state.whole:
            # A key that a whole holds with two contents is no key: the latest state has one of them.
            self._state.report.repeated += self._repeated.add_new([hash(row.key) for row in rows]).count(False)
        self._state.report.problems += sum(row.problem is not None for row in rows)

    def _checkpoint(self) -> None:
        """Store what ascending walks brought so far: everything up to the newest record of each is there."""
        self._commit_slices(
            {source.parent: self._boundaries[source.parent].mark for source in self._sources}, finished=False
        )
        self._slices, self._fresh = self._new_slices(), 0

    def _store(self) -> None:
        state = self._state
        if state.whole and state.failed:
            self._slices.discard()
            return
        self._keep(state.novelty.rest(self._complete))
        if state.whole:
            state.demand_usable()
            self._replace()
        else:
            self._commit_slices({source.parent: self._boundaries[source.parent].mark for source in self._complete})

    def _replace(self) -> None:
        """Put what was listed in the place of all that is stored; keep the rows of parents that could not be listed."""
        state = self._state
        unlisted = {parent for parent in state.passed_over if parent is not None}
        files = self._slices.close(without_parents=unlisted)
        self._count_rows()
        for parent in unlisted:
            self._contents.pop(parent, None)
        files += [] if state.anew else self._kept(unlisted)
        content = self._content()
        unchanged = state.stored is not None and state.stored.transaction("content") == content and not state.anew
        if unchanged:
            for file in files:
                remove_uncommitted(state.table, file)
            state.commit(Commit(transactions=self._advanced(self._complete)))
            return
        for source in self._sources:
            source.mark = source.mark if source.parent in unlisted and not state.anew else None
        transactions = {"passes": state.next_pass(), "content": content} | self._advanced(self._complete)
        state.commit(Commit(files, "everything", transactions))

    def _advanced(self, sources: Sequence[Source]) -> dict[str, int]:
        moved: dict[str, int] = {}
        for source in sources:
            moved |= self._advance(source, self._boundaries[source.parent].mark)
        return moved

    def _content(self) -> int:
        """Of all rows that are to be stored."""
        whole = ContentFingerprint()
        for content in self._contents.values():
            whole.include(content)
        return whole.value()

    def _commit_slices(self, marks: dict[str | None, int | None], *, finished: bool = True) -> None:
        """Commit the slices with the marks that they make safe."""
        state = self._state
        unfinished = {source.parent for source in self._sources} - set(marks) - {None}
        files = self._slices.close(without_parents={parent for parent in unfinished if parent is not None})
        self._count_rows()
        # What is added to a whole makes it another one, whatever a later whole brings.
        transactions: dict[str, int] = {"passes": state.next_pass(), "content": 0} if files else {}
        for source in self._sources:
            if source.parent in marks:
                transactions |= self._advance(source, marks[source.parent], finished=finished)
        state.commit(Commit(files, "nothing", transactions))

    def _advance(self, source: Source, newest: int | None, *, finished: bool = True) -> dict[str, int]:
        """Move a source's mark over ground that is fetched without a gap; the transactions that say so."""
        state, bounds = self._state, self._bounds[source.parent]
        if state.stream.cursor is None or source.parent in state.moved:
            return {}
        start = state.session.start
        covered = max(value for value in (start, source.mark, source.covered) if value is not None)
        begin = bounds.lower if bounds.lower is not None else start
        if begin > covered:
            return {}
        before = source.mark
        if newest is not None:
            source.mark = newest if source.mark is None else max(source.mark, newest)
        if finished and self._part.until is not None:
            source.covered = max(covered, self._part.until)
        boundary = self._boundary_of(source) if finished else None
        if boundary is not None or source.mark != before or state.whole:
            source.boundary = boundary
        if source.parent is not None:
            return {}
        return {
            "mark": NO_MARK if source.mark is None else source.mark,
            "boundary": _NO_BOUNDARY if source.boundary is None else source.boundary,
        }

    def _boundary(self, source: Source) -> Boundary:
        """One a source for all parts of a sync, each of which goes on where the one before it ended."""
        lower = self._bounds[source.parent].lower
        return self._state.boundaries.setdefault(source.parent, Boundary(self._state.plan.lookback, lower))

    def _boundary_of(self, source: Source) -> int | None:
        """What the next walk of the source meets again, where this sync saw all of it."""
        if self._part.until is not None or source.mark is None:
            return None
        return self._boundaries[source.parent].value(source.mark)

    def _kept(self, parents: set[str]) -> list[DataFile]:
        """The stored rows of some parents, as new files."""
        stored = self._state.stored
        if stored is None or not parents:
            return []
        wanted = pa.array(sorted(parents), pa.string())
        for window in {file.window for file in stored.files}:
            for batch in stored.read(windows=[window]):
                rows = batch.filter(pc.is_in(batch.column("parent"), wanted))
                for value in rows.column("content_hash").to_pylist():
                    self._contents[None].add(int(value or 0))
                self._copies.copy(window, rows)
        return self._copies.close()

    def _count_rows(self) -> None:
        report = self._state.report
        for window, rows in self._slices.rows.items():
            if rows:
                report.windows[window] = report.windows.get(window, 0) + rows
                report.records += rows

    def _new_slices(self) -> PassWriter:
        state = self._state
        newest = state.stored.max_value("sequence") if state.stored is not None else None
        # Sequence numbers grow from sync to sync: they begin at the clock's microseconds, far above one pass's count.
        first = max(time.time_ns() // 1_000, (newest or 0) + 1)
        return PassWriter(state.table, first, windowed=state.stream.cursor is not None)


def _says(snapshot: TableVersion | None, name: str, value: int) -> bool:
    return snapshot is not None and snapshot.transaction(name) == value


def _is_ascending(rows: Sequence[RawRow], newest_before: int | None) -> bool:
    values = [row.cursor_at for row in rows if row.cursor_at is not None]
    if values and newest_before is not None and values[0] < newest_before:
        return False
    return all(earlier <= later for earlier, later in pairwise(values))
