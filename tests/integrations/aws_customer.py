"""A connection to AWS with a lake, for the tests of syncs."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake, query
from dazz_assets.reports import StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from dazz_assets.transform.parse_windows import parse

SPEC = find_integration("aws")


class Customer:
    """Syncs and parses one connection."""

    def __init__(self, config: dict[str, Any], folder: Path) -> None:
        self._connection = Connection(id="acme", integration="aws", start=datetime.now(UTC).date(), config=config)
        self._lake = Lake(folder / "lake")

    def session(self) -> Session:
        """A session whose waits take no time."""
        return Session(SPEC, self._connection, self._lake, sleep=lambda _: None)

    def sync(self, *streams: str) -> dict[str, StreamReport]:
        """Sync these streams, or all, and parse."""
        with closing(self.session()) as session:
            chosen = [SPEC.streams[name] for name in streams or SPEC.streams]
            reports = {stream.name: sync_stream(session, stream, SyncRange(from_mark=True)) for stream in chosen}
            if not streams:
                for parser in SPEC.parsers.values():
                    parse(session, parser, windows=None)
        return reports

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What a query of the lake gives."""
        return query(self._lake, sql).to_pylist()
