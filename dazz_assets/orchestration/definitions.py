"""Integrations as Dagster definitions: a code location of our own, or a part of someone else's.

Nothing is read when this module is imported, but when Dagster asks for `defs`.
"""

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import dagster as dg

from dazz_assets.connections import BadConnection, Connection, Connections, connections_path, read_connections
from dazz_assets.declare.integration import Integration
from dazz_assets.home import DAGSTER_VARIABLE, dagster_home, lake_url
from dazz_assets.lake import Lake
from dazz_assets.orchestration.assets import build_assets
from dazz_assets.orchestration.jobs import build_jobs, compact_daily, compact_job
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.resource import RESOURCE, DazzResource, SessionPool
from dazz_assets.orchestration.sensor import build_sensor
from dazz_assets.orchestration.translator import Translator, load_translator
from dazz_assets.orchestration.translator import load_translator as translator_of_environment
from dazz_assets.spec.discovery import Discovered, LoadFailure, discover, explain_failure, find_integration
from dazz_assets.spec.read import describe
from dazz_assets.spec.specs import IntegrationSpec

_log = logging.getLogger(__name__)

Resource = dg.ResourceDefinition | dg.ConfigurableResource[SessionPool]


def assemble_definitions(
    found: Discovered,
    connections: tuple[Connection, ...],
    translator: Translator | None = None,
    resource: Resource | None = None,
) -> dg.Definitions:
    """Assets, jobs and sensors of the integrations found; those that failed are in the definitions' metadata.

    connections: grids begin with the earliest of them. resource: what runs are given; by default what the environment
    says when they start.
    """
    parts = [dg.Definitions(jobs=[compact_job], schedules=[compact_daily])]
    failures = list(found.failures)
    for spec in found.integrations.values():
        try:
            parts.append(_of(spec, connections, translator or Translator()))
        except Exception as error:  # noqa: BLE001  a model that no table can hold must not take the others down
            failures.append(LoadFailure(spec.name, explain_failure(error)))
    for failure in failures:
        _log.warning("An integration failed to load: %s: %s", failure.location, failure.reason)
    common = dg.Definitions(
        resources={RESOURCE: resource or DazzResource()},
        executor=dg.in_process_executor,
        metadata={f"failed to load: {failure.location}": failure.reason for failure in failures},
    )
    return dg.Definitions.merge(*parts, common)


def _of(spec: IntegrationSpec, connections: tuple[Connection, ...], translator: Translator) -> dg.Definitions:
    jobs = build_jobs(spec, translator)
    return dg.Definitions(
        assets=build_assets(spec, connections, translator),
        jobs=jobs,
        sensors=[build_sensor(spec, Grid.of(spec, connections), jobs, translator)],
    )


def configured(read: Callable[[], Connections]) -> tuple[Connection, ...]:
    """The connections that there are when definitions load; none, with a warning, where they can't be read."""
    try:
        return read().valid
    except BadConnection as error:
        _log.warning("%s; until the definitions are loaded again, grids begin with the current window", error)
        return ()


def load_definitions(resource: DazzResource) -> dg.Definitions:
    """Everything discovered, with the connections of a resource and the environment's translator."""
    if not os.environ.get(DAGSTER_VARIABLE):
        _log.warning(
            "Dagster runs on an instance that is not %s: runs of the command line don't show here. "
            "Start it with `make dev`, which sets %s.",
            dagster_home(),
            DAGSTER_VARIABLE,
        )
    return assemble_definitions(discover(), configured(resource.read_connections), load_translator(), resource)


@dg.definitions
def defs() -> dg.Definitions:
    """Everything discovered, where the environment says everything."""
    return load_definitions(DazzResource())


def build_definitions(
    integrations: Iterable[type[Integration[Any]] | str | Path] | None = None,
    *,
    connections: str | Path | Iterable[Connection] | None = None,
    lake: str | Path | Lake | None = None,
    translator: Translator | None = None,
) -> dg.Definitions:
    """Assets, jobs, sensors and resources of integrations, to be merged with yours:

        defs = dg.Definitions.merge(dazz_assets.build_definitions(["snyk"]), mine)

    integrations: classes, names, or paths of Python files; by default all that are discovered, of which those that
    fail to load are told in a warning. connections: their file, which sensors read again at each tick, or the
    connections themselves; by default the file that the environment names. lake: where it is; by default what the
    environment says. translator: names and groups of the assets; by default the environment's.

    They bring no executor: yours holds for runs that you launch by hand, and the jobs that sensors request have one.

    Raises DefinitionError for a named integration that there is not or that fails to load.
    """
    found = (
        discover() if integrations is None else Discovered({spec.name: spec for spec in map(find_spec, integrations)})
    )
    read = connections_reader(connections)
    ours = assemble_definitions(
        found, configured(read), translator or translator_of_environment(), workplace_resource(lake, read)
    )
    return dg.Definitions(
        assets=ours.assets,
        jobs=ours.jobs,
        schedules=ours.schedules,
        sensors=ours.sensors,
        resources=ours.resources,
        metadata=ours.metadata,
    )


def find_spec(integration: type[Integration[Any]] | str | Path) -> IntegrationSpec:
    """The integration of a class, a name or a path. Raises DefinitionError."""
    return describe(integration) if isinstance(integration, type) else find_integration(str(integration))


def connections_reader(given: str | Path | Iterable[Connection] | None) -> Callable[[], Connections]:
    """What reads the connections when they are needed, from a file or from what was given."""
    if given is None:
        return lambda: read_connections(connections_path())
    if isinstance(given, str | Path):
        path = Path(given)
        return lambda: read_connections(path)
    fixed = Connections(tuple(given))
    return lambda: fixed


def workplace_resource(lake: str | Path | Lake | None, read: Callable[[], Connections]) -> dg.ResourceDefinition:
    """What gives each run its workplace, with the lake given, or the environment's at that time."""
    return dg.ResourceDefinition(
        lambda _: SessionPool(lake if isinstance(lake, Lake) else Lake(lake or lake_url()), read)
    )
