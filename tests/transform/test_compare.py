"""A comparison shows exactly what a parse would then change, and changes nothing itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import FullRefresh, Incremental, Integration, parser
from dazz_assets.domain import DomainObject
from dazz_assets.errors import ParseError
from dazz_assets.lake import CommitRefusedError
from dazz_assets.spec.read import read_integration
from dazz_assets.transform.compare import Comparison, Example, TableChanges, compare_parse
from dazz_assets.transform.value_diff import Changes, Difference, diff_collections
from tests.help_desk_vendor import (
    AgentsStream,
    Customer,
    Desk,
    DeskApi,
    DeskConfig,
    Incident,
    Ticket,
    TicketsOnly,
    TicketsStream,
    day,
)


class Note(DomainObject):
    text: str


class Rewritten(TicketsOnly):
    """An edited version of the published parser, under the same name."""

    def parsed(self, ticket: Ticket) -> Iterator[Incident]:
        yield Incident(id=self.object_id(ticket.id), title=ticket.title)

    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            yield from self.parsed(ticket)


@pytest.fixture
def desk_customer(desk: Desk, tmp_path: Path) -> Customer:
    """A customer whose tickets were published by `Rewritten`; tests then change the parser."""
    customer = Customer(tmp_path, desk.vendor.url, Rewritten)
    customer.sync()
    customer.parse()
    return customer


def with_parser_of(customer: Customer, integration: type[Integration[DeskConfig]]) -> Customer:
    customer.spec = read_integration(integration)
    return customer


def compare(customer: Customer, **options: Any) -> Comparison:
    (only,) = customer.spec.parsers.values()
    return compare_parse(customer.session, only, **options)


def count_changes(found: TableChanges) -> tuple[int, int, int]:
    return found.added, found.gone, found.changed


def read_lake(customer: Customer) -> dict[str, bytes]:
    """Read every file of the lake except the locks; folders are empty."""
    root = customer.lake.root.local
    assert root is not None
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else b""
        for path in root.rglob("*")
        if ".locks" not in path.parts
    }


def published(customer: Customer) -> dict[str, object]:
    return {row["id"]: row for row in customer.rows("select id, title, agent from incidents")}


def test_an_unchanged_parser_changes_nothing(desk_customer: Customer) -> None:
    found = compare(desk_customer)
    assert not found
    assert found.windows == 3
    assert [(each.table, each.objects, count_changes(each)) for each in found.tables] == [("incidents", 4, (0, 0, 0))]
    assert count_changes(found.quarantine) == (0, 0, 0)


class Shouting(Rewritten):
    """Removes the object of ticket 1, changes that of ticket 3, and adds a copy of that of ticket 4."""

    def parsed(self, ticket: Ticket) -> Iterator[Incident]:
        title = ticket.title.upper() if ticket.id == 3 else ticket.title
        if ticket.id != 1:
            yield Incident(id=self.object_id(ticket.id), title=title, agent="Ada" if ticket.id == 3 else None)
            yield from [Incident(id=self.object_id("copy", ticket.id), title="copy")] if ticket.id == 4 else []


def test_a_changed_parser_is_shown_by_the_objects_added_gone_and_changed(desk_customer: Customer) -> None:
    id_of = Rewritten(connection="acme").object_id
    found = compare(with_parser_of(desk_customer, Shouting))
    (incidents,) = found.tables
    assert (incidents.model, incidents.objects, count_changes(incidents)) == ("Incident", 4, (1, 1, 1))
    assert incidents.examples_added == [Example(id_of("copy", 4), "copy")]
    assert incidents.examples_gone == [Example(id_of(1), "ticket 1")]
    assert incidents.examples_changed == [
        Example(
            id_of(3),
            "TICKET 3",
            (Difference("title", "ticket 3", "TICKET 3"), Difference("agent", None, "Ada")),
        )
    ]
    assert incidents.fields == {"title": 1, "agent": 1}
    assert found


def test_comparing_leaves_the_lake_as_it_was(desk_customer: Customer) -> None:
    before = read_lake(desk_customer)
    assert compare(with_parser_of(desk_customer, Shouting))
    assert read_lake(desk_customer) == before


def test_a_parse_then_changes_exactly_what_was_shown(desk_customer: Customer) -> None:
    before = published(desk_customer)
    (incidents,) = compare(with_parser_of(desk_customer, Shouting)).tables
    desk_customer.parse(every=True)
    made: Changes = diff_collections(before, published(desk_customer))
    assert {item.id for item in incidents.examples_added} == made.added.keys()
    assert {item.id for item in incidents.examples_gone} == made.gone.keys()
    assert {item.id: list(item.fields) for item in incidents.examples_changed} == made.changed
    assert not compare(desk_customer)


class Raising(Rewritten):
    def parsed(self, ticket: Ticket) -> Iterator[Incident]:
        yield Incident(id=self.object_id(ticket.id), title=ticket.title)
        if ticket.id == 4:
            raise LookupError("no such thing")


def test_a_parser_that_raises_fails_as_in_a_parse_and_leaves_nothing_behind(desk_customer: Customer) -> None:
    before = read_lake(desk_customer)
    with pytest.raises(ParseError, match=r"desk/acme, parser incidents, window 2026-01-19: the parser raised LookupE"):
        compare(with_parser_of(desk_customer, Raising))
    assert read_lake(desk_customer) == before


def test_a_model_that_refuses_all_records_fails_as_in_a_parse(desk: Desk, desk_customer: Customer) -> None:
    for number in (1, 2, 3, 4):
        desk.put(number, f"2026-01-2{number}T10:00:00Z", title=["no", "text"])  # type: ignore[arg-type]
    desk_customer.sync()
    before = read_lake(desk_customer)
    with pytest.raises(ParseError, match=r"of the first \d records of tickets that were read are invalid, more"):
        compare(desk_customer)
    assert read_lake(desk_customer) == before


def test_records_that_would_enter_and_leave_quarantine_are_shown(desk: Desk, desk_customer: Customer) -> None:
    desk.put(5, "2026-01-21T10:00:00Z", title=["no", "text"])  # type: ignore[arg-type]
    desk_customer.sync()
    found = compare(desk_customer)
    assert count_changes(found.quarantine) == (1, 0, 0)
    assert found.quarantine.examples_added == [
        Example("tickets 5", "invalid: title: Input should be a valid string"),
    ]
    desk_customer.parse()
    assert not compare(desk_customer)
    desk.put(5, "2026-01-22T10:00:00Z", "better")
    desk_customer.sync()
    found = compare(desk_customer)
    assert count_changes(found.quarantine) == (0, 1, 0)
    assert count_changes(found.tables[0]) == (1, 0, 0)


class Merged(Rewritten):
    """Makes one object of all tickets except the second."""

    def parsed(self, ticket: Ticket) -> Iterator[Incident]:
        yield Incident(id=self.object_id(ticket.id if ticket.id == 2 else "all"), title=ticket.title)


def test_objects_that_are_yielded_twice_are_quarantined_as_in_a_parse(desk_customer: Customer) -> None:
    found = compare(with_parser_of(desk_customer, Merged))
    assert count_changes(found.tables[0]) == (1, 3, 0)
    assert count_changes(found.quarantine) == (2, 0, 0)
    desk_customer.parse(every=True)
    assert desk_customer.titles() == ["ticket 2", "ticket 4"]
    assert not compare(desk_customer)


def test_an_object_that_a_later_window_takes_from_a_window_not_parsed_counts_as_changed(
    desk: Desk, tmp_path: Path
) -> None:
    desk.put(5, "2026-01-21T10:00:00Z", title=["no", "text"])  # type: ignore[arg-type]
    customer = Customer(tmp_path, desk.vendor.url, Merged)
    customer.sync()
    customer.parse()
    desk.put(6, "2026-01-27T10:00:00Z", "ticket 6")
    customer.sync()
    before = read_lake(customer)
    # Only the new window is parsed; its object replaces that of the window before.
    found = compare(customer, since=day("2026-01-26"))
    assert found.windows == 1
    assert count_changes(found.tables[0]) == (0, 0, 1)
    assert found.tables[0].fields == {"title": 1}
    # The other quarantine rows of that window stay.
    assert count_changes(found.quarantine) == (1, 0, 0)
    assert read_lake(customer) == before


def test_an_object_that_only_moves_to_another_window_is_not_a_change(desk: Desk, desk_customer: Customer) -> None:
    desk.put(1, "2026-01-21T10:00:00Z", "ticket 1")
    desk_customer.sync()
    found = compare(desk_customer)
    assert not found
    assert found.windows == 3


def test_windows_outside_the_range_are_not_compared(desk_customer: Customer) -> None:
    with_parser_of(desk_customer, Shouting)
    found = compare(desk_customer, since=day("2026-01-12"), until=day("2026-01-13"))
    assert (found.windows, count_changes(found.tables[0])) == (1, (0, 0, 1))
    assert compare(desk_customer, since=day("2026-02-20"), until=day("2026-02-21")).windows == 0
    assert compare(desk_customer, until=day("2025-12-31")).windows == 0


def test_records_dated_outside_the_grid_count_for_its_nearest_window(desk: Desk, desk_customer: Customer) -> None:
    desk.put(9, "2099-01-01T00:00:00Z")
    desk_customer.sync()
    now = desk_customer.session.now()
    found = compare(desk_customer, since=now, until=now.replace(year=now.year + 1))
    assert (found.windows, count_changes(found.tables[0])) == (1, (1, 0, 0))


def test_stale_compares_the_windows_whose_full_refresh_inputs_changed(desk: Desk, customer: Customer) -> None:
    customer.sync()
    customer.parse()
    assert compare(customer, stale=True).windows == 0
    desk.agents[0]["name"] = "Ida"
    customer.sync("agents")
    found = compare(customer, stale=True)
    assert (found.windows, count_changes(found.tables[0]), found.tables[0].fields) == (3, (0, 0, 1), {"agent": 1})


class ByAgent(DeskApi):
    """Partitioned by connection only."""

    streams = (AgentsStream,)

    @parser
    def incidents(self, agents: FullRefresh[AgentsStream]) -> list[Incident]:
        return [Incident(id=self.object_id(agent.id), title=agent.name) for agent in agents]


def test_a_parser_without_windows_is_compared_as_one(desk: Desk, tmp_path: Path) -> None:
    customer = Customer(tmp_path, desk.vendor.url, ByAgent)
    customer.sync()
    assert count_changes(compare(customer).tables[0]) == (2, 0, 0)
    customer.parse(None)
    assert not compare(customer)
    desk.agents.append({"id": 3, "name": "Eve"})
    customer.sync()
    assert [item.title for item in compare(customer).tables[0].examples_added] == ["Eve"]


class WithNotes(TicketsOnly):
    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Note]:
        for ticket in tickets:
            yield Note(id=self.object_id(ticket.id), text=ticket.title)


def test_objects_of_a_model_that_is_no_longer_returned_are_gone(desk_customer: Customer) -> None:
    found = compare(with_parser_of(desk_customer, WithNotes))
    assert [(each.table, each.model, count_changes(each)) for each in found.tables] == [
        ("notes", "Note", (4, 0, 0)),
        ("incidents", None, (0, 4, 0)),
    ]


class Scored(Incident):
    table = "incidents"
    score: int | None = None


class Scoring(TicketsOnly):
    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Scored]:
        for ticket in tickets:
            score = 7 if ticket.id == 1 else None
            title = "renamed" if ticket.id == 2 else ticket.title
            yield Scored(id=self.object_id(ticket.id), title=title, score=score)


def test_a_new_field_changes_the_objects_that_have_a_value_there(desk_customer: Customer) -> None:
    (incidents,) = compare(with_parser_of(desk_customer, Scoring)).tables
    assert count_changes(incidents) == (0, 0, 2)
    assert {example.title: [str(item) for item in example.fields] for example in incidents.examples_changed} == {
        "ticket 1": ["score: (missing) -> 7"],
        "renamed": ['title: "ticket 2" -> "renamed"'],
    }


class Numbered(DomainObject):
    table = "incidents"
    title: int


class Retyped(TicketsOnly):
    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Numbered]:
        for ticket in tickets:
            yield Numbered(id=self.object_id(ticket.id), title=ticket.id)


def test_a_column_of_another_type_is_refused_as_in_a_parse(desk_customer: Customer) -> None:
    with pytest.raises(CommitRefusedError, match=r"Column 'title' of .* is string in the lake and int64 now"):
        compare(with_parser_of(desk_customer, Retyped))


class Listing(DomainObject):
    """An object with a list."""

    table = "incidents"
    title: str
    words: list[str]


def listing(words: Callable[[Ticket], list[str]]) -> type[TicketsOnly]:
    class Listed(TicketsOnly):
        @parser
        def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Listing]:
            for ticket in tickets:
                yield Listing(id=self.object_id(ticket.id), title="same", words=words(ticket))

    return Listed


def test_many_changes_give_counts_by_field_and_a_few_examples(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dazz_assets.lake.versions.row_diff._ROWS_AT_ONCE", 5)
    for number in range(10, 30):
        desk.put(number, "2026-01-21T10:00:00Z")
    customer = Customer(tmp_path, desk.vendor.url, listing(lambda ticket: ["a", "b"]))
    customer.sync()
    customer.parse()
    (found,) = compare(with_parser_of(customer, listing(lambda ticket: ["a", f"{ticket.id}"]))).tables
    assert count_changes(found) == (0, 0, 24)
    assert found.fields == {"words": 24}
    assert len(found.examples_changed) == 3
    assert found.examples_changed[0].fields[0].path == "words.1"


def test_a_comparison_holds_the_lock_and_writes_nothing_to_the_lake_meanwhile(desk_customer: Customer) -> None:
    held: list[str] = []
    seen: list[dict[str, bytes]] = []

    class Looking(Shouting):
        def parsed(self, ticket: Ticket) -> Iterator[Incident]:
            held.append((Path(desk_customer.lake.root.path) / ".locks/desk/acme.lock").read_text())
            seen.append(read_lake(desk_customer))
            yield from super().parsed(ticket)

    before = read_lake(desk_customer)
    compare(with_parser_of(desk_customer, Looking))
    assert "desk/acme is being compared by process" in held[0]
    assert seen == [before] * 4


def test_an_input_that_was_never_synced_is_named(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(ParseError, match=r"its input tickets was never synced"):
        compare(Customer(tmp_path, desk.vendor.url, Rewritten))
