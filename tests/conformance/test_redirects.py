"""A redirect that leaves out what was asked for is told, and so is a page that comes again (conformance 83)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dazz_assets import PageNumber
from dazz_assets.errors import SyncError
from dazz_assets.http import Page, Request
from dazz_assets.http.responses.redirects import describe_redirect
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, param
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor


class FerriesIntegration(CommonIntegration):
    streams = (ItemsStream,)


def redirect(target: str, status: int = 302) -> Any:
    """An API that sends requests for /items elsewhere, where two records are."""

    def answer(request: ReceivedRequest) -> Reply:
        if request.path == "/items":
            return Reply(status, b"", {"Location": target.replace("QUERY", request.target.partition("?")[2])})
        return Reply(body=items(1, 2))

    return answer


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["/items/", "/v2/Items", "/v2/items.json?lang=en", "/items/?state=all&shelf=9"])
def test_83_a_redirect_to_the_same_list_without_a_parameter_is_told(
    connect: Connect, api: Vendor, status: int, target: str
) -> None:
    stream = declare("ItemsStream", ItemsStream, params={"state": "all", "shelf": 4})
    acme = connect(declare("FerriesIntegration", FerriesIntegration, streams=(stream,)))
    api.handler = redirect(target, status)
    (warning,) = acme.sync(stream).warnings
    lost = "with another `shelf`" if "state" in target else "without `state`, `shelf`"
    assert f"the vendor redirects it to {api.url}{target.partition('?')[0]}, {lost}" in warning
    assert "Set base_url or the stream's path" in warning


@pytest.mark.parametrize("target", ["/items/?QUERY", "/v2/items?QUERY&lang=en", "/exports/7.json?signature=abc"])
def test_83_a_redirect_that_keeps_them_or_leads_to_a_file_is_followed(
    connect: Connect, api: Vendor, target: str
) -> None:
    stream = declare("ItemsStream", ItemsStream, params={"state": "all", "since": "2026-01-01T00:00:00Z"})
    acme = connect(declare("FerriesIntegration", FerriesIntegration, streams=(stream,)))
    api.handler = redirect(target)
    assert acme.sync(stream).warnings == []
    assert acme.ids(stream) == [1, 2]


@pytest.mark.parametrize(
    ("final_url", "is_told"),
    [
        ("https://files.test/7/items.json?signature=abc", False),
        ("https://files.test/7/items.json", True),
        ("https://api.test/v2/items?lang=en", True),
    ],
)
def test_83_a_signed_file_of_the_same_name_at_another_host_has_parameters_of_its_own(
    final_url: str, is_told: bool
) -> None:
    url = "https://api.test/items?format=json"
    page = Page(
        status=200, body=b"[]", url=url, final_url=final_url, fetched_at=datetime.now(UTC), request=Request(url)
    )
    assert (describe_redirect(page) is not None) is is_told


@pytest.mark.parametrize(
    ("target", "status", "is_told"),
    [
        ("/items/", 301, True),
        ("/items/", 302, True),
        ("/items/", 308, False),
        ("/items/?id=5", 303, False),
        ("/results/5", 303, False),
    ],
)
def test_83_so_is_one_that_takes_away_the_body_of_a_post(
    connect: Connect, api: Vendor, target: str, status: int, is_told: bool
) -> None:
    stream = declare("ItemsStream", ItemsStream, method="POST", body={"state": "all"})
    acme = connect(declare("FerriesIntegration", FerriesIntegration, streams=(stream,)))
    api.handler = redirect(target, status)
    assert any("without its body" in warning for warning in acme.sync(stream).warnings) is is_told


def test_83_a_loop_that_a_redirect_makes_is_told_as_that(connect: Connect, api: Vendor) -> None:
    api.handler = redirect("/items/")
    with pytest.raises(SyncError, match=r"holds the same 2 records as page 1.*The vendor redirects it to .*`page`"):
        connect(declare("FerriesIntegration", FerriesIntegration, paginator=PageNumber())).sync(ItemsStream)


def test_83_a_page_that_comes_twice_is_told(connect: Connect, api: Vendor) -> None:
    pages = {"1": items(1, 2), "2": items(1, 2), "3": items(5, 6)}
    api.handler = lambda request: Reply(body=pages.get(param(request, "page"), []))
    acme = connect(declare("FerriesIntegration", FerriesIntegration, paginator=PageNumber()))
    (warning,) = acme.sync(ItemsStream).warnings
    assert "page 2 seems to hold the same 2 records as page 1" in warning
    assert "records are missing: sync again" in warning
