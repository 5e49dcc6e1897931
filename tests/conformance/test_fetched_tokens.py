"""The library's auths that fetch tokens: lines 17, 18 and 20 to 24. Line 19 is in test_rotating_tokens.py."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Lock
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from dazz_assets import (
    Auth,
    ClientCredentials,
    ConnectionConfig,
    Integration,
    JwtGrant,
    NextLink,
    RefreshToken,
    Request,
    Response,
    SignedJwt,
    TokenExchange,
)
from dazz_assets.errors import SyncError
from dazz_assets.http.auth.authenticator import Authenticator
from dazz_assets.lake import Lake, query
from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import ItemsStream, PartsStream
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor
from tests.http.token_issuer import (
    CANARY,
    CLIENT_ID,
    CLIENT_SECRET,
    FIRST_REFRESH_TOKEN,
    PRIVATE_KEY,
    TokenIssuer,
)

JWT = SignedJwt("{config.private_key}", claims={"iss": "{config.client_id}"})
AUTHS: dict[str, Auth] = {
    "client credentials": ClientCredentials(token_url="/oauth/token", scope="read"),
    "client credentials in a header": ClientCredentials(token_url="/oauth/token", send="basic"),
    "a refresh token": RefreshToken(token_url="/oauth/token"),
    "a grant for a JWT": JwtGrant(JWT, token_url="/oauth/token", scope="read"),
    "an exchange": TokenExchange(JWT, url="/app/installations/{config.client_id}/access_tokens"),
}
each_auth = pytest.mark.parametrize("auth", AUTHS.values(), ids=AUTHS.keys())


class Config(ConnectionConfig):
    token: SecretStr
    client_id: str = CLIENT_ID
    client_secret: SecretStr = SecretStr(CLIENT_SECRET)
    refresh_token: SecretStr = SecretStr(FIRST_REFRESH_TOKEN)
    private_key: SecretStr = SecretStr(PRIVATE_KEY)


CONFIG = {
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "refresh_token": FIRST_REFRESH_TOKEN,
    "private_key": PRIVATE_KEY,
}


class TokenIntegration(Integration[Config]):
    name = "vendor"
    base_url = "https://api.vendor.example"
    primary_key = "id"
    records = "data"
    paginator = NextLink("next")
    concurrency = 10
    streams = (ItemsStream, PartsStream)


def integration(auth: Auth, **settings: Any) -> type[Integration[Config]]:
    return declare("VendorIntegration", TokenIntegration, auth=auth, **settings)


@pytest.fixture
def issuer(api: Vendor) -> TokenIssuer:
    return TokenIssuer(api)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAZZ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


class Doors:
    """Takes the token that was issued last, and refuses others. With a barrier, only when all threads have come."""

    def __init__(self, barrier: Barrier | None = None) -> None:
        self.issued = 0
        self.valid = ""
        self._barrier = barrier
        self._lock = Lock()

    def send(self, request: Request) -> Response:
        if request.method == "POST":
            with self._lock:
                self.issued += 1
                self.valid = f"{CANARY}access-{self.issued}"
                answer = f'{{"access_token": "{self.valid}", "token": "{self.valid}"}}'
            return Response(200, body=answer.encode())
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if token == self.valid:
            return Response(200, body=token.encode())
        if self._barrier is not None:
            self._barrier.wait()
        return Response(401)


def send_all(authenticator: Authenticator, doors: Doors, count: int) -> list[Response]:
    requests = [Request(f"https://api.vendor.example/{number}") for number in range(count)]
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(lambda request: authenticator.send_signed(request, doors.send)[1], requests))


def connected(auth: Auth) -> Authenticator:
    """The auth of a connection whose addresses are whole, so that it needs no base URL."""
    whole = {"token_url": "https://auth.vendor.example/oauth/token", "url": "https://api.vendor.example/app"}
    changed = {name: address for name, address in whole.items() if hasattr(auth, name)}
    return Authenticator(type(auth)(**{**arguments(auth), **changed}), CONFIG)


def arguments(auth: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(auth).items() if not name.startswith("_")}


@each_auth
def test_17_ten_threads_that_meet_an_expired_token_fetch_one(auth: Auth) -> None:
    """Each thread has received the refusal of the old token before any of them goes on."""
    authenticator, doors = connected(auth), Doors(Barrier(10, timeout=20))
    send_all(authenticator, doors, 1)
    doors.valid = ""
    assert {response.body for response in send_all(authenticator, doors, 10)} == {f"{CANARY}access-2".encode()}
    assert doors.issued == 2


@each_auth
def test_17_ten_threads_without_a_token_fetch_one(auth: Auth) -> None:
    authenticator, doors = connected(auth), Doors()
    assert {response.status for response in send_all(authenticator, doors, 10)} == {200}
    assert doors.issued == 1


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 10), st.booleans()), min_size=1, max_size=8))
def test_17_as_many_tokens_are_fetched_as_ended(rounds: list[tuple[int, bool]]) -> None:
    """rounds: how many threads send a request, and whether the token ends before they do."""
    authenticator, doors, ended = connected(AUTHS["client credentials"]), Doors(), 0
    for count, ends in rounds:
        if ends:
            doors.valid, ended = "", ended + bool(doors.valid)
        assert {response.status for response in send_all(authenticator, doors, count)} == {200}
    assert doors.issued == 1 + ended


@each_auth
def test_17_the_requests_of_a_sync_share_a_token(connect: Connect, issuer: TokenIssuer, auth: Auth) -> None:
    def page(request: ReceivedRequest) -> Reply:
        if request.path == "/items":
            issuer.revoke_all()  # All requests for parts meet it at once.
            return Reply(body={"data": items(*range(1, 11))})
        return Reply(body={"data": items(1)})

    issuer.page = page
    acme = connect(integration(auth))
    acme.sync(ItemsStream)
    acme.sync(PartsStream)
    assert acme.column("select count(*) from raw.vendor_parts") == [10]
    assert issuer.asked_for_tokens == 2


@each_auth
def test_18_a_refused_token_is_replaced_once_and_the_request_repeated_once(
    connect: Connect, issuer: TokenIssuer, auth: Auth
) -> None:
    pages = [Reply(body={"data": items(1), "next": "/items?page=2"}), Reply(body={"data": items(2)})]

    def page(request: ReceivedRequest) -> Reply:
        issuer.revoke_all()
        return pages.pop(0)

    issuer.page = page
    acme = connect(integration(auth))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]
    assert issuer.paths == ["token", "/items", "/items", "token", "/items"]


@each_auth
def test_18_a_second_refusal_fails(connect: Connect, issuer: TokenIssuer, auth: Auth) -> None:
    issuer.page = lambda request: Reply(401, {"message": "not you"})
    with pytest.raises(SyncError, match="not you"):
        connect(integration(auth)).sync(ItemsStream)
    assert issuer.paths == ["token", "/items", "token", "/items"]


@each_auth
def test_20_a_token_is_replaced_before_it_ends(connect: Connect, issuer: TokenIssuer, clock: Clock, auth: Auth) -> None:
    """Its last minute is not used: it could end on the way."""
    pages = [Reply(body={"data": items(1), "next": "/items?page=2"}), Reply(body={"data": items(2)})]

    def page(request: ReceivedRequest) -> Reply:
        clock.now += 541
        return pages.pop(0)

    issuer.page, issuer.lifetime = page, 600
    acme = connect(integration(auth))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]
    assert issuer.paths == ["token", "/items", "token", "/items"]


@pytest.mark.parametrize(
    ("lifetime", "passed", "tokens"),
    [(30, 14, 1), (30, 15, 2), ("600", 539, 1), ("600", 541, 2), (None, 80_000, 1), (0, 60, 1)],
    ids=["half of a short life", "more than half", "a text", "a text, at its end", "no end is named", "no life"],
)
def test_20_what_the_vendor_says_of_its_end_decides(
    connect: Connect, issuer: TokenIssuer, clock: Clock, lifetime: int | str | None, passed: int, tokens: int
) -> None:
    pages = [Reply(body={"data": items(1), "next": "/items?page=2"}), Reply(body={"data": items(2)})]

    def page(request: ReceivedRequest) -> Reply:
        clock.now += passed
        return pages.pop(0)

    issuer.page, issuer.lifetime = page, lifetime
    connect(integration(AUTHS["client credentials"])).sync(ItemsStream)
    assert issuer.asked_for_tokens == tokens


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    "write",
    [iso, lambda seconds: iso(seconds).removesuffix("Z"), int, lambda seconds: int(seconds * 1000), str],
    ids=["ISO 8601", "without a zone", "epoch", "milliseconds", "a text of seconds"],
)
@pytest.mark.parametrize(("passed", "tokens"), [(539, 1), (541, 2)])
def test_20_an_exchange_says_when_its_token_ends(
    connect: Connect, issuer: TokenIssuer, clock: Clock, write: Callable[[float], Any], passed: int, tokens: int
) -> None:
    pages = [Reply(body={"data": items(1), "next": "/items?page=2"}), Reply(body={"data": items(2)})]

    def page(request: ReceivedRequest) -> Reply:
        clock.now += passed
        return pages.pop(0)

    issuer.page, issuer.lifetime = page, write(clock.now + 600)
    connect(integration(AUTHS["an exchange"])).sync(ItemsStream)
    assert issuer.asked_for_tokens == tokens


@each_auth
def test_21_a_refused_request_for_a_token_is_not_retried_and_names_the_connection(
    connect: Connect, issuer: TokenIssuer, auth: Auth
) -> None:
    issuer.refusal = Reply(400, {"error": "invalid_scope", "error_description": f"no scope for {CLIENT_SECRET}"})
    with pytest.raises(SyncError) as caught:
        connect(integration(auth)).sync(ItemsStream)
    text = str(caught.value)
    assert "vendor/acme" in text
    assert f"POST {issuer.api.url}/" in text
    assert "400 Bad Request. The vendor says: no scope for ***; invalid_scope" in text
    assert "config.client_secret" in text or "config.private_key" in text
    assert issuer.paths == ["token"]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(200, {"error": "bad_code", "error_description": "wrong"}), "The vendor says: wrong; bad_code"),
        (Reply(200, {"accessToken": f"{CANARY}x"}), "no token at `access_token`: its fields are accessToken"),
        (Reply(200, b"<html>"), "200, but the answer is not JSON"),
        (Reply(200, {"access_token": "a\nb"}), "holds what an HTTP header can't carry"),
        (Reply(200, {"access_token": "abc", "expires_in": "soon"}), "says when the token ends in a form that is not"),
        (Reply(302, headers={"Location": "/login"}), "302 Found"),
    ],
)
def test_21_an_answer_without_a_token_says_what_it_is(
    connect: Connect, issuer: TokenIssuer, reply: Reply, said: str
) -> None:
    issuer.refusal = reply
    with pytest.raises(SyncError) as caught:
        connect(integration(AUTHS["client credentials"])).sync(ItemsStream)
    assert said in str(caught.value)
    assert CANARY not in str(caught.value)
    assert issuer.paths == ["token"]


def test_21_what_a_stream_accepts_is_not_accepted_of_a_request_for_a_token(
    connect: Connect, issuer: TokenIssuer
) -> None:
    issuer.refusal = Reply(404, {"message": "no such client"})
    with pytest.raises(SyncError, match="no such client"):
        connect(integration(AUTHS["client credentials"], accept={404: "skip"})).sync(ItemsStream)


@each_auth
def test_22_each_attempt_carries_a_token_that_is_valid_then(
    connect: Connect, issuer: TokenIssuer, clock: Clock, auth: Auth
) -> None:
    replies = [Reply(503), Reply(429, headers={"Retry-After": "590"}), Reply(body={"data": items(1)})]
    issuer.page, issuer.lifetime = lambda request: replies.pop(0), 600
    acme = connect(integration(auth))
    acme.sync(ItemsStream)
    assert issuer.paths == ["token", "/items", "/items", "token", "/items"]
    assert acme.ids(ItemsStream) == [1]


@each_auth
def test_22_a_request_for_a_token_is_repeated_where_that_may_help(
    connect: Connect, issuer: TokenIssuer, clock: Clock, auth: Auth
) -> None:
    refusals = [Reply(503), Reply(429, headers={"Retry-After": "7"})]

    def next_refusal() -> None:
        issuer.refusal = refusals.pop(0) if refusals else None

    next_refusal()
    issuer.on_token = next_refusal
    acme = connect(integration(auth))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]
    assert issuer.paths == ["token", "token", "token", "/items"]
    assert clock.slept >= 7


def test_22_an_endpoint_that_is_not_there_is_named(connect: Connect, issuer: TokenIssuer, clock: Clock) -> None:
    auth = ClientCredentials(token_url="http://127.0.0.1:9/oauth/token")
    with pytest.raises(SyncError, match=r"vendor/acme, stream items: POST http://127\.0\.0\.1:9/oauth/token: no conn"):
        connect(integration(auth)).sync(ItemsStream)
    assert issuer.paths == []


@each_auth
def test_23_an_address_for_tokens_needs_no_further_declaration(
    connect: Connect, api: Vendor, elsewhere: Vendor, auth: Auth
) -> None:
    issuer = TokenIssuer(api, elsewhere)
    name = "url" if hasattr(auth, "url") else "token_url"
    path = getattr(auth, name)
    acme = connect(integration(type(auth)(**{**arguments(auth), name: elsewhere.url + path})))
    acme.sync(ItemsStream)
    assert issuer.paths == ["/items"]
    assert [urlsplit(request.target).path.split("/")[-1] for request in elsewhere.requests] == [path.split("/")[-1]]


def test_23_the_token_does_not_go_where_it_was_issued(connect: Connect, api: Vendor, elsewhere: Vendor) -> None:
    issuer = TokenIssuer(api, elsewhere)
    issuer.page = lambda request: Reply(body={"data": items(1), "next": f"{elsewhere.url}/items?page=2"})
    auth = ClientCredentials(token_url=f"{elsewhere.url}/oauth/token")
    with pytest.raises(SyncError, match="which is not declared; nothing was sent there"):
        connect(integration(auth)).sync(ItemsStream)
    assert [request.path for request in elsewhere.requests] == ["/oauth/token"]


@each_auth
@pytest.mark.parametrize(
    "echo",
    [
        lambda request: Reply(403, {"message": f"{request.headers['Authorization']} may not"}),
        lambda request: Reply(500, f"<html>{request.headers['Authorization']}</html>".encode()),
        lambda request: Reply(401, {"message": f"{request.headers['Authorization']} is no token"}),
    ],
)
def test_24_what_was_fetched_is_in_no_log_error_or_report(
    connect: Connect,
    issuer: TokenIssuer,
    caplog: pytest.LogCaptureFixture,
    auth: Auth,
    echo: Callable[[ReceivedRequest], Reply],
) -> None:
    caplog.set_level(logging.DEBUG)
    issuer.page = echo
    with pytest.raises(SyncError) as caught:
        connect(integration(auth)).sync(ItemsStream)
    error = caught.value
    assert issuer.issued
    assert CANARY not in repr((str(error), error.report, error.__cause__, error.__context__))
    assert CANARY not in caplog.text


@each_auth
def test_24_what_buys_a_token_is_in_no_error(connect: Connect, issuer: TokenIssuer, auth: Auth) -> None:
    seen = list[str]()

    def echo() -> None:
        asked = issuer.api.requests[-1]
        sent = f"{asked.body.decode()} {asked.headers.get('Authorization')}"
        seen.append(sent)
        issuer.refusal = Reply(400, {"message": f"{sent} is wrong"})

    issuer.on_token, issuer.lifetime = echo, 1  # The first one is granted, the second refused.
    issuer.page = lambda request: Reply(401)
    with pytest.raises(SyncError) as caught:
        connect(integration(auth)).sync(ItemsStream)
    assert CANARY not in str(caught.value)
    words = {word for sent in seen for word in sent.replace("&", " ").replace("=", " ").split() if len(word) > 60}
    assert not [word for word in words if word in str(caught.value)]


@each_auth
def test_24_no_token_is_in_the_lake(connect: Connect, issuer: TokenIssuer, lake: Lake, auth: Auth) -> None:
    acme = connect(integration(auth))
    acme.sync(ItemsStream)
    rows = query(lake, "select * from raw.vendor_items").to_pylist()
    assert len(rows) == 1
    assert CANARY not in repr(rows)


def test_a_form_holds_scope_and_parameters(connect: Connect, issuer: TokenIssuer) -> None:
    auth = ClientCredentials(
        token_url="/oauth/token", scope="read write", params={"audience": "https://{config.client_id}/"}
    )
    connect(integration(auth)).sync(ItemsStream)
    assert issuer.forms == [
        {
            "grant_type": "client_credentials",
            "scope": "read write",
            "audience": f"https://{CLIENT_ID}/",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }
    ]


def test_a_token_is_sent_as_the_vendor_wants_it(connect: Connect, issuer: TokenIssuer) -> None:
    issuer.valid.add("none")
    auth = ClientCredentials(token_url="/oauth/token", header="X-Session", format="token {token}")
    with pytest.raises(SyncError):
        connect(integration(auth)).sync(ItemsStream)
    assert issuer.api.requests[-1].headers["X-Session"] == f"token {issuer.issued[-1]}"
    assert "Authorization" not in issuer.api.requests[-1].headers


def test_a_jwt_by_itself_is_sent_until_it_is_about_to_end(connect: Connect, issuer: TokenIssuer, clock: Clock) -> None:
    left = list(range(1, 5))

    def page(request: ReceivedRequest) -> Reply:
        clock.now += 200
        number = left.pop(0)
        return Reply(body={"data": items(number), "next": f"/items?page={number}" if left else None})

    began, issuer.page = int(clock.now), page
    connect(integration(JWT)).sync(ItemsStream)
    # Nine minutes from `iat`, of which the last is not used.
    assert [claims["iat"] - began for claims in issuer.jwts] == [-30, -30, -30, 570]
    assert {claims["exp"] - claims["iat"] for claims in issuer.jwts} == {540}
    assert {claims["iss"] for claims in issuer.jwts} == {CLIENT_ID}


def test_a_jwt_names_the_address_and_the_scope_that_it_is_for(connect: Connect, issuer: TokenIssuer) -> None:
    connect(integration(AUTHS["a grant for a JWT"])).sync(ItemsStream)
    assert [(claims["aud"], claims["scope"]) for claims in issuer.jwts] == [
        (f"{issuer.api.url}/oauth/token", "read"),
    ]
    own = SignedJwt("{config.private_key}", claims={"iss": "x"}, audience="https://{config.client_id}/")
    connect(integration(JwtGrant(own, token_url="/oauth/token"))).sync(ItemsStream)
    assert issuer.jwts[-1]["aud"] == f"https://{CLIENT_ID}/"
    assert "scope" not in issuer.jwts[-1]


def test_a_key_on_one_line_is_read_as_environment_variables_have_it(connect: Connect, issuer: TokenIssuer) -> None:
    class OneLine(Config):
        private_key: SecretStr = SecretStr(PRIVATE_KEY.replace("\n", "\\n"))

    one_line = declare("VendorIntegration", Integration[OneLine], **vars_of(TokenIntegration), auth=JWT)
    connect(one_line).sync(ItemsStream)
    assert len(issuer.jwts) == 1


def test_a_key_that_cannot_sign_is_named_and_not_shown(connect: Connect, issuer: TokenIssuer) -> None:
    class NoKey(Config):
        private_key: SecretStr = SecretStr(CANARY + "no-key")

    wrong = declare("VendorIntegration", Integration[NoKey], **vars_of(TokenIntegration), auth=JWT)
    with pytest.raises(SyncError, match=r"\{config.private_key\} is no private key that RS256 signs with") as caught:
        connect(wrong).sync(ItemsStream)
    assert CANARY not in str(caught.value)
    assert issuer.paths == []


def vars_of(integration: type[Integration[Any]]) -> dict[str, Any]:
    return {name: value for name, value in vars(integration).items() if not name.startswith("__")}


def test_each_of_several_secrets_has_a_token_of_its_own(connect: Connect, issuer: TokenIssuer) -> None:
    class Several(Config):
        secrets: tuple[SecretStr, ...] = (SecretStr(CLIENT_SECRET), SecretStr(CLIENT_SECRET))

    auth = ClientCredentials(token_url="/oauth/token", client_secret="{config.secrets}")
    several = declare("VendorIntegration", Integration[Several], **vars_of(TokenIntegration), auth=auth)
    issuer.page = lambda request: Reply(
        body={"data": items(len(issuer.paths)), "next": f"/items?page={len(issuer.paths)}"}
        if len(issuer.paths) < 6
        else {"data": []},
        headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"},
    )
    connect(several).sync(ItemsStream)
    used = {request.headers.get("Authorization") for request in issuer.api.requests if request.path == "/items"}
    assert used == {f"Bearer {CANARY}access-1", f"Bearer {CANARY}access-2"}
