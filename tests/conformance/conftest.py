from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Integration
from dazz_assets.lake import Lake
from tests.conformance.connected import Connected
from tests.http.loopback import Clock, Vendor

Connect = Callable[..., Connected]


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp())


@pytest.fixture
def api() -> Iterator[Vendor]:
    with Vendor() as api:
        yield api


@pytest.fixture
def elsewhere() -> Iterator[Vendor]:
    """A server at another origin, which no integration in these tests declares."""
    with Vendor() as other:
        yield other


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def connect(api: Vendor, clock: Clock, lake: Lake) -> Connect:
    """Connects an integration to the API."""

    def make(
        integration: type[Integration[Any]],
        *,
        id_: str = "acme",
        start: date = date(2026, 1, 5),
        api: Vendor = api,
        clock: Clock = clock,
    ) -> Connected:
        return Connected(integration, api, clock, lake, id_=id_, start=start)

    return make
