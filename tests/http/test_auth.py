"""How requests carry credentials."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Generator, Mapping

import pytest

from dazz_assets.http import ApiKey, Auth, Basic, BearerToken, Client, CredentialError, Request, Response
from dazz_assets.http.auth import auth_config_fields
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
