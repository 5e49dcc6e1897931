"""A sync of a sub-stream materializes the windows since its newest mark, and older ones that got rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import dagster as dg
import pytest
from pydantic import BaseModel

from dazz_assets import Cursor, Stream
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.orchestration.local_runs import sync_connections
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec
from tests.http.loopback import ReceivedRequest, Reply
from tests.orchestration.conftest import Connect, at, week
from tests.orchestration.vendor import ServicesStream, StatusPage, Vendor

RAW = "incidents/raw/alerts"


class Alert(BaseModel):
    id: str
    updated_at: datetime


class AlertsStream(Stream[Alert]):
    """Alerts of a service."""

    parent = ServicesStream
    path = "/services/{parent.id}/alerts"
    cursor = Cursor("updated_at", since="since", order="asc")


class AlertsIntegration(StatusPage):
    name = "incidents"
    streams = (ServicesStream, AlertsStream)


class AlertingVendor(Vendor):
    """Serves the alerts of each service."""

    def __init__(self) -> None:
        super().__init__()
        self.services = [{"id": "s1", "name": "Shop"}, {"id": "quiet", "name": "Quiet"}]
        self.alerts: dict[str, list[dict[str, Any]]] = {"s1": [], "quiet": []}

    def answer(self, asked: ReceivedRequest) -> Reply:
        if asked.path.endswith("/alerts") and asked.path not in self.refused_paths:
            return Reply(body={"items": self.alerts[asked.path.split("/")[2]]})
        return super().answer(asked)


@pytest.fixture
def vendor() -> AlertingVendor:
    return AlertingVendor()


@pytest.fixture
def spec() -> IntegrationSpec:
    return read_integration(AlertsIntegration)


@pytest.fixture
def sync_windows(
    spec: IntegrationSpec, connect: Connect, instance: dg.DagsterInstance, lake: Lake
) -> Callable[[], list[str]]:
    """Syncs from the marks, and returns the windows that were materialized."""

    def run() -> list[str]:
        known = {record.storage_id for record in instance.fetch_materializations(key, limit=100).records}
        sync_connections(spec, [connect()], sync_range=SyncRange(from_mark=True), instance=instance, lake=lake)
        records = instance.fetch_materializations(key, limit=100).records
        return sorted(str(record.partition_key).split("|")[1] for record in records if record.storage_id not in known)

    key = dg.AssetKey(RAW.split("/"))
    return run


SyncWindows = Callable[[], list[str]]


def window_names(*back: int) -> list[str]:
    return [week(number).isoformat() for number in back]


def test_the_first_sync_materializes_each_window(sync_windows: SyncWindows, vendor: AlertingVendor) -> None:
    vendor.alerts["s1"] = [{"id": "1", "updated_at": at(week(1))}]
    assert sync_windows() == window_names(5, 4, 3, 2, 1, 0)


def test_a_parent_without_records_does_not_bring_all_windows_back(
    sync_windows: SyncWindows, vendor: AlertingVendor
) -> None:
    vendor.alerts["s1"] = [{"id": "1", "updated_at": at(week(1))}]
    sync_windows()
    assert sync_windows() == window_names(1, 0)


def test_an_older_window_that_got_rows_is_materialized(sync_windows: SyncWindows, vendor: AlertingVendor) -> None:
    vendor.alerts["s1"] = [{"id": "1", "updated_at": at(week(1))}]
    sync_windows()
    vendor.alerts["quiet"] = [{"id": "2", "updated_at": at(week(4))}]
    assert sync_windows() == window_names(4, 1, 0)


def test_a_sync_after_one_that_failed_materializes_each_window(
    sync_windows: SyncWindows, vendor: AlertingVendor
) -> None:
    vendor.alerts["s1"] = [{"id": "1", "updated_at": at(week(1))}]
    vendor.refused_paths = {"/services/quiet/alerts"}
    assert sync_windows() == []
    vendor.refused_paths = set()
    assert sync_windows() == window_names(5, 4, 3, 2, 1, 0)
