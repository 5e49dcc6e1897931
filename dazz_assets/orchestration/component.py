"""A component for `dg`: an integration with its connections and schedule, written in YAML."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import click
import dagster as dg
from pydantic import BaseModel, Field, field_validator

from dazz_assets.connections import BadConnection, Connections, check_entries, parse_interval
from dazz_assets.errors import DefinitionError
from dazz_assets.orchestration.assets import build_assets
from dazz_assets.orchestration.definitions import read_connections_at_load
from dazz_assets.orchestration.jobs import build_jobs
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.resource import RESOURCE, DazzResource, build_resource
from dazz_assets.orchestration.sensor import build_sensor
from dazz_assets.orchestration.translator import load_translator
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec

# `dg check yaml` knows the schema alone. A text may be a template there, such as "{{ env.SYNC_EVERY }}".
_INTERVAL_OR_TEMPLATE = r"^\s*\d+\s*[smhd]\s*$|\{\{"


class ConnectionAttributes(dg.Model, dg.Resolvable):
    """One customer's account at the vendor."""

    id: str | int = Field(description="Lower case letters, digits, `_` and `-`.")
    start: str = Field(description="The first day to fetch, as 2026-01-31.")
    interval: str | None = Field(
        default=None,
        description="How often to sync; by default as `schedule` says.",
        json_schema_extra={"pattern": _INTERVAL_OR_TEMPLATE},
    )
    config: Mapping[str, Any] = Field(
        default={}, description="The vendor's settings; `${VARIABLE}` is read from the environment when a run starts."
    )


class ScheduleAttributes(dg.Model, dg.Resolvable):
    """When connections are synced."""

    every: str = Field(
        default="15m",
        description="How often to sync connections without an `interval`: 30s, 15m, 6h or 1d.",
        json_schema_extra={"pattern": _INTERVAL_OR_TEMPLATE},
    )
    running: bool = Field(default=False, description="Whether the sensor runs without being started in the UI.")

    @field_validator("every")
    @classmethod
    def _is_interval(cls, value: str) -> str:
        parse_interval(value)
        return value


class ScaffoldParams(BaseModel):
    """The parameters of `dg scaffold defs dazz_assets.IntegrationComponent`."""

    integration: str = Field(description="Name of the integration, or path of its Python file.")
    connection: str = Field(default="main", description="Id of the first connection.")


class IntegrationScaffolder(dg.Scaffolder[ScaffoldParams]):
    """Writes the YAML of an integration with one connection, with its settings read from the environment."""

    @classmethod
    def get_scaffold_params(cls) -> type[ScaffoldParams]:
        """The type of the command's parameters."""
        return ScaffoldParams

    def scaffold(self, request: dg.ScaffoldRequest[ScaffoldParams]) -> None:
        """Write the component's YAML. Raises ClickException if the integration doesn't exist or fails to load."""
        try:
            spec = _find_integration(request.params.integration, request.target_path)
        except DefinitionError as error:
            # `dg` has made the folder, and refuses to scaffold into one that exists.
            with suppress(OSError):
                request.target_path.rmdir()
            raise click.ClickException(str(error)) from None
        connection = {
            "id": request.params.connection,
            "start": date.today().replace(month=1, day=1).isoformat(),
            "config": _required_settings(spec),
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
        """The assets, jobs and sensor of the integration, with their own resource.

        Raises DefinitionError if the integration doesn't exist or fails to load, and BadConnection if a connection in
        the YAML is wrong.
        """
        folder = context.path if context.path.is_dir() else context.path.parent
        spec = _find_integration(self.integration, folder)
        resource = self._build_resource(spec, folder)
        connections, translator = read_connections_at_load(resource.read_connections), load_translator()
        # Each component of a project has its own connections, and so its own resource.
        key = f"{RESOURCE}_{spec.name}"
        jobs = build_jobs(spec, translator)
        status = dg.DefaultSensorStatus.RUNNING if self.schedule.running else dg.DefaultSensorStatus.STOPPED
        return dg.Definitions(
            assets=build_assets(spec, connections, translator, key),
            jobs=jobs,
            sensors=[build_sensor(spec, Grid.of(spec, connections), jobs, translator, status=status, resource=key)],
            resources={key: resource},
        )

    def _build_resource(self, spec: IntegrationSpec, folder: Path) -> DazzResource:
        """The resource that gives runs the connections of the file, or those in the YAML."""
        if isinstance(self.connections, str):
            return build_resource(connections=folder / self.connections, adjust=self._apply_schedule)
        entries = [{**item.model_dump(exclude_none=True), "integration": spec.name} for item in self.connections]
        checked = check_entries(f"{folder.name}/defs.yaml", entries)
        if checked.problems:
            raise BadConnection("; ".join(item.text for item in checked.problems))
        return build_resource(connections=checked.valid, adjust=self._apply_schedule)

    def _apply_schedule(self, connections: Connections) -> Connections:
        """The connections, with the schedule's interval for those that have none."""
        every = parse_interval(self.schedule.every)
        valid = (
            item if "interval" in item.model_fields_set else item.model_copy(update={"interval": every})
            for item in connections.valid
        )
        return Connections(tuple(valid), connections.problems)


def _find_integration(integration: str, folder: Path) -> IntegrationSpec:
    """The integration of this name, or at this path relative to the component's folder. Raises DefinitionError."""
    return find_integration(str(folder / integration) if integration.endswith(".py") else integration)


def _required_settings(spec: IntegrationSpec) -> dict[str, str]:
    """The required settings of a connection, each read from a variable, such as `${DESK_TOKEN}`."""
    required = [name for name, field in spec.config.model_fields.items() if field.is_required()]
    return {name: f"${{{spec.name}_{name}}}".upper() for name in required}
