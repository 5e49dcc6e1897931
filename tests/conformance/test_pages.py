"""Pages: from the first to the last of a list, whatever the vendor calls them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dazz_assets import Cursor, CursorToken, Integration, LinkHeader, NextLink, Offset, PageNumber, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import Item, Token, items, offset_page, param
from tests.conformance.lists import Limited, between, changes, moment
from tests.http.loopback import Asked, Reply, Vendor


class ItemsStream(Stream[Item]):
    path = "/items"
    records = "data"
    primary_key = "id"


class ItemsIntegration(Integration[Token]):
    name = "vendor"
    base_url = "https://api.vendor.example"
    streams = (ItemsStream,)


class TokenIntegration(ItemsIntegration):
    paginator = CursorToken("next", param="after")


def following(*tokens: str) -> Callable[[Asked], Reply]:
    """Pages of one record each, which name these tokens one after another."""
    left = list(tokens)
    return lambda asked: Reply(body={"data": items(len(left)), "next": left.pop(0) if left else None})


def test_25_the_same_token_again_and_again_is_an_error_that_names_the_loop(connect: Connect, api: Vendor) -> None:
    api.handler = lambda asked: Reply(body={"data": items(1), "next": "abc"} if len(api.asked) < 20 else {"data": []})
    with pytest.raises(SyncError, match=r"circle of 1 \(after=abc\)"):
        connect(TokenIntegration).sync(ItemsStream)
    assert len(api.asked) == 2


def test_25_a_page_number_that_the_vendor_ignores_is_an_error(connect: Connect, api: Vendor) -> None:
    class NumberedIntegration(ItemsIntegration):
        paginator = PageNumber()

    api.handler = lambda asked: Reply(body={"data": items(1, 2)}) if len(api.asked) < 20 else Reply(410)
    with pytest.raises(SyncError, match="holds the same 2 records as page 1"):
        connect(NumberedIntegration).sync(ItemsStream)
    assert len(api.asked) < 5


def test_26_two_tokens_that_alternate_are_an_error_that_names_the_loop(connect: Connect, api: Vendor) -> None:
    api.handler = following("abc", "def", "abc", "def", "abc", "def")
    with pytest.raises(SyncError, match=r"circle of 2 \(after=abc\)"):
        connect(TokenIntegration).sync(ItemsStream)
    assert len(api.asked) == 3


def test_27_an_empty_page_in_the_middle_is_not_the_end(connect: Connect, api: Vendor) -> None:
    api.script(
        Reply(body={"data": items(1), "next": "a"}),
        Reply(body={"data": [], "next": "b"}),
        Reply(body={"data": items(2), "next": None}),
    )
    acme = connect(TokenIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


@pytest.mark.parametrize("paginator", [Offset(size_param="limit", size=4), PageNumber(size_param="limit", size=4)])
def test_28_a_page_shorter_than_asked_for_is_not_the_end(
    connect: Connect, api: Vendor, paginator: Offset | PageNumber
) -> None:
    class ShortIntegration(ItemsIntegration):
        pass

    ShortIntegration.paginator = paginator
    pages = [items(1, 2, 3, 4), items(5), items(6, 7, 8, 9), []]
    starts = {0: 0, 4: 1, 5: 2, 9: 3}

    def page(asked: Asked) -> Reply:
        number = int(param(asked, "page", "0")) - 1
        return Reply(body={"data": pages[number if number >= 0 else starts[int(param(asked, "offset"))]]})

    api.handler = page
    acme = connect(ShortIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    "link",
    ["/items?limit=1&after=1&version=2", "?limit=1&after=1&version=2", "items?limit=1&after=1", "?after=1"],
    ids=["a path", "a query", "a last segment", "a query that leaves out what it was asked"],
)
def test_29_a_relative_link_is_resolved_and_doubles_no_parameter(connect: Connect, api: Vendor, link: str) -> None:
    class LinkedStream(ItemsStream):
        name = "items"
        params = {"limit": 1, "version": 2}

    class LinkedIntegration(Integration[Token]):
        name = "vendor"
        base_url = "https://api.vendor.example"
        paginator = NextLink("links.next")
        streams = (LinkedStream,)

    api.script(Reply(body={"data": items(1), "links": {"next": link}}), Reply(body={"data": items(2)}))
    acme = connect(LinkedIntegration)
    acme.sync(LinkedStream)
    assert acme.ids(LinkedStream) == [1, 2]
    assert api.asked[1].path == "/items"
    assert sorted(api.asked[1].pairs) == [("after", "1"), ("limit", "1"), ("version", "2")]


def test_29_a_relative_link_in_a_header_is_resolved_too(connect: Connect, api: Vendor) -> None:
    class HeaderIntegration(ItemsIntegration):
        paginator = LinkHeader()

    link = {"Link": '</items?page=2>; rel="next", </items?page=9>; rel="last"'}
    api.script(Reply(body={"data": items(1)}, headers=link), Reply(body={"data": items(2)}))
    acme = connect(HeaderIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


class ChangesStream(Stream[Item]):
    """Changes, whose API takes both bounds."""

    path = "/changes"
    records = "data"
    primary_key = "id"
    cursor = Cursor("at", since="since", until="until")


class OrderedStream(Stream[Item]):
    """Changes in their order, whose API takes a beginning."""

    path = "/changes"
    records = "data"
    primary_key = "id"
    cursor = Cursor("at", since="since", order="asc")


class UnboundedStream(Stream[Item]):
    """Changes, whose API takes a beginning and sorts as it likes."""

    path = "/changes"
    records = "data"
    primary_key = "id"
    cursor = Cursor("at", since="since")


class LimitedIntegration(Integration[Token]):
    name = "vendor"
    base_url = "https://api.vendor.example"
    paginator = Offset()
    streams = (ChangesStream, OrderedStream, UnboundedStream)


@pytest.mark.parametrize(
    ("beyond", "total"),
    [(200, True), (400, False), (422, True)],
    ids=["an empty page, and a total", "a 400", "a 422"],
)
def test_30_a_range_with_more_results_than_the_api_lists_is_split_until_each_part_fits(
    connect: Connect, api: Vendor, beyond: int, *, total: bool
) -> None:
    api.handler = Limited(changes(500), 50, beyond, total=total)
    acme = connect(LimitedIntegration)
    acme.sync(ChangesStream)
    assert acme.ids(ChangesStream) == list(range(500))
    assert acme.versions(ChangesStream) == 500


def test_30_where_the_api_sorts_by_the_cursor_it_goes_on_from_the_last_record(connect: Connect, api: Vendor) -> None:
    api.handler = Limited(changes(500), 50)
    acme = connect(LimitedIntegration)
    acme.sync(OrderedStream)
    assert acme.ids(OrderedStream) == list(range(500))
    assert acme.versions(OrderedStream) == 500


def test_30_a_range_that_cannot_be_split_is_an_error_and_moves_no_mark(connect: Connect, api: Vendor) -> None:
    api.handler = limited = Limited(changes(500), 50)
    acme = connect(LimitedIntegration)
    with pytest.raises(SyncError, match=r"a total of 500 records, but sent only 50 .*`since` and `until`"):
        acme.sync(UnboundedStream)
    limited.most = 1000
    acme.sync(UnboundedStream)
    assert acme.ids(UnboundedStream) == list(range(500))


def test_30_records_of_one_moment_that_are_too_many_are_an_error_and_not_a_loop(connect: Connect, api: Vendor) -> None:
    api.handler = Limited([{"id": number, "at": moment(0)} for number in range(500)], 50, 400)
    with pytest.raises(SyncError, match="Result window is too large"):
        connect(LimitedIntegration).sync(ChangesStream)
    assert len(api.asked) < 400


@pytest.mark.parametrize("stream", [ChangesStream, OrderedStream])
def test_30_an_api_that_ignores_the_bounds_is_an_error_and_not_a_loop(
    connect: Connect, api: Vendor, stream: type[Stream[Item]]
) -> None:
    api.handler = limited = Limited(changes(500), 50)
    limited.ignores_bounds = True
    with pytest.raises(SyncError, match="sent only 50"):
        connect(LimitedIntegration).sync(stream)
    assert len(api.asked) < 50


def test_30_a_snapshot_that_is_cut_short_is_an_error_and_leaves_what_is_stored(connect: Connect, api: Vendor) -> None:
    class CountedIntegration(ItemsIntegration):
        paginator = Offset()

    api.handler = limited = Limited(changes(30), 50)
    acme = connect(CountedIntegration)
    acme.sync(ItemsStream)
    limited.records = changes(90)
    with pytest.raises(SyncError, match="a total of 90 records, but sent only 50"):
        acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(30))


class TeamsStream(Stream[Item]):
    path = "/teams"
    records = "data"
    primary_key = "id"


class MembersStream(Stream[Item]):
    parent = TeamsStream
    path = "/teams/{parent.id}/members"
    records = "data"
    primary_key = "id"


class TeamsIntegration(Integration[Token]):
    name = "vendor"
    base_url = "https://api.vendor.example"
    paginator = CursorToken("next", param="after")
    concurrency = 4
    streams = (TeamsStream, MembersStream)


def test_31_sub_streams_that_are_fetched_at_once_have_page_states_of_their_own(connect: Connect, api: Vendor) -> None:
    def page(asked: Asked) -> Reply:
        if asked.path == "/teams":
            return Reply(body={"data": items(*range(1, 9))})
        team, number = int(asked.path.split("/")[2]), int(param(asked, "after", "0").rpartition("-")[2] or 0)
        assert number == 0 or param(asked, "after") == f"{team}-{number}"
        further = f"{team}-{number + 1}" if number < team else None
        return Reply(body={"data": items(team * 100 + number), "next": further})

    api.handler = page
    acme = connect(TeamsIntegration)
    acme.sync(TeamsStream)
    acme.sync(MembersStream)
    assert acme.ids(MembersStream) == [team * 100 + number for team in range(1, 9) for number in range(team + 1)]


class Shifting:
    """Changes in the order of their time, in pages of 10, by offset; something happens before a page is answered."""

    def __init__(self, total: int, *, says_total: bool = False) -> None:
        self.records = changes(total)
        self.says_total = says_total
        self.before: dict[int, Callable[[], None]] = {}
        self.pages = 0

    def __call__(self, asked: Asked) -> Reply:
        self.pages += 1
        self.before.pop(self.pages, lambda: None)()
        ordered = sorted(between(self.records, asked), key=lambda item: item["at"])
        total = {"total": len(ordered)} if self.says_total else {}
        return Reply(body={"data": offset_page(ordered, asked, 10), **total})

    def change(self, id_: int, at: str) -> None:
        self.records = [{"id": id_, "at": at} if item["id"] == id_ else item for item in self.records]

    def remove(self, id_: int) -> None:
        self.records = [item for item in self.records if item["id"] != id_]


NOW = "2026-03-02T12:00:0{}Z"


@pytest.mark.parametrize("stream", [OrderedStream, UnboundedStream])
def test_32_records_that_move_to_the_end_while_paging_make_none_slip_by(
    connect: Connect, api: Vendor, stream: type[Stream[Item]]
) -> None:
    api.handler = shifting = Shifting(60)
    shifting.before = {3: lambda: shifting.change(1, NOW.format(1)), 5: lambda: shifting.change(2, NOW.format(2))}
    acme = connect(LimitedIntegration)
    acme.sync(stream)
    assert acme.ids(stream) == list(range(60))
    assert acme.versions(stream) == 62  # each version of the two that changed, and nothing twice


def test_32_records_that_go_away_while_paging_make_none_slip_by_where_the_vendor_names_a_total(
    connect: Connect, api: Vendor
) -> None:
    api.handler = shifting = Shifting(60, says_total=True)
    shifting.before = {3: lambda: shifting.remove(1)}
    acme = connect(LimitedIntegration)
    acme.sync(UnboundedStream)
    assert acme.ids(UnboundedStream) == list(range(60))


def test_32_a_list_that_never_holds_still_moves_no_mark_and_says_so(connect: Connect, api: Vendor) -> None:
    api.handler = shifting = Shifting(60)
    shifting.before = {
        3: lambda: shifting.change(1, NOW.format(1)),
        10: lambda: shifting.change(2, NOW.format(2)),
        17: lambda: shifting.change(3, NOW.format(3)),
    }
    acme = connect(LimitedIntegration)
    report = acme.sync(UnboundedStream)
    assert report.high_water_mark is None
    assert report.gap is not None
    assert "changed places" in report.gap
    report = acme.sync(UnboundedStream)
    assert (report.gap, report.high_water_mark) == (None, "2026-01-10T06:53:00Z")
    assert acme.ids(UnboundedStream) == list(range(60))


def test_32_a_record_that_is_inserted_where_was_read_already_comes_with_the_next_sync(
    connect: Connect, api: Vendor
) -> None:
    """The list is in no order: what comes late carries a later time than what is inserted behind the reader's back."""
    pages = [items(1, 2), items(3, 4), []]
    at = {1: moment(1), 2: moment(2), 3: moment(3), 4: NOW.format(3), 9: NOW.format(2)}

    def page(asked: Asked) -> Reply:
        listed = pages.pop(0) if pages else items(1, 9, 2, 3, 4) if param(asked, "offset", "0") == "0" else []
        return Reply(body={"data": [{"at": at[item["id"]], **item} for item in listed]})

    api.handler = page
    acme = connect(LimitedIntegration)
    acme.sync(UnboundedStream)
    assert acme.ids(UnboundedStream) == [1, 2, 3, 4]
    acme.clock.sleep(60)
    acme.sync(UnboundedStream)
    assert acme.ids(UnboundedStream) == [1, 2, 3, 4, 9]
    assert acme.versions(UnboundedStream) == 5


def test_32_records_that_are_inserted_in_front_are_seen_twice_and_stored_once(connect: Connect, api: Vendor) -> None:
    api.handler = shifting = Shifting(60)
    shifting.before = {3: lambda: shifting.records.insert(0, {"id": 99, "at": moment(-5)})}
    acme = connect(LimitedIntegration)
    acme.sync(UnboundedStream)
    acme.sync(UnboundedStream)
    assert acme.versions(UnboundedStream) == len(acme.ids(UnboundedStream))
    assert set(range(60)) <= set(acme.ids(UnboundedStream))


@pytest.mark.parametrize("body", [{"items": [{"id": 1}]}, {"data": {"rows": []}}, {"data": "none"}, {}])
def test_33_a_records_path_that_leads_to_no_list_is_an_error(connect: Connect, api: Vendor, body: object) -> None:
    api.script(Reply(body=body))
    with pytest.raises(SyncError, match="Set `records`"):
        connect(TokenIntegration).sync(ItemsStream)


def test_33_a_page_that_says_it_is_empty_is_no_error(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"data": []}))
    assert connect(TokenIntegration).sync(ItemsStream).records == 0
