"""The row count that the UI shows for an asset is that of all its partitions, over all connections."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest

from dazz_assets.lake import Lake
from tests.orchestration.conftest import Connect, MaterializeFromUi, at, week
from tests.orchestration.vendor import Vendor

RAW, TICKETS, SERVICES = "incidents/raw/incidents", "incidents/tickets", "incidents/raw/services"


class Page:
    """What the UI shows of an asset: its last materialization."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance

    def row_count(self, asset: str) -> object:
        event = self._instance.get_latest_materialization_event(dg.AssetKey(asset.split("/")))
        assert event is not None
        assert event.asset_materialization is not None
        return event.asset_materialization.metadata["dagster/row_count"].value


@pytest.fixture
def page(instance: dg.DagsterInstance) -> Page:
    return Page(instance)


def remove_table(lake: Lake, *names: str) -> None:
    """Remove the tables of a connection, which then can't be counted any more."""
    for folder in Path(str(lake)).glob("/".join(names)):
        shutil.rmtree(folder)


def test_it_counts_all_windows_and_not_those_of_the_run_alone(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, page: Page
) -> None:
    for number in range(3):
        vendor.incident(str(number), at(week(number)))
    materialize_from_ui([connect()], [SERVICES])
    materialize_from_ui([connect()], [RAW, TICKETS], week(5), week(0))
    assert (page.row_count(SERVICES), page.row_count(RAW), page.row_count(TICKETS)) == (1, 3, 3)

    vendor.incident("new", at(week(0)))
    materialize_from_ui([connect()], [RAW, TICKETS], week(0))
    assert (page.row_count(RAW), page.row_count(TICKETS)) == (4, 4)


def test_it_counts_all_connections_and_not_those_of_the_run_alone(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, page: Page
) -> None:
    vendor.incident("1", at(week(1)))
    acme, beta = connect("acme"), connect("beta")
    materialize_from_ui([acme], [SERVICES])
    materialize_from_ui([acme], [RAW, TICKETS], week(1), week(0))
    materialize_from_ui([beta], [SERVICES])
    materialize_from_ui([beta], [RAW, TICKETS], week(1), week(0))
    assert (page.row_count(SERVICES), page.row_count(RAW), page.row_count(TICKETS)) == (2, 2, 2)

    vendor.incident("2", at(week(0)))
    materialize_from_ui([acme], [RAW, TICKETS], week(0))
    assert (page.row_count(RAW), page.row_count(TICKETS)) == (3, 3)


def test_tables_of_other_connections_are_opened_only_until_a_run_has_counted_them(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, page: Page, lake: Lake
) -> None:
    vendor.incident("1", at(week(1)))
    acme, beta = connect("acme"), connect("beta")
    materialize_from_ui([acme, beta], [RAW], week(1), week(0))
    remove_table(lake, "raw", "incidents", "incidents", "connection=beta")
    materialize_from_ui([acme], [RAW], week(0))
    assert page.row_count(RAW) == 2


def test_a_materialization_that_someone_reports_by_hand_loses_no_count(
    materialize_from_ui: MaterializeFromUi,
    connect: Connect,
    vendor: Vendor,
    page: Page,
    instance: dg.DagsterInstance,
) -> None:
    vendor.incident("1", at(week(1)))
    acme, beta = connect("acme"), connect("beta")
    materialize_from_ui([acme, beta], [RAW], week(1), week(0))
    by_hand = dg.AssetMaterialization(dg.AssetKey(RAW.split("/")), partition=f"beta|{week(0)}")
    instance.report_runless_asset_event(by_hand)
    materialize_from_ui([acme], [RAW], week(0))
    assert page.row_count(RAW) == 2


def test_a_removed_connection_counts_no_more(
    materialize_from_ui: MaterializeFromUi, connect: Connect, vendor: Vendor, page: Page, instance: dg.DagsterInstance
) -> None:
    vendor.incident("1", at(week(1)))
    acme, beta = connect("acme"), connect("beta")
    materialize_from_ui([acme, beta], [RAW], week(1), week(0))
    instance.delete_dynamic_partition("incidents_connections", "beta")
    materialize_from_ui([acme], [RAW], week(0))
    assert page.row_count(RAW) == 1
