"""How many files of the lake a sync and a parse open, and how many folders they list, whichever library does it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.extract.test_costs import PAGES, SMALL, customer_of, ticket
from tests.help_desk_vendor import Customer
from tests.http.loopback import Reply, Vendor
from tests.opened_files import opened_below

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the system tells of opened files on Linux only")


@dataclass(frozen=True)
class Opened:
    """What of the lake was opened. data: files of rows, each once, as readers open one several times.

    log_reads: how often the whole log of a table was read, of the table where that is most. listings: of folders, one
    for each opening of a table and each commit. beside: files beside tables: shapes, locks.
    """

    data: int
    log_reads: int
    listings: int
    beside: int


def opened_by(work: Callable[[], Any], customer: Customer) -> Opened:
    with opened_below(Path(customer.lake.root.path)) as opened:
        work()
    files = {path: count for path, count in opened.items() if path.is_file()}
    logs = {path: count for path, count in files.items() if path.parent.name == "_delta_log"}
    data = {path for path in files if path.suffix == ".parquet"}
    return Opened(
        data=len(data),
        log_reads=max(logs.values()),
        listings=sum(count for path, count in opened.items() if path.is_dir()),
        beside=sum(count for path, count in files.items() if path not in logs and path not in data),
    )


@pytest.fixture
def customer(tmp_path: Path) -> Iterator[tuple[Customer, Vendor]]:
    """A customer whose records are synced and parsed, some of them by a later sync."""
    with Vendor() as vendor:
        customer = customer_of(vendor, tmp_path, SMALL)
        customer.sync()
        customer.parse()
        add_ticket(vendor, 1)
        customer.sync()
        customer.parse()
        yield customer, vendor


def add_ticket(vendor: Vendor, count: int) -> None:
    """The vendor has so many tickets more than `answer_pages` has, and lists those that changed last."""
    newest = [ticket(PAGES * SMALL + number) for number in range(-1, count)]
    vendor.handler = lambda asked: Reply(body={"items": newest})


def test_a_sync_with_nothing_new_opens_its_table_once_and_no_file_of_rows(customer: tuple[Customer, Vendor]) -> None:
    found, _ = customer
    opened = opened_by(found.sync, found)
    assert (opened.data, opened.listings, opened.beside) == (0, 1, 2)
    assert opened.log_reads <= 12  # One opening, and one for each transaction that is looked up.


def test_a_parse_with_nothing_new_opens_each_table_once_and_no_file_of_rows(customer: tuple[Customer, Vendor]) -> None:
    found, _ = customer
    opened = opened_by(found.parse, found)
    assert (opened.data, opened.listings, opened.beside) == (0, 3, 1)
    # Three tables, and five transactions that are looked up; the system may tell of two in a row as one.
    assert opened.log_reads <= 8


def test_a_sync_of_few_records_opens_the_files_that_hold_what_is_listed_again_and_writes_one(
    customer: tuple[Customer, Vendor],
) -> None:
    found, vendor = customer
    add_ticket(vendor, 5)
    opened = opened_by(found.sync, found)
    # One holds the mark, and one the second before it.
    assert (opened.data, opened.listings, opened.beside) == (3, 6, 2)
    assert opened.log_reads <= 20


def test_a_parse_of_few_records_opens_the_files_of_their_window_and_writes_one(
    customer: tuple[Customer, Vendor],
) -> None:
    found, vendor = customer
    add_ticket(vendor, 5)
    found.sync()
    opened = opened_by(found.parse, found)
    # One folder says which parsers published to the table.
    assert (opened.data, opened.listings, opened.beside) == (4, 16, 1)
    assert opened.log_reads <= 18
