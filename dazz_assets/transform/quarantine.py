"""What is in quarantine: invalid records and parts of them, and duplicate objects, with the reason and the place."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import IO, Any, Literal

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
# Rows are written to the disk when there are as many.
_WAITING_ROWS = 2_000
# One number says of as many records of a stream whether they are in quarantine.
_KNOWN_TOGETHER = 1_024


class Quarantine:
    """Collects quarantine rows by window during a parse; each record of a stream once.

    Rows wait on the disk, since a tenth of millions of records may be invalid.
    """

    def __init__(self) -> None:
        self.count = 0
        """The number of rows."""
        self._rows: dict[date | None, list[Mapping[str, Any]]] = defaultdict(list)
        self._waiting = 0
        self._written = QuarantinedRows()
        self._reasons: Counter[str] = Counter()
        self._first_reasons: dict[str, tuple[Kind, str]] = {}
        # A bit for each record, by stream and a part of the record's sequence number.
        self._known: dict[tuple[str, int], int] = defaultdict(int)

    @property
    def commonest_reason(self) -> str:
        """The reason of most rows, without the objects that duplicates name; empty without rows."""
        return self._reasons.most_common(1)[0][0] if self._reasons else ""

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
        row = {name: location[name] for name in LOCATION_COLUMNS}
        why = {"kind": kind, "reason": reason, "looks_like": looks_like}
        self._add_once(window, {**row, **why, "stream": stream, "model": None, "object_id": None})

    def add_duplicate(self, window: date | None, model: str, object_id: str, kept: date | None) -> None:
        """Add an object that was yielded again later. kept: the window that publishes it."""
        where = "later in the same window" if kept == window else f"in the window of {kept}"
        row = {"stream": None, "kind": "duplicate", "looks_like": None, "model": model, "object_id": object_id}
        reason = f"{model} {object_id} is yielded again {where}"
        self._add(window, dict.fromkeys(LOCATION_COLUMNS) | row | {"reason": reason})

    def add_all(self, taken: QuarantinedRows) -> None:
        """Add rows of records that another took in."""
        for window in taken.windows:
            for batch in taken.read(window):
                for row in batch.to_pylist():
                    self._add_once(window, row)

    def take_all(self) -> QuarantinedRows:
        """All rows, which it then holds no more. It still takes none of these records again."""
        self._write_waiting()
        taken, self._written, self.count = self._written, QuarantinedRows(), 0
        self._reasons.clear()
        return taken

    def carry_over(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add stored quarantine rows of windows that are rewritten but were not parsed."""
        for row in rows:
            self._add(row["window_start"], {name: row.get(name) for name in QUARANTINE_SCHEMA.names})

    def first_reason(self, stream: str) -> tuple[Kind, str]:
        """Why the first record of a stream was quarantined. There must be one."""
        return self._first_reasons[stream]

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """All rows, with the columns of the quarantine table."""
        self._write_waiting()
        for window in self._written.windows:
            for batch in self._written.read(window):
                yield from batch.to_pylist()

    def write_files(
        self, table: Table, windows: Collection[date | None], fingerprints: Mapping[date | None, str]
    ) -> list[DataFile]:
        """Write one file for each of these windows that has rows. Its caller commits them."""
        self._write_waiting()
        files = []
        for window in self._written.windows & set(windows):
            with table.new_file(window, fingerprint=fingerprints.get(window) or "none") as writer:
                for batch in self._written.read(window):
                    writer.write(batch)
            files.append(writer.close())
        return files

    def _add_once(self, window: date | None, row: Mapping[str, Any]) -> None:
        """Add a row of a record, unless it has one."""
        stream, (part, bit) = row["stream"], divmod(row["sequence"], _KNOWN_TOGETHER)
        if self._known[stream, part] >> bit & 1:
            return
        self._known[stream, part] |= 1 << bit
        if row["kind"] != "part":
            self._first_reasons.setdefault(stream, (row["kind"], row["reason"]))
        self._add(window, row)

    def _add(self, window: date | None, row: Mapping[str, Any]) -> None:
        is_duplicate = row["kind"] == "duplicate"
        reason = f"another {row['model']} has the same id" if is_duplicate else f"{row['stream']}: {row['reason']}"
        self._reasons[reason] += 1
        self._rows[window].append(row)
        self.count += 1
        self._waiting += 1
        if self._waiting >= _WAITING_ROWS:
            self._write_waiting()

    def _write_waiting(self) -> None:
        for window, rows in self._rows.items():
            self._written.add(window, pa.RecordBatch.from_pylist(rows, schema=QUARANTINE_SCHEMA))
        self._rows.clear()
        self._waiting = 0


class QuarantinedRows:
    """Quarantine rows in a temporary file, which is gone with this object. In memory only while they are pickled."""

    def __init__(self) -> None:
        self._places: dict[date | None, list[tuple[int, int]]] = defaultdict(list)

    @property
    def windows(self) -> Set[date | None]:
        """The windows that have rows."""
        return self._places.keys()

    @cached_property
    def _file(self) -> IO[bytes]:
        file = tempfile.TemporaryFile(prefix="dazz-quarantine-")  # noqa: SIM115 (closed with this object)
        weakref.finalize(self, file.close)
        return file

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_rows, ([(window, rows) for window in self.windows for rows in self.read(window)],)

    def add(self, window: date | None, rows: pa.RecordBatch) -> None:
        """Write rows of a window."""
        buffer = rows.serialize()
        self._places[window].append((self._file.seek(0, os.SEEK_END), buffer.size))
        self._file.write(buffer)

    def read(self, window: date | None) -> Iterator[pa.RecordBatch]:
        """The rows of a window, in the order in which they were added."""
        for start, size in self._places[window]:
            self._file.seek(start)
            yield pa.ipc.read_record_batch(pa.py_buffer(self._file.read(size)), QUARANTINE_SCHEMA)


def _restore_rows(batches: Iterable[tuple[date | None, pa.RecordBatch]]) -> QuarantinedRows:
    restored = QuarantinedRows()
    for window, rows in batches:
        restored.add(window, rows)
    return restored


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
