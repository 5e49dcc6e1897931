"""Integrations as one code location. Nothing is read when this module is imported, but when Dagster asks for `defs`."""

import logging
import os
from collections.abc import Callable

import dagster as dg

from dazz_assets.authoring.discovery import Discovered, Failure, discover, sentence
from dazz_assets.authoring.spec import IntegrationSpec
from dazz_assets.connections import BadConnection, Connection, Connections
from dazz_assets.home import DAGSTER_VARIABLE, dagster_home
from dazz_assets.orchestration.assets import build_assets
from dazz_assets.orchestration.compaction import compact_daily, compact_job
from dazz_assets.orchestration.jobs import build_jobs
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.resource import DazzResource
from dazz_assets.orchestration.sensors import build_sensor
from dazz_assets.orchestration.translator import Translator, translator
from dazz_assets.orchestration.workplace import RESOURCE, Workplace

_log = logging.getLogger(__name__)

Resource = dg.ResourceDefinition | dg.ConfigurableResource[Workplace]


def build_definitions(
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
            failures.append(Failure(spec.name, sentence(error)))
    for failure in failures:
        _log.warning("An integration failed to load: %s: %s", failure.place, failure.reason)
    common = dg.Definitions(
        resources={RESOURCE: resource or DazzResource()},
        executor=dg.in_process_executor,
        metadata={f"failed to load: {failure.place}": failure.reason for failure in failures},
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
    return build_definitions(discover(), configured(resource.read_connections), translator(), resource)


@dg.definitions
def defs() -> dg.Definitions:
    """Everything discovered, where the environment says everything."""
    return load_definitions(DazzResource())
