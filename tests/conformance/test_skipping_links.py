"""Links and tokens that skip records: a value that is not unique, a link that forgets the filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from dazz_assets import CursorToken, LinkHeader, NextLink, Stream
from dazz_assets.errors import SyncError
from dazz_assets.http.paging.pagination import Paginator
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, items, param
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class EntriesStream(Stream[Item]):
    path = "/entries"
    records = "data"


class EntriesIntegration(CommonIntegration):
    streams = (EntriesStream,)


def connect_to(connect: Connect, **settings: Any) -> tuple[Connected, type[Stream[Any]]]:
    stream = declare("EntriesStream", EntriesStream, **settings)
    return connect(declare("EntriesIntegration", EntriesIntegration, streams=(stream,))), stream


def list_after(values: Sequence[int], *, inclusive: bool = False) -> Callable[[ReceivedRequest], Reply]:
    """An API that lists three records with a value beyond `after` at a time."""

    def answer(request: ReceivedRequest) -> Reply:
        after = int(param(request, "after", "0"))
        records = [{"id": id_, "in": {"n.o": value}} for id_, value in enumerate(values)]
        left = [record for record in records if record["in"]["n.o"] >= after + (not inclusive)]  # type: ignore[index]
        return Reply(body={"data": left[:3], "more": len(left) > 3})

    return answer


KEYSET = CursorToken("data.-1.in.n\\.o", param="after", more="more")


@pytest.mark.parametrize("values", [[5, 7, 7, 7, 8], [5, 6, 7, 8, 9, 9, 9, 10]])
def test_106_records_with_the_value_that_a_page_begins_behind_may_be_missing(
    connect: Connect, api: Vendor, values: list[int]
) -> None:
    api.handler = list_after(values)
    acme, stream = connect_to(connect, paginator=KEYSET)
    (warning,) = acme.sync(stream).warnings
    assert len(acme.ids(stream)) < len(values)
    assert "the last two records of the page before have the same value at `n.o`" in warning
    assert "Let the paginator send a field that is different in each record." in warning


@pytest.mark.parametrize(
    ("values", "inclusive"),
    [([5, 7, 8, 9, 10], False), ([5, 5, 7, 8, 8], False), ([5, 7, 7, 8, 9], True), ([5, 7, 7], False), ([7], False)],
)
def test_106_none_is_where_a_value_is_unique_or_listed_again(
    connect: Connect, api: Vendor, values: list[int], inclusive: bool
) -> None:
    api.handler = list_after(values, inclusive=inclusive)
    acme, stream = connect_to(connect, paginator=KEYSET)
    assert acme.sync(stream).warnings == []
    assert len(acme.ids(stream)) == len(values)


def test_106_a_page_full_of_one_value_is_a_loop_and_no_scroll(connect: Connect, api: Vendor) -> None:
    api.handler = list_after([5, 7, 7, 7, 7, 8], inclusive=True)
    acme, stream = connect_to(connect, paginator=KEYSET)
    with pytest.raises(SyncError, match=r"More records than a page has may share the value at `n\.o`") as raised:
        acme.sync(stream)
    assert "repeats" not in str(raised.value)


def list_by_links(link: str, *, in_header: bool = False) -> Callable[[ReceivedRequest], Reply]:
    """An API that lists entries 0 to 9, of which those that are closed only for `state=all`. link: to page 2."""

    def answer(request: ReceivedRequest) -> Reply:
        numbers = range(10) if param(request, "state") == "all" else range(0, 10, 2)
        if "page" in request.query or "cursor" in request.query or "view" in request.path:
            return Reply(body={"data": items(*numbers[5:])})
        headers = {"Link": f'<{link}>; rel="next"'} if in_header else {}
        return Reply(body={"data": items(*numbers[:5]), "next": None if in_header else link}, headers=headers)

    return answer


@pytest.mark.parametrize("in_header", [False, True])
@pytest.mark.parametrize("link", ["/entries?page=2", "?page=2&limit=5", "/entries?page=2&limit=20&offset=5"])
def test_107_a_link_that_only_counts_on_and_forgets_the_filter_is_told(
    connect: Connect, api: Vendor, link: str, in_header: bool
) -> None:
    api.handler = list_by_links(link, in_header=in_header)
    paginator: Paginator = LinkHeader() if in_header else NextLink("next")
    acme, stream = connect_to(connect, params={"state": "all", "limit": 5}, paginator=paginator)
    (warning,) = acme.sync(stream).warnings
    assert "the link to the next page counts on, but leaves out state" in warning
    assert 'set keep = ("state",) on the paginator' in warning
    acme, stream = connect_to(
        connect,
        params={"state": "all", "limit": 5},
        paginator=LinkHeader(keep=("state",)) if in_header else NextLink("next", keep=("state",)),
    )
    assert acme.sync(stream).warnings == []
    assert acme.ids(stream) == list(range(10))


@pytest.mark.parametrize(
    "link",
    [
        "/entries?page=2&state=all",  # the size may be left out
        "/entries?cursor=c3RhdGU9YWxs",
        "/entries?cursor=81726",
        "/entries?page=2&search=81726ac",
        "/views/81726?page=2",
    ],
)
def test_107_one_that_may_stand_for_the_filter_is_not(connect: Connect, api: Vendor, link: str) -> None:
    api.handler = list_by_links(link)
    acme, stream = connect_to(connect, params={"state": "all", "limit": 5}, paginator=NextLink("next"))
    assert acme.sync(stream).warnings == []


def test_107_the_number_of_the_first_page_is_no_filter(connect: Connect, api: Vendor) -> None:
    """The link goes on by an offset."""

    def answer(request: ReceivedRequest) -> Reply:
        link = "/entries?offset=2&state=all" if "page" in request.query else None
        return Reply(body={"data": items(1, 2) if link else items(3), "next": link})

    api.handler = answer
    acme, stream = connect_to(connect, params={"state": "all", "page": 1}, paginator=NextLink("next"))
    assert acme.sync(stream).warnings == []
    assert acme.ids(stream) == [1, 2, 3]


@pytest.mark.parametrize("link", ["/entries?page=2&amp;state=all", "?state=all&amp;page=2"])
def test_107_a_link_that_was_escaped_for_html_is_followed_as_it_was_meant(
    connect: Connect, api: Vendor, link: str
) -> None:
    api.handler = list_by_links(link)
    acme, stream = connect_to(connect, params={"state": "all"}, paginator=NextLink("next"))
    acme.sync(stream)
    assert acme.ids(stream) == list(range(10))
