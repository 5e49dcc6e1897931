"""Find the integration and the connections that a command works on."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dazz_assets.cli.exit_status import UsageError, register_secrets
from dazz_assets.cli.unknown_integrations import describe_unknown
from dazz_assets.connections import BadConnection, Connection, Connections, connections_path, read_connections
from dazz_assets.declare.config import config_secrets
from dazz_assets.names import closest_name, suggest
from dazz_assets.spec.discovery import discover, find_integration
from dazz_assets.spec.specs import IntegrationSpec


@dataclass(frozen=True, slots=True)
class Target:
    """An integration and at least one of its connections.

    given: the integration as the command's argument named it: a name or a path.
    problems: what is wrong with its invalid entries in the connections file, by connection id.
    """

    given: str
    spec: IntegrationSpec
    connections: tuple[Connection, ...]
    problems: Mapping[str, str]


def find_target(name_or_path: str, ids: Sequence[str] | None) -> Target:
    """Find an integration, with the connections of these ids, or with all.

    Raises DefinitionError for an integration that is unknown or fails to load, BadConnection for a connections file
    that can't be read, and UsageError for an unknown connection or if there is no connection to work with.
    """
    spec = find_integration(name_or_path)
    connections = read_connections(connections_path())
    known = {item.id: item for item in connections.for_integration(spec.name)}
    problems = connections.problems_for(spec.name)
    for id_ in ids or ():
        if id_ in problems and id_ not in known:
            raise UsageError(problems[id_])
        if id_ not in known:
            missing = f"{connections_path()} has no connection {id_!r} of {spec.name}{suggest(id_, known)}"
            raise UsageError("; ".join([missing, *_misspelt(spec, connections)]))
    selected = [known[id_] for id_ in dict.fromkeys(ids)] if ids else list(known.values())
    problems = {} if ids else problems
    if not selected:
        others = sorted({item.integration for item in connections.valid})
        hint = f" (it has connections of {', '.join(others)})" if others else ""
        missing = f"{connections_path()} has no connection of {spec.name}: add one{hint}"
        raise UsageError("; ".join([*(problems.values() or [missing]), *_misspelt(spec, connections)]))
    for connection in selected:
        _register_config_secrets(spec, connection)
    return Target(name_or_path, spec, tuple(selected), problems)


def find_single_target(name_or_path: str, id_: str | None) -> tuple[IntegrationSpec, Connection]:
    """Find an integration, with the connection of this id, or with its only one.

    Raises as `find_target` does, and UsageError if no id is given and there are several connections.
    """
    target = find_target(name_or_path, None if id_ is None else [id_])
    if len(target.connections) > 1:
        ids = ", ".join(item.id for item in target.connections)
        raise UsageError(f"{target.spec.name} has several connections: choose one with --connection, from {ids}")
    return target.spec, target.connections[0]


def _misspelt(spec: IntegrationSpec, connections: Connections) -> list[str]:
    """What is wrong with entries that name no integration there is, and may have meant this one."""
    found = discover()
    unknown = describe_unknown(connections, {spec.name, *found.integrations}, found.failures)
    return [text for name, text in unknown if closest_name(name, [spec.name])]


def _register_config_secrets(spec: IntegrationSpec, connection: Connection) -> None:
    # An invalid config is reported where the connection is used, so that the other connections still run.
    with suppress(BadConnection):
        register_secrets(*config_secrets(connection.load(spec.config)))
