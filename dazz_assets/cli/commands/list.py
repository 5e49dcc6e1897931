"""`dazz list`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dazz_assets.cli.options import AsJson
from dazz_assets.cli.output import print_json, print_note, print_table

if TYPE_CHECKING:
    from dazz_assets.connections import Connections
    from dazz_assets.spec.discovery import Discovered
    from dazz_assets.spec.specs import IntegrationSpec


def list_integrations(as_json: AsJson = False) -> None:
    """Integrations with their streams, parsers and connections, and what failed to load."""
    from dazz_assets.spec.discovery import discover

    found = discover()
    connections, problems = _connections()
    unknown = list(_unknown(connections, found))
    described = [_described(spec, connections) for spec in found.integrations.values()]
    if as_json:
        failures = [{"place": item.location, "reason": item.reason} for item in found.failures]
        print_json({"integrations": described, "failures": failures, "problems": [*problems, *unknown]})
        return
    print_table(("integration", "streams", "parsers", "connections"), [_row(item) for item in described])
    for failure in found.failures:
        print_note(f"Failed to load: {failure.location}: {failure.reason}", "red")
    for problem in problems:
        print_note(f"Connection not usable: {problem}", "red")
    for text in unknown:
        print_note(text, "yellow")


def _connections() -> tuple[Connections, list[str]]:
    """The connections, and what is wrong with their file; there may be no such file yet."""
    from dazz_assets.connections import BadConnection, Connections, connections_path, read_connections

    if not connections_path().exists():
        return Connections(), []
    try:
        connections = read_connections(connections_path())
    except BadConnection as error:
        return Connections(), [str(error)]
    return connections, [problem.text for problem in connections.problems]


def _unknown(connections: Connections, found: Discovered) -> Iterator[str]:
    """What is to be done about integrations that connections name and that are neither loaded nor failed to be."""
    from dazz_assets.connections import connections_path
    from dazz_assets.names import suggest
    from dazz_assets.spec.discovery import PATHS_VARIABLE, find_local_folders

    failed = {word for failure in found.failures for word in re.split(r"\W+", failure.location)}
    named = [*(item.integration for item in connections.valid), *(item.integration for item in connections.problems)]
    for name in dict.fromkeys(filter(None, named)):
        if name in found.integrations or name in failed:
            continue
        file = Path(f"{name}.py")
        here = [
            *(folder for folder in find_local_folders() if folder.name == name),
            *([file] if file.is_file() else []),
        ]
        if here:
            paths = os.pathsep.join(filter(None, [os.environ.get(PATHS_VARIABLE), str(here[0])]))
            yield f"{connections_path()} names `{name}`, which is not loaded; set {PATHS_VARIABLE}={paths}"
        else:
            known = suggest(name, found.integrations)
            yield f"{connections_path()} names `{name}`, and there is no integration of that name{known}"


def _described(spec: IntegrationSpec, connections: Connections) -> dict[str, Any]:
    return {
        "name": spec.name,
        "description": spec.doc,
        "streams": [
            {"name": item.name, "incremental": item.cursor is not None, "parent": item.parent}
            for item in spec.streams.values()
        ],
        "parsers": [
            {"name": item.name, "version": item.version, "inputs": [each.stream for each in item.inputs]}
            for item in spec.parsers.values()
        ],
        "connections": [item.id for item in connections.for_integration(spec.name)],
    }


def _row(described: dict[str, Any]) -> tuple[str, ...]:
    streams, parsers = ([item["name"] for item in described[kind]] for kind in ("streams", "parsers"))
    return described["name"], ", ".join(streams), ", ".join(parsers), ", ".join(described["connections"]) or "none"
