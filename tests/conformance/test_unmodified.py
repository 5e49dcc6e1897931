"""A 304, by which a vendor says that nothing is new (conformance 112), and answers in XML (10)."""

from __future__ import annotations

import pytest

from dazz_assets import Cursor
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SINCE = {"If-Modified-Since": "{cursor.since}"}
LIST = Reply(body={"data": [{"id": 1, "at": "2026-02-01T00:00:00Z"}]})


class ChangesStream(ItemsStream):
    headers = SINCE
    cursor = Cursor("at")
    accept = {304: "skip"}


class NewsIntegration(CommonIntegration):
    records = "data"
    streams = (ChangesStream,)


def answer(api: Vendor) -> None:
    """A list for who asks from before its record, and else a 304."""

    def list_changes(request: ReceivedRequest) -> Reply:
        return LIST if request.headers.get("If-Modified-Since", "") < "2026-01-31" else Reply(304, b"")

    api.handler = list_changes


def test_112_a_list_of_changes_takes_it_for_nothing_new(connect: Connect, api: Vendor) -> None:
    answer(api)
    acme = connect(NewsIntegration)
    mark = acme.sync(ChangesStream).high_water_mark
    report = acme.sync(ChangesStream)
    assert (report.records, report.warnings, report.high_water_mark) == (0, [], mark)
    assert acme.ids(ChangesStream) == [1]


def test_112_without_a_word_of_the_stream_it_is_an_error_that_says_what_to_set(connect: Connect, api: Vendor) -> None:
    answer(api)
    stream = declare("ChangesStream", ChangesStream, accept={})
    acme = connect(declare("NewsIntegration", NewsIntegration, streams=(stream,)))
    acme.sync(stream)
    with pytest.raises(SyncError, match=r"304 Not Modified.*set accept = \{304: \"skip\"\}"):
        acme.sync(stream)


def test_112_a_snapshot_is_not_replaced_by_nothing(connect: Connect, api: Vendor) -> None:
    stream = declare("ItemsStream", ItemsStream, headers={"If-None-Match": "x"}, accept={304: "skip"})
    acme = connect(declare("NewsIntegration", NewsIntegration, streams=(stream,)))
    api.script(Reply(body={"data": items(1)}), Reply(304, b""))
    acme.sync(stream)
    with pytest.raises(SyncError, match=r"nothing was modified \(304\).*the stored records were not replaced"):
        acme.sync(stream)
    assert acme.ids(stream) == [1]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"<items><size>50</size></items>", headers={"Content-Type": "application/xml; charset=utf-8"}),
        Reply(body=b'\n<?xml version="1.0"?><items/>', headers={"Content-Type": "text/plain"}),
        Reply(body=b"<feed/>", headers={"Content-Type": "application/atom+xml"}),
    ],
    ids=lambda reply: str(reply.headers["Content-Type"]),
)
def test_10_xml_is_told_as_that(connect: Connect, api: Vendor, reply: Reply) -> None:
    api.script(reply)
    with pytest.raises(SyncError, match=r"the body is not JSON: it is XML.*`pages` can read XML") as caught:
        connect(declare("FeedIntegration", CommonIntegration, streams=(ItemsStream,))).sync(ItemsStream)
    assert "base_url" not in str(caught.value)


def test_10_a_web_page_is_not_taken_for_an_answer_in_xml(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body=b"<html></html>", headers={"Content-Type": "application/xhtml+xml"}))
    with pytest.raises(SyncError, match="Check that base_url is the address of the API"):
        connect(declare("FeedIntegration", CommonIntegration, streams=(ItemsStream,))).sync(ItemsStream)
