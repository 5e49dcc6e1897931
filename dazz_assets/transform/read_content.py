"""What a parser reads of a snapshot: its records as their model sees them, and which of them are no longer listed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa
from pydantic import BaseModel

from dazz_assets.declare.stream import RecordModel
from dazz_assets.lake import TableVersion, latest_versions
from dazz_assets.lake.files import column_bytes
from dazz_assets.transform.record_readers import make_projection

_WORD = 2**64
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


def read_departures(departures: TableVersion | None, raw: TableVersion) -> Mapping[str, datetime | None]:
    """Since when records are no longer listed, by key; None while no whole list says so.

    departures: the version of their table.

    What is still stored is not gone: it is written down before the list is replaced that lacks it.
    """
    if departures is None:
        return {}
    rows = (row for batch in departures.read() for row in batch.to_pylist())
    gone = {row["key"]: row["gone_since"] for row in rows}
    for batch in raw.read(["key"]) if gone else ():
        for key in batch.column("key").to_pylist():
            gone.pop(key, None)
    return gone


def read_content_fingerprint(
    model: type[RecordModel], version: TableVersion, gone: Mapping[str, datetime | None]
) -> str:
    """A fingerprint of what a parser can see of a snapshot, whatever the order of its rows."""
    total = mix = count = 0
    selector = _Selector(model)
    for batch in latest_versions(version, ["key", "parent", "record"]):
        for digest in _hash_rows(batch, selector):
            count, total, mix = count + 1, (total + digest) % _WORD, mix ^ digest
    listed = f"{count}-{total:016x}-{mix:016x}"
    departed = "".join(f"{key} {since and since.isoformat()};" for key, since in sorted(gone.items()))
    return hashlib.blake2b(f"{listed} {departed}".encode(), digest_size=8).hexdigest()


def _hash_rows(batch: pa.RecordBatch, selector: _Selector) -> Iterator[int]:
    keys, parents = batch.column("key").to_pylist(), batch.column("parent").to_pylist()
    for key, parent, record in zip(keys, parents, selector.select(batch.column("record")), strict=True):
        content = b"\0".join([str(key).encode(), str(parent).encode(), record])
        yield int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


class _Selector:
    """Picks what a model reads out of records; all of one that can't be picked from."""

    def __init__(self, model: type[RecordModel]) -> None:
        self._project = make_projection(model) if issubclass(model, BaseModel) else None
        self._structs = msgspec.json.Decoder(model) if not issubclass(model, BaseModel) else None

    def select(self, records: pa.Array[Any]) -> Sequence[bytes]:
        """What the model reads of each record."""
        if self._project is None:
            return [self._reencode(record) for record in column_bytes(records)]
        if (selected := self._project(records)) is not None:
            return [bytes(item) for item in _ITEMS.decode(selected)]
        if len(records) == 1:
            return column_bytes(records)
        # One of them can't be picked from, which changes nothing for the others.
        return [each for number in range(len(records)) for each in self.select(records.slice(number, 1))]

    def _reencode(self, record: bytes) -> bytes:
        if self._structs is None:
            return record
        try:
            return msgspec.json.encode(self._structs.decode(record))
        except (ValueError, RecursionError):
            return record
