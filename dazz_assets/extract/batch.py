"""Reads the records of pages into columns: key, cursor and its time, window, content hash, text."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, tzinfo
from functools import cached_property, lru_cache
from itertools import chain, compress
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from dazz_assets.declare.cursor import Cursor
from dazz_assets.http.json.json_fields import Buffer, FieldReader, LiteralText
from dazz_assets.http.json.json_slices import find_problem
from dazz_assets.http.page import WalkedPage
from dazz_assets.http.placeholders import parent_field
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.spec.timestamps import parse_timestamp
from dazz_assets.windows import FIRST_DAY, LAST_DAY, Windows, to_microseconds

# What vendors send for a time that never was: nothing, the first day of a calendar, or 0.
_NEVER = re.compile(r"\s*|null|none|0|0000-00-00.*|0001-01-01T00:00:00.*|/Date\(-62135596800000.*", re.I)
FETCHED = "fetched"
"""`Cursor(nulls="fetched")`: a record whose cursor is null counts as changed when it was fetched."""

_HASH_BYTES = 8
NO_TIME = int(np.iinfo(np.int64).min)
"""Stands for no moment, in arrays of microseconds since the epoch."""

_MOMENT = "datetime64[us]"
# The form in which most vendors send times. NumPy reads it as `parse_timestamp` does, but for the year 0.
_UTC_TIMES = re.compile(r"(?:(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z\n)*", re.ASCII)
_EPOCH_DAY = date(1970, 1, 1)
_MICROSECONDS_PER_DAY = 86_400_000_000
_EPOCH_WEEKDAY = _EPOCH_DAY.weekday()


@dataclass(frozen=True, slots=True)
class Origin:
    """The page of a list that records came with. fetched_at: microseconds since the epoch."""

    page: int
    url: str
    fetched_at: int


@dataclass(frozen=True, eq=False)
class RowBatch:
    """Records of one page, or of several that follow one another, as columns: an item a record.

    cursor_at: microseconds since the epoch; NO_TIME for none. windows: the first day of each record's window, as days
    since the epoch; None if the stream is not stored by window. problems: why a record can't be parsed; None if all
    can.
    positions: of each record in its page. text, lengths: the records one after another, and the bytes of each.
    origin_of: the place in `origins` of each record's page.
    """

    keys: list[str]
    cursors: Sequence[str | None]
    cursor_at: NDArray[np.int64]
    windows: NDArray[np.int64] | None
    content_hashes: NDArray[np.int64]
    problems: Sequence[str | None] | None
    positions: NDArray[np.int64]
    text: bytes
    lengths: NDArray[np.int64]
    origins: Sequence[Origin]
    origin_of: NDArray[np.int64]
    parent: str | None

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def moments(self) -> NDArray[np.int64]:
        """The times of the records that have one."""
        if len(self) and self.cursor_at.min() != NO_TIME:  # It is the least of all integers.
            return self.cursor_at
        moments: NDArray[np.int64] = self.cursor_at[self.cursor_at != NO_TIME]
        return moments

    @cached_property
    def extent(self) -> tuple[int, int] | None:
        """The first and the last time of its records; None if none has one."""
        return (int(self.moments.min()), int(self.moments.max())) if len(self.moments) else None

    @property
    def problem_count(self) -> int:
        """How many of the records can't be parsed."""
        return 0 if self.problems is None else sum(problem is not None for problem in self.problems)

    def records(self, most: int | None = None) -> list[bytes]:
        """The text of each record, or of the first ones, at most so many."""
        ends = np.cumsum(self.lengths[:most]).tolist()
        return [self.text[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def select(self, wanted: NDArray[np.bool_]) -> "RowBatch":
        """The records that are wanted, in their order."""
        if wanted.all():
            return self
        places = wanted.tolist()
        ends = np.cumsum(self.lengths)
        slices = zip((ends - self.lengths)[wanted].tolist(), ends[wanted].tolist(), strict=True)
        return replace(
            self,
            keys=list(compress(self.keys, places)),
            cursors=list(compress(self.cursors, places)),
            cursor_at=self.cursor_at[wanted],
            windows=None if self.windows is None else self.windows[wanted],
            content_hashes=self.content_hashes[wanted],
            problems=None if self.problems is None else list(compress(self.problems, places)),
            positions=self.positions[wanted],
            text=b"".join([self.text[start:end] for start, end in slices]),
            lengths=self.lengths[wanted],
            origin_of=self.origin_of[wanted],
        )


class RowReader:
    """Reads the pages of one stream into columns. cursor: the stream's, if it has templates, with these filled."""

    def __init__(self, stream: StreamSpec, windows: Windows, cursor: Cursor | None = None) -> None:
        self._stream = stream
        written = cursor or stream.cursor or Cursor("")
        self._form = written.strftime_format
        self._zone = UTC if written.zone is None else ZoneInfo(written.zone)
        self._windows = windows
        paths = list(stream.key_paths)
        self._key_paths = len(paths)
        if stream.cursor:
            paths.append(stream.cursor.field)
            if stream.cursor.nulls not in (None, FETCHED):
                paths.append(str(stream.cursor.nulls))
        self._reader = FieldReader(paths) if paths else None
        # For each term of the key the field of the parent's record, None for a path of the record; empty without any.
        terms = [parent_field(term) for term in stream.primary_key]
        self._key_parent_fields = terms if any(terms) else []

    def read_rows(self, steps: Sequence[WalkedPage], parent: str | None, parent_fields: Mapping[str, str]) -> RowBatch:
        """The records of pages that follow one another, in their order.

        parent, parent_fields: the key of the parent that the pages belong to, and values of its record.
        """
        records = steps[0].records if len(steps) == 1 else list(chain.from_iterable(step.records for step in steps))
        origins = [Origin(step.number, step.page.url, to_microseconds(step.page.fetched_at)) for step in steps]
        origin_of, positions = _locate(tuple(len(step.records) for step in steps))
        fields = self._read_fields(steps)
        ids = None if self._stream.primary_key else _join_ids(steps)
        keys = self._read_keys(fields, len(records), ids, parent_fields)
        cursors, cursor_at, cursor_problems = self._read_cursors(fields, len(records))
        problems = self._join_problems(_find_faults(steps), keys, cursor_problems)
        own_keys = keys if ids is not None or self._key_parent_fields else None
        hashes = _hash_contents(parent, own_keys, records, problems)
        # A record that can't be parsed has its content as key, and lies in the window of its fetch.
        if problems:
            cursor_at[list(problems)] = NO_TIME
        windows = None
        if self._stream.cursor:
            windows = window_days(self._windows, _fill_moments(cursor_at, origins, origin_of))
        return RowBatch(
            _fill_keys(keys, hashes, problems),
            cursors,
            cursor_at,
            windows,
            hashes,
            [problems.get(place) for place in range(len(records))] if problems else None,
            positions,
            b"".join(records),
            np.fromiter(map(len, records), np.int64, len(records)),
            origins,
            origin_of,
            parent,
        )

    def _read_fields(self, steps: Sequence[WalkedPage]) -> list[list[str | None]]:
        """The fields of each record that its key and cursor are made of, a column each."""
        if self._reader is None:
            return []
        pages = [self._reader.read_columns(step.records, step.page.document.text_of(step.records)) for step in steps]
        return (
            pages[0]
            if len(pages) == 1
            else [list(chain.from_iterable(columns)) for columns in zip(*pages, strict=True)]
        )

    def _read_keys(
        self,
        fields: Sequence[Sequence[str | None]],
        count: int,
        ids: Sequence[str] | None,
        parent_fields: Mapping[str, str],
    ) -> Sequence[str | None]:
        """The key of each record; None where one of its terms has no value. A parent's values are texts."""
        if not self._stream.primary_key:
            return [None] * count if ids is None else ids
        of_record = iter(_without_blanks(fields[: self._key_paths]))
        terms = [
            next(of_record) if field is None else [_as_text(parent_fields.get(field))] * count
            for field in self._key_parent_fields or [None] * len(self._stream.primary_key)
        ]
        return terms[0] if len(terms) == 1 else [_format_key(values) for values in zip(*terms, strict=True)]

    def _read_cursors(
        self, fields: Sequence[Sequence[str | None]], count: int
    ) -> tuple[Sequence[str | None], NDArray[np.int64], dict[int, str]]:
        """The cursor of each record, its moment, and the problem of each that has none, by its place."""
        cursor = self._stream.cursor
        if cursor is None:
            return [None] * count, np.full(count, NO_TIME, np.int64), {}
        texts = fields[self._key_paths]
        if cursor.nulls is not None:
            texts = [None if text is None or _NEVER.fullmatch(text) else text for text in texts]
        moments = parse_cursors(texts, self._form, self._zone)
        problems: dict[int, str] = {}
        for place in np.flatnonzero(moments == NO_TIME).tolist():
            text = texts[place]
            if text is not None:
                problems[place] = f"the cursor at {cursor.field} is not a time: {str(text)[:60]!r}"
            elif cursor.nulls is None:
                problems[place] = f"no cursor at {cursor.field}"
            elif cursor.nulls != FETCHED:
                second = fields[-1][place]
                moment = parse_timestamp(second or "", self._form, self._zone)
                if moment is None:
                    problems[place] = _describe_missing_cursor(cursor, second)
                else:
                    moments[place] = moment
        return texts, moments, problems

    def _join_problems(
        self, faults: Mapping[int, str], keys: Sequence[str | None], cursor_problems: Mapping[int, str]
    ) -> dict[int, str]:
        """Why records can't be parsed, by their place: the text, then the key, then the cursor."""
        stream = self._stream
        keyless: dict[int, str] = {}
        if None in keys and (stream.primary_key or stream.shape == "by_id"):
            problem = f"no key at {' and '.join(stream.primary_key)}"
            keyless = {place: problem for place, key in enumerate(keys) if key is None}
        return {**cursor_problems, **keyless, **faults}


def _describe_missing_cursor(cursor: Cursor, second: str | None) -> str:
    if second is None:
        return f"no cursor at {cursor.field}, and none at {cursor.nulls}"
    return f"no cursor at {cursor.field}, and what is at {cursor.nulls} is not a time: {second[:60]!r}"


def _find_faults(steps: Sequence[WalkedPage]) -> dict[int, str]:
    """Which records of some pages are not JSON, by place: `NaN` and `Infinity` are numbers of other languages."""
    faults: dict[int, str] = {}
    first = 0
    for step in steps:
        if not step.page.document.is_strict:
            found = ((first + position, find_problem(bytes(record))) for position, record in enumerate(step.records))
            faults |= {place: f"it can't be read: {problem}" for place, problem in found if problem is not None}
        first += len(step.records)
    return faults


def _join_ids(steps: Sequence[WalkedPage]) -> Sequence[str] | None:
    """The id of each record of some pages, where objects hold them by id. A page without records may be no object."""
    if all(step.ids is None for step in steps):
        return None
    return [id_ for step in steps for id_ in step.ids or ()]


def _without_blanks(terms: Sequence[Sequence[str | None]]) -> Sequence[Sequence[str | None]]:
    """The terms of keys. Blank ones alone name nothing: such records would replace each other."""
    first = terms[0] if terms else ()
    if not first or (None not in first and min(first)[:1] > " "):  # type: ignore[type-var,index]
        return terms
    blank = [all(map(_is_blank, values)) for values in zip(*terms, strict=True)]
    return [[None if empty else value for value, empty in zip(term, blank, strict=True)] for term in terms]


def _is_blank(value: str | None) -> bool:
    return value is not None and (not value or (value.isascii() and value.isspace()))


def _as_text(value: str | None) -> str | None:
    return None if value is None else str(value)


def _format_key(values: Sequence[str | None]) -> str | None:
    """Several terms as one key, a JSON array."""
    if None in values:
        return None
    items = (value if isinstance(value, LiteralText) else json.dumps(value, ensure_ascii=False) for value in values)
    return f"[{','.join(map(str, items))}]"


def _fill_keys(keys: Sequence[str | None], hashes: NDArray[np.int64], problems: Mapping[int, str]) -> list[str]:
    """The keys, and the content's hash for records without one or with a problem."""
    if not problems and None not in keys:
        return list(keys)  # type: ignore[arg-type]
    return [
        content_key(value) if key is None or place in problems else key
        for place, (key, value) in enumerate(zip(keys, hashes.tolist(), strict=True))
    ]


def content_key(content_hash: int) -> str:
    """The key of a record that has none of its own."""
    return f"content:{content_hash & (2**64 - 1):016x}"


def _hash_contents(
    parent: str | None, own_keys: Sequence[str | None] | None, records: Sequence[Buffer], problems: Mapping[int, str]
) -> NDArray[np.int64]:
    """A hash of each record and its parent.

    own_keys: the keys, where they are not part of the records; the keys of records with a problem don't count.
    """
    begun = hashlib.blake2b(digest_size=_HASH_BYTES, key=b"" if parent is None else _hash_key(parent))
    digests = []
    for place, record in enumerate(records):
        digest = begun.copy()  # quicker than to begin anew
        digest.update(record)
        if own_keys is not None and (key := own_keys[place]) is not None and place not in problems:
            digest.update(b"\0" + key.encode())
        digests.append(digest.digest())
    return np.frombuffer(b"".join(digests), "<i8").astype(np.int64)


def _hash_key(parent: str) -> bytes:
    """A parent as a key of BLAKE2b, which takes at most 64 bytes."""
    key = parent.encode()
    return key if len(key) <= hashlib.blake2b.MAX_KEY_SIZE else hashlib.blake2b(key).digest()


def join_rows(batches: Sequence[RowBatch]) -> RowBatch:
    """The rows of several parents in one page as one batch, to look at the page as a whole."""
    if len(batches) == 1:
        return batches[0]
    problems = [problem for batch in batches for problem in batch.problems or [None] * len(batch)]
    return replace(
        batches[0],
        keys=[key for batch in batches for key in batch.keys],
        cursors=[cursor for batch in batches for cursor in batch.cursors],
        cursor_at=np.concatenate([batch.cursor_at for batch in batches]),
        windows=None,
        content_hashes=np.concatenate([batch.content_hashes for batch in batches]),
        problems=problems,
        positions=np.concatenate([batch.positions for batch in batches]),
        origin_of=np.concatenate([batch.origin_of for batch in batches]),
        text=b"".join([batch.text for batch in batches]),
        lengths=np.concatenate([batch.lengths for batch in batches]),
        parent=None,
    )


@lru_cache(maxsize=16)
def _locate(counts: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each record of pages with so many records, which page it is of, and its position there."""
    page_of = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    positions = np.arange(len(page_of), dtype=np.int64) - np.cumsum([0, *counts[:-1]])[page_of]
    for shared in (page_of, positions):
        shared.setflags(write=False)
    return page_of, positions


def _fill_moments(
    moments: NDArray[np.int64], origins: Sequence[Origin], origin_of: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The moments, and for records without one that of their fetch."""
    is_missing = moments == NO_TIME
    if not is_missing.any():
        return moments
    fetched_at = np.array([origin.fetched_at for origin in origins], np.int64)
    return np.where(is_missing, fetched_at[origin_of], moments)


def parse_cursors(texts: Sequence[str | None], form: str | None = None, zone: tzinfo = UTC) -> NDArray[np.int64]:
    """What `parse_timestamp` says of each text, in an array that may be written to; NO_TIME for none."""
    if None not in texts and _UTC_TIMES.fullmatch(joined := "\n".join(texts) + "\n"):  # type: ignore[arg-type]
        times = joined.split("Z\n")[:-1]
        if len(times) == len(texts):  # A text may hold several times, a line each.
            with suppress(ValueError):  # such as a 30th of February
                return np.array(times, _MOMENT).astype(np.int64)
    parsed = (None if text is None else parse_timestamp(text, form, zone) for text in texts)
    return np.fromiter((NO_TIME if at is None else at for at in parsed), np.int64, len(texts))


def window_days(windows: Windows, moments: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first day of the window of each moment (microseconds since the epoch), as days since the epoch."""
    first, last = (FIRST_DAY - _EPOCH_DAY).days, (LAST_DAY - _EPOCH_DAY).days
    days = np.minimum(np.maximum(moments // _MICROSECONDS_PER_DAY, first), last)  # quicker than `clip`
    if windows.kind == "week":
        floored: NDArray[np.int64] = days - (days + _EPOCH_WEEKDAY) % 7
        return floored
    if windows.kind == "month":
        return days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return days


def window_of_day(days: int) -> date:
    """The window that begins so many days after the epoch."""
    return date.fromordinal(_EPOCH_DAY.toordinal() + days)
