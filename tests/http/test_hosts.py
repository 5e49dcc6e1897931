"""Requests, and with them secrets, go to declared hosts only (conformance 23)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace

import pytest
import responses

from dazz_assets.http import (
    ApiKey,
    BearerToken,
    NextLink,
    RedirectError,
    Request,
    Response,
    ResponseRules,
    UndeclaredHostError,
)
from dazz_assets.http.client import Client
from dazz_assets.http.paging.walk import walk
from tests.http.loopback import Reply, Vendor

Connect = Callable[..., Client]


def test_a_redirect_to_another_host_fails_and_nothing_is_sent_there(
    vendor: Vendor, other_host: Vendor, connect: Connect
) -> None:
    vendor.script(Reply(302, headers={"Location": f"{other_host.url}/steal"}))
    client = connect(auth=BearerToken("{config.token}"), values={"token": "s3cret"})
    with pytest.raises(UndeclaredHostError) as caught:
        client.send(Request(f"{vendor.url}/x"))
    assert other_host.requests == []
    assert vendor.url in str(caught.value)
    assert other_host.url in str(caught.value)
    assert "`hosts`" in str(caught.value)


def test_a_next_link_to_another_host_fails_and_nothing_is_sent_there(
    vendor: Vendor, other_host: Vendor, connect: Connect
) -> None:
    vendor.script(Reply(body={"data": [1], "next": f"{other_host.url}/more"}))
    client = connect(auth=ApiKey(param="key", format="{config.key}"), values={"key": "s3cret"})
    with pytest.raises(UndeclaredHostError):
        list(walk(client, Request(f"{vendor.url}/x"), paginator=NextLink("next"), rules=ResponseRules(records="data")))
    assert other_host.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/x",
        "https://api.example.com:8443/x",
        "https://api.example.com.evil.example/x",
        "https://evil.example/?https://api.example.com",
        "https://api.example.com@evil.example/x",
        "https://user@api.example.com/x",
        "https://evil.example\\@api.example.com/x",
        "ftp://api.example.com/x",
        "file:///etc/passwd",
    ],
)
def test_another_scheme_port_or_host_is_another_origin(url: str) -> None:
    client = Client("https://api.example.com/rest")
    with responses.RequestsMock() as mocked, pytest.raises(Exception, match=r"not declared|can't be sent"):
        client.send(Request(url))
    assert len(mocked.calls) == 0


@pytest.mark.parametrize(
    "url", ["https://API.example.com:443/x", "https://uploads.example.com/x", "https://eu.api:8443/"]
)
def test_the_origin_of_base_url_and_declared_hosts_are_allowed(url: str) -> None:
    client = Client("https://api.example.com/rest", hosts=("uploads.example.com", "https://eu.api:8443"))
    with responses.RequestsMock() as mocked:
        mocked.get(url, json=[])
        assert client.send(Request(url)).status == 200


@pytest.mark.parametrize("host", ["http://uploads.example.com", "me@uploads.example.com", "https://"])
def test_a_declared_host_must_be_on_https(host: str) -> None:
    with pytest.raises(ValueError, match="hosts"):
        Client("https://api.example.com", hosts=(host,))


@pytest.mark.parametrize("base_url", ["api.example.com", "ftp://api.example.com", "https://me:pw@api.example.com", ""])
def test_base_url_must_be_a_url_without_a_user_name(base_url: str) -> None:
    with pytest.raises(ValueError, match="base_url") as caught:
        Client(base_url)
    assert "pw" not in str(caught.value)


def test_a_redirect_within_the_host_is_followed_with_credentials(vendor: Vendor, connect: Connect) -> None:
    vendor.script(Reply(301, headers={"Location": "/repositories/7?page=2"}), Reply(body=[1]))
    client = connect(auth=BearerToken("{config.token}"), values={"token": "t"})
    page = client.send(Request(f"{vendor.url}/old", params={"page": 2}))
    assert page.body == b"[1]"
    assert vendor.requests[1].target == "/repositories/7?page=2"
    assert vendor.requests[1].headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("status", "method", "body"), [(303, "GET", b""), (302, "GET", b""), (307, "POST", b'{"q": 1}')]
)
def test_a_redirect_of_a_post_keeps_its_method_if_the_status_says_so(
    vendor: Vendor, client: Client, status: int, method: str, body: bytes
) -> None:
    vendor.script(Reply(status, headers={"Location": "/new"}), Reply())
    client.send(Request(f"{vendor.url}/old", method="POST", body={"q": 1}))
    assert (vendor.requests[1].method, vendor.requests[1].body) == (method, body)


def test_a_relative_redirect_is_resolved_against_the_one_before_it(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(303, headers={"Location": "/a/b"}), Reply(307, headers={"Location": "c"}), Reply())
    client.send(Request(f"{vendor.url}/old", method="POST", body={"q": 1}))
    assert [(request.method, request.target) for request in vendor.requests] == [
        ("POST", "/old"),
        ("GET", "/a/b"),
        ("GET", "/a/c"),
    ]


def test_an_auth_can_not_send_to_another_host(vendor: Vendor, other_host: Vendor, connect: Connect) -> None:
    class Elsewhere:
        def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
            yield replace(request, url=other_host.url)

    with pytest.raises(UndeclaredHostError):
        connect(auth=Elsewhere()).send(Request(vendor.url))
    assert other_host.requests == []


def test_endless_redirects_fail(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(302, headers={"Location": "/again"}))
    with pytest.raises(RedirectError, match="more than 5 redirects"):
        client.send(Request(f"{vendor.url}/x"))
    assert len(vendor.requests) == 6


def test_a_redirect_without_a_location_fails(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(302))
    with pytest.raises(RedirectError, match="without a Location header"):
        client.send(Request(f"{vendor.url}/x"))
