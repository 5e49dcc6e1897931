"""Links and tokens that count pages or records: one that moves away while paging pulls another past the walk (32)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from dazz_assets import Cursor, CursorToken, LinkHeader, NextLink, Stream
from dazz_assets.http import Paginator
from tests.conformance.conftest import Connect
from tests.conformance.connected import param
from tests.conformance.integrations import CommonIntegration
from tests.conformance.lists import changes, filter_by_bounds
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 10


class ChangesStream(Stream[Any]):
    path = "/changes"
    records = "data"
    cursor = Cursor("at", since="since")


class CountingApi:
    """Changes in order of time, in pages that are counted, each with its place at `place`: a parameter, a segment of
    the path, or a field of the body. Before the page that is requested third, the first record changes."""

    def __init__(self, place: str, *, counts: str = "pages") -> None:
        self.records = changes(60)
        self.place = place
        self.step = 1 if counts == "pages" else SIZE
        self.requests = 0

    def __call__(self, request: ReceivedRequest) -> Reply:
        self.requests += 1
        if self.requests == 3:
            self.records[0] = {**self.records[0], "at": "2026-03-02T12:00:01Z"}
        number = self._read_place(request)
        listed = sorted(filter_by_bounds(self.records, request), key=lambda item: item["at"])
        following = number + 1 if (number + 1) * SIZE < len(listed) else None
        body: dict[str, Any] = {"data": listed[number * SIZE : (number + 1) * SIZE]}
        if following is None:
            return Reply(body=body)
        link = self._link(request, following)
        return Reply(
            body={**body, "next": following * self.step, "link": link}, headers={"Link": f'<{link}>; rel="next"'}
        )

    def _read_place(self, request: ReceivedRequest) -> int:
        if self.place == "path":
            return int(request.path.rpartition("/")[2]) if "/page/" in request.path else 0
        if request.body:
            found = json.loads(request.body).get("paging", {}).get(self.place, 0)
            return int(found) // self.step
        return int(param(request, self.place, "0")) // self.step

    def _link(self, request: ReceivedRequest, following: int) -> str:
        bounds = {name: value for name, value in request.pairs if name == "since"}
        if self.place == "path":
            return f"/changes/page/{following}?{urlencode({**bounds, 'size': SIZE})}"
        return f"/changes?{urlencode({**bounds, self.place: following * self.step})}"


@pytest.mark.parametrize(
    ("place", "counts", "paginator", "method"),
    [
        ("page", "pages", LinkHeader(), "GET"),
        ("page[number]", "pages", NextLink("link"), "GET"),
        ("$skip", "records", NextLink("link"), "GET"),
        ("startIndex", "records", LinkHeader(), "GET"),
        ("path", "pages", NextLink("link"), "GET"),
        ("page", "pages", CursorToken("next", param="page"), "GET"),
        ("sysparm_offset", "records", CursorToken("next", param="sysparm_offset"), "GET"),
        ("pageNumber", "pages", CursorToken("next", param="paging.pageNumber"), "POST"),
        ("offset", "records", CursorToken("next", param="paging.offset"), "POST"),
        ("after", "records", CursorToken("next", param="after"), "GET"),
        ("cursor", "records", CursorToken("next", param="paging.cursor"), "POST"),
        ("from", "records", NextLink("link"), "GET"),
    ],
)
def test_32_no_record_is_missed_when_one_moves_to_the_end_of_a_list_whose_links_count(
    connect: Connect, api: Vendor, place: str, counts: str, paginator: Paginator, method: str
) -> None:
    api.handler = CountingApi(place, counts=counts)
    body: dict[str, Any] = {"body": {"paging": {}}} if method == "POST" else {}
    stream = declare("ChangesStream", ChangesStream, paginator=paginator, method=method, **body)
    acme = connect(declare("CountingIntegration", CommonIntegration, streams=(stream,)))
    acme.sync(stream)
    assert acme.ids(stream) == list(range(60))
    assert acme.versions(stream) == 61


def test_32_a_token_that_names_a_record_pulls_none_past_the_walk(connect: Connect, api: Vendor) -> None:
    """A list that goes on behind a record is read once, although that one changes meanwhile."""
    records = changes(30)
    requests: list[str] = []

    def page(request: ReceivedRequest) -> Reply:
        requests.append(param(request, "after"))
        if len(requests) == 2:
            records.append({**records[0], "at": "2026-03-02T12:00:01Z"})
        first = next((place for place, item in enumerate(records) if str(item["id"]) == requests[-1]), -1) + 1
        listed = records[first : first + SIZE]
        return Reply(body={"data": listed, "next": listed[-1]["id"] if len(listed) == SIZE else None})

    api.handler = page
    stream = declare("ChangesStream", ChangesStream, paginator=CursorToken("next", param="after"))
    acme = connect(declare("CountingIntegration", CommonIntegration, streams=(stream,)))
    acme.sync(stream)
    assert acme.ids(stream) == list(range(30))
    assert requests == ["", "9", "19", "29"]


def test_32_a_filter_that_is_named_like_a_place_makes_no_list_numbered(connect: Connect, api: Vendor) -> None:
    """`start` is a time here, and the same in each request; the list goes on behind a record."""
    records = changes(30)
    requests: list[str] = []

    def page(request: ReceivedRequest) -> Reply:
        requests.append(param(request, "after"))
        if len(requests) == 3:
            records[:] = [*records[1:], {**records[0], "at": "2026-03-02T12:00:01Z"}]
        first = next((place for place, item in enumerate(records) if str(item["id"]) == requests[-1]), -1) + 1
        listed = records[first : first + SIZE]
        return Reply(body={"data": listed, "next": listed[-1]["id"] if first + SIZE < len(records) else None})

    api.handler = page
    cursor = Cursor("at", since="start", format="epoch")
    stream = declare("ChangesStream", ChangesStream, cursor=cursor, paginator=CursorToken("next", param="after"))
    acme = connect(declare("CountingIntegration", CommonIntegration, streams=(stream,)))
    report = acme.sync(stream)
    assert (acme.ids(stream), report.gap) == (list(range(30)), None)
    assert requests == ["", "9", "19", "29"]  # read once: the record that changed comes again at the end
