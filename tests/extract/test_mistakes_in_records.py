"""Mistakes of an author that only records reveal: the sync fails, and says what it got and what to correct."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from dazz_assets import (
    BearerToken,
    Cursor,
    CursorToken,
    GraphQLCursor,
    Integration,
    LinkHeader,
    NextLink,
    PageNumber,
    Stream,
)
from dazz_assets.errors import SyncError
from tests.declaring import declare
from tests.help_desk_vendor import Customer, Desk, DeskConfig
from tests.http.loopback import ReceivedRequest, Reply

Answer = Callable[[ReceivedRequest], Reply]


class Record(BaseModel):
    id: int | str


class RegionConfig(DeskConfig):
    region: str | None = None


def records(**settings: Any) -> type[Integration[Any]]:
    """Return an integration with one stream, `records`, that is right except for these settings."""
    right: dict[str, Any] = {"path": "/records", "records": "items", "primary_key": "id", "__module__": __name__}
    return desk_of((declare("RecordsStream", Stream[Record], **right | settings),))


def desk_of(streams: tuple[type[Stream[Any]], ...], **settings: Any) -> type[Integration[Any]]:
    right = {"name": "desk", "base_url": "https://desk.test", "auth": BearerToken("{config.token}"), "streams": streams}
    return declare("NotesIntegration", Integration[RegionConfig], **right | settings)


def items(*found: Any, **beside: Any) -> Answer:
    """Return a handler that answers with one page of these records."""
    return lambda asked: Reply(body={"items": list(found), **beside})


ONE = {"id": 1, "name": "Ada", "attributes": {"updatedAt": "2026-01-06T10:00:00Z", "owner": {"id": 7}}, "gone": None}
TWO = {"id": 2, "name": "Bob", "attributes": {"updatedAt": "2026-01-07T10:00:00Z", "owner": {"id": 8}}, "gone": None}


def endless(asked: ReceivedRequest) -> Reply:
    return Reply(body={"items": [ONE], "next": f"token-{asked.query.get('token', ['0'])[0]}"})


class ParentsStream(Stream[Record]):
    path = "/parents"
    records = "items"
    primary_key = "id"


class ChildrenStream(Stream[Record]):
    parent = ParentsStream
    path = "/parents/{parent.slug}/records"
    records = "items"
    primary_key = "id"


class OwnersStream(ChildrenStream):
    path = "/parents/{parent.owner_id}/records"


class RegionStream(Stream[Record]):
    path = "/{config.region}/records"
    records = "items"


def sync_error(desk: Desk, customer: Customer) -> str:
    """Run a sync that fails, and return its error message."""
    with pytest.raises(SyncError) as caught:
        customer.sync()
    return str(caught.value).replace(desk.vendor.url, "https://desk.test")


@pytest.mark.parametrize(
    ("settings", "answer", "problem"),
    [
        (
            {},
            items({"id": 1, "score": float("nan")}, {"id": 2, "score": float("inf")}),
            "none of the 2 records received can be used: it can't be read: NaN is not JSON",
        ),
        (
            {"primary_key": "ids"},
            items(ONE, TWO),
            (
                "none of the 2 records received has a key at `ids`: they have id, name, attributes.updatedAt, "
                "attributes.owner.id, gone; did you mean 'id'? Correct `primary_key` of RecordsStream"
            ),
        ),
        (
            {"primary_key": "uuid"},
            items(ONE, TWO),
            (
                "none of the 2 records received has a key at `uuid`: they have id, name, attributes.updatedAt, "
                "attributes.owner.id, gone; did you mean 'id'? Correct `primary_key` of RecordsStream"
            ),
        ),
        (
            {"primary_key": "owner.id"},
            items(ONE, TWO),
            (
                "none of the 2 records received has a key at `owner.id`: they have id, name, "
                "attributes.updatedAt, attributes.owner.id, gone; did you mean 'attributes.owner.id'? Correct "
                "`primary_key` of RecordsStream"
            ),
        ),
        (
            {"primary_key": "attributes"},
            items(ONE, TWO),
            (
                "none of the 2 records received has a key at `attributes`: it is an object there; they have "
                "attributes.updatedAt, attributes.owner, attributes.owner.id. Correct `primary_key` of "
                "RecordsStream"
            ),
        ),
        (
            {"primary_key": "gone"},
            items(ONE, TWO),
            (
                "none of the 2 records received has a key at `gone`: it is null in all of them. Correct "
                "`primary_key` of RecordsStream"
            ),
        ),
        (
            {"primary_key": ("attributes.owner.id", "nmae")},
            items(ONE, TWO),
            (
                "none of the 2 records received has a key at `nmae`: they have id, name, attributes.updatedAt, "
                "attributes.owner.id, gone; did you mean 'name'? Correct `primary_key` of RecordsStream"
            ),
        ),
        (
            {"cursor": Cursor("updated_at")},
            items(ONE, TWO),
            (
                "none of the 2 records received has a cursor at `updated_at`: they have id, name, "
                "attributes.updatedAt, attributes.owner.id, gone; did you mean 'attributes.updatedAt'? Correct "
                "`cursor` of RecordsStream"
            ),
        ),
        (
            {"cursor": Cursor("attributes.updated_at")},
            items(ONE),
            (
                "none of the records received has a cursor at `attributes.updated_at`: they have id, name, "
                "attributes.updatedAt, attributes.owner.id, gone; did you mean 'attributes.updatedAt'? Correct "
                "`cursor` of RecordsStream"
            ),
        ),
        (
            {"cursor": Cursor("name")},
            items(ONE, TWO),
            (
                "none of the 2 records received has a usable cursor: the cursor at name is not a time: 'Ada'. "
                "Cursors are RFC 3339 or RFC 5322 times, dates or epoch numbers, and times in the form that `format` "
                'names, in which bounds are then sent (`format="%m/%d/%Y %I:%M %p"`); correct `cursor` of '
                "RecordsStream, or leave it out, and each sync fetches all records"
            ),
        ),
        (
            {"cursor": Cursor("name")},
            items({"id": 1, "name": "x" * 500}),
            (
                "none of the records received has a usable cursor: the cursor at name is not a time: "
                "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'. Cursors are RFC 3339 or "
                "RFC 5322 times, dates or epoch numbers, and times in the form that `format` names, in which bounds "
                'are then sent (`format="%m/%d/%Y %I:%M %p"`); correct `cursor` of RecordsStream, or leave it out, and '
                "each sync fetches all records"
            ),
        ),
        (
            {"records": "itms"},
            items(ONE),
            (
                "GET https://desk.test/records: nothing is at `itms`: the page is an object with the keys items; "
                "there is a list at `items`. Set `records` to the path of the list in the page (empty where the "
                "page is the list)."
            ),
        ),
        (
            {"records": "data.items"},
            items(ONE),
            (
                "GET https://desk.test/records: nothing is at `data.items`: the page is an object with the keys "
                "items; there is a list at `items`. Set `records` to the path of the list in the page (empty "
                "where the page is the list)."
            ),
        ),
        (
            {"records": ""},
            items(ONE),
            (
                "GET https://desk.test/records: the page is not a list but an object with the keys items; there "
                "is a list at `items`. Set `records` to the path of the list in the page (empty where the page is "
                "the list)."
            ),
        ),
        (
            {"records": "data"},
            lambda asked: Reply(body={"data": {"list": [ONE], "more": []}}),
            (
                "GET https://desk.test/records: the value at `data` is not a list but an object with the keys "
                "list, more; there are lists at `data.list`, `data.more`. Set `records` to the path of the list "
                "in the page (empty where the page is the list)."
            ),
        ),
        (
            {"records": "data"},
            lambda asked: Reply(body=[ONE]),
            (
                "GET https://desk.test/records: nothing is at `data`: the page is a list. Set `records` to the "
                "path of the list in the page (empty where the page is the list)."
            ),
        ),
        (
            {"records": "items"},
            lambda asked: Reply(body={"items": "none"}),
            (
                'GET https://desk.test/records: the value at `items` is not a list but the value "none". Set '
                "`records` to the path of the list in the page (empty where the page is the list)."
            ),
        ),
        (
            {},
            items(ONE, links={"next": "/records?page=2"}),
            (
                "GET https://desk.test/records: `links.next` in the page says that there is more, but no paginator is "
                'set. Set `paginator` to NextLink("links.next"), or, if it is data, `data_fields = ("links",)`.'
            ),
        ),
        (
            {"paginator": NextLink("links.nxt")},
            items(ONE, links={"next": "/records?page=2"}),
            (
                "GET https://desk.test/records: `links.next` in the page says that there is more, but NextLink does "
                'not read it. Set `paginator` to NextLink("links.next"), or, if it is data, `data_fields = '
                '("links",)`.'
            ),
        ),
        (
            {"paginator": LinkHeader()},
            items(ONE, has_more=True),
            (
                "GET https://desk.test/records: `has_more` in the page says that there is more, but LinkHeader does "
                'not read it. Set `paginator` to one that finds the next page, with more="has_more", or, if it is '
                'data, `data_fields = ("has_more",)`.'
            ),
        ),
        (
            {"paginator": CursorToken("next_token", param="token")},
            items(ONE, next_cursor="abc"),
            (
                "GET https://desk.test/records: `next_cursor` in the page says that there is more, but CursorToken "
                'does not read it. Set `paginator` to CursorToken("next_cursor", param=...), or, if it is data, '
                '`data_fields = ("next_cursor",)`.'
            ),
        ),
        (
            {"paginator": GraphQLCursor("pageInfo.endCursr"), "method": "POST", "body": {"query": "{ items { id } }"}},
            items(ONE, pageInfo={"hasNextPage": True, "endCursor": "abc"}),
            (
                "POST https://desk.test/records: `pageInfo.hasNextPage` in the page says that there is more, but "
                "the paginator finds no cursor at `pageInfo.endCursr`. Correct the paginator's path, or ask for "
                "endCursr in the query."
            ),
        ),
        (
            {"paginator": CursorToken("next", param="token")},
            items(ONE, next={"token": "abc"}),
            (
                "GET https://desk.test/records: the value at `next` can't be used as a token: it is not a text. It "
                "is an object: if a text in it is the token, correct the paginator's path. If the vendor takes it back "
                "whole, as Elasticsearch does `search_after` and DynamoDB its last key, write a paginator of your own "
                "that sends it: a class with `first` and `next` (docs/extending.md)."
            ),
        ),
        (
            {"paginator": NextLink("next")},
            items(ONE, next="eyJpZCI6MTIzNDU2fQ=="),
            (
                "GET https://desk.test/records: the next link is 'eyJpZCI6MTIzNDU2fQ==', which is neither an "
                "absolute nor a relative URL. Correct the paginator's path. If the vendor gives a token to send "
                "as a parameter, use CursorToken(path, param=...)."
            ),
        ),
        (
            {"paginator": NextLink("next")},
            items(ONE, next="http://[bad/records"),
            (
                "GET https://desk.test/records: the next link is 'http://[bad/records', which is neither an "
                "absolute nor a relative URL. Correct the paginator's path. If the vendor gives a token to send "
                "as a parameter, use CursorToken(path, param=...)."
            ),
        ),
        (
            {"paginator": NextLink("next")},
            items(ONE, next="https://elsewhere.test/records?page=2"),
            (
                "GET https://elsewhere.test/records?page=2: a redirect, a link or the auth leads from "
                "https://desk.test to https://elsewhere.test, which is not declared; nothing was sent there. If "
                "that host is the vendor's, add it to the integration's `hosts`."
            ),
        ),
        (
            {"paginator": CursorToken("next", param="tokn")},
            endless,
            (
                "GET https://desk.test/records?tokn=token-0: page 3 would be the same request as page 2: the "
                "pages go round in a circle of 1 (tokn=token-0). Check the stream's paginator: the vendor may "
                "ignore its parameter, or keep naming the same next page. If the token stays the same while its "
                "pages go on, as that of a scroll does, set repeats=True on the paginator."
            ),
        ),
        (
            {"paginator": PageNumber()},
            items(ONE),
            (
                "GET https://desk.test/records?page=3: page 3 holds the same 1 record as page 1. It came 3 "
                "times, although each request was a different one. Check the stream's paginator: the vendor may "
                "ignore its parameter, or keep naming the same next page."
            ),
        ),
    ],
)
def test_a_failed_sync_says_what_the_vendor_sent_and_what_to_correct(
    settings: dict[str, Any], answer: Answer, problem: str, desk: Desk, tmp_path: Path
) -> None:
    desk.vendor.handler = answer
    customer = Customer(tmp_path, desk.vendor.url, records(**settings))
    assert sync_error(desk, customer) == f"desk/acme, stream records: {problem}"


@pytest.mark.parametrize(
    ("streams", "answer", "problem"),
    [
        (
            (ParentsStream, ChildrenStream),
            items(ONE),
            (
                "children: {parent.slug} has no value in a record of parents; they have attributes.owner.id, "
                "attributes.updatedAt, id, name"
            ),
        ),
        (
            (ParentsStream, OwnersStream),
            items({"id": 1, "ownerId": 5}),
            (
                "owners: {parent.owner_id} has no value in a record of parents; they have id, ownerId; did you "
                "mean {parent.ownerId}?"
            ),
        ),
        (
            (RegionStream,),
            items(ONE),
            (
                "region: {config.region} has no value in this connection's config; set it there, or give "
                "RegionConfig.region a default"
            ),
        ),
    ],
)
def test_a_placeholder_without_a_value_is_named_with_the_fields_that_there_are(
    streams: tuple[type[Stream[Any]], ...], answer: Answer, problem: str, desk: Desk, tmp_path: Path
) -> None:
    desk.vendor.handler = answer
    assert sync_error(desk, Customer(tmp_path, desk.vendor.url, desk_of(streams))) == f"desk/acme, stream {problem}"


def test_the_error_repeats_until_it_is_corrected_and_then_all_records_are_stored(desk: Desk, tmp_path: Path) -> None:
    desk.vendor.handler = items(ONE, TWO)
    wrong, right = (records(cursor=Cursor(f"attributes.{name}")) for name in ("updated", "updatedAt"))
    first = sync_error(desk, Customer(tmp_path, desk.vendor.url, wrong))
    assert sync_error(desk, Customer(tmp_path, desk.vendor.url, wrong)) == first
    customer = Customer(tmp_path, desk.vendor.url, right)
    assert customer.sync()["records"].stored == 2


def test_a_snapshot_without_a_usable_record_replaces_nothing(desk: Desk, tmp_path: Path) -> None:
    customer = Customer(tmp_path, desk.vendor.url, records())
    desk.vendor.handler = items(ONE, TWO)
    customer.sync()
    desk.vendor.handler = items({"uid": 1}, {"uid": 2})
    assert sync_error(desk, customer).startswith(
        "desk/acme, stream records: none of the 2 records received has a key at `id`"
    )
    assert len(customer.rows("select 1 from raw.desk_records")) == 2


def test_an_empty_list_is_not_a_mistake(desk: Desk, tmp_path: Path) -> None:
    desk.vendor.handler = items()
    assert Customer(tmp_path, desk.vendor.url, records(primary_key="ids")).sync()["records"].records == 0


def test_a_page_with_a_null_link_is_the_last_unless_it_says_that_there_is_more(desk: Desk, tmp_path: Path) -> None:
    customer = Customer(tmp_path, desk.vendor.url, records(paginator=NextLink("next")))
    desk.vendor.handler = items(ONE, next=None, total=500)
    assert customer.sync()["records"].records == 1
    desk.vendor.handler = items(ONE, next=None, has_more=True)
    with pytest.raises(SyncError, match="`has_more` in the page says that there is more"):
        customer.sync()
