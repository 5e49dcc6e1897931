from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from dazz_assets.connections import Connection
from dazz_assets.lake import Lake
from dazz_assets.orchestration import dagster_instance, runs
from dazz_assets.orchestration.assets import build_assets
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.resource import RESOURCE, SessionPool
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec
from tests.orchestration.vendor import TOKEN, IncidentsIntegration, Vendor, serve

Connect = Callable[..., Connection]
WEEK = timedelta(weeks=1)


def week(back: int) -> date:
    """The window (its Monday) that is this many weeks before the current one."""
    today = datetime.now(UTC).date()
    return today - timedelta(days=today.weekday()) - back * WEEK


def at(window: date) -> str:
    """A time on the Monday of a window."""
    return f"{window.isoformat()}T00:00:01+00:00"


@dg.job
def any_job() -> None:
    """A job whose runs are only recorded, not executed."""


def record_run(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, *connections: str, process: str | None = None
) -> dg.DagsterRun:
    """Record a run of some connections with this status that no process works on."""
    tags = runs.connection_tags(connections) | ({runs.PROCESS_TAG: process} if process else {})
    return instance.create_run_for_job(any_job, status=status, tags=tags)


@pytest.fixture
def dead_process() -> str:
    """The tag of a process with the id of a living one, which started at another time."""
    host, pid, _ = runs.process_tag().rsplit(":", 2)
    return f"{host}:{pid}:1.00"


@contextmanager
def opened_home(home: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of a home, for a fixture of several tests, each of which then begins with a copy of the home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home / "dagster"))
        patch.setenv("DAZZ_HOME", str(home))
        with dagster_instance.open_instance() as instance:
            yield instance


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an empty instance, made once because that takes seconds."""
    home = tmp_path_factory.mktemp("empty") / "home"
    with opened_home(home):
        pass
    return home


@pytest.fixture
def initial_home(empty_home: Path) -> Path:
    """The home of which a test gets a copy. A file whose tests begin with the same sync has a home of its own."""
    return empty_home


@pytest.fixture
def dazz_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAZZ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAZZ_CONNECTIONS", str(tmp_path / "connections.yaml"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))
    return tmp_path / "home"


@pytest.fixture
def instance(dazz_home: Path, initial_home: Path) -> Iterator[dg.DagsterInstance]:
    shutil.copytree(initial_home, dazz_home, dirs_exist_ok=True)
    with dagster_instance.open_instance() as opened:
        yield opened


@pytest.fixture
def lake(dazz_home: Path) -> Lake:
    return Lake(dazz_home / "lake")


@pytest.fixture
def spec() -> IntegrationSpec:
    return read_integration(IncidentsIntegration)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def url(vendor: Vendor) -> Iterator[str]:
    yield from serve(vendor)


def connect_to(url: str, id_: str = "acme", **settings: Any) -> Connection:
    """A connection to the vendor, which starts five weeks ago by default."""
    config = {"base_url": url, "token": settings.pop("token", TOKEN)}
    values = {"id": id_, "integration": "incidents", "start": week(5), "config": config, **settings}
    return Connection.model_validate(values)


@pytest.fixture
def connect(url: str) -> Connect:
    return partial(connect_to, url)


@pytest.fixture
def configure(tmp_path: Path) -> Callable[..., None]:
    """Writes the connections file."""

    def write(*connections: Connection | dict[str, Any]) -> None:
        entries = [
            {**item.model_dump(mode="json"), "interval": f"{int(item.interval.total_seconds())}s"}
            if isinstance(item, Connection)
            else item
            for item in connections
        ]
        (tmp_path / "connections.yaml").write_text(yaml.safe_dump({"connections": entries}), encoding="utf-8")

    return write


class MaterializeFromUi:
    """Materializes assets as the UI does: with a range of partitions and without our tags. options: of each asset."""

    def __init__(self, spec: IntegrationSpec, lake: Lake, instance: dg.DagsterInstance) -> None:
        self.spec, self.lake, self.instance = spec, lake, instance

    def __call__(
        self,
        connections: list[Connection],
        names: list[str],
        first: date | None = None,
        last: date | None = None,
        **options: Any,
    ) -> dg.ExecuteInProcessResult:
        grid = Grid.of(self.spec, connections)
        self.instance.add_dynamic_partitions(str(grid.connections_def.name), [item.id for item in connections])
        start, end = connections[0].id, connections[-1].id
        tags = {
            "dagster/asset_partition_range_start": grid.key(start, first) if first else start,
            "dagster/asset_partition_range_end": grid.key(end, last or first) if first else end,
        }
        return dg.materialize(
            build_assets(self.spec, connections),
            selection=[dg.AssetKey(name.split("/")) for name in names],
            instance=self.instance,
            resources={RESOURCE: SessionPool.of(self.lake, connections)},
            run_config={"ops": {name.replace("/", "__"): {"config": options} for name in names}} if options else None,
            tags=tags,
            raise_on_error=False,
        )


@pytest.fixture
def materialize_from_ui(spec: IntegrationSpec, lake: Lake, instance: dg.DagsterInstance) -> MaterializeFromUi:
    return MaterializeFromUi(spec, lake, instance)


@pytest.fixture
def latest_metadata(instance: dg.DagsterInstance) -> Callable[[str], dict[str, dict[str, Any]]]:
    """Reads the metadata of an asset's latest materialization by partition."""

    def read(asset: str) -> dict[str, dict[str, Any]]:
        records = instance.fetch_materializations(dg.AssetKey(asset.split("/")), limit=1000).records
        latest: dict[str, dict[str, Any]] = {}
        for record in records:
            assert record.asset_materialization is not None
            values = {name: value.value for name, value in record.asset_materialization.metadata.items()}
            latest.setdefault(str(record.partition_key), values)
        return latest

    return read
