"""How commands end: the exit statuses, and the message for each error, with secrets masked."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from dazz_assets.cli.output import print_note
from dazz_assets.errors import DefinitionError

DONE = 0
FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130

_secrets: set[str] = set()


class UsageError(Exception):
    """The command can't run as it was given. The message says what is wrong and how to fix it."""


def register_secrets(*secrets: str) -> None:
    """Mask these texts in every error message of this process."""
    _secrets.update(secrets)


def mask_secrets(text: str) -> str:
    """Replace the registered secrets in a text."""
    from dazz_assets.http import Mask

    return Mask(_secrets)(text)


def end_command(status: int) -> NoReturn:
    """End the command with an exit status."""
    raise typer.Exit(status)


@contextmanager
def when_interrupted(text: str) -> Iterator[None]:
    """Have an interruption (Ctrl-C) end the command with this text: what holds now, and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        print_note(f"Interrupted. {text}")
        raise typer.Exit(INTERRUPTED) from None


def exit_status(error: Exception) -> int | None:
    """The exit status for an expected error; None for an unexpected one."""
    # Such an error can only be raised once its module is loaded, so these imports cost nothing by now.
    from dazz_assets.connections import BadConnection
    from dazz_assets.errors import ParseError, RecordingError, SyncError
    from dazz_assets.home import FolderError
    from dazz_assets.http import FetchError
    from dazz_assets.lake import LakeError, NoLakeError, QueryError

    if isinstance(error, UsageError | DefinitionError | BadConnection | FolderError | QueryError | NoLakeError):
        return WRONG_USAGE
    return FAILED if isinstance(error, FetchError | SyncError | ParseError | LakeError | RecordingError) else None


def report_error(error: Exception) -> int:
    """Print an error and return the exit status: one line for an expected error, a traceback for any other."""
    status = exit_status(error)
    if status is None:
        print_note(mask_secrets("".join(traceback.format_exception(error))).rstrip())
        return FAILED
    print_note(f"Error: {_format_message(mask_secrets(str(error)))}", "red")
    return status


def _format_message(text: str) -> str:
    """The message on one line, without the excerpt of the query that DuckDB appends."""
    return " ".join(text.split("\n\nLINE ")[0].split("\nLINE ")[0].split())
