"""The requests announced for a stream are those that its real syncs begin with."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from dazz_assets import (
    ApiKey,
    Basic,
    BearerToken,
    ConnectionConfig,
    Cursor,
    CursorToken,
    Integration,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Stream,
)
from dazz_assets.assistant.announced_requests import AnnouncedRequest, announce_requests
from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.http.loopback import ReceivedRequest, Reply, Vendor

NOW = datetime(2026, 1, 21, 12, tzinfo=UTC)
LAST_CHANGE = "2026-01-20T10:00:00Z"


class ShopConfig(ConnectionConfig):
    token: SecretStr
    org: str = "acme/west"
    page: int = 3


class Order(BaseModel):
    id: int


class Orders(Stream[Order]):
    name, path = "orders", "/orders"


class TwoBounds(Orders):
    cursor = Cursor("at", since="from", until="to")
    paginator = Offset(size_param="limit", size=2)


class OneBound(Orders):
    """Dates, and a look-back."""

    path = "/{config.org}/orders"
    cursor = Cursor("at", since="from", format="%Y-%m-%d", lookback=timedelta(days=2))
    paginator = PageNumber(size_param="per_page", size=2)
    params = {"page": "{config.page}", "all": True}


class InBody(Orders):
    """Epochs in a body."""

    method = "POST"
    body = {"query": "orders of {config.org}", "filter": {"open": True}}
    cursor = Cursor("at", since="filter.since", until="filter.until", format="epoch")
    paginator = CursorToken("next", param="cursor")


class NewestFirst(Orders):
    params = {"sort": "at", "direction": "desc"}
    headers = {"X-Org": "{config.org}"}
    cursor = Cursor("at", order="desc")
    paginator = LinkHeader()


class NoFilter(Orders):
    cursor = Cursor("at")


class Shops(Stream[Order]):
    name, path = "shops", "/shops"


class OfShops(Orders):
    parent = Shops
    path = "/shops/{parent.name}/orders"
    params = {"shop": "{parent.id}"}
    cursor = Cursor("at", since="from")


def shop(stream: type[Stream[Any]], auth_: Any = None) -> type[Integration[ShopConfig]]:
    class ShopIntegration(Integration[ShopConfig]):
        base_url = "https://shop.test/api"
        auth = auth_ or BearerToken("{config.token}")
        headers = {"Accept": "application/x-shop"}
        records = "items"
        primary_key = "id"
        streams = (Shops, stream) if stream.parent is Shops else (stream,)

    return ShopIntegration


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    def answer(asked: ReceivedRequest) -> Reply:
        offset = int(asked.query.get("offset", ["0"])[0])
        first_page = str(asked.query.get("page", ["3"])[0]) == "3"
        items = [{"id": 1, "name": "no/1", "at": LAST_CHANGE}] if not offset and first_page else []
        return Reply(body={"items": items})

    with Vendor() as vendor:
        vendor.handler = answer
        yield vendor


def first_requests_of_two_syncs(
    integration: type[Integration[ShopConfig]], vendor: Vendor, folder: Path, start: date
) -> tuple[ReceivedRequest, ReceivedRequest]:
    """Run two syncs and return the first request for orders of each."""
    spec = read_integration(integration)
    config = {"token": "s3cret", "base_url": f"{vendor.url}/api"}
    connection = Connection(id="acme", integration=spec.name, start=start, config=config)
    first: list[ReceivedRequest] = []
    for _ in range(2):
        session = Session(spec, connection, Lake(folder / "lake"), now=lambda: NOW)
        before = len(vendor.requests)
        for stream in spec.streams.values():
            sync_stream(session, stream, SyncRange(from_mark=True))
        first.append(next(item for item in vendor.requests[before:] if "/orders" in item.path))
    return first[0], first[1]


def fill_in(text: str, values: Mapping[str, str]) -> str:
    found = text
    for name, value in values.items():
        found = found.replace(name, value)
    assert not re.search(r"[<{](start|mark|config|parent)", found), found
    return found


def announce(integration: type[Integration[ShopConfig]]) -> dict[str, AnnouncedRequest]:
    spec = read_integration(integration)
    return {item.sync: item for item in announce_requests(spec, spec.streams["orders"])}


def assert_same(request: AnnouncedRequest, sent: ReceivedRequest, values: Mapping[str, str]) -> None:
    """Check that the announced request, with values in place of names, is the one that was sent."""
    assert request.method == sent.method
    assert fill_in(request.url, values) == f"https://shop.test{sent.target}"
    assert fill_in(request.body or "", values) == sent.body.decode()
    for name, value in request.headers.items():
        if value != "***":
            assert fill_in(value, {**values, "{config.org}": "acme/west"}) == sent.headers[name]


RECENT = date(2026, 1, 5)
TIMES = {"<start>": "2026-01-05T00%3A00%3A00Z", "<mark>": "2026-01-20T09%3A59%3A59Z", "{config.token}": "s3cret"}
DATES = {"<start>": "2026-01-05", "<mark - 2 days>": "2026-01-17", "{config.org}": "acme%2Fwest"}
EPOCHS = {"<start>": "1767571200", "<mark>": "1768903199", "{config.org}": "acme/west"}


@pytest.mark.parametrize(
    ("stream", "values"),
    [
        (TwoBounds, TIMES),
        (OneBound, TIMES | DATES),
        (InBody, TIMES | EPOCHS),
        (NewestFirst, TIMES),
        (NoFilter, TIMES),
        (OfShops, TIMES | {"{parent.name}": "no%2F1", "{parent.id}": "1"}),
    ],
)
def test_both_syncs_begin_with_what_is_announced(
    stream: type[Stream[Any]], values: Mapping[str, str], vendor: Vendor, tmp_path: Path
) -> None:
    integration = shop(stream)
    announced = announce(integration)
    first, second = first_requests_of_two_syncs(integration, vendor, tmp_path, RECENT)
    assert_same(announced["first sync"], first, values)
    assert_same(announced["incremental sync"], second, values)


@pytest.mark.parametrize(
    ("stream", "values"),
    [
        (TwoBounds, {"<start>": "2025-01-06T00%3A00%3A00Z", "<start + 26 weeks>": "2025-07-07T00%3A00%3A00Z"}),
        (InBody, {"<start>": "1736121600", "<start + 26 weeks>": "1751846400", "{config.org}": "acme/west"}),
    ],
)
def test_a_long_first_sync_is_announced_in_parts_where_the_api_takes_both_bounds(
    stream: type[Stream[Any]], values: Mapping[str, str], vendor: Vendor, tmp_path: Path
) -> None:
    integration = shop(stream)
    announced = announce(integration)["first sync over more than 26 weeks, in parts"]
    first, _ = first_requests_of_two_syncs(integration, vendor, tmp_path, date(2025, 1, 6))
    assert_same(announced, first, {**values, "{config.token}": "s3cret"})


class Monthly(Orders):
    cursor = Cursor("at", since="from", until="to", step=timedelta(days=31))


class Daily(Orders):
    """Steps that end at a day."""

    cursor = Cursor("at", since="from", until="to", step=timedelta(days=7), format="%Y-%m-%d")


class Hourly(Orders):
    """Steps that are shorter than the time since the mark."""

    method = "POST"
    body = {"filter": {"open": True}}
    cursor = Cursor("at", since="filter.since", until="filter.until", step=timedelta(hours=6), format="epoch")


@pytest.mark.parametrize(
    ("stream", "values"),
    [
        (Monthly, {"<start>": "2025-01-06T00%3A00%3A00Z", "<start + 31 days - 1 second>": "2025-02-05T23%3A59%3A59Z"}),
        (Daily, {"<start>": "2025-01-06", "<start + 6 days>": "2025-01-12"}),
        (Hourly, {"<start>": "1736121600", "<start + 6 hours - 1 second>": "1736143199"}),
    ],
)
def test_a_long_first_sync_is_announced_in_its_steps(
    stream: type[Stream[Any]], values: Mapping[str, str], vendor: Vendor, tmp_path: Path
) -> None:
    integration = shop(stream)
    announced = list(announce(integration).values())[-2]
    first, _ = first_requests_of_two_syncs(integration, vendor, tmp_path, date(2025, 1, 6))
    assert_same(announced, first, {**values, "{config.token}": "s3cret"})
    assert announced.note == "each step after it goes on where the last one ended, until <now>"


def test_what_is_announced_of_steps_depends_on_how_much_there_is_to_fetch() -> None:
    assert list(announce(shop(Monthly))) == [
        "first sync over less than 31 days",
        "first sync over more than 31 days, in steps",
        "incremental sync",
    ]
    assert list(announce(shop(Hourly))) == ["first sync", "incremental sync"]
    assert announce(shop(Monthly))["incremental sync"].url.endswith("from=<mark>&to=<now>")
    assert '"until": <mark + 6 hours - 1 second>' in (announce(shop(Hourly))["incremental sync"].body or "")


class LinkedFeed(Orders):
    cursor = Cursor("at", since="from")
    paginator = LinkHeader(resume=True)


class BodyLinkedFeed(Orders):
    cursor = LinkedFeed.cursor
    paginator = NextLink("links.next", resume=True)


class TokenFeed(Orders):
    cursor = LinkedFeed.cursor
    paginator = CursorToken("next", param="after", resume=True)


def feed_of(vendor: Vendor) -> Callable[[ReceivedRequest], Reply]:
    def answer(asked: ReceivedRequest) -> Reply:
        is_first = "after" not in asked.query
        items = [{"id": 1, "at": LAST_CHANGE}] if is_first else []
        link = f"{vendor.url}/api/orders?after=7"
        return Reply(
            body={"items": items, "next": "7", "links": {"next": link}}, headers={"Link": f'<{link}>; rel="next"'}
        )

    return answer


@pytest.mark.parametrize(
    ("stream", "url"),
    [
        (LinkedFeed, "<link kept by the last sync>"),
        (BodyLinkedFeed, "<link kept by the last sync>"),
        (TokenFeed, "https://shop.test/api/orders?from=<mark>&after=<token kept by the last sync>"),
    ],
)
def test_a_feed_is_announced_to_go_on_at_its_kept_place(
    stream: type[Stream[Any]], url: str, vendor: Vendor, tmp_path: Path
) -> None:
    vendor.handler = feed_of(vendor)
    announced = announce(shop(stream))
    first, second = first_requests_of_two_syncs(shop(stream), vendor, tmp_path, RECENT)
    assert announced["incremental sync"].url == url
    kept = {"<link kept by the last sync>": "https://shop.test/api/orders?after=7"}
    assert_same(announced["first sync"], first, TIMES)
    assert_same(announced["incremental sync"], second, TIMES | kept | {"<token kept by the last sync>": "7"})


def test_only_streams_with_both_bounds_have_a_first_sync_in_parts() -> None:
    assert list(announce(shop(OneBound))) == ["first sync", "incremental sync"]
    assert len(announce(shop(TwoBounds))) == 3


@pytest.mark.parametrize("auth", [ApiKey(param="key"), ApiKey(header="X-Key"), BearerToken("{config.token}")])
def test_the_auth_is_shown_by_the_name_of_its_config_field(auth: Any, vendor: Vendor, tmp_path: Path) -> None:
    integration = shop(TwoBounds, auth)
    first, _ = first_requests_of_two_syncs(integration, vendor, tmp_path, RECENT)
    announced = announce(integration)["first sync"]
    assert_same(announced, first, TIMES)
    assert "{config.token}" in announced.url + str(announced.headers)


def test_a_header_with_an_encoded_secret_is_masked() -> None:
    announced = announce(shop(TwoBounds, Basic("me", "{config.token}")))["first sync"]
    assert announced.headers["Authorization"] == "***"


def test_a_snapshot_has_one_request_for_all_syncs() -> None:
    (announced,) = announce(shop(Orders)).values()
    assert (announced.sync, announced.url) == ("every sync", "https://shop.test/api/orders")


def test_a_note_says_where_newest_first_stops_and_that_a_list_without_a_filter_is_read_whole() -> None:
    announced = announce(shop(NewestFirst))
    assert announced["first sync"].note == "newest first, until a page reaches below <start>"
    assert announced["incremental sync"].note == "newest first, until a page reaches below <mark>"
    assert "the whole list is read" in announce(shop(NoFilter))["incremental sync"].note


class HostConfig(ConnectionConfig):
    """A field that no text fits, and a base URL that only the connection knows."""

    base_url: str
    token: SecretStr = SecretStr("a default is a secret too")
    since: date
    region: str | None = None


class HostIntegration(Integration[HostConfig]):
    auth = BearerToken("{config.token}")
    streams = (Orders,)
    params = {"region": "{config.region}", "since": "{config.since}"}


def test_values_that_only_a_config_knows_are_shown_by_name() -> None:
    spec = read_integration(HostIntegration)
    (announced,) = announce_requests(spec, spec.streams["orders"])
    assert announced.url == "{config.base_url}/orders?region={config.region}&since={config.since}"
    assert announced.headers == {"Authorization": "Bearer {config.token}"}


def test_a_body_is_announced_as_it_is_sent() -> None:
    announced = announce(shop(InBody))["incremental sync"]
    assert announced.body is not None
    body = json.loads(announced.body.replace("<mark>", "0"))
    assert body == {"query": "orders of acme/west", "filter": {"open": True, "since": 0}}
