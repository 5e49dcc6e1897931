"""Parsers with two models or two incremental inputs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Cursor, Incremental, Stream, parser
from dazz_assets.domain import DomainObject
from tests.help_desk_vendor import (
    Customer,
    Desk,
    Incident,
    Mondays,
    PagedDeskApi,
    Ticket,
    TicketsOnly,
    TicketsStream,
)


class Note(DomainObject):
    text: str


class Both(TicketsOnly):
    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident | Note]:
        for ticket in tickets:
            yield Incident(id=self.object_id(ticket.title.split()[0]), title=ticket.title)
            if "plain" not in ticket.title:
                yield Note(id=self.object_id(ticket.title.split()[0]), text=ticket.title)


class OnlyIncidents(TicketsOnly):
    @parser
    def incidents(self, tickets: Incremental[TicketsStream]) -> Iterator[Incident]:
        for ticket in tickets:
            yield self.incident(ticket)


@pytest.fixture
def both(desk: Desk, tmp_path: Path) -> Customer:
    desk.tickets.clear()
    desk.put(1, "2026-01-06T10:00:00Z", "disk full")
    desk.put(2, "2026-01-13T10:00:00Z", "disk again")
    customer = Customer(tmp_path, desk.vendor.url, Both)
    customer.sync()
    customer.parse()
    return customer


def _notes(customer: Customer) -> list[str]:
    return [row["text"] for row in customer.rows("select text from notes order by text")]


def test_each_model_has_its_table(both: Customer) -> None:
    assert (both.titles(), _notes(both)) == (["disk again"], ["disk again"])


def test_a_duplicate_returns_when_only_the_other_models_object_of_its_id_stays(desk: Desk, both: Customer) -> None:
    desk.put(2, "2026-01-13T11:00:00Z", "disk plain")
    both.sync()
    both.parse()
    assert (both.titles(), _notes(both)) == (["disk plain"], ["disk full"])


def test_objects_of_a_model_that_the_parser_no_longer_returns_are_gone(desk: Desk, both: Customer) -> None:
    later = Customer(both.lake.root.local.parent, desk.vendor.url, OnlyIncidents)  # type: ignore[union-attr]
    later.parse(every=True)
    assert (later.titles(), _notes(later)) == (["disk again", "disk full"], [])


class RepliesStream(Stream[Ticket]):
    path = "/replies"
    cursor = Cursor("updated_at", since="since")


class Talk(PagedDeskApi):
    streams = (TicketsStream, RepliesStream)

    @parser
    def incidents(self, tickets: Incremental[TicketsStream], replies: Incremental[RepliesStream]) -> Iterator[Incident]:
        found = [*tickets, *replies]
        yield Incident(
            id=self.object_id(min(item.updated_at for item in found).isoformat()), title=f"{len(found)} of a week"
        )


def test_a_window_of_two_inputs_is_parsed_when_either_changes(desk: Desk, tmp_path: Path) -> None:
    customer = Customer(tmp_path, desk.vendor.url, Talk)
    answer, replies = desk.answer, [{"id": 1, "title": "re", "updated_at": "2026-01-14T00:00:00Z"}]

    def with_replies(asked: Any) -> Any:
        reply = answer(asked)
        if asked.path == "/replies":
            since, offset = asked.query["since"][0], int(asked.query["offset"][0])
            items = [item for item in replies if str(item["updated_at"]) >= since][offset:]
            return type(reply)(body={"items": items})
        return reply

    desk.vendor.handler = with_replies
    customer.sync()
    assert set(customer.parse().windows) == {Mondays.FIRST, Mondays.SECOND, Mondays.THIRD}
    assert customer.titles() == ["1 of a week", "2 of a week", "2 of a week"]
    replies.append({"id": 2, "title": "re", "updated_at": "2026-01-22T00:00:00Z"})
    customer.sync()
    assert set(customer.parse().windows) == {Mondays.THIRD}
    assert customer.titles() == ["2 of a week", "2 of a week", "2 of a week"]
