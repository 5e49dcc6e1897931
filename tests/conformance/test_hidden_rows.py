"""An API that hides rows of the pages that it counts, as it filters after it pages (conformance 130)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Cursor, Offset, PageNumber, Paginator, Stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream
from tests.conformance.lists import changes, filter_by_bounds
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 5
OFFSET = {"size_param": "limit", "size": SIZE}


class Members:
    """So many members, of which it shows none that is hidden, with the number of all, or of pages."""

    def __init__(self, members: int, hidden: set[int], **says: int) -> None:
        self.members = range(members)
        self.hidden = hidden
        self.says = says
        self.asked: list[int] = []

    @property
    def shown(self) -> list[int]:
        return [member for member in self.members if member not in self.hidden]

    def __call__(self, request: ReceivedRequest) -> Reply:
        start = int(param(request, "offset", "-1"))
        if start < 0:
            start = (int(param(request, "page")) - 1) * SIZE
        self.asked.append(start)
        page = [{"id": member} for member in self.members[start : start + SIZE] if member not in self.hidden]
        return Reply(body={"members": page, **self.says})


def connect_members(connect: Connect, paginator: Paginator, **settings: Any) -> Connected:
    settings = {"streams": (ItemsStream,), "records": "members", **settings}
    return connect(declare("ClubIntegration", CommonIntegration, paginator=paginator, **settings))


@pytest.mark.parametrize("hidden", [range(5, 10), range(5, 17), [2, *range(9, 21)], [0, *range(20, 29)]])
@pytest.mark.parametrize(
    ("paginator", "says"),
    [
        (Offset(**OFFSET, more="total"), {"total": 33}),  # type: ignore[arg-type]
        (PageNumber(**OFFSET, more="total"), {"total": 33}),  # type: ignore[arg-type]
        (PageNumber(**OFFSET, more="pages"), {"pages": 7}),  # type: ignore[arg-type]
    ],
)
def test_130_an_empty_page_below_the_total_is_passed(
    connect: Connect, api: Vendor, paginator: Paginator, says: dict[str, int], hidden: Any
) -> None:
    api.handler = members = Members(33, set(hidden), **says)
    acme = connect_members(connect, paginator, total=None)
    report = acme.sync(ItemsStream)
    assert (acme.ids(ItemsStream), report.warnings) == (members.shown, [])
    assert max(members.asked) < 33 + 2 * SIZE


@pytest.mark.parametrize("hidden", [[7, *range(15, 29)], [3, 4, 6, *range(20, 27)]])
def test_130_pages_that_overlap_show_that_an_offset_counts_hidden_rows(
    connect: Connect, api: Vendor, hidden: list[int]
) -> None:
    api.handler = members = Members(40, set(hidden))
    acme = connect_members(connect, Offset(**OFFSET))  # type: ignore[arg-type]
    for _ in range(2):
        report = acme.sync(ItemsStream)
        assert (acme.ids(ItemsStream), report.warnings) == (members.shown, [])


@pytest.mark.parametrize("paginator", [Offset(**OFFSET), PageNumber(**OFFSET)])  # type: ignore[arg-type]
@pytest.mark.parametrize("cap", [SIZE, 3])
def test_130_nothing_is_asked_for_behind_a_list_without_hidden_rows(
    connect: Connect, api: Vendor, paginator: Paginator, cap: int
) -> None:
    """The vendor may cap the size of pages."""
    asked: list[int] = []

    def page(request: ReceivedRequest) -> Reply:
        asked.append(int(param(request, "offset", "-1")))
        start = asked[-1] if asked[-1] >= 0 else (int(param(request, "page")) - 1) * cap
        return Reply(body={"members": [{"id": member} for member in range(12)[start : start + cap]]})

    api.handler = page
    acme = connect_members(connect, paginator)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(12))
    assert len(asked) == -(-12 // cap) + 1


class ChangedStream(Stream[Item]):
    path = "/changes"
    cursor = Cursor("at", since="since")


@pytest.mark.parametrize("new", [0, 3, 4, 5, 11])
def test_130_a_total_without_the_filter_costs_little_and_fails_nothing(connect: Connect, api: Vendor, new: int) -> None:
    records = changes(200)
    asked: list[int] = []

    def page(request: ReceivedRequest) -> Reply:
        asked.append(int(param(request, "offset")))
        listed = filter_by_bounds(records, request)
        return Reply(body={"members": listed[asked[-1] : asked[-1] + SIZE], "total": len(records)})

    api.handler = page
    acme = connect_members(
        connect,
        Offset(**OFFSET, more="total"),  # type: ignore[arg-type]
        streams=(ChangedStream,),
        total=None,
    )
    acme.sync(ChangedStream)
    records, before = changes(200 + new), len(asked)
    report = acme.sync(ChangedStream)
    assert acme.ids(ChangedStream) == list(range(200 + new))
    assert report.warnings == []
    ends_on_full_page = (new + 1) % SIZE == 0  # The record at the mark comes again.
    assert len(asked) - before <= -(-(new + 1) // SIZE) + (7 if ends_on_full_page else 1)


@pytest.mark.parametrize("paginator", [Offset(**OFFSET), Offset(**OFFSET, more="total")])  # type: ignore[arg-type]
def test_130_a_list_that_grows_at_its_front_is_read_to_its_end(
    connect: Connect, api: Vendor, paginator: Paginator
) -> None:
    members = list(range(18))

    def page(request: ReceivedRequest) -> Reply:
        start = int(param(request, "offset"))
        found = [{"id": member} for member in members[start : start + SIZE]]
        if len(members) < 24:
            members.insert(0, 100 + len(members))
        return Reply(body={"members": found, "total": len(members)})

    api.handler = page
    acme = connect_members(connect, paginator)
    acme.sync(ItemsStream)
    assert set(range(18)) <= set(acme.ids(ItemsStream))
