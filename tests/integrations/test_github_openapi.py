"""GitHub's sandbox answers, and we ask, as GitHub's OpenAPI description says."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dazz_assets.sandbox import SandboxRequest, SandboxResponse
from integrations.github.sandbox import GitHubSandbox
from tests.integrations.github_syncs import github_customer
from tests.integrations.openapi import OpenApi

pytestmark = pytest.mark.skipif(
    "VENDOR_DATA" not in os.environ, reason="VENDOR_DATA is not set: the vendors' own data is not here"
)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


class ListeningSandbox(GitHubSandbox):
    """Keeps what it was asked, and its answers."""

    def __init__(self) -> None:
        self.heard: list[tuple[SandboxRequest, SandboxResponse]] = []
        super().__init__(
            seed=5, now=NOW, repositories=103, alerts=130, code_alerts=120, secret_alerts=110, issues=300, pulls=90
        )

    def respond(self, request: SandboxRequest) -> SandboxResponse:
        response = super().respond(request)
        self.heard.append((request, response))
        return response


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[SandboxRequest, SandboxResponse]]:
    """All requests of two syncs as an App, and the answers."""
    vendor = ListeningSandbox()
    folder = tmp_path_factory.mktemp("openapi")
    with github_customer(vendor, folder) as acme:
        acme.clock.now = time.time()  # the sandbox reads the times in a JWT by the real clock
        url = acme.connection.config["base_url"]
        acme.connection = acme.connection.model_copy(update={"config": vendor.app_settings(url)})
        acme.sync()
        vendor.change(1)
        acme.sync()
    return vendor.heard


def named(request: SandboxRequest) -> SandboxRequest:
    """The request with names in place of the numbers of GitHub's next links, which are not described."""
    path = re.sub(r"^/organizations/\d+/", "/orgs/nimbus-works/", request.path)
    return replace(request, path=re.sub(r"^/repositories/\d+/", "/repos/nimbus-works/some/", path))


def test_all_requests_and_answers_are_as_described(heard: list[tuple[SandboxRequest, SandboxResponse]]) -> None:
    description = OpenApi.load("github/openapi.json")
    for request, response in heard:
        description.check(named(request), response)

    kinds = {re.sub(r"/[^/]+/[^/]+/(issues|pulls)$", r"/*/*/\1", named(request).path) for request, _ in heard}
    assert kinds == {
        "/app/installations/2342108/access_tokens",
        "/orgs/nimbus-works/repos",
        "/orgs/nimbus-works/members",
        "/orgs/nimbus-works/dependabot/alerts",
        "/orgs/nimbus-works/code-scanning/alerts",
        "/orgs/nimbus-works/secret-scanning/alerts",
        "/repos/*/*/issues",
        "/repos/*/*/pulls",
    }


def secret_requests(heard: list[tuple[SandboxRequest, SandboxResponse]]) -> Iterator[SandboxRequest]:
    yield from (request for request, _ in heard if "secret-scanning" in request.path)


def test_secrets_are_hidden_and_come_in_pages_by_cursor(heard: list[tuple[SandboxRequest, SandboxResponse]]) -> None:
    first, *more = secret_requests(heard)

    assert first.params()["after"] == ""
    assert more
    assert {request.params()["hide_secret"] for request in secret_requests(heard)} == {"true"}
    assert not any("page" in request.params() for request in secret_requests(heard))
    assert not any(b"invented-secret" in response.body for _, response in heard)


def test_each_token_that_is_bought_is_used(heard: list[tuple[SandboxRequest, SandboxResponse]]) -> None:
    tokens = {request.authorization()[1] for request, _ in heard if request.method == "GET"}

    assert len(tokens) == sum(request.method == "POST" for request, _ in heard)
