"""Re-reads: when a source is listed from the start again (`Cursor(reread=)`), and how far that got.

Each parent of a sub-stream has its own, so one that fails or is refused makes no other be listed again.
"""

from collections.abc import Iterable
from datetime import timedelta

from dazz_assets.extract.marks import Source

# A re-read that may lack records is made again, but this much later: what it lacks may never come.
_RETRY = timedelta(days=1)


def begin_due(sources: Iterable[Source], every: timedelta, now: int, start: int, *, lists_all: bool) -> None:
    """Begin the re-read of those sources that were last listed from the start so long ago.

    now, start: in microseconds. lists_all: all of them are listed from the start in any case.
    """
    for source in sources:
        if lists_all or _is_due(source, every, now, start):
            source.reread_at, source.reread_to = now, start


def _is_due(source: Source, every: timedelta, now: int, start: int) -> bool:
    if source.mark is None and source.covered is None:  # Its first listing has stored nothing yet.
        return False
    if source.reread_at is None:
        return True
    if source.reread_to is not None:  # One is under way; if it got nowhere, it begins now.
        return source.reread_to <= start
    return now - source.reread_at >= every // timedelta(microseconds=1)


def advance_reread(source: Source, reached: int | None, every: timedelta, began_at: int, *, may_lack: bool) -> None:
    """Note how far a source was listed from the start.

    reached: cursor time up to which it was; None is its end. began_at: when this began. may_lack: records may be
    missing of what was listed.
    """
    if source.reread_at is None:
        source.reread_at = began_at
    elif source.reread_to is None:
        return
    if reached is None:
        source.reread_to = None
        if may_lack:
            source.reread_at = began_at - max(every - _RETRY, timedelta()) // timedelta(microseconds=1)
    elif source.reread_to is not None and not may_lack:
        source.reread_to = max(source.reread_to, reached)
