"""`dazz list`: the integrations that are found, with their connections, and those that failed to load."""

from __future__ import annotations

from collections.abc import Sequence
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
    from dazz_assets.cli.unknown_integrations import describe_unknown
    from dazz_assets.spec.discovery import discover
    from dazz_assets.spec.summary import write_catalogue

    discovered = discover()
    connections, problems = _read_connections()
    unknown = [text for _, text in describe_unknown(connections, discovered.integrations, discovered.failures)]
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
