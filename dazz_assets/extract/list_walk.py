"""Walks the list of one source, or of several parents that are asked for together, and reads its pages into rows."""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dazz_assets.extract.batch import RowBatch, join_rows
from dazz_assets.extract.bounds import Bounds, lies_outside
from dazz_assets.extract.completeness.list_order import NewestFirstWatch
from dazz_assets.extract.completeness.list_progress import CutShortError, ListProgress
from dazz_assets.extract.completeness.other_range import describe_other_range
from dazz_assets.extract.equal_records import EqualRecords, is_keyless
from dazz_assets.extract.list_events import ListEnd, ListPages, ListRestart, WalkEvent
from dazz_assets.extract.marks import Source
from dazz_assets.extract.parent_groups import PageReader
from dazz_assets.extract.stream_requests import SentBounds, UnusableParentError, build_request, sent_bounds
from dazz_assets.extract.walk_stream import walk_stream
from dazz_assets.http import (
    FetchError,
    Offset,
    Page,
    PageNumber,
    PlaceLostError,
    RangeTooLargeError,
    RefusedError,
    ResponseTooLargeError,
    VendorReportedError,
)
from dazz_assets.http.client import Client
from dazz_assets.http.page import WalkedPage
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.windows import to_microseconds

# Statuses with which an API refuses a list that is too large, or asks for a filter.
_REFUSES_WITHOUT_FILTER = frozenset({400, 413, 416, 422})
_NO_FILTER_ADVICE = (
    "No filter was sent, since the stream's Cursor has `nulls`: a filter would leave out records whose cursor is null. "
    "If the filter lists them too, set `nulls_listed=True`; if the vendor takes no list without one, leave out `nulls`."
)
# A vendor may read bounds in its own time zone, or by the day: records up to a day outside them are usual.
_FAR = 86_400_000_000
# Read a shifting list at most this often.
_MOST_READS = 3
# Other statuses with which an API refuses a request for several parents because of one of them, or of their number.
_MAY_BE_OF_ONE = frozenset({400, 413, 414, 422})
# Statuses that say that there is no such list.
_NO_LIST = frozenset({404, 410})
_REFUSES_NUMBER = (RefusedError, ResponseTooLargeError, VendorReportedError)


@dataclass(slots=True)
class _Halved:
    """A group of so many parents that was refused. taken: how many of its halves were listed whole."""

    size: int
    refusal: str
    taken: int = 0


class _OneRefusedError(Exception):
    """The answer to a request for several parents is one that the stream accepts, but it may be about one of them."""


class _EarlyEnd:
    """Says whether the walk of a list may end with a page that is not the last: at what is stored already, or at the
    most pages that are to be read.

    leaves_out: whether the list may lack records on purpose.
    """

    def __init__(
        self,
        stream: StreamSpec,
        bounds: Bounds,
        max_pages: int | None,
        read_rows: Callable[[Sequence[WalkedPage]], list[tuple[Source, RowBatch]]],
        *,
        reads_whole: bool,
    ) -> None:
        is_newest_first = stream.cursor is not None and stream.cursor.order == "desc"
        self._is_newest_first = is_newest_first and bounds.since is not None and not reads_whole
        self._bounds = bounds
        self._max_pages = max_pages
        self._read_rows = read_rows
        self._watch = NewestFirstWatch(bounds)
        # Rows of pages that were read before the walk yields them.
        self._rows: dict[int, list[tuple[Source, RowBatch]]] = {}
        self.leaves_out = False

    @property
    def is_possible(self) -> bool:
        return self._is_newest_first or self._max_pages is not None

    def find_reason(self, step: WalkedPage) -> str | None:
        """Why the walk ends with this page, if it does. Call with each page in order."""
        reason = None
        if step.number == 1:
            self._watch = NewestFirstWatch(self._bounds)
        if self._is_newest_first:
            self._rows[step.number] = self._read_rows([step])
            if self._watch.has_passed(self._rows[step.number][0][1].moments.tolist()):
                reason = "it reached what is stored already"
        if self._max_pages is not None and step.number >= self._max_pages:
            reason = f"at most {self._max_pages} pages of each list are read"
        self.leaves_out = self.leaves_out or reason is not None or self._max_pages is not None
        return reason

    def take_rows(self, step: WalkedPage) -> list[tuple[Source, RowBatch]] | None:
        """The rows of a page, if they had to be read."""
        return self._rows.pop(step.number, None)


class ListWalk:
    """Lists one source, or several parents in the same requests: splits the range if the API cuts the list short, reads
    it again if records change pages, and asks for fewer parents if the API refuses them together.

    trusts_total: see `ListProgress`. reads_whole: whether a list is read to its end though it shall be newest first.
    concurrency: how many requests it may have in flight now.
    """

    def __init__(
        self,
        session: Session,
        stream: StreamSpec,
        client: Client,
        page_reader: PageReader,
        sources: Sequence[Source],
        bounds_of: Callable[[Source], Bounds],
        *,
        trusts_total: bool = False,
        reads_whole: bool = False,
        concurrency: Callable[[], int],
    ) -> None:
        self._trusts_total = trusts_total
        self._reads_whole = reads_whole
        self._concurrency = concurrency
        self._session = session
        self._stream = stream
        self._client = client
        self._sources = sources
        self._bounds_of = bounds_of
        self._page_reader = page_reader
        self._lists_read, self._first_list = 0, 1
        self._position: str | None = None
        self._doubt: str | None = None
        self._strays = self._nulls = self._missing_lists = 0
        self._stopped = False
        self._stop_walk = threading.Event()

    def stop(self) -> None:
        """Make the walk send nothing more and end any wait. Call from another thread."""
        self._stopped = True
        self._stop_walk.set()

    def events(self, ranges: Callable[[Sequence[Source]], Sequence[Bounds]]) -> Generator[WalkEvent]:
        """Yield the pages of the sources, and the end of each list, which carries the error if the walk fails."""
        pending: list[tuple[Sequence[Source], _Halved | None]] = [(self._sources, None)]
        while pending:
            (self._sources, halved), self._first_list = pending.pop(0), self._lists_read + 1
            try:
                yield from self._list_sources(ranges(self._sources))
                self._note_halved(halved)
            except (FetchError, UnusableParentError, _OneRefusedError) as error:
                if len(self._sources) > 1 and _may_be_of_one(error):
                    yield ListRestart(self._sources, self._first_list)
                    middle = len(self._sources) // 2
                    halves = _Halved(len(self._sources), error.problem) if isinstance(error, _REFUSES_NUMBER) else None
                    pending = [(self._sources[:middle], halves), (self._sources[middle:], halves), *pending]
                    continue
                failure = error if isinstance(error, FetchError) else None
                unusable = str(error) if isinstance(error, UnusableParentError) else None
                yield ListEnd(self._sources, error=failure, unusable=unusable)

    def _note_halved(self, halved: _Halved | None) -> None:
        """Warn of a group that the vendor refused, and of which it took both halves: it was too large."""
        if halved is None:
            return
        halved.taken += 1
        if halved.taken == 2:
            name, most = self._stream.parent, halved.size // 2
            self._client.warn(
                f"parents per request of {self._stream.name}",
                f"the vendor refused a request for {halved.size} of {name} and took two for half as many each: the "
                f"number is too large for it. Set parents_per_request = {most} on {self._stream.stream.__name__}. It "
                f"had said: {halved.refusal}",
            )

    def _list_sources(self, pending: Sequence[Bounds]) -> Generator[WalkEvent]:
        """List these ranges, one after another. Raises FetchError, UnusableParentError, _OneRefusedError."""
        reason, shifted, total, agrees, lists_before = "", False, None, False, self._lists_read
        is_unsorted: bool | None = None
        doubts: set[str] = set()
        self._position, self._doubt = None, None
        self._strays = self._nulls = self._missing_lists = 0
        while pending:
            current, *pending = pending
            progress = yield from self._read_until_stable(current)
            reason = progress.end_reason
            remaining = self._remaining_bounds(current, progress) if progress.is_cut_short else []
            if len(remaining) > 1:
                yield ListRestart(self._sources, self._lists_read)
            else:
                # Of a list that is split, only what its halves are like counts.
                shifted = shifted or progress.surely_shifted
                self._nulls += progress.nulls
                self._strays += progress.strays
                doubts |= progress.doubts
            if progress.is_unsorted is not None:
                is_unsorted = is_unsorted or progress.is_unsorted
            if not progress.is_cut_short:
                total, agrees = progress.total, progress.agrees_with_total
                self._note_total(progress)
            pending = [*remaining, *pending]
        is_only_list = self._lists_read == lists_before + 1
        yield ListEnd(
            self._sources,
            reason,
            shifted=shifted,
            total=total if is_only_list else None,
            agrees_with_total=agrees and is_only_list,
            position=self._position,
            doubt=self._doubt,
            strays=self._strays,
            nulls=self._nulls,
            has_no_list=self._missing_lists == self._lists_read - lists_before,
            is_unsorted=is_unsorted,
            doubts=doubts,
        )

    def _note_total(self, progress: ListProgress) -> None:
        """Tell of a list that looks whole but for its total, and of a declared total that is not there."""
        if progress.is_below_total:
            self._doubt = progress.describe_doubt()
        if progress.lacks_declared_total:
            name = self._stream.stream.__name__
            self._client.warn(
                f"total of {self._stream.name}",
                f"no page of {self._stream.name} has a number at `{self._stream.total}`, so nothing shows that the "
                f"list is whole. Correct `total` on {name}",
            )

    def _read_until_stable(self, bounds: Bounds) -> Generator[WalkEvent, None, ListProgress]:
        """Read a list, again if records moved to other pages or the vendor forgot the walk's place in it.

        Pages that are asked for ahead may be answered in another order than theirs: when it is read again, none is.
        """
        progress = yield from self._read_list(bounds, looks_ahead=self._may_look_ahead)
        for _ in range(_MOST_READS - 1):
            if progress.lost_place is None and (progress.is_cut_short or not progress.shifted):
                break
            if progress.lost_place is not None and self._find_rest(bounds, progress) is not None:
                break
            yield ListRestart(self._sources, self._lists_read)
            earlier, progress = progress, (yield from self._read_list(bounds, looks_ahead=False))
            if progress.settle_moves(earlier):
                self._client.warn(f"shared keys of {self._stream.name}", progress.describe_shared_keys())
        if progress.lost_place is not None:
            if self._find_rest(bounds, progress) is None:
                raise progress.lost_place
            progress.end_at_limit(progress.lost_place)
        elif progress.shifted and not progress.surely_shifted and not progress.is_cut_short:
            self._tell_of_shift(progress)
        if progress.is_mixed:
            self._client.warn(f"mixed pages of {self._stream.name}", progress.describe_mixed())
        if progress.is_unsorted:
            self._client.warn(f"order of {self._stream.name}", progress.describe_order())
        return progress

    def _tell_of_shift(self, progress: ListProgress) -> None:
        """Tell that records may have moved, where it is no reason to fail."""
        if progress.may_lack_moved:
            self._doubt = progress.describe_moves()
        else:
            self._client.warn(f"shifting {self._stream.name}", progress.describe_shift())

    def _find_rest(self, bounds: Bounds, progress: ListProgress) -> Bounds | None:
        """The bounds that list the rest of a range, of which the list that was read is the beginning; None if not."""
        cursor = self._stream.cursor
        if len(self._sources) > 1:  # What is missing may be all that belongs to one of them.
            return None
        if cursor is None or not self._stream.takes_since or not progress.respects_bounds:
            return None
        is_beginning = cursor.order == "asc" and progress.is_ascending
        return bounds.continue_after(progress.newest) if is_beginning else None

    def _remaining_bounds(self, bounds: Bounds, progress: ListProgress) -> list[Bounds]:
        """Return the bounds that list the rest of a range that was cut short, or both its halves. Raises FetchError.

        A total that never agreed with a list may mean something else, so it is no reason to fail: it is told.
        """
        if (rest := self._find_rest(bounds, progress)) is not None:
            return [rest]
        may_split = self._stream.cursor is not None and self._stream.takes_since and progress.respects_bounds
        if may_split and (halves := bounds.split(self._stream, to_microseconds(self._session.now()))):
            return list(halves)
        if progress.is_only_doubtful:
            self._doubt = progress.describe_doubt()
            return []
        raise progress.make_error().add_context(self._client.where, self._stream.request_line, self._client.mask)

    def _read_list(self, bounds: Bounds, *, looks_ahead: bool) -> Generator[WalkEvent, None, ListProgress]:
        progress = ListProgress(self._stream, trusts_total=self._trusts_total, looks_ahead=looks_ahead)
        self._lists_read += 1
        sent = sent_bounds(self._session, self._stream, bounds)
        early_end = _EarlyEnd(
            self._stream, bounds, self._session.max_pages, self._read_rows, reads_whole=self._reads_whole
        )
        has_begun, equal = False, self._watch_equal()
        try:
            with closing(self._begin_walk(bounds, sent, early_end, looks_ahead=looks_ahead)) as batches:
                for steps in batches:
                    if steps[0].number == 1 and has_begun:  # After a failure, the code lists all of it again.
                        yield ListRestart(self._sources, self._lists_read)
                        self._lists_read += 1
                        progress = progress.begin_again()
                        equal = self._watch_equal()
                    has_begun = True
                    self._missing_lists += sum(_says_no_list(step.page) for step in steps)
                    rows = early_end.take_rows(steps[0]) or self._read_rows(steps)
                    # Records that are left out on purpose are not missing.
                    if early_end.leaves_out:
                        progress.stop()
                    whole = join_rows([own for _, own in rows])
                    progress.add(steps, whole, int(np.count_nonzero(bounds.contains(whole))))
                    progress.strays += self._count_strays(whole, bounds, sent)
                    if steps[0].number == 1 and sent is not None:
                        told = describe_other_range(self._session, self._stream, steps[0].page, bounds, sent, whole)
                        self._doubt = told or self._doubt
                    self._position = steps[-1].position or self._position
                    if equal is not None:
                        rows = [(source, equal.number(own)) for source, own in rows]
                    yield self._make_event(steps, rows, bounds, sent, is_numbered=progress.is_numbered)
        except FetchError as error:
            self._note_failure(error, bounds, progress)
        if equal is not None and equal.uncounted:
            self._client.warn(f"equal records of {self._stream.name}", equal.describe_uncounted())
        return progress

    def _watch_equal(self) -> EqualRecords | None:
        return EqualRecords(self._stream) if is_keyless(self._stream) else None

    @property
    def _may_look_ahead(self) -> bool:
        counts = isinstance(self._stream.paginator, Offset | PageNumber)
        return counts and self._session.looks_ahead and self._session.integration.concurrency > 1

    def _begin_walk(
        self, bounds: Bounds, sent: SentBounds | None, early_end: "_EarlyEnd", *, looks_ahead: bool
    ) -> Generator[Sequence[WalkedPage]]:
        """The pages of a list: several at once only where none need be looked at alone."""
        batches = walk_stream(
            self._session,
            self._stream,
            self._client,
            build_request(self._session, self._stream, [source.fields for source in self._sources], sent),
            position=self._sources[0].position if bounds.resumes else None,
            # Pages are asked for ahead with less care where nothing ends the walk before its end.
            should_stop=early_end.find_reason if early_end.is_possible else None,
            stop=self._new_stop_event(),
            concurrency=self._concurrency if looks_ahead else lambda: 1,
        )
        if early_end.is_possible or self._stream.parent_key is not None:
            return _take_apart(batches)
        return batches

    def _read_rows(self, steps: Sequence[WalkedPage]) -> list[tuple[Source, RowBatch]]:
        """The rows of each source in some pages. Raises _OneRefusedError, UnknownParentError."""
        if len(self._sources) > 1 and any(
            step.page.accepted_failure is not None or step.page.accepted_errors is not None for step in steps
        ):
            raise _OneRefusedError
        return self._page_reader.read(steps, self._sources)

    def _make_event(
        self,
        steps: Sequence[WalkedPage],
        rows: list[tuple[Source, RowBatch]],
        bounds: Bounds,
        sent: SentBounds | None,
        *,
        is_numbered: bool,
    ) -> ListPages:
        wanted = [(source, self._select_wanted(source, own, bounds, sent)) for source, own in rows]
        kept = [(source, own) for source, own in wanted if len(own) or steps[0].number == 1]
        received = sum(len(own) for _, own in rows)
        first_open = self._first_list if len(self._sources) > 1 else self._lists_read
        rows = kept or wanted[:1]
        ends_at = sent.ends_at if sent is not None and self._stream.closes_open_ranges else None
        return ListPages(
            self._lists_read, first_open, steps, received, rows, self._sources, is_numbered, bounds, ends_at
        )

    def _note_failure(self, error: FetchError, bounds: Bounds, progress: ListProgress) -> None:
        """Note where the list ended, if the failure says no more than that. Raises the error otherwise."""
        if bounds.since is None and self._stream.takes_since and error.status in _REFUSES_WITHOUT_FILTER:
            error.advice = _NO_FILTER_ADVICE
            raise error
        if progress.is_result_limit(error):
            progress.end_at_limit(error)
        elif isinstance(error, PlaceLostError):
            progress.lost_place = error
        else:
            raise error

    def _new_stop_event(self) -> threading.Event:
        """An event for one list; already set if `stop` was called before the list began."""
        self._stop_walk = threading.Event()
        if self._stopped:
            self._stop_walk.set()
        return self._stop_walk

    def _select_wanted(self, source: Source, rows: RowBatch, bounds: Bounds, sent: SentBounds | None) -> RowBatch:
        """The rows of a source to be stored: those in its own range too, where several were asked for together."""
        is_inside = bounds.contains(rows)
        if len(self._sources) > 1 and len(rows):
            own = self._bounds_of(source)
            is_inside &= own.contains(rows)
            if not self._stream.takes_since:  # The same was asked for whatever the bounds.
                sent = sent_bounds(self._session, self._stream, own)
        return rows.select(is_inside | self._find_unasked(rows, bounds, sent))

    def _find_unasked(self, rows: RowBatch, bounds: Bounds, sent: SentBounds | None) -> NDArray[np.bool_]:
        """The rows outside the range that was asked for: no other list need bring them.

        What lies beyond the upper bound only because it is sent rounded comes with the next range. The old records at
        the end of a list that is sorted newest first are stored already.
        """
        if sent is None or not self._keeps_unasked(bounds):
            return np.zeros(len(rows), np.bool_)
        return lies_outside(rows, sent.lowest, sent.highest)

    def _keeps_unasked(self, bounds: Bounds) -> bool:
        cursor = self._stream.cursor
        return cursor is not None and not bounds.is_chosen and (cursor.order != "desc" or self._stream.takes_since)

    def _count_strays(self, rows: RowBatch, bounds: Bounds, sent: SentBounds | None) -> int:
        """How many rows lie far outside the range that was asked for."""
        if sent is None or not self._keeps_unasked(bounds):
            return 0
        lowest = sent.lowest - _FAR if self._stream.takes_since and sent.lowest is not None else None
        highest = sent.highest + _FAR if self._stream.takes_until and sent.highest is not None else None
        return int(lies_outside(rows, lowest, highest).sum())


def _take_apart(batches: Generator[Sequence[WalkedPage]]) -> Generator[Sequence[WalkedPage]]:
    """The same pages one by one."""
    with closing(batches):
        for steps in batches:
            yield from ([step] for step in steps)


def _says_no_list(page: Page) -> bool:
    """Whether a page without records is accepted though the vendor says that there is no such list."""
    return page.accepted_failure is not None and page.accepted_end is None and page.status in _NO_LIST


def _may_be_of_one(error: Exception) -> bool:
    """Whether a request for several parents may have failed because of one of them, or because there were so many."""
    if isinstance(error, RefusedError):
        return error.is_of_one_parent or error.status in _MAY_BE_OF_ONE
    kinds = (CutShortError, RangeTooLargeError, ResponseTooLargeError, VendorReportedError, UnusableParentError)
    return isinstance(error, (*kinds, _OneRefusedError))
