"""A component of `dg`: an integration with its connections and schedule, written in YAML."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import BaseModel, Field, field_validator

from dazz_assets.connections import BadConnection, Connections, check_entries, parse_interval, read_connections
from dazz_assets.orchestration.assets import build_assets
from dazz_assets.orchestration.definitions import configured, workplace_resource
from dazz_assets.orchestration.jobs import build_jobs
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.resource import RESOURCE
from dazz_assets.orchestration.sensor import build_sensor
from dazz_assets.orchestration.translator import load_translator
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec


class ConnectionAttributes(dg.Model, dg.Resolvable):
    """One customer's account at the vendor."""

    id: str | int = Field(description="Lower case letters, digits, `_` and `-`.")
    start: str = Field(description="The first day that is fetched, as 2026-01-31.")
    interval: str | None = Field(default=None, description="How often it is synced, where not as `schedule` says.")
    config: Mapping[str, Any] = Field(
        default={}, description="The vendor's settings; `${VARIABLE}` is read from the environment when a run starts."
    )


class ScheduleAttributes(dg.Model, dg.Resolvable):
    """When connections are synced."""

    every: str = Field(default="15m", description="How often, for connections that don't say: 30s, 15m, 6h or 1d.")
    running: bool = Field(default=False, description="Whether the sensor runs without being started in the UI.")

    @field_validator("every")
    @classmethod
    def _is_interval(cls, value: str) -> str:
        parse_interval(value)
        return value


class ScaffoldParams(BaseModel):
    """What `dg scaffold defs dazz_assets.IntegrationComponent` asks for."""

    integration: str = Field(description="Name of the integration, or path of its Python file.")
    connection: str = Field(default="main", description="Id of the first connection.")


class IntegrationScaffolder(dg.Scaffolder[ScaffoldParams]):
    """Writes the YAML of an integration with one connection, whose settings are read from the environment."""

    @classmethod
    def get_scaffold_params(cls) -> type[ScaffoldParams]:
        """The options of the command."""
        return ScaffoldParams

    def scaffold(self, request: dg.ScaffoldRequest[ScaffoldParams]) -> None:
        """Write it. Raises DefinitionError for an integration that there is not."""
        spec = _find(request.params.integration, request.target_path)
        connection = {
            "id": request.params.connection,
            "start": date.today().replace(month=1, day=1).isoformat(),
            "config": _settings(spec),
        }
        attributes = {
            "integration": request.params.integration,
            "connections": [connection],
            "schedule": {"every": "15m", "running": False},
        }
        dg.scaffold_component(request, attributes)


@dg.scaffold_with(IntegrationScaffolder)
class IntegrationComponent(dg.Component, dg.Model, dg.Resolvable):
    """Streams and parsers of an integration as assets, and a sensor that syncs its connections."""

    integration: str = Field(description="Name of the integration, or path of its Python file from this folder.")
    connections: str | list[ConnectionAttributes] = Field(
        description="The connections, or the path of their file from this folder, which is read again at each sync."
    )
    schedule: ScheduleAttributes = Field(default=ScheduleAttributes(), description="When connections are synced.")

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Its assets, jobs and sensor, with a resource of their own.

        Raises DefinitionError for an integration that there is not, BadConnection for a connection that is wrong here.
        """
        folder = context.path if context.path.is_dir() else context.path.parent
        spec = _find(self.integration, folder)
        read = self._reader(spec, folder)
        given, names = configured(read), load_translator()
        # Components of several integrations have connections of their own.
        key = f"{RESOURCE}_{spec.name}"
        jobs = build_jobs(spec, names)
        status = dg.DefaultSensorStatus.RUNNING if self.schedule.running else dg.DefaultSensorStatus.STOPPED
        return dg.Definitions(
            assets=build_assets(spec, given, names, key),
            jobs=jobs,
            sensors=[build_sensor(spec, Grid.of(spec, given), jobs, names, status=status, resource=key)],
            resources={key: workplace_resource(None, read)},
        )

    def _reader(self, spec: IntegrationSpec, folder: Path) -> Callable[[], Connections]:
        """What reads the connections when they are needed: from the file, or as they stand in the YAML."""
        if isinstance(self.connections, str):
            path = folder / self.connections
            return lambda: self._timed(read_connections(path))
        entries = [{**item.model_dump(exclude_none=True), "integration": spec.name} for item in self.connections]
        given = check_entries(f"{folder.name}/defs.yaml", entries)
        if given.problems:
            raise BadConnection("; ".join(item.text for item in given.problems))
        return lambda: self._timed(given)

    def _timed(self, connections: Connections) -> Connections:
        """The connections, each with its interval or else that of the schedule."""
        every = parse_interval(self.schedule.every)
        valid = (
            item if "interval" in item.model_fields_set else item.model_copy(update={"interval": every})
            for item in connections.valid
        )
        return Connections(tuple(valid), connections.problems)


def _find(integration: str, folder: Path) -> IntegrationSpec:
    """An integration by its name, or by a path from the component's folder. Raises DefinitionError."""
    return find_integration(str(folder / integration) if integration.endswith(".py") else integration)


def _settings(spec: IntegrationSpec) -> dict[str, str]:
    """The settings that a connection has to say, each from a variable: `${SNYK_TOKEN}`."""
    needed = [name for name, field in spec.config.model_fields.items() if field.is_required()]
    return {name: f"${{{spec.name}_{name}}}".upper() for name in needed}
