"""Bad records go to quarantine with the reason, and the others are published."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Cursor, FullRefresh, parser
from dazz_assets.errors import ParseError
from dazz_assets.transform import quarantine
from dazz_assets.transform.quarantine import Quarantine
from tests.declaring import declare
from tests.help_desk_vendor import Customer, Desk, Incident, PagedDeskApi, TicketsStream

QUARANTINED = (
    "select stream, key, kind, reason, cast(window_start as varchar) as w, page, position from quarantine order by key"
)


def test_an_invalid_record_is_quarantined_with_its_location_and_the_others_are_published(
    desk: Desk, customer: Customer
) -> None:
    desk.put(2, "2026-01-07T10:00:00Z", title=["no", "text"])  # type: ignore[arg-type]
    customer.sync()
    report = customer.parse()
    assert report.quarantined == 1
    assert customer.titles() == ["ticket 1", "ticket 3", "ticket 4"]
    (row,) = customer.rows(QUARANTINED)
    assert row == {
        "stream": "tickets",
        "key": "2",
        "kind": "invalid",
        "reason": "title: Input should be a valid string",
        "w": "2026-01-05",
        "page": 1,
        "position": 1,
    }


def test_the_reason_never_quotes_the_value(desk: Desk, customer: Customer) -> None:
    desk.put(2, "2026-01-07T10:00:00Z", title={"secret": "hunter2"})  # type: ignore[arg-type]
    customer.sync()
    customer.parse()
    assert "hunter2" not in str(customer.rows("select * from quarantine"))


def test_a_fixed_record_leaves_quarantine(desk: Desk, customer: Customer) -> None:
    desk.put(2, "2026-01-07T10:00:00Z", title=["no", "text"])  # type: ignore[arg-type]
    customer.sync()
    customer.parse()
    desk.put(2, "2026-01-21T10:00:00Z", "ticket 2, fixed")
    customer.sync()
    customer.parse()
    assert customer.rows(QUARANTINED) == []
    assert "ticket 2, fixed" in customer.titles()


def test_the_newest_valid_version_replaces_an_invalid_one(desk: Desk, customer: Customer) -> None:
    customer.sync()
    customer.parse()
    desk.put(1, "2026-01-21T10:00:00Z", title=["went", "bad"])  # type: ignore[arg-type]
    customer.sync()
    report = customer.parse()
    assert report.replaced == 1
    assert customer.titles() == ["ticket 1", "ticket 2", "ticket 3", "ticket 4"]
    assert [row["kind"] for row in customer.rows(QUARANTINED)] == ["invalid"]


def test_above_max_invalid_the_parse_fails_and_the_published_objects_stay(desk: Desk, customer: Customer) -> None:
    customer.sync()
    customer.parse()
    for number in (1, 2):
        desk.put(number, "2026-01-21T10:00:00Z", title=["went", "bad"])  # type: ignore[arg-type]
    customer.sync()
    with pytest.raises(ParseError, match=r"incidents: 2 of the first \d records of tickets .*; correct Ticket, then"):
        customer.parse()
    assert customer.titles() == ["ticket 1", "ticket 2", "ticket 3", "ticket 4"]


@pytest.mark.parametrize(("setting", "value"), [("primary_key", "nr"), ("cursor", Cursor("changed_at"))])
def test_with_a_wrong_key_or_cursor_the_advice_is_to_correct_that(
    setting: str, value: object, desk: Desk, tmp_path: Path
) -> None:
    stream = declare("WrongStream", TicketsStream, name="tickets", **{setting: value})

    def incidents(self: Any, tickets: FullRefresh[stream]) -> Iterator[Incident]:  # type: ignore[valid-type]
        list(tickets)
        yield from ()

    integration = declare("WrongDesk", PagedDeskApi, streams=(stream,), incidents=parser(incidents))
    customer = Customer(tmp_path, desk.vendor.url, integration)
    desk.tickets[1] |= {"nr": 1, "changed_at": "2026-01-06T10:00:00Z"}  # With none at all, the sync fails.
    customer.sync()
    with pytest.raises(ParseError) as caught:
        customer.parse()
    assert f"; correct `{setting}` of WrongStream, then sync again. Nothing was published" in str(caught.value)


@pytest.mark.parametrize(
    ("record", "kind", "reason"),
    [
        ({"title": "no key", "updated_at": "2026-01-07T10:00:00Z"}, "no key", "no key at id"),
        ({"id": 7, "title": "no cursor"}, "no cursor", "no cursor at updated_at"),
        (
            {"id": 7, "title": "odd", "updated_at": "yesterday"},
            "no cursor",
            "the cursor at updated_at is not a time: 'yesterday'",
        ),
        (
            {"id": 7, "title": float("nan"), "updated_at": "2026-01-07T10:00:00Z"},
            "unreadable",
            "it can't be read: NaN is not JSON",
        ),
    ],
)
def test_a_record_without_key_or_cursor_or_that_is_not_json_is_stored_and_quarantined_and_moves_no_mark(
    record: dict[str, object], kind: str, reason: str, desk: Desk, customer: Customer
) -> None:
    desk.tickets[7] = record
    first = customer.sync()["tickets"]
    assert (first.records, first.problems) == (5, 1)
    assert first.high_water_mark == "2026-01-20T10:00:00Z"
    customer.parse()
    (row,) = customer.rows(QUARANTINED)
    assert (row["kind"], row["reason"]) == (kind, reason)
    assert customer.titles() == ["ticket 1", "ticket 2", "ticket 3", "ticket 4"]
    assert customer.sync()["tickets"].records == 0


def test_rows_that_waited_on_the_disk_are_published_as_the_others(
    desk: Desk, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        desk.put(number, f"2026-01-0{number + 5}T10:00:00Z", title=["no", "text"])  # type: ignore[arg-type]
    for number in range(10, 50):
        desk.put(number, "2026-01-20T10:00:00Z")
    customer.sync()
    customer.parse()
    every_row = "select * exclude (inputs) from quarantine order by key"
    expected = customer.rows(every_row)
    monkeypatch.setattr(quarantine, "_WAITING_ROWS", 1)
    report = customer.parse(every=True)
    assert (report.quarantined, report.quarantine_reason) == (3, "tickets: title: Input should be a valid string")
    assert customer.rows(every_row) == expected
    assert len(expected) == 3


def test_a_record_that_is_read_again_is_put_into_quarantine_once() -> None:
    held = Quarantine()
    sequences = (0, 1, 1_023, 1_024, 2**40)
    for _ in range(2):
        for sequence in sequences:
            held.add_record(None, "tickets", _location(sequence), "invalid", "odd")
            held.add_record(None, "agents", _location(sequence), "invalid", "odd")
    assert held.count == 10
    assert [row["sequence"] for row in held.rows() if row["stream"] == "tickets"] == list(sequences)


def test_many_rows_take_little_memory() -> None:
    held = Quarantine()
    tracemalloc.start()
    try:
        for sequence in range(0, 200_000, 10):
            window = date(2026, 1, 5) if sequence % 20 else None
            held.add_record(window, "tickets", _location(sequence), "invalid", "title: Input should be a valid string")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held.count == 20_000
    assert most < 6_000_000
    assert sum(1 for _ in held.rows()) == 20_000


def _location(sequence: int) -> dict[str, Any]:
    place = {"key": f"key {sequence}", "url": "https://desk.example/tickets", "page": 1, "position": 0}
    return {**place, "sequence": sequence, "fetched_at": datetime(2026, 1, 31, tzinfo=UTC)}
