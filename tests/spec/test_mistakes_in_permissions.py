"""Mistakes in what an integration says of permissions and of the end of API versions."""

from typing import Any

import pytest

from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import integration, load_error, stream, with_stream


@pytest.mark.parametrize(
    ("value", "shown"), [("Issues: read", "'Issues: read'"), (["read"], "['read']"), (("",), "('',)")]
)
def test_permissions_are_a_tuple_of_texts(value: Any, shown: str) -> None:
    problem = (
        f"`permissions` is {shown}; it must be a tuple of texts, in the vendor's words, for example "
        '`permissions = ("Issues: read",)`, with a comma'
    )
    assert load_error(lambda: with_stream(permissions=value)) == f"BadIntegration: BadStream: {problem}"
    assert load_error(lambda: integration(permissions=value)) == f"BadIntegration: {problem}"


@pytest.mark.parametrize("url", ["docs.vendor.com/permissions", "", "/permissions", "https://x.test/{config.org}"])
def test_the_page_about_permissions_is_an_address(url: str) -> None:
    assert load_error(lambda: integration(permissions_url=url)) == (
        f"BadIntegration: `permissions_url` is {url!r}, which is not the address of a page; write it whole, without "
        'placeholders: `permissions_url = "https://docs.vendor.com/permissions"`'
    )


@pytest.mark.parametrize("header", ["x needed", "x-needed: read", "", 5])
def test_headers_are_named(header: Any) -> None:
    assert load_error(lambda: integration(permissions_header=header)) == (
        f"BadIntegration: `permissions_header` is {header!r}; it must be the name of a header, for example "
        '`permissions_header = "x-needed-permissions"`'
    )
    assert load_error(lambda: integration(version_headers=(header,))) == (
        f"BadIntegration: `version_headers` is {(header,)!r}; it must be a tuple of names of headers, for example "
        '`version_headers = ("x-api-version-ends",)`, with a comma'
    )


def test_version_headers_are_a_tuple() -> None:
    assert "must be a tuple of names of headers" in load_error(lambda: integration(version_headers="x-ends"))


@pytest.mark.parametrize("name", ["permissions_url", "permissions_header", "version_headers"])
def test_what_belongs_to_the_integration(name: str) -> None:
    assert load_error(lambda: with_stream(**{name: "https://x.test"})) == (
        f"BadStream.{name} does nothing on a stream; it belongs to the integration: set it on BadIntegration"
    )


def test_a_streams_permissions_replace_the_integrations() -> None:
    own = stream(permissions=("Issues: read",))
    inherited = stream(path="/other", name="other")
    spec = read_integration(integration(streams=(own, inherited), permissions=("Read all",)))
    assert {name: each.permissions for name, each in spec.streams.items()} == {
        "bad": ("Issues: read",),
        "other": ("Read all",),
    }
