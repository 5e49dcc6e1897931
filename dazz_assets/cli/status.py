"""`dazz status`."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from dazz_assets.cli.options import AsJson
from dazz_assets.cli.output import put_json, put_table, say, tell

if TYPE_CHECKING:
    from dazz_assets.cli.state import ParserState, StreamState

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
    from dazz_assets.cli.state import read_state

    state = read_state()
    if as_json:
        put_json(asdict(state))
        return
    if not state.streams:
        say("There are no connections yet, and nothing is stored.")
    else:
        put_table(list(_STREAM), [[getattr(item, name) for name in _STREAM.values()] for item in state.streams])
    if state.parsers:
        say("")
        put_table(list(_PARSER), [[getattr(item, name) for name in _PARSER.values()] for item in state.parsers])
    states: list[StreamState | ParserState] = [*state.streams, *state.parsers]
    for one in states:
        if one.last_error:
            tell(f"{one.integration}/{one.connection}: {one.last_error}", "red")
    for problem in state.problems:
        tell(f"Connection not usable: {problem}", "red")
