"""A list that a warning says may be cut off is listed again once that is settled: its mark stays (conformance 127)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dazz_assets import Cursor, LinkHeader, NextLink, Offset, PageNumber, Stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, param
from tests.conformance.integrations import CommonIntegration, Item
from tests.conformance.lists import filter_by_bounds
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 20
FIRST = datetime(2026, 2, 1, tzinfo=UTC)
STAYS = "records may be missing, as a warning says; the mark stays, and the next sync lists them again"


class VisitsStream(Stream[Any]):
    path = "/visits"
    primary_key = "id"
    records = "data"
    cursor = Cursor("at", since="since")


class VisitsIntegration(CommonIntegration):
    streams = (VisitsStream,)


class Visits:
    """Sixty-one visits, 20 a page. says: what a page has beside its records."""

    def __init__(self, *says: str) -> None:
        self.says = says
        self.counts_from = 1
        self.is_newest_first = True
        self.visits = [{"id": at, "at": (FIRST + timedelta(hours=at)).isoformat()} for at in range(61)]

    def __call__(self, request: ReceivedRequest) -> Reply:
        listed = sorted(
            filter_by_bounds(self.visits, request), key=lambda visit: visit["at"], reverse=self.is_newest_first
        )
        page = int(param(request, "page", str(self.counts_from))) - self.counts_from
        start = page * SIZE + int(param(request, "offset", "0"))
        pages = -(-len(listed) // SIZE)
        beside = {
            "meta": {"page": page + self.counts_from, "pages": pages},
            "previous": f"/visits?page={page - 1 + self.counts_from}" if page else None,
        }
        told = {name: value for name, value in beside.items() if name in self.says}
        query = "".join(f"&{name}={value.replace('+', '%2B')}" for name, value in request.pairs if name == "since")
        link = {"Link": f'</visits?page={page + 1 + self.counts_from}{query}>; rel="next"'} if page + 1 < pages else {}
        return Reply(body={"data": listed[start : start + SIZE], **told}, headers=link if "link" in self.says else {})


def declare_with(connect: Connect, **settings: Any) -> Connected:
    stream = declare("VisitsStream", VisitsStream, **settings)
    return connect(declare("VisitsIntegration", VisitsIntegration, streams=(stream,)))


@pytest.mark.parametrize(
    ("says", "wrong", "right"),
    [
        (("meta",), {}, {"paginator": PageNumber(more="meta.pages")}),
        ((), {}, {"paginator": PageNumber()}),
        ((), {"params": {"limit": SIZE}}, {"paginator": Offset("offset", size_param="limit", size=SIZE)}),
        ((), {"paginator": NextLink("links.next"), "params": {"limit": SIZE}}, {"paginator": PageNumber()}),
    ],
    ids=["page count", "usual size", "size as asked for", "a path that leads nowhere"],
)
def test_127_what_a_forgotten_or_wrong_paginator_left_out_comes_once_it_is_corrected(
    connect: Connect, api: Vendor, says: tuple[str, ...], wrong: dict[str, Any], right: dict[str, Any]
) -> None:
    api.handler = Visits(*says)
    acme = declare_with(connect, **wrong)
    for _ in range(2):
        report = acme.sync(VisitsStream)
        assert acme.ids(VisitsStream) == list(range(41, 61))
        assert len(report.warnings) == 1
        assert report.gap == STAYS
        assert report.high_water_mark is None
    corrected = declare_with(connect, **right)
    report = corrected.sync(VisitsStream)
    assert corrected.ids(VisitsStream) == list(range(61))
    assert (report.warnings, report.gap) == ([], None)
    assert report.high_water_mark is not None


def test_127_so_does_a_first_page_that_was_left_out(connect: Connect, api: Vendor) -> None:
    api.handler = visits = Visits("previous")
    visits.counts_from, visits.is_newest_first = 0, False
    acme = declare_with(connect, paginator=PageNumber())
    assert "there is one before it" in acme.sync(VisitsStream).warnings[0]
    assert acme.ids(VisitsStream) == list(range(SIZE, 61))
    corrected = declare_with(connect, paginator=PageNumber(), params={"page": 0})
    corrected.sync(VisitsStream)
    assert corrected.ids(VisitsStream) == list(range(61))


def test_127_the_mark_moves_once_the_list_is_declared_to_have_one_page(connect: Connect, api: Vendor) -> None:
    api.handler = visits = Visits()
    visits.visits = visits.visits[:SIZE]
    assert declare_with(connect).sync(VisitsStream).high_water_mark is None
    declared = declare_with(connect, max_pages=1)
    assert declared.sync(VisitsStream).high_water_mark == "2026-02-01T19:00:00Z"


class RoomsStream(Stream[Item]):
    path = "/rooms"
    records = "data"


class BookingsStream(Stream[Any]):
    parent = RoomsStream
    path = "/rooms/{parent.id}/bookings"
    primary_key = ("{parent.id}", "id")
    records = "data"
    paginator = LinkHeader()
    cursor = Cursor("at", since="since")


class HotelIntegration(CommonIntegration):
    streams = (RoomsStream, BookingsStream)


class Hotel:
    """The bookings of each room, 20 a page."""

    def __init__(self, **bookings: int) -> None:
        self.lists = {room: Visits("link") for room in bookings}
        for room, number in bookings.items():
            self.lists[room].visits = self.lists[room].visits[:number]
        self.asked: list[tuple[str, str]] = []

    def __call__(self, request: ReceivedRequest) -> Reply:
        room = request.path.split("/")[2:3]
        if not room:
            return Reply(body={"data": [{"id": name} for name in self.lists]})
        self.asked.append((room[0], param(request, "since")))
        reply = self.lists[room[0]](request)
        link = reply.headers.get("Link", "").replace("/visits", f"/rooms/{room[0]}/bookings")
        return Reply(body=reply.body, headers={"Link": link} if link else {})


@pytest.mark.parametrize("paged", [0, 30], ids=["no list has a second page", "the paginator leads on in another list"])
def test_127_of_a_sub_stream_only_the_marks_of_doubted_lists_stay(connect: Connect, api: Vendor, paged: int) -> None:
    stream = declare("BookingsStream", BookingsStream, params={"limit": SIZE})
    api.handler = hotel = Hotel(**{"1": SIZE, "2": 5} | ({"3": paged} if paged else {}))
    acme = connect(declare("HotelIntegration", HotelIntegration, streams=(RoomsStream, stream)))
    acme.sync(RoomsStream)
    report = acme.sync(stream)
    assert (report.gap, bool(report.warnings)) == ((None, False) if paged else (f"rooms 1: {STAYS}", True))
    begins = {room for room, since in hotel.asked if not since or since < "2026-02"}
    hotel.asked.clear()
    acme.sync(stream)
    assert begins == set(hotel.lists)
    assert {room for room, since in hotel.asked if since < "2026-02"} == (set() if paged else {"1"})
