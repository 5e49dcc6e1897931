"""What a sync or a parse tells: while it runs (`Progress`), and when it is done (reports)."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(slots=True)
class StreamReport:
    """What one sync of one stream of one connection did.

    records: distinct records that it brought: of a snapshot all that were listed, of an incremental stream those
        that were not stored yet. received counts every record of every page.
    high_water_mark: RFC 3339, in UTC; None for a snapshot stream and before the first mark.
    windows: rows added by window (key None for a snapshot stream).
    total: the vendor's own total of a list that was read once and whole, where it says one.
    ended: why the last page was the last.
    passed_over: parents whose records could not be listed (403, 404), with the vendor's answer.
    gap: what ground before the pass is not fetched yet, where it begins above the mark.
    drift: how the shape of the records differs from what it was, as `attributes.score: number, was integer`.
    stored: rows in the table afterwards, older versions included; version: the table's, in Delta's log.
    problems: records without a key or cursor. repeated: records of a whole list whose key was there before, with
        another content or of another parent.
    """

    connection: str
    stream: str
    requests: int = 0
    pages: int = 0
    records: int = 0
    received: int = 0
    bytes: int = 0
    retries: int = 0
    waited_seconds: float = 0.0
    high_water_mark: str | None = None
    windows: dict[date | None, int] = field(default_factory=dict)
    stored: int = 0
    total: int | None = None
    ended: str = ""
    passed_over: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    gap: str | None = None
    version: int | None = None
    problems: int = 0
    repeated: int = 0
    drift: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ParseReport:
    """What one parse of one parser of one connection did.

    records: domain objects that the parsed windows hold now; windows: those by window (key None where the parser is
        partitioned by connection alone).
    quarantined: records and objects put to quarantine; invalid is how many records failed validation, by stream;
        replaced is how many of those an older valid version stands in for; duplicates are ids yielded twice.
    stale: windows whose full-refresh inputs changed since they were parsed, after this parse.
    """

    connection: str
    parser: str
    records: int = 0
    windows: dict[date | None, int] = field(default_factory=dict)
    quarantined: int = 0
    read: dict[str, int] = field(default_factory=dict)
    invalid: dict[str, int] = field(default_factory=dict)
    replaced: int = 0
    duplicates: list[str] = field(default_factory=list)
    stale: list[date | None] = field(default_factory=list)
    inputs: dict[str, int] = field(default_factory=dict)


class Progress:
    """Called from the thread that does the work, and from fetching threads. This one tells nobody."""

    def began(self, connection: str, work: str) -> None:
        """Work on a stream or parser begins, as `snyk/acme` and `issues`."""

    def page(self, connection: str, stream: str, *, records: int, bytes_: int) -> None:
        """A page arrived, with so many records."""

    def parsed(self, connection: str, parser: str, *, objects: int) -> None:
        """So many more objects came out of a parser."""

    def waiting(self, connection: str, seconds: float, reason: str) -> None:
        """Nothing happens for so many seconds, and why (a rate limit, a retry, another sync of the connection)."""

    def ended(self, connection: str, work: str) -> None:
        """Work on a stream or parser ended, well or not."""
