"""A preview fetches one page of a stream and compares it with the stream's declarations. It stores nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from dazz_assets import (
    ApiKey,
    ConnectionConfig,
    Cursor,
    CursorToken,
    GraphQLCursor,
    Integration,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Stream,
)
from dazz_assets.assistant.page_preview import Preview, preview
from dazz_assets.cli.preview_view import print_preview
from dazz_assets.connections import Connection
from dazz_assets.errors import SyncError
from dazz_assets.http import BadRequestError, RefusedError
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

SECRET = "canary-7a61f0"


class ShopConfig(ConnectionConfig):
    token: SecretStr


class Shop(BaseModel):
    id: int


class Seller(BaseModel):
    name: str


class Order(BaseModel):
    id: int
    title: str = Field(alias="headline")
    seller: Seller | None = None
    colour: str | None = None


class ShopsStream(Stream[Shop]):
    """Shops of the market."""

    path = "/shops"
    records = "items"
    primary_key = "id"


def order(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "headline": f"order {number}", "at": f"2026-01-0{number}T00:00:00Z", **more}


class MarketApi(Integration[ShopConfig]):
    base_url = "https://market.test"
    auth = ApiKey(param="key")


class Market:
    """A vendor on loopback, and an integration with one stream, whose settings each test chooses."""

    def __init__(self, vendor: Vendor, folder: Path) -> None:
        self.vendor = vendor
        self.folder = folder
        self.start = date(2026, 1, 5)

    def preview(self, **settings: Any) -> Preview:
        given = {"path": "/orders", "records": "items", "primary_key": "id", **settings}
        stream = declare("OrdersStream", Stream[Order], **given)
        streams = (ShopsStream, stream) if "parent" in settings else (stream,)
        spec = read_integration(declare("MarketIntegration", MarketApi, streams=streams))
        config = {"token": SECRET, "base_url": self.vendor.url}
        connection = Connection(id="acme", integration="market", start=self.start, config=config)
        return preview(Session(spec, connection, Lake(self.folder / "lake")), spec.streams["orders"])

    def respond(self, body: Any, headers: dict[str, str] | None = None, status: int = 200) -> None:
        self.vendor.script(Reply(status, body, headers or {}))


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    with Vendor() as vendor:
        yield Market(vendor, tmp_path)


def test_one_request_is_made_and_nothing_is_stored(market: Market) -> None:
    market.respond({"items": [order(1), order(2)], "next": "/orders?after=2"})
    found = market.preview(paginator=NextLink("next"))
    assert (found.connection, found.stream, found.status, found.path) == ("acme", "orders", 200, "items")
    assert [bytes(record)[:9] for record in found.records] == [b'{"id": 1,', b'{"id": 2,']
    assert len(market.vendor.requests) == 1
    assert list(market.folder.iterdir()) == []


def test_the_request_is_that_of_a_first_sync_shown_without_credentials(market: Market) -> None:
    market.respond({"items": []})
    market.start = datetime.now(UTC).date() - timedelta(days=5)
    found = market.preview(
        cursor=Cursor("at", since="from", until="to"), paginator=Offset(size_param="limit", size=50), params={"v": 2}
    )
    assert found.request.url == f"{market.vendor.url}/orders?v=2&from={market.start}T00%3A00%3A00Z&offset=0&limit=50"
    (asked,) = market.vendor.requests
    assert asked.query == {
        "v": ["2"],
        "from": [f"{market.start}T00:00:00Z"],
        "offset": ["0"],
        "limit": ["50"],
        "key": [SECRET],
    }


def test_the_next_request_is_shown_but_not_sent(market: Market) -> None:
    market.respond({"items": [order(1)], "next": f"{market.vendor.url}/orders?after=2&key={SECRET}"})
    found = market.preview(paginator=NextLink("next"))
    assert found.paging.next is not None
    assert found.paging.next.url == f"{market.vendor.url}/orders?after=2&key=***"
    assert (found.paging.last, found.paging.warning) == (None, None)
    assert len(market.vendor.requests) == 1


def test_the_last_page_has_the_reason_why_it_is_the_last(market: Market) -> None:
    market.respond({"items": [order(1)], "page": 1, "pages": 1})
    found = market.preview(paginator=PageNumber(more="pages"))
    assert (found.paging.next, found.paging.last) == (None, "`pages` says that there is no more")
    assert found.paging.warning is None


def test_the_bodies_of_this_request_and_the_next_are_shown(market: Market) -> None:
    page_info = {"endCursor": "c1", "hasNextPage": True}
    market.respond({"data": {"orders": {"nodes": [order(1)], "pageInfo": page_info}}})
    found = market.preview(
        method="POST",
        body={"query": "query($cursor: String) { orders }", "variables": {}},
        records="data.orders.nodes",
        paginator=GraphQLCursor("data.orders.pageInfo.endCursor"),
    )
    assert found.request.method == "POST"
    assert found.request.body == '{"query": "query($cursor: String) { orders }", "variables": {}}'
    assert found.paging.next is not None
    assert '"variables": {"cursor": "c1"}' in (found.paging.next.body or "")
    assert found.paging.warning is None


# Paginators that don't fit the page


def test_a_next_page_that_another_paginator_finds_is_a_warning_naming_it(market: Market) -> None:
    market.respond({"items": [order(1)], "links": {"next": "/orders?after=1"}})
    warning = market.preview(paginator=LinkHeader()).paging.warning
    assert warning == 'LinkHeader() is set, but `links.next` holds a link: you may need NextLink("links.next")'


def test_a_paginator_whose_path_matches_nothing_is_a_warning(market: Market) -> None:
    market.respond({"items": [order(1)]})
    warning = market.preview(paginator=NextLink("next")).paging.warning
    assert (
        warning == 'NextLink("next") is set, but this page has nothing at `next`: correct only if it is the last page'
    )


def test_a_next_page_without_a_paginator_is_a_warning_and_not_an_error(market: Market) -> None:
    market.respond({"items": [order(1)], "nextPageToken": "t"})
    found = market.preview()
    start = "no paginator is set, but `nextPageToken` holds a token: set"
    assert found.paging.warning == f'{start} `paginator = CursorToken("nextPageToken", param="pageToken")`'
    assert (found.paging.next, found.paging.last) == (None, None)


def test_a_sign_of_more_pages_that_no_paginator_reads_is_a_warning(market: Market) -> None:
    market.respond({"items": [order(1)], "has_more": True})
    warning = market.preview().paging.warning
    assert warning == (
        "no paginator is set, but `has_more` says that there are more pages: set one that finds the next page, with "
        'more="has_more"'
    )


def test_a_page_that_the_paginator_can_not_handle_is_a_warning(market: Market) -> None:
    market.respond({"items": [order(1)], "next": {"page": 2}})
    found = market.preview(paginator=NextLink("next"))
    assert "the value at `next` can't be used as a link" in (found.paging.warning or "")
    assert len(found.records) == 1


# Records, model, key and cursor


def test_a_wrong_records_path_shows_the_lists_and_fields_of_the_page(market: Market) -> None:
    market.respond({"data": {"orders": [order(1)]}, "took": 3})
    found = market.preview(records="itmes")
    assert "nothing is at `itmes`" in (found.problem or "")
    assert [(item.path, item.length) for item in found.lists] == [("data.orders", 1)]
    assert [item.path for item in found.fields][:4] == ["data", "data.orders", "data.orders[]", "data.orders[].id"]
    assert found.records == ()


def test_the_model_report_has_what_it_reads_ignores_misses_and_refuses(market: Market) -> None:
    seller = {"name": "Ada", "rating": 5}
    market.respond({"items": [order(1, seller=seller), order(2, seller=None), {"id": "x"}, {"id": "y"}]})
    model = market.preview().model
    assert model is not None
    assert (model.name, model.accepted) == ("Order", 2)
    ((reason, count),) = model.refused
    assert count == 2
    assert reason.startswith("id: Input should be a valid integer")
    assert reason.endswith("headline: Field required")
    assert {"id", "headline", "seller", "seller.name"} == model.reading.read
    assert model.reading.ignored == ("at", "seller.rating")
    assert model.reading.absent == ("colour",)


def test_the_key_is_checked_in_every_record(market: Market) -> None:
    market.respond({"items": [order(1), order(1), {"headline": "x"}, order(2)]})
    key = market.preview().key
    assert (key.declared, key.missing, key.repeated) == (("id",), 1, 1)
    market.respond({"items": [order(1, no=7), order(2, no=7)]})
    key = market.preview(primary_key=("id", "no")).key
    assert (key.missing, key.repeated) == (0, 0)
    assert key.candidates[0].paths == ("id",)


def test_the_cursor_is_checked_in_every_record(market: Market) -> None:
    market.respond({"items": [order(1), order(2, at="soon"), order(3, at=None), order(4)]})
    cursor = market.preview(cursor=Cursor("at")).cursor
    assert (cursor.declared, cursor.missing, cursor.unordered, cursor.example) == ("at", 1, 1, "soon")
    market.respond({"items": [order(3), order(2), order(1)]})
    cursor = market.preview(cursor=Cursor("at", order="asc")).cursor
    assert (cursor.missing, cursor.unordered, cursor.declared_order, cursor.direction) == (0, 0, "asc", "desc")


def test_candidates_are_listed_if_nothing_is_declared(market: Market) -> None:
    market.respond({"items": [order(1), order(2)]})
    found = market.preview(primary_key=None)
    assert (found.key.declared, found.cursor.declared) == ((), None)
    assert found.key.candidates[0].paths == ("id",)
    assert [item.path for item in found.cursor.candidates] == ["at"]


def test_an_empty_page_and_one_accepted_as_empty_have_no_records(market: Market) -> None:
    market.respond({"items": []})
    found = market.preview()
    assert found.fields == ()
    assert found.model is not None
    assert found.model.accepted == 0
    market.respond({"message": "gone"}, status=404)
    found = market.preview(accept={404: "skip"})
    assert found.records == ()
    assert (found.paging.last or "").startswith("accepted as empty: 404")


def test_records_that_strict_json_readers_refuse_are_shown(market: Market) -> None:
    market.respond(b'{"items": [{"id": 1, "headline": "\\ud800", "size": ' + b"9" * 5000 + b"}, 7, null]}")
    found = market.preview()
    assert len(found.records) == 3
    assert found.key.missing == 2
    assert {item.path for item in found.fields} >= {"id", "headline", "size"}


# Sub-streams


def answer_by_path(answers: dict[str, Reply]) -> Any:
    return lambda asked: answers.get(asked.path, Reply(404, {"message": "not here"}))


def test_a_sub_stream_is_previewed_for_the_first_parent_with_records(market: Market) -> None:
    market.vendor.handler = answer_by_path(
        {
            "/shops": Reply(body={"items": [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]}),
            "/shops/1/orders": Reply(403, {"message": "not yours"}),
            "/shops/2/orders": Reply(body={"items": []}),
            "/shops/3/orders": Reply(body={"items": [order(1)]}),
        }
    )
    found = market.preview(parent=ShopsStream, path="/shops/{parent.id}/orders")
    assert found.parent == {"id": "3"}
    assert found.request.url == f"{market.vendor.url}/shops/3/orders"
    assert len(found.records) == 1
    assert [asked.path for asked in market.vendor.requests] == [
        "/shops",
        "/shops/1/orders",
        "/shops/2/orders",
        "/shops/3/orders",
    ]


def test_the_first_parent_is_shown_if_none_has_records(market: Market) -> None:
    market.vendor.handler = answer_by_path(
        {
            "/shops": Reply(body={"items": [{"id": 1}, {"id": 2}]}),
            "/shops/1/orders": Reply(body={"items": []}),
            "/shops/2/orders": Reply(body={"items": []}),
        }
    )
    assert market.preview(parent=ShopsStream, path="/shops/{parent.id}/orders").parent == {"id": "1"}


def test_a_sub_stream_without_any_parent_is_an_error(market: Market) -> None:
    market.vendor.handler = answer_by_path({"/shops": Reply(body={"items": []})})
    with pytest.raises(SyncError) as error:
        market.preview(parent=ShopsStream, path="/shops/{parent.id}/orders")
    assert str(error.value) == (
        "market/acme, stream orders: the first page of shops has no records, so there is no parent to fetch orders for"
    )


# Errors


def test_a_refusal_is_the_error_of_a_sync_without_the_secret(market: Market) -> None:
    def refuse(asked: ReceivedRequest) -> Reply:
        return Reply(401, {"message": f"{asked.query['key'][0]} opens nothing"})

    market.vendor.handler = refuse
    with pytest.raises(RefusedError, match="market/acme, stream orders") as error:
        market.preview()
    assert SECRET not in str(error.value)


def test_a_paginator_that_can_not_start_is_an_error(market: Market) -> None:
    with pytest.raises(BadRequestError, match="must start at a number"):
        market.preview(paginator=PageNumber(), params={"page": "first"})


@pytest.mark.parametrize(
    ("settings", "of_one_parent"),
    [
        ({"parent": ShopsStream, "path": "/shops/{parent.id}/orders"}, True),
        ({"parent": ShopsStream, "path": "/shops/{parent.id}/orders", "primary_key": ("{parent.id}", "id")}, False),
        ({}, False),
    ],
    ids=["a key of the record alone", "a key that names the parent", "no parent"],
)
def test_a_key_that_was_seen_under_one_parent_only_is_said_to_be(
    market: Market, capsys: pytest.CaptureFixture[str], settings: dict[str, Any], of_one_parent: bool
) -> None:
    market.respond({"items": [order(1), order(2)]})
    found = market.preview(**settings)
    assert found.key.of_one_parent is of_one_parent
    print_preview("market", found, as_json=False)
    shown = capsys.readouterr().out
    assert "in every record, and unique" in shown
    assert ("unique under this parent" in shown) is of_one_parent


def test_a_sensitive_field_that_no_record_has_and_none_is_near_is_told_in_a_line(
    market: Market, capsys: pytest.CaptureFixture[str]
) -> None:
    market.respond({"items": [order(1, note="kept back")]})
    found = market.preview(sensitive=("note", "profile.mail", "ip"), cursor=Cursor("at"))
    assert (found.sensitive.absent, found.sensitive.misspelt) == (("profile.mail", "ip"), {})
    print_preview("market", found, as_json=False)
    shown = capsys.readouterr()
    assert "sensitive: no record of this page has profile.mail, ip" in shown.out
    assert "order 1" in shown.out


@pytest.mark.parametrize("as_json", [False, True])
def test_a_sensitive_field_that_no_record_has_is_told_first_and_no_value_is_shown(
    market: Market, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    market.respond({"items": [order(1, note="canary", **{"a.b": "canary"}), order(2, note=["canary"])]})
    found = market.preview(sensitive="noet", cursor=Cursor("at"))
    assert found.sensitive.misspelt == {"noet": "note"}
    assert (found.key.missing, found.key.repeated, found.cursor.missing) == (0, 0, 0)
    print_preview("market", found, as_json=as_json)
    shown = capsys.readouterr()
    assert "canary" not in shown.out + shown.err
    assert "order 1" not in shown.out + shown.err
    if not as_json:
        first, second = [line for line in shown.err.splitlines() if "sensitive" in line]
        assert first == "warning: OrdersStream.sensitive: no record has `noet` (did you mean `note`?)"
        assert second == "warning: all values are hidden until `sensitive` is corrected"


def test_the_parameter_of_a_token_is_the_authors_word(market: Market) -> None:
    market.respond({"items": [order(1)], "nextPageToken": "CAUQAA", "isLast": False})
    found = market.preview(paginator=CursorToken("nextPageToken", param="nextPageToken", more="isLast"))
    assert found.paging.warning is None
    market.respond({"items": [order(1)], "nextPageToken": "CAUQAA"})
    found = market.preview(paginator=CursorToken("next_token", param="nextPageToken"))
    assert "you may need CursorToken(" in (found.paging.warning or "")
    market.respond({"items": [order(1)], "nextPageToken": "CAUQAA", "isLast": False})
    found = market.preview(paginator=CursorToken("nextPageToken", param="nextPageToken", more="islast"))
    assert 'Correct the paginator: more="isLast".' in (found.paging.warning or "")
