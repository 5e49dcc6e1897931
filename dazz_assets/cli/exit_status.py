"""How a command ends that could not do what it was asked: one sentence, if that was to be expected, and no secret."""

import traceback
from typing import NoReturn

import typer

from dazz_assets.cli.output import print_note
from dazz_assets.errors import DefinitionError
from dazz_assets.http import FetchError, Mask

DONE = 0
FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130

_secrets: set[str] = set()


class Refused(Exception):
    """The command can't be done as it was given. The text says what is wrong and what to do."""


def keep_secret(*texts: str) -> None:
    """Texts that are masked in whatever this process says when it fails."""
    _secrets.update(texts)


def mask_secrets(text: str) -> str:
    """A text without the secrets known so far."""
    return Mask(_secrets)(text)


def end_command(status: int) -> NoReturn:
    """End the command with an exit status."""
    raise typer.Exit(status)


def exit_status(error: Exception) -> int | None:
    """The exit status of an error that can be expected; None for one that can't."""
    # An error of these kinds can only come where its module is loaded; loading it here costs nothing then.
    from dazz_assets.connections import BadConnection
    from dazz_assets.errors import ParseError, RecordingError, SyncError
    from dazz_assets.lake import LakeError, NoLake, QueryError

    if isinstance(error, Refused | DefinitionError | BadConnection | QueryError | NoLake):
        return WRONG_USAGE
    return FAILED if isinstance(error, FetchError | SyncError | ParseError | LakeError | RecordingError) else None


def report_error(error: Exception) -> int:
    """Say what went wrong; gives the exit status. What can't be expected is shown with its traceback."""
    status = exit_status(error)
    if status is None:
        print_note(mask_secrets("".join(traceback.format_exception(error))).rstrip())
        return FAILED
    print_note(f"Error: {_sentence(mask_secrets(str(error)))}", "red")
    return status


def _sentence(text: str) -> str:
    """Without the quotation of the query that DuckDB adds."""
    return " ".join(text.split("\n\nLINE ")[0].split("\nLINE ")[0].split())
