"""How much of a stream a sync is asked for."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Extent:
    """What a sync covers, in cursor time. Snapshot streams are always fetched whole.

    from_mark: from the high-water mark (of a sub-stream: each parent's) to now; since and until are not used.
    since, until: [since, until), aware datetimes; None is the connection's start, and now.
    replace: what is fetched from the connection's start replaces all raw of the stream (`--refetch`).
    """

    from_mark: bool = False
    since: datetime | None = None
    until: datetime | None = None
    replace: bool = False
