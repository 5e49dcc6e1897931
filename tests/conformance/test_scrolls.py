"""A token that stays the same while its pages go on, as that of a scroll (conformance 80)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dazz_assets import CursorToken
from dazz_assets.errors import SyncError
from dazz_assets.recording.record_scenario import record_scenario
from dazz_assets.recording.replay import replay_scenario
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor
from tests.recording.shop import KEY, connection_to, write_integration

SCROLL = CursorToken("scroll", param="scroll", repeats=True)


class ShelfIntegration(CommonIntegration):
    records = "books"
    paginator = SCROLL
    streams = (ItemsStream,)


class Scroll:
    """Moves on with each answer, whatever the request.

    sent: the replies in the place of pages, by the number of the request from 1; a page that one replaces is gone.
    """

    def __init__(self, total: int, size: int, sent: dict[int, Reply] | None = None) -> None:
        self.books = [{"id": number, "title": f"book {number}"} for number in range(total)]
        self.size, self.sent = size, sent or {}
        self.place = self.asked = 0

    def __call__(self, request: ReceivedRequest) -> Reply:
        self.asked += 1
        if not param(request, "scroll"):
            self.place = 0
        reply = self.sent.get(self.asked)
        if reply is None or reply.status != 429:
            self.place += self.size
        page = self.books[self.place - self.size : self.place]
        return reply or Reply(body={"scroll": "DnF1ZXJ5", "books": page})


@pytest.mark.parametrize(("total", "requests"), [(0, 2), (3, 2), (7, 4), (9, 4), (30, 11)])
def test_80_a_token_that_repeats_is_followed_to_the_empty_page(
    connect: Connect, api: Vendor, total: int, requests: int
) -> None:
    api.handler = Scroll(total, 3)
    acme = connect(ShelfIntegration)
    assert acme.sync(ItemsStream).warnings == []
    assert acme.ids(ItemsStream) == list(range(total))
    assert len(api.requests) == requests


def test_80_so_is_one_in_a_header_and_in_a_body(connect: Connect, api: Vendor) -> None:
    books = iter([items(1, 2), items(3), []])
    api.handler = lambda request: Reply(body={"books": next(books)}, headers={"X-Scroll": "s1"})
    stream: Any = declare("ItemsStream", ItemsStream, method="POST", body={"size": 2})
    paginator = CursorToken(header="X-Scroll", param="scroll.id", repeats=True)
    acme = connect(declare("ShelfIntegration", ShelfIntegration, streams=(stream,), paginator=paginator))
    acme.sync(stream)
    assert acme.ids(stream) == [1, 2, 3]
    assert api.requests[1].body == api.requests[2].body != api.requests[0].body


def test_80_without_the_setting_it_is_a_loop_whose_error_names_it(connect: Connect, api: Vendor) -> None:
    api.handler = Scroll(9, 3)
    acme = connect(declare("ShelfIntegration", ShelfIntegration, paginator=CursorToken("scroll", param="scroll")))
    with pytest.raises(SyncError, match=r"circle of 1 .* set repeats=True on the paginator"):
        acme.sync(ItemsStream)


@pytest.mark.parametrize("lead", [0, 2])
def test_80_the_same_page_again_is_an_error(connect: Connect, api: Vendor, lead: int) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        number = min(len(api.requests) - 1, lead)
        return Reply(body={"scroll": "s", "books": items(5 * number, 5 * number + 1)})

    api.handler = answer
    with pytest.raises(SyncError, match=f"page {lead + 2} holds the same 2 records as page {lead + 1}, although"):
        connect(ShelfIntegration).sync(ItemsStream)
    assert len(api.requests) == lead + 2


def test_80_pages_that_differ_in_one_record_are_different(connect: Connect, api: Vendor) -> None:
    pages = iter([items(1, 2, 9), items(1, 3, 9), items(1, 4, 9), []])
    api.handler = lambda request: Reply(body={"scroll": "s", "books": next(pages)})
    acme = connect(ShelfIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2, 3, 4, 9]


LOST = {
    "503": Reply(503, {"message": "later"}),
    "cut off": Reply(body={"scroll": "s", "books": []}, promised=900),
    "hung up": Reply(hang_up=True),
    "a web page": Reply(body=b"<html>gateway</html>"),
    "nothing": Reply(body=b""),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST.keys())
def test_80_a_page_that_may_be_lost_begins_the_list_again(connect: Connect, api: Vendor, lost: Reply) -> None:
    api.handler = Scroll(8, 3, {3: lost})
    acme = connect(ShelfIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(8))
    assert [param(request, "scroll") for request in api.requests].count("") == 2


def test_80_pages_that_are_lost_each_time_fail_the_sync(connect: Connect, api: Vendor) -> None:
    api.handler = Scroll(8, 3, dict.fromkeys(range(2, 40, 2), LOST["503"]))
    with pytest.raises(SyncError, match="Its page may be lost, as the same request brings the next one"):
        connect(ShelfIntegration).sync(ItemsStream)


def test_80_a_first_page_and_one_that_a_limit_refuses_are_asked_for_again(connect: Connect, api: Vendor) -> None:
    api.handler = Scroll(8, 3, {1: LOST["503"], 3: Reply(429, {}, {"Retry-After": "2"})})
    acme = connect(ShelfIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == list(range(8))
    assert [bool(param(request, "scroll")) for request in api.requests] == [False, False, True, True, True, True]


def test_80_a_token_that_repeats_is_no_place_for_the_next_sync() -> None:
    with pytest.raises(ValueError, match="CursorToken takes resume or repeats"):
        CursorToken("scroll", param="scroll", repeats=True, resume=True)


INTEGRATION = '''
"""A shelf."""

from pydantic import BaseModel, SecretStr

from dazz_assets import BearerToken, ConnectionConfig, CursorToken, Integration, Stream


class ShelfConfig(ConnectionConfig):
    token: SecretStr


class Book(BaseModel):
    id: int


class BooksStream(Stream[Book]):
    """Books."""

    path = "/books"
    primary_key = "id"
    records = "books"
    paginator = CursorToken("scroll", param="scroll", repeats=True)


class ShelfIntegration(Integration[ShelfConfig]):
    """A shelf."""

    base_url = "https://shelf.example"
    auth = BearerToken("{config.token}")
    streams = (BooksStream,)
'''


def test_80_a_recording_answers_equal_requests_in_their_order(api: Vendor, tmp_path: Path) -> None:
    api.handler = Scroll(8, 3)
    spec = write_integration(tmp_path / "shelf", INTEGRATION, "shelf.py")
    record_scenario(spec, connection_to(api.url, "shelf"), "default", key=KEY, records=None, pages=None)
    api.close()
    with replay_scenario(tmp_path / "shelf" / "recordings" / "default", spec) as replay:
        assert replay.problems == []
        assert replay.stale_snapshots() == []
    rows = (tmp_path / "shelf" / "recordings" / "default").rglob("*books*")
    assert any('"book 7"' in path.read_text() for path in rows if path.is_file())
