"""The arguments and options that commands share."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})?")


def read_date(text: str) -> datetime:
    """Read a day (its first moment) or an RFC 3339 time as an aware datetime, in UTC if it names no time zone."""
    if not (_DAY.fullmatch(text) or _TIME.fullmatch(text)):
        raise typer.BadParameter(f"{text!r} is not a date: write 2026-01-31 or 2026-01-31T12:00:00Z")
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a date: {error}") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


TargetArgument = Annotated[
    str, typer.Argument(metavar="TARGET", help="Name of an integration, or path of a Python file that holds one.")
]
ConnectionIds = Annotated[
    list[str] | None,
    typer.Option("--connection", metavar="ID", help="Only this connection. Can be repeated. Default: all connections."),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        parser=read_date,
        metavar="DATE",
        help="Start of the range: a day or an RFC 3339 time. UTC unless it names a time zone.",
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(parser=read_date, metavar="DATE", help="End of the range, exclusive: a day or an RFC 3339 time."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]


def check_range(since: datetime | None, until: datetime | None) -> None:
    """Raise BadParameter for a range that is empty, or that nothing can lie in yet."""
    now = datetime.now(UTC)
    # Where it is later than in UTC, today has begun.
    if since is not None and since > now + timedelta(days=1):
        raise typer.BadParameter(
            f"--since {since.isoformat()} is in the future (it is {now:%Y-%m-%d} in UTC): give a day or time that has "
            "passed"
        )
    if since is not None and until is not None and since >= until:
        raise typer.BadParameter(
            f"--since {since.isoformat()} must be before --until {until.isoformat()} (which is exclusive)"
        )
