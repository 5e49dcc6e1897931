"""A help desk and a customer of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.desk import Customer, Desk, help_desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    with help_desk() as desk:
        desk.put(1, "2026-01-06T10:00:00Z", agent=1)
        desk.put(2, "2026-01-07T10:00:00Z", agent=2)
        desk.put(3, "2026-01-13T10:00:00Z")
        desk.put(4, "2026-01-20T10:00:00Z")
        yield desk


@pytest.fixture
def customer(desk: Desk, tmp_path: Path) -> Customer:
    return Customer(tmp_path, desk.vendor.url)
