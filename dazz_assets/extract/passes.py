"""Runs one pass: walks some sources over one part of the plan, writes slices, and commits them with the marks."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dazz_assets.errors import SyncError
from dazz_assets.extract.added_rows import AddedRows
from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.completeness.accepted_answers import check_unmodified
from dazz_assets.extract.completeness.departures import Departures
from dazz_assets.extract.completeness.left_out import MarkWatch
from dazz_assets.extract.completeness.list_order import is_ascending
from dazz_assets.extract.completeness.losses import Loss, find_loss
from dazz_assets.extract.completeness.moved_records import hash_keys
from dazz_assets.extract.crawl import Crawl
from dazz_assets.extract.dedupe import ContentFingerprint
from dazz_assets.extract.list_events import ListEnd, ListPages, ListRestart
from dazz_assets.extract.mark_progress import MarkProgress
from dazz_assets.extract.marks import Source
from dazz_assets.extract.own_keys import count_shared, describe_repeated, require_own_keys
from dazz_assets.extract.parent_groups import name_sources, opens_no_list, widest
from dazz_assets.extract.ranges import Part
from dazz_assets.extract.seen_hashes import SeenHashes
from dazz_assets.extract.sync_state import SyncState, has_transaction
from dazz_assets.extract.writer import PassWriter
from dazz_assets.http import Page
from dazz_assets.http.errors import NOT_MODIFIED
from dazz_assets.lake import Commit, DataFile
from dazz_assets.lake.commit import PASSES
from dazz_assets.lake.table import remove_uncommitted
from dazz_assets.windows import to_microseconds

# A pass that may commit what it has does so after this many rows, but no sooner than this many seconds after its last
# commit. In no order of time, each commit writes a file of each window: it then waits for as many rows for each, or for
# so long that too much would be fetched again after an error.
_ROWS_PER_CHECKPOINT = 20_000
_ROWS_PER_FILE = 100
_SECONDS_PER_CHECKPOINT, _MOST_SECONDS_PER_CHECKPOINT = 10.0, 600.0
# A change may be written as the day that it was made on.
_DAY = 86_400_000_000
# The application transaction of a raw table that holds the fingerprint of all its rows, after a replacement.
_CONTENT = "content"


class Pass:
    """Walks its sources over one part of the plan, and stores what they list."""

    def __init__(self, state: SyncState, part: Part, sources: Sequence[Source]) -> None:
        self._state = state
        self._part = part
        bounds = {source.parent: state.plan.bounds(source, part) for source in sources}
        self._bounds = {parent: found for parent, found in bounds.items() if found is not None}
        self._sources = [source for source in sources if source.parent in self._bounds]
        self._progress = MarkProgress(state, part, self._bounds)
        self._watch = MarkWatch(state, self._sources, self._bounds)
        self._encoder = ThreadPoolExecutor(1, thread_name_prefix="dazz-encode")
        self._ascending = (
            state.stream.cursor is not None and state.stream.cursor.order == "asc" and not state.replaces_all
        )
        self._warnings_before = len(state.report.warnings)
        self._begin_listing()

    def _begin_listing(self) -> None:
        self._slices = self._new_slices()
        self._contents: dict[str | None, ContentFingerprint] = defaultdict(ContentFingerprint)
        self._lists_again = self._is_beside = self._part.is_listed_again
        self._complete: list[Source] = []
        self._without_list: list[Source] = []
        self._doubts: list[str] = []
        self._listed_at: datetime | None = None
        self._uncommitted_rows, self._committed_at = 0, time.monotonic()
        self._seen_keys = SeenHashes()
        self._added: dict[str | None, list[AddedRows]] = {}

    def run(self) -> None:
        """Walk and store. If that fails, remove what was written."""
        try:
            self._walk()
            if self._state.replaces_all:
                self._confirm_shrink()
            self._store()
        except BaseException:
            self._slices.discard()
            raise
        finally:
            self._encoder.shutdown()

    def _walk(self) -> None:
        """List the part, and then again the ranges in it that records left meanwhile. No mark has moved by then."""
        state = self._state
        for source in self._sources:
            if source.parent in state.alike:
                self._end_list(ListEnd([source], unusable=state.alike[source.parent]))
        usable = [source for source in self._sources if source.parent not in state.alike]
        self._list(
            usable, lambda sources: state.plan.steps(widest([self._bounds[source.parent] for source in sources]))
        )
        if state.session.asks_again and not self._lists_again:
            self._list_beside(state.exits.open_ends(self._part))
        self._lists_again = True
        self._list_beside(state.exits.take_ranges(self._part))

    def _list_beside(self, ranges: Sequence[tuple[Bounds, Sequence[Source]]]) -> None:
        """List ranges of sources whose lists were complete; if that fails, they are not."""
        wanted: dict[str | None, list[Bounds]] = defaultdict(list)
        for bounds, sources in ranges:
            for source in sources:
                wanted[source.parent].append(bounds)
        complete = [source for source in self._complete if source.parent in wanted]
        self._complete = [source for source in self._complete if source.parent not in wanted]
        self._is_beside = True
        self._list(complete, lambda group: list(dict.fromkeys(each for one in group for each in wanted[one.parent])))

    def _list(self, sources: Sequence[Source], ranges: Callable[[Sequence[Source]], Sequence[Bounds]]) -> None:
        state = self._state
        walks = Crawl(
            state.session,
            state.stream,
            state.client,
            ranges,
            lambda source: self._bounds[source.parent],
            trusts_total=state.trusts_total,
            reads_whole=state.is_unsorted,
        )
        for event in walks.events(sources, state.session.integration.concurrency):
            if isinstance(event, ListPages):
                self._add_pages(event)
            elif isinstance(event, ListEnd):
                self._end_list(event)
            elif isinstance(event, ListRestart):
                if not self._lists_again:
                    state.exits.forget(self._part, event)
                if state.replaces_all:
                    for source in event.sources:
                        self._withdraw_lists(source, event.first_list)

    def _add_pages(self, event: ListPages) -> None:
        state = self._state
        report = state.report
        report.pages += len(event.steps)
        report.received += event.received
        for step in event.steps:
            state.session.progress.page(
                state.session.name, state.stream.name, records=len(step.records), bytes_=len(step.page.body)
            )
        self._listed_at = self._listed_at or event.steps[0].page.fetched_at
        if not self._lists_again:
            state.exits.add(self._part, event)
        for source, rows in event.rows:
            for step in event.steps:
                self._note_accepted(source, step.page)
            self._add_rows(source, rows, event)
        if not self._is_checkpoint_due():
            return
        # With numbered pages, a record may have slipped past the pages read; only the end of the pass can tell.
        if self._ascending and not event.is_numbered and not state.row_filter.is_holding:
            self._checkpoint(
                {source.parent: self._progress.boundaries[source.parent].candidate_mark for source in self._sources}
            )
        elif not self._ascending and self._may_store_unfinished():
            # In any other order no mark is safe yet, but the rows are: an error later on does not throw them away.
            self._checkpoint({}, keep_unfinished=True)

    def _add_rows(self, source: Source, rows: RowBatch, event: ListPages) -> None:
        """Add the rows of one source in some pages."""
        state, boundary = self._state, self._progress.boundaries[source.parent]
        state.shape.add(rows)
        state.nested_lists.add(rows, state.shape.types())
        state.usable_check.add(rows)
        if state.cursor_signs.are_open:
            state.cursor_signs.add(rows)
        if source.parent in self._watch.marks:
            self._watch.add(source, rows)
        newest_before = boundary.candidate_mark
        # Rows outside the bounds are stored, but say nothing of the range.
        inside = rows.select(self._bounds[source.parent].contains(rows))
        boundary.add(inside, to_microseconds(event.steps[0].page.asked_at))
        for new in state.row_filter.filter_new(source, rows):
            self._write(new, event.list_number, event.first_open)
        since = self._bounds[source.parent].since  # What is before it was listed with the part before.
        moments = inside.moments if since is None else inside.moments[inside.moments >= since]
        if self._ascending and not is_ascending(moments, newest_before):
            self._ascending = False
            self._take_back_marks()

    def _is_checkpoint_due(self) -> bool:
        seconds, rows = time.monotonic() - self._committed_at, self._uncommitted_rows
        if rows < _ROWS_PER_CHECKPOINT or seconds < _SECONDS_PER_CHECKPOINT:
            return False
        makes_few_files = self._ascending or rows >= _ROWS_PER_FILE * self._slices.window_count
        return makes_few_files or seconds >= _MOST_SECONDS_PER_CHECKPOINT

    def _may_store_unfinished(self) -> bool:
        state = self._state
        return state.stream.cursor is not None and not state.replaces_all and not state.row_filter.is_holding

    def _withdraw_lists(self, source: Source, first_list: int) -> None:
        """Take back what the source's lists from this one on added: what was removed meanwhile must not stay in a
        complete list.

        Without `replaces_all`, the rows stay: they are versions of records, which the list held at that time.
        """
        lists = self._added.get(source.parent, [])
        while lists and lists[-1].list_number >= first_list:
            self._withdraw(source, lists.pop())

    def _withdraw(self, source: Source, added: AddedRows) -> None:
        state = self._state
        hashes = np.array(added.hashes, np.int64)
        self._progress.boundaries[source.parent].forget(hashes)
        self._slices.withdraw(added.sequences)
        state.row_filter.forget(hashes)
        self._seen_keys.remove(added.key_hashes)
        self._contents[source.parent].remove(hashes)
        state.report.repeated -= added.repeated
        state.report.problems -= added.problems

    def _note_accepted(self, source: Source, page: Page) -> None:
        """Note what a vendor says that its list lacks, and the stream can do without."""
        failure = page.accepted_failure if page.accepted_end is None else None
        if failure is not None and page.status == NOT_MODIFIED:
            check_unmodified(self._state.place, replaces_all=self._state.replaces_all)
        for said in (failure, page.accepted_errors):
            if said is not None:
                self._state.uncertain.add(source.parent)
                self._state.accepted.add(source.parent, said, page.status)

    def _end_list(self, event: ListEnd) -> None:
        state, error, parents = self._state, event.error, [source.parent for source in event.sources]
        if event.unusable is not None:
            state.passed_over |= dict.fromkeys(parents, event.unusable)
            state.has_unusable_parents = True
            return
        if event.doubt is not None:
            self._note_doubt(event, event.doubt)
        state.note_doubts(event)
        state.strays += event.strays
        if error is None and event.shifted:
            self._note_shifted(event)
        if event.nulls:  # Each may stand for a record of any of the parents, so none is known to be gone.
            state.nulls += event.nulls
            state.with_nulls.update(parents)
        for parent in parents:
            self._added.pop(parent, None)
        if event.has_no_list and state.stream.parents == "changed":
            self._without_list += event.sources
            state.without_list.update(parents)
        elif error is None:
            self._complete += event.sources
            if not self._is_beside:
                self._note_whole_list(event)
        elif state.stream.parent is None or opens_no_list(error, has_listed=bool(self._complete or self._without_list)):
            raise error
        elif error.is_of_one_parent:
            state.passed_over |= dict.fromkeys(parents, str(error))
        else:
            state.failed |= dict.fromkeys(parents, error)

    def _note_whole_list(self, event: ListEnd) -> None:
        self._state.note_whole_list(event)
        if event.position is None or self._part.until is not None:
            return
        for source in filter(self._progress.follows_mark, event.sources):
            source.position = self._state.client.mask(event.position)

    def _note_doubt(self, event: ListEnd, doubt: str) -> None:
        """Warn, and keep the mark where it is: if records are missing, they lie behind it."""
        state, parents = self._state, {source.parent for source in event.sources}
        state.uncertain |= parents
        where = "" if state.stream.parent is None else f"{name_sources(state.stream, event.sources)}: "
        self._doubts.append(f"{where}{doubt}")
        state.report.warnings.append(f"{where}{doubt}")
        if not state.replaces_all:
            state.mark_stays |= parents
            state.report.add_gap(f"{where}records may be missing; {state.describe_retry(event.sources)}")

    def _note_shifted(self, event: ListEnd) -> None:
        """Keep the mark where it is, since some records may be missing. Raises SyncError if the list replaces all."""
        state, parents = self._state, {source.parent for source in event.sources}
        state.uncertain |= parents
        state.mark_stays |= parents
        where = "" if state.stream.parent is None else f" of {name_sources(state.stream, event.sources)}"
        problem = f"records{where} moved to other pages each time they were listed, so some may be missing"
        if state.replaces_all:
            raise SyncError(f"{state.place}: {problem}; the stored records were not replaced. Sync again")
        state.report.add_gap(f"{problem}; {state.describe_retry(event.sources)}")

    def _write(self, rows: RowBatch, list_number: int = 0, first_open: int = 0) -> None:
        if not len(rows):
            return
        sequences = self._slices.add(rows)
        self._uncommitted_rows += len(rows)
        self._state.report.problems += rows.problem_count
        if self._state.is_first:
            self._state.shared_keys += count_shared(rows)
        if self._state.replaces_all:
            self._contents[rows.parent].add(rows.content_hashes)
            self._note_added(rows, sequences, list_number, first_open)

    def _note_added(self, rows: RowBatch, sequences: range, list_number: int, first_open: int) -> None:
        """Remember the rows of a source's lists that may be void yet, and count keys that come again in a whole list.

        Such a key is not unique, and its latest version would be only one of its records.
        """
        lists = [added for added in self._added.get(rows.parent, ()) if added.list_number >= first_open]
        if not lists or lists[-1].list_number != list_number:
            lists.append(AddedRows(list_number))
        self._added[rows.parent], added = lists, lists[-1]
        key_hashes = hash_keys(rows)
        is_new = self._seen_keys.add_new(key_hashes)
        # What changed since the first page was listed may have come before as it was.
        changed_from = to_microseconds(self._listed_at) - _DAY if self._listed_at else 0
        repeated = int((~is_new & (rows.cursor_at < changed_from)).sum())
        self._state.report.repeated += repeated
        added.sequences.extend(sequences)
        added.hashes.frombytes(rows.content_hashes.tobytes())
        added.key_hashes.frombytes(key_hashes[is_new].tobytes())
        added.repeated += repeated
        added.problems += rows.problem_count

    def _checkpoint(self, marks: dict[str | None, int | None], *, keep_unfinished: bool = False) -> None:
        """Commit what was listed so far. marks: of ascending walks the newest record; nothing before it is missing."""
        self._commit_slices(marks, finished=False, keep_unfinished=keep_unfinished)
        self._slices = self._new_slices()
        self._uncommitted_rows, self._committed_at = 0, time.monotonic()

    def _take_back_marks(self) -> None:
        """Put back the marks that checkpoints moved: in a list that is not sorted, they may pass what is to come.

        A sync that dies between such a checkpoint and the first page out of order leaves them.
        """
        if taken := self._progress.take_back(self._sources):
            self._state.commit(Commit(transactions=taken, takes_back_mark=True))

    def _store(self) -> None:
        state = self._state
        if state.failed and state.identity_changed:
            # What is stored of the failed parents can't be kept beside rows with another key.
            self._slices.discard()
            return
        state.keep_doubted_marks()
        for rows in state.row_filter.release_complete(self._complete):
            self._write(rows)
        if self._watch.may_ask(self._complete):  # What was listed is safe before more is asked for.
            self._checkpoint({}, keep_unfinished=True)
            self._watch.examine(self._complete)
        if state.replaces_all:
            state.require_usable()
            self._replace_stored()
        else:
            self._commit_slices(
                {source.parent: self._progress.boundaries[source.parent].candidate_mark for source in self._complete}
            )
        if self._part.until is None:
            for source in self._complete:
                if self._progress.follows_mark(source) and source.parent not in state.uncertain:
                    self._progress.note_listed(source)
        for source in self._without_list:
            self._progress.note_no_list(source)

    def _replace_stored(self) -> None:
        """Replace everything stored with what was listed, but keep the rows of parents that could not be listed."""
        state = self._state
        unlisted = self._unlisted_parents()
        files = self._slices.close(without_parents=unlisted)
        if state.report.repeated:
            require_own_keys(state, files, beside=None)
            state.report.warnings.append(describe_repeated(state.stream, state.report.repeated))
        self._count_rows()
        for parent in unlisted:
            self._contents.pop(parent, None)
        if not state.identity_changed:
            files = self._copy_stored_rows(unlisted)
        content = self._content_fingerprint()
        starts: dict[str, int] = {}
        if state.stream.cursor is not None:
            starts = state.start_of_first_marks(beside_others=bool(unlisted) and not state.identity_changed)
        departures = Departures(state, state.uncertain | state.with_nulls | unlisted, self._listed_at)
        if not state.identity_changed and has_transaction(state.stored, _CONTENT, content):
            for file in files:
                remove_uncommitted(state.table, file)
            departures.confirm()
            departed = departures.transaction()
            if any(not has_transaction(state.stored, name, value) for name, value in departed.items()):
                departed[PASSES] = state.next_pass_number()  # Parsers that ask for them see a change.
            state.commit(Commit(transactions=departed | starts | self._advance_marks(self._complete)))
            return
        departures.record(files)
        for source in self._sources:
            if source.parent not in unlisted or state.identity_changed:
                source.mark = source.covered = source.listed = None
        transactions = {PASSES: state.next_pass_number(), _CONTENT: content, **starts, **departures.transaction()}
        state.commit(Commit(files, "everything", transactions | self._advance_marks(self._complete)))

    def _unlisted_parents(self) -> set[str]:
        """The parents that were not listed: unchanged, refused, without a list, or with a list that failed."""
        state = self._state
        unlisted = (*state.unchanged, *state.passed_over, *state.without_list, *state.failed)
        return {parent for parent in unlisted if parent is not None}

    def _confirm_shrink(self) -> None:
        """List again if far fewer records came than are stored, since a list is rarely cut down at once.

        Raises SyncError if the second list is as short and has other records, or if a total says that it is not whole.
        """
        state = self._state
        if state.accepts_shrink or (loss := self._find_loss()) is None:
            return
        if not self._sources:
            state.report.warnings.append(f"{loss}, as all {state.stream.parent} that they belonged to are gone")
            return
        first = self._content_fingerprint()
        self._slices.discard()
        del state.report.warnings[self._warnings_before :]  # They are about a list that counts no more.
        state.begin_again()
        self._begin_listing()
        state.session.pause(loss.pause)
        self._walk()
        if self._find_loss() is None:
            return
        if self._doubts:
            raise loss.refuse(state, self._doubts[0])
        if self._content_fingerprint() != first:
            raise loss.refuse(state, "a second list had other records")
        if loss.is_told:
            state.report.warnings.append(f"{loss}; a second list said the same, so they were replaced")

    def _find_loss(self) -> Loss | None:
        return find_loss(self._state, self._slices.added, self._unlisted_parents())

    def _advance_marks(self, sources: Sequence[Source]) -> dict[str, int]:
        transactions: dict[str, int] = {}
        for source in sources:
            transactions |= self._progress.advance(source, self._progress.boundaries[source.parent].candidate_mark)
        return transactions

    def _content_fingerprint(self) -> int:
        """Fingerprint of all rows to be stored."""
        combined = ContentFingerprint()
        for content in self._contents.values():
            combined.include(content)
        return combined.value()

    def _commit_slices(
        self, marks: dict[str | None, int | None], *, finished: bool = True, keep_unfinished: bool = False
    ) -> None:
        """Commit the slices. marks: the new mark of each source, by parent, which is safe once they are stored."""
        state = self._state
        unfinished = set() if keep_unfinished else {source.parent for source in self._sources} - set(marks) - {None}
        files = self._slices.close(without_parents={parent for parent in unfinished if parent is not None})
        require_own_keys(state, files, beside=state.stored)
        state.note_set_back(files)
        self._count_rows()
        # Added rows invalidate the content fingerprint of the last replacement.
        transactions: dict[str, int] = {PASSES: state.next_pass_number(), _CONTENT: 0} if files else {}
        unmarked = [source for source in self._sources if source.mark is None]
        for source in self._sources:
            if source.parent in marks:
                transactions |= self._progress.advance(source, marks[source.parent], finished=finished)
        if any(source.mark is not None for source in unmarked):
            transactions |= state.start_of_first_marks(beside_others=state.stream.parent is not None)
        state.commit(Commit(files, "nothing", transactions))

    def _copy_stored_rows(self, parents: set[str]) -> list[DataFile]:
        """Add the stored rows of some parents to what was written. Returns all files."""
        stored, wanted = self._state.stored, pa.array(sorted(parents), pa.string())
        for window in {file.window for file in stored.files} if parents else ():
            for batch in stored.read(windows=[window]):
                rows = batch.filter(pc.is_in(batch.column("parent"), wanted))
                self._contents[None].add(rows.column("content_hash").to_numpy())
                self._slices.copy(window, rows)
        return self._slices.close()

    def _count_rows(self) -> None:
        report = self._state.report
        for window, rows in self._slices.rows.items():
            if rows:
                report.windows[window] = report.windows.get(window, 0) + rows
                report.records += rows

    def _new_slices(self) -> PassWriter:
        state = self._state
        newest = state.stored.max_value("sequence")
        # Sequence numbers grow from sync to sync: starting at the clock's microseconds leaves room for each pass.
        first = max(time.time_ns() // 1_000, (newest or 0) + 1)
        return PassWriter(state.table, first, self._encoder, windowed=state.stream.windowed)
