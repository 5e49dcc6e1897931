"""A connection of an integration under test: what is done with it, and what the lake then holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel, SecretStr

from dazz_assets import ConnectionConfig, Integration, Stream
from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake, query
from dazz_assets.reports import ParseReport, StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.read import describe, stream_name
from dazz_assets.transform.parse_windows import parse
from tests.http.loopback import Clock, ReceivedRequest, Vendor

CANARY = "canary-7f3a"


class Token(ConnectionConfig):
    """The config of the integrations of these tests."""

    token: SecretStr = SecretStr(CANARY)


class Item(BaseModel):
    """A record with an id, and whatever else."""

    id: int


class Connected:
    """Syncs and parses one connection, and reads back what is stored."""

    def __init__(
        self,
        integration: type[Integration[Any]],
        api: Vendor,
        clock: Clock,
        lake: Lake,
        *,
        id_: str = "acme",
        start: date = date(2026, 1, 5),
    ) -> None:
        self.spec = describe(integration)
        self.lake = lake
        self.clock = clock
        self.connection = Connection(
            id=id_, integration=self.spec.name, start=start, config={"base_url": api.url, "token": CANARY}
        )
        self.session = self._session()

    def sync(self, stream: type[Stream[Any]]) -> StreamReport:
        """From the marks to now, or all of a snapshot. Raises SyncError."""
        return self._sync(stream, SyncRange(from_mark=True))

    def sync_range(
        self, stream: type[Stream[Any]], since: str | None = None, until: str | None = None, *, replace: bool = False
    ) -> StreamReport:
        """The cursor time between two days. Raises SyncError."""
        return self._sync(stream, SyncRange(since=_day(since), until=_day(until), replace=replace))

    def parse(self, parser: str) -> ParseReport:
        """Every window."""
        return parse(self._session(), self.spec.parsers[parser], windows=None)

    def records(self, stream: type[Stream[Any]]) -> list[Any]:
        """The latest version of each record, in the order of the keys."""
        return [json.loads(text) for text in self.texts(stream)]

    def texts(self, stream: type[Stream[Any]]) -> list[str]:
        """The texts of the latest versions, in the order of the keys."""
        table = f"raw.{self.spec.name}_{stream_name(stream)}"
        where = f"connection = '{self.connection.id}'"
        return self.column(f"select record from {table} where {where} order by length(key), key")

    def ids(self, stream: type[Stream[Any]]) -> list[int]:
        """The ids of the records, in order."""
        return sorted(record["id"] for record in self.records(stream))

    def versions(self, stream: type[Stream[Any]]) -> int:
        """How many rows are stored, all versions of a record counted."""
        snapshot = self.session.lake.raw(
            self.spec.name,
            stream_name(stream),
            self.connection.id,
            windowed=self.spec.streams[stream_name(stream)].cursor is not None,
        ).open()
        return 0 if snapshot is None else snapshot.rows

    def column(self, sql: str) -> list[Any]:
        """The first column of a query."""
        return query(self.lake, sql).column(0).to_pylist()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now, UTC)

    def _sync(self, stream: type[Stream[Any]], extent: SyncRange) -> StreamReport:
        self.session = self._session()
        return sync_stream(self.session, self.spec.streams[stream_name(stream)], extent)

    def _session(self) -> Session:
        return Session(self.spec, self.connection, self.lake, now=self._now, sleep=self.clock.sleep)


def items(*numbers: int) -> list[dict[str, int]]:
    """Records with these ids."""
    return [{"id": number} for number in numbers]


def param(request: ReceivedRequest, name: str, otherwise: str = "") -> str:
    """A parameter of a request's query."""
    return request.query.get(name, [otherwise])[0]


def offset_page(records: Sequence[Any], request: ReceivedRequest, size: int) -> list[Any]:
    """The page of a list that `offset` asks for."""
    start = int(param(request, "offset", "0"))
    return list(records[start : start + size])


def _day(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
