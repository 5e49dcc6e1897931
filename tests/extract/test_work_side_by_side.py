"""What is done at the same time: rows are encoded while pages arrive, and read while the parser uses earlier ones."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Incremental, parser
from dazz_assets.extract import writer
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake.versions.latest_versions import LatestVersions
from dazz_assets.reports import Progress
from dazz_assets.session import Session
from tests.extract.test_costs import PAGES, SMALL, ChangesStream, LinkedDesk, answer_pages
from tests.help_desk_vendor import Customer, Incident
from tests.http.loopback import Vendor

SECONDS = 20
"""How long one side waits for the other: for good, if both were one."""


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        vendor.handler = answer_pages(SMALL)
        yield vendor


class SecondPage(Progress):
    """Tells when the second page is handled."""

    def __init__(self) -> None:
        self.is_handled = threading.Event()
        self._pages = 0

    def page(self, connection: str, stream: str, *, records: int, bytes_: int) -> None:
        self._pages += 1
        if self._pages == 2:
            self.is_handled.set()


def test_a_page_is_handled_while_the_rows_before_it_are_encoded(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer, second = Customer(tmp_path, vendor.url, LinkedDesk), SecondPage()
    waited: list[bool] = []
    make_batch = writer.make_batch

    def make_later(rows: Any) -> Any:
        waited.append(second.is_handled.wait(SECONDS))
        return make_batch(rows)

    monkeypatch.setattr(writer, "_BUFFERED_BYTES", 1)
    monkeypatch.setattr(writer, "make_batch", make_later)
    session = Session(customer.spec, customer.connection, customer.lake, progress=second)
    report = sync_stream(session, customer.spec.streams["changes"], SyncRange(from_mark=True))
    assert waited[0]
    assert report.records == PAGES * SMALL


class WaitingDesk(LinkedDesk):
    """A help desk whose parser waits, at its first record, until later ones are read."""

    ARE_READ = threading.Event()
    WAITED: list[bool] = []

    @parser
    def incidents(self, changes: Incremental[ChangesStream]) -> Iterator[Incident]:
        for ticket in changes:
            if not self.WAITED:
                self.WAITED.append(self.ARE_READ.wait(SECONDS))
            yield Incident(id=self.object_id(ticket.id), title=ticket.title)


def test_rows_are_read_while_the_parser_uses_those_before_them(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = Customer(tmp_path, vendor.url, WaitingDesk)
    customer.sync()
    read_window = LatestVersions.read_window

    def read(self: LatestVersions, *arguments: Any) -> Iterator[Any]:
        for number, batch in enumerate(read_window(self, *arguments)):
            if number == 1:
                WaitingDesk.ARE_READ.set()
            yield batch

    monkeypatch.setattr(sys.modules[LatestVersions.__module__], "BATCH_ROWS", SMALL)
    monkeypatch.setattr(LatestVersions, "read_window", read)
    assert customer.parse().objects == PAGES * SMALL
    assert WaitingDesk.WAITED == [True]
