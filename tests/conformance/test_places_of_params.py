"""Where a paginator's parameter goes, of a request with a body (conformance 123)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dazz_assets import CursorToken, Offset, PageNumber, Paginator
from dazz_assets.errors import SyncError
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected, items
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SIZE = 3
FILTER = {"filter": {"state": "open"}}


class AssetsIntegration(CommonIntegration):
    records = "resources"
    streams = (ItemsStream,)


class Search:
    """A search whose filter is in the body, and whose `param` is read in the query or the body.

    step: by how much the number grows from page to page.
    """

    def __init__(self, param: str, place: str, step: int = 1) -> None:
        self.param, self.place, self.step = param, place, step

    def __call__(self, request: ReceivedRequest) -> Reply:
        body = json.loads(request.body)
        if body["filter"] != FILTER["filter"]:
            return Reply(400, {"message": "no filter"})
        read = {name: values[0] for name, values in request.query.items()} if self.place == "query" else body
        at = int(read.get(self.param) or 0) * SIZE // self.step
        rows = items(*range(8))[at : at + SIZE]
        more = {"next": str(at // SIZE + 1)} if at + SIZE < 8 else {}
        return Reply(body={"resources": rows, **more})


def connect_to(connect: Connect, paginator: Paginator, **settings: Any) -> Connected:
    given = {"method": "POST", "body": FILTER, "paginator": paginator, **settings}
    stream = declare("ItemsStream", ItemsStream, **given)
    return connect(declare("AssetsIntegration", AssetsIntegration, streams=(stream,)))


def sync(acme: Connected) -> list[int]:
    stream = acme.spec.streams["items"].stream
    acme.sync(stream)
    return acme.ids(stream)


CASES: list[tuple[Paginator, int, dict[str, Any]]] = [
    (PageNumber("at"), 1, {"at": 0}),
    (PageNumber("at", "size", SIZE), 1, {"at": 0}),
    (Offset("at", "size", SIZE), SIZE, {"at": 0}),
    (CursorToken("next", param="at"), 1, {"at": []}),
]


@pytest.mark.parametrize(("paginator", "step", "first"), CASES, ids=str)
def test_123_what_params_name_is_counted_in_the_query(
    connect: Connect, api: Vendor, paginator: Any, step: int, first: dict[str, Any]
) -> None:
    api.handler = Search("at", "query", step)
    assert sync(connect_to(connect, paginator, params={"sort": "id", **first})) == list(range(8))
    assert all(json.loads(request.body) == FILTER for request in api.requests)
    assert api.requests[0].query.get("at") == (["0"] if first["at"] == 0 else None)
    assert all(request.query["sort"] == ["id"] for request in api.requests)
    size = getattr(paginator, "size_param", None)
    assert all(request.query.get("size") == ([str(SIZE)] if size else None) for request in api.requests)


@pytest.mark.parametrize(("paginator", "step", "first"), CASES, ids=str)
def test_123_anything_else_is_counted_in_the_body(
    connect: Connect, api: Vendor, paginator: Any, step: int, first: dict[str, Any]
) -> None:
    api.handler = Search("at", "body", step)
    assert sync(connect_to(connect, paginator, params={"sort": "id"}, body=FILTER | first)) == list(range(8))
    assert {tuple(request.query) for request in api.requests} == {("sort",)}


def test_123_a_parameter_of_the_integration_for_its_other_streams_leaves_the_bodys_where_it_is(
    connect: Connect, api: Vendor
) -> None:
    api.handler = Search("at", "body")
    stream = declare("ItemsStream", ItemsStream, method="POST", body=FILTER | {"at": 0}, paginator=PageNumber("at"))
    acme = connect(declare("AssetsIntegration", AssetsIntegration, params={"at": 0}, streams=(stream,)))
    assert sync(acme) == list(range(8))


def test_123_a_parameter_that_went_to_the_wrong_place_fails_with_the_setting(connect: Connect, api: Vendor) -> None:
    api.handler = Search("at", "query")
    with pytest.raises(SyncError, match=r'name it in the stream\'s `params`: params = \{"at": 1\}'):
        sync(connect_to(connect, PageNumber("at")))
