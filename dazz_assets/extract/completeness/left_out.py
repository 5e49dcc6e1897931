"""Finds out whether an API's filter leaves out records that it should list.

A sync asks for what changed since a little before the mark, so the records at the mark come again, unless they changed
or were deleted since. If none comes, the API is asked for what changed since an earlier time. If it lists one of them
then, as it was, it left it out before: its filter goes by another field, or takes the bound for a later time. Such a
sync misses changes, and nothing else shows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import chain

from dazz_assets.errors import SyncError
from dazz_assets.extract.batch import RowBatch, RowReader
from dazz_assets.extract.bounds import Bounds, format_moment
from dazz_assets.extract.dedupe import ContentFingerprint
from dazz_assets.extract.marks import NOT_SET, Source, transaction_hash
from dazz_assets.extract.parent_groups import PageReader
from dazz_assets.extract.stream_requests import SentBounds, build_request, sent_bounds
from dazz_assets.extract.sync_state import EXAMINED, SyncState, has_transaction
from dazz_assets.extract.walk_stream import walk_stream
from dazz_assets.http import FetchError
from dazz_assets.lake import records_at
from dazz_assets.spec.timestamps import parse_timestamp
from dazz_assets.windows import to_microseconds

# A bound may be read in another zone, and rounded up to the next day.
_MISREAD = timedelta(days=2) // timedelta(microseconds=1)
_SECOND = 1_000_000
# What changed later than that may have been listed too early to have it.
_SETTLES = timedelta(hours=1) // timedelta(microseconds=1)
# A source that lists more new records than this is not examined: those at the mark have probably changed.
_MOST_KEYS = 10_000
# With more than this of all sources together, none is: what they listed must not grow in memory.
_MOST_KEYS_TOGETHER = 100_000
_MOST_PAGES = 10
# Numbers below that are no times of a record: 2000-01-01 in epoch seconds.
_FIRST_EPOCH = 946_684_800
_NOTHING = ContentFingerprint().value()


class MarkWatch:
    """Watches whether the sources of a pass list what is at their marks. bounds: of the walk of each, by parent.

    marks: the mark of each source that has not listed it yet, by parent.
    """

    def __init__(self, state: SyncState, sources: Sequence[Source], bounds: Mapping[str | None, Bounds]) -> None:
        self._state = state
        self._bounds = bounds
        self.marks: dict[str | None, int] = {}
        self._keys: dict[str | None, set[str]] = {}
        self._count = 0
        if state.stream.takes_since and not state.replaces_all and state.session.asks_again:
            self.marks = {
                source.parent: source.mark
                for source in sources
                if source.mark is not None and self._asks_before(bounds[source.parent], source.mark)
            }

    def _asks_before(self, bounds: Bounds, mark: int) -> bool:
        """Whether the requests of a walk ask for what is at a mark, even if the API takes its bounds as exclusive."""
        if bounds.since is None or bounds.since > mark or bounds.resumes:
            return False
        if bounds.until is not None and bounds.until <= mark:
            return False
        sent = self._sent(bounds)
        return sent is not None and sent.lowest is not None and sent.lowest < mark

    def _sent(self, bounds: Bounds) -> SentBounds | None:
        """The bounds that the walk sends, whose first step may begin as it is."""
        state = self._state
        return sent_bounds(state.session, state.stream, replace(bounds, exact=state.plan.steps(bounds)[0].exact))

    def add(self, source: Source, rows: RowBatch) -> None:
        """Add the rows of a page of a source in `marks`."""
        mark = self.marks[source.parent]
        keys = self._keys.setdefault(source.parent, set())
        before = len(keys)
        keys.update(rows.keys)
        self._count += len(keys) - before
        if len(keys) > _MOST_KEYS or (rows.extent is not None and rows.extent[0] <= mark):
            self._count -= len(keys)
            del self.marks[source.parent], self._keys[source.parent]
        elif self._count > _MOST_KEYS_TOGETHER:
            self.marks, self._keys = {}, {}

    def may_ask(self, listed: Sequence[Source]) -> bool:
        """Whether `examine` may ask the API again."""
        return any(source.parent in self.marks for source in listed)

    def examine(self, listed: Sequence[Source]) -> None:
        """Warn of a record at a mark that the API leaves out, and keep that mark. listed: sources, to their end.

        The API is asked again for one source in a sync at most, and not for the mark at which it was asked the last
        time and listed nothing more.
        """
        state, report = self._state, self._state.report
        for source in listed:
            mark = self.marks.get(source.parent)
            # If the walk before this one listed nothing there either, the API was asked then, if for any source.
            if mark is None or source.boundary == _NOTHING or source.parent in state.uncertain:
                continue
            if (fault := self._find_left_out(source, mark)) is not None:
                for parents in (state.uncertain, state.mark_stays):
                    parents.add(source.parent)
                where = "" if source.parent is None else f"{state.stream.parent} {source.parent}: "
                report.warnings.append(f"{where}{fault}")
                report.add_gap(
                    f"{where}changes since {format_moment(mark)} may be missing; the mark stays until the `cursor` of "
                    f"{state.stream.stream.__name__} is corrected"
                )

    def _find_left_out(self, source: Source, mark: int) -> str | None:
        state, listed = self._state, self._keys.get(source.parent, set())
        if state.examined is not None:
            return None
        left = {key: record for key, record in records_at(state.stored, mark, source.parent) if key not in listed}
        examined = transaction_hash(json.dumps([source.parent, mark]))
        if not left or has_transaction(state.stored, EXAMINED, examined):
            return None
        state.examined = examined
        for since in _earlier_times(mark, left.values()):
            if (found := self._find_listed(source, since, mark, left)) is not None:
                state.examined = NOT_SET
                return self._describe(source, *found, since)
        return None

    def _find_listed(self, source: Source, since: int, mark: int, left: Mapping[str, str]) -> tuple[str, int] | None:
        """The key and cursor of a record that the API lists, asked for what changed since a time, though it did not
        list it before. left: what is stored with the cursor of the mark, and was not listed.
        """
        state, stream = self._state, self._state.stream
        until = mark + _SECOND if stream.takes_until else None
        sent = sent_bounds(state.session, stream, Bounds(since=since, until=until))
        listed = self._keys.get(source.parent, set())
        settled = to_microseconds(state.session.now()) - _SETTLES
        reader = PageReader(stream, RowReader(stream, state.session.windows, state.session.cursor_of(stream)))
        try:
            request = build_request(state.session, stream, [source.fields], sent)
            batches = walk_stream(
                state.session,
                stream,
                state.client,
                request,
                should_stop=lambda step: "enough pages" if step.number >= _MOST_PAGES else None,
            )
            with closing(batches):
                for step in chain.from_iterable(batches):
                    for _, rows in reader.read([step], [source]):
                        places = zip(rows.keys, rows.cursor_at.tolist(), strict=True)
                        missed = (
                            (key, at)
                            for key, at in places
                            if (at == mark and key in left) or (mark < at < settled and key not in listed)
                        )
                        if (found := next(missed, None)) is not None:
                            return found
        except (FetchError, SyncError):
            return None  # The API takes no such range, so nothing is known.
        return None

    def _describe(self, source: Source, key: str, at: int, since: int) -> str:
        stream, cursor = self._state.stream, self._state.stream.cursor
        field, name = cursor.field if cursor else "", stream.stream.__name__
        sent = self._sent(self._bounds[source.parent])
        text = (
            f"the API leaves out records that it should list: asked for what changed since {sent and sent.since}, it "
            f"did not list {key}, which last changed at {format_moment(at)}, though it does when asked since "
            f"{format_moment(since)}. "
        )
        if stream.takes_until and self._keys.get(source.parent):
            text += "If it lists only so many of the newest records, its `paginator` is missing or wrong. "
        all_records = "leave out the bounds, and each sync lists all records"
        if at - since > _MISREAD + _MISREAD:
            return (
                f"{text}If it filters by another field than `{field}`, name that field in `cursor` of {name}, or "
                f"{all_records}"
            )
        return (
            f"{text}If it takes bounds for times in another zone or rounds them up, set `zone`, or a `lookback` of a "
            f"day or more, in `cursor` of {name}; if it filters by another field than `{field}`, {all_records}"
        )


def _earlier_times(mark: int, records: Iterable[str]) -> Iterator[int]:
    """Times since which the API may list what it left out: of a bound that it misreads, and of its other fields."""
    yield mark - _MISREAD
    times = [at for record in records for at in _times_of(record)]
    if (earliest := min(times, default=mark) - _SECOND) < mark - _MISREAD:
        yield earliest


def _times_of(record: str) -> list[int]:
    """All times in a record, in microseconds; none of one that Python can't read, such as a number of 5,000 digits."""
    try:
        return list(_find_times(json.loads(record)))
    except (ValueError, RecursionError):
        return []


def _find_times(value: object) -> Iterator[int]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _find_times(item)
    elif isinstance(value, str) or (isinstance(value, int) and value >= _FIRST_EPOCH):
        at = parse_timestamp(str(value))
        if at is not None and at >= _FIRST_EPOCH * _SECOND:
            yield at
