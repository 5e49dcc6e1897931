"""Collects what a parse quarantines: invalid records and parts of them, and duplicate objects, with the reason."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal

import pyarrow as pa
from pydantic_core import ErrorDetails

from dazz_assets.lake import QUARANTINE_SCHEMA, DataFile, Table
from dazz_assets.transform.masked_values import MOST_PROBLEMS, describe_place

# "part": the record is parsed, without an optional part that is invalid.
Kind = Literal["invalid", "no key", "no cursor", "unreadable", "part", "duplicate"]
# The columns that locate a raw row.
LOCATION_COLUMNS = ("key", "url", "page", "position", "sequence", "fetched_at")


class Quarantine:
    """Collects quarantine rows by window during a parse; each record of a stream once."""

    def __init__(self) -> None:
        self._rows: dict[date | None, list[dict[str, Any]]] = defaultdict(list)
        self._known: set[tuple[str, int]] = set()

    @property
    def count(self) -> int:
        """The number of rows."""
        return sum(map(len, self._rows.values()))

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


def invalid_reason(problems: Sequence[ErrorDetails]) -> str:
    """Say which fields are invalid and why, without the values."""
    shown = [f"{describe_place(item)}: {item['msg']}" for item in problems[:MOST_PROBLEMS]]
    more = f"; and {len(problems) - MOST_PROBLEMS} more" if len(problems) > MOST_PROBLEMS else ""
    return "; ".join(shown) + more


def problem_kind(problem: str) -> Kind:
    """The kind of a raw row's problem: its text, its key or its cursor."""
    if problem.startswith("no key"):
        return "no key"
    return "no cursor" if problem.startswith(("no cursor", "the cursor")) else "unreadable"
