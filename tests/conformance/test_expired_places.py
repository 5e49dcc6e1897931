"""A list whose cursor or token expired while it was read is walked again (conformance 71)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dazz_assets import Cursor, CursorToken, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, Item, ItemsStream, PartsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class BoardIntegration(CommonIntegration):
    records = "cards"
    paginator = CursorToken("next", param="after")
    streams = (ItemsStream, PartsStream)


EXPIRED = [
    Reply(200, {"error_code": "PlaceException", "status_code": 200, "error_message": "The cursor has expired"}),
    Reply(200, {"errors": [{"message": "Cursor is not valid any more: stale cursor"}]}),
    Reply(400, {"message": "The after token expired"}),
    Reply(404, {"detail": "unknown cursor"}),
    Reply(422, {"error": {"type": "LIST_ITERATOR_NOT_AVAILABLE", "message": "The requested offset is not available"}}),
    Reply(400, {"error": "ExpiredNextPageToken"}),
    Reply(404, {"error": {"type": "search_context_missing_exception", "reason": "No search context found for id [7]"}}),
    Reply(200, {"errors": [{"message": "Please begin again", "extensions": {"code": "CURSOR_EXPIRED"}}]}),
]


def answer(api: Vendor, expired: Reply, *, times: int, records: list[dict[str, Any]]) -> None:
    """Pages of two records; a page after the first is refused as often as it says."""
    left = times

    def page(request: ReceivedRequest) -> Reply:
        nonlocal left
        start = int(param(request, "after", "0"))
        if start and left:
            left -= 1
            return expired
        since = param(request, "since")
        found = [record for record in records if record.get("at", "") >= since]
        following = start + 2 if start + 2 < len(found) else None
        return Reply(body={"cards": found[start : start + 2], "next": following})

    api.handler = page


@pytest.mark.parametrize("expired", EXPIRED, ids=lambda reply: str(reply.body))
def test_71_a_snapshot_is_listed_again_and_holds_each_record_once(
    connect: Connect, api: Vendor, expired: Reply
) -> None:
    acme = connect(BoardIntegration)
    answer(api, expired, times=1, records=items(1, 2, 3, 4, 5))
    report = acme.sync(ItemsStream)
    assert (acme.ids(ItemsStream), acme.versions(ItemsStream)) == ([1, 2, 3, 4, 5], 5)
    assert [param(request, "after") for request in api.requests] == ["", "2", "", "2", "4"]
    assert report.gap is None


def test_71_what_was_removed_meanwhile_is_not_in_the_snapshot(connect: Connect, api: Vendor) -> None:
    acme = connect(BoardIntegration)
    api.script(
        Reply(body={"cards": items(1, 2), "next": "b"}),
        Reply(200, {"errors": [{"message": "cursor expired"}]}),
        Reply(body={"cards": items(2, 3)}),
    )
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [2, 3]


def test_71_a_list_whose_place_expires_each_time_is_an_error_that_says_what_to_do(
    connect: Connect, api: Vendor
) -> None:
    acme = connect(BoardIntegration)
    answer(api, EXPIRED[0], times=100, records=items(1, 2, 3))
    with pytest.raises(SyncError, match=r"The cursor has expired.*make the walk shorter: larger pages"):
        acme.sync(ItemsStream)
    assert len(api.requests) == 6


def test_71_only_the_parent_whose_place_expired_is_listed_again(connect: Connect, api: Vendor) -> None:
    acme = connect(BoardIntegration)
    answer(api, EXPIRED[0], times=0, records=items(1, 2))
    acme.sync(ItemsStream)
    api.requests.clear()
    answer(api, EXPIRED[0], times=1, records=items(1, 2, 3))
    acme.sync(PartsStream)
    assert acme.versions(PartsStream) == 6
    assert [request.path for request in api.requests] == ["/items/1/parts"] * 4 + ["/items/2/parts"] * 2


@pytest.mark.parametrize("said", ["The requested offset is not available", "Page 2 is no longer served"])
def test_71_what_is_there_no_more_is_not_advised_to_be_the_end(connect: Connect, api: Vendor, said: str) -> None:
    answer(api, Reply(422, {"message": said}), times=100, records=items(1, 2, 3))
    with pytest.raises(SyncError, match=said) as caught:
        connect(BoardIntegration).sync(ItemsStream)
    assert '"end"' not in str(caught.value)


@pytest.mark.parametrize("said", ["Invalid page", "There are no more pages", "Page not found"])
def test_71_a_page_that_is_not_there_may_be_the_end(connect: Connect, api: Vendor, said: str) -> None:
    answer(api, Reply(404, {"message": said}), times=100, records=items(1, 2, 3))
    with pytest.raises(SyncError, match=re.escape(f'set accept = {{(404, "{said}"): "end"}}')):
        connect(BoardIntegration).sync(ItemsStream)
    assert len(api.requests) == 2


class ChangesStream(Stream[Item]):
    path = "/changes"
    cursor = Cursor("at", since="since", order="asc")


def test_71_a_list_that_is_sorted_goes_on_behind_what_came(connect: Connect, api: Vendor) -> None:
    acme = connect(declare("Sorted", BoardIntegration, streams=(ChangesStream,)))
    records = [{"id": day, "at": f"2026-02-{day:02}T00:00:00Z"} for day in range(1, 8)]
    answer(api, EXPIRED[0], times=1, records=records)
    acme.sync(ChangesStream)
    assert (acme.ids(ChangesStream), acme.versions(ChangesStream)) == ([1, 2, 3, 4, 5, 6, 7], 7)
    assert [param(request, "since")[:10] for request in api.requests if not param(request, "after")] == [
        "2026-01-05",
        "2026-02-01",
    ]


@pytest.mark.parametrize("text", ["your access token has expired", "there is no such board"])
def test_71_a_first_page_that_is_refused_is_not_asked_for_again(connect: Connect, api: Vendor, text: str) -> None:
    api.script(Reply(200, {"errors": [{"message": text}]}))
    with pytest.raises(SyncError, match=text):
        connect(BoardIntegration).sync(ItemsStream)
    assert len(api.requests) == 1
