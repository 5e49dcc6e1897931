"""`dazz_replay` lets a developer test more than the recording's own test does, in three lines."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dazz_assets.declare.integration import Integration
from dazz_assets.domain import DomainObject
from dazz_assets.errors import RecordingError
from dazz_assets.recording.replay import Replay
from dazz_assets.recording.scenario import recordings_folder
from tests.recording.shop import INTEGRATION, write_integration

ReplayFixture = Callable[..., Replay]


class Unrelated(DomainObject):
    """No parser returns it."""


@contextmanager
def fails_with(*parts: str) -> Iterator[None]:
    """Assert that the test fails with a message that has these parts."""
    with pytest.raises(pytest.fail.Exception) as caught:
        yield
    assert caught.value.pytrace is False
    for part in parts:
        assert part in str(caught.value)


@pytest.fixture
def shop(tmp_path: Path, recorded_shop: Path) -> Path:
    """The file of an integration with a recording."""
    return shutil.copytree(recorded_shop, tmp_path / "shop") / "shop.py"


def load_integration(file: Path) -> type[Integration[Any]]:
    return write_integration(file.parent, file.read_text(encoding="utf-8")).integration


def test_a_replay_gives_objects_records_and_the_integration(dazz_replay: ReplayFixture, shop: Path) -> None:
    replay = dazz_replay(load_integration(shop))
    (model,) = replay.spec.parsers["invoices"].models
    assert model.__name__ == "Invoice"
    invoices = replay.objects(model)
    assert all(type(invoice) is model for invoice in invoices)
    orders = replay.records("orders")
    assert {type(order).__name__ for order in orders} == {"Order"}
    assert len(invoices) == len(orders) == 11
    assert orders[0].total == Decimal("12.5")

    integration = replay.integration
    assert type(integration).__name__ == "ShopIntegration"
    assert integration.config.token.get_secret_value() == "redacted-token"
    assert integration.object_id("o1") in {invoice.id for invoice in invoices}

    with pytest.raises(RecordingError, match="shop has no stream 'order'; did you mean 'orders'"):
        replay.records("order")
    with pytest.raises(RecordingError, match="no parser of shop returns Unrelated; there are: Invoice"):
        replay.objects(Unrelated)


def test_integration_and_scenario_may_be_given_by_name(
    dazz_replay: ReplayFixture, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAZZ_INTEGRATIONS", str(shop))
    shutil.copytree(shop.parent / "recordings/default", shop.parent / "recordings/empty")
    for order in (shop.parent / "recordings/empty").glob("*/2-orders.*"):
        order.unlink()
    with fails_with("/orders?since=2026-01-05T00%3A00%3A00Z was requested but not recorded"):
        dazz_replay("shop", "empty")
    assert len(dazz_replay("shop").records("accounts")) == 4


def test_a_missing_scenario_fails_the_test_with_the_command_to_record_it(
    dazz_replay: ReplayFixture, shop: Path
) -> None:
    with fails_with(
        f"shop has no recording 'defautl' in {shop.parent}/recordings; did you mean 'default'?; ",
        f"to record it: dazz record {shop} --connection ID --scenario defautl",
    ):
        dazz_replay(shop, "defautl")
    shutil.rmtree(shop.parent / "recordings")
    with fails_with(f"to record it: dazz record {shop} --connection ID --scenario default"):
        dazz_replay(shop)


def test_an_unknown_or_wrong_integration_fails_the_test_with_its_message(
    dazz_replay: ReplayFixture, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAZZ_INTEGRATIONS", str(shop))
    with fails_with("no integration is named 'shpo'; did you mean 'shop'?"):
        dazz_replay("shpo")
    wrong = shop.with_name("wrong.py")
    wrong.write_text(INTEGRATION.replace('primary_key = "id"', 'primary_keys = "id"'), encoding="utf-8")
    with fails_with("ShopIntegration.primary_keys is not a setting"):
        dazz_replay(wrong)


def test_an_integration_may_be_given_by_path_and_its_snapshots_are_not_compared(
    dazz_replay: ReplayFixture, shop: Path
) -> None:
    shutil.rmtree(shop.parent / "recordings/default/snapshots")
    replay = dazz_replay(shop)
    assert len(replay.records("accounts")) == 4
    assert replay.stale_snapshots()
    assert not (recordings_folder(replay.spec) / "default/snapshots").exists()
