"""What Monday's items and users become: their status, priority, people and dates, by the columns that boards have."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dazz_assets import FullRefresh, Incremental
from dazz_assets.domain import Identity, WorkItem
from integrations.monday.integration import MondayIntegration
from integrations.monday.models import Board, Item, Team, User

STATUS_LABELS = [
    {"id": 0, "label": "Working on it", "index": 2, "is_done": False},
    {"id": 1, "label": "Released", "index": 0, "is_done": True},
    {"id": 2, "label": "Stuck", "index": 1, "is_done": False},
    {"id": 7, "label": "In review", "index": 3},
]
COLUMNS: list[dict[str, Any]] = [
    {"id": "color_mk1", "title": "Priority", "type": "status", "settings": {"labels": []}},
    {"id": "status", "title": "Status", "type": "status", "settings": {"labels": STATUS_LABELS}},
    {"id": "person", "title": "Owner", "type": "people", "settings": {}},
    {"id": "date0", "title": "Start", "type": "date", "settings": {}},
    {"id": "date4", "title": "Due date", "type": "date", "settings": None},
]
BOARD: dict[str, Any] = {"id": "71", "name": "Releases", "state": "active", "columns": COLUMNS}
USERS = [User(id="5", name="Ada Byron", email="ada@nimbus.example"), User(id="6", name="Bo Chen")]
TEAMS = [Team(id="9", name="Platform")]


def status(label: str | None, index: int | None = None, *, id_: str = "status", **more: Any) -> dict[str, Any]:
    return {"id": id_, "type": "status", "label": label, "index": index, **more}


def item(*values: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "82",
        "name": "Rotate access keys",
        "state": "active",
        "url": "https://nimbus-works.monday.com/boards/71/pulses/82",
        "created_at": "2026-03-01T08:00:00Z",
        "updated_at": "2026-03-20T12:00:00Z",
        "creator": {"id": "6"},
        "board": {"id": "71"},
        "group": {"id": "topics", "title": "This month"},
        "parent_item": None,
        "column_values": list(values),
        **more,
    }


def parsed(record: dict[str, Any], board: dict[str, Any] | None = BOARD) -> WorkItem:
    boards = [Board.model_validate(board)] if board else []
    [found] = MondayIntegration().work_items(
        Incremental([Item.model_validate(record)]),
        FullRefresh([]),
        FullRefresh(boards),
        FullRefresh(USERS),
        FullRefresh(TEAMS),
    )
    return found


def test_an_item_is_a_work_item_of_its_board() -> None:
    found, ours = parsed(item(status("Working on it", 0))), MondayIntegration()
    assert (found.id, found.uid, found.title, found.type) == (ours.object_id("82"), "82", "Rotate access keys", "item")
    assert found.src_url == "https://nimbus-works.monday.com/boards/71/pulses/82"
    assert (found.project_uid, found.project_name, found.parent_id) == ("71", "Releases", None)
    assert (found.creator, found.creator_id) == ("Bo Chen", ours.object_id("6"))
    assert found.created_time == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert found.modified_time == datetime(2026, 3, 20, 12, tzinfo=UTC)


def test_a_subitem_names_the_item_that_it_is_a_part_of() -> None:
    found = parsed(item(parent_item={"id": "80"}))
    assert (found.type, found.parent_id) == ("subitem", MondayIntegration().object_id("80"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (status("Working on it", 0, is_done=False), ("In Progress", "Working on it")),
        (status("Stuck", 2, is_done=False), ("On Hold", "Stuck")),
        (status("Released", 1, is_done=True), ("Resolved", "Released")),
        (status("Released", 1), ("Resolved", "Released")),  # The board says that it means done.
        (status(None, 1), ("Resolved", "Released")),
        (status("In review", 7, is_done=False), ("Other", "In review")),
        (status("Done", 99, is_done=False), ("Other", "Done")),  # On this board it doesn't mean done.
        (status(None, None), ("New", None)),
        (status("", 5, is_done=False), ("New", None)),
        (status(" working ON it ", 0), ("In Progress", " working ON it ")),
    ],
)
def test_the_status_is_that_of_the_label_and_done_what_the_board_calls_so(
    value: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    found = parsed(item(value))
    assert (found.status, found.vendor_status) == expected


def test_an_item_without_a_column_of_statuses_has_none_that_is_known() -> None:
    assert parsed(item()).status == "Unknown"
    assert parsed(item()).vendor_status is None


def test_what_is_done_was_closed_when_the_label_was_chosen() -> None:
    done = status("Released", 1, is_done=True, updated_at="2026-03-19T10:00:00Z")
    assert parsed(item(done)).closed_time == datetime(2026, 3, 19, 10, tzinfo=UTC)
    assert parsed(item(done | {"is_done": False})).closed_time is None


@pytest.mark.parametrize("titles", [["Priority", "Status"], ["Priority", "Stage"], ["PRIORITY level", "State"]])
def test_priority_and_status_are_told_apart_by_the_titles_of_their_columns(titles: list[str]) -> None:
    columns = [{**of, "title": title} for of, title in zip(COLUMNS, titles, strict=False)]
    values = [status("High", 109, id_="color_mk1"), status("Stuck", 2)]
    found = parsed(item(*values), {**BOARD, "columns": columns})
    assert (found.vendor_priority, found.vendor_status) == ("High", "Stuck")


def test_of_several_columns_of_statuses_the_one_that_is_called_status_counts() -> None:
    columns = [{**COLUMNS[0], "title": "Review"}, COLUMNS[1]]
    found = parsed(item(status("Passed", 3, id_="color_mk1"), status("Stuck", 2)), {**BOARD, "columns": columns})
    assert (found.vendor_priority, found.vendor_status) == (None, "Stuck")


def test_without_the_board_the_first_column_of_statuses_counts() -> None:
    found = parsed(item(status("Stuck", 2), status("High", 1, id_="color_mk1")), board=None)
    assert (found.vendor_status, found.project_uid, found.project_name) == ("Stuck", "71", None)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([{"key": "1", "count": 1}], ("Resolved", "Released")),
        ([{"key": "0", "count": 3}, {"key": "1", "count": 0}], ("In Progress", "Working on it")),
        ([{"key": "0", "count": 1}, {"key": "1", "count": 2}], ("Other", "Released, Working on it")),
        ([{"key": "44", "count": 1}], ("Other", "44")),
    ],
)
def test_on_boards_of_several_levels_labels_are_counted(
    shares: list[dict[str, Any]], expected: tuple[str, str]
) -> None:
    found = parsed(item({"id": "status", "type": "status", "is_leaf": True, "battery_value": shares}))
    assert (found.status, found.vendor_status) == expected


def people(*assigned: tuple[str, str]) -> dict[str, Any]:
    return {
        "id": "person",
        "type": "people",
        "persons_and_teams": [{"id": id_, "kind": kind} for id_, kind in assigned],
    }


@pytest.mark.parametrize(
    ("assigned", "name", "uid"),
    [
        ([("5", "person")], "Ada Byron", "5"),
        ([("9", "team"), ("5", "person"), ("6", "person")], "Ada Byron", "5"),
        ([("9", "team")], "Platform", None),
        ([("404", "person")], None, "404"),
        ([("404", "team")], None, None),
        ([], None, None),
    ],
)
def test_the_assignee_is_the_first_person_or_else_a_team(
    assigned: list[tuple[str, str]], name: str | None, uid: str | None
) -> None:
    found = parsed(item(people(*assigned)))
    assert (found.assignee, found.assignee_id) == (name, MondayIntegration().object_id(uid) if uid else None)


def day(column: str, text: str | None) -> dict[str, Any]:
    return {"id": column, "type": "date", "value": text}


TIMELINE = {"id": "timerange_mk", "type": "timeline", "from": "2026-04-01", "to": "2026-04-09"}


@pytest.mark.parametrize(
    ("values", "due"),
    [
        ([day("date4", '{"date":"2026-05-01"}')], datetime(2026, 5, 1, tzinfo=UTC)),
        ([day("date4", '{"date":"2026-05-01","time":"15:30:00"}')], datetime(2026, 5, 1, 15, 30, tzinfo=UTC)),
        ([day("date4", '{"date":"2026-05-01","time":null,"icon":""}')], datetime(2026, 5, 1, tzinfo=UTC)),
        (
            [day("date0", '{"date":"2026-04-01"}'), day("date4", '{"date":"2026-05-01"}')],
            datetime(2026, 5, 1, tzinfo=UTC),
        ),
        ([day("date0", '{"date":"2026-04-01"}'), day("date4", None)], datetime(2026, 4, 1, tzinfo=UTC)),
        ([day("date4", None), TIMELINE], datetime(2026, 4, 9, tzinfo=UTC)),
        ([day("date4", '{"date":"soon"}')], None),
        ([], None),
    ],
)
def test_an_item_is_due_at_the_date_that_a_title_calls_so(values: list[dict[str, Any]], due: datetime | None) -> None:
    assert parsed(item(*values)).due_time == due


def test_tags_are_labels() -> None:
    tags = {"id": "tag_mk", "type": "tags", "tags": [{"name": "debt"}, {"name": "customer"}, {"name": "debt"}]}
    assert parsed(item(tags)).labels == ["debt", "customer"]


@pytest.mark.parametrize(
    ("of_item", "of_board", "detail"),
    [
        ("archived", "active", "item archived"),
        ("deleted", "active", "item deleted"),
        ("active", "archived", "board archived"),
        ("active", "deleted", "board deleted"),
        ("archived", "deleted", "item archived"),
    ],
)
def test_what_is_archived_or_deleted_is_closed_whatever_its_label(of_item: str, of_board: str, detail: str) -> None:
    found = parsed(item(status("Working on it", 0), state=of_item), {**BOARD, "state": of_board})
    assert (found.status, found.status_detail, found.vendor_status) == ("Closed", detail, "Working on it")


def user(**more: Any) -> Identity:
    record = {"id": "5", "name": "Ada Byron", "email": "ada@nimbus.example", "kind": "member", "status": "ACTIVE"}
    teams = [Team.model_validate({"id": id_, "users": [{"id": "5"}, {"id": "6"}]}) for id_ in ("9", "8")]
    [found] = MondayIntegration().identities(
        FullRefresh([User.model_validate({**record, "is_deleted": False, **more})]), FullRefresh(teams)
    )
    return found


def test_a_user_is_an_identity_with_its_teams() -> None:
    found = user(url="https://nimbus-works.monday.com/users/5", created_at="2023-09-02T13:22:48.000Z")
    assert (found.id, found.uid) == (MondayIntegration().object_id("5"), "5")
    assert (found.name, found.full_name, found.email_addr) == ("ada@nimbus.example", "Ada Byron", "ada@nimbus.example")
    assert (found.groups, found.src_url) == (["9", "8"], "https://nimbus-works.monday.com/users/5")
    assert found.created_time == datetime(2023, 9, 2, 13, 22, 48, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        ("member", "User"),
        ("guest", "User"),
        ("view_only", "User"),
        ("admin", "Admin"),
        ("ADMIN", "Admin"),
        ("service_user", "Service"),
        ("agent_member", "Service"),
        (None, "Unknown"),
    ],
)
def test_the_kind_of_a_user_tells_people_from_machines(kind: str | None, type_: str) -> None:
    assert (user(kind=kind).type, user(kind=kind).vendor_type) == (type_, kind)


@pytest.mark.parametrize(
    ("status_", "is_deleted", "is_active"),
    [
        ("ACTIVE", False, True),
        ("INACTIVE", False, False),
        ("PENDING", False, False),
        ("ACTIVE", True, False),
        (None, False, None),
    ],
)
def test_only_an_active_user_can_sign_in(status_: str | None, is_deleted: bool, is_active: bool | None) -> None:
    assert user(status=status_, is_deleted=is_deleted).is_active is is_active
