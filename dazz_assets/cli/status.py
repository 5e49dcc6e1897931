"""`dazz status`."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from dazz_assets.cli.options import AsJson
from dazz_assets.cli.output import put_json, put_table, say, tell

if TYPE_CHECKING:
    from dazz_assets.cli.state import ParserState, StreamState


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
        put_table(
            ("integration", "connection", "stream", "rows", "high-water mark", "last sync", "requests", "due next"),
            [
                (
                    item.integration,
                    item.connection,
                    item.stream,
                    item.rows,
                    item.high_water_mark,
                    item.last_sync,
                    item.requests,
                    item.due_next,
                )
                for item in state.streams
            ],
        )
    if state.parsers:
        say("")
        put_table(
            ("integration", "connection", "parser", "objects", "windows", "stale windows", "quarantined", "last parse"),
            [
                (
                    item.integration,
                    item.connection,
                    item.parser,
                    item.objects,
                    item.windows,
                    item.stale_windows,
                    item.quarantined,
                    item.last_parse,
                )
                for item in state.parsers
            ],
        )
    states: list[StreamState | ParserState] = [*state.streams, *state.parsers]
    for one in states:
        if one.last_error:
            tell(f"{one.integration}/{one.connection}: {one.last_error}", "red")
    for problem in state.problems:
        tell(f"Connection not usable: {problem}", "red")
