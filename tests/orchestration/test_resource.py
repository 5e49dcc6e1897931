"""The resource of runs has typed settings, and the launchpad shows the options of a run as a form."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import ValidationError

from dazz_assets import ConnectionConfig, Integration, Stream
from dazz_assets.connections import BadConnection, Connection
from dazz_assets.lake import Lake
from dazz_assets.orchestration.definitions import assemble_definitions, build_definitions
from dazz_assets.orchestration.resource import DazzResource, SessionPool, build_resource
from dazz_assets.orchestration.run_config import StreamOptions
from dazz_assets.session import Session
from dazz_assets.spec.discovery import Discovered
from dazz_assets.spec.specs import IntegrationSpec
from tests.orchestration.conftest import Connect
from tests.orchestration.vendor import IncidentsIntegration


def find_lake_of_run(resource: DazzResource, **settings: str) -> str:
    """Where the lake of a run with this resource is. settings: those given in the launchpad."""
    found = []

    @dg.asset
    def asset(dazz: dg.ResourceParam[SessionPool]) -> None:
        found.append(str(dazz.lake))

    config = {"resources": {"dazz": {"config": settings}}} if settings else None
    dg.materialize([asset], resources={"dazz": resource}, run_config=config)
    return found[0]


def test_the_environment_is_read_when_a_run_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = DazzResource()
    monkeypatch.setenv("DAZZ_LAKE", str(tmp_path / "there"))
    assert find_lake_of_run(resource).endswith(str(tmp_path / "there"))


def test_a_setting_overrides_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAZZ_LAKE", str(tmp_path / "there"))
    assert find_lake_of_run(DazzResource(lake_url=str(tmp_path / "here"))).endswith(str(tmp_path / "here"))
    with pytest.raises(BadConnection, match="there is no file"):
        DazzResource(connections_file=str(tmp_path / "none.yaml")).read_connections()


def settings_in_launchpad(definitions: dg.Definitions, key: str = "dazz") -> dict[str, Any]:
    """The defaults of the resource's settings that the launchpad shows, by name."""
    schema: Any = definitions.resolve_implicit_global_asset_job_def().run_config_schema.config_type
    settings = schema.fields["resources"].config_type.fields[key].config_type.fields["config"].config_type.fields
    return {name: field.default_value if field.default_provided else None for name, field in settings.items()}


def test_the_launchpad_shows_lake_and_connections_of_a_location_of_ones_own(tmp_path: Path, connect: Connect) -> None:
    file = tmp_path / "connections.yaml"
    named = build_definitions([IncidentsIntegration], connections=file, lake=tmp_path / "lake")
    assert settings_in_launchpad(named) == {"lake_url": str(tmp_path / "lake"), "connections_file": str(file)}
    given = build_definitions([IncidentsIntegration], connections=[connect()], lake=Lake(tmp_path / "lake"))
    assert settings_in_launchpad(given) == {"lake_url": None, "connections_file": None}


def test_a_run_uses_the_lake_and_connections_that_code_gives_unless_a_setting_names_others(
    tmp_path: Path, connect: Connect
) -> None:
    given = build_resource(Lake(tmp_path / "given"), [connect()])
    assert find_lake_of_run(given).endswith(str(tmp_path / "given"))
    assert find_lake_of_run(given, lake_url=str(tmp_path / "other")).endswith(str(tmp_path / "other"))
    named = build_resource(tmp_path / "named")
    assert find_lake_of_run(named, connections_file="other.yaml").endswith(str(tmp_path / "named"))
    assert given.read_connections().valid == (connect(),)
    with pytest.raises(BadConnection, match="there is no file"):
        type(given)(connections_file=str(tmp_path / "none.yaml")).read_connections()


def test_the_launchpad_shows_the_options_of_streams_and_of_parsers(spec: IntegrationSpec, connect: Connect) -> None:
    definitions = assemble_definitions(Discovered({spec.name: spec}), (connect(),))
    names = ["incidents__raw__incidents", "incidents__tickets", "incidents__raw__services"]
    job = definitions.resolve_implicit_global_asset_job_def()
    schema: Any = job.run_config_schema.config_type
    steps = schema.fields["ops"].config_type.fields
    options = {name: set(getattr(steps[name].config_type.fields["config"].config_type, "fields", ())) for name in names}
    assert options == {
        "incidents__raw__incidents": {"refetch", "accept_shrink", "from_mark", "since", "until"},
        "incidents__tickets": {"changed", "stale", "processes"},
        "incidents__raw__services": {"refetch", "accept_shrink"},
    }


@pytest.mark.parametrize("options", [{"refetch": True, "since": "start"}, {"from_mark": True, "refetch": True}])
def test_options_that_exclude_each_other_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="leave out all but one"):
        StreamOptions(**options)


def test_a_malformed_time_is_refused_with_an_example() -> None:
    with pytest.raises(ValidationError, match="write a time as 2026"):
        StreamOptions(since="soon")


def test_the_code_location_of_the_platform_has_its_integrations_and_resource(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAZZ_CONNECTIONS", str(tmp_path / "connections.yaml"))
    from resources.definitions import defs

    loaded = defs()
    assert dg.AssetKey(["snyk", "findings"]) in loaded.resolve_asset_graph().get_all_asset_keys()
    assert isinstance(loaded.resources["dazz"], DazzResource)  # type: ignore[index]


class SdkConfig(ConnectionConfig):
    pass


class Sdk:
    """A vendor's SDK. open: how many of its clients were made and not closed."""

    made = open = 0

    def __init__(self) -> None:
        Sdk.made, Sdk.open = Sdk.made + 1, Sdk.open + 1

    def close(self) -> None:
        Sdk.open -= 1


class ThingsStream(Stream):
    @classmethod
    def pages(cls, client: Sdk, params: Mapping[str, Any]) -> Iterator[list[dict[str, int]]]:
        assert Sdk.open == 1
        yield [{"id": 1}]


class PartsStream(ThingsStream):
    name = "parts"


class SdkIntegration(Integration[SdkConfig]):
    """A vendor with an SDK."""

    streams = (ThingsStream, PartsStream)

    def connect(self) -> Sdk:
        return Sdk()


def test_a_run_makes_one_client_of_an_sdk_for_all_its_streams(tmp_path: Path) -> None:
    connection = Connection(id="acme", integration="sdk", start=date(2026, 1, 5))
    definitions = build_definitions([SdkIntegration], connections=[connection], lake=tmp_path / "lake")
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions("sdk_connections", ["acme"])
        job = definitions.resolve_implicit_global_asset_job_def()
        assert job.execute_in_process(instance=instance, partition_key="acme").success
    assert Sdk.made == 1


def test_a_pool_closes_its_sessions_when_its_run_is_over(
    tmp_path: Path, spec: IntegrationSpec, connect: Connect
) -> None:
    closed = []

    class WatchedSession(Session):
        def close(self) -> None:
            closed.append(self.connection.id)

    pool = SessionPool.of(Lake(tmp_path), [connect()], make_session=WatchedSession)
    session = pool.session(spec, connect().id)
    del pool
    gc.collect()
    assert closed == [session.connection.id]
