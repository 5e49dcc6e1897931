"""Reports of a sync or parse when it is done, and the callbacks while it runs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

_ADDRESS = re.compile(r"[A-Z]+ \S+: ")


@dataclass(slots=True)
class StreamReport:
    """The result of syncing one stream of one connection.

    records: distinct records. For a snapshot stream, all that were listed; for an incremental stream, those that were
        not stored yet.
    received: all records of all pages.
    high_water_mark: RFC 3339, in UTC; None for a snapshot stream and before the first mark.
    windows: added rows by window (key None for a snapshot stream).
    stored: rows in the table after the sync, including older versions of records.
    total: the vendor's own total, for a list that was read once and completely; None if the vendor reports none.
    end_reason: why the last page was the last.
    passed_over: parents whose records could not be listed, as they are refused or can't be asked for, with the reason.
    gap: what may be missing below the mark: a range that is not fetched yet, or records that changed pages.
    version: the table's version in Delta's log.
    problems: records without a key or cursor.
    repeated: records of a complete list whose key had appeared before, with another content or parent.
    drift: how the shape of the records changed, for example `attributes.score: number, was integer`.
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
    end_reason: str = ""
    passed_over: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    gap: str | None = None
    version: int | None = None
    problems: int = 0
    repeated: int = 0
    drift: list[str] = field(default_factory=list)

    def add_gap(self, gap: str) -> None:
        """Add what else may be missing below the mark."""
        self.gap = gap if self.gap is None else f"{self.gap}; {gap}"

    @property
    def refusals(self) -> list[tuple[str, str]]:
        """The parents that were passed over, each with the reason, without the place, which is that of this report."""
        parts = (text.partition(": ") for text in self.passed_over)
        return [(parent, reason.partition(f", stream {self.stream}: ")[2] or reason) for parent, _, reason in parts]


@dataclass(slots=True)
class ParseReport:
    """The result of running one parser for one connection.

    objects: domain objects in the parsed windows.
    windows: these objects by window (key None if the parser is partitioned by connection alone).
    quarantined: records and objects that were put into quarantine.
    quarantine_reason: the commonest reason for that.
    held_in_quarantine: those that are there after this parse, whenever they were put there.
    invalid: records that failed validation, by stream.
    replaced: invalid records that were replaced with an older valid version.
    duplicates: ids that were yielded more than once.
    stale: windows that, after this parse, have full-refresh inputs that changed since they were parsed.
    version, other_versions: of the parser, and those that, after this parse, some windows were parsed by.
    changed_inputs: those inputs.
    warnings: what may be a mistake of the parser.
    """

    connection: str
    parser: str
    objects: int = 0
    windows: dict[date | None, int] = field(default_factory=dict)
    quarantined: int = 0
    read: dict[str, int] = field(default_factory=dict)
    invalid: dict[str, int] = field(default_factory=dict)
    replaced: int = 0
    duplicates: list[str] = field(default_factory=list)
    stale: list[date | None] = field(default_factory=list)
    inputs: dict[str, int] = field(default_factory=dict)
    version: str = "1"
    other_versions: list[str] = field(default_factory=list)
    changed_inputs: list[str] = field(default_factory=list)
    held_in_quarantine: int = 0
    quarantine_reason: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def invalid_share(self) -> float | None:
        """The share of the records that were read which failed validation; None if none was read."""
        read = sum(self.read.values())
        return sum(self.invalid.values()) / read if read else None


def without_address(reason: str) -> str:
    """Why a request failed, without the address with which the reason begins: it may be the same for many parents."""
    address = _ADDRESS.match(reason)
    return reason[address.end() :] if address else reason


class Progress:
    """Callbacks while work is in progress, called from the working thread and fetching threads. These do nothing."""

    def began(self, connection: str, work: str) -> None:
        """Work on a stream or parser begins: connection `desk/acme`, work `issues`."""

    def page(self, connection: str, stream: str, *, records: int, bytes_: int) -> None:
        """A page arrived, with this number of records and bytes."""

    def parsed(self, connection: str, parser: str, *, objects: int) -> None:
        """A parser yielded this many more objects."""

    def waiting(self, connection: str, seconds: float, reason: str) -> None:
        """Work pauses for some seconds because of a rate limit, a retry or another sync of the connection."""

    def repeating(self, connection: str, reason: str) -> None:
        """Work that was shown, also as failed, is done again: a sentence that says what and why."""

    def ended(self, connection: str, work: str, *, failed: bool = False, interrupted: bool = False) -> None:
        """Work on a stream or parser ended. interrupted: by who started it."""

    @contextmanager
    def during(self, connection: str, work: str) -> Iterator[None]:
        """Report the begin of work on a stream or parser, and its end, which an exception makes a failure.

        What is no `Exception` is an interruption: Ctrl-C, or the end of the process.
        """
        self.began(connection, work)
        try:
            yield
        except BaseException as error:
            failed = isinstance(error, Exception)
            self.ended(connection, work, failed=failed, interrupted=not failed)
            raise
        self.ended(connection, work)


def describe_failing(failures: int, reason: str, next_try: str) -> str:
    """Say that something failed this many times in a row, why it did the last time, and when it is tried again."""
    count = "once" if failures == 1 else f"{failures} times in a row"
    return f"failed {count}: {reason.rstrip('.')}; next try at {next_try}"
