"""What the UI shows as stale, and the data versions it is told by: each window tells the truth about itself.

A window's version is made from what lies in it. So it changes if and only if its content does, whatever the run covered
and however often it was fetched. No change is ever hidden: a window that a run covers without parsing it again stays as
stale as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake, compact, compaction, files
from dazz_assets.orchestration import step
from dazz_assets.orchestration.dagster_internals import CachingStaleStatusResolver, LoadingContextForTest
from dazz_assets.orchestration.definitions import assemble_definitions
from dazz_assets.orchestration.local_runs import parse_connections, sync_connections
from dazz_assets.orchestration.materializations import report_partitions
from dazz_assets.orchestration.outcomes import Outcome
from dazz_assets.spec.discovery import Discovered
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec
from tests.orchestration.conftest import Connect, MaterializeFromUi, at, connect_to, opened_home, week
from tests.orchestration.vendor import IncidentsIntegration, Vendor, serve

WEEKS_BACK = (0, 1, 2, 3, 4, 5)
INCIDENTS = dg.AssetKey(["incidents", "raw", "incidents"])
TICKETS = dg.AssetKey(["incidents", "tickets"])


class StatusPage:
    """A connection of the vendor, synced and parsed as the command does, and what the UI then shows of it."""

    def __init__(self, spec: IntegrationSpec, connection: Connection, instance: dg.DagsterInstance, lake: Lake) -> None:
        self.spec, self.connection, self.instance, self.lake = spec, connection, instance, lake

    def use_parser_version(self, version: str) -> None:
        """Change the version of the parser of tickets."""
        parser = replace(self.spec.parsers["tickets"], version=version)
        self.spec = replace(self.spec, parsers={**self.spec.parsers, "tickets": parser})

    def sync(self, *streams: str, only_raw: bool = False, refetch: bool = False) -> Outcome:
        outcome = sync_connections(
            replace(self.spec, parsers={}) if only_raw else self.spec,
            [self.connection],
            streams=streams or None,
            sync_range=SyncRange(refetch=True) if refetch else SyncRange(from_mark=True),
            instance=self.instance,
            lake=self.lake,
        )
        assert outcome.errors == []
        return outcome

    def parse(self, **options: Any) -> Outcome:
        outcome = parse_connections(self.spec, [self.connection], instance=self.instance, lake=self.lake, **options)
        assert outcome.errors == []
        return outcome

    def stale(self) -> set[int]:
        """The windows of tickets that the UI shows as stale, in weeks back."""
        resolver = self._resolver()
        return {back for back in WEEKS_BACK if resolver.get_status(TICKETS, f"acme|{week(back)}").value == "STALE"}

    def status(self, asset: dg.AssetKey, partition: str) -> str:
        return self._resolver().get_status(asset, partition).value

    def _resolver(self) -> CachingStaleStatusResolver:
        """A new one for each look, as it keeps what it has read."""
        defs = assemble_definitions(Discovered({self.spec.name: self.spec}), (self.connection,))
        graph = defs.resolve_asset_graph()
        return CachingStaleStatusResolver(self.instance, graph, LoadingContextForTest(self.instance))

    def versions(self, asset: dg.AssetKey) -> dict[int, str]:
        """The newest data version of each window of an asset, by weeks back."""
        tags = self.instance.event_log_storage.get_latest_tags_by_partition(
            asset, dg.DagsterEventType.ASSET_MATERIALIZATION, ["dagster/data_version"]
        )
        by_partition = {f"acme|{week(back)}": back for back in WEEKS_BACK}
        return {by_partition[key]: found["dagster/data_version"] for key, found in tags.items() if key in by_partition}

    def changed(self, asset: dg.AssetKey, before: dict[int, str]) -> set[int]:
        """The windows of an asset whose data version is another than before."""
        return {back for back, version in self.versions(asset).items() if before.get(back) != version}


def vendor_with_incidents() -> Vendor:
    """With an incident 2 weeks back and another 4 weeks back."""
    vendor = Vendor()
    vendor.incident("1", at(week(4)))
    vendor.incident("2", at(week(2)))
    return vendor


@pytest.fixture(scope="module")
def synced_home(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Path:
    """A home in which these incidents were synced. Tests begin with a copy of it."""
    home = tmp_path_factory.mktemp("synced") / "home"
    shutil.copytree(empty_home, home)
    for url in serve(vendor_with_incidents()):
        with opened_home(home) as instance:
            spec = read_integration(IncidentsIntegration)
            StatusPage(spec, connect_to(url), instance, Lake(home / "lake")).sync()
    return home


@pytest.fixture
def is_synced(request: pytest.FixtureRequest) -> bool:
    return "synced" in request.fixturenames


@pytest.fixture
def initial_home(is_synced: bool, synced_home: Path, empty_home: Path) -> Path:
    return synced_home if is_synced else empty_home


@pytest.fixture
def vendor(is_synced: bool) -> Vendor:
    return vendor_with_incidents() if is_synced else Vendor()


@pytest.fixture
def page(spec: IntegrationSpec, connect: Connect, instance: dg.DagsterInstance, lake: Lake) -> StatusPage:
    return StatusPage(spec, connect(), instance, lake)


@pytest.fixture
def synced(page: StatusPage) -> StatusPage:
    return page


def test_everything_is_fresh_after_a_first_sync_and_each_window_has_a_version(synced: StatusPage) -> None:
    assert synced.stale() == set()
    assert synced.status(dg.AssetKey(["incidents", "owners"]), "acme") == "FRESH"
    for asset in (INCIDENTS, TICKETS):
        versions = synced.versions(asset)
        assert set(versions) == set(WEEKS_BACK)
        assert {back for back, version in versions.items() if version == "empty"} == {0, 1, 3, 5}
        assert versions[2] != versions[4]


def test_a_sync_that_fetched_nothing_new_changes_nothing(synced: StatusPage) -> None:
    raw, tickets = synced.versions(INCIDENTS), synced.versions(TICKETS)
    synced.sync(only_raw=True)
    synced.sync()
    assert (synced.versions(INCIDENTS), synced.versions(TICKETS)) == (raw, tickets)
    assert synced.stale() == set()


def test_a_new_record_makes_only_its_window_stale_until_it_is_parsed(synced: StatusPage, vendor: Vendor) -> None:
    before = synced.versions(INCIDENTS), synced.versions(TICKETS)
    vendor.incident("3", at(week(0)))
    synced.sync(only_raw=True)
    assert synced.changed(INCIDENTS, before[0]) == {0}
    assert synced.stale() == {0}
    synced.parse()
    assert synced.changed(TICKETS, before[1]) == {0}
    assert synced.stale() == set()


def test_a_record_that_moved_makes_the_window_it_left_and_the_one_it_entered_stale(
    synced: StatusPage, vendor: Vendor
) -> None:
    before = synced.versions(INCIDENTS), synced.versions(TICKETS)
    vendor.incident("1", at(week(1)))
    synced.sync(only_raw=True)
    assert synced.changed(INCIDENTS, before[0]) == {4, 1}
    assert synced.versions(INCIDENTS)[4] == "empty"
    assert synced.stale() == {4, 1}
    synced.sync()
    assert synced.changed(TICKETS, before[1]) == {4, 1}
    assert synced.stale() == set()


@pytest.mark.parametrize("times", [1, 2])
def test_a_refetch_of_the_same_data_changes_nothing(synced: StatusPage, vendor: Vendor, times: int) -> None:
    raw, tickets = synced.versions(INCIDENTS), synced.versions(TICKETS)
    for _ in range(times):
        synced.sync(refetch=True, only_raw=True)
    assert synced.stale() == set()
    synced.sync(refetch=True)
    assert (synced.versions(INCIDENTS), synced.versions(TICKETS)) == (raw, tickets)
    assert synced.stale() == set()


def test_a_refetch_that_no_longer_lists_a_record_makes_its_window_stale(synced: StatusPage, vendor: Vendor) -> None:
    before = synced.versions(INCIDENTS)
    vendor.incidents = [item for item in vendor.incidents if item["id"] != "1"]
    synced.sync(refetch=True, only_raw=True)
    assert synced.changed(INCIDENTS, before) == {4}
    assert synced.stale() == {4}
    synced.parse()
    assert synced.stale() == set()


def test_compaction_changes_nothing(synced: StatusPage, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor.incident("3", at(week(2)))
    synced.sync()
    vendor.incident("4", at(week(2)))
    synced.sync()
    raw, tickets = synced.versions(INCIDENTS), synced.versions(TICKETS)
    monkeypatch.setattr(compaction, "MANY_FILES", 2)
    assert any(item.files_after < item.files_before for item in compact(synced.lake))
    synced.sync()
    assert (synced.versions(INCIDENTS), synced.versions(TICKETS)) == (raw, tickets)
    assert synced.stale() == set()


def test_a_restream_of_the_same_records_by_the_same_parser_changes_nothing(synced: StatusPage) -> None:
    before = synced.versions(TICKETS)
    parsed = synced.parse().parsers
    assert [set(report.windows) for report in parsed if report.parser == "tickets"] == [{week(4), week(2)}]
    assert synced.versions(TICKETS) == before
    assert synced.stale() == set()


def test_a_restream_by_a_corrected_parser_of_the_same_version_changes_the_windows_whose_objects_it_changes(
    synced: StatusPage, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.incident("3", at(week(0)), title="dwon")
    synced.sync()
    before = synced.versions(TICKETS)
    faulty = synced.spec.integration.tickets  # type: ignore[attr-defined]

    def corrected(*inputs: Any, **more: Any) -> Iterator[Any]:
        for ticket in faulty(*inputs, **more):
            yield ticket.model_copy(update={"title": ticket.title.replace("dwon", "down")})

    monkeypatch.setattr(synced.spec.integration, "tickets", corrected)
    synced.parse()
    assert synced.changed(TICKETS, before) == {0}
    corrected_versions = synced.versions(TICKETS)
    synced.parse()
    assert synced.versions(TICKETS) == corrected_versions


def test_a_window_that_was_parsed_before_its_objects_were_hashed_keeps_its_version(
    page: StatusPage, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.incident("1", at(week(4)))
    with monkeypatch.context() as patch:
        patch.setattr(files, "lower_bound_with_content", lambda inputs, _: inputs)
        page.sync()
    before = page.versions(TICKETS)
    vendor.incident("2", at(week(2)))
    page.sync()
    assert page.changed(TICKETS, before) == {2}
    page.parse()
    assert page.changed(TICKETS, before) == {2, 4}
    assert page.stale() == set()


def test_a_new_version_of_a_parser_makes_its_windows_stale_until_they_are_parsed(
    synced: StatusPage, vendor: Vendor
) -> None:
    before = synced.versions(TICKETS)
    synced.use_parser_version("8")
    assert synced.stale() == set(WEEKS_BACK)
    vendor.incident("3", at(week(0)))
    synced.sync()
    assert synced.changed(TICKETS, before) == {0}
    # The sync covered the weeks 2 to 0, and parsed only what was new. Where nothing lies, nothing is outdated.
    assert synced.stale() == {2, 3, 4, 5}
    synced.parse()
    assert synced.changed(TICKETS, before) == {0, 2, 4}
    assert synced.stale() == set()


def test_a_sync_over_a_window_does_not_hide_that_an_older_parser_made_it(synced: StatusPage, vendor: Vendor) -> None:
    vendor.incident("3", at(week(0)))
    synced.sync()
    before = synced.versions(TICKETS)
    synced.use_parser_version("8")
    synced.sync()
    assert synced.versions(TICKETS) == before
    assert synced.stale() == set(WEEKS_BACK)


def test_a_changed_snapshot_makes_every_window_stale_until_it_is_parsed_again(
    synced: StatusPage, vendor: Vendor
) -> None:
    vendor.incident("3", at(week(0)))
    synced.sync()
    vendor.services[0]["name"] = "Shop 2"
    synced.sync("services", only_raw=True)
    assert synced.stale() == set(WEEKS_BACK)
    assert synced.status(dg.AssetKey(["incidents", "owners"]), "acme") == "STALE"


def test_a_sync_parses_the_windows_whose_snapshot_changed(synced: StatusPage, vendor: Vendor) -> None:
    vendor.incident("3", at(week(0)))
    synced.sync()
    vendor.services[0]["name"] = "Shop 2"
    before = synced.versions(TICKETS)
    synced.sync()
    assert synced.changed(TICKETS, before) == {0, 2, 4}
    assert synced.stale() & {0, 2, 4} == set()


def test_a_sync_over_a_window_does_not_hide_that_its_snapshot_changed(
    synced: StatusPage, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dazz_assets.transform.raw_inputs.MOST_ROWS_REFRESHED", 0)
    vendor.incident("3", at(week(0)))
    synced.sync()
    vendor.services[0]["name"] = "Shop 2"
    before = synced.versions(TICKETS)
    synced.sync()
    synced.sync()
    assert synced.versions(TICKETS) == before
    assert {0, 2, 4} <= synced.stale()
    synced.parse(stale=True)
    assert synced.changed(TICKETS, before) == {0, 2, 4}
    assert synced.stale() & {0, 2, 4} == set()


def test_a_window_from_the_ui_is_reported_with_those_that_changed_elsewhere(
    synced: StatusPage, vendor: Vendor, materialize_from_ui: MaterializeFromUi
) -> None:
    vendor.incident("1", at(week(0)))
    assert materialize_from_ui([synced.connection], [INCIDENTS.to_user_string()], week(0)).success
    assert synced.stale() == {4, 0}
    assert materialize_from_ui([synced.connection], [TICKETS.to_user_string()], week(0)).success
    assert synced.stale() == set()


def sync_with_crash(monkeypatch: pytest.MonkeyPatch, page: StatusPage, asset: dg.AssetKey) -> None:
    """A sync that crashes when it is about to report what it did for an asset."""

    def crash(context: Any, key: dg.AssetKey, *rest: Any) -> Any:
        if key == asset:
            raise RuntimeError("crashed")
        return report_partitions(context, key, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(step, "report_partitions", crash)
        with pytest.raises(AssertionError):
            page.sync()


@pytest.mark.parametrize("asset", [INCIDENTS, TICKETS])
def test_what_a_crashed_run_did_not_report_is_reported_by_the_next(
    synced: StatusPage, vendor: Vendor, asset: dg.AssetKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = synced.versions(asset)
    vendor.incident("1", at(week(1)))
    sync_with_crash(monkeypatch, synced, asset)
    assert synced.changed(asset, before) == set()
    synced.sync()
    assert synced.changed(asset, before) == {4, 1}
    assert synced.stale() == set()


def test_a_change_of_a_window_that_no_run_has_reported_yet_is_not_hidden(
    page: StatusPage, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.incident("1", at(week(4)))
    vendor.incident("2", at(week(2)))
    sync_with_crash(monkeypatch, page, INCIDENTS)
    page.sync()
    assert page.stale() == set()
    vendor.incident("1", at(week(0)))
    page.sync(only_raw=True)
    assert page.stale() == {4, 0}
