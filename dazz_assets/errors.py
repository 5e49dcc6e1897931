"""Errors whose text is meant for people: of an integration's code, of a sync, a parse, a recording."""

from dazz_assets.reports import ParseReport, StreamReport


class DefinitionError(Exception):
    """An integration's code has a mistake. The text names the class, the parameter and the fix."""


class SyncError(Exception):
    """A stream could not be synced, in whole or in part. The text names integration, connection and stream.

    report: what was done all the same, where anything was.
    """

    def __init__(self, message: str, report: StreamReport | None = None) -> None:
        super().__init__(message)
        self.report = report


class ParseError(Exception):
    """A parser failed, or refused its input; nothing of this parse was published.

    report: what was read, where anything was.
    """

    def __init__(self, message: str, report: ParseReport | None = None) -> None:
        super().__init__(message)
        self.report = report


class RecordingError(Exception):
    """A recording can't be made, read or replayed. The text names file or request, and says what to do."""


class UnrecordedError(RecordingError):
    """A replayed sync sent a request that was not recorded."""
