"""What a sync and a parse cost, in what can be counted without a clock: requests, files, commits, objects, steps."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

import pytest

import dazz_assets
from dazz_assets import Cursor, Incremental, NextLink, Stream, parser
from dazz_assets.extract.batch import RowReader
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.extract.writer import make_batch
from dazz_assets.http import handover
from dazz_assets.http.page import WalkedPage
from dazz_assets.lake.queries import duckdb_connection
from dazz_assets.reports import Progress
from dazz_assets.session import Session
from dazz_assets.tables import create_tables
from dazz_assets.windows import Windows
from tests.extract.column_pages import SPEC, walk_page
from tests.help_desk_vendor import Customer, DeskApi, Incident, Ticket
from tests.http.loopback import ReceivedRequest, Reply, Vendor

LIBRARY = str(Path(dazz_assets.__file__).parent)
FIRST = datetime(2026, 1, 6, tzinfo=UTC)
# What the first sync sends; without it in the links, they may lead into another list.
SINCE = "since=2026-01-05T00%3A00%3A00Z"
PAGES = 5
SMALL, LARGE = 100, 300
# Pages of which each record is sampled.
FEW = (5, 20)
# Little above what Python 3.11 counts (76 and 51; of a fetch 79 after other tests), which is the most of all versions.
# What makes a record cheaper lowers them. A loop over records that does next to nothing adds six.
MOST_STEPS_OF_FETCH = 80
MOST_STEPS_OF_PARSE = 55
# The same of a record that is sampled, to see what fields the records have: 166, and 193 after other tests.
MOST_STEPS_OF_SAMPLED = 196
# Pages that wait to be written: blocks of memory for each of their records.
MOST_BLOCKS = 11
# Pages that are handed over together if they come quickly.
BATCH = 8
# Modules of the library in which code runs for each page of a list, and for each batch of pages.
MOST_MODULES_OF_PAGE, MOST_MODULES_OF_BATCH = 48, 62
# What is superseded, the fingerprints of windows, and objects that two windows hold.
MOST_QUERIES_OF_PARSE = 3
# Calls of functions written in C, from a page's records to what is written: of each record four for its hash, the rest
# for its key of two terms; of the page all else, among which are one decoder and three that join texts.
CALLS_OF_RECORD, CALLS_OF_PAGE = 11, 73
Tracer = Callable[[FrameType, str, Any], Any]


class ChangesStream(Stream[Ticket]):
    """Tickets, in pages as large as the vendor makes them."""

    path = "/changes"
    cursor = Cursor("updated_at", since="since")


class LinkedDesk(DeskApi):
    """A help desk with links to the next page."""

    paginator = NextLink("next")
    streams = (ChangesStream,)

    @parser
    def incidents(self, changes: Incremental[ChangesStream]) -> Iterator[Incident]:
        for ticket in changes:
            yield Incident(id=self.object_id(ticket.id), title=ticket.title)


def ticket(number: int) -> dict[str, Any]:
    changed = (FIRST + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
    return {"id": number, "title": f"ticket {number}", "updated_at": changed, "labels": ["a", {"b": number / 7}]}


def answer_pages(size: int, count: int = PAGES) -> Callable[[ReceivedRequest], Reply]:
    """Answers like an API with so many tickets a page, which can list those that changed since a time."""
    tickets = [ticket(number) for number in range(count * size)]
    pages = [
        {
            "items": tickets[number * size :][:size],
            "next": f"/changes?{SINCE}&page={number + 1}" if number + 1 < count else None,
        }
        for number in range(count)
    ]
    bodies = [json.dumps(page).encode() for page in pages]

    def answer(asked: ReceivedRequest) -> Reply:
        since = asked.query.get("since", [""])[0]
        if since > tickets[0]["updated_at"]:
            return Reply(body={"items": [item for item in tickets if item["updated_at"] >= since]})
        return Reply(body=bodies[int(asked.query.get("page", ["0"])[0])])

    return answer


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


def customer_of(vendor: Vendor, folder: Path, size: int, pages: int = PAGES) -> Customer:
    vendor.handler = answer_pages(size, pages)
    return Customer(folder, vendor.url, LinkedDesk)


def read_times(folder: Path) -> dict[Path, int]:
    """When each file was written, but for the locks."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".locks" not in path.parts)
    return {path: path.stat().st_mtime_ns for path in files}


class StepCounter:
    """Counts the bytecode instructions that code of the library executes, in all threads.

    A loop over records shows in it, whether it calls a function or not. What C code does for many records at once is
    one instruction.
    """

    def __init__(self) -> None:
        self.steps = 0

    def trace(self, frame: FrameType, event: str, argument: object) -> Tracer | None:
        if not frame.f_code.co_filename.startswith(LIBRARY):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._count

    def _count(self, frame: FrameType, event: str, argument: object) -> Tracer:
        self.steps += event == "opcode"
        return self._count


@contextmanager
def counted_steps() -> Iterator[StepCounter]:
    counter, before, before_in_threads = StepCounter(), sys.gettrace(), threading.gettrace()
    threading.settrace(counter.trace)
    sys.settrace(counter.trace)
    try:
        yield counter
    finally:
        sys.settrace(before)
        threading.settrace(before_in_threads)


def steps_per_record(
    vendor: Vendor,
    folder: Path,
    work: Callable[[Customer], Any],
    is_synced: bool = False,
    sizes: tuple[int, int] = (SMALL, LARGE),
) -> float:
    """The steps that each further record of a page costs: with as many pages, all else is the same.

    is_synced: whether the records are stored before the work begins.
    """
    steps = []
    for size in sizes:
        customer = customer_of(vendor, folder / str(size), size)
        if is_synced:
            customer.sync()
        # Pages are handed over together, however busy the machine is.
        with mock.patch.object(handover, "_GATHER_SECONDS", 60.0), counted_steps() as counter:
            work(customer)
        steps.append(counter.steps)
    return (steps[1] - steps[0]) / (PAGES * (sizes[1] - sizes[0]))


def count_calls_of_c(work: Callable[[], Any]) -> int:
    """How many functions written in C are called, in this thread: a pass over a page's bytes is one or more."""
    calls = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "c_call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def modules_of_pages(vendor: Vendor, folder: Path, pages: int) -> Counter[str]:
    """How many functions of each module are called in a sync of so many pages, in all threads."""
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(LIBRARY):
            calls[frame.f_code.co_filename] += 1

    customer = customer_of(vendor, folder / str(pages), SMALL, pages)
    before, before_in_threads = sys.getprofile(), threading.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        with mock.patch.object(handover, "_GATHER_SECONDS", 60):
            customer.sync()
    finally:
        sys.setprofile(before)
        threading.setprofile(before_in_threads)
    return calls


class BlockCounter(Progress):
    """Keeps how many blocks of memory Python's objects take when each page arrives."""

    def __init__(self) -> None:
        self.blocks: list[int] = []

    def page(self, connection: str, stream: str, *, records: int, bytes_: int) -> None:
        self.blocks.append(sys.getallocatedblocks())


def test_a_sync_sends_one_request_a_page_and_makes_one_commit_and_one_file(vendor: Vendor, tmp_path: Path) -> None:
    customer = customer_of(vendor, tmp_path, SMALL)
    create_tables(customer.session)
    table = customer.session.raw(customer.spec.streams["changes"])
    created = table.open()
    report = customer.sync()["changes"]
    assert (report.records, report.requests, len(vendor.requests)) == (PAGES * SMALL, PAGES, PAGES)
    assert created is not None
    assert report.version == created.version + 1
    assert len(list((tmp_path / "lake" / "raw").rglob("*.parquet"))) == len(report.windows) == 1


def test_a_parse_makes_one_commit_and_one_file(vendor: Vendor, tmp_path: Path) -> None:
    customer = customer_of(vendor, tmp_path, SMALL)
    customer.sync()
    (log,) = (tmp_path / "lake" / "domain").rglob("_delta_log")
    created = len(list(log.glob("*.json")))
    customer.parse()
    assert len(list(log.glob("*.json"))) == created + 1
    assert len(list((tmp_path / "lake" / "domain").rglob("*.parquet"))) == 1


def test_a_page_passes_through_few_modules(vendor: Vendor, tmp_path: Path) -> None:
    modules_of_pages(vendor, tmp_path / "first", 1)  # What is made once a process.
    few, many = (modules_of_pages(vendor, tmp_path, batches * BATCH) for batches in (1, 3))
    grown = {module: calls - few[module] for module, calls in many.items()}
    assert len([module for module, calls in grown.items() if calls >= 2 * BATCH]) <= MOST_MODULES_OF_PAGE, grown
    assert len([module for module, calls in grown.items() if calls >= 2]) <= MOST_MODULES_OF_BATCH, grown


def test_a_sync_and_a_parse_without_new_records_send_one_request_and_write_nothing(
    vendor: Vendor, tmp_path: Path
) -> None:
    customer = customer_of(vendor, tmp_path, SMALL)
    customer.sync()
    customer.parse()
    before = read_times(tmp_path / "lake")
    vendor.requests.clear()
    report = customer.sync()["changes"]
    parsed = customer.parse()
    assert (report.records, parsed.windows, len(vendor.requests)) == (0, {}, 1)
    assert read_times(tmp_path / "lake") == before


def queries_of_parse(vendor: Vendor, folder: Path, weeks: int) -> int:
    """How many queries DuckDB is asked in a parse of all windows of so many weeks."""
    tickets = [
        {**ticket(number), "updated_at": (FIRST + timedelta(weeks=number)).strftime("%Y-%m-%dT%H:%M:%SZ")}
        for number in range(weeks)
    ]
    vendor.handler = lambda asked: Reply(body={"items": tickets})
    customer = Customer(folder / str(weeks), vendor.url, LinkedDesk)
    customer.sync()
    with mock.patch.object(duckdb_connection, "run_statement", wraps=duckdb_connection.run_statement) as queries:
        assert len(customer.parse(every=True).windows) == weeks
    return queries.call_count


def test_a_sync_without_new_changes_imports_no_pandas(vendor: Vendor, tmp_path: Path) -> None:
    customer_of(vendor, tmp_path, SMALL).sync()
    program = (
        "import sys; from pathlib import Path; from tests.extract.test_costs import Customer, LinkedDesk;"
        f"report = Customer(Path({str(tmp_path)!r}), {vendor.url!r}, LinkedDesk).sync()['changes'];"
        "print(report.records, 'pandas' in sys.modules)"
    )
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert completed.stdout.split() == ["0", "False"]


def test_a_parse_asks_as_few_queries_for_many_windows_as_for_two(vendor: Vendor, tmp_path: Path) -> None:
    asked = queries_of_parse(vendor, tmp_path, 2)
    assert 0 < asked <= MOST_QUERIES_OF_PARSE
    assert queries_of_parse(vendor, tmp_path, 9) == asked


def test_a_fetch_takes_few_steps_of_python_for_each_record(vendor: Vendor, tmp_path: Path) -> None:
    assert steps_per_record(vendor, tmp_path, lambda customer: customer.sync()) < MOST_STEPS_OF_FETCH


def test_a_sync_of_few_records_takes_few_steps_of_python_for_each(vendor: Vendor, tmp_path: Path) -> None:
    assert steps_per_record(vendor, tmp_path, lambda customer: customer.sync(), sizes=FEW) < MOST_STEPS_OF_SAMPLED


def test_a_parse_takes_few_steps_of_python_for_each_record(vendor: Vendor, tmp_path: Path) -> None:
    assert steps_per_record(vendor, tmp_path, lambda customer: customer.parse(), is_synced=True) < MOST_STEPS_OF_PARSE


def test_a_fetched_record_is_few_objects_of_python_until_it_is_written(vendor: Vendor, tmp_path: Path) -> None:
    customer = customer_of(vendor, tmp_path, LARGE)
    counter = BlockCounter()
    session = Session(customer.spec, customer.connection, customer.lake, progress=counter)
    sync_stream(session, customer.spec.streams["changes"], SyncRange(from_mark=True))
    # The first page also brings what is made once a sync.
    first, last = counter.blocks[1], counter.blocks[-1]
    assert (last - first) / ((PAGES - 2) * LARGE) < MOST_BLOCKS


def make_rows(reader: RowReader, page: WalkedPage) -> None:
    """What a sync does with a page from its records to what is written."""
    make_batch([(1, reader.read_rows([page], None, {}))])


def test_the_rows_of_a_page_are_made_in_few_passes_over_its_bytes() -> None:
    calls = {}
    for size in (SMALL, LARGE):
        texts = [
            b'{"id": "%d", "at": {"time": "2026-01-06T00:00:00Z", "part": "1"}}' % number for number in range(size)
        ]
        page, reader = walk_page(texts), RowReader(SPEC.streams["changes"], Windows("week"))
        make_rows(reader, page)  # What is made once a process.
        calls[size] = count_calls_of_c(partial(make_rows, reader, page))
    per_record = (calls[LARGE] - calls[SMALL]) / (LARGE - SMALL)
    assert per_record <= CALLS_OF_RECORD
    assert calls[SMALL] - per_record * SMALL <= CALLS_OF_PAGE
