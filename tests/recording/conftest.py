from __future__ import annotations

from pathlib import Path

import pytest

from dazz_assets.recording.record_scenario import record_scenario
from tests.recording.shop import KEY, Shop, connection_to, written


@pytest.fixture(scope="session")
def recorded_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shop's file and its recording, which tests copy: to record takes seconds."""
    folder = tmp_path_factory.mktemp("recorded") / "shop"
    shop = Shop()

    def change() -> None:
        shop.order("o9", "user-2", "2026-01-21T08:00:00Z")
        shop.order("o11", "user-1", "2026-01-22T08:00:00Z")

    record_scenario(written(folder), connection_to(shop.url), "default", key=KEY, records=3, between=change)
    shop.vendor.close()
    return folder
