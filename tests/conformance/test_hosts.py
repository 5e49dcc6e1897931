"""Secrets go to the hosts that the integration declares and to no others (line 23)."""

from __future__ import annotations

import pytest

from dazz_assets import ApiKey, Basic, BearerToken, Integration, LinkHeader, NextLink, Stream
from dazz_assets.errors import SyncError
from dazz_assets.http import Auth, Paginator
from tests.conformance.conftest import Connect
from tests.conformance.connected import items
from tests.conformance.integrations import CANARY, CommonIntegration, Item, ItemsStream, Token
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class PartsStream(Stream[Item]):
    parent = ItemsStream
    path = "/{parent.id}/parts"


AUTHS: dict[str, Auth] = {
    "a header": BearerToken("{config.token}"),
    "a custom header": ApiKey(header="X-Api-Key"),
    "a query": ApiKey(param="key"),
    "a user and password": Basic("{config.token}", "{config.token}"),
}


class ItemsIntegration(CommonIntegration):
    records = "data"
    streams = (ItemsStream, PartsStream)


def integration(auth: Auth, paginator: Paginator, hosts: tuple[str, ...] = ()) -> type[Integration[Token]]:
    return declare("VendorIntegration", ItemsIntegration, auth=auth, paginator=paginator, hosts=hosts)


each_auth = pytest.mark.parametrize("auth", AUTHS.values(), ids=AUTHS.keys())


@each_auth
def test_23_a_next_link_to_another_host_is_not_followed(
    connect: Connect, api: Vendor, elsewhere: Vendor, auth: Auth
) -> None:
    api.script(Reply(body={"data": items(1), "next": f"{elsewhere.url}/items"}))
    with pytest.raises(SyncError, match=r"not declared; nothing was sent there.*`hosts`"):
        connect(integration(auth, NextLink("next"))).sync(ItemsStream)
    assert elsewhere.requests == []


@each_auth
def test_23_a_link_header_to_another_host_is_not_followed(
    connect: Connect, api: Vendor, elsewhere: Vendor, auth: Auth
) -> None:
    link = {"Link": f'<{elsewhere.url}/items>; rel="next"'}
    api.script(Reply(body={"data": items(1)}, headers=link))
    with pytest.raises(SyncError, match="not declared"):
        connect(integration(auth, LinkHeader())).sync(ItemsStream)
    assert elsewhere.requests == []


@each_auth
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_23_a_redirect_to_another_host_is_not_followed(
    connect: Connect, api: Vendor, elsewhere: Vendor, auth: Auth, status: int
) -> None:
    api.script(Reply(status, headers={"Location": f"{elsewhere.url}/items"}))
    with pytest.raises(SyncError, match="not declared"):
        connect(integration(auth, NextLink("next"))).sync(ItemsStream)
    assert elsewhere.requests == []


def test_23_a_declared_host_is_declared_for_https_only(connect: Connect, api: Vendor, elsewhere: Vendor) -> None:
    host = elsewhere.url.removeprefix("http://")
    api.script(Reply(body={"data": items(1), "next": f"http://{host}/items"}))
    with pytest.raises(SyncError, match="not declared"):
        connect(integration(AUTHS["a header"], NextLink("next"), (host,))).sync(ItemsStream)
    assert elsewhere.requests == []


def test_23_a_redirect_within_the_host_keeps_the_secret(connect: Connect, api: Vendor) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        moved = Reply(308, headers={"Location": "/v2/items"})
        return moved if request.path == "/items" else Reply(body={"data": items(1)})

    api.handler = answer
    acme = connect(integration(AUTHS["a header"], NextLink("next")))
    acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1]
    assert [request.headers["Authorization"] for request in api.requests] == [f"Bearer {CANARY}"] * 2


@pytest.mark.parametrize("id_", ["//evil.example/x", "@evil.example", "evil.example:80", "a/../../b", "..%2f"])
def test_23_a_parents_value_is_one_segment_of_a_path_and_leads_to_no_other_host(
    connect: Connect, api: Vendor, id_: str
) -> None:
    api.handler = lambda request: Reply(body={"data": [{"id": id_}] if request.path == "/items" else items(1)})
    acme = connect(integration(AUTHS["a header"], NextLink("next")))
    acme.sync(ItemsStream)
    acme.sync(PartsStream)
    assert acme.ids(PartsStream) == [1]
    assert api.requests[-1].target.count("/") == 2
    assert api.requests[-1].target.endswith("/parts")
