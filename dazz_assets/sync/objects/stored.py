"""Stored records as a parser's inputs: typed, lazy, and read again as often as the parser iterates."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, TypeAdapter, ValidationError

from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.sync.objects.quarantine import PLACE, Quarantine, kind_of, reason_of
from resources.lake import Snapshot, latest, versions_of
from resources.lake.by_window import LatestByWindow

_COLUMNS = (*PLACE, "problem", "record")
# Records of a full-refresh input up to this size are kept between windows: a parse of many windows reads them in each.
_KEPT_BYTES = 16 * 2**20


class Counted:
    """What the readers of one stream met during a parse: records, invalid ones, and those that stand in for them."""

    def __init__(self) -> None:
        self.read = 0
        self.invalid = 0
        self.replaced = 0


@dataclass(frozen=True, slots=True)
class Window:
    """A window to be read, and the latest versions that lie in it."""

    at: date | None
    records: LatestByWindow


class StoredRecords:
    """The latest valid version of each record of a stream; with a window, of those whose latest version lies there.

    What is invalid goes to quarantine, under that window, and its newest valid version takes its place.
    """

    def __init__(
        self,
        stream: StreamSpec,
        snapshot: Snapshot,
        quarantine: Quarantine,
        counted: Counted,
        window: Window | None = None,
    ) -> None:
        self._stream = stream
        self._snapshot = snapshot
        self._only = window
        self._window = window.at if window else None
        self._quarantine = quarantine
        self._counted = counted
        self._many = TypeAdapter(list[stream.model])  # type: ignore[name-defined]
        self._kept: list[BaseModel] | None = None
        self.was_read = False

    def __iter__(self) -> Iterator[BaseModel]:
        if self._kept is not None:
            yield from self._kept
            return
        first, self.was_read = not self.was_read, True
        keep: list[BaseModel] | None = [] if self._only is None else None
        size = 0
        batches = self._only.records.read(self._only.at, _COLUMNS) if self._only else latest(self._snapshot, _COLUMNS)
        for batch in batches:
            size += batch.nbytes
            models = self._valid(batch, count=first)
            if keep is not None and size <= _KEPT_BYTES:
                keep += models
            else:
                keep = None
            yield from models
        self._kept = keep

    def _valid(self, batch: pa.RecordBatch, *, count: bool) -> list[BaseModel]:
        records = texts_of(batch, "record")
        if count:
            self._counted.read += len(records)
        if batch.column("problem").null_count == len(records):
            try:
                return self._many.validate_json(b"[" + b",".join(records) + b"]")
            except ValidationError:
                pass  # one by one, to find out which
        found = (self._one(batch, index, record, count=count) for index, record in enumerate(records))
        return [model for model in found if model is not None]

    def _one(self, batch: pa.RecordBatch, index: int, record: bytes, *, count: bool) -> BaseModel | None:
        row = {name: batch.column(name)[index].as_py() for name in (*PLACE, "problem")}
        if row["problem"] is not None:
            self._put_aside(row, kind_of(row["problem"]), row["problem"], count=count)
            return None
        try:
            return self._stream.model.model_validate_json(record)
        except ValidationError as error:
            self._put_aside(row, "invalid", reason_of(error), count=count)
        older = self._newest_valid(row["key"], row["sequence"])
        self._counted.replaced += count and older is not None
        return older

    def _put_aside(self, row: dict[str, Any], kind: Any, reason: str, *, count: bool) -> None:
        self._counted.invalid += count
        self._quarantine.record(self._window, self._stream.name, row, kind, reason)

    def _newest_valid(self, key: str, invalid: int) -> BaseModel | None:
        for batch in versions_of(self._snapshot, [key], ["sequence", "record"]):
            for row in batch.to_pylist():
                if row["sequence"] != invalid:
                    try:
                        return self._stream.model.model_validate_json(row["record"])
                    except ValidationError:
                        continue
        return None


def texts_of(batch: pa.RecordBatch, column: str) -> list[bytes]:
    """A column of texts that are never null, as bytes."""
    return [text for text in batch.column(column).cast(pa.binary()).to_pylist() if text is not None]


def too_many_invalid(stream: StreamSpec, counted: Counted) -> bool:
    """Whether the share of invalid records is above the stream's bound. One alone never is, unless the bound is 0."""
    allowed = stream.max_invalid * counted.read
    return counted.invalid > (allowed if stream.max_invalid == 0 else max(1.0, allowed))
