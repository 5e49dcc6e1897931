"""Syncs in unusual situations: a changed start, a repeated content, a counter as cursor, a list that changes."""

from datetime import date
from pathlib import Path

from dazz_assets import Cursor
from dazz_assets.extract.ranges import SyncRange
from tests.help_desk_vendor import Customer, Desk, DeskIntegration, TicketsStream


def _set_start(customer: Customer, start: date) -> None:
    customer.connection = customer.connection.model_copy(update={"start": start})


def test_an_earlier_start_is_fetched_and_later_syncs_continue_from_the_mark(desk: Desk, tmp_path: Path) -> None:
    desk.put(0, "2025-12-10T00:00:00Z", "older")
    customer = Customer(tmp_path, desk.vendor.url, start=date(2026, 1, 5))
    assert customer.sync("tickets")["tickets"].records == 4
    _set_start(customer, date(2025, 12, 1))
    report = customer.sync("tickets")["tickets"]
    assert (report.records, report.high_water_mark) == (1, "2026-01-20T10:00:00Z")
    asked = desk.requests
    customer.sync("tickets")
    assert min(request.query["since"][0] for request in desk.vendor.requests[asked:]) == "2026-01-20T09:59:59Z"


def test_a_later_start_removes_nothing(desk: Desk, customer: Customer) -> None:
    customer.sync()
    _set_start(customer, date(2026, 1, 19))
    customer.sync()
    _set_start(customer, date(2026, 1, 5))
    assert customer.sync("tickets")["tickets"].records == 0
    assert customer.rows("select count(*) as n from raw.desk_tickets") == [{"n": 4}]


def test_a_content_that_returns_at_the_same_cursor_is_the_latest_version_again(desk: Desk, customer: Customer) -> None:
    for title in ("open", "closed", "open"):
        desk.put(4, "2026-01-20T10:00:00Z", title)
        customer.sync("tickets")
    rows = customer.rows("select record from raw.desk_tickets where key = '4'")
    assert '"title": "open"' in rows[0]["record"]
    assert customer.sync("tickets")["tickets"].records == 0


def test_a_counter_below_the_start_has_its_mark_there(desk: Desk, tmp_path: Path) -> None:
    class CountedStream(TicketsStream):
        cursor = Cursor("updated_at", since="since", format="epoch")
        name = "tickets"

    class Counter(DeskIntegration):
        streams = (CountedStream,)  # type: ignore[assignment]
        name = "desk"
        incidents = None  # type: ignore[assignment]

    desk.tickets = {n: {"id": n, "title": "x", "updated_at": 1000 + n} for n in (1, 2)}
    desk.vendor.handler = desk.answer_all
    customer = Customer(tmp_path, desk.vendor.url, Counter)
    customer.sync()
    desk.tickets |= {3: {"id": 3, "title": "new", "updated_at": 1003}, 1: {"id": 1, "title": "new", "updated_at": 1004}}
    assert customer.sync()["tickets"].records == 2


def test_a_snapshot_that_lists_a_key_twice_reports_it(desk: Desk, customer: Customer) -> None:
    desk.agents.append({"id": 1, "name": "another of that id"})
    assert customer.sync("agents")["agents"].repeated == 1


def test_a_snapshot_is_read_again_if_a_record_is_removed_meanwhile(desk: Desk, customer: Customer) -> None:
    desk.agents = [{"id": number, "name": "x"} for number in range(7)]
    answer, left = desk.answer, [True]

    def answer_and_remove_one(asked: object) -> object:
        reply = answer(asked)  # type: ignore[arg-type]
        if left and left.pop():
            del desk.agents[0]
        return reply

    desk.vendor.handler = answer_and_remove_one  # type: ignore[assignment]
    customer.sync("agents")
    assert [row["key"] for row in customer.rows("select key from raw.desk_agents order by key")] == list("123456")


def test_a_refetch_that_lists_nothing_leaves_no_mark(desk: Desk, customer: Customer) -> None:
    customer.sync("tickets")
    tickets, desk.tickets = desk.tickets, {}
    assert customer.sync("tickets", sync_range=SyncRange(refetch=True))["tickets"].high_water_mark is None
    desk.tickets = tickets
    assert customer.sync("tickets")["tickets"].records == 4
