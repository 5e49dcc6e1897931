"""Several tokens of one connection: each has a limit of its own, and all are used before anyone waits."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from dazz_assets import (
    ApiKey,
    BearerToken,
    ConnectionConfig,
    Integration,
    PageNumber,
    Rate,
    Request,
    Response,
    Stream,
)
from dazz_assets.connections import Connection
from dazz_assets.errors import DefinitionError, SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake
from dazz_assets.reports import StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.conformance.connected import items, param
from tests.conformance.integrations import Item
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

TOKENS = ("canary-one-5d1", "canary-two-8e2", "canary-three-9f3")


class Tokens(ConnectionConfig):
    tokens: tuple[SecretStr, ...]


class ItemsStream(Stream[Item]):
    path = "/items"


class TokensIntegration(Integration[Tokens]):
    name = "vendor"
    base_url = "https://api.vendor.example"
    primary_key = "id"
    records = "data"
    auth = BearerToken("{config.tokens}")
    paginator = PageNumber(more="pages")
    streams = (ItemsStream,)


class LimitedVendor:
    """Numbered pages of one item, and so many requests a second with each token. counts: by token."""

    def __init__(self, clock: Clock, pages: int, allowed: int = 1_000) -> None:
        self._clock, self._pages, self._allowed = clock, pages, allowed
        self._recent: dict[str, deque[float]] = {token: deque() for token in TOKENS}
        self.counts: Counter[str] = Counter()
        self.refused = 0
        self.wait = "1"
        self.revoked = self.used_up = ""

    def __call__(self, request: ReceivedRequest) -> Reply:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.counts[token] += 1
        recent, now = self._recent[token], self._clock.now
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if token == self.revoked:
            return Reply(401, {"message": f"bad token {token}"})
        if len(recent) >= self._allowed or token == self.used_up:
            self.refused += 1
            return Reply(429, {}, {"Retry-After": self.wait})
        recent.append(now)
        number = int(param(request, "page"))
        return Reply(body={"data": items(number), "pages": self._pages})


def sync(
    integration: type[Integration[Any]], api: Vendor, clock: Clock, lake: Lake, **settings: Any
) -> tuple[StreamReport, Session]:
    spec = read_integration(integration)
    config = {"base_url": api.url, "tokens": list(TOKENS)}
    connection = Connection(id="acme", integration=spec.name, start=date(2026, 1, 5), config=config)
    session = Session(
        spec, connection, lake, now=lambda: datetime.fromtimestamp(clock.now, UTC), sleep=clock.sleep, **settings
    )
    return sync_stream(session, spec.streams["items"], SyncRange(from_mark=True)), session


def test_three_tokens_together_are_three_times_as_fast(api: Vendor, clock: Clock, lake: Lake) -> None:
    api.handler = vendor = LimitedVendor(clock, pages=120, allowed=10)
    began = clock.now
    report, _ = sync(declare("Paced", TokensIntegration, rate=Rate(10, per=1)), api, clock, lake)
    assert report.records == 120
    assert vendor.refused == 0
    # 120 requests at 3 x 10 x 0.98 a second.
    assert 120 / (clock.now - began) >= 0.97 * 3 * 10
    assert set(vendor.counts) == set(TOKENS)
    assert max(vendor.counts.values()) <= 42


def test_a_token_whose_limit_is_used_up_is_left_out_and_nobody_waits(api: Vendor, clock: Clock, lake: Lake) -> None:
    api.handler = vendor = LimitedVendor(clock, pages=50)
    vendor.used_up, vendor.wait = TOKENS[0], "3000"
    report, _ = sync(TokensIntegration, api, clock, lake)
    assert report.records == 50
    assert clock.slept == 0
    assert vendor.refused == 1


def test_if_all_are_used_up_the_sync_waits_for_the_first_that_may_be_used_again(
    api: Vendor, clock: Clock, lake: Lake
) -> None:
    waits = iter(["50", "20", "90"])
    answered = LimitedVendor(clock, pages=5)
    refused = set[str]()

    def answer(request: ReceivedRequest) -> Reply:
        token = request.headers["Authorization"]
        if token not in refused:
            refused.add(token)
            return Reply(429, {}, {"Retry-After": next(waits)})
        return answered(request)

    api.handler = answer
    report, _ = sync(TokensIntegration, api, clock, lake)
    assert report.records == 5
    assert 20 <= clock.slept < 25
    assert set(answered.counts) == {TOKENS[1]}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_named_by_its_place(api: Vendor, clock: Clock, lake: Lake, status: int) -> None:
    vendor = LimitedVendor(clock, pages=50, allowed=4)

    def answer(request: ReceivedRequest) -> Reply:
        if request.headers["Authorization"].endswith(TOKENS[1]):
            return Reply(status, {"message": f"{TOKENS[1]} is not allowed to"})
        return vendor(request)

    api.handler = answer
    with pytest.raises(SyncError) as caught:
        sync(declare("Paced", TokensIntegration, rate=Rate(4, per=1)), api, clock, lake)
    assert "It was sent with number 2 of the 3 in `config.tokens`." in str(caught.value)
    assert not any(token in str(caught.value) for token in TOKENS)


def test_a_key_in_the_query_may_be_one_of_several(api: Vendor, clock: Clock, lake: Lake) -> None:
    used = Counter[str]()

    def answer(request: ReceivedRequest) -> Reply:
        used[param(request, "key")] += 1
        assert "Authorization" not in request.headers
        return Reply(body={"data": items(int(param(request, "page"))), "pages": 9})

    api.handler = answer
    auth = ApiKey(param="key", format="{config.tokens}")
    report, session = sync(declare("Keyed", TokensIntegration, auth=auth, rate=Rate(5, per=1)), api, clock, lake)
    assert report.records == 9
    assert used == dict.fromkeys(TOKENS, 3)
    assert session.secrets == TOKENS
    assert not any(token in repr(session.integration.config) for token in TOKENS)


class OwnAuth:
    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        yield request.with_header("Authorization", f"Bearer {config['tokens']}")


def test_an_auth_of_the_authors_gets_one_of_them_each_time(api: Vendor, clock: Clock, lake: Lake) -> None:
    api.handler = vendor = LimitedVendor(clock, pages=9)
    sync(declare("Own", TokensIntegration, auth=OwnAuth(), rate=Rate(5, per=1)), api, clock, lake)
    assert vendor.counts == dict.fromkeys(TOKENS, 3)


def test_no_token_goes_to_another_host(api: Vendor, elsewhere: Vendor, clock: Clock, lake: Lake) -> None:
    api.handler = lambda request: Reply(302, headers={"Location": f"{elsewhere.url}/items"})
    for _ in range(3):
        with pytest.raises(SyncError, match="not declared"):
            sync(TokensIntegration, api, clock, lake)
    assert elsewhere.requests == []


def test_a_recording_is_made_with_the_first_token(api: Vendor, clock: Clock, lake: Lake) -> None:
    api.handler = vendor = LimitedVendor(clock, pages=9)
    sync(declare("Paced", TokensIntegration, rate=Rate(5, per=1)), api, clock, lake, is_repeatable=True)
    assert vendor.counts == {TOKENS[0]: 9}


class TwoLists(ConnectionConfig):
    tokens: tuple[SecretStr, ...]
    keys: tuple[SecretStr, ...]


class TwoListsIntegration(Integration[TwoLists]):
    base_url = "https://api.vendor.example"
    auth = BearerToken("{config.tokens}")
    primary_key = "id"
    streams = (ItemsStream,)


class HeaderStream(Stream[Item]):
    path = "/items"
    headers = {"X-Token": "{config.tokens}"}


@pytest.mark.parametrize(
    ("integration", "message"),
    [
        (TwoListsIntegration, r"TwoLists\.tokens and TwoLists\.keys are lists of secrets, but each request is sent"),
        (
            declare("HeaderIntegration", TokensIntegration, streams=(HeaderStream,)),
            r"`headers` uses \{config\.tokens\}, a list of secrets, of which only the integration's `auth` sends one",
        ),
    ],
)
def test_a_list_that_cannot_be_sent_is_refused_at_load(integration: type[Integration[Any]], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        read_integration(integration)
