"""Our assets in a code location of someone else's: definitions that they merge with their own."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import dagster as dg

from dazz_assets.authoring.describe import describe
from dazz_assets.authoring.discovery import Discovered, discover, find
from dazz_assets.authoring.integration import Integration
from dazz_assets.authoring.spec import IntegrationSpec
from dazz_assets.connections import Connection, Connections, connections_path, read_connections
from dazz_assets.home import lake_url
from dazz_assets.lake import Lake
from dazz_assets.orchestration import definitions
from dazz_assets.orchestration.translator import Translator
from dazz_assets.orchestration.translator import translator as translator_of_environment
from dazz_assets.orchestration.workplace import Workplace


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
    found = discover() if integrations is None else Discovered({spec.name: spec for spec in map(spec_of, integrations)})
    read = connections_reader(connections)
    ours = definitions.build_definitions(
        found, definitions.configured(read), translator or translator_of_environment(), workplace_resource(lake, read)
    )
    return dg.Definitions(
        assets=ours.assets,
        jobs=ours.jobs,
        schedules=ours.schedules,
        sensors=ours.sensors,
        resources=ours.resources,
        metadata=ours.metadata,
    )


def spec_of(integration: type[Integration[Any]] | str | Path) -> IntegrationSpec:
    """The integration of a class, a name or a path. Raises DefinitionError."""
    return describe(integration) if isinstance(integration, type) else find(str(integration))


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
        lambda _: Workplace(lake if isinstance(lake, Lake) else Lake(lake or lake_url()), read)
    )
