"""Checks whether a walk listed everything."""

import re
from base64 import b64decode
from collections.abc import Sequence

import numpy as np

from dazz_assets.counts import format_count
from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.completeness.list_order import WholeListOrder, is_ascending
from dazz_assets.extract.completeness.moved_records import MovedRecords
from dazz_assets.extract.completeness.vendor_total import TotalPlace, find_total
from dazz_assets.extract.equal_records import is_keyless
from dazz_assets.http import (
    FetchError,
    LoopError,
    Offset,
    PageNumber,
    Paginator,
    PlaceLostError,
    RangeTooLargeError,
)
from dazz_assets.http.page import Request, WalkedPage, sent_pairs
from dazz_assets.http.paging.next_page_hints import find_end_flag
from dazz_assets.http.paging.paging_names import means_page_size, means_place, normalize
from dazz_assets.spec.specs import StreamSpec

# Statuses with which APIs refuse pages beyond their result limit, and how they say so.
_PAST_LIMIT_STATUSES = frozenset({400, 404, 413, 416, 422})
_PAST_LIMIT = re.compile(
    r"result.?window|too (large|deep|many|big|high)|deep pag|out of (range|bounds)|beyond|exceed|maximum|\bmax[ _.]|"
    r"at most|no more than|only (the )?first|limit(ed)? (of|to|is)|pagination limit|10[,._]?000|last page",
    re.IGNORECASE,
)
# How APIs refuse a range from its first page on.
_RANGE_TOO_LARGE = re.compile(
    r"\b(too many (results|records|rows|items|entries)|"
    r"(narrow|reduce|shorten|split) (down )?(the|your) \w*.?(range|period)|"
    r"(range|period|interval|time ?(span|frame)|between (the )?\w+ and \w+)[^.]{0,40}"
    r"(too (large|long|wide|big)|exceed|at most|no more than|longer than|more than|maximum|limited to|\d+ days)|"
    r"(maximum|max\.?|longest) ([\w-]+ ){0,2}(range|period|interval|time ?span))",
    re.IGNORECASE,
)
# URLs that may count pages or records, and paths that do.
_MAY_COUNT = re.compile(r"[?&][^=]*(page|offset|skip|start|index)", re.IGNORECASE)
_PAGE_IN_PATH = re.compile(r"/(?:page|p)/(\d{1,9})/?(?=[?#]|$)", re.IGNORECASE)
# Digits of a number that counts pages or records.
_MOST_DIGITS = 12
_ENCODED_PLACE = re.compile(r"(?:[A-Za-z_]+[:=])?(\d{1,12})")
_LONGEST_PLACE = 64
# What one query returns is bounded at a multiple of this.
_ROUND = 500


class CutShortError(FetchError):
    """The vendor lists fewer records than it has, and the range can't be split further."""

    advice = (
        "Give the stream's Cursor both `since` and `until`, so that its range can be split; or narrow its `params`."
    )


class ListProgress:
    """Follows the pages of one walk to tell whether the list is complete.

    trusts_total: whether the vendor's total has agreed with a list before, or the stream names it. Otherwise it may
    mean something else: the records of the page, of another filter, an estimate.
    looks_ahead: whether pages may be answered in another order than theirs.
    end_reason: why the last page was the last. newest: the greatest cursor seen, in microseconds.
    is_ascending: whether cursors came in ascending order. nulls: how many items were null, and so no rows.
    strays: how many records lie far outside the range that was asked for.
    """

    def __init__(self, stream: StreamSpec, *, trusts_total: bool = False, looks_ahead: bool = False) -> None:
        self._stream = stream
        self._trusts_total = trusts_total or bool(stream.total)
        self._looks_ahead = looks_ahead
        self._moved = MovedRecords(ignores_same=stream.cursor is not None and not looks_ahead)
        self._listed = RecentHashes()
        self._places = PlaceWatch(stream.paginator)
        self._idle_pages = 0
        self._ignores_total = False
        self._received = self._inside = self.nulls = self.strays = 0
        self._page_sizes: list[int] = []
        self._total_place = TotalPlace(stream.total) if stream.total else None
        self._total: int | None = None
        self._least_total: int | None = None
        self._greatest_total = self._first_total = 0
        self._stopped = False
        self._refused: FetchError | None = None
        self.lost_place: PlaceLostError | None = None
        """The walk ended because the vendor no longer took its own place in the list."""
        self.end_reason = ""
        self.newest: int | None = None
        self.is_ascending = True
        self._order = WholeListOrder() if stream.cursor is not None and stream.cursor.order == "desc" else None
        self._total_shrank = False
        self.doubts: set[str] = set()
        """The keys of warnings that records may be missing."""

    def begin_again(self) -> "ListProgress":
        """Follow the list from its start again. A walk that was stopped stays so."""
        again = ListProgress(self._stream, trusts_total=self._trusts_total, looks_ahead=self._looks_ahead)
        again._stopped = self._stopped
        return again

    def add(self, steps: Sequence[WalkedPage], rows: RowBatch, inside: int) -> None:
        """Add pages that follow one another, with their rows; inside: how many of them lie inside the walk's bounds."""
        self.end_reason = steps[-1].end_reason or ""
        self._inside += inside
        ends = np.cumsum(np.bincount(rows.origin_of, minlength=len(steps))).tolist()
        self._note_order(rows, ends[0] if steps[0].number == 1 else 0)
        for step, end in zip(steps, ends, strict=True):
            self._places.add(step, rows.keys[end - 1] if end else None)
        if self.is_numbered or steps[0].number <= 2:  # Whether pages are numbered is seen from the second one on.
            self._moved.add(rows, steps[0].number)
        hashes = rows.content_hashes.tolist()
        for step, start, end in zip(steps, [0, *ends], ends, strict=False):
            # The vendor's total counts nulls too.
            self._received += len(step.records)
            self.nulls += len(step.records) - (end - start)
            self.doubts.update(step.doubts)
            self._note_idle(step, hashes[start:end])
            if step.records:
                self._page_sizes.append(len(step.records))
            self._note_total(step)

    @property
    def is_numbered(self) -> bool:
        """Whether its pages are requested by numbers of pages or records."""
        return self._places.is_numbered

    @property
    def total(self) -> int | None:
        """The vendor's total; None if it gives none, may mean the page's, or the walk was stopped early."""
        return self._total if not self._stopped and (self._is_told or self._received == self._total) else None

    @property
    def _is_told(self) -> bool:
        """Whether the total is one by its name, or was found to be."""
        return self._trusts_total or self._total_place is None or self._total_place.known_by != "nothing"

    def stop(self) -> None:
        """Note that the walk ends early on purpose."""
        self._stopped = True

    def is_result_limit(self, error: FetchError) -> bool:
        """Whether the failure of the next page marks the vendor's result limit.

        It does if the vendor says so, on a later page in any of many words and on the first one by naming the range; or
        if the stream says so (`accept = {422: "split"}`).
        """
        pattern = _PAST_LIMIT if self._page_sizes else _RANGE_TOO_LARGE
        says_so = error.status in _PAST_LIMIT_STATUSES and pattern.search(error.problem) is not None
        return isinstance(error, RangeTooLargeError) or says_so

    def end_at_limit(self, error: FetchError) -> None:
        """Note that the walk ended at the vendor's result limit: the list then counts as cut short."""
        self._refused = error

    @property
    def _has_moved(self) -> bool:
        return self.is_numbered and self._moved.are_known()

    @property
    def shifted(self) -> bool:
        """Whether records moved to other pages during the walk, as some came again, or a total shrank."""
        return self._has_moved or (self._total_shrank and not self._ignores_total)

    @property
    def surely_shifted(self) -> bool:
        """The same, without what may mean something else: that a total shrank, or a record was added to a snapshot."""
        has_moved = self._has_moved and self._stream.cursor is not None
        return has_moved or (self._total_shrank and self._trusts_total and not self._ignores_total)

    @property
    def may_lack_moved(self) -> bool:
        """Whether a snapshot had records twice, so that others may have moved to pages that were read."""
        return self._has_moved and self._stream.cursor is None

    @property
    def is_mixed(self) -> bool:
        """Whether an incremental list had records twice, as if it had been in another order for each page."""
        return self.is_numbered and self._moved.are_mixed()

    def settle_moves(self, earlier: "ListProgress") -> bool:
        """Settle from an earlier list what did not move. Returns whether records of an incremental list share keys."""
        if self._stream.cursor is not None:
            self._moved.settle_mixed(earlier._moved)
            return self._moved.settle_keys(earlier._moved)
        if is_keyless(self._stream):  # Records that are equal come again in each list.
            self._moved.settle_keys(earlier._moved)
        else:
            self._moved.settle_growth(earlier._moved)
        return False

    @property
    def is_unsorted(self) -> bool | None:
        """Whether a list that shall be newest first is in another order; None for another or a part of a list."""
        return None if self._order is None or self._stopped else not self._order.is_newest_first

    @property
    def is_cut_short(self) -> bool:
        """Whether the vendor withheld records: it refused a further page, or ended on a full page below its total.

        A total alone proves nothing: APIs that count without the filter always give a larger one.
        """
        if self._refused is not None:
            return True
        if self.total is None:
            return False
        # Records that came or went meanwhile changed it: the least total of the walk is what was there throughout.
        is_below = self._received < (self._least_total or 0)
        return is_below and (bool(self._stream.total) or self._ends_on_full_page or self._ends_on_round_number)

    @property
    def _full_size(self) -> int | None:
        """How many records a full page has: as in the largest of several, or as declared. None if it is not known."""
        declared: int | None = getattr(self._stream.paginator, "size", None)
        return max(self._page_sizes) if len(self._page_sizes) > 1 else declared

    @property
    def _ends_on_full_page(self) -> bool:
        return self._page_sizes[-1:] == [self._full_size]

    @property
    def _ends_on_round_number(self) -> bool:
        """Whether a list of several pages ends where vendors bound what one query returns."""
        return len(self._page_sizes) > 1 and self._received % _ROUND == 0

    @property
    def is_below_total(self) -> bool:
        """Whether a list of numbered pages came to its end below its total, as if counted from the wrong number.

        Many APIs count without the filter, so of a list with one only a whole page that is missing is told.
        A total that may mean something else is only worth a word, and so is one of a list that is not numbered.
        """
        total = self._least_total
        if self.total is None or total is None or not isinstance(self._stream.paginator, Offset | PageNumber):
            return False
        if self._stream.takes_since or self._stream.takes_until:
            return total - self._received == self._full_size
        return self._received < total

    @property
    def lacks_declared_total(self) -> bool:
        """Whether records came, but no page had a number where the stream says that the total is."""
        return bool(self._stream.total) and self._received > 0 and self._total is None and not self._stopped

    @property
    def is_only_doubtful(self) -> bool:
        """Whether nothing but a total that may mean something else says that records are missing."""
        return self._refused is None and not self._trusts_total

    @property
    def agrees_with_total(self) -> bool:
        """Whether the list has several pages and exactly as many records as the vendor says."""
        return not self._stopped and len(self._page_sizes) > 1 and self._received == self._total

    def describe_doubt(self) -> str:
        """Say that the list may be cut short, and which setting settles it."""
        return (
            f"the vendor gives a total of {self._total or 0:,}, but the list ended after "
            f"{format_count(self._received, 'record')} ({self.end_reason}). If the total is right, "
            f"{self._advise_on_total()} If it counts something else, set `total = None`"
        )

    def _advise_on_total(self) -> str:
        name, paginator = self._stream.stream.__name__, self._stream.paginator
        if self._total_place is not None and self._total_place.header:
            begins = (
                " and that counting begins where the API's does (page 0?)" if isinstance(paginator, PageNumber) else ""
            )
            return f"records are missing (header {self._total_place.header}): check the page size on {name}{begins}."
        return f"name its path in `total` on {name}: a list cut short then fails."

    def describe_shift(self) -> str:
        """Say that records may have moved to other pages each time, and which setting settles it."""
        name = self._stream.stream.__name__
        return (
            f"the vendor's total fell from {self._greatest_total} to {self._least_total} while the list was read, each "
            "time: if records were removed meanwhile, others moved to pages that had been read, and are missing. If "
            f"the total is right, name its path in `total` on {name}: such a sync then fails. If it counts something "
            "else, set `total = None`"
        )

    @property
    def respects_bounds(self) -> bool:
        """Whether most records lie in the requested range, so that a smaller range would return fewer."""
        return 2 * self._inside >= self._received or isinstance(self._refused, RangeTooLargeError)

    def make_error(self) -> FetchError:
        """The error to raise for a list that was cut short and can't be split."""
        if self._refused is not None:
            if not isinstance(self._refused, RangeTooLargeError):
                self._refused.advice = CutShortError.advice + self._refused.end_advice
            return self._refused
        return CutShortError(
            f"the vendor gives a total of {format_count(self._total or 0, 'record')}, but sent only {self._received} "
            f"(the list ended: {self.end_reason}).",
            advice=f"{CutShortError.advice} If the total counts something else, set `total = None`.",
        )

    def describe_moves(self) -> str:
        """Say that a snapshot may lack records, and what settles it."""
        return (
            "records came twice, on different pages, each time the list was read: it grew, or records moved to pages "
            "that had been read, and are missing. Have the API sort by what does not change, as the time of creation; "
            f"if its records have a time of change, set `cursor` on {self._stream.stream.__name__}"
        )

    def describe_mixed(self) -> str:
        """Say that the order of an incremental list changes from page to page, and what settles it."""
        name = self._stream.stream.__name__
        return (
            f"records of {self._stream.name} came twice as they were, on different pages, and others each time the "
            "list was read, so some may come on none: the API may have no order for those that share a time. Have it "
            f"sort by what is different in each record too, as by `params` of {name}, or list fewer at a time (`step`)"
        )

    def describe_shared_keys(self) -> str:
        """Say that records of an incremental list had the keys of others each time it was read."""
        key = " and ".join(f"`{term}`" for term in self._stream.primary_key)
        return (
            f"records of {self._stream.name} had the keys ({key}) of others each time the list was read, so only the "
            f"latest of each is read; set `primary_key` of {self._stream.stream.__name__} to paths that together are "
            "different in each record"
        )

    def describe_order(self) -> str:
        """Say that a list is not sorted as declared, and what settles it."""
        cursor = self._stream.cursor
        return (
            f"records did not come newest first by `{cursor.field if cursor else ''}`, so each sync reads the whole "
            "list: one that ended at what is stored would miss changes. Have the API sort by that field, or leave out "
            f'order="desc" in the Cursor of {self._stream.stream.__name__}'
        )

    def _note_order(self, rows: RowBatch, first_page: int) -> None:
        moments = rows.moments
        if self._order is not None and None not in rows.cursors:  # Null ones may be anywhere.
            self._order.add(moments, first_page)
        if len(moments):
            self.is_ascending = self.is_ascending and is_ascending(moments, self.newest)
            newest = int(moments.max())
            self.newest = newest if self.newest is None else max(newest, self.newest)

    def _note_total(self, step: WalkedPage) -> None:
        if step.number == 1 and self._stream.total == "":
            self._total_place = find_total(step.page)
        total = None if self._ignores_total or self._total_place is None else self._total_place.read(step.page)
        if total is not None and (total > 0 or not self._received or self._stream.total):
            came_before = self._received - len(step.records)
            if came_before and not self._trusts_total and total == self._first_total - came_before:
                total = self._first_total  # It counts what is left.
            self._first_total = self._first_total or total
            self._total_shrank |= self.is_numbered and self._is_told and self._total is not None and total < self._total
            self._total = total
            self._least_total = total if self._least_total is None else min(self._least_total, total)
            self._greatest_total = max(total, self._greatest_total)
        may_be_other = not self._trusts_total or (
            self._total_place is not None and self._total_place.known_by != "name"
        )
        if may_be_other and self._total is not None and self._greatest_total < self._received:
            # It counts something else, such as the records of the page.
            self._total, self._ignores_total = None, True

    def _note_idle(self, step: WalkedPage, hashes: Sequence[int]) -> None:
        """Raise LoopError if too many pages in a row were empty or brought nothing new. hashes: of the page's rows."""
        is_new = self._listed.add(hashes)
        self._idle_pages = 0 if is_new else self._idle_pages + 1
        if self._idle_pages < self._stream.max_idle_pages or step.end_reason is not None:
            return
        what = "were empty" if not hashes else "held only records that the walk has listed before"
        page = step.page
        flag = find_end_flag(page, records=page.list_path)
        says_end = f'`{flag}` in the page says that there is no more: set more="{flag}" on the paginator. '
        raise LoopError(
            f"the last {self._idle_pages} pages {what}, and the list has no end (page {step.number}).",
            where=page.where,
            url=f"{page.request.method} {page.url}",
            advice=f"{says_end if flag else LoopError.advice + ' '}If such pages are usual, raise `max_idle_pages`.",
        )


class RecentHashes:
    """The hashes of about the last 100,000 to 200,000 rows of a walk, in bounded memory."""

    _SIZE = 100_000

    def __init__(self) -> None:
        self._older: set[int] = set()
        self._newer: set[int] = set()

    def add(self, hashes: Sequence[int]) -> bool:
        """Add the hashes of a page; return whether any of them is new."""
        is_new = any(value not in self._newer and value not in self._older for value in hashes)
        self._newer.update(hashes)
        if len(self._newer) >= self._SIZE:
            self._older, self._newer = self._newer, set()
        return is_new


class PlaceWatch:
    """Tells whether a list is requested by numbers of pages or records, so that a record that leaves its place can make
    the walk miss another one.

    A number that stays the same from page to page is a filter, and one that grows by anything but pages or records a
    key. Under any name, one that is as large as the number of records before counts them.
    """

    def __init__(self, paginator: Paginator | None) -> None:
        self.is_numbered = isinstance(paginator, Offset | PageNumber)
        self._before: dict[str, int] | None = None
        # By how much a number may grow from page to page: by a page, by its records or by a page's size.
        self._steps = {1}
        self._received = 0
        self._last_key: str | None = None
        self._sent: set[tuple[str, str]] = set()

    def add(self, step: WalkedPage, last_key: str | None) -> None:
        """Add the next page of the list. last_key: of its records."""
        if self.is_numbered:
            return
        if step.number <= 3:
            self.is_numbered = self._counts_records(step.page.request)
        self._received += len(step.records)
        self._last_key = last_key
        places = _find_places(step.page.request)
        if places:
            self._steps |= set(find_sizes(step.page.request)) - {0}
        if self._before is not None:
            for name, place in places.items():
                before = self._before.get(name)
                grown = {place, place - 1} if before is None else {place - before}
                self.is_numbered = self.is_numbered or not grown.isdisjoint(self._steps)
                self._steps |= grown - {0}
        self._steps |= {len(step.records)} - {0}
        self._before = places

    def _counts_records(self, request: Request) -> bool:
        """Whether a number in a request, which is no size and not the key of the last record, is the number of records
        that came before, or in a cursor of Relay that of the last of them, from 0."""
        before, self._sent = self._sent, set(sent_pairs(request))
        new = [value for name, value in self._sent - before if not means_page_size(normalize(name))]
        known = ("0", "1", self._last_key)
        counted = {str(self._received)}.difference(known)
        places = {str(self._received - 1), str(self._received)}.difference(known)
        return any(
            value in counted or (value != self._last_key and _read_encoded_place(value) in places) for value in new
        )


def _read_encoded_place(cursor: str) -> str | None:
    """The number in a cursor that is one in base64, as that of graphql-relay: `arrayconnection:25`; else None."""
    if len(cursor) > _LONGEST_PLACE:
        return None
    try:
        text = b64decode(cursor + "=" * (-len(cursor) % 4), validate=True).decode("ascii")
    except ValueError:
        return None
    found = _ENCODED_PLACE.fullmatch(text)
    return None if found is None else found[1]


def find_sizes(request: Request) -> list[int]:
    """How many records a request asks for."""
    return [int(value) for name, value in sent_pairs(request) if value.isdecimal() and means_page_size(normalize(name))]


def _find_places(request: Request) -> dict[str, int]:
    """The numbers in a request that may count the pages or records before."""
    in_path = _PAGE_IN_PATH.search(request.url)
    places = {"": int(in_path[1])} if in_path else {}
    if request.params or request.body or _MAY_COUNT.search(request.url):
        sent = ((normalize(name), value) for name, value in sent_pairs(request) if value.isdecimal())
        places |= {name: int(value) for name, value in sent if means_place(name) and len(value) <= _MOST_DIGITS}
    return places
