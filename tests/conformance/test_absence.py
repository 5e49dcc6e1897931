"""An empty list is believed only where the API says so (conformance 63)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dazz_assets import Offset, PageNumber
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, items
from tests.conformance.integrations import CommonIntegration, ItemsStream, PartsStream
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor


class ShelfIntegration(CommonIntegration):
    records = "shelf.books"
    streams = (ItemsStream, PartsStream)


def shelf(*numbers: int) -> dict[str, Any]:
    return {"shelf": {"books": items(*numbers)}}


def filled(connect: Connect, api: Vendor, **settings: Any) -> Connected:
    """A connection with three books stored."""
    acme = connect(declare("ShelfIntegration", ShelfIntegration, **settings))
    api.handler = lambda request: Reply(body=shelf(1, 2, 3))
    acme.sync(ItemsStream)
    api.requests.clear()
    return acme


@pytest.mark.parametrize(
    "empty",
    [Reply(204), Reply(205, b""), Reply(body={"shelf": None}), Reply(body={"shelf": {"books": []}})],
    ids=["204", "205", "null on the way", "an empty list"],
)
def test_63_what_says_that_there_are_none_is_believed(connect: Connect, api: Vendor, empty: Reply) -> None:
    """It is asked for a second time, since nothing is left of what is stored."""
    acme = filled(connect, api)
    api.handler = lambda request: empty
    acme.sync(ItemsStream)
    assert (acme.ids(ItemsStream), len(api.requests)) == ([], 2)


@pytest.mark.parametrize("body", [b"", b"  \n", b"\xef\xbb\xbf"], ids=["nothing", "space", "a byte order mark"])
@pytest.mark.parametrize("kind", ["application/json", "text/csv", "application/x-ndjson", "text/plain"])
def test_63_an_empty_body_is_retried_and_then_fails(connect: Connect, api: Vendor, body: bytes, kind: str) -> None:
    acme = filled(connect, api)
    api.handler = lambda request: Reply(body=body, headers={"Content-Type": kind})
    with pytest.raises(SyncError, match=r'/items: 200 with an empty body\. .*set empty = \("body",\) on the stream'):
        acme.sync(ItemsStream)
    assert (acme.ids(ItemsStream), 1 < len(api.requests) < 10) == ([1, 2, 3], True)


def test_63_an_empty_body_that_was_an_accident_is_asked_for_again(connect: Connect, api: Vendor) -> None:
    acme = filled(connect, api)
    api.script(Reply(body=b""), Reply(body=shelf(1, 2)))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


@pytest.mark.parametrize(
    ("empty", "reply"),
    [
        ("body", Reply(body=b"")),
        ("object", Reply(body={"shelf": {"books": {}}})),
        ("text", Reply(body={"shelf": {"books": ""}})),
        ("missing", Reply(body={"shelf": {}})),
    ],
)
def test_63_what_else_means_none_can_be_declared_and_is_else_an_error_that_names_the_setting(
    connect: Connect, api: Vendor, empty: str, reply: Reply
) -> None:
    acme = filled(connect, api)
    api.handler = lambda request: reply
    with pytest.raises(SyncError, match=rf'set empty = \("{empty}",\)'):
        acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2, 3]
    acme = filled(connect, api, empty=(empty,))
    api.handler = lambda request: reply
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == []


NOT_READY = [
    Reply(202, b""),
    Reply(202, {"job": {"state": "queued"}}),
    Reply(202, {"shelf": {"books": []}, "progress": 40}),
    Reply(202, {"shelf": None}),
]


@pytest.mark.parametrize("reply", NOT_READY, ids=["nothing", "another object", "an empty list", "null"])
def test_63_a_202_is_waited_for(connect: Connect, api: Vendor, clock: Clock, reply: Reply) -> None:
    acme = filled(connect, api)
    later = Reply(202, reply.body, {"Retry-After": "90"})
    api.script(reply, later, later, Reply(body=shelf(7)))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [7]
    assert clock.slept >= 180


def test_63_a_202_is_waited_for_no_longer_than_the_walk_may_last(connect: Connect, api: Vendor, clock: Clock) -> None:
    acme = filled(connect, api, max_time=timedelta(minutes=30))
    api.script(Reply(202, {"message": "the export is queued"}, {"Retry-After": "120"}))
    with pytest.raises(
        SyncError, match=r"/items: 202: the list is not ready yet\. The vendor says: the export is queued\..*`max_time`"
    ):
        acme.sync(ItemsStream)
    assert 1500 <= clock.slept <= 1800
    assert acme.ids(ItemsStream) == [1, 2, 3]


def test_63_a_202_with_records_is_a_list(connect: Connect, api: Vendor) -> None:
    acme = connect(ShelfIntegration)
    api.handler = lambda request: Reply(202, shelf(1))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]


def test_63_a_202_that_reports_an_error_is_not_waited_for(connect: Connect, api: Vendor, clock: Clock) -> None:
    api.handler = lambda request: Reply(202, {"error": {"message": "the export failed"}})
    with pytest.raises(SyncError, match="The vendor says: the export failed"):
        connect(ShelfIntegration).sync(ItemsStream)
    assert clock.slept == 0


@pytest.mark.parametrize("status", [201, 203, 206])
def test_63_another_success_without_a_list_is_retried_and_fails(connect: Connect, api: Vendor, status: int) -> None:
    acme = filled(connect, api)
    api.handler = lambda request: Reply(status, {"message": "task 7 was made"})
    with pytest.raises(
        SyncError,
        match=rf"{status} without a list of records\. The vendor says: task 7 was made\..*\{{{status}: \"skip\"",
    ):
        acme.sync(ItemsStream)
    assert len(api.requests) > 1
    assert acme.ids(ItemsStream) == [1, 2, 3]


def test_63_another_success_with_a_list_is_one(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("PostedIntegration", ShelfIntegration, paginator=Offset()))
    api.script(Reply(201, shelf(1, 2)), Reply(201, shelf()))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


@pytest.mark.parametrize(
    "beside", [{"has_more": True}, {"next": "/items?page=3"}, {"pagination": {"nextPageUrl": "/items?c=x"}}]
)
def test_63_an_empty_page_that_says_there_is_more_is_not_the_end(
    connect: Connect, api: Vendor, beside: dict[str, Any]
) -> None:
    acme = connect(declare("NumberedIntegration", ShelfIntegration, paginator=PageNumber()))
    api.script(Reply(body=shelf(1, 2, 3)), Reply(body=shelf()))
    acme.sync(ItemsStream)
    api.script(Reply(body=shelf(1)), Reply(body=shelf() | beside), Reply(body=shelf(2)), Reply(body=shelf()))
    with pytest.raises(SyncError, match=r"in the page says that there is more, but PageNumber does not read it\. Set"):
        acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2, 3]


def test_63_an_empty_page_of_a_flagged_list_is_passed(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("FlaggedIntegration", ShelfIntegration, paginator=PageNumber(more="more")))
    api.script(
        Reply(body=shelf(1) | {"more": True}),
        Reply(body=shelf() | {"more": True}),
        Reply(body=shelf() | {"more": "true"}),
        Reply(body=shelf(2) | {"more": "false"}),
    )
    acme.sync(ItemsStream)
    assert (acme.ids(ItemsStream), len(api.requests)) == ([1, 2], 4)


def test_63_an_empty_page_that_an_offset_cannot_pass_is_an_error(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("OffsetIntegration", ShelfIntegration, paginator=Offset(more="more")))
    api.script(Reply(body=shelf(1) | {"more": True}), Reply(body=shelf() | {"more": True}))
    with pytest.raises(SyncError, match=r"`more` says that there is more, but the page has no record.*size_param and"):
        acme.sync(ItemsStream)


def test_63_one_parent_with_an_empty_body_costs_that_parent_alone(connect: Connect, api: Vendor) -> None:
    replies = {"/items/2/parts": Reply(body=b"")}
    api.handler = lambda request: replies.get(
        request.path, Reply(body=shelf(1, 2, 3) if request.path == "/items" else shelf(10 * part_of(request)))
    )
    acme = connect(ShelfIntegration)
    acme.sync(ItemsStream)
    with pytest.raises(SyncError, match=r"1 of 3 items failed \(2: .*200 with an empty body"):
        acme.sync(PartsStream)
    assert acme.ids(PartsStream) == [10, 30]


def part_of(request: ReceivedRequest) -> int:
    return int(request.path.split("/")[2])
