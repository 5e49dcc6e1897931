"""A list that shifted while it was read is read again, and only what its last reading listed is stored (32)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Cursor, Offset, Stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, offset_page, param
from tests.conformance.integrations import CommonIntegration
from tests.conformance.lists import LimitedList, changes, time_after
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class ChangesStream(Stream[Any]):
    path = "/changes"
    cursor = Cursor("at", since="since", until="until")


class OrderedStream(ChangesStream):
    cursor = Cursor("at", since="since", order="asc")


class TeamsStream(Stream[Any]):
    path = "/teams"
    paginator = None


class MembersStream(Stream[Any]):
    parent = TeamsStream
    path = "/teams/{parent.id}/members"


class ShiftingIntegration(CommonIntegration):
    records = "data"
    paginator = Offset()
    streams = (ChangesStream, OrderedStream, TeamsStream, MembersStream)


class RemovingApi:
    """Removes records of a list before a page of it. before: list and offset, and the ids removed then, once."""

    def __init__(self, members: dict[str, list[int]], before: dict[tuple[str, str], set[int]]) -> None:
        self.members = members
        self.before = before

    def __call__(self, request: ReceivedRequest) -> Reply:
        if request.path == "/teams":
            return Reply(body={"data": [{"id": team} for team in self.members]})
        team, offset = request.path.split("/")[2], param(request, "offset", "0")
        removed = self.before.pop((team, offset), set())
        self.members[team] = [id_ for id_ in self.members[team] if id_ not in removed]
        listed = items(*self.members[team])
        return Reply(body={"data": offset_page(listed, request, 10), "total": len(listed)})


@pytest.mark.parametrize("concurrency", [1, 4])
def test_32_a_removed_record_of_one_parent_is_not_stored_and_the_other_parents_are_complete(
    connect: Connect, api: Vendor, concurrency: int
) -> None:
    class ConcurrentIntegration(ShiftingIntegration):
        pass

    ConcurrentIntegration.concurrency = concurrency
    api.handler = RemovingApi(
        {"a": [*range(30)], "b": [*range(100, 130)], "c": [*range(200, 230)]}, {("b", "10"): {100, 101}}
    )
    acme = connect(ConcurrentIntegration)
    acme.sync(TeamsStream)
    report = acme.sync(MembersStream)
    assert acme.ids(MembersStream) == [*range(30), *range(102, 130), *range(200, 230)]
    assert acme.versions(MembersStream) == report.records == 88
    assert report.repeated == 0


def test_32_a_part_of_a_range_that_is_read_again_leaves_the_other_parts_stored(connect: Connect, api: Vendor) -> None:
    class LimitedChanges(LimitedList):
        """Removes a record of the later half of the range while that is read."""

        def __call__(self, request: ReceivedRequest) -> Reply:
            is_later_half = param(request, "since") > "2026-01-10T05"
            if is_later_half and param(request, "offset", "0") == "10":
                self.records = [item for item in self.records if item["id"] != 70]
            return super().__call__(request)

    api.handler = LimitedChanges(changes(80), 50)
    acme = connect(ShiftingIntegration)
    acme.sync_range(ChangesStream, "2026-01-05", replace=True)
    assert acme.ids(ChangesStream) == [id_ for id_ in range(80) if id_ != 70]


def test_32_a_list_that_moved_before_it_was_split_is_judged_by_its_halves(connect: Connect, api: Vendor) -> None:
    class MovingChanges(LimitedList):
        """Removes a record while the first list, which is too long, is read."""

        def __call__(self, request: ReceivedRequest) -> Reply:
            if len(api.requests) == 2:
                self.records = [item for item in self.records if item["id"] != 5]
            return super().__call__(request)

    api.handler = MovingChanges(changes(80), 50)
    acme = connect(ShiftingIntegration)
    acme.sync_range(ChangesStream, "2026-01-05", replace=True)
    assert acme.ids(ChangesStream) == [id_ for id_ in range(80) if id_ != 5]


def test_32_a_list_that_added_nothing_before_it_is_read_again_takes_nothing_of_the_last_one(
    connect: Connect, api: Vendor
) -> None:
    class DeletedMeanwhile(LimitedList):
        """From id 40 on all records have one time. Those from 50 on are deleted while the rest of the list is read."""

        def __call__(self, request: ReceivedRequest) -> Reply:
            if param(request, "since") > "2026-01-10T04:30" and param(request, "offset", "0") == "10":
                self.records = self.records[:50]
            return super().__call__(request)

    bulk = [{"id": number, "at": time_after(min(number, 40) * 7)} for number in range(60)]
    api.handler = DeletedMeanwhile(bulk, 50, 400)
    acme = connect(ShiftingIntegration)
    acme.sync_range(OrderedStream, "2026-01-05", replace=True)
    assert acme.ids(OrderedStream) == list(range(50))


def test_32_a_record_that_was_hidden_while_the_list_was_read_again_comes_with_the_next_sync(
    connect: Connect, api: Vendor
) -> None:
    records = [{"id": number, "at": time_after(0)} for number in range(15)]

    def page(request: ReceivedRequest) -> Reply:
        is_hidden = 2 <= len(api.requests) <= 5
        listed = [item for item in records if not (is_hidden and item["id"] == 3)]
        return Reply(body={"data": offset_page(listed, request, 10), "total": len(listed)})

    api.handler = page
    acme = connect(ShiftingIntegration)
    acme.sync_range(ChangesStream, "2026-01-05", replace=True)
    assert acme.ids(ChangesStream) == [number for number in range(15) if number != 3]
    acme.sync(ChangesStream)
    assert acme.ids(ChangesStream) == list(range(15))
