from __future__ import annotations

from pathlib import Path

import pytest

from dazz_assets.recording.record_scenario import record_scenario
from tests.recording.shop import KEY, Shop, connection_to, write_integration


@pytest.fixture(scope="session")
def recorded_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shop's file and its recording, which tests copy, as recording takes seconds."""
    folder = tmp_path_factory.mktemp("recorded") / "shop"
    shop = Shop()

    def change_orders() -> None:
        shop.set_order("o9", "user-2", "2026-01-21T08:00:00Z")
        shop.set_order("o11", "user-1", "2026-01-22T08:00:00Z")

    record_scenario(
        write_integration(folder), connection_to(shop.url), "default", key=KEY, records=3, between=change_orders
    )
    shop.vendor.close()
    return folder
