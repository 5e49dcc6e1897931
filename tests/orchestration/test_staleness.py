"""The UI shows an asset as stale if the data it was made from has changed since, and never misses a change.

An incremental stream has one data version a pass, so a pass that brought something shows all windows of its run as
changed until they are parsed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.orchestration.dagster_internals import CachingStaleStatusResolver, LoadingContextForTest
from dazz_assets.orchestration.definitions import assemble_definitions
from dazz_assets.orchestration.local_runs import parse_connections, sync_connections
from dazz_assets.spec.discovery import Discovered
from dazz_assets.spec.specs import IntegrationSpec
from tests.orchestration.conftest import Connect, at, week
from tests.orchestration.vendor import Vendor

Sync = Callable[..., None]
Status = Callable[..., dict[str, str]]


@pytest.fixture
def run_sync(spec: IntegrationSpec, connect: Connect, instance: dg.DagsterInstance, lake: Lake) -> Sync:
    def run(*streams: str, only_raw: bool = False) -> None:
        syncing = replace(spec, parsers={}) if only_raw else spec
        outcome = sync_connections(
            syncing,
            [connect()],
            streams=streams or None,
            sync_range=SyncRange(from_mark=True),
            instance=instance,
            lake=lake,
        )
        assert outcome.errors == []

    return run


@pytest.fixture
def status(spec: IntegrationSpec, connect: Connect, instance: dg.DagsterInstance) -> Status:
    """Reads what the UI shows for tickets in the windows 0, 2 and 5 weeks back, and for owners."""

    def read(version: str = "7") -> dict[str, str]:
        parser = replace(spec.parsers["tickets"], version=version)
        changed = replace(spec, parsers={**spec.parsers, "tickets": parser})
        graph = assemble_definitions(Discovered({changed.name: changed}), (connect(),)).resolve_asset_graph()
        resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        tickets = dg.AssetKey(["incidents", "tickets"])
        windows = {str(back): resolver.get_status(tickets, f"acme|{week(back)}").value for back in (0, 2, 5)}
        return {**windows, "owners": resolver.get_status(dg.AssetKey(["incidents", "owners"]), "acme").value}

    return read


FRESH = {"0": "FRESH", "2": "FRESH", "5": "FRESH", "owners": "FRESH"}


def test_everything_is_fresh_after_a_sync(run_sync: Sync, vendor: Vendor, status: Status) -> None:
    vendor.incident("1", at(week(2)))
    run_sync()
    assert status() == FRESH


def test_a_sync_that_fetched_nothing_new_leaves_parsers_fresh(run_sync: Sync, vendor: Vendor, status: Status) -> None:
    vendor.incident("1", at(week(2)))
    run_sync()
    run_sync(only_raw=True)
    assert status() == FRESH


def test_a_sync_that_fetched_something_makes_windows_stale_until_they_are_parsed(
    run_sync: Sync, vendor: Vendor, status: Status, spec: IntegrationSpec, connect: Connect, instance: Any, lake: Lake
) -> None:
    vendor.incident("1", at(week(2)))
    run_sync()
    vendor.incident("2", at(week(0)))
    run_sync(only_raw=True)
    assert status() == {**FRESH, "0": "STALE", "2": "STALE"}
    parse_connections(spec, [connect()], instance=instance, lake=lake)
    assert status() == FRESH


def test_a_changed_snapshot_makes_every_window_stale(run_sync: Sync, vendor: Vendor, status: Status) -> None:
    vendor.incident("1", at(week(2)))
    run_sync()
    vendor.services[0]["name"] = "Shop 2"
    run_sync("services", only_raw=True)
    assert set(status().values()) == {"STALE"}


def test_a_new_version_of_a_parser_makes_its_windows_stale(run_sync: Sync, vendor: Vendor, status: Status) -> None:
    vendor.incident("1", at(week(2)))
    run_sync()
    assert status(version="8") == {"0": "STALE", "2": "STALE", "5": "STALE", "owners": "FRESH"}
