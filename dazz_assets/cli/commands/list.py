"""`dazz list`: the integrations that are found, with their connections, and those that failed to load."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dazz_assets.cli.exit_status import FAILED, end_command
from dazz_assets.cli.options import AsJson
from dazz_assets.cli.output import print_json, print_note, print_result, print_table

if TYPE_CHECKING:
    from dazz_assets.connections import Connections
    from dazz_assets.spec.discovery import Discovered
    from dazz_assets.spec.specs import IntegrationSpec


AsMarkdown = Annotated[
    bool, typer.Option("--markdown", help="Write a catalogue for a document: auth, sync modes, parsers.")
]


def list_integrations(as_json: AsJson = False, as_markdown: AsMarkdown = False) -> None:
    """List integrations with their streams, parsers and connections, and those that failed to load.

    Exit status 1 if any failed.
    """
    from dazz_assets.spec.discovery import discover
    from dazz_assets.spec.summary import write_catalogue

    discovered = discover()
    connections, problems = _read_connections()
    unknown = list(_warn_about_unknown(connections, discovered))
    described = [_describe_integration(spec, connections) for spec in discovered.integrations.values()]
    if as_json:
        failures = [{"place": item.place, "reason": item.reason} for item in discovered.failures]
        print_json({"integrations": described, "failures": failures, "problems": [*problems, *unknown]})
    elif as_markdown:
        print_result(write_catalogue(discovered.integrations.values()))
    else:
        _print_integrations(described, discovered, problems, unknown)
    if discovered.failures:
        end_command(FAILED)


def _print_integrations(
    described: Sequence[dict[str, Any]], discovered: Discovered, problems: Sequence[str], unknown: Sequence[str]
) -> None:
    print_table(("integration", "streams", "parsers", "connections"), [_table_row(item) for item in described])
    for failure in discovered.failures:
        print_note(f"Failed to load: {failure.place}: {failure.reason}", "red")
    for problem in problems:
        print_note(f"Connection not usable: {problem}", "red")
    for text in unknown:
        print_note(text, "yellow")


def _read_connections() -> tuple[Connections, list[str]]:
    """The connections (none if there is no file yet), and what is wrong with the file or its entries."""
    from dazz_assets.connections import BadConnection, Connections, connections_path, read_connections

    if not connections_path().exists():
        return Connections(), []
    try:
        connections = read_connections(connections_path())
    except BadConnection as error:
        return Connections(), [str(error)]
    return connections, [problem.text for problem in connections.problems]


def _warn_about_unknown(connections: Connections, discovered: Discovered) -> Iterator[str]:
    """Warnings with a fix for integrations that connections name, but that are not loaded and did not fail to."""
    from dazz_assets.connections import connections_path
    from dazz_assets.home import in_project
    from dazz_assets.names import suggest
    from dazz_assets.spec.discovery import PATHS_VARIABLE, find_local_folders

    failed = {word for failure in discovered.failures for word in re.split(r"\W+", failure.place)}
    names = [*(item.integration for item in connections.valid), *(item.integration for item in connections.problems)]
    for name in dict.fromkeys(filter(None, names)):
        if name in discovered.integrations or name in failed:
            continue
        file = Path(f"{name}.py")  # relative to the project, as what the variable holds
        candidates = [
            *(folder for folder in find_local_folders() if folder.name == name),
            *([file] if in_project(file).is_file() else []),
        ]
        if candidates:
            paths = os.pathsep.join(filter(None, [os.environ.get(PATHS_VARIABLE), str(candidates[0])]))
            yield f"{connections_path()} names `{name}`, which is not loaded: set {PATHS_VARIABLE}={paths}"
        else:
            hint = suggest(name, discovered.integrations)
            yield f"{connections_path()} names `{name}`, but there is no integration of that name{hint}"


def _describe_integration(spec: IntegrationSpec, connections: Connections) -> dict[str, Any]:
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


def _table_row(described: dict[str, Any]) -> tuple[str, ...]:
    streams, parsers = ([item["name"] for item in described[kind]] for kind in ("streams", "parsers"))
    return described["name"], ", ".join(streams), ", ".join(parsers), ", ".join(described["connections"]) or "none"
