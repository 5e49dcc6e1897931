"""What is told when a sync or a parse can't be completed."""

from dazz_assets.sync.reports import ParseReport, StreamReport


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
