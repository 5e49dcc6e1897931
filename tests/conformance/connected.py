"""A connection of an integration under test: syncs, parses, and reads the lake."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from dazz_assets import Integration, Stream
from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake, TableVersion, query
from dazz_assets.lake.versions.latest_versions import latest_versions
from dazz_assets.reports import ParseReport, StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration, stream_name
from dazz_assets.transform.parse_windows import parse
from tests.conformance.integrations import CANARY
from tests.http.loopback import Clock, ReceivedRequest, Vendor


class Connected:
    """Syncs and parses one connection, and reads what is stored."""

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
        self.spec = read_integration(integration)
        self.lake = lake
        self.clock = clock
        self.connection = Connection(
            id=id_, integration=self.spec.name, start=start, config={"base_url": api.url, "token": CANARY}
        )
        self.session = self._new_session()

    def sync(self, stream: type[Stream[Any]]) -> StreamReport:
        """Syncs from the marks to now, or a whole snapshot. Raises SyncError."""
        return self._sync(stream, SyncRange(from_mark=True))

    def sync_range(
        self, stream: type[Stream[Any]], since: str | None = None, until: str | None = None, *, replace: bool = False
    ) -> StreamReport:
        """Syncs the cursor time between two days. Raises SyncError."""
        return self._sync(stream, SyncRange(since=_parse_day(since), until=_parse_day(until), refetch=replace))

    def parse(self, parser: str) -> ParseReport:
        """Parses all windows."""
        return parse(self._new_session(), self.spec.parsers[parser], windows=None)

    def records(self, stream: type[Stream[Any]]) -> list[Any]:
        """The latest version of each record, ordered by key."""
        return [json.loads(text) for text in self.texts(stream)]

    def texts(self, stream: type[Stream[Any]]) -> list[str]:
        """The text of the latest version of each record, ordered by key."""
        version = self._raw(stream)
        batches = () if version is None else latest_versions(version, ["key", "record"])
        rows = [row for batch in batches for row in batch.to_pylist()]
        return [row["record"] for row in sorted(rows, key=lambda row: (len(row["key"]), row["key"]))]

    def ids(self, stream: type[Stream[Any]]) -> list[int]:
        """The ids of the records, in order."""
        return sorted(record["id"] for record in self.records(stream))

    def versions(self, stream: type[Stream[Any]]) -> int:
        """The number of stored rows: all versions of all records."""
        version = self._raw(stream)
        return 0 if version is None else version.rows

    def problems(self, stream: type[Stream[Any]]) -> dict[str, str | None]:
        """Why each stored row can't be parsed, by key; None for one that can."""
        version = self._raw(stream)
        rows = [] if version is None else [row for batch in version.read() for row in batch.to_pylist()]
        return {row["key"]: row["problem"] for row in rows}

    def _raw(self, stream: type[Stream[Any]]) -> TableVersion | None:
        windowed = self.spec.streams[stream_name(stream)].cursor is not None
        return self.session.lake.raw(self.spec.name, stream_name(stream), self.connection.id, windowed=windowed).open()

    def column(self, sql: str) -> list[Any]:
        """The first column of a query."""
        return query(self.lake, sql).column(0).to_pylist()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now, UTC)

    def _sync(self, stream: type[Stream[Any]], sync_range: SyncRange) -> StreamReport:
        self.session = self._new_session()
        return sync_stream(self.session, self.spec.streams[stream_name(stream)], sync_range)

    def _new_session(self) -> Session:
        return Session(self.spec, self.connection, self.lake, now=self._now, sleep=self.clock.sleep)


def items(*numbers: int) -> list[dict[str, int]]:
    """Records with these ids."""
    return [{"id": number} for number in numbers]


def param(request: ReceivedRequest, name: str, default: str = "") -> str:
    """A parameter in a request's query."""
    return request.query.get(name, [default])[0]


def offset_page(records: Sequence[Any], request: ReceivedRequest, size: int) -> list[Any]:
    """The page that the parameter `offset` asks for."""
    start = int(param(request, "offset", "0"))
    return list(records[start : start + size])


def _parse_day(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
