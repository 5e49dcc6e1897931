"""A list over many windows, in the order of time or in none: each window gets one file, and few files are open."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dazz_assets import Cursor, NextLink, Stream
from dazz_assets.errors import SyncError
from dazz_assets.lake import DataFile, FileWriter
from dazz_assets.spec.read import read_integration
from tests.help_desk_vendor import Customer, DeskApi, Ticket
from tests.http.loopback import ReceivedRequest, Reply, Vendor

FIRST = datetime(2026, 1, 6, tzinfo=UTC)
DAYS, RECORDS, PAGE = 90, 900, 50
MOST_OPEN = 32


class ChangesStream(Stream[Ticket]):
    """Tickets in the vendor's order, whatever it is."""

    path = "/changes"
    cursor = Cursor("updated_at", since="since")


class DailyDesk(DeskApi):
    """A help desk whose tickets are stored by day."""

    window = "day"
    paginator = NextLink("next")
    streams = (ChangesStream,)


class AscendingChangesStream(ChangesStream):
    """Tickets in the order of their last change."""

    name = "changes"
    cursor = Cursor("updated_at", since="since", order="asc")


class AscendingDesk(DailyDesk):
    """The help desk, whose list is in order."""

    streams = (AscendingChangesStream,)


def tickets(numbers: list[int]) -> list[dict[str, Any]]:
    """Tickets whose times ascend with their numbers, in the order of these numbers."""
    step = timedelta(days=DAYS) / RECORDS
    return [
        {"id": number, "title": f"ticket {number}", "updated_at": (FIRST + number * step).isoformat()}
        for number in numbers
    ]


def shuffled() -> list[dict[str, Any]]:
    numbers = list(range(RECORDS))
    random.Random(7).shuffle(numbers)
    return tickets(numbers)


class Api:
    """Lists tickets in their order. refused_page: the page that is refused."""

    def __init__(self, listed: list[dict[str, Any]], refused_page: int | None = None) -> None:
        self.listed = listed
        self.refused_page = refused_page

    def answer(self, asked: ReceivedRequest) -> Reply:
        page = int(asked.query.get("place", ["0"])[0])
        if page == self.refused_page:
            return Reply(403, {"message": "no"})
        since = datetime.fromisoformat(asked.query["since"][0]) if "since" in asked.query else FIRST
        left = [ticket for ticket in self.listed if datetime.fromisoformat(ticket["updated_at"]) >= since]
        following = f"/changes?place={page + 1}" if (page + 1) * PAGE < len(left) else None
        return Reply(body={"items": left[page * PAGE :][:PAGE], "next": following})


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture(autouse=True)
def small_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write rows after every few pages."""
    monkeypatch.setattr("dazz_assets.extract.writer._BUFFERED_BYTES", 40_000)


@pytest.fixture
def open_files(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files were being written whenever one was begun."""
    begun: list[int] = []
    being_written = 0
    new, close = FileWriter.__init__, FileWriter.close

    def count_begun(self: FileWriter, *given: Any, **named: Any) -> None:
        nonlocal being_written
        new(self, *given, **named)
        being_written += 1
        begun.append(being_written)

    def count_closed(self: FileWriter) -> DataFile:
        nonlocal being_written
        being_written -= 1
        return close(self)

    monkeypatch.setattr(FileWriter, "__init__", count_begun)
    monkeypatch.setattr(FileWriter, "close", count_closed)
    return begun


def customer_of(vendor: Vendor, folder: Path, api: Api) -> Customer:
    vendor.handler = api.answer
    return Customer(folder, vendor.url, DailyDesk)


def raw_files(folder: Path) -> dict[date, list[Path]]:
    found: dict[date, list[Path]] = {}
    for path in (folder / "lake" / "raw").rglob("*.parquet"):
        found.setdefault(date.fromisoformat(path.parent.name.partition("=")[2]), []).append(path)
    return found


def records_by_day(folder: Path) -> dict[date, list[dict[str, Any]]]:
    """The stored records of each day, in the order of their sequence numbers."""
    stored = {}
    for day, paths in raw_files(folder).items():
        rows = [row for path in paths for row in pq.ParquetFile(path).read(["sequence", "record"]).to_pylist()]
        stored[day] = [json.loads(row["record"]) for row in sorted(rows, key=lambda row: row["sequence"])]
    return stored


def listed_by_day(listed: list[dict[str, Any]]) -> dict[date, list[dict[str, Any]]]:
    days: dict[date, list[dict[str, Any]]] = {}
    for ticket in listed:
        days.setdefault(datetime.fromisoformat(ticket["updated_at"]).date(), []).append(ticket)
    return days


def test_records_in_no_order_make_one_file_a_window(vendor: Vendor, tmp_path: Path, open_files: list[int]) -> None:
    listed = shuffled()
    report = customer_of(vendor, tmp_path, Api(listed)).sync()["changes"]
    assert report.records == RECORDS
    assert {day: len(paths) for day, paths in raw_files(tmp_path).items()} == dict.fromkeys(listed_by_day(listed), 1)
    assert max(open_files) <= MOST_OPEN


def test_a_sync_that_commits_as_it_goes_waits_until_its_files_are_worth_it(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dazz_assets.extract.passes._ROWS_PER_CHECKPOINT", 2 * PAGE)
    monkeypatch.setattr("dazz_assets.extract.passes._SECONDS_PER_CHECKPOINT", 0)
    customer_of(vendor, tmp_path, Api(shuffled())).sync()
    assert sum(map(len, raw_files(tmp_path).values())) < 2 * DAYS


def test_a_list_in_order_commits_as_it_goes_however_many_windows_it_has(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dazz_assets.extract.passes._ROWS_PER_CHECKPOINT", 2 * PAGE)
    monkeypatch.setattr("dazz_assets.extract.passes._SECONDS_PER_CHECKPOINT", 0)
    customer = customer_of(vendor, tmp_path, Api(tickets(list(range(RECORDS))), refused_page=RECORDS // PAGE - 1))
    customer.spec = read_integration(AscendingDesk)
    with pytest.raises(SyncError):
        customer.sync()
    assert sum(map(len, records_by_day(tmp_path).values())) >= RECORDS - 3 * PAGE


def test_large_records_in_no_order_make_one_file_a_window(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dazz_assets.extract.writer._BUFFERED_BYTES", 2_000)  # A buffer holds few of them.
    listed = shuffled()
    customer_of(vendor, tmp_path, Api(listed)).sync()
    assert records_by_day(tmp_path) == listed_by_day(listed)
    assert sum(map(len, raw_files(tmp_path).values())) <= 2 * DAYS


def test_records_in_no_order_are_stored_as_they_came(vendor: Vendor, tmp_path: Path) -> None:
    listed = shuffled()
    customer_of(vendor, tmp_path, Api(listed)).sync()
    assert records_by_day(tmp_path) == listed_by_day(listed)


def test_what_changes_in_many_windows_is_added_once(vendor: Vendor, tmp_path: Path) -> None:
    api = Api(shuffled())
    customer = customer_of(vendor, tmp_path, api)
    customer.sync()
    assert customer.sync()["changes"].records == 0
    api.listed = [
        *api.listed,
        {"id": RECORDS, "title": "new", "updated_at": (FIRST + timedelta(days=DAYS)).isoformat()},
    ]
    assert customer.sync()["changes"].records == 1
    assert records_by_day(tmp_path) == listed_by_day(api.listed)


def test_a_list_in_order_keeps_few_files_open(vendor: Vendor, tmp_path: Path, open_files: list[int]) -> None:
    listed = tickets(list(range(RECORDS)))
    customer_of(vendor, tmp_path, Api(listed)).sync()
    assert records_by_day(tmp_path) == listed_by_day(listed)
    assert len(open_files) == DAYS
    assert max(open_files) <= MOST_OPEN


def test_a_sync_that_fails_leaves_nothing_of_what_waited(vendor: Vendor, tmp_path: Path) -> None:
    customer = customer_of(vendor, tmp_path, Api(shuffled(), refused_page=RECORDS // PAGE - 1))
    with pytest.raises(SyncError, match="403"):
        customer.sync()
    assert raw_files(tmp_path) == {}
