"""`dazz export`: write what was published in a format that other tools read."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from dazz_assets.cli.exit_status import when_interrupted
from dazz_assets.cli.options import ConnectionIds
from dazz_assets.cli.output import print_note

export = typer.Typer(no_args_is_help=True, help="Write what was published in a format that other tools read.")

Output = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the events to this file instead of standard output.")
]


@export.callback()
def _formats() -> None:
    """Keeps the format a command of its own while there is one."""


@export.command("ocsf")
def export_ocsf(connection: ConnectionIds = None, output: Output = None) -> None:
    """Write findings as events of OCSF 1.6, one JSON document a line. Works while syncs are running."""
    from dazz_assets.cli.ocsf_lines import ocsf_lines
    from dazz_assets.home import lake_url
    from dazz_assets.lake import Lake

    lines = ocsf_lines(Lake(lake_url()), connection)
    if output is None:
        events = _write(lines, sys.stdout.buffer)
    else:
        # A file of this name is always whole.
        unfinished = output.with_name(f"{output.name}.part")
        try:
            with when_interrupted(f"{output} was not written."), unfinished.open("wb") as file:
                events = _write(lines, file)
            unfinished.replace(output)
        finally:
            unfinished.unlink(missing_ok=True)
    print_note(f"{events} {'finding' if events == 1 else 'findings'} exported.")


def _write(lines: Iterable[bytes], file: BinaryIO) -> int:
    """Write lines as they come; how many there were."""
    count = 0
    for line in lines:
        file.write(line)
        count += 1
    return count
