"""How requests carry credentials."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

import pytest

from dazz_assets.http import ApiKey, Auth, Basic, BearerToken, CredentialError, Request, Response
from dazz_assets.http.auth.auth import auth_config_fields
from dazz_assets.http.client import Client
from tests.http.loopback import Reply, Vendor

Connect = Callable[..., Client]


def test_a_bearer_token_is_sent_in_the_authorization_header(vendor: Vendor, connect: Connect) -> None:
    connect(auth=BearerToken("{config.token}"), values={"token": "t0ken"}).send(Request(vendor.url))
    assert vendor.requests[0].headers["Authorization"] == "Bearer t0ken"


def test_an_api_key_is_sent_in_the_authorization_header_unless_another_is_given(
    vendor: Vendor, connect: Connect
) -> None:
    connect(auth=ApiKey(format="token {config.token}"), values={"token": "k"}).send(Request(vendor.url))
    connect(auth=ApiKey(header="X-Key", format="{config.key}"), values={"key": "k"}).send(Request(vendor.url))
    assert vendor.requests[0].headers["Authorization"] == "token k"
    assert vendor.requests[1].headers["X-Key"] == "k"
    assert "Authorization" not in vendor.requests[1].headers


def test_an_api_key_in_the_query_is_encoded_and_sent_once(vendor: Vendor, connect: Connect) -> None:
    client = connect(auth=ApiKey(param="key", format="{config.key}"), values={"key": "a/b&c"})
    client.send(Request(f"{vendor.url}/x?page=2&key=old", params={"limit": 10}))
    assert vendor.requests[0].pairs == [("page", "2"), ("limit", "10"), ("key", "a/b&c")]


def test_basic_sends_user_and_password_in_base64_of_utf_8(vendor: Vendor, connect: Connect) -> None:
    client = connect(
        auth=Basic("{config.email}", "{config.token}"), values={"email": "jo@acme.io", "token": "pässword"}
    )
    client.send(Request(vendor.url))
    scheme, _, pair = vendor.requests[0].headers["Authorization"].partition(" ")
    assert (scheme, b64decode(pair).decode()) == ("Basic", "jo@acme.io:pässword")


def test_credentials_are_computed_again_for_each_attempt(vendor: Vendor, connect: Connect) -> None:
    """Conformance 22."""

    class Counting:
        count = 0

        def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
            self.count += 1
            yield request.with_header("X-Attempt", str(self.count))

    vendor.script(Reply(503), Reply(503), Reply())
    connect(auth=Counting()).send(Request(vendor.url))
    assert [request.headers["X-Attempt"] for request in vendor.requests] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("auth", "fields"),
    [
        (BearerToken("{config.token}"), ["token"]),
        (ApiKey(format="id={config.id}, key={config.key}"), ["id", "key"]),
        (Basic("{config.user}/token", "{config.user}"), ["user"]),
        (BearerToken("fixed"), []),
    ],
)
def test_the_config_fields_in_templates_are_found_without_a_config(auth: Auth, fields: list[str]) -> None:
    assert auth_config_fields(auth) == fields


def test_an_error_names_the_field_without_a_value(vendor: Vendor, connect: Connect) -> None:
    with pytest.raises(CredentialError, match=r"vendor/acme.*'token', which has no value"):
        connect(auth=BearerToken("{config.token}")).send(Request(vendor.url))
    assert vendor.requests == []


@pytest.mark.parametrize("value", ["s3cret\n", " s3cret", "s3crét", "s3c\rret"])
def test_a_value_that_does_not_fit_in_a_header_is_refused_without_showing_it(
    vendor: Vendor, connect: Connect, value: str
) -> None:
    with pytest.raises(CredentialError, match="'token' holds what an HTTP header can't carry") as caught:
        connect(auth=BearerToken("{config.token}"), values={"token": value}).send(Request(vendor.url))
    assert "s3c" not in str(caught.value)


def test_a_key_goes_in_a_header_or_in_the_query_and_not_in_both() -> None:
    with pytest.raises(ValueError, match="not both"):
        ApiKey(header="X", param="key")


@dataclass(frozen=True, slots=True)
class Own:
    """An author's own auth, which finds the filled values in its fields."""

    value: str = "Key {config.token}"
    scopes: tuple[str, ...] = ("{config.scope}", "{time}")
    length: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", len(self.value))

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        request = request.with_header("X-Value", self.value).with_header("X-Scopes", " ".join(self.scopes))
        yield request.with_header("X-Length", str(self.length))


def test_the_templates_of_an_authors_own_auth_are_filled_for_each_connection(vendor: Vendor, connect: Connect) -> None:
    auth = Own()
    for token in ("t0ken", "other"):
        connect(auth=auth, values={"token": token, "scope": "read"}).send(Request(vendor.url))
    sent = [request.headers for request in vendor.requests]
    assert [headers["X-Value"] for headers in sent] == ["Key t0ken", "Key other"]
    assert {headers["X-Scopes"] for headers in sent} == {"read {time}"}
    assert {headers["X-Length"] for headers in sent} == {"9"}
    assert auth == Own()


def test_what_an_own_auth_keeps_in_its_fields_survives_from_flow_to_flow(vendor: Vendor, connect: Connect) -> None:
    @dataclass
    class Counting:
        key: str = "{config.token}"
        count: int = 0

        def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
            self.count += 1
            yield request.with_header("X-Attempt", f"{self.key} {self.count}")

    client = connect(auth=Counting(), values={"token": "k"})
    for _ in range(2):
        client.send(Request(vendor.url))
    assert [request.headers["X-Attempt"] for request in vendor.requests] == ["k 1", "k 2"]


def test_a_template_of_an_own_auth_that_has_no_value_is_refused(vendor: Vendor, connect: Connect) -> None:
    with pytest.raises(CredentialError, match="'scope', which has no value"):
        connect(auth=Own(), values={"token": "t0ken"}).send(Request(vendor.url))
    assert vendor.requests == []


def test_an_own_auth_that_refuses_its_filled_fields_is_told_as_such(vendor: Vendor, connect: Connect) -> None:
    @dataclass(frozen=True)
    class Picky(Own):
        def __post_init__(self) -> None:
            object.__setattr__(self, "length", 0)
            if "{" not in self.value:
                raise ValueError("no template")

    with pytest.raises(CredentialError, match="Picky can't be made with its templates filled: ValueError: no template"):
        connect(auth=Picky(), values={"token": "t0ken", "scope": "read"}).send(Request(vendor.url))
