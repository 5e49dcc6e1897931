"""What is told when a recording can't be made or replayed."""


class RecordingError(Exception):
    """A recording can't be made, read or replayed. The text names file or request, and says what to do."""


class UnrecordedError(RecordingError):
    """A replayed sync sent a request that was not recorded."""
