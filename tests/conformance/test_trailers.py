"""A last line of JSON a line that tells of further lines, and is no record (conformance 128)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dazz_assets import CursorToken
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class LinesIntegration(CommonIntegration):
    streams = (ItemsStream,)


def lines(*values: dict[str, Any]) -> Reply:
    body = b"".join(json.dumps(value).encode() + b"\n" for value in values)
    return Reply(body=body, headers={"Content-Type": "application/x-ndjson"})


TRAILERS: list[tuple[dict[str, Any], str]] = [
    ({"_meta": {"has_more": True, "next_cursor": "10"}}, "-1._meta.has_more"),
    ({"pagination": {"next": "/items?page=2"}}, "-1.pagination.next"),
    ({"next_page_token": "AAE"}, "-1.next_page_token"),
    ({"type": "page", "hasMore": True, "count": 2}, "-1.hasMore"),
]


@pytest.mark.parametrize(("trailer", "sign"), TRAILERS, ids=[sign for _, sign in TRAILERS])
def test_128_a_last_line_that_leads_on_is_a_sign_of_more(
    connect: Connect, api: Vendor, trailer: dict[str, Any], sign: str
) -> None:
    api.script(lines(*items(1, 2), trailer))
    with pytest.raises(SyncError, match=f"`{sign}` in the page says that there is more, but no paginator is set"):
        connect(LinesIntegration).sync(ItemsStream)


def _answer(request: ReceivedRequest) -> Reply:
    begin = int(param(request, "cursor", "0") or 0)
    found = items(*range(begin, min(begin + 10, 30)))
    return lines(*found, {"_meta": {"has_more": begin < 30, "next_cursor": str(begin + 10)}})


def test_128_it_can_be_followed_and_is_no_record_also_alone(connect: Connect, api: Vendor) -> None:
    api.handler = _answer
    paginator = CursorToken("-1._meta.next_cursor", param="cursor", more="-1._meta.has_more")
    acme = connect(declare("PagedIntegration", LinesIntegration, paginator=paginator))
    report = acme.sync(ItemsStream)
    assert (report.records, report.problems, report.warnings) == (30, 0, [])
    assert acme.ids(ItemsStream) == list(range(30))


@pytest.mark.parametrize(
    "last", [{"id": 3, "next": "x"}, {"meta": "x", "text": "y"}, {"cursor": "x", "name": "y"}], ids=str
)
def test_128_a_last_line_with_more_in_it_is_a_record(connect: Connect, api: Vendor, last: dict[str, Any]) -> None:
    api.script(lines(*items(1, 2), last))
    assert connect(LinesIntegration).sync(ItemsStream).records == 3


def test_128_lines_that_are_all_counts_are_records(connect: Connect, api: Vendor) -> None:
    stream = declare("ItemsStream", ItemsStream, primary_key=None)
    acme = connect(declare("CountsIntegration", LinesIntegration, streams=(stream,)))
    api.script(lines({"page": 1, "total": 7}, {"page": 2, "total": 8}))
    assert acme.sync(stream).records == 2
