"""What syncs store is what the rules say of each record alone: random pages against a plain reading, whole tables."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal, NamedTuple
from unittest import mock
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from dazz_assets import Cursor, Integration, NextLink, Stream
from dazz_assets.extract import dedupe
from tests.declaring import declare
from tests.extract.plain_times import find_window, read_moment
from tests.help_desk_vendor import Customer, DeskConfig
from tests.http.loopback import ReceivedRequest, Reply, Vendor

START = date(2026, 1, 5)
Pages = Sequence[Sequence[bytes]]
Row = Mapping[str, Any]


class Record(BaseModel):
    id: str


class Parent(BaseModel):
    id: str


class ParentsStream(Stream[Parent]):
    path = "/parents"


class Rules(NamedTuple):
    """What a stream declares."""

    window: Literal["day", "week", "month"]
    order: Literal["asc", "desc"] | None
    nulls: str | None
    composite: bool
    sends_since: bool
    has_parents: bool

    @property
    def key(self) -> tuple[str, ...]:
        return (*(["{parent.id}"] if self.has_parents else []), "id", *(["at.part"] if self.composite else []))


@cache
def integration_of(rules: Rules) -> type[Integration[Any]]:
    cursor = Cursor("at.time", order=rules.order, nulls=rules.nulls, since="since" if rules.sends_since else None)
    of_parents = {"parent": ParentsStream, "path": "/records/{parent.id}"} if rules.has_parents else {}
    stream = declare(
        "RecordsStream",
        Stream[Record],
        **{"path": "/records/all", "primary_key": rules.key, "cursor": cursor, "__module__": __name__, **of_parents},
    )
    return declare(
        "RowsIntegration",
        Integration[DeskConfig],
        base_url="https://rows.test",
        records="items",
        primary_key="id",
        paginator=NextLink("next"),
        window=rules.window,
        streams=(ParentsStream, stream) if rules.has_parents else (stream,),
    )


# How a record is read


class SentText(str):
    """A number, true or false as it was sent."""


def read_json(record: bytes) -> Any:
    return json.loads(record, parse_int=SentText, parse_float=SentText, parse_constant=SentText)


def value_at(record: Any, path: str) -> str | None:
    """The text at a path; of a number, true or false its JSON; None for all else."""
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    if isinstance(record, bool):
        return SentText(json.dumps(record))
    if isinstance(record, SentText) or not isinstance(record, str):
        return record if isinstance(record, SentText) else None
    return record.encode("utf-8", "backslashreplace").decode()


def key_of(record: Any, rules: Rules, parent: str | None) -> str | None:
    terms = [parent if path == "{parent.id}" else value_at(record, path) for path in rules.key]
    if None in terms or all(map(is_blank, terms[rules.has_parents :])):
        return None
    if len(terms) == 1:
        return terms[0]
    return f"[{','.join(x if isinstance(x, SentText) else json.dumps(x, ensure_ascii=False) for x in terms)}]"


def is_blank(term: str | None) -> bool:
    return term is not None and (not term or (term.isascii() and term.isspace()))


def cursor_of(record: Any, rules: Rules) -> str | None:
    cursor = value_at(record, "at.time")
    is_never = cursor is not None and (cursor.strip() in ("", "0", "null") or cursor.startswith("0001-01-01T00:00:00"))
    return None if rules.nulls is not None and is_never else cursor


def moment_of(record: Any, rules: Rules) -> int | None:
    cursor = cursor_of(record, rules)
    if cursor is None and rules.nulls == "made":
        cursor = value_at(record, "made")
    return None if cursor is None else read_moment(cursor)


def problem_of(record: Any, rules: Rules, key: str | None) -> str | None:
    cursor, made = cursor_of(record, rules), value_at(record, "made")
    if value_at(record, "score") == "NaN":
        return "it can't be read"
    if key is None:
        return f"no key at {' and '.join(rules.key)}"
    if moment_of(record, rules) is not None or (cursor is None and rules.nulls == "fetched"):
        return None
    if cursor is not None:
        return f"the cursor at at.time is not a time: {cursor[:60]!r}"
    if rules.nulls is None:
        return "no cursor at at.time"
    what = "none at made" if made is None else f"what is at made is not a time: {made[:60]!r}"
    return f"no cursor at at.time, and {what}"


# What a sync stores of it


class PlainSync:
    """What is stored after each sync, row by row in order, and the mark of each parent."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.rows: list[dict[str, Any]] = []
        self.marks: dict[str | None, int] = {}

    def sync(self, lists: Mapping[str | None, Pages], now: int) -> None:
        known = self._known()
        for parent, pages in lists.items():
            listed = [
                self._read(parent, number, position, text)
                for number, page in enumerate(pages, 1)
                for position, text in enumerate(page)
            ]
            wanted = [row for row in listed if self._is_wanted(row["cursor_at"], parent)]
            for row in wanted:
                if (parent, row["record"]) not in known:
                    known.add((parent, row["record"]))
                    self.rows.append(row)
            self._move_mark(parent, wanted, now)

    def _known(self) -> set[tuple[str | None, str]]:
        """What is stored already. Of a record's contents at one cursor that is the last: should an earlier one come
        back, the record has changed again."""
        last = {(row["parent"], row["key"] or row["record"], row["cursor_at"]): row["record"] for row in self.rows}
        return {(parent, record) for (parent, *_), record in last.items()}

    def _read(self, parent: str | None, number: int, position: int, text: bytes) -> dict[str, Any]:
        record = read_json(text)
        key = key_of(record, self._rules, parent)
        problem = problem_of(record, self._rules, key)
        return {
            "key": None if problem else key,
            "cursor": cursor_of(record, self._rules),
            "cursor_at": None if problem else moment_of(record, self._rules),
            "problem": problem,
            "page": number,
            "position": position,
            "parent": parent,
            "record": text.decode(),
        }

    def _is_wanted(self, moment: int | None, parent: str | None) -> bool:
        """All but what lies below the mark, and must be stored: a list that is not sorted newest first also brings
        what nobody asked for, and that is kept."""
        mark = self.marks.get(parent)
        if moment is None or mark is None or self._rules.nulls is not None or moment >= mark:
            return True
        unit = next(unit for unit in (1_000_000, 1_000, 1) if mark % unit == 0)
        return self._rules.order != "desc" and moment < mark - unit

    def _move_mark(self, parent: str | None, rows: Sequence[Row], now: int) -> None:
        """To the latest cursor that is not later than the sync, nor what stands in for a null."""
        mark = self.marks.get(parent)
        moments = [
            row["cursor_at"]
            for row in rows
            if row["cursor"] is not None
            and row["cursor_at"] is not None
            and row["cursor_at"] <= now
            and (mark is None or self._rules.nulls is not None or row["cursor_at"] >= mark)
        ]
        if moments or mark is not None:
            self.marks[parent] = max([*moments, *([] if mark is None else [mark])])


# What vendors send

days = st.sampled_from(["2026-02-0", "2026-03-0"]).flatmap(
    lambda month: st.integers(1, 9).map(lambda day: f"{month}{day}")
)
times = st.one_of(
    days.map(lambda day: f"{day}T10:00:00Z"),
    days.map(lambda day: f"{day}T10:00:00.{len(day)}25Z"),
    days.map(lambda day: f"{day}T23:30:00.123456-05:30"),
    days.map(lambda day: f"{day}T00:00:00+14:00"),
    days,
    st.sampled_from(["2026-01-05T00:00:00Z", "0001-01-02T00:00:00Z", "9999-12-31T23:59:59Z", "2099-01-01"]),
    st.integers(1_767_225_600, 1_767_225_602),
    st.integers(1_767_225_600_000, 1_767_225_600_002),
    st.sampled_from(["2026-02-01T10:00:00Z", "2026-02-01T10:00:00.5Z", "2026-02-01T09:59:59.5Z"]),
)
odd_times = st.sampled_from(
    ["", "0", "null", "now", "0001-01-01T00:00:00Z", "2026-02-30T00:00:00Z", None, {"at": 1}, True]
)
texts = st.sampled_from(["a", "b", "é", "\ud800", "😀", '"', "\\", "\n", "1", ""])
keys: st.SearchStrategy[Any] = st.one_of(
    texts, st.integers(0, 3), st.sampled_from([10**25, 1.0, 1e30, True, None, ["x"], {}])
)


def render(record: dict[str, Any], ascii_only: bool) -> bytes:
    has_surrogate = "\\ud800" in json.dumps(record)
    return json.dumps(record, ensure_ascii=ascii_only or has_surrogate).encode()


records = st.builds(
    render,
    st.fixed_dictionaries(
        {},
        optional={
            "id": keys,
            "made": times | odd_times,
            "at": st.fixed_dictionaries({"time": times | odd_times}, optional={"part": keys}),
            "note": texts,
            "score": st.integers(0, 1),
        },
    ),
    st.booleans(),
)
usual = st.builds(
    lambda id_, made, at, part: json.dumps({"id": id_, "made": made, "at": {"time": at, "part": part}}).encode(),
    st.integers(0, 3),
    times,
    st.booleans().flatmap(lambda is_null: st.none() if is_null else times),
    st.integers(0, 1),
)
not_json = st.just(b'{"id": 1, "at": {"time": "2026-02-01T10:00:00Z", "part": 1}, "score": NaN}')
lists_of_pages = st.lists(st.lists(st.one_of(usual, usual, records, not_json), max_size=5), min_size=1, max_size=3)
all_rules = st.builds(
    Rules,
    st.sampled_from(["day", "week", "month"]),
    st.sampled_from(["asc", "desc", None]),
    st.sampled_from([None, None, "made", "fetched"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
).filter(lambda rules: not (rules.order == "desc" and rules.sends_since))


def as_vendor_sends(pages: Pages, rules: Rules, sync: int) -> Pages:
    """The pages with a record that is surely new and usable, in the order that the vendor promises.

    Newest first, what can't be used comes before all else, as some databases sort nulls: behind what is stored already
    nothing would read it.
    """

    def age(text: bytes) -> float:
        record = read_json(text)
        is_usable = problem_of(record, rules, key_of(record, rules, "any")) is None
        return -(moment_of(record, rules) or 0) if is_usable else -math.inf

    sure = json.dumps({"id": f"sure {sync}", "at": {"time": f"2026-04-0{sync}T00:00:00Z", "part": 1}}).encode()
    sizes, listed = [len(page) for page in pages], [sure, *(text for page in pages for text in page)]
    if rules.order == "desc":
        listed.sort(key=age)
    sizes[0] += 1
    ends = [sum(sizes[: place + 1]) for place in range(len(sizes))]
    return [listed[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def seems_to_repeat_a_page(pages: Pages) -> bool:
    """Whether two pages begin and end alike. Such a list is told, and keeps its mark."""
    told = [(len(page), page[0], page[-1]) for page in pages if len(page) > 1]
    return len(set(told)) < len(told)


def answer(lists: Mapping[str | None, Pages], asked: ReceivedRequest) -> Reply:
    """Whatever the bounds, the same list: each page has a link to the next."""
    if asked.path == "/parents":
        return Reply(body={"items": [{"id": parent} for parent in lists]})
    parent = unquote(asked.path.rpartition("/")[2])
    number = int(asked.query.get("number", ["0"])[0])
    pages = lists[None if parent == "all" else parent]
    following = f"{asked.path}?number={number + 1}" if number + 1 < len(pages) else None
    return Reply(body=b'{"next": %s, "items": [%s]}' % (json.dumps(following).encode(), b",".join(pages[number])))


def read_stored(customer: Customer) -> list[Row]:
    """The rows of the table in the order of their sequence numbers, each with its window."""
    version = customer.session.raw(customer.spec.streams["records"]).open()
    assert version is not None
    rows = [
        {**row, "window": window}
        for window in {file.window for file in version.files}
        for batch in version.read(windows=[window])
        for row in batch.to_pylist()
    ]
    return sorted(rows, key=lambda row: row["sequence"])


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(
    rules=all_rules,
    syncs=st.tuples(*[st.tuples(lists_of_pages, lists_of_pages)] * 2),
    lists_again=st.booleans(),
    held=st.sampled_from([2, 20_000]),
)
def test_syncs_store_what_the_rules_say_of_each_record(
    vendor: Vendor, rules: Rules, syncs: tuple[tuple[Pages, Pages], ...], lists_again: bool, held: int
) -> None:
    """lists_again: the second sync also gets what the first one got. held: so many rows wait until one is new."""
    expected = PlainSync(rules)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(dedupe, "_HELD", held):
        customer = Customer(Path(folder), vendor.url, integration_of(rules), start=START)
        for number, (first, second) in enumerate(syncs, 1):
            if number == 2 and lists_again:
                first, second = ([*pages, *earlier] for pages, earlier in zip((first, second), syncs[0], strict=True))
            lists: dict[str | None, Pages] = {"é": first, "b": second} if rules.has_parents else {None: first}
            lists = {parent: as_vendor_sends(pages, rules, number) for parent, pages in lists.items()}
            assume(not any(map(seems_to_repeat_a_page, lists.values())))
            vendor.handler = partial(answer, lists)
            began_at = datetime.now(UTC)
            report = customer.sync()["records"]
            before = len(expected.rows)
            expected.sync(lists, moment_at(began_at))
            stored = read_stored(customer)
            check_rows(stored, expected.rows, rules, vendor.url)
            check_new_rows(stored[before:], began_at)
            assert report.records == len(expected.rows) - before
            assert read_moment(report.high_water_mark or "") == max(expected.marks.values(), default=None)


def check_rows(stored: Sequence[Row], expected: Sequence[Row], rules: Rules, url: str) -> None:
    """Row by row what is stored, but for what only a sync knows: hashes, times of fetch, and numbers."""
    plain: list[dict[str, Any]] = [{**row, "key": None if row["problem"] else row["key"]} for row in stored]
    for copied in plain:
        if str(copied["problem"]).startswith("it can't be read: "):
            copied["problem"] = "it can't be read"
    found = [{name: row[name] for name in expected[0]} for row in plain]
    assert sorted(found, key=parent_of) == sorted(expected, key=parent_of)
    for row in stored:
        moment = moment_at(row["fetched_at"]) if row["cursor_at"] is None else row["cursor_at"]
        assert row["window"] == find_window(moment, rules.window)
        if row["problem"]:
            assert row["key"] == f"content:{row['content_hash'] & (2**64 - 1):016x}"
        assert row["url"].startswith(f"{url}/records/")
    # One hash for each content of each parent.
    contents = {(row["parent"], row["record"]): row["content_hash"] for row in stored}
    assert [row["content_hash"] for row in stored] == [contents[row["parent"], row["record"]] for row in stored]
    assert len(set(contents.values())) == len(contents)


def moment_at(time: datetime) -> int:
    moment = read_moment(time.astimezone(UTC).isoformat())
    assert moment is not None
    return moment


def parent_of(row: Row) -> str:
    """Of each parent, the order of rows counts."""
    return row["parent"] or ""


def check_new_rows(rows: Sequence[Row], began_at: datetime) -> None:
    """Rows of one sync have numbers one after another, and were fetched with their page."""
    numbers = [row["sequence"] for row in rows]
    assert numbers == list(range(numbers[0], numbers[0] + len(rows)))
    assert len({(row["fetched_at"], row["url"], row["page"]) for row in rows}) == len(
        {(row["parent"], row["page"]) for row in rows}
    )
    assert all(began_at - timedelta(seconds=1) <= row["fetched_at"] <= datetime.now(UTC) for row in rows)
