"""`dazz status`."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from dazz_assets.cli.options import AsJson
from dazz_assets.cli.output import print_json, print_note, print_result, print_table

if TYPE_CHECKING:
    from dazz_assets.cli.status_report import ParserStatus, StreamStatus

# Columns of the tables, and the fields that they show.
_STREAM = {
    "integration": "integration",
    "connection": "connection",
    "stream": "stream",
    "rows": "rows",
    "high-water mark": "high_water_mark",
    "last sync": "last_sync",
    "requests": "requests",
    "due next": "due_next",
}
_PARSER = {
    "integration": "integration",
    "connection": "connection",
    "parser": "parser",
    "objects": "objects",
    "windows": "windows",
    "stale windows": "stale_windows",
    "quarantined": "quarantined",
    "last parse": "last_parse",
}


def show_status(as_json: AsJson = False) -> None:
    """What is stored of each stream and parser, when it was synced, and what went wrong last."""
    from dazz_assets.cli.status_report import read_status

    state = read_status()
    if as_json:
        print_json(asdict(state))
        return
    if not state.streams:
        print_result("There are no connections yet, and nothing is stored.")
    else:
        print_table(list(_STREAM), [[getattr(item, name) for name in _STREAM.values()] for item in state.streams])
    if state.parsers:
        print_result("")
        print_table(list(_PARSER), [[getattr(item, name) for name in _PARSER.values()] for item in state.parsers])
    states: list[StreamStatus | ParserStatus] = [*state.streams, *state.parsers]
    for one in states:
        if one.last_error:
            print_note(f"{one.integration}/{one.connection}: {one.last_error}", "red")
    for problem in state.problems:
        print_note(f"Connection not usable: {problem}", "red")
