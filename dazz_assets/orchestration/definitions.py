"""Dagster definitions for integrations: `build_definitions` for your own code location, `defs` as a complete one.

Importing this module reads nothing. Integrations and connections are read when Dagster asks for the definitions.
"""

import logging
import os
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from dazz_assets.connections import BadConnection, Connection, Connections
from dazz_assets.declare.integration import Integration
from dazz_assets.home import DAGSTER_VARIABLE, dagster_home
from dazz_assets.lake import Lake
from dazz_assets.orchestration.assets import build_assets
from dazz_assets.orchestration.jobs import build_jobs, compact_daily, compact_job
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.resource import RESOURCE, DazzResource, SessionPool, build_resource
from dazz_assets.orchestration.sensor import build_sensor
from dazz_assets.orchestration.translator import Translator, load_translator
from dazz_assets.spec.discovery import Discovered, LoadFailure, discover, explain_failure, find_integration
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec

_log = logging.getLogger(__name__)

Resource = dg.ResourceDefinition | dg.ConfigurableResource[SessionPool]


def build_definitions(
    integrations: Iterable[type[Integration[Any]] | str | Path] | None = None,
    *,
    connections: str | Path | Iterable[Connection] | None = None,
    lake: str | Path | Lake | None = None,
    translator: Translator | None = None,
) -> dg.Definitions:
    """Build the assets, jobs, sensors and resources of integrations, to merge with your own definitions:

        defs = dg.Definitions.merge(dazz_assets.build_definitions(["desk"]), mine)

    integrations: classes, names, or paths of Python files. Default: all that are discovered; those that fail to load
        are logged as warnings.
    connections: the path of the connections file, which sensors read again at each tick, or the connections
        themselves. Default: the file that the environment names.
    lake: the lake, or its path or URL. Default: the one that the environment names.
    translator: sets names and groups of the assets. Default: the one that the environment names.

    The result has no executor: yours is used for runs that you launch, and the jobs that sensors request bring theirs.

    Raises DefinitionError if a named integration doesn't exist or fails to load, and BadConnection if two of the
    connections given have the same id.
    """
    if integrations is None:
        found = discover()
    else:
        found = Discovered({spec.name: spec for spec in map(find_spec, integrations)})
    resource = build_resource(lake, connections)
    at_load = read_connections_at_load(resource.read_connections)
    complete = assemble_definitions(found, at_load, translator or load_translator(), resource)
    return dg.Definitions(
        assets=complete.assets,
        jobs=complete.jobs,
        schedules=complete.schedules,
        sensors=complete.sensors,
        resources=complete.resources,
        metadata=complete.metadata,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The code location that `dazz dev` serves: all discovered integrations, configured by the environment alone."""
    return load_definitions(DazzResource())


def load_definitions(resource: DazzResource) -> dg.Definitions:
    """A complete code location: all discovered integrations, with this resource and the environment's translator."""
    if not os.environ.get(DAGSTER_VARIABLE):
        _log.warning(
            "Dagster is not using the instance in %s, so the UI won't show runs of the `dazz` command line. "
            "Start it with `make dev`, which sets %s.",
            dagster_home(),
            DAGSTER_VARIABLE,
        )
    connections = read_connections_at_load(resource.read_connections)
    return assemble_definitions(discover(), connections, load_translator(), resource)


def assemble_definitions(
    found: Discovered,
    connections: tuple[Connection, ...],
    translator: Translator | None = None,
    resource: Resource | None = None,
) -> dg.Definitions:
    """The definitions of the integrations found, with jobs for the lake, an executor and the resource.

    An integration that fails to load is logged, and listed in the definitions' metadata.

    connections: the earliest start among an integration's connections is where its grid begins.
    resource: the resource that runs use. Default: one configured by the environment when a run starts.
    """
    parts = [dg.Definitions(jobs=[compact_job], schedules=[compact_daily])]
    failures = list(found.failures)
    for spec in found.integrations.values():
        try:
            parts.append(_build_integration(spec, connections, translator or Translator()))
        except Exception as error:  # noqa: BLE001  one bad integration must not take down the others
            failures.append(LoadFailure(spec.name, explain_failure(error)))
    for failure in failures:
        _warn_of(failure)
    shared = dg.Definitions(
        resources={RESOURCE: resource or DazzResource()},
        executor=dg.in_process_executor,
        metadata={f"failed to load: {failure.place}": failure.reason for failure in failures},
    )
    return dg.Definitions.merge(*parts, shared)


@cache
def _warn_of(failure: LoadFailure) -> None:
    """Log a failure once: Dagster loads the definitions of one process twice."""
    _log.warning("Integration %s failed to load: %s", failure.place, failure.reason)


def _build_integration(
    spec: IntegrationSpec, connections: tuple[Connection, ...], translator: Translator
) -> dg.Definitions:
    jobs = build_jobs(spec, translator)
    return dg.Definitions(
        assets=build_assets(spec, connections, translator),
        jobs=jobs,
        sensors=[build_sensor(spec, Grid.of(spec, connections), jobs, translator)],
    )


def find_spec(integration: type[Integration[Any]] | str | Path) -> IntegrationSpec:
    """The spec of an integration given as class, name or path. Raises DefinitionError."""
    return read_integration(integration) if isinstance(integration, type) else find_integration(str(integration))


def read_connections_at_load(read: Callable[[], Connections]) -> tuple[Connection, ...]:
    """The valid connections now, while definitions load. Logs a warning and returns none if they can't be read."""
    try:
        return read().valid
    except BadConnection as error:
        _log.warning("%s. Until the definitions are reloaded, grids begin with the current window.", error)
        return ()
