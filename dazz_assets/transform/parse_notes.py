"""What is noted while windows are parsed, beside their objects: of one window, and then of all together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from dazz_assets.lake import DataFile, TableVersion
from dazz_assets.spec.specs import InputSpec, StreamSpec
from dazz_assets.transform.quarantine import Quarantine, QuarantinedRows
from dazz_assets.transform.records import RecordCounts, exceeds_max_invalid


@dataclass(slots=True)
class ParsedWindow:
    """What came of a window: files in the order of the models, and what was noted.

    quarantined: rows for quarantine. counts: by the parser's parameters.
    error: why there are no files. There are none either if the counts say that too many records are invalid.
    read_whole: whether a full-refresh input was read so far, for this window or one before it.
    """

    window: date | None
    quarantined: QuarantinedRows
    counts: Mapping[str, RecordCounts]
    warnings: list[str]
    error: Exception | None = None
    read_whole: bool = False
    files: list[DataFile] = field(default_factory=list)


@dataclass(slots=True)
class ParseNotes:
    """Records in quarantine, counts of the records that each input gave, and warnings about the parser."""

    inputs: Sequence[InputSpec]
    quarantine: Quarantine = field(default_factory=Quarantine)
    counts: dict[str, RecordCounts] = field(init=False)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = {item.parameter: RecordCounts() for item in self.inputs}

    def take(self, window: date | None, *, error: Exception | None, read_whole: bool) -> ParsedWindow:
        """A window with what was noted since the last time. The objects that are noted in stay the same.

        The counts of full-refresh inputs are of all that was read so far, since windows share them.
        """
        counts = {name: replace(noted, invalid_at=[*noted.invalid_at]) for name, noted in self.counts.items()}
        taken = ParsedWindow(window, self.quarantine.take_all(), counts, self.warnings, error, read_whole)
        for item in self.inputs:
            if item.kind == "incremental":
                noted = self.counts[item.parameter]
                noted.read, noted.replaced, noted.invalid_at, noted.stopped = 0, 0, [], False
        self.warnings = []
        return taken

    def add(self, other: ParsedWindow) -> None:
        """Add what was noted of a window, in the order of windows. One warning is enough."""
        self.quarantine.add_all(other.quarantined)
        self.warnings = self.warnings or other.warnings[:1]


def add_counts(total: RecordCounts, counts: RecordCounts, stream: StreamSpec, version: TableVersion) -> None:
    """Add what was counted in a window to what was counted in those before it.

    If too many are invalid by then, the total is that of the record with which this was certain, and it is `stopped`.
    """
    before = total.invalid
    total.invalid_at += [total.read + at for at in counts.invalid_at]
    total.read += counts.read
    total.replaced += counts.replaced
    for number in range(before, total.invalid):
        # A table has at least as many rows as records, so the final share is no smaller than this one.
        if exceeds_max_invalid(stream, number + 1, version.rows):
            total.read, total.stopped = total.invalid_at[number], True
            del total.invalid_at[number + 1 :]
            return


def count_whole(total: RecordCounts, counts: RecordCounts) -> None:
    """Count an input that each process reads for itself, and once: as the one did that read the most."""
    if counts.read > total.read:
        total.read, total.replaced = counts.read, counts.replaced
        total.invalid_at, total.stopped = counts.invalid_at, counts.stopped
