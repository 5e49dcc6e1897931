"""Declared tables exist, empty, from the first sync on, even if it fails."""

from pathlib import Path

import pytest

from dazz_assets.errors import ParseError, SyncError
from tests.help_desk_vendor import Customer, Desk
from tests.http.loopback import Reply

TABLES = ("raw.desk_agents", "raw.desk_tickets", "incidents", "quarantine")


def test_all_tables_exist_after_a_first_sync_that_failed(desk: Desk, customer: Customer) -> None:
    desk.failing["/agents"] = Reply(403, {"message": "no"})
    with pytest.raises(SyncError):
        customer.sync("agents")
    assert [customer.rows(f"select count(*) as n from {table}") for table in TABLES] == [[{"n": 0}]] * 4


def test_all_tables_exist_after_a_first_sync_of_one_stream(customer: Customer) -> None:
    customer.sync("tickets")
    assert customer.rows("select count(*) as n from raw.desk_agents") == [{"n": 0}]
    assert customer.rows("select id, title, agent, connection, window_start from incidents") == []


def test_an_input_with_an_empty_table_was_never_synced(customer: Customer) -> None:
    customer.sync("tickets")
    with pytest.raises(ParseError, match=r"its input agents was never synced; sync .* agents first"):
        customer.parse()


def test_a_stream_that_lists_nothing_counts_as_synced(desk: Desk, customer: Customer, tmp_path: Path) -> None:
    desk.agents, desk.tickets = [], {}
    customer.sync()
    assert customer.parse().windows == {}
    before = sorted((tmp_path / "lake").rglob("*.json"))
    customer.sync()
    customer.parse()
    assert sorted((tmp_path / "lake").rglob("*.json")) == before
