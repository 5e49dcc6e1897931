"""A changed full-refresh input parses old windows again by itself, as the parser's `refresh` says."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import FullRefresh, Incremental, Integration, parser
from dazz_assets.errors import DefinitionError
from dazz_assets.lake import TableVersion
from dazz_assets.spec.read import read_integration
from tests.help_desk_vendor import (
    AgentsStream,
    Customer,
    Desk,
    DeskIntegration,
    Incident,
    Mondays,
    PagedDeskApi,
    TicketsStream,
)

WEEKS = [Mondays.FIRST, Mondays.SECOND, Mondays.THIRD]


class ManualDesk(PagedDeskApi):
    streams = (AgentsStream, TicketsStream)

    @parser(refresh="manual")
    def incidents(self, agents: FullRefresh[AgentsStream], tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        yield from DeskIntegration.incidents(self, agents, tickets)  # type: ignore[arg-type]


class ChangedDesk(PagedDeskApi):
    streams = (AgentsStream, TicketsStream)

    @parser(refresh="changed")
    def incidents(self, agents: FullRefresh[AgentsStream], tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        yield from DeskIntegration.incidents(self, agents, tickets)  # type: ignore[arg-type]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer rows than are stored count as few."""
    monkeypatch.setattr("dazz_assets.transform.raw_inputs.MOST_ROWS_REFRESHED", 3)


def renamed(desk: Desk, customer: Customer) -> None:
    customer.sync()
    customer.parse()
    desk.agents[0]["name"] = "Ada Lovelace"
    customer.sync()


def agents(customer: Customer) -> list[str]:
    return [row["agent"] for row in customer.rows("select agent from incidents where agent is not null order by 1")]


def customer_of(integration: type[Integration[Any]], desk: Desk, folder: Path) -> Customer:
    return Customer(folder, desk.vendor.url, integration)


def test_by_default_few_windows_are_parsed_again(desk: Desk, customer: Customer) -> None:
    renamed(desk, customer)
    report = customer.parse()
    assert sorted(report.windows, key=str) == WEEKS
    assert (report.stale, report.changed_inputs) == ([], [])
    assert agents(customer) == ["Ada Lovelace", "Bob"]


@pytest.mark.usefixtures("few")
def test_by_default_many_windows_stay_stale_and_are_named(desk: Desk, customer: Customer) -> None:
    renamed(desk, customer)
    report = customer.parse()
    assert (report.windows, report.stale, report.changed_inputs) == ({}, WEEKS, ["agents"])
    assert agents(customer) == ["Ada", "Bob"]
    assert customer.parse(stale=True).stale == []
    assert agents(customer) == ["Ada Lovelace", "Bob"]


@pytest.mark.usefixtures("few")
def test_changed_parses_them_again_however_many(desk: Desk, tmp_path: Path) -> None:
    customer = customer_of(ChangedDesk, desk, tmp_path)
    renamed(desk, customer)
    assert customer.parse().stale == []
    assert agents(customer) == ["Ada Lovelace", "Bob"]


def test_manual_leaves_them_to_parse_stale(desk: Desk, tmp_path: Path) -> None:
    customer = customer_of(ManualDesk, desk, tmp_path)
    renamed(desk, customer)
    assert customer.parse().stale == WEEKS
    assert agents(customer) == ["Ada", "Bob"]
    assert customer.parse(stale=True).stale == []
    assert agents(customer) == ["Ada Lovelace", "Bob"]


def test_a_parse_of_one_window_leaves_none_behind(desk: Desk, customer: Customer) -> None:
    renamed(desk, customer)
    assert sorted(customer.parse(Mondays.FIRST).windows, key=str) == WEEKS


@pytest.mark.parametrize("stream", ["agents", "tickets"])
def test_an_input_that_was_removed_and_fetched_again_counts_as_changed(
    stream: str, desk: Desk, customer: Customer, tmp_path: Path
) -> None:
    """Its first pass is not the one that was parsed, though both are the first of their table."""
    customer.sync()
    customer.parse()
    desk.agents[0]["name"] = "Ada Lovelace"
    desk.put(1, "2026-01-06T11:00:00Z", "corrected", agent=1)
    shutil.rmtree(tmp_path / "lake" / "raw" / "desk" / stream)
    customer.sync(stream)
    customer.parse()
    (row,) = customer.rows("select title, agent from incidents where agent like 'Ada%'")
    expected = {"agents": ("ticket 1", "Ada Lovelace"), "tickets": ("corrected", "Ada")}
    assert (row["title"], row["agent"]) == expected[stream]


def test_an_unchanged_input_opens_no_raw_file(desk: Desk, customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    renamed(desk, customer)
    customer.parse()
    customer.sync()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a data file was opened")

    monkeypatch.setattr(TableVersion, "duckdb_paths", refuse)
    monkeypatch.setattr(TableVersion, "read", refuse)
    report = customer.parse()
    assert (report.windows, report.stale) == ({}, [])


def test_a_refresh_without_both_kinds_of_input_is_refused() -> None:
    class OneInput(PagedDeskApi):
        streams = (TicketsStream,)

        @parser(refresh="changed")
        def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
            yield from ()

    with pytest.raises(DefinitionError) as caught:
        read_integration(OneInput)
    assert str(caught.value) == (
        "OneInput.incidents: @parser(refresh='changed') does nothing: it is for a parser with both an Incremental and "
        "a FullRefresh input; remove it"
    )


def test_another_word_is_refused() -> None:
    with pytest.raises(DefinitionError) as caught:
        parser(refresh="always")  # type: ignore[call-overload]
    assert str(caught.value) == '@parser(refresh=\'always\'): give "changed" or "manual", or leave it out'
