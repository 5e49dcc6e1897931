"""What is in quarantine: invalid records and parts of them, and duplicate objects, with the reason and the place."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import pyarrow as pa
from pydantic_core import ErrorDetails

from dazz_assets.lake import QUARANTINE_SCHEMA, DataFile, Table, TableVersion
from dazz_assets.sensitive import SensitiveFields
from dazz_assets.transform.masked_values import MOST_PROBLEMS, describe_place, describe_problem

# "part": the record is parsed, without an optional part that is invalid.
Kind = Literal["invalid", "no key", "no cursor", "unreadable", "part", "duplicate"]
# The columns that locate a raw row.
LOCATION_COLUMNS = ("key", "url", "page", "position", "sequence", "fetched_at")
# The columns of quarantine that are shown.
_SHOWN_COLUMNS = ("stream", "key", "reason", "kind", "looks_like", "model", "object_id", "window_start")
MOST_EXAMPLES = 20


class Quarantine:
    """Collects quarantine rows by window during a parse; each record of a stream once."""

    def __init__(self) -> None:
        self._rows: dict[date | None, list[dict[str, Any]]] = defaultdict(list)
        self._known: set[tuple[str, int]] = set()

    @property
    def count(self) -> int:
        """The number of rows."""
        return sum(map(len, self._rows.values()))

    @property
    def commonest_reason(self) -> str:
        """The reason of most rows, without the objects that duplicates name; empty without rows."""
        reasons = Counter(
            f"{row['model']} is yielded again" if row["kind"] == "duplicate" else f"{row['stream']}: {row['reason']}"
            for window in sorted(self._rows, key=str)
            for row in self._rows[window]
        )
        return reasons.most_common(1)[0][0] if reasons else ""

    def add_record(
        self,
        window: date | None,
        stream: str,
        location: Mapping[str, Any],
        kind: Kind,
        reason: str,
        looks_like: str | None = None,
    ) -> None:
        """Add a raw record that can't be parsed, or not whole. location: its row's `LOCATION_COLUMNS`."""
        if (identity := (stream, location["sequence"])) not in self._known:
            self._known.add(identity)
            row = {name: location[name] for name in LOCATION_COLUMNS}
            why = {"kind": kind, "reason": reason, "looks_like": looks_like}
            self._rows[window].append({**row, **why, "stream": stream, "model": None, "object_id": None})

    def add_duplicate(self, window: date | None, model: str, object_id: str, kept: date | None) -> None:
        """Add an object that was yielded again later. kept: the window that publishes it."""
        where = "later in the same window" if kept == window else f"in the window of {kept}"
        row = {"stream": None, "kind": "duplicate", "looks_like": None, "model": model, "object_id": object_id}
        reason = f"{model} {object_id} is yielded again {where}"
        self._rows[window].append(dict.fromkeys(LOCATION_COLUMNS) | row | {"reason": reason})

    def add_all(self, others: Mapping[date | None, Sequence[Mapping[str, Any]]]) -> None:
        """Add rows of records that another took in."""
        for window, rows in others.items():
            for row in rows:
                if (identity := (row["stream"], row["sequence"])) not in self._known:
                    self._known.add(identity)
                    self._rows[window].append(dict(row))

    def take_all(self) -> dict[date | None, list[dict[str, Any]]]:
        """All rows by window, which it then holds no more. It still takes none of these records again."""
        taken = dict(self._rows)
        self._rows.clear()
        return taken

    def carry_over(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add stored quarantine rows of windows that are rewritten but were not parsed."""
        for row in rows:
            self._rows[row["window_start"]].append({name: row.get(name) for name in QUARANTINE_SCHEMA.names})

    def first_reason(self, stream: str) -> tuple[Kind, str]:
        """Why the first record of a stream was quarantined. There must be one."""
        rows = (row for rows in self._rows.values() for row in rows)
        first = next(row for row in rows if row["stream"] == stream and row["kind"] != "part")
        return first["kind"], first["reason"]

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """All rows, with the columns of the quarantine table."""
        for rows in self._rows.values():
            yield from rows

    def write_files(
        self, table: Table, windows: Collection[date | None], fingerprints: Mapping[date | None, str]
    ) -> list[DataFile]:
        """Write one file for each of these windows that has rows. Its caller commits them."""
        files = []
        for window in windows:
            if rows := self._rows.get(window):
                with table.new_file(window, fingerprint=fingerprints.get(window) or "none") as writer:
                    writer.write(pa.RecordBatch.from_pylist(rows, schema=QUARANTINE_SCHEMA))
                files.append(writer.close())
        return files


def invalid_reason(problems: Sequence[ErrorDetails], sensitive: Collection[str] = ()) -> str:
    """Say which fields are invalid and why, without the values. sensitive: paths of fields that are never shown."""
    fields = SensitiveFields(sensitive)
    # A default that depends on an invalid field says nothing of its own.
    problems = [item for item in problems if item["type"] != "default_factory_not_called"] or problems
    shown = [f"{describe_place(item, fields)}: {describe_problem(item, fields)}" for item in problems[:MOST_PROBLEMS]]
    more = f"; and {len(problems) - MOST_PROBLEMS} more" if len(problems) > MOST_PROBLEMS else ""
    return "; ".join(shown) + more


def problem_kind(problem: str) -> Kind:
    """The kind of a raw row's problem: its text, its key or its cursor."""
    if problem.startswith("no key"):
        return "no key"
    return "no cursor" if problem.startswith(("no cursor", "the cursor")) else "unreadable"


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
    stored = [name for name in _SHOWN_COLUMNS if name in version.schema.names]
    for window in sorted({file.window for file in version.files}, key=str, reverse=True):
        for batch in version.read(stored, [window]):
            yield from batch.to_pylist()
