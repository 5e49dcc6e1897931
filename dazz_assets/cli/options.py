"""The arguments and options that commands share."""

import re
from datetime import UTC, datetime
from typing import Annotated

import typer

SANDBOX_PORT = 8790
SANDBOX_SEED = 1

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})?")


def parse_moment(text: str) -> datetime:
    """A day (its first moment) or an RFC 3339 time, as an aware datetime; UTC where it names no zone."""
    if not (_DAY.fullmatch(text) or _TIME.fullmatch(text)):
        raise typer.BadParameter(f"{text!r} is no date; write 2026-01-31 or 2026-01-31T12:00:00Z")
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date: {error}") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


TargetArgument = Annotated[str, typer.Argument(help="An integration's name, or the path of a Python file with one.")]
ConnectionIds = Annotated[
    list[str] | None,
    typer.Option("--connection", metavar="ID", help="Only this connection; may be repeated. All by default."),
]
Since = Annotated[
    datetime | None,
    typer.Option(parser=parse_moment, metavar="DATE", help="From this day or RFC 3339 time on, in UTC."),
]
Until = Annotated[
    datetime | None,
    typer.Option(parser=parse_moment, metavar="DATE", help="Before this day or RFC 3339 time, in UTC."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def check_range(since: datetime | None, until: datetime | None) -> None:
    """Raises BadParameter for a range that holds nothing."""
    if since is not None and until is not None and since >= until:
        raise typer.BadParameter(
            f"--since {since.isoformat()} must be before --until {until.isoformat()}, which is not part of the range"
        )
