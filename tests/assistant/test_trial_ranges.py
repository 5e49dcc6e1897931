"""A check and a preview ask for what a first sync asks for: an API that takes its requests takes theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from dazz_assets import ConnectionConfig, Cursor, Integration, Stream
from dazz_assets.assistant.page_preview import preview
from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.declaring import declare
from tests.first_check import check_first
from tests.http.loopback import ReceivedRequest, Reply, Vendor

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Trade(BaseModel):
    id: int


class Exchange:
    """An API that insists on both bounds, and lists at most some days at once; a trade a day from `begins` on."""

    def __init__(self, vendor: Vendor, folder: Path) -> None:
        self.vendor, self.folder = vendor, folder
        self.longest, self.begins = timedelta(days=3660), datetime(2000, 1, 1, tzinfo=UTC)
        vendor.handler = self.answer

    def answer(self, request: ReceivedRequest) -> Reply:
        if request.path == "/trades/7/fills":
            return Reply(body=[{"id": 1}])
        if not {"from", "to"} <= set(request.query):
            return Reply(400, {"message": "from and to are required"})
        since, until = (datetime.fromisoformat(request.query[name][0]) for name in ("from", "to"))
        if until - since > self.longest:
            return Reply(400, {"message": "The time range is too long"})
        first = max(since, self.begins)
        days = [first + timedelta(days=day) for day in range((min(until, NOW) - first).days + 1)]
        return Reply(body=[{"id": 7, "at": day.isoformat()} for day in days])

    def session(self, cursor: Cursor, start: date, *, with_fills: bool = False) -> Session:
        trades = declare("TradesStream", Stream[Trade], path="/trades", primary_key="id", cursor=cursor)
        fills = declare("FillsStream", Stream[Trade], parent=trades, path="/trades/{parent.id}/fills", primary_key="id")
        settings: dict[str, Any] = {"streams": (trades,)}
        if with_fills:
            settings = {"streams": (trades, fills), "check": fills}
        integration = declare(
            "ExchangeIntegration", Integration[ConnectionConfig], base_url="https://exchange.test", **settings
        )
        connection = Connection(id="acme", integration="exchange", start=start, config={"base_url": self.vendor.url})
        return Session(read_integration(integration), connection, Lake(self.folder / "lake"), now=lambda: NOW)

    def asked(self) -> list[str]:
        found = [request.target for request in self.vendor.requests]
        self.vendor.requests.clear()
        return found


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    with Vendor() as vendor:
        yield Exchange(vendor, tmp_path)


CURSORS = {
    "both bounds, in parts": (Cursor("at", since="from", until="to", both=True), timedelta(days=200)),
    "steps": (Cursor("at", since="from", until="to", step=timedelta(days=31)), timedelta(days=31)),
    "short steps": (Cursor("at", since="from", until="to", step=timedelta(days=2)), timedelta(days=2)),
}


@pytest.mark.parametrize("name", CURSORS)
@pytest.mark.parametrize("start", [date(2026, 2, 28), date(2025, 12, 1), date(2021, 6, 30)], ids=str)
def test_what_is_tried_is_what_a_first_sync_begins_with(exchange: Exchange, name: str, start: date) -> None:
    cursor, exchange.longest = CURSORS[name]
    session = exchange.session(cursor, start)
    assert check_first(session).name == "trades"
    (checked,) = exchange.asked()
    preview(session, session.spec.streams["trades"])
    assert exchange.asked() == [checked]
    sync_stream(session, session.spec.streams["trades"], SyncRange(from_mark=True))
    assert exchange.asked()[0] == checked


@pytest.mark.parametrize("name", CURSORS)
def test_if_the_first_range_has_no_records_the_last_one_is_asked_for(exchange: Exchange, name: str) -> None:
    cursor, exchange.longest = CURSORS[name]
    session = exchange.session(cursor, date(2021, 6, 30))
    exchange.begins = datetime(2026, 3, 1, tzinfo=UTC)
    assert check_first(session).records > 0
    checked = exchange.asked()
    assert len(checked) == 2
    assert preview(session, session.spec.streams["trades"]).records
    assert exchange.asked() == checked
    sync_stream(session, session.spec.streams["trades"], SyncRange(from_mark=True))
    synced = exchange.asked()
    assert [synced[0], synced[-1]] == checked
    exchange.begins = datetime(2030, 1, 1, tzinfo=UTC)
    assert check_first(session).records == 0
    assert not preview(session, session.spec.streams["trades"]).records


def test_the_parents_of_a_sub_stream_are_asked_for_in_the_same_way(exchange: Exchange) -> None:
    cursor, exchange.longest = CURSORS["steps"]
    session = exchange.session(cursor, date(2025, 1, 1), with_fills=True)
    assert (check_first(session).name, check_first(session).records) == ("fills", 1)
    assert preview(session, session.spec.streams["fills"]).parent == {"id": "7"}


def test_a_stream_without_an_upper_bound_is_asked_for_from_its_start(exchange: Exchange) -> None:
    exchange.vendor.script(Reply(body=[]))
    session = exchange.session(Cursor("at", since="from"), date(2021, 6, 30))
    check_first(session)
    assert exchange.asked() == ["/trades?from=2021-06-30T00%3A00%3A00Z"]
