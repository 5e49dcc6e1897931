"""A list that is declared as newest first and is in another order is read to its end each time (conformance 116)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dazz_assets import Cursor, NextLink, Stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, param
from tests.conformance.integrations import CommonIntegration, Item
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 5
FIRST = datetime(2026, 1, 6, tzinfo=UTC)
WARNING = "records did not come newest first by `at`, so each sync reads the whole list"


class TicketsStream(Stream[Item]):
    path = "/tickets"
    records = "items"
    cursor = Cursor("at", order="desc")
    paginator = NextLink("next")


class DeskIntegration(CommonIntegration):
    streams = (TicketsStream,)


class Desk:
    """Lists tickets, each with the hour of its last change, newest ticket first; if `sorts`, by that hour."""

    def __init__(self, count: int = 30) -> None:
        self.hours = {number: number for number in range(count)}
        self.pinned: list[int] = []
        self.sorts = False
        self.pages = 0

    def __call__(self, request: ReceivedRequest) -> Reply:
        self.pages += 1
        numbers = sorted(self.hours, key=self.hours.__getitem__ if self.sorts else int, reverse=True)
        numbers = [*self.pinned, *(number for number in numbers if number not in self.pinned)]
        first = int(param(request, "place", "0"))
        shown = [self._ticket(number) for number in numbers[first : first + SIZE]]
        following = f"/tickets?place={first + SIZE}" if first + SIZE < len(numbers) else None
        return Reply(body={"items": shown, "next": following})

    def _ticket(self, number: int) -> dict[str, Any]:
        return {"id": number, "at": (FIRST + timedelta(hours=self.hours[number])).isoformat()}


def hours(acme: Connected) -> dict[int, str]:
    return {record["id"]: record["at"] for record in acme.records(TicketsStream)}


def told(report: Any) -> list[bool]:
    return [warning.startswith(WARNING) for warning in report.warnings]


@pytest.mark.parametrize("changed", [[3], [3, 12, 27], [20]])
def test_116_a_change_far_down_is_found_in_each_sync(connect: Connect, api: Vendor, changed: list[int]) -> None:
    api.handler = desk = Desk()
    desk.hours |= dict.fromkeys(changed, 40)
    acme = connect(DeskIntegration)
    assert told(acme.sync(TicketsStream)) == [True]
    desk.hours[8] = 50
    assert told(acme.sync(TicketsStream)) == [True]
    desk.hours[2] = 60
    acme.sync(TicketsStream)
    assert hours(acme) == {number: desk._ticket(number)["at"] for number in range(30)}


def test_116_once_the_api_sorts_by_it_a_sync_ends_at_what_is_stored_again(connect: Connect, api: Vendor) -> None:
    api.handler = desk = Desk()
    desk.hours[3] = 40
    acme = connect(DeskIntegration)
    acme.sync(TicketsStream)
    desk.sorts = True
    assert told(acme.sync(TicketsStream)) == []
    desk.hours[8], desk.pages = 50, 0
    assert (told(acme.sync(TicketsStream)), desk.pages) == ([], 2)
    assert hours(acme)[8] == desk._ticket(8)["at"]


@pytest.mark.parametrize("pinned", [[3], [3, 1, 7]])
def test_116_records_that_are_pinned_to_the_first_page_are_no_other_order(
    connect: Connect, api: Vendor, pinned: list[int]
) -> None:
    api.handler = desk = Desk()
    desk.sorts, desk.pinned = True, pinned
    acme = connect(DeskIntegration)
    assert told(acme.sync(TicketsStream)) == []
    desk.pages = 0
    acme.sync(TicketsStream)
    assert desk.pages < 30 / SIZE


def test_116_times_that_are_sorted_by_the_second_are_in_order(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"items": [{"id": at, "at": f"2026-01-06T00:00:00.{at:03d}Z"} for at in (100, 300, 200)]}))
    assert told(connect(DeskIntegration).sync(TicketsStream)) == []


class BoardsStream(Stream[Item]):
    path = "/boards"
    records = "items"


class CardsStream(TicketsStream):
    parent = BoardsStream
    parents = "changed"
    path = "/boards/{parent.id}/cards"
    primary_key = ("{parent.id}", "id")
    paginator = NextLink("next")


class BoardsIntegration(CommonIntegration):
    streams = (BoardsStream, CardsStream)


def test_116_a_list_of_another_parent_that_is_in_order_proves_nothing(connect: Connect, api: Vendor) -> None:
    """The cards of board 1 are in no order, and in the next sync only those of board 2 are listed."""
    versions, desks = {1: 1, 2: 1}, {1: Desk(), 2: Desk()}
    desks[1].hours[3] = 40

    def answer(request: ReceivedRequest) -> Reply:
        if request.path == "/boards":
            return Reply(body={"items": [{"id": id_, "version": version} for id_, version in versions.items()]})
        body = desks[int(request.path.split("/")[2])](request).body
        following = body["next"] and body["next"].replace("/tickets", request.path)
        return Reply(body={**body, "next": following})

    api.handler = answer
    acme = connect(BoardsIntegration)
    for changed in (None, 2, 1):
        if changed is not None:
            versions[changed] += 1
            desks[changed].hours[8 if changed == 1 else 29] = 60
        acme.sync(BoardsStream)
        acme.sync(CardsStream)
    stored = [record["at"] for record in acme.records(CardsStream) if record["id"] == 8]
    assert desks[1]._ticket(8)["at"] in stored
