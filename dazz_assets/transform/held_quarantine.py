"""What a parser's quarantine holds now, whatever the last parse read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dazz_assets.lake import TableVersion

MOST_EXAMPLES = 20
_COLUMNS = ("stream", "key", "reason", "kind", "looks_like", "model", "object_id", "window_start")


@dataclass(slots=True)
class HeldRows:
    """Rows in quarantine of one sort.

    counts: by name, which is the stream of records, and the model of objects.
    windows: where they lie; None for records of full-refresh inputs.
    examples: at most `MOST_EXAMPLES`, of the newest windows, with the columns of the quarantine table.
    """

    counts: Counter[str] = field(default_factory=Counter)
    windows: set[date | None] = field(default_factory=set)
    examples: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many there are."""
        return self.counts.total()

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        self.counts[row["stream"] or row["model"]] += 1
        self.windows.add(row["window_start"])
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(row)


@dataclass(slots=True)
class HeldQuarantine:
    """The records in quarantine, those that were parsed without a part, and the objects that duplicate another."""

    records: HeldRows = field(default_factory=HeldRows)
    parts: HeldRows = field(default_factory=HeldRows)
    duplicates: HeldRows = field(default_factory=HeldRows)


def read_quarantine(version: TableVersion | None) -> HeldQuarantine:
    """What a version of a quarantine table holds. One without rows has no file to open."""
    held = HeldQuarantine()
    for row in _read_rows(version) if version is not None else ():
        {"duplicate": held.duplicates, "part": held.parts}.get(row["kind"], held.records).add(row)
    return held


def _read_rows(version: TableVersion) -> Iterator[dict[str, Any]]:
    """The rows, those of the newest window first."""
    # A table that was written before a column was added lacks it.
    stored = [name for name in _COLUMNS if name in version.schema.names]
    for window in sorted({file.window for file in version.files}, key=str, reverse=True):
        for batch in version.read(stored, [window]):
            yield from batch.to_pylist()
