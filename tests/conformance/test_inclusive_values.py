"""A list that goes on from the last record's value, and lists it again, has an end (conformance 115)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Cursor, CursorToken
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, param
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.conformance.lists import time_after
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 10
SENT = {"limit": SIZE}


class RiversIntegration(CommonIntegration):
    records = "rivers"
    streams = (ItemsStream,)


def changed(*minutes: int) -> list[dict[str, Any]]:
    return [{"id": number, "at": time_after(minute)} for number, minute in enumerate(minutes)]


def listing(records: list[dict[str, Any]], size: int = SIZE, **beside: Any) -> Any:
    def answer(request: ReceivedRequest) -> Reply:
        since = param(request, "since")
        return Reply(body={"rivers": [item for item in records if item["at"] >= since][:size], **beside})

    return answer


def connect_to(connect: Connect, params: dict[str, Any], more: str | None = None, **settings: Any) -> Connected:
    paginator = CursorToken("rivers.-1.at", param="since", more=more)
    stream = declare("ItemsStream", ItemsStream, params=params, paginator=paginator, **settings)
    return connect(declare("RiversIntegration", RiversIntegration, streams=(stream,)))


def sync(acme: Connected) -> list[int]:
    stream = acme.spec.streams["items"].stream
    acme.sync(stream)
    return acme.ids(stream)


@pytest.mark.parametrize("params", [SENT, {}], ids=["a size is sent", "none is sent"])
@pytest.mark.parametrize("total", [1, 2, 9, 10, 11, 19, 25, 28])
def test_115_a_page_with_the_record_alone_whose_value_was_sent_is_the_last(
    connect: Connect, api: Vendor, params: dict[str, Any], total: int
) -> None:
    api.handler = listing(changed(*range(total)))
    assert sync(connect_to(connect, params)) == list(range(total))


@pytest.mark.parametrize("ties", [2, 5, 9])
@pytest.mark.parametrize("before", [0, 3, 14])
def test_115_so_is_one_of_several_that_share_it_if_it_is_not_full(
    connect: Connect, api: Vendor, ties: int, before: int
) -> None:
    api.handler = listing(changed(*range(before), *[100] * ties))
    assert sync(connect_to(connect, SENT)) == list(range(before + ties))


def test_115_with_a_cursor_each_sync_finds_what_is_new(connect: Connect, api: Vendor) -> None:
    records = changed(*range(25), 24)
    api.handler = listing(records)
    acme = connect_to(connect, SENT, primary_key="id", cursor=Cursor("at", since="since", order="asc"))
    assert sync(acme) == list(range(26))
    records += [{"id": 26, "at": time_after(500)}]
    assert sync(acme) == list(range(27))
    assert sync(acme) == list(range(27))


@pytest.mark.parametrize("params", [SENT, {}], ids=["a size is sent", "none is sent"])
def test_115_a_full_page_of_records_that_share_it_is_a_loop(
    connect: Connect, api: Vendor, params: dict[str, Any]
) -> None:
    api.handler = listing(changed(*range(5), *[100] * 12))
    with pytest.raises(SyncError, match="More records than a page has may share the value at `at`"):
        sync(connect_to(connect, params))


@pytest.mark.parametrize(("params", "size"), [({"limit": 1}, 1), ({"limit": 500}, 100), ({}, 10)])
def test_115_so_is_one_that_may_be_full(connect: Connect, api: Vendor, params: dict[str, Any], size: int) -> None:
    api.handler = listing(changed(*[100] * 120), size)
    with pytest.raises(SyncError, match="More records than a page has may share the value at `at`"):
        sync(connect_to(connect, params))


def test_115_nor_is_it_the_last_where_the_page_says_that_there_is_more(connect: Connect, api: Vendor) -> None:
    api.handler = listing(changed(1, 2), has_more=True)
    with pytest.raises(SyncError, match="go round in a circle"):
        sync(connect_to(connect, SENT, more="has_more"))
    with pytest.raises(SyncError, match="`has_more` in the page says that there is more"):
        sync(connect_to(connect, SENT))


@pytest.mark.parametrize("number", [2, 7, SIZE, 15])
def test_115_a_parameter_that_the_vendor_ignores_is_a_loop(connect: Connect, api: Vendor, number: int) -> None:
    api.handler = lambda request: Reply(body={"rivers": changed(*range(number))})
    with pytest.raises(SyncError, match="the vendor may ignore its parameter"):
        sync(connect_to(connect, SENT))
