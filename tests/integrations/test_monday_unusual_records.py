"""Whatever optional parts of Monday's records hold, an item is one valid work item and a user one valid identity."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from dazz_assets import FullRefresh, Incremental
from dazz_assets.domain import WorkItem
from dazz_assets.lake.objects.object_columns import make_batch
from integrations.monday.integration import MondayIntegration
from integrations.monday.models import Board, Item, Team, User
from integrations.monday.sandbox import MondaySandbox
from tests.integrations.test_unusual_records import Path, one_part_changed, thorough, unusual

ACCOUNT = MondaySandbox(seed=3, now=datetime(2026, 6, 1, tzinfo=UTC), boards=5, items=60, updates=1, users=9).account
ITEMS, BOARDS = list(ACCOUNT.items.values()), list(ACCOUNT.boards.values())


def work_items(item: str, board: str, user: str, team: str) -> list[WorkItem]:
    """The item is on the board, and whom it names is known."""
    record = json.loads(item)
    return list(
        MondayIntegration().work_items(
            Incremental([Item.model_validate_json(item)]),
            FullRefresh([]),
            FullRefresh([Board.model_validate({**json.loads(board), "id": _board_of(record)})]),
            FullRefresh([User.model_validate_json(user)]),
            FullRefresh([Team.model_validate_json(team)]),
        )
    )


def _board_of(record: dict[str, Any]) -> str:
    board = record.get("board")
    found = board.get("id") if isinstance(board, dict) else None
    return found if isinstance(found, str) else "1"


@thorough
@given(
    unusual(ITEMS, {"id"}),
    unusual(BOARDS, {"id"}),
    unusual(list(ACCOUNT.users.values()), {"id"}),
    unusual(list(ACCOUNT.teams.values()), {"id"}),
)
def test_an_unusual_item_is_a_valid_work_item(item: str, board: str, user: str, team: str) -> None:
    [found] = work_items(item, board, user, team)
    assert found.id == MondayIntegration().object_id(json.loads(item)["id"])
    assert make_batch([found], WorkItem).num_rows == 1


@thorough
@given(unusual(list(ACCOUNT.users.values()), {"id"}), unusual(list(ACCOUNT.teams.values()), {"id"}))
def test_an_unusual_user_is_a_valid_identity(user: str, team: str) -> None:
    users, teams = [User.model_validate_json(user)], [Team.model_validate_json(team)]
    [found] = MondayIntegration().identities(FullRefresh(users), FullRefresh(teams))
    assert found.id == MondayIntegration().object_id(json.loads(user)["id"])
    assert make_batch([found], type(found)).num_rows == 1


ITEM = next(item for item in ITEMS if item["creator"] and item["column_values"][2]["persons_and_teams"])
BOARD = ACCOUNT.boards[ITEM["board"]["id"]]


def parsed(record: dict[str, Any]) -> WorkItem:
    [found] = MondayIntegration().work_items(
        Incremental([Item.model_validate(record)]),
        FullRefresh([]),
        FullRefresh([Board.model_validate(BOARD)]),
        FullRefresh([User.model_validate(user) for user in ACCOUNT.users.values()]),
        FullRefresh([Team.model_validate(team) for team in ACCOUNT.teams.values()]),
    )
    return found


@pytest.mark.parametrize(
    ("path", "value", "lost"),
    [
        (("creator",), 7, {"creator", "creator_id"}),
        (("updated_at",), "yesterday", {"modified_time"}),
        (("name",), None, {"title"}),
        (("column_values", 0), "High", {"vendor_priority"}),
        (("column_values", 0, "label"), ["High"], set()),  # The label is known by its id.
        (("column_values", 2, "persons_and_teams"), {"id": "1"}, {"assignee", "assignee_id"}),
        (("board",), None, {"project_uid", "project_name", "vendor_priority"}),
    ],
)
def test_an_invalid_part_costs_that_part_alone(path: Path, value: Any, lost: set[str]) -> None:
    one, other = parsed(ITEM), parsed(one_part_changed(ITEM, path, value))
    differing = {name for name in WorkItem.model_fields if getattr(one, name) != getattr(other, name)}
    assert differing <= lost
    assert bool(differing) is bool(lost)
