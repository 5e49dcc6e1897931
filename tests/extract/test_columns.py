"""What is computed on columns is what a plain reading of each record gives: key, cursor, window, hash, bounds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import accumulate
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dazz_assets.extract.batch import (
    NO_TIME,
    RowBatch,
    RowReader,
    parse_cursors,
    window_days,
    window_of_day,
)
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.completeness.list_order import is_ascending
from dazz_assets.extract.dedupe import BoundaryTracker, ContentFingerprint
from dazz_assets.extract.seen_hashes import SeenHashes
from dazz_assets.extract.writer import make_batch
from dazz_assets.windows import Windows, to_microseconds
from tests.extract.column_pages import FETCHED_AT, SPEC, read_page, walk_page
from tests.extract.plain_times import find_window, read_moment

Kind = Literal["day", "week", "month"]
KINDS: tuple[Kind, ...] = ("day", "week", "month")

times = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).flatmap(
    lambda at: st.sampled_from(
        [
            at.isoformat() + "Z",
            at.isoformat(timespec="seconds") + "Z",
            at.isoformat(timespec="milliseconds") + "Z",
            at.isoformat() + "+05:30",
            at.isoformat(),
            at.date().isoformat(),
        ]
    )
)
odd_times = st.sampled_from(
    [
        "",
        "2026-02-30T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "now",
        "NaT",
        "2026-01-01T00:00:00.1234567Z",
        "2026-01-01T00:00:00Z\n2026-01-02T00:00:00Z",
        "2026-01-01T00:00:00z",
        "٢٠٢٦-01-01T00:00:00Z",
        "1767225600",
        "1767225600000",
        "2026-01-01T00:00:00Z\ud800",
        "\ud83d\ude00",
    ]
)
# Lone halves of surrogate pairs, which JSON can only escape, and a pair, which it may: the last is no lone half.
odd_texts = st.sampled_from(["\ud800", "a\udc00b", "\ude00\ud83d", "\U0001f600", "\\ud800", ""])
# Of any number of digits: these tell seconds from milliseconds, and those from what is finer.
numbers = st.integers(1, 18).flatmap(lambda digits: st.integers(10 ** (digits - 1), 10**digits - 1))
cursors = st.one_of(times, times, odd_times, numbers, st.none(), st.booleans(), st.just({"at": 1}))
usual_keys = st.one_of(st.text(max_size=8), odd_texts, st.integers(-5, 2**70), st.booleans())
keys = st.one_of(usual_keys, st.none(), st.just(["x"]))


@dataclass
class Expected:
    """One record, read plainly."""

    key: str
    cursor: str | None
    cursor_at: int | None
    content_hash: int
    window: date
    has_problem: bool


def read_plainly(text: bytes, stream: str, parent: str | None, kind: Kind) -> Expected:
    """The rules, one record at a time."""
    record = json.loads(text)
    at = record.get("at") if isinstance(record.get("at"), dict) else {}
    if stream == "plain_changes":
        key = as_text(record.get("id"))
        key = None if key is not None and is_blank(key) else key
    else:
        values = (record.get("id"), at.get("part"))
        terms = [as_json(value) for value in values]
        is_named = None not in terms and not all(isinstance(value, str) and is_blank(value) for value in values)
        key = f"[{','.join(map(str, terms))}]" if is_named else None
    cursor = as_text(at.get("time"))
    moment = None if cursor is None else read_moment(cursor)
    if stream == "plain_changes" and (cursor is None or is_never(cursor)):
        cursor, moment = None, read_moment(as_text(record.get("made")) or "")
    digest = hashlib.blake2b(text, digest_size=8, key=(parent or "").encode()).digest()
    content_hash = int.from_bytes(digest, "little", signed=True)
    has_problem = key is None or moment is None
    if has_problem:
        key, moment = f"content:{content_hash & (2**64 - 1):016x}", None
    fetched_at = read_moment(FETCHED_AT.isoformat())
    assert fetched_at is not None
    return Expected(
        str(key),
        cursor,
        moment,
        content_hash,
        find_window(fetched_at if moment is None else moment, kind),
        has_problem,
    )


def is_blank(text: str) -> bool:
    return not text or (text.isascii() and text.isspace())


def is_never(cursor: str) -> bool:
    return not cursor.strip() or cursor == "0" or cursor.startswith("0000-00-00")


def as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return None if value is None or isinstance(value, dict | list) else str(value)


def as_json(value: Any) -> str | None:
    text = as_text(value)
    return json.dumps(text, ensure_ascii=False) if isinstance(value, str) else text


def render(record: dict[str, Any], escapes: bool) -> bytes:
    """A record as some vendor writes it: all that is not ASCII escaped, or only what UTF-8 has no bytes for."""
    try:
        return json.dumps(record, ensure_ascii=escapes).encode()
    except UnicodeEncodeError:
        return json.dumps(record).encode()


records = st.lists(
    st.builds(
        render,
        st.one_of(
            st.fixed_dictionaries(
                {"id": usual_keys, "at": st.fixed_dictionaries({"time": times, "part": usual_keys}), "note": odd_texts}
            ),
            st.fixed_dictionaries(
                {},
                optional={
                    "id": keys,
                    "made": times,
                    "at": st.fixed_dictionaries({}, optional={"time": cursors, "part": keys}),
                },
            ),
        ),
        st.booleans(),
    ),
    max_size=6,
)


@settings(deadline=None)
@given(
    texts=records,
    stream=st.sampled_from(["changes", "plain_changes"]),
    parent=st.sampled_from([None, "a", "é" * 32]),
    kind=st.sampled_from(KINDS),
)
def test_a_page_is_read_as_each_of_its_records_is(
    texts: list[bytes], stream: str, parent: str | None, kind: Kind
) -> None:
    rows = read_page(texts, stream, parent, kind)
    expected = [read_plainly(text, stream, parent, kind) for text in texts]
    assert rows.windows is not None
    found = [
        Expected(key, cursor, None if at == NO_TIME else at, hash_, window_of_day(days), problem is not None)
        for key, cursor, at, hash_, days, problem in zip(
            rows.keys,
            rows.cursors,
            rows.cursor_at.tolist(),
            rows.content_hashes.tolist(),
            rows.windows.tolist(),
            rows.problems or [None] * len(rows),
            strict=True,
        )
    ]
    assert found == expected
    assert rows.records() == texts
    assert rows.positions.tolist() == list(range(len(texts)))


@settings(deadline=None)
@given(
    pages=st.lists(records, min_size=1, max_size=4),
    stream=st.sampled_from(["changes", "plain_changes"]),
    parent=st.sampled_from([None, "a"]),
    path=st.sampled_from(["", "items"]),
)
def test_pages_are_read_together_as_each_alone(
    pages: list[list[bytes]], stream: str, parent: str | None, path: str
) -> None:
    reader = RowReader(SPEC.streams[stream], Windows("day"))
    steps = [walk_page(texts, number, path) for number, texts in enumerate(pages, start=1)]
    together = reader.read_rows(steps, parent, {})
    alone = [reader.read_rows([step], parent, {}) for step in steps]
    assert together.records() == [text for texts in pages for text in texts]
    assert rows_of([together]) == rows_of(alone)
    assert together.windows is not None
    assert together.windows.tolist() == [days for rows in alone for days in np.asarray(rows.windows).tolist()]


def test_records_of_several_pages_keep_their_places_and_problems() -> None:
    texts = [b'{"id": %d, "at": {"time": "2026-03-01T00:00:00Z"}}' % number for number in range(4)]
    pages = [texts[:1], [texts[1], b'{"id": NaN, "at": {"time": "2026-03-01T00:00:00Z"}}'], texts[2:]]
    reader = RowReader(SPEC.streams["plain_changes"], Windows("day"))
    rows = reader.read_rows([walk_page(page, number) for number, page in enumerate(pages, start=1)], None, {})
    kept = rows_of([rows.select(np.array([False, True, True, False, True]))])
    assert [(row["page"], row["position"], row["problem"]) for row in kept] == [
        (2, 0, None),
        (2, 1, "it can't be read: NaN is not JSON"),
        (3, 1, None),
    ]
    assert [row["url"][-1] for row in kept] == ["2", "2", "3"]


def rows_of(batches: Sequence[RowBatch]) -> list[dict[str, Any]]:
    """The rows that are written of some batches."""
    firsts = accumulate(map(len, batches), initial=100)
    return make_batch(list(zip(firsts, batches, strict=False))).to_pylist()


@settings(deadline=None)
@given(texts=records, wanted=st.lists(st.booleans(), min_size=6, max_size=6))
def test_a_selection_holds_what_was_selected_and_nothing_else(texts: list[bytes], wanted: list[bool]) -> None:
    rows = read_page(texts, "changes", None, "week")
    mask = np.array(wanted[: len(rows)], np.bool_)
    selected = rows.select(mask)
    of_all = make_batch([(100, rows)]).to_pylist()
    of_selected = make_batch([(100, selected)]).to_pylist()
    kept = [row for row, is_wanted in zip(of_all, mask, strict=True) if is_wanted]
    assert [row | {"sequence": 0} for row in of_selected] == [row | {"sequence": 0} for row in kept]
    assert [row["sequence"] for row in of_selected] == list(range(100, 100 + len(kept)))


@settings(deadline=None)
@given(st.lists(st.one_of(times, st.none()), max_size=5), st.lists(odd_times | numbers.map(str), max_size=1))
@example(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z"], [])
@example([], ["2026-02-30T00:00:00Z"])
def test_times_are_read_together_as_each_alone(texts: list[str | None], odd: list[str]) -> None:
    together = parse_cursors([*texts, *odd]).tolist()
    alone = [None if text is None else read_moment(text) for text in [*texts, *odd]]
    assert [None if at == NO_TIME else at for at in together] == alone


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None)
@given(moments=st.lists(st.integers(-(2**62), 2**62), max_size=8))
def test_windows_are_found_together_as_each_alone(kind: Kind, moments: list[int]) -> None:
    days = window_days(Windows(kind), np.array(moments, np.int64)).tolist()
    assert [window_of_day(day) for day in days] == [find_window(moment, kind) for moment in moments]


hashes = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=12)


@settings(deadline=None)
@given(
    pages=st.lists(st.lists(st.integers(0, 9), max_size=8), max_size=8), start=st.lists(st.integers(0, 9), max_size=4)
)
def test_a_hash_is_new_once(pages: list[list[int]], start: list[int]) -> None:
    seen, known = SeenHashes(np.array(start, np.int64)), set(start)
    for page in pages:
        assert seen.contains(np.array(page, np.int64)).tolist() == [value in known for value in page]
        expected = []
        for value in page:
            expected.append(value not in known)
            known.add(value)
        assert seen.add_new(np.array(page, np.int64)).tolist() == expected


@settings(deadline=None)
@given(hashes, hashes)
def test_a_fingerprint_depends_on_the_set_alone(first: list[int], second: list[int]) -> None:
    first, second = list(dict.fromkeys(first)), [value for value in dict.fromkeys(second) if value not in first]
    together, apart = ContentFingerprint(), ContentFingerprint()
    together.add(np.array([*first, *second], np.int64))
    apart.add(np.array(second[::-1], np.int64))
    apart.add(np.array(first, np.int64))
    assert together.value() == apart.value()
    apart.remove(np.array(first, np.int64))
    alone = ContentFingerprint()
    alone.add(np.array(second, np.int64))
    assert apart.value() == alone.value()


@settings(deadline=None)
@given(moments=st.lists(st.integers(0, 9), max_size=6), lower=st.integers(0, 9), upper=st.integers(0, 9))
def test_bounds_admit_each_record_as_alone(moments: list[int], lower: int, upper: int) -> None:
    texts = [json.dumps({"id": "a", "at": {"time": f"2026-01-0{1 + at}", "part": 1}}).encode() for at in moments]
    day = 86_400_000_000
    start = to_microseconds(datetime(2026, 1, 1, tzinfo=UTC))
    rows = read_page(texts, "changes", None, "day")
    inside = rows.select(Bounds(lower=start + lower * day, upper=start + upper * day).contains(rows))
    valid = [at for at in moments if at < 9]
    assert [at for at in inside.cursor_at.tolist() if at != NO_TIME] == [
        start + at * day for at in valid if lower <= at < upper
    ]
    assert len(inside) == len([at for at in moments if at == 9 or lower <= at < upper])


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=6), st.one_of(st.none(), st.integers(0, 5)))
def test_order_is_seen_across_pages(moments: list[int], before: int | None) -> None:
    follows = moments if before is None else [before, *moments]
    assert is_ascending(np.array(moments, np.int64), before) == (follows == sorted(follows) or not moments)


@settings(deadline=None)
@given(
    pages=st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=4), max_size=4),
    lookback=st.integers(0, 3),
)
def test_a_boundary_is_what_lies_at_the_mark_or_above(pages: list[list[tuple[int, int]]], lookback: int) -> None:
    """Each record is a day of January and a letter."""
    day = 86_400_000_000
    tracker = BoundaryTracker(lambda mark: mark - lookback * day, None, nulls_move_mark=False)
    seen: dict[int, int] = {}
    for page in pages:
        texts = [
            json.dumps({"id": "abcd"[letter], "at": {"time": f"2026-01-1{at}", "part": 1}}).encode()
            for at, letter in page
        ]
        rows = read_page(texts, "changes", None, "day")
        tracker.add(rows, to_microseconds(FETCHED_AT))
        seen |= dict(zip(rows.content_hashes.tolist(), rows.cursor_at.tolist(), strict=True))
    if not seen:
        assert tracker.candidate_mark is None
        return
    mark = max(seen.values())
    expected = ContentFingerprint()
    expected.add(np.array([value for value, at in seen.items() if at >= mark - lookback * day], np.int64))
    assert (tracker.candidate_mark, tracker.fingerprint(mark)) == (mark, expected.value())
