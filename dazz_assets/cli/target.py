"""Which integration and which of its connections a command works with."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dazz_assets.cli.exit_status import Refused, keep_secret
from dazz_assets.connections import BadConnection, Connection, connections_path, read_connections
from dazz_assets.declare.config import config_secrets
from dazz_assets.names import suggest
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec


@dataclass(frozen=True, slots=True)
class Target:
    """An integration and connections of it, at least one. problems: entries of its connections that can't be read."""

    spec: IntegrationSpec
    connections: tuple[Connection, ...]
    problems: Mapping[str, str]


def find_target(target: str, ids: Sequence[str] | None) -> Target:
    """The integration of a target, with these connections or all.

    Raises DefinitionError for an unknown target or one that fails to load, BadConnection for a connections file that
    can't be read, Refused for a connection that there isn't, or where no connection is left to work with.
    """
    spec = find_integration(target)
    found = read_connections(connections_path())
    known = {item.id: item for item in found.for_integration(spec.name)}
    problems = found.problems_for(spec.name)
    for id_ in ids or ():
        if id_ in problems and id_ not in known:
            raise Refused(problems[id_])
        if id_ not in known:
            raise Refused(f"{connections_path()} has no connection {id_!r} of {spec.name}{suggest(id_, known)}")
    chosen = [known[id_] for id_ in dict.fromkeys(ids)] if ids else list(known.values())
    problems = {} if ids else problems
    if not chosen:
        others = sorted({item.integration for item in found.valid})
        there_are = f" (it has connections of {', '.join(others)})" if others else ""
        missing = f"{connections_path()} has no connection of {spec.name}: add one{there_are}"
        raise Refused("; ".join(problems.values()) or missing)
    for connection in chosen:
        _keep_secrets(spec, connection)
    return Target(spec, tuple(chosen), problems)


def find_single_target(target: str, id_: str | None) -> tuple[IntegrationSpec, Connection]:
    """The integration of a target with this connection, or with its only one. Raises as `choose` does.

    Raises Refused also where no connection is named and there are several.
    """
    chosen = find_target(target, None if id_ is None else [id_])
    if len(chosen.connections) > 1:
        ids = ", ".join(item.id for item in chosen.connections)
        raise Refused(f"{chosen.spec.name} has several connections: name one by --connection; there are: {ids}")
    return chosen.spec, chosen.connections[0]


def _keep_secrets(spec: IntegrationSpec, connection: Connection) -> None:
    # A wrong config is told where the connection is used, beside the others' results.
    with suppress(BadConnection):
        keep_secret(*config_secrets(connection.load(spec.config)))
