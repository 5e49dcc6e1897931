"""A way to the next page that is there in a form that nothing reads is no end of the list (conformance 88)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from dazz_assets import CursorToken, GraphQLCursor, LinkHeader, NextLink
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

Write = Callable[[str], Any]


class TrailsIntegration(CommonIntegration):
    records = "rows"
    paginator = NextLink("links")
    streams = (ItemsStream,)


def linked(write: Write) -> Any:
    def answer(request: ReceivedRequest) -> Reply:
        if param(request, "page") == "2":
            return Reply(body={"rows": items(2), "links": []})
        return Reply(body={"rows": items(1), "links": write("/items?page=2")})

    return answer


@pytest.mark.parametrize(
    "relation", ["next", "Next", "nextPage", "next_page", "http://www.iana.org/assignments/relation/next"]
)
def test_88_a_relation_is_known_in_its_usual_spellings(connect: Connect, api: Vendor, relation: str) -> None:
    api.handler = linked(lambda url: [{"rel": "self", "href": "/items"}, {"rel": relation, "href": url}])
    acme = connect(TrailsIntegration)
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]


@pytest.mark.parametrize(
    "write",
    [
        lambda url: [url],
        lambda url: [{"href": url}],
        lambda url: [{"type": "next", "href": url}],
        lambda url: [{"rel": "next", "target": url}],
    ],
)
def test_88_a_list_that_names_no_relation_or_no_address_is_an_error(
    connect: Connect, api: Vendor, write: Write
) -> None:
    api.handler = linked(write)
    with pytest.raises(SyncError, match=r"not one of a `rel` and a `href` each; its first item is at `links\.0`"):
        connect(TrailsIntegration).sync(ItemsStream)


@pytest.mark.parametrize("links", [[], [{"rel": "self", "href": "/items"}], [{"rel": "next", "href": ""}]])
def test_88_a_list_without_a_link_to_the_next_page_is_the_end(connect: Connect, api: Vendor, links: Any) -> None:
    api.script(Reply(body={"rows": items(1), "links": links}))
    acme = connect(TrailsIntegration)
    assert acme.sync(ItemsStream).warnings == []


@pytest.mark.parametrize("address", ["", "null", "#"])
def test_88_a_header_whose_link_is_empty_is_the_end(connect: Connect, api: Vendor, address: str) -> None:
    api.script(Reply(body={"rows": items(1)}, headers={"Link": f'<{address}>; rel="next"'}))
    acme = connect(declare("TrailsIntegration", TrailsIntegration, paginator=LinkHeader()))
    acme.sync(ItemsStream)
    assert (acme.ids(ItemsStream), len(api.requests)) == ([1], 1)


@pytest.mark.parametrize("last", [{"id": 2, "at": None}, {"id": 2}, None])
def test_88_a_last_record_without_the_value_that_leads_on_is_an_error(connect: Connect, api: Vendor, last: Any) -> None:
    api.script(Reply(body={"rows": [{"id": 1, "at": 7}, last]}))
    paginator = CursorToken("rows.-1.at", param="after")
    with pytest.raises(SyncError, match=r"the value of one that leads on, at `rows\.-1\.at`, is missing"):
        connect(declare("TrailsIntegration", TrailsIntegration, paginator=paginator)).sync(ItemsStream)


@pytest.mark.parametrize(("flag", "pages"), [("false", 1), ("true", 2), (0, 1), (1, 2)])
def test_88_a_flag_of_graphql_may_be_a_text_or_a_number(connect: Connect, api: Vendor, flag: Any, pages: int) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        is_second = b'"c1"' in request.body
        info = {"hasNextPage": False if is_second else flag, "endCursor": "c2" if is_second else "c1"}
        return Reply(body={"data": {"rows": {"nodes": items(2 if is_second else 1), "pageInfo": info}}})

    api.handler = answer
    stream = declare(
        "ItemsStream",
        ItemsStream,
        method="POST",
        body={"query": "query ($cursor: String) { rows }", "variables": {}},
        records="data.rows.nodes",
        paginator=GraphQLCursor("data.rows.pageInfo.endCursor"),
    )
    acme = connect(declare("TrailsIntegration", TrailsIntegration, streams=(stream,)))
    acme.sync(stream)
    assert len(acme.ids(stream)) == pages


@pytest.mark.parametrize("null", [{"data": None}, {"data": {"list": None}}])
def test_88_a_null_in_place_of_the_list_and_the_way_on_is_told(connect: Connect, api: Vendor, null: Any) -> None:
    first = {"data": {"list": {"rows": items(1), "next": "b"}}}
    api.handler = lambda request: Reply(body=null if param(request, "after") else first)
    paginator = CursorToken("data.list.next", param="after")
    acme = connect(declare("TrailsIntegration", TrailsIntegration, records="data.list.rows", paginator=paginator))
    (warning,) = acme.sync(ItemsStream).warnings
    place = "data" if null["data"] is None else "data.list"
    assert f"`{place}` is null in a later page, so nothing says whether the list ends there" in warning


@pytest.mark.parametrize("end", [{"rows": None, "next": None}, {"rows": [], "next": None}, {"rows": items(2)}])
def test_88_a_list_that_ends_as_lists_do_is_no_cause_for_a_warning(connect: Connect, api: Vendor, end: Any) -> None:
    first = {"data": {"rows": items(1), "next": "b"}}
    api.handler = lambda request: Reply(body={"data": end} if param(request, "after") else first)
    paginator = CursorToken("data.next", param="after")
    acme = connect(declare("TrailsIntegration", TrailsIntegration, records="data.rows", paginator=paginator))
    assert acme.sync(ItemsStream).warnings == []


class BranchesStream(ItemsStream):
    method = "POST"
    path = "/graphql"
    query = "query ($id: ID!, $cursor: String) { tree(id: $id) { branches(after: $cursor) { nodes { id } } } }"
    variables: ClassVar[dict[str, Any]] = {"id": "{parent.id}"}
    parent = ItemsStream
    paginator = None
    records = "data.tree.branches.nodes"


def grown(data: Any) -> Any:
    """An API with two trees, of which the second has this in the place of a branch."""

    def answer(request: ReceivedRequest) -> Reply:
        if request.path == "/items":
            return Reply(body={"rows": items(1, 2)})
        number = int(json.loads(request.body)["variables"]["id"])
        return Reply(body={"data": {"tree": {"branches": {"nodes": items(7)}}} if number == 1 else data})

    return answer


def sync_branches(connect: Connect, api: Vendor, data: Any, **settings: Any) -> list[str]:
    api.handler = grown(data)
    branches = declare("BranchesStream", BranchesStream, **settings)
    streams = (ItemsStream, branches)
    acme = connect(declare("TrailsIntegration", TrailsIntegration, streams=streams, paginator=None))
    acme.sync(ItemsStream)
    return acme.sync(branches).warnings


def test_88_an_object_of_graphql_that_is_null_without_an_error_is_told(connect: Connect, api: Vendor) -> None:
    (warning,) = sync_branches(connect, api, {"tree": None})
    assert "`data.tree` is null and no error says why, so there may be no such object, or the" in warning
    assert 'set empty = ("missing",) on the stream' in warning


@pytest.mark.parametrize("data", [{"tree": {"branches": None}}, {"tree": {"branches": {"nodes": None}}}], ids=str)
def test_88_a_list_of_graphql_that_is_null_is_empty(connect: Connect, api: Vendor, data: Any) -> None:
    assert sync_branches(connect, api, data) == []


def test_88_so_is_one_whose_object_may_be_missing(connect: Connect, api: Vendor) -> None:
    assert sync_branches(connect, api, {"tree": None}, empty=("missing",)) == []


@pytest.mark.parametrize("records", ["data.rows", "data.rows.nodes", "data.rows.edges"])
def test_88_so_is_one_at_the_top(connect: Connect, api: Vendor, records: str) -> None:
    api.script(Reply(body={"data": {"rows": None}}))
    query = "{ rows { nodes { id } edges { id } id } }"
    stream = declare("ItemsStream", ItemsStream, path="/graphql", query=query, records=records)
    acme = connect(declare("TrailsIntegration", TrailsIntegration, streams=(stream,), paginator=None))
    assert acme.sync(stream).warnings == []
