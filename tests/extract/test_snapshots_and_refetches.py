"""Snapshots and refetches replace the stored records only once everything has arrived."""

import pytest

from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from tests.help_desk_vendor import Customer, Desk, Mondays
from tests.http.loopback import Reply

NAMES = "select key from raw.desk_agents order by key"


def _keys(customer: Customer) -> list[str]:
    return [row["key"] for row in customer.rows(NAMES)]


def test_a_snapshot_replaces_the_last_one(desk: Desk, customer: Customer) -> None:
    customer.sync()
    desk.agents = [{"id": 2, "name": "Bob"}, {"id": 3, "name": "Cleo"}]
    customer.sync()
    assert _keys(customer) == ["2", "3"]


def test_a_snapshot_that_fails_halfway_keeps_the_last_one(desk: Desk, customer: Customer) -> None:
    customer.sync()
    desk.agents = [{"id": number, "name": "x"} for number in range(10, 20)]
    answer, pages = desk.answer, iter(range(3))
    refusal = Reply(400, {"message": "no"})
    desk.vendor.handler = lambda asked: answer(asked) if next(pages, None) is not None else refusal
    with pytest.raises(SyncError, match=r"desk/acme, stream agents: .*400"):
        customer.sync("agents")
    assert _keys(customer) == ["1", "2"]
    assert len(list((customer.lake.root.local or desk).rglob("raw/desk/agents/**/*.parquet"))) == 1  # type: ignore[union-attr]


def test_a_snapshot_without_a_change_commits_nothing(desk: Desk, customer: Customer) -> None:
    customer.sync()
    table = customer.lake.raw("desk", "agents", "acme", windowed=False)
    before = table.open()
    desk.agents.reverse()
    customer.sync()
    after = table.open()
    assert before is not None
    assert after is not None
    assert after.version == before.version


def test_an_empty_snapshot_replaces_the_last_one(desk: Desk, customer: Customer) -> None:
    customer.sync()
    desk.agents = []
    customer.sync()
    assert _keys(customer) == []


def test_a_refetch_removes_what_is_no_longer_listed_objects_included(desk: Desk, customer: Customer) -> None:
    customer.sync()
    customer.parse()
    del desk.tickets[1], desk.tickets[3]
    customer.sync()
    customer.parse()
    assert customer.titles() == ["ticket 1", "ticket 2", "ticket 3", "ticket 4"]
    report = customer.sync("tickets", sync_range=SyncRange(refetch=True))["tickets"]
    assert report.records == 2
    parsed = customer.parse()
    assert customer.titles() == ["ticket 2", "ticket 4"]
    assert set(parsed.windows) == {Mondays.FIRST, Mondays.SECOND}


def test_a_refetch_that_fails_changes_nothing(desk: Desk, customer: Customer) -> None:
    customer.sync()
    customer.parse()
    desk.failing["/tickets"] = Reply(403, {"message": "not allowed"})
    with pytest.raises(SyncError, match=r"desk/acme, stream tickets: .*403.*not allowed"):
        customer.sync("tickets", sync_range=SyncRange(refetch=True))
    customer.parse()
    assert customer.titles() == ["ticket 1", "ticket 2", "ticket 3", "ticket 4"]


def test_after_a_refetch_the_mark_is_the_newest_record_fetched(desk: Desk, customer: Customer) -> None:
    customer.sync()
    del desk.tickets[4]
    report = customer.sync("tickets", sync_range=SyncRange(refetch=True))["tickets"]
    assert report.high_water_mark == "2026-01-13T10:00:00Z"
    asked = desk.requests
    customer.sync("tickets")
    assert desk.vendor.requests[asked].query["since"] == ["2026-01-13T09:59:59Z"]
