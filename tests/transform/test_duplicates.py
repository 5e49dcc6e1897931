"""A table never holds an object twice: it keeps the one of the latest window, and the last one within a window."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Incremental, parser
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Table
from dazz_assets.lake.versions import duplicate_ids
from tests.help_desk_vendor import Customer, Desk, Incident, Mondays, TicketsOnly, TicketsStream


class ByTopic(TicketsOnly):
    """Objects with the same first word in their title share an id."""

    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            yield Incident(id=self.object_id(ticket.title.split()[0]), title=ticket.title)


@pytest.fixture(params=[0, 1_000], ids=["among many rows", "among few"])
def topics(desk: Desk, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Customer:
    monkeypatch.setattr(duplicate_ids, "_FEW_ROWS", request.param)
    desk.tickets.clear()
    desk.put(1, "2026-01-06T10:00:00Z", "disk full")
    desk.put(2, "2026-01-07T10:00:00Z", "disk full again")
    desk.put(3, "2026-01-08T10:00:00Z", "mail down")
    desk.put(4, "2026-01-13T10:00:00Z", "mail down still")
    customer = Customer(tmp_path, desk.vendor.url, ByTopic)
    customer.sync()
    return customer


def _quarantined_duplicates(customer: Customer) -> list[tuple[str, str]]:
    sql = "select cast(window_start as varchar) as w, reason from quarantine where kind = 'duplicate' order by all"
    return [(row["w"], row["reason"].partition(" is yielded again ")[2]) for row in customer.rows(sql)]


def _parse_in_vain(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse, and fail after the first commit, which is the quarantine's."""
    commit = Table.commit

    def commit_quarantine(table: Table, work: Any) -> int | None:
        if not table.path.folder.startswith("quarantine"):
            raise OSError("disk full")
        return commit(table, work)

    with monkeypatch.context() as patch:
        patch.setattr(Table, "commit", commit_quarantine)
        with pytest.raises(OSError, match="disk full"):
            customer.parse()


def test_the_last_of_a_window_and_the_latest_of_several_windows_is_kept(topics: Customer) -> None:
    report = topics.parse()
    assert topics.titles() == ["disk full again", "mail down still"]
    assert len(report.duplicates) == 2
    assert _quarantined_duplicates(topics) == [
        ("2026-01-05", "in the window of 2026-01-12"),
        ("2026-01-05", "later in the same window"),
    ]


def test_an_older_window_parsed_alone_does_not_take_the_object_back(topics: Customer) -> None:
    topics.parse()
    topics.parse(Mondays.FIRST)
    assert topics.titles() == ["disk full again", "mail down still"]


def test_a_duplicate_returns_when_the_object_that_replaced_it_is_gone(topics: Customer, desk: Desk) -> None:
    topics.parse()
    desk.put(4, "2026-01-13T11:00:00Z", "solved")
    topics.sync()
    topics.parse()
    assert topics.titles() == ["disk full again", "mail down", "solved"]
    assert _quarantined_duplicates(topics) == [("2026-01-05", "later in the same window")]


def test_a_later_window_takes_an_object_from_a_window_that_is_not_parsed(topics: Customer, desk: Desk) -> None:
    desk.put(5, "2026-01-06T11:00:00Z", title=["bad"])  # type: ignore[arg-type]
    topics.sync(sync_range=SyncRange(refetch=True))
    topics.parse()
    desk.put(6, "2026-01-20T10:00:00Z", "disk broken")
    topics.sync()
    report = topics.parse()
    assert set(report.windows) == {Mondays.THIRD}
    assert topics.titles() == ["disk broken", "mail down still"]
    kinds = topics.rows("select kind, count(*) as n from quarantine group by kind order by kind")
    assert kinds == [{"kind": "duplicate", "n": 3}, {"kind": "invalid", "n": 1}]
    # The window that lost its object is still up to date: nothing is left to parse.
    assert topics.parse().windows == {}


def test_parsing_again_gives_the_same_objects_in_any_order(topics: Customer) -> None:
    topics.parse()
    before = topics.rows("select id, title, window_start from incidents order by id")
    for window in (Mondays.SECOND, Mondays.FIRST):
        topics.parse(window)
    topics.parse(every=True)
    assert topics.rows("select id, title, window_start from incidents order by id") == before


def test_two_parsers_may_yield_the_same_model_and_each_replaces_only_its_own_rows(desk: Desk, tmp_path: Path) -> None:
    class Twice(TicketsOnly):
        @parser
        def open(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
            for ticket in tickets:
                yield self.incident(ticket)

        @parser
        def again(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
            for ticket in tickets:
                yield self.incident(ticket)

    customer = Customer(tmp_path, desk.vendor.url, Twice)
    customer.sync()
    customer.parse(name="open")
    customer.parse(name="again")
    customer.parse(name="again", every=True)
    counts = customer.rows("select parser, count(*) as n from incidents group by parser order by parser")
    assert counts == [{"parser": "again", "n": 4}, {"parser": "open", "n": 4}]


class OnceIncidents(TicketsOnly):
    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            yield self.incident(ticket)


class NowOutages(TicketsOnly):
    @parser
    def outages(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            yield self.incident(ticket)


def test_objects_of_a_parser_that_was_renamed_are_warned_of_until_their_folder_is_removed(
    desk: Desk, tmp_path: Path
) -> None:
    before = Customer(tmp_path, desk.vendor.url, OnceIncidents)
    before.sync()
    assert before.parse().warnings == []
    customer = Customer(tmp_path, desk.vendor.url, NowOutages)
    (warning,) = customer.parse().warnings
    folder = "domain/incidents/integration=desk/parser=incidents/connection=acme"
    assert warning == (
        "incidents also has 4 objects of parser incidents, which desk no longer has, so that a query of incidents "
        f"reads both: remove the folder {folder} of the lake"
    )
    shutil.rmtree(tmp_path / "lake" / folder)
    (tmp_path / "lake/domain/incidents/integration=desk/.not ours").mkdir()
    assert customer.parse(every=True).warnings == []
    assert len(customer.titles()) == 4


def test_an_object_is_in_quarantine_once_though_a_parse_broke_off(
    topics: Customer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quarantine is written first; the tables' commit then fails, and the next parse tells of the object again."""
    topics.parse()
    desk.put(5, "2026-01-20T10:00:00Z", "disk replaced")
    topics.sync()
    _parse_in_vain(topics, monkeypatch)
    assert topics.titles() == ["disk full again", "mail down still"]
    topics.parse(Mondays.THIRD)
    assert topics.titles() == ["disk replaced", "mail down still"]
    assert _quarantined_duplicates(topics) == [
        ("2026-01-05", "in the window of 2026-01-12"),
        ("2026-01-05", "in the window of 2026-01-19"),
        ("2026-01-05", "in the window of 2026-01-19"),
    ]


def test_a_duplicate_returns_though_the_parse_that_gave_it_back_broke_off(
    topics: Customer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quarantine no longer has it, and its own window is as it was: nothing but the broken parse tells of it."""
    topics.parse()
    desk.put(4, "2026-01-13T11:00:00Z", "solved")
    topics.sync()
    _parse_in_vain(topics, monkeypatch)
    assert topics.titles() == ["disk full again", "mail down still"]
    topics.parse()
    assert topics.titles() == ["disk full again", "mail down", "solved"]
    assert _quarantined_duplicates(topics) == [("2026-01-05", "later in the same window")]
    # From here on, only what changed is parsed.
    assert topics.parse().windows == {}


def test_what_a_parse_that_broke_off_told_of_a_window_goes_when_its_records_have_left_it(
    topics: Customer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No table has the window, nor do the records: only the quarantine tells of it."""
    topics.parse()
    before = _quarantined_duplicates(topics)
    desk.put(5, "2026-01-20T10:00:00Z", "net down")
    desk.put(6, "2026-01-20T11:00:00Z", "net down still")
    topics.sync()
    _parse_in_vain(topics, monkeypatch)
    desk.put(5, "2026-01-27T10:00:00Z", "cable cut")
    desk.put(6, "2026-01-27T11:00:00Z", "power lost")
    topics.sync()
    topics.parse()
    assert _quarantined_duplicates(topics) == before


def test_a_quarantine_that_somebody_removed_is_filled_again_with_what_it_held(topics: Customer, tmp_path: Path) -> None:
    topics.parse()
    before = _quarantined_duplicates(topics)
    shutil.rmtree(tmp_path / "lake" / "quarantine")
    topics.parse()
    assert _quarantined_duplicates(topics) == before
