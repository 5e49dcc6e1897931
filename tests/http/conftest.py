from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

from dazz_assets.http.client import Client
from tests.http.loopback import Clock, Vendor

# Property tests here use threads and loopback servers: on a busy machine, their duration says nothing.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def other_host() -> Iterator[Vendor]:
    """A second server, at another origin than the vendor's."""
    with Vendor() as other:
        yield other


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connect(vendor: Vendor, clock: Clock) -> Iterator[Callable[..., Client]]:
    """Makes clients of the vendor that use the test's clock. Keyword arguments are those of `Client`."""
    made: list[Client] = []

    def make(base_url: str | None = None, **settings: Any) -> Client:
        client = Client(
            base_url or vendor.url,
            **{"where": "vendor/acme", "clock": clock, "sleep": clock.sleep, **settings},
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    return connect()
