"""A stream of a GraphQL API: its query, its variables, and pages that another query asks for."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dazz_assets import Cursor, CursorToken, GraphQLCursor, Integration, PageNumber, Stream
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect, api, clock, connect, lake
from tests.conformance.connected import items
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

__all__ = ["api", "clock", "connect", "lake"]


class ShelvesStream(Stream[Item]):
    query = "query ($first: Int = 10) { shelves(first: $first) { id } }"
    variables = {"first": 50}
    records = "data.shelves"


class BooksStream(Stream[Item]):
    """The first page hangs below its shelf, the next ones do not."""

    parent = ShelvesStream
    query = "query ($shelf: ID!) { shelves(ids: [$shelf]) { books(limit: 2) { cursor books { id } } } }"
    variables = {"shelf": "{parent.id}"}
    records = "data.shelves.0.books.books"
    primary_key = ("{parent.id}", "id")
    paginator = GraphQLCursor(
        "data.shelves.0.books.cursor",
        next_query="query ($cursor: String!) { moreBooks(limit: 2, cursor: $cursor) { cursor books { id } } }",
        next_records="data.moreBooks.books",
        next_path="data.moreBooks.cursor",
    )


class LibraryIntegration(CommonIntegration):
    name = "vendor"
    streams = (ShelvesStream, BooksStream)


def sent(request: ReceivedRequest) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.body)
    return body


def with_stream(stream: type[Stream[Any]]) -> type[Integration[Any]]:
    return declare("LibraryIntegration", LibraryIntegration, streams=(stream,))


def test_a_query_is_posted_with_its_variables_to_the_base_url(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"data": {"shelves": items(1, 2)}}))
    acme = connect(LibraryIntegration)
    acme.sync(ShelvesStream)
    (request,) = api.requests
    assert (request.method, request.path) == ("POST", "/")
    assert request.headers["Content-Type"] == "application/json"
    assert sent(request) == {"query": ShelvesStream.query, "variables": {"first": 50}}
    assert acme.ids(ShelvesStream) == [1, 2]


def test_a_path_is_added_to_the_base_url(connect: Connect, api: Vendor) -> None:
    api.script(Reply(body={"data": {"shelves": items(1)}}))
    stream = declare("ShelvesStream", ShelvesStream, path="/graphql")
    connect(with_stream(stream)).sync(stream)
    assert api.requests[0].path == "/graphql"


def answer_books(request: ReceivedRequest) -> Reply:
    """Five books on each of two shelves, in pages of two."""
    body = sent(request)
    if "moreBooks" in body["query"]:
        shelf, start = map(int, body["variables"]["cursor"].split("+"))
    elif "books" in body["query"]:
        shelf, start = int(body["variables"]["shelf"]), 0
    else:
        return Reply(body={"data": {"shelves": items(1, 2)}})
    books = items(*range(start, min(start + 2, 5)))
    page = {"cursor": f"{shelf}+{start + 2}" if start + 2 < 5 else None, "books": books}
    is_next = "moreBooks" in body["query"]
    return Reply(body={"data": {"moreBooks": page} if is_next else {"shelves": [{"books": page}]}})


def test_the_next_pages_may_come_from_another_query(connect: Connect, api: Vendor) -> None:
    api.handler = answer_books
    acme = connect(LibraryIntegration)
    acme.sync(ShelvesStream)
    api.requests.clear()
    report = acme.sync(BooksStream)
    assert (acme.versions(BooksStream), report.warnings) == (10, [])
    assert [sent(request)["variables"] for request in api.requests] == [
        {"shelf": "1"},
        {"cursor": "1+2"},
        {"cursor": "1+4"},
        {"shelf": "2"},
        {"cursor": "2+2"},
        {"cursor": "2+4"},
    ]


def test_an_expired_cursor_begins_again_with_the_first_query(connect: Connect, api: Vendor) -> None:
    api.handler = answer_books
    acme = connect(LibraryIntegration)
    acme.sync(ShelvesStream)
    is_expired = True

    def answer(request: ReceivedRequest) -> Reply:
        nonlocal is_expired
        if is_expired and sent(request)["variables"].get("cursor") == "2+4":
            is_expired = False
            return Reply(body={"error_code": "CursorException", "error_message": "The cursor has expired"})
        return answer_books(request)

    api.handler = answer
    acme.sync(BooksStream)
    assert acme.versions(BooksStream) == 10


@pytest.mark.parametrize("missing", [{"moreBooks": None}, {}])
def test_a_next_page_without_its_list_is_an_error_that_names_where_it_was_looked_for(
    connect: Connect, api: Vendor, missing: dict[str, Any]
) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        is_next = "moreBooks" in sent(request)["query"]
        return Reply(body={"data": missing, "errors": [{"message": "no more"}]}) if is_next else answer_books(request)

    api.handler = answer_books
    acme = connect(LibraryIntegration)
    acme.sync(ShelvesStream)
    api.handler = answer
    with pytest.raises(SyncError, match="no more"):
        acme.sync(BooksStream)


class EventsStream(Stream[Item]):
    query = (
        "query ($range: Range, $cursor: ID) { events(range: $range, after: $cursor) "
        "{ nodes { id at } pageInfo { endCursor hasNextPage } } }"
    )
    records = "data.events.nodes"
    cursor = Cursor("at", since="range.since", until="range.until", format="epoch_ms")
    paginator = GraphQLCursor("data.events.pageInfo.endCursor")


def test_the_bounds_of_a_cursor_and_its_pages_are_variables(connect: Connect, api: Vendor) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        after = int(sent(request)["variables"].get("cursor") or 0)
        nodes = [{"id": after + 1, "at": "2026-02-01T00:00:00Z"}]
        info = {"endCursor": str(after + 1), "hasNextPage": after < 2}
        return Reply(body={"data": {"events": {"nodes": nodes, "pageInfo": info}}})

    api.handler = answer
    acme = connect(with_stream(EventsStream))
    acme.sync(EventsStream)
    start = 1_767_571_200_000  # 2026-01-05
    assert [sent(request)["variables"] for request in api.requests] == [
        {"range": {"since": start}},
        {"range": {"since": start}, "cursor": "1"},
        {"range": {"since": start}, "cursor": "2"},
    ]
    api.requests.clear()
    acme.sync(EventsStream)
    assert sent(api.requests[0])["variables"] == {"range": {"since": 1_769_904_000_000 - 1}}
    assert acme.versions(EventsStream) == 3


@pytest.mark.parametrize("prefix", ["", "variables."])
def test_what_a_paginator_names_as_parameters_are_variables(connect: Connect, api: Vendor, prefix: str) -> None:
    class PagedStream(Stream[Item]):
        query = "query ($page: Int, $limit: Int) { users(page: $page, limit: $limit) { id } }"
        records = "data.users"
        paginator = PageNumber(f"{prefix}page", size_param=f"{prefix}limit", size=2)

    def answer(request: ReceivedRequest) -> Reply:
        page = sent(request)["variables"]["page"]
        return Reply(body={"data": {"users": items(page) if page < 3 else []}})

    api.handler = answer
    connect(with_stream(PagedStream)).sync(PagedStream)
    assert [sent(request)["variables"] for request in api.requests] == [
        {"page": number, "limit": 2} for number in (1, 2, 3)
    ]


def test_a_token_is_sent_as_a_variable(connect: Connect, api: Vendor) -> None:
    class TokenStream(Stream[Item]):
        query = "query ($after: ID) { users(after: $after) { next list { id } } }"
        records = "data.users.list"
        paginator = CursorToken("data.users.next", param="after")

    api.script(
        Reply(body={"data": {"users": {"next": "b", "list": items(1)}}}),
        Reply(body={"data": {"users": {"next": None, "list": items(2)}}}),
    )
    connect(with_stream(TokenStream)).sync(TokenStream)
    assert [sent(request)["variables"] for request in api.requests] == [{}, {"after": "b"}]


FILES = {
    "library.py": """
from pydantic import SecretStr
from dazz_assets import ConnectionConfig, GraphQLCursor, Integration, Stream

class BooksStream(Stream):
    query = "queries/books.graphql"
    records = "data.books.list"
    paginator = GraphQLCursor("data.books.cursor", next_query="queries/more.graphql", next_records="data.more.list",
                              next_path="data.more.cursor")

class Config(ConnectionConfig):
    token: SecretStr

class LibraryIntegration(Integration[Config]):
    name = "vendor"
    base_url = "https://api.vendor.example"
    primary_key = "id"
    streams = (BooksStream,)
""",
    "queries/books.graphql": "# Every book.\nquery {\n  books { cursor list { id } }\n}\n",
    "queries/more.graphql": "query ($cursor: ID!) { more(cursor: $cursor) { cursor list { id } } }",
}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[ModuleType]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("library_of_queries", tmp_path / "library.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_queries_may_lie_in_files_beside_the_integration(connect: Connect, api: Vendor, library: ModuleType) -> None:
    api.script(
        Reply(body={"data": {"books": {"cursor": "b", "list": items(1)}}}),
        Reply(body={"data": {"more": {"cursor": None, "list": items(2)}}}),
    )
    acme = connect(library.LibraryIntegration)
    acme.sync(library.BooksStream)
    assert acme.ids(library.BooksStream) == [1, 2]
    assert [sent(request)["query"] for request in api.requests] == [
        FILES["queries/books.graphql"],
        FILES["queries/more.graphql"],
    ]


def test_data_that_came_with_errors_is_kept_where_the_stream_says_so(connect: Connect, api: Vendor) -> None:
    answer = {"data": {"shelves": items(1)}, "errors": [{"message": "no", "extensions": {"code": "HIDDEN"}}]}
    api.script(Reply(body=answer))
    stream = declare("ShelvesStream", ShelvesStream, accept={(200, "HIDDEN"): "keep"})
    acme = connect(with_stream(stream))
    assert "no" in acme.sync(stream).warnings[0]
    assert acme.ids(stream) == [1]
    api.script(Reply(body=answer | {"errors": [{"message": "broken"}]}))
    with pytest.raises(SyncError, match="broken"):
        acme.sync(stream)
