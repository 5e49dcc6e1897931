"""Stored records as a parser's inputs: typed, lazy, and read again as often as the parser iterates."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, TypeAdapter, ValidationError

from dazz_assets.lake import TableVersion, latest_versions, versions_of
from dazz_assets.lake.files import column_bytes
from dazz_assets.lake.latest_versions import LatestByWindow
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.transform.quarantine import PLACE, Kind, Quarantine, invalid_reason, problem_kind

_COLUMNS = (*PLACE, "problem", "record")
# Records of a full-refresh input up to this size are kept between windows: a parse of many windows reads them in each.
_KEPT_BYTES = 16 * 2**20


class TooManyInvalidError(Exception):
    """More records of a stream are invalid than its `max_invalid` allows."""


class ReadCounts:
    """What the readers of one stream met during a parse: records, invalid ones, and those that stand in for them."""

    def __init__(self) -> None:
        self.read = 0
        self.invalid = 0
        self.replaced = 0


@dataclass(frozen=True, slots=True)
class RecordWindow:
    """A window to be read, and the latest versions that lie in it."""

    at: date | None
    records: LatestByWindow


class StoredRecords:
    """The latest valid version of each record of a stream; with a window, of those whose latest version lies there.

    What is invalid goes to quarantine, under that window, and its newest valid version takes its place. ordered: by
    cursor and key, where the order may decide what is published. Raises TooManyInvalidError as soon as that is sure.
    """

    def __init__(
        self,
        stream: StreamSpec,
        snapshot: TableVersion,
        quarantine: Quarantine,
        counted: ReadCounts,
        window: RecordWindow | None = None,
        *,
        ordered: bool = False,
    ) -> None:
        self._stream = stream
        self._snapshot = snapshot
        self._only = window
        self._window = window.at if window else None
        self._ordered = ordered
        self._quarantine = quarantine
        self._counted = counted
        self._model = stream.required_model
        self._many: TypeAdapter[list[BaseModel]] = TypeAdapter(list[self._model])  # type: ignore[name-defined]
        self._kept: list[BaseModel] | None = None
        self.was_read = False

    def __iter__(self) -> Iterator[BaseModel]:
        if self._kept is not None:
            yield from self._kept
            return
        first, self.was_read = not self.was_read, True
        keep: list[BaseModel] | None = [] if self._only is None else None
        size = 0
        for batch in self._batches():
            size += batch.nbytes
            models = self._valid(batch, count=first)
            if keep is not None and size <= _KEPT_BYTES:
                keep += models
            else:
                keep = None
            yield from models
        self._kept = keep

    def _batches(self) -> Iterator[pa.RecordBatch]:
        if self._only is not None:
            return self._only.records.read(self._only.at, _COLUMNS)
        return latest_versions(self._snapshot, _COLUMNS, ordered=self._ordered)

    def _valid(self, batch: pa.RecordBatch, *, count: bool) -> list[BaseModel]:
        records = column_bytes(batch, "record")
        if count:
            self._counted.read += len(records)
        if batch.column("problem").null_count == len(records):
            try:
                return self._many.validate_json(b"[" + b",".join(records) + b"]")
            except ValidationError:
                pass  # one by one, to find out which
        return self._one_by_one(batch, records, count=count)

    def _one_by_one(self, batch: pa.RecordBatch, records: list[bytes], *, count: bool) -> list[BaseModel]:
        found: list[BaseModel | str] = []
        invalid: dict[str, int] = {}
        for row, record in zip(batch.select([*PLACE, "problem"]).to_pylist(), records, strict=True):
            if row["problem"] is not None:
                self._put_aside(row, problem_kind(row["problem"]), row["problem"], count=count)
                continue
            try:
                found.append(self._model.model_validate_json(record))
            except ValidationError as error:
                self._put_aside(row, "invalid", invalid_reason(error), count=count)
                invalid[row["key"]] = row["sequence"]
                found.append(row["key"])
        older = self._newest_valid(invalid)
        self._counted.replaced += len(older) if count else 0
        standing = (item if isinstance(item, BaseModel) else older.get(item) for item in found)
        return [model for model in standing if model is not None]

    def _put_aside(self, row: dict[str, Any], kind: Kind, reason: str, *, count: bool) -> None:
        self._counted.invalid += count
        self._quarantine.record(self._window, self._stream.name, row, kind, reason)
        # Of more records than there are rows a share can't be.
        if count and is_too_much(self._stream, self._counted.invalid, self._snapshot.rows):
            raise TooManyInvalidError

    def _newest_valid(self, invalid: Mapping[str, int]) -> dict[str, BaseModel]:
        """Of records by key, whose latest version has this sequence and is invalid, the newest valid version."""
        found: dict[str, BaseModel] = {}
        for batch in versions_of(self._snapshot, list(invalid), ["key", "sequence", "record"]):
            for row in batch.to_pylist():
                if row["key"] not in found and row["sequence"] != invalid[row["key"]]:
                    with suppress(ValidationError):
                        found[row["key"]] = self._model.model_validate_json(row["record"])
        return found


def is_too_much(stream: StreamSpec, invalid: int, of: int) -> bool:
    """Whether so many invalid records are more than the stream's share. One never is, unless the share is 0."""
    allowed = stream.max_invalid * of
    return invalid > (allowed if stream.max_invalid == 0 else max(1.0, allowed))
