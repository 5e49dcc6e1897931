"""An API on loopback whose lists take several boards in one request, and integrations for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel

from dazz_assets import Cursor, CursorToken, FullRefresh, Incremental, Integration, Stream, parser
from dazz_assets.domain import DomainObject
from tests.declaring import declare
from tests.help_desk_vendor import DeskApi
from tests.http.loopback import ReceivedRequest, Reply, Vendor

PAGE = 4


class Board(BaseModel):
    id: int
    name: str


class Item(BaseModel):
    id: str


class Card(DomainObject):
    board: str | None


class BoardsStream(Stream[Board]):
    """Boards; `changed` moves with what is on them."""

    path = "/boards"


class ItemsStream(Stream[Item]):
    """Items of boards, with a filter for changes."""

    parent = BoardsStream
    parents_per_request = 3
    path = "/items"
    params = {"boards": "{parents.id}"}
    parent_key = "board.id"
    cursor = Cursor("changed", since="since")
    paginator = CursorToken("next", param="after")


class LabelsStream(Stream):
    """The labels of all boards, whose ids are unique on a board only."""

    parent = BoardsStream
    parents_per_request = 3
    path = "/labels"
    method = "POST"
    body = {"filter": {"boards": "{parents.id}"}}
    parent_key = "board.id"
    primary_key = ("{parent.id}", "label")
    paginator = CursorToken("next", param="after")


class NotesStream(Stream):
    """The notes on boards that have changed."""

    parent = BoardsStream
    parents = "changed"
    parents_per_request = 3
    path = "/notes/{parents.id}"
    parent_key = "board.id"
    paginator = CursorToken("next", param="after")


class BoardsIntegration(DeskApi):
    """Boards, three in a request."""

    name = "planner"
    streams = (BoardsStream, ItemsStream, LabelsStream, NotesStream)

    @parser
    def cards(self, items: Incremental[ItemsStream], boards: FullRefresh[BoardsStream]) -> Iterator[Card]:
        for item, board in items.with_parents(boards):
            yield Card(id=self.object_id(item.id), board=None if board is None else board.name)


class DatesStream(ItemsStream):
    """Items of boards by their names; a range may be sixty days long at most."""

    params = {"boards": "{parents.name}"}
    parent_key = "board.name"
    primary_key = ("{parent.id}", "id")
    cursor = Cursor("changed", since="since", until="until", step=timedelta(days=60))


def asking_for(size: int, **settings: Any) -> type[Integration[Any]]:
    """The integration with so many boards in a request, and other settings of all these streams."""
    changed = {"parents_per_request": size, **settings}
    several = (ItemsStream, LabelsStream, NotesStream, DatesStream)
    streams = [declare(each.__name__, each, **changed) for each in several]
    return declare("PlannerIntegration", DeskApi, name="planner", streams=(BoardsStream, *streams))


class Boards:
    """The vendor's data and API. A board in `refused` is answered with that status, whatever it is asked with; one in
    `refused_together` only beside others.

    by_board: whether lists go from board to board, instead of by the time of the change.
    """

    def __init__(self, *, by_board: bool = False) -> None:
        self.minute = 0
        self.boards: dict[int, str] = {}
        self.items: dict[str, tuple[int, str]] = {}
        self.refused: dict[int, int] = {}
        self.refused_together: dict[int, int] = {}
        self.names: dict[int, str] = {}
        self.by_board = by_board
        self.vendor = Vendor()
        self.vendor.handler = self.answer

    def put(self, item: str, board: int) -> None:
        """Add or change an item."""
        self.minute += 1
        at = f"{datetime(2026, 2, 1) + timedelta(minutes=self.minute):%Y-%m-%dT%H:%M:%SZ}"
        self.boards[board] = at
        self.items[item] = (board, at)

    def remove(self, item: str) -> None:
        """Remove an item, which changes its board."""
        board, _ = self.items.pop(item)
        self.minute += 1
        self.boards[board] = f"removed at {self.minute}"

    def answer(self, asked: ReceivedRequest) -> Reply:
        if asked.path == "/boards":
            listed = [{"id": board, "name": self.name(board), "changed": at} for board, at in self.boards.items()]
            return Reply(body={"items": listed})
        boards = self.boards_of(asked)
        asked_names = len(self.asked_values(asked))
        for board, status in (self.refused | (self.refused_together if asked_names > 1 else {})).items():
            if board in boards:
                return Reply(status, {"message": f"board {board} can't be read"})
        since, until, after = (asked.query.get(name, [""])[0] for name in ("since", "until", "after"))
        after = after or (json.loads(asked.body).get("after", "") if asked.body else "")
        in_order = sorted(
            (board if self.by_board else 0, at, id_, board)
            for id_, (board, at) in self.items.items()
            if board in boards and since <= at < (until or "9999")
        )
        found = [
            {"id": id_, "label": id_[-1], "board": {"id": board, "name": self.name(board)}, "changed": at}
            for _, at, id_, board in in_order
        ]
        begin = int(after or 0)
        more = {"next": str(begin + PAGE)} if begin + PAGE < len(found) else {}
        return Reply(body={"items": found[begin : begin + PAGE], **more})

    def name(self, board: int) -> str:
        return self.names.get(board, f"board {board}")

    def boards_of(self, asked: ReceivedRequest) -> list[int]:
        """The boards that a request asks for, by their ids or their names."""
        values = self.asked_values(asked)
        if all(value.isdigit() for value in values):
            return [int(value) for value in values]
        return [board for board in self.boards if self.name(board) in values]

    def asked_values(self, asked: ReceivedRequest) -> list[str]:
        if asked.body:
            return [str(value) for value in json.loads(asked.body)["filter"]["boards"]]
        texts: list[str] = asked.query.get("boards", [asked.path.rpartition("/")[2]])
        return [unquote(value) for text in texts for value in text.split(",")]

    def take_requests(self) -> list[list[int]]:
        """The boards of each request for what is on them since the last call, first pages and others."""
        taken = [self.boards_of(asked) for asked in self.vendor.requests if asked.path != "/boards"]
        self.vendor.requests.clear()
        return taken


@contextmanager
def boards_vendor(*, by_board: bool = False) -> Iterator[Boards]:
    boards = Boards(by_board=by_board)
    with boards.vendor:
        yield boards
