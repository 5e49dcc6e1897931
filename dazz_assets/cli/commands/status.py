"""`dazz status`: what is stored of each connection, how far its marks are, and what failed last."""

import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from dazz_assets.cli.advice import describe_other_versions
from dazz_assets.cli.options import AsJson
from dazz_assets.cli.output import print_json, print_note, print_result, print_table
from dazz_assets.names import list_names
from dazz_assets.reports import describe_failing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dazz_assets.cli.status_report import ParserStatus, StreamStatus

_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}).*Z")
# The columns of each table, with the fields that they show.
_STREAM = {
    "connection": "connection",
    "stream": "stream",
    "rows (all versions)": "rows",
    "high-water mark": "high_water_mark",
    "last sync": "last_sync",
    "requests": "requests",
    "due next": "due_next",
}
_PARSER = {
    "connection": "connection",
    "parser": "parser",
    "objects": "objects",
    "windows": "windows",
    "stale windows": "stale_windows",
    "quarantined": "quarantined",
    "last parse": "last_parse",
}


def show_status(as_json: AsJson = False) -> None:
    """Show what is stored of each stream and parser, when it was last synced, and its last error."""
    from dazz_assets.cli.status_report import read_status
    from dazz_assets.home import describe_search, lake_url

    status = read_status()
    if as_json:
        print_json(asdict(status))
        return
    if (status.unknown or status.problems) and not status.streams:
        print_result(f"Nothing is stored in {lake_url()}.")
    elif not status.streams:
        print_result(f"There are no connections yet {describe_search()}, and nothing is stored in {lake_url()}.")
    else:
        print_table(list(_STREAM), [_table_row(item, _STREAM.values()) for item in status.streams])
    if status.parsers:
        print_result("")
        print_table(list(_PARSER), [_table_row(item, _PARSER.values()) for item in status.parsers])
    if status.unknown:
        print_note(_describe_unknown(status.unknown), "yellow")
    for failing in status.failing:
        connection = f"{failing.integration}/{failing.connection}"
        text = describe_failing(failing.failures, failing.reason.removeprefix(f"{connection}, "), failing.next_try)
        print_note(f"{connection} {text}", "red")
    items: list[StreamStatus | ParserStatus] = [*status.streams, *status.parsers]
    for item in items:
        is_shown = any(failing.reason.rstrip(".… ") in (item.last_error or "") for failing in status.failing)
        if item.last_error and item.configured and not is_shown:
            print_note(_name_connection(f"{item.integration}/{item.connection}", item.last_error), "red")
    for connection in dict.fromkeys(f"{item.integration}/{item.connection}" for item in items if not item.configured):
        print_note(f"{connection} is no longer configured; what is stored of it stays", "yellow")
    for parser in status.parsers:
        if parser.version and parser.other_versions:
            text = describe_other_versions(parser.parser, parser.version, parser.other_versions, parser.integration)
            print_note(f"{parser.integration}/{parser.connection}: {text}", "yellow")
    for problem in status.problems:
        print_note(f"Connection not usable: {problem}", "red")


def _table_row(item: "StreamStatus | ParserStatus", fields: "Iterable[str]") -> list[object]:
    values = {name: _shorten_time(getattr(item, name)) for name in fields}
    return list((values | {"connection": f"{item.integration}/{item.connection}"}).values())


def _shorten_time(value: object) -> object:
    """A time to the minute, in two words so that a narrow column breaks it between day and hour; others as they are."""
    if not isinstance(value, str) or (match := _TIME.fullmatch(value)) is None:
        return value
    return f"{match[1]} {match[2]}Z"


def _name_connection(connection: str, text: str) -> str:
    """A text that begins with its connection, as most errors do by themselves."""
    return text if text.startswith(connection) else f"{connection}: {text}"


def _describe_unknown(integrations: "Sequence[str]") -> str:
    """Why something is left out of the status of integrations that are not discovered, and how to have it."""
    names, are = list_names(integrations), "is" if len(integrations) == 1 else "are"
    return (
        f"what is due or stale is not known of {names}, which {are} not discovered: add the path of the file to "
        "DAZZ_INTEGRATIONS, or see `dazz list` if it failed to load"
    )
