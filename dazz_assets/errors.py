"""Errors with messages for people: from an integration's code, a sync, a parse or a recording."""

from dazz_assets.reports import ParseReport, StreamReport


def add_place(message: str, connection: str, node: str) -> str:
    """A message that names its connection (`desk/acme`): if it doesn't, with connection and node before it.

    The lake, for one, does not know for whom it works.
    """
    return message if connection in message else f"{connection}, {node}: {message}"


class DefinitionError(Exception):
    """An integration's code has a mistake. The text names the class, the parameter and the fix."""


class SyncError(Exception):
    """A stream could not be synced, or only partly. The text names integration, connection and stream.

    report: what was done before the error, if anything.
    refused: whether the vendor refused a request, as with a wrong token, so that the next sync will hardly do better.
    cause: what went wrong, without the stream and its request, so that it is the same for all streams that it fails.
    """

    def __init__(
        self, message: str, report: StreamReport | None = None, *, refused: bool = False, cause: str = ""
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.report = report
        self.refused = refused


class ParseError(Exception):
    """A parser failed or refused its input. Nothing from this parse was published.

    report: what was done before the error, if anything.
    """

    def __init__(self, message: str, report: ParseReport | None = None) -> None:
        super().__init__(message)
        self.report = report


class RecordingError(Exception):
    """A recording can't be made, read or replayed. The text names the file or request, and the fix."""


class UnrecordedError(RecordingError):
    """A replayed sync sent a request that was not recorded."""
