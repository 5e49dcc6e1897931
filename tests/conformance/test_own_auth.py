"""A custom auth that fetches a token: lines 17, 18, 21 to 24."""

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

from dazz_assets import Auth, Integration, NextLink, Request, Response
from dazz_assets.errors import SyncError
from dazz_assets.http.auth.authenticator import Authenticator
from dazz_assets.lake import Lake, query
from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import CANARY, CommonIntegration, ItemsStream, PartsStream, Token
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

LOGIN = "canary-session"
"""The start of each token that the vendor issues."""


class TokenExchange:
    """Exchanges the key for a token and keeps it until it is refused."""

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


class ConcurrentIntegration(CommonIntegration):
    records = "data"
    paginator = NextLink("next")
    concurrency = 10
    streams = (ItemsStream, PartsStream)


def integration(auth: Auth) -> type[Integration[Token]]:
    return declare("VendorIntegration", ConcurrentIntegration, auth=auth)


class TokenServer:
    """Issues tokens at `/token`, and serves pages to requests with a valid one."""

    def __init__(self, api: Vendor) -> None:
        self.issued: list[str] = []
        self.valid: set[str] = set()
        self.login = Reply()
        self.pages = [Reply(body={"data": items(1)})]
        self.api = api
        api.handler = self

    def __call__(self, request: ReceivedRequest) -> Reply:
        if request.path == "/token":
            if self.login.status != 200:
                return self.login
            self.issued.append(f"{LOGIN}-{len(self.issued) + 1}")
            self.valid.add(self.issued[-1])
            return Reply(body={"access_token": self.issued[-1]})
        header = request.headers.get("Authorization", "")
        if header.removeprefix("Bearer ") not in self.valid:
            return Reply(401, {"message": f"{header} is not a token"})
        return self.page(request)

    def page(self, request: ReceivedRequest) -> Reply:
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.api.requests]


@pytest.fixture
def server(api: Vendor) -> TokenServer:
    return TokenServer(api)


def test_17_ten_threads_that_meet_an_expired_token_renew_it_once() -> None:
    """Each thread has received the refusal of the old token before any of them continues."""
    barrier = Barrier(10, timeout=20)
    tokens = ["old"]

    def send(request: Request) -> Response:
        if request.url.endswith("/token"):
            tokens.append(f"{LOGIN}-{len(tokens)}")
            return Response(200, body=json.dumps({"access_token": tokens[-1]}).encode())
        if request.headers["Authorization"] == "Bearer old":
            barrier.wait()
            return Response(401)
        return Response(200, body=request.headers["Authorization"].encode())

    auth = TokenExchange()
    auth.token = "old"
    authenticator = Authenticator(auth, {"token": CANARY})
    with ThreadPoolExecutor(10) as threads:
        requests = [Request(f"https://api.vendor.example/{number}") for number in range(10)]
        received = list(threads.map(lambda request: authenticator.send_signed(request, send)[1], requests))
    assert {response.body for response in received} == {f"Bearer {LOGIN}-1".encode()}
    assert tokens == ["old", f"{LOGIN}-1"]


def test_17_the_streams_and_threads_of_a_connection_share_a_token(connect: Connect, server: TokenServer) -> None:
    server.pages = [Reply(body={"data": items(*range(1, 11))})]
    acme = connect(integration(TokenExchange()))
    acme.sync(ItemsStream)
    acme.sync(PartsStream)
    assert len(server.paths) == 2 + 11  # a token for each sync, the items, and the parts of ten of them
    assert len(server.issued) == 2


def test_18_a_refused_token_is_renewed_once_and_the_request_repeated_once(
    connect: Connect, server: TokenServer
) -> None:
    server.pages = [Reply(body={"data": items(1), "next": "/items?page=2"}), Reply(body={"data": items(2)})]
    serve_page = server.page

    def page(request: ReceivedRequest) -> Reply:
        server.valid.clear()  # Each token is valid for one page.
        return serve_page(request)

    server.page = page  # type: ignore[method-assign]
    acme = connect(integration(TokenExchange()))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]
    assert server.paths == ["/token", "/items", "/items", "/token", "/items"]


def test_18_a_second_refusal_fails(connect: Connect, server: TokenServer) -> None:
    server.page = lambda request: Reply(401, {"message": "not you"})  # type: ignore[method-assign]
    with pytest.raises(SyncError, match="not you"):
        connect(integration(TokenExchange())).sync(ItemsStream)
    assert server.paths == ["/token", "/items", "/token", "/items"]


def test_21_a_refused_login_is_not_retried_and_names_the_connection_and_request(
    connect: Connect, server: TokenServer
) -> None:
    server.login = Reply(400, {"error": "invalid_client", "error_description": f"no client {CANARY}"})
    with pytest.raises(SyncError) as caught:
        connect(integration(TokenExchange())).sync(ItemsStream)
    text = str(caught.value)
    assert "vendor/acme" in text
    assert f"POST {server.api.url}/token: 400 Bad Request. The vendor says: no client ***" in text
    assert server.paths == ["/token"]


def test_21_what_a_stream_accepts_is_not_accepted_of_a_refused_login(connect: Connect, server: TokenServer) -> None:
    class Careless(TokenExchange):
        def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
            response = yield Request(urljoin(request.url, self.path), "POST", body={})
            if response.status == 200:
                yield request

    server.login = Reply(404, {"message": "no such login"})
    with pytest.raises(SyncError, match="no such login"):
        connect(declare("VendorIntegration", ConcurrentIntegration, auth=Careless(), accept={404: "skip"})).sync(
            ItemsStream
        )


def test_22_each_attempt_starts_a_new_flow(connect: Connect, server: TokenServer, clock: Clock) -> None:
    class TokenPerRequest(TokenExchange):
        def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
            token = yield from self.renew(request, config)
            yield request.with_header("Authorization", f"Bearer {token}")

    server.pages = [Reply(503), Reply(429, headers={"Retry-After": "5"}), Reply(body={"data": items(1)})]
    acme = connect(integration(TokenPerRequest()))
    acme.sync(ItemsStream)
    assert server.paths == ["/token", "/items"] * 3
    assert len(set(server.issued)) == 3


def test_22_a_transient_failure_of_the_login_is_retried(connect: Connect, server: TokenServer, clock: Clock) -> None:
    respond = server.__call__
    busy = [Reply(503), Reply(429, headers={"Retry-After": "7"})]
    server.api.handler = lambda request: busy.pop(0) if busy else respond(request)
    acme = connect(integration(TokenExchange()))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]
    assert server.paths == ["/token", "/token", "/token", "/items"]
    assert clock.slept >= 7


def test_23_an_auths_own_requests_go_to_declared_hosts_only(
    connect: Connect, server: TokenServer, elsewhere: Vendor
) -> None:
    class Elsewhere(TokenExchange):
        path = f"{elsewhere.url}/token"

    with pytest.raises(SyncError, match=r"the auth leads from .* which is not declared; nothing was sent there"):
        connect(integration(Elsewhere())).sync(ItemsStream)
    assert elsewhere.requests == server.api.requests == []


@pytest.mark.parametrize(
    "echo",
    [
        lambda header: Reply(403, {"message": f"{header} may not"}),
        lambda header: Reply(500, f"<html>{header}</html>".encode()),
        lambda header: Reply(200, f"<html>{header}</html>".encode()),
        lambda header: Reply(200, {"data": items(1), "next": f"https://evil.example/?session={header.split()[-1]}"}),
        lambda header: Reply(302, headers={"Location": f"https://evil.example/?session={header.split()[-1]}"}),
        lambda header: Reply(200, {"data": items(1)}, headers={"Sunset": f"Sat, 31 Oct 2026 {header}"}),
    ],
)
def test_24_a_fetched_token_is_in_no_log_error_or_report(
    connect: Connect, server: TokenServer, caplog: pytest.LogCaptureFixture, echo: Callable[[str], Reply]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.page = lambda request: echo(request.headers["Authorization"])  # type: ignore[method-assign]
    result: object
    try:
        result = connect(integration(TokenExchange())).sync(ItemsStream)
    except SyncError as error:
        result = (str(error), error.report, error.__cause__, error.__context__)
    assert server.issued
    assert LOGIN not in repr(result)
    assert LOGIN not in caplog.text


def test_24_a_token_in_the_query_is_not_in_the_stored_address(
    connect: Connect, server: TokenServer, lake: Lake
) -> None:
    class InQuery(TokenExchange):
        def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
            token = self.token or (yield from self.renew(request, config))
            yield request.with_header("Authorization", f"Bearer {token}").with_param("session", token)

    server.pages = [
        Reply(body={"data": items(1), "next": f"/items?page=2&session={LOGIN}-1"}),
        Reply(body={"data": items(2)}),
    ]
    connect(integration(InQuery())).sync(ItemsStream)
    rows = query(lake, "select * from raw.vendor_items").to_pylist()
    assert len(rows) == 2
    assert LOGIN not in repr(rows)
    assert [request.query.get("session") for request in server.api.requests[1:]] == [[f"{LOGIN}-1"]] * 2


def test_two_connections_never_share_a_token(connect: Connect, server: TokenServer) -> None:
    auth = TokenExchange()
    vendor = integration(auth)
    connect(vendor, id_="acme").sync(ItemsStream)
    connect(vendor, id_="other").sync(ItemsStream)
    assert [request.headers.get("Authorization") for request in server.api.requests if request.path == "/items"] == [
        f"Bearer {LOGIN}-1",
        f"Bearer {LOGIN}-2",
    ]
    assert auth.token == ""


class Broken:
    """An auth whose flow returns what a function returns."""

    def __init__(self, function: Callable[[Request], Any]) -> None:
        self.function = function

    def flow(self, request: Request, config: Mapping[str, str]) -> Any:
        return self.function(request)


def endless(request: Request) -> Iterator[Request]:
    while True:
        yield request


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (lambda request: request, "Broken.flow must be a generator: `yield` the request with its credentials."),
        (lambda request: yield_all(), "Broken.flow yielded no request: yield the one that it was given."),
        (lambda request: yield_all("x"), "Broken.flow yielded a str: yield a Request."),
        (
            lambda request: yield_all(replace(request, url=urljoin(request.url, "/token"), method="POST")),
            "Broken.flow ended after a request of its own: also yield the one that it was given.",
        ),
        (endless, "Broken.flow yielded more than 10 requests for one: make it end."),
        (lambda request: yield_all(request, fails=True), "Broken.flow raised ValueError (test_own_auth.py, line "),
    ],
)
def test_an_error_explains_what_is_wrong_with_a_flow(
    connect: Connect, server: TokenServer, function: Callable[[Request], Any], problem: str
) -> None:
    server.page = lambda request: Reply(200, {"data": []})  # type: ignore[method-assign]
    server.valid.add("")
    with pytest.raises(SyncError) as caught:
        connect(integration(Broken(function))).sync(ItemsStream)
    assert problem in str(caught.value)
    assert "Correct the integration's auth." in str(caught.value)


def yield_all(*requests: Any, fails: bool = False) -> Generator[Any, Response, None]:
    if fails:
        raise ValueError("no such key")
    for request in requests:
        _ = yield request
