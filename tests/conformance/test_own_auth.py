"""An auth of the author's own, which fetches a token: lines 17, 18, 21 to 24."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any
from urllib.parse import urljoin

import pytest

from dazz_assets import Auth, Integration, NextLink, Request, Response, Stream
from dazz_assets.errors import SyncError
from dazz_assets.http import Authenticator
from dazz_assets.lake import Lake, query
from tests.conformance.conftest import Connect
from tests.conformance.connected import CANARY, Item, Token, items
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

LOGIN = "canary-session"
"""How each token begins that the vendor gives."""


class TokenExchange:
    """A token for the key, kept until it is refused."""

    token = ""
    path = "/token"

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        token = self.token or (yield from self.renew(request, config))
        response = yield request.with_header("Authorization", f"Bearer {token}")
        if response.status == 401:
            if self.token == token:
                yield from self.renew(request, config)
            yield request.with_header("Authorization", f"Bearer {self.token}")

    def renew(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, str]:
        login = Request(urljoin(request.url, self.path), "POST", body={"key": config["token"]})
        response = yield login
        self.token = str(response.raise_for_status().value("access_token"))
        return self.token


class ParentsStream(Stream[Item]):
    path = "/parents"
    records = "data"
    primary_key = "id"


class ItemsStream(Stream[Item]):
    path = "/items"
    records = "data"
    primary_key = "id"


class ChildrenStream(Stream[Item]):
    parent = ParentsStream
    path = "/parents/{parent.id}/children"
    records = "data"
    primary_key = "id"


def integration(auth: Auth) -> type[Integration[Token]]:
    class VendorIntegration(Integration[Token]):
        base_url = "https://api.vendor.example"
        paginator = NextLink("next")
        concurrency = 10
        streams = (ItemsStream, ParentsStream, ChildrenStream)

    VendorIntegration.auth = auth
    return VendorIntegration


class Bank:
    """Gives tokens at `/token`, and answers whoever has a good one."""

    def __init__(self, api: Vendor) -> None:
        self.given: list[str] = []
        self.good: set[str] = set()
        self.login = Reply()
        self.pages = [Reply(body={"data": items(1)})]
        self.api = api
        api.handler = self

    def __call__(self, request: ReceivedRequest) -> Reply:
        if request.path == "/token":
            if self.login.status != 200:
                return self.login
            self.given.append(f"{LOGIN}-{len(self.given) + 1}")
            self.good.add(self.given[-1])
            return Reply(body={"access_token": self.given[-1]})
        told = request.headers.get("Authorization", "")
        if told.removeprefix("Bearer ") not in self.good:
            return Reply(401, {"message": f"{told} is no token"})
        return self.page(request)

    def page(self, request: ReceivedRequest) -> Reply:
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.api.requests]


@pytest.fixture
def bank(api: Vendor) -> Bank:
    return Bank(api)


def test_17_ten_threads_that_meet_an_expired_token_renew_it_once() -> None:
    """Each has the refusal of the old token in hand before any of them goes on."""
    together = Barrier(10, timeout=20)
    tokens = ["old"]

    def send(request: Request) -> Response:
        if request.url.endswith("/token"):
            tokens.append(f"{LOGIN}-{len(tokens)}")
            return Response(200, body=json.dumps({"access_token": tokens[-1]}).encode())
        if request.headers["Authorization"] == "Bearer old":
            together.wait()
            return Response(401)
        return Response(200, body=request.headers["Authorization"].encode())

    auth = TokenExchange()
    auth.token = "old"
    authenticator = Authenticator(auth, {"token": CANARY})
    with ThreadPoolExecutor(10) as threads:
        request = [Request(f"https://api.vendor.example/{number}") for number in range(10)]
        done = list(threads.map(lambda request: authenticator.send_signed(request, send)[1], request))
    assert {response.body for response in done} == {f"Bearer {LOGIN}-1".encode()}
    assert tokens == ["old", f"{LOGIN}-1"]


def test_17_the_streams_and_threads_of_a_connection_share_a_token(connect: Connect, bank: Bank) -> None:
    bank.pages = [Reply(body={"data": items(*range(1, 11))})]
    acme = connect(integration(TokenExchange()))
    acme.sync(ParentsStream)
    acme.sync(ChildrenStream)
    assert len(bank.paths) == 2 + 11  # a token for each sync, the parents, and the children of ten of them
    assert len(bank.given) == 2


def test_18_a_refused_token_is_renewed_once_and_the_request_tried_once_more(connect: Connect, bank: Bank) -> None:
    bank.pages = [Reply(body={"data": items(1), "next": "/items?page=2"}), Reply(body={"data": items(2)})]
    usual = bank.page

    def page(request: ReceivedRequest) -> Reply:
        bank.good.clear()  # Each token is good for one page.
        return usual(request)

    bank.page = page  # type: ignore[method-assign]
    acme = connect(integration(TokenExchange()))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]
    assert bank.paths == ["/token", "/items", "/items", "/token", "/items"]


def test_18_then_it_fails(connect: Connect, bank: Bank) -> None:
    bank.page = lambda request: Reply(401, {"message": "not you"})  # type: ignore[method-assign]
    with pytest.raises(SyncError, match="not you"):
        connect(integration(TokenExchange())).sync(ItemsStream)
    assert bank.paths == ["/token", "/items", "/token", "/items"]


def test_21_a_refused_login_is_not_tried_again_and_says_which_connection_and_request(
    connect: Connect, bank: Bank
) -> None:
    bank.login = Reply(400, {"error": "invalid_client", "error_description": f"no client {CANARY}"})
    with pytest.raises(SyncError) as caught:
        connect(integration(TokenExchange())).sync(ItemsStream)
    text = str(caught.value)
    assert "vendor/acme" in text
    assert f"POST {bank.api.url}/token: 400 Bad Request. The vendor says: no client ***" in text
    assert bank.paths == ["/token"]


def test_22_a_flow_is_begun_anew_for_each_attempt(connect: Connect, bank: Bank, clock: Clock) -> None:
    class Fresh(TokenExchange):
        def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
            token = yield from self.renew(request, config)
            yield request.with_header("Authorization", f"Bearer {token}")

    bank.pages = [Reply(503), Reply(429, headers={"Retry-After": "5"}), Reply(body={"data": items(1)})]
    acme = connect(integration(Fresh()))
    acme.sync(ItemsStream)
    assert bank.paths == ["/token", "/items"] * 3
    assert len(set(bank.given)) == 3


def test_22_a_login_that_can_not_be_answered_now_is_tried_again(connect: Connect, bank: Bank, clock: Clock) -> None:
    usual = bank.__call__
    busy = [Reply(503), Reply(429, headers={"Retry-After": "7"})]
    bank.api.handler = lambda request: busy.pop(0) if busy else usual(request)
    acme = connect(integration(TokenExchange()))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]
    assert bank.paths == ["/token", "/token", "/token", "/items"]
    assert clock.slept >= 7


def test_23_what_an_auth_asks_for_itself_goes_to_declared_hosts_alone(
    connect: Connect, bank: Bank, elsewhere: Vendor
) -> None:
    class Elsewhere(TokenExchange):
        path = f"{elsewhere.url}/token"

    with pytest.raises(SyncError, match=r"the auth leads from .* which is not declared; nothing was sent there"):
        connect(integration(Elsewhere())).sync(ItemsStream)
    assert elsewhere.requests == bank.api.requests == []


@pytest.mark.parametrize(
    "echo",
    [
        lambda told: Reply(403, {"message": f"{told} may not"}),
        lambda told: Reply(500, f"<html>{told}</html>".encode()),
        lambda told: Reply(200, f"<html>{told}</html>".encode()),
        lambda told: Reply(200, {"data": items(1), "next": f"https://evil.example/?session={told.split()[-1]}"}),
        lambda told: Reply(302, headers={"Location": f"https://evil.example/?session={told.split()[-1]}"}),
        lambda told: Reply(200, {"data": items(1)}, headers={"Sunset": f"Sat, 31 Oct 2026 {told}"}),
    ],
)
def test_24_a_token_that_was_fetched_is_in_no_log_error_or_report(
    connect: Connect, bank: Bank, caplog: pytest.LogCaptureFixture, echo: Callable[[str], Reply]
) -> None:
    caplog.set_level(logging.DEBUG)
    bank.page = lambda request: echo(request.headers["Authorization"])  # type: ignore[method-assign]
    said: object
    try:
        said = connect(integration(TokenExchange())).sync(ItemsStream)
    except SyncError as error:
        said = (str(error), error.report, error.__cause__, error.__context__)
    assert bank.given
    assert LOGIN not in repr(said)
    assert LOGIN not in caplog.text


def test_24_a_token_in_the_query_is_not_in_the_stored_address(connect: Connect, bank: Bank, lake: Lake) -> None:
    class InQuery(TokenExchange):
        def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
            token = self.token or (yield from self.renew(request, config))
            yield request.with_header("Authorization", f"Bearer {token}").with_param("session", token)

    bank.pages = [
        Reply(body={"data": items(1), "next": f"/items?page=2&session={LOGIN}-1"}),
        Reply(body={"data": items(2)}),
    ]
    connect(integration(InQuery())).sync(ItemsStream)
    rows = query(lake, "select * from raw.vendor_items").to_pylist()
    assert len(rows) == 2
    assert LOGIN not in repr(rows)
    assert [request.query.get("session") for request in bank.api.requests[1:]] == [[f"{LOGIN}-1"]] * 2


def test_a_token_is_never_another_connections(connect: Connect, bank: Bank) -> None:
    auth = TokenExchange()
    vendor = integration(auth)
    connect(vendor, id_="acme").sync(ItemsStream)
    connect(vendor, id_="other").sync(ItemsStream)
    assert [request.headers.get("Authorization") for request in bank.api.requests if request.path == "/items"] == [
        f"Bearer {LOGIN}-1",
        f"Bearer {LOGIN}-2",
    ]
    assert auth.token == ""


class Broken:
    """A flow that does what `do` does."""

    def __init__(self, do: Callable[[Request], Any]) -> None:
        self.do = do

    def flow(self, request: Request, config: Mapping[str, str]) -> Any:
        return self.do(request)


def endless(request: Request) -> Iterator[Request]:
    while True:
        yield request


@pytest.mark.parametrize(
    ("do", "problem"),
    [
        (lambda request: request, "Broken.flow must be a generator: `yield` the request with its credentials."),
        (lambda request: iter_of(), "Broken.flow yielded no request: yield the one that it was given."),
        (lambda request: iter_of("x"), "Broken.flow yielded a str: yield a Request."),
        (
            lambda request: iter_of(replace(request, url=urljoin(request.url, "/token"), method="POST")),
            "Broken.flow ended after a request of its own: yield the one that it was given as well.",
        ),
        (endless, "Broken.flow asks for more than 10 requests for one: let it end."),
        (lambda request: iter_of(request, fails=True), "Broken.flow raised ValueError (test_own_auth.py, line "),
    ],
)
def test_a_flow_that_goes_wrong_is_told_in_a_sentence(
    connect: Connect, bank: Bank, do: Callable[[Request], Any], problem: str
) -> None:
    bank.page = lambda request: Reply(200, {"data": []})  # type: ignore[method-assign]
    bank.good.add("")
    with pytest.raises(SyncError) as caught:
        connect(integration(Broken(do))).sync(ItemsStream)
    assert problem in str(caught.value)
    assert "Correct the integration's auth." in str(caught.value)


def iter_of(*requests: Any, fails: bool = False) -> Generator[Any, Response, None]:
    if fails:
        raise ValueError("no such key")
    for request in requests:
        _ = yield request
