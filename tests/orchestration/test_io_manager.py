"""An asset downstream of ours gets exactly the rows of its partitions, in the type it is annotated with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from dazz_assets import Connection, FullRefresh, Incremental, Integration, Stream, build_definitions, parser
from dazz_assets.domain import DomainObject
from dazz_assets.lake import Lake
from dazz_assets.orchestration.partitions import CONNECTION
from dazz_assets.sensitive import HIDDEN
from tests.orchestration.conftest import Connect, at, connect_to, opened_home, week
from tests.orchestration.vendor import IncidentsConfig, IncidentsStream, ServicesStream, Vendor, serve
from tests.orchestration.vendor import IncidentsIntegration as Incidents

RANGE = "dagster/asset_partition_range_"
SERVICES, INCIDENTS, TICKETS, OWNERS, SPLIT = (
    dg.AssetKey(["incidents", *path.split("/")])
    for path in ("raw/services", "raw/incidents", "tickets", "owners", "split")
)


class Alarm(DomainObject):
    title: str


class Calm(DomainObject):
    title: str


class IncidentsIntegration(Incidents):
    """With a parser that publishes to two tables."""

    name = "incidents"

    @parser
    def split(
        self, services: FullRefresh[ServicesStream], incidents: Incremental[IncidentsStream]
    ) -> Iterator[Alarm | Calm]:
        """Alarms and the rest."""
        for incident in incidents:
            yield (Alarm if incident.title == "down" else Calm)(id=self.object_id(incident.id), title=incident.title)


class Project:
    """A code location with our assets. `inputs` holds what a downstream asset got."""

    def __init__(self, connections: list[Connection], lake: Lake, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.inputs: list[Any] = []
        self.ours = build_definitions([IncidentsIntegration], connections=connections, lake=lake)

    def sync(self, connections: list[Connection]) -> None:
        self.instance.add_dynamic_partitions("incidents_connections", [item.id for item in connections])
        for connection in connections:
            span = self.span(f"{connection.id}|{week(5)}", f"{connection.id}|{week(0)}")
            self.run(self.ours, [SERVICES, OWNERS], connection.id)
            self.run(self.ours, [INCIDENTS, TICKETS, SPLIT], None, span)

    @staticmethod
    def span(first: str, last: str) -> dict[str, str]:
        return {RANGE + "start": first, RANGE + "end": last}

    def partitions(self, key: dg.AssetKey) -> dg.PartitionsDefinition[str] | None:
        return self.ours.resolve_assets_def(key).partitions_def

    def run(
        self,
        definitions: dg.Definitions,
        keys: list[dg.AssetKey],
        partition: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        job = definitions.resolve_implicit_global_asset_job_def()
        job.execute_in_process(instance=self.instance, asset_selection=keys, partition_key=partition, tags=tags)

    def load_input(
        self,
        key: dg.AssetKey,
        annotation: Any = pa.Table,
        partition: str | None = None,
        tags: dict[str, str] | None = None,
        metadata: dict[str, str] | None = None,
        mapping: dg.PartitionMapping | None = None,
        **settings: Any,
    ) -> Any:
        """The input that a downstream asset gets from one of our assets."""

        def downstream(rows: Any) -> None:
            self.inputs.append(rows)

        downstream.__annotations__["rows"] = annotation
        wanted = {"rows": dg.AssetIn(key, metadata=metadata, partition_mapping=mapping)}
        single = dg.BackfillPolicy.single_run()
        asset = dg.asset(name="downstream", ins=wanted, backfill_policy=single, **settings)(downstream)
        merged = dg.Definitions.merge(self.ours, dg.Definitions(assets=[asset]))
        self.run(merged, [dg.AssetKey("downstream")], partition, tags)
        return self.inputs[-1]


@pytest.fixture
def vendor() -> Vendor:
    return vendor_with_incidents()


def vendor_with_incidents() -> Vendor:
    vendor = Vendor()
    vendor.incident("1", at(week(4)))
    vendor.incident("2", at(week(2)), title="slow")
    vendor.incident("3", at(week(0)))
    return vendor


@pytest.fixture(scope="module")
def initial_home(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Path:
    """A home in which both connections were synced."""
    home = tmp_path_factory.mktemp("synced") / "home"
    shutil.copytree(empty_home, home)
    for url in serve(vendor_with_incidents()):
        connections = [connect_to(url, "acme"), connect_to(url, "beta")]
        with opened_home(home) as instance:
            Project(connections, Lake(home / "lake"), instance).sync(connections)
    return home


@pytest.fixture
def project(connect: Connect, lake: Lake, instance: dg.DagsterInstance) -> Project:
    return Project([connect("acme"), connect("beta")], lake, instance)


def rows(table: pa.Table, *columns: str) -> list[tuple[Any, ...]]:
    return sorted(tuple(row[name] for name in columns) for row in table.to_pylist())


def test_an_input_from_an_incremental_parser_has_the_rows_of_its_partitions(project: Project) -> None:
    grid = project.partitions(TICKETS)
    of_all = project.load_input(TICKETS)
    assert rows(of_all, "connection", "window_start") == [
        (name, week(back)) for name in ("acme", "beta") for back in (4, 2, 0)
    ]
    one = project.load_input(TICKETS, partition=f"beta|{week(2)}", partitions_def=grid)
    assert rows(one, "connection", "window_start", "title") == [("beta", week(2), "slow")]
    span = project.span(f"acme|{week(4)}", f"acme|{week(1)}")
    several = project.load_input(TICKETS, tags=span, partitions_def=grid)
    assert rows(several, "connection", "window_start") == [("acme", week(4)), ("acme", week(2))]
    empty = project.load_input(TICKETS, pd.DataFrame, partition=f"acme|{week(3)}", partitions_def=grid)
    assert list(empty.columns) == [
        "integration",
        "connection",
        "parser",
        "window_start",
        "inputs",
        "id",
        "title",
        "service",
    ]
    assert len(empty) == 0


def test_an_asset_partitioned_by_connection_gets_all_windows_of_its_connection(project: Project) -> None:
    mapping = dg.MultiToSingleDimensionPartitionMapping(partition_dimension_name=CONNECTION)
    given = project.load_input(TICKETS, partition="beta", mapping=mapping, partitions_def=project.partitions(SERVICES))
    assert rows(given, "connection", "window_start") == [("beta", week(back)) for back in (4, 2, 0)]
    owners = project.load_input(OWNERS, partition="acme", partitions_def=project.partitions(SERVICES))
    assert rows(owners, "connection", "name") == [("acme", "Shop")]


def test_an_input_from_a_stream_has_the_latest_version_of_each_record_in_its_window(
    project: Project, vendor: Vendor
) -> None:
    vendor.incident("1", at(week(0)), title="up again")
    project.run(project.ours, [INCIDENTS], None, project.span(f"acme|{week(0)}", f"acme|{week(0)}"))
    grid = project.partitions(INCIDENTS)
    old = project.load_input(INCIDENTS, partition=f"acme|{week(4)}", partitions_def=grid)
    assert rows(old, "key") == []
    now = project.load_input(INCIDENTS, partition=f"acme|{week(0)}", partitions_def=grid)
    assert rows(now, "key") == [("1",), ("3",)]
    assert "up again" in next(row["record"] for row in now.to_pylist() if row["key"] == "1")
    services = project.load_input(SERVICES, partition="beta", partitions_def=project.partitions(SERVICES))
    assert rows(services, "connection", "key") == [("beta", "s1")]


def test_the_annotation_decides_between_arrow_and_pandas(project: Project) -> None:
    assert isinstance(project.load_input(OWNERS, pd.DataFrame), pd.DataFrame)
    assert isinstance(project.load_input(OWNERS, pa.Table), pa.Table)
    assert isinstance(project.load_input(OWNERS, Any), pa.Table)
    with pytest.raises(Exception, match=r"input 'rows' of downstream is annotated .*; annotate it pandas\.DataFrame"):
        project.load_input(OWNERS, list)


def test_a_parser_of_several_tables_needs_a_table_name(project: Project) -> None:
    assert rows(project.load_input(SPLIT, metadata={"table": "calms"}), "title") == [("slow",), ("slow",)]
    with pytest.raises(Exception, match=r'incidents/split has the tables alarms, calms; name one.*"table": "alarms"'):
        project.load_input(SPLIT)


def test_records_outside_the_grid_belong_to_the_nearest_window(project: Project, vendor: Vendor) -> None:
    vendor.incident("2099", "2099-01-05T00:00:00+00:00")
    project.run(project.ours, [INCIDENTS], None, project.span(f"acme|{week(0)}", f"acme|{week(0)}"))
    given = project.load_input(INCIDENTS, partition=f"acme|{week(0)}", partitions_def=project.partitions(INCIDENTS))
    assert rows(given, "key") == [("2099",), ("3",)]


class OnlyServicesStream(Stream):
    name = "services"
    path = "/services"
    primary_key = "id"
    sensitive = "name"


class OnlyServicesIntegration(Integration[IncidentsConfig]):
    name = "incidents"
    base_url = "https://incidents.example"
    streams = (OnlyServicesStream,)


def test_sensitive_fields_of_records_are_hidden(project: Project, connect: Connect, lake: Lake) -> None:
    assert {row["record"] for row in project.load_input(SERVICES).to_pylist()} == {'{"id": "s1", "name": "Shop"}'}
    project.ours = build_definitions([OnlyServicesIntegration], connections=[connect("acme")], lake=lake)
    hidden = f'{{"id":"s1","name":"{HIDDEN}"}}'
    assert {row["record"] for row in project.load_input(SERVICES).to_pylist()} == {hidden}
