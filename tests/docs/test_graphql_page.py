"""The integration that docs/graphql.md shows reads the API that it is about."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake, query
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from tests.docs.markdown import blocks
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

PAGE = (Path(__file__).parents[2] / "docs" / "graphql.md").read_text(encoding="utf-8")


class Kanban:
    """Three boards, of which one was deleted; a budget that pays for three requests a minute."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.left, self.full_at = 300, clock.now + 60

    def answer(self, request: ReceivedRequest) -> Reply:
        body = json.loads(request.body)
        if self.clock.now >= self.full_at:
            self.left, self.full_at = 300, self.full_at + 60
        if self.left < 100:
            return Reply(body={"errors": [{"message": "over budget"}]})
        self.left -= 100
        points = {"left": self.left, "used": 100, "reset_in_seconds": self.full_at - self.clock.now}
        found = self.find(body["query"], body["variables"])
        return Reply(body={"data": {"points": points, **found} if "errors" not in found else None, **found})

    def find(self, text: str, variables: dict[str, Any]) -> dict[str, Any]:
        if "next_cards_page" in text:
            return {"next_cards_page": {"cursor": None, "cards": cards(variables["cursor"], 2)}}
        if "cards_page" not in text:
            return {"boards": [{"id": number, "name": "B"} for number in "123"] if variables["page"] == 1 else []}
        if variables["board"] == "2":
            return {"errors": [{"message": "gone", "extensions": {"code": "BOARD_DELETED"}}]}
        board = variables["board"]
        return {"boards": [{"cards_page": {"cursor": board, "cards": cards(board, 1)}}]}


def cards(board: str, number: int) -> list[dict[str, str]]:
    return [{"id": f"{board}-{number}", "title": "T", "updated_at": f"2026-02-0{number}T10:00:00Z"}]


@pytest.fixture
def session(tmp_path: Path) -> Any:
    for block in blocks(PAGE):
        (tmp_path / block.words[0]).parent.mkdir(exist_ok=True)
        (tmp_path / block.words[0]).write_text(block.text, encoding="utf-8")
    spec, clock = find_integration(str(tmp_path / "kanban.py")), Clock(1_772_452_800.0)
    with Vendor() as vendor:
        vendor.handler = Kanban(clock).answer
        config = {"base_url": vendor.url, "token": "canary"}
        connection = Connection(id="acme", integration="kanban", start=date(2026, 1, 5), config=config)
        lake = Lake(tmp_path / "lake")
        session = Session(spec, connection, lake, now=lambda: datetime.fromtimestamp(clock.now, UTC), sleep=clock.sleep)
        yield session, vendor, clock


def test_the_example_lists_boards_and_their_cards_within_its_budget(session: Any) -> None:
    session, vendor, clock = session
    reports = [sync_stream(session, stream, SyncRange(from_mark=True)) for stream in session.spec.streams.values()]
    ids = query(session.lake, "select key from raw.kanban_cards order by key").column(0).to_pylist()
    assert ids == ["1-1", "1-2", "3-1", "3-2"]
    assert [report.retries for report in reports] == [0, 0]
    assert len(vendor.requests) == 7
    assert clock.slept > 60
    assert any("gone" in text for text in reports[1].warnings)
    rules = [json.loads(request.body)["variables"].get("rules") for request in vendor.requests]
    assert [rule[0]["values"] for rule in rules if rule] == [["2026-01-05", "2026-03-03"]] * 3
