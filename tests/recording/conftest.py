from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dazz_assets.recording.record_scenario import record_scenario
from tests.recording.shop import KEY, Shop, connection_to, write_integration


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    with shop.vendor:
        yield shop


@pytest.fixture(scope="session")
def recorded_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shop's file and its recording, which tests copy, as recording takes seconds."""
    folder = tmp_path_factory.mktemp("recorded") / "shop"
    shop = Shop()
    record_scenario(
        write_integration(folder), connection_to(shop.url), "default", key=KEY, records=3, between=shop.change_orders
    )
    shop.vendor.close()
    return folder
