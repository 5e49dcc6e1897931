"""What a parse puts aside, with the reason and the raw record's place."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Literal

import pyarrow as pa
from pydantic import ValidationError

from dazz_assets.lake import QUARANTINE_SCHEMA, DataFile, Table

Kind = Literal["invalid", "no key", "no cursor", "duplicate"]
# The columns of a raw row that say where it is.
PLACE = ("key", "url", "page", "position", "sequence", "fetched_at")


class Quarantine:
    """Collects by window what is put aside during a parse; each record of a stream once."""

    def __init__(self) -> None:
        self._rows: dict[date | None, list[dict[str, Any]]] = defaultdict(list)
        self._known: set[tuple[str, int]] = set()

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(map(len, self._rows.values()))

    def record(self, window: date | None, stream: str, place: Mapping[str, Any], kind: Kind, reason: str) -> None:
        """A raw record that can't be parsed; place holds the columns `PLACE` of its row."""
        if (identity := (stream, place["sequence"])) not in self._known:
            self._known.add(identity)
            row = {name: place[name] for name in PLACE}
            self._rows[window].append(
                {**row, "stream": stream, "kind": kind, "reason": reason, "model": None, "object_id": None}
            )

    def duplicate(self, window: date | None, model: str, object_id: str, kept: date | None) -> None:
        """An object that was yielded again later, and is published there."""
        where = "later in the same window" if kept == window else f"in the window of {kept}"
        row = dict.fromkeys(PLACE) | {"stream": None, "kind": "duplicate", "model": model, "object_id": object_id}
        self._rows[window].append({**row, "reason": f"{model} {object_id} is yielded again {where}"})

    def keep(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows that are put aside already, in windows that are written anew and were not parsed."""
        for row in rows:
            self._rows[row["window_start"]].append({name: row[name] for name in QUARANTINE_SCHEMA.names})

    def example(self, stream: str) -> str:
        """The first reason for which a record of a stream was put aside."""
        return next((str(row["reason"]) for rows in self._rows.values() for row in rows if row["stream"] == stream), "")

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """All rows, in the columns of the table."""
        for rows in self._rows.values():
            yield from rows

    def files(
        self, table: Table, windows: Collection[date | None], fingerprints: Mapping[date | None, str]
    ) -> list[DataFile]:
        """One file for each of these windows that has rows."""
        files = []
        for window in windows:
            if rows := self._rows.get(window):
                with table.new_file(window, fingerprint=fingerprints.get(window) or "none") as writer:
                    writer.write(pa.RecordBatch.from_pylist(rows, schema=QUARANTINE_SCHEMA))
                files.append(writer.close())
        return files


def invalid_reason(error: ValidationError) -> str:
    """Where in the record and why, without the values."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    shown = [f"{'.'.join(map(str, item['loc'])) or 'the record'}: {item['msg']}" for item in problems[:5]]
    more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
    return "; ".join(shown) + more


def problem_kind(problem: str) -> Kind:
    """Whether a raw row's problem is its key or its cursor."""
    return "no key" if problem.startswith("no key") else "no cursor"
