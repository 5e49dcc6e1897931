"""Cursors that count records in base64, as graphql-relay makes them: a list by them is one of numbered pages (32)."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from dazz_assets import Cursor, CursorToken, GraphQLCursor, Paginator, Stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import param
from tests.conformance.integrations import CommonIntegration
from tests.conformance.lists import changes, filter_by_bounds
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 10
QUERY = "query ($since: String, $cursor: String) { changes(since: $since, after: $cursor) { nodes { id at } } }"


class ChangesStream(Stream[Any]):
    path = "/changes"
    records = "changes.nodes"
    cursor = Cursor("at", since="since")


def encode(text: str) -> str:
    return b64encode(text.encode()).decode()


class Connection:
    """Changes in order of time, from behind the record that `cursor` names. Before the third request the first record
    changes, and goes to the end.

    prefix: of the number in a cursor. first: the number of the first record; None if records go by their ids.
    """

    def __init__(self, prefix: str, first: int | None) -> None:
        self.records = changes(60)
        self.prefix, self.first = prefix, first
        self.requests = 0

    def __call__(self, request: ReceivedRequest) -> Reply:
        self.requests += 1
        if self.requests == 3:
            self.records = [*self.records[1:], {**self.records[0], "at": "2026-03-02T12:00:01Z"}]
        is_query = request.method == "POST"
        cursor = json.loads(request.body)["variables"].get("cursor") if is_query else param(request, "after") or None
        listed = self.records if is_query else filter_by_bounds(self.records, request)
        cursors = [self.cursor_of(place, item) for place, item in enumerate(listed)]
        at = 0 if cursor is None else cursors.index(cursor) + 1
        page = {
            "nodes": listed[at : at + SIZE],
            "pageInfo": {"hasNextPage": at + SIZE < len(listed), "endCursor": cursors[min(at + SIZE, len(listed)) - 1]},
        }
        return Reply(body={"data": {"changes": page}} if is_query else {"changes": page})

    def cursor_of(self, place: int, item: dict[str, Any]) -> str:
        return encode(f"{self.prefix}{item['id'] if self.first is None else place + self.first}")


def settings(kind: str) -> dict[str, Any]:
    if kind == "token":
        paginator: Paginator = CursorToken(
            "changes.pageInfo.endCursor", param="after", more="changes.pageInfo.hasNextPage"
        )
        return {"paginator": paginator}
    return {
        "method": "POST",
        "body": {"query": QUERY, "variables": {"since": "{cursor.since}"}},
        "cursor": Cursor("at"),
        "records": "data.changes.nodes",
        "paginator": GraphQLCursor("data.changes.pageInfo.endCursor"),
    }


@pytest.mark.parametrize("kind", ["query", "token"])
@pytest.mark.parametrize(("prefix", "first"), [("arrayconnection:", 0), ("", 1), ("offset=", 1), ("cursor:", 0)])
def test_32_no_record_is_missed_when_one_moves_to_the_end_of_a_list_whose_cursors_count(
    connect: Connect, api: Vendor, kind: str, prefix: str, first: int
) -> None:
    api.handler = Connection(prefix, first)
    for record in api.handler.records:
        record["id"] += 1000  # so that no key is a number of records
    stream = declare("ChangesStream", ChangesStream, **settings(kind))
    acme = connect(declare("CountingIntegration", CommonIntegration, streams=(stream,)))
    acme.sync(stream)
    assert acme.ids(stream) == list(range(1000, 1060))


@pytest.mark.parametrize("kind", ["query", "token"])
@pytest.mark.parametrize("prefix", ["", "Change:"])
def test_32_cursors_that_name_records_by_ids_in_a_row_count_none(
    connect: Connect, api: Vendor, kind: str, prefix: str
) -> None:
    """The list is read once, although a record changes meanwhile."""
    api.handler = vendor = Connection(prefix, None)
    stream = declare("ChangesStream", ChangesStream, **settings(kind))
    acme = connect(declare("CountingIntegration", CommonIntegration, streams=(stream,)))
    acme.sync(stream)
    assert acme.ids(stream) == list(range(60))
    assert vendor.requests == 7
