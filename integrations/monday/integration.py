"""Monday, through its platform API, which is GraphQL: https://developer.monday.com/api-reference"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from dazz_assets import (
    ApiKey,
    Budget,
    ConnectionConfig,
    Cursor,
    FullRefresh,
    GraphQLCursor,
    Incremental,
    Integration,
    PageNumber,
    Rate,
    Stream,
    parser,
)
from dazz_assets.domain import Identity, RawRecord, TicketStatus, UserType, WorkItem

from .columns import ItemColumns, ItemStatus
from .models import Board, Item, ListedItem, Team, User


class MondayConfig(ConnectionConfig):
    """A user's personal token, or an app's."""

    token: SecretStr


class WorkspacesStream(Stream):
    """Workspaces. https://developer.monday.com/api-reference/reference/workspaces"""

    permissions = ("workspaces:read",)
    query = "queries/workspaces.graphql"
    records = "data.workspaces"
    paginator = PageNumber("page", size_param="limit", size=100)


class BoardsStream(Stream[Board]):
    """Boards in every state, those of subitems too. https://developer.monday.com/api-reference/reference/boards"""

    permissions = ("boards:read", "users:read")
    query = "queries/boards.graphql"
    records = "data.boards"
    paginator = PageNumber("page", size_param="limit", size=50)
    personal = ("creator.id", "owners.id")


class UsersStream(Stream[User]):
    """Users, also deactivated ones. https://developer.monday.com/api-reference/reference/users"""

    permissions = ("users:read",)
    query = "queries/users.graphql"
    records = "data.users"
    paginator = PageNumber("page", size_param="limit", size=500)
    personal = ("id", "name", "email", "url")


class TeamsStream(Stream[Team]):
    """Teams with their members; the list has one page. https://developer.monday.com/api-reference/reference/teams"""

    permissions = ("teams:read", "users:read")
    query = "queries/teams.graphql"
    records = "data.teams"
    # Columns of people name teams too: the ids of both are hidden alike, so that they fit.
    personal = ("id", "owners.id", "users.id")


def _changed_since(day: str) -> dict[str, object]:
    """Items that changed on a day or later, the newest first."""
    rule = {
        "column_id": "__last_updated__",
        "compare_attribute": "UPDATED_AT",
        "operator": "greater_than_or_equals",
        "compare_value": ["EXACT", day],
    }
    return {"rules": [rule], "order_by": [{"column_id": "__last_updated__", "direction": "desc"}]}


class NewestItemsStream(Stream):
    """The items of each board that changed last, with when, and how many there are: which boards have anything new.

    Several, as an automation changes many items in one second, and a sync may come amid them.
    https://developer.monday.com/api-reference/reference/items-page
    """

    parent = BoardsStream
    parents_per_request = 50
    parent_key = "id"
    permissions = ("boards:read",)
    query = "queries/newest_items.graphql"
    variables = {"boards": "{parents.id}", "newest": _changed_since("2000-01-01")}
    records = "data.boards"
    # A board may be gone since it was listed.
    accept = {
        (200, "API_TEMPORARILY_BLOCKED"): "retry",
        (200, "InvalidBoardIdException"): "skip",
        (200, "ResourceNotFoundException"): "skip",
    }


class ItemsStream(Stream[Item]):
    """Active items that changed, of the boards whose newest items are others than at the last sync.

    https://developer.monday.com/api-reference/reference/items-page

    The rule compares days, in the zone of who asks: https://developer.monday.com/api-reference/reference/last-updated
    A day is written as it is farthest west, where it comes last, so that none is asked for too late.
    """

    parent = NewestItemsStream
    parents = "changed"
    permissions = ("boards:read", "users:read")
    query = "queries/items.graphql"
    variables = {"board": "{parent.id}", "changed": _changed_since("{cursor.since}")}
    records = "data.boards.0.items_page.items"
    empty = ("missing",)
    cursor = Cursor("updated_at", order="desc", format="%Y-%m-%d", zone="Etc/GMT+12")
    paginator = GraphQLCursor(
        "data.boards.0.items_page.cursor",
        next_query="queries/next_items.graphql",
        next_records="data.next_items_page.items",
        next_path="data.next_items_page.cursor",
    )
    # A board may be gone since it was listed.
    accept = {
        (200, "API_TEMPORARILY_BLOCKED"): "retry",
        (200, "InvalidBoardIdException"): "skip",
        (200, "ResourceNotFoundException"): "skip",
    }
    personal = ("creator.id", "column_values.persons_and_teams.id")


class ListedItemsStream(Stream[ListedItem]):
    """The ids of a board's active items, if its newest items or their number changed.

    An item that is archived or deleted leaves the list without a word.
    https://developer.monday.com/api-reference/reference/items-page
    """

    parent = NewestItemsStream
    parents = "changed"
    permissions = ("boards:read",)
    query = "queries/listed_items.graphql"
    variables = {"board": "{parent.id}"}
    records = "data.boards.0.items_page.items"
    paginator = GraphQLCursor(
        "data.boards.0.items_page.cursor",
        next_query="queries/next_listed_items.graphql",
        next_records="data.next_items_page.items",
        next_path="data.next_items_page.cursor",
    )
    # A board may be gone since it was listed.
    accept = {
        (200, "API_TEMPORARILY_BLOCKED"): "retry",
        (200, "InvalidBoardIdException"): "skip",
        (200, "ResourceNotFoundException"): "skip",
    }


class UpdatesStream(Stream):
    """Updates (comments) with their replies. https://developer.monday.com/api-reference/reference/updates

    The list is sorted and filtered by when they were created. Edits and replies of the last week are read again; older
    ones only by a refetch.
    """

    permissions = ("updates:read",)
    query = "queries/updates.graphql"
    records = "data.updates"
    cursor = Cursor(
        "created_at",
        since="since",
        until="until",
        both=True,
        order="desc",
        lookback=timedelta(days=7),
        format="%Y-%m-%d",
    )
    paginator = PageNumber("page", size_param="limit", size=100)
    # No more than 10,000 come of a list.
    accept = {(200, "API_TEMPORARILY_BLOCKED"): "retry", (200, "InvalidArgumentException"): "split"}
    personal = ("creator_id", "text_body", "replies.creator_id", "replies.text_body")


@dataclass(frozen=True)
class Names:
    """What items refer to, by id."""

    boards: Mapping[str, Board]
    users: Mapping[str, User]
    teams: Mapping[str, Team]


class MondayIntegration(Integration[MondayConfig]):
    """The boards of an account and their items, with who works on them.

    Requests are counted by the minute and day, and their points by the minute; `rate` is what the smallest plan takes.
    https://developer.monday.com/api-reference/docs/rate-limits
    """

    base_url = "https://api.monday.com/v2"
    auth = ApiKey(header="Authorization", format="{config.token}")
    headers = {"API-Version": "2026-07"}
    permissions_url = "https://developer.monday.com/apps/docs/oauth#permission-scopes"
    primary_key = "id"
    accept = {(200, "API_TEMPORARILY_BLOCKED"): "retry"}
    rate = Rate(1_000, per=60)
    concurrency = 4
    budget = Budget("data.complexity.after", reset="data.complexity.reset_in_x_seconds", cost="data.complexity.query")
    check = BoardsStream
    streams = (
        WorkspacesStream,
        BoardsStream,
        UsersStream,
        TeamsStream,
        NewestItemsStream,
        ListedItemsStream,
        ItemsStream,
        UpdatesStream,
    )

    @parser(refresh="changed")
    def work_items(
        self,
        items: Incremental[ItemsStream],
        listed: FullRefresh[ListedItemsStream],
        boards: FullRefresh[BoardsStream],
        users: FullRefresh[UsersStream],
        teams: FullRefresh[TeamsStream],
    ) -> Iterator[WorkItem]:
        """Items and subitems as work items; those that are archived or deleted are closed."""
        names = Names(
            {board.id: board for board in boards},
            {user.id: user for user in users},
            {team.id: team for team in teams},
        )
        for item in items:
            work_item = self._work_item(item, names)
            gone = listed.gone_since(item.id)
            yield work_item.closed("item no longer listed", gone) if gone else work_item

    @parser
    def identities(self, users: FullRefresh[UsersStream], teams: FullRefresh[TeamsStream]) -> Iterator[Identity]:
        """Users, with the teams that they are in."""
        groups: dict[str, list[str]] = {}
        for team in teams:
            for member in team.users:
                groups.setdefault(member.id, []).append(team.id)
        for user in users:
            yield Identity(
                id=self.object_id(user.id),
                uid=user.id,
                name=user.email,
                full_name=user.name,
                email_addr=user.email,
                src_url=user.url,
                raw_record=RawRecord(stream="users", key=user.id),
                type_id=_user_type(user.kind),
                vendor_type=user.kind,
                vendor_status=user.status,
                is_active=user.status == "ACTIVE" and not user.is_deleted if user.status else None,
                groups=groups.get(user.id, []),
                created_time=user.created_at,
            )

    def _work_item(self, item: Item, names: Names) -> WorkItem:
        board = names.boards.get(item.board.id) if item.board else None
        columns = ItemColumns(item, board)
        status = columns.status()
        status_id, detail = _status(item, board, status)
        assignee, assignee_id = self._assignee(columns, names)
        creator = names.users.get(item.creator.id) if item.creator else None
        return WorkItem(
            id=self.object_id(item.id),
            uid=item.id,
            title=item.name or f"Item {item.id}",
            type="subitem" if item.parent_item else "item",
            src_url=item.url,
            raw_record=RawRecord(stream="items", key=item.id),
            status_id=status_id,
            vendor_status=status.label if status else None,
            status_detail=detail,
            vendor_priority=columns.priority(),
            project_uid=item.board.id if item.board else None,
            project_name=board.name if board else None,
            parent_id=self.object_id(item.parent_item.id) if item.parent_item else None,
            assignee=assignee,
            assignee_id=assignee_id,
            creator=creator.name if creator else None,
            creator_id=self.object_id(item.creator.id) if item.creator else None,
            labels=columns.tags(),
            created_time=item.created_at,
            modified_time=item.updated_at,
            due_time=columns.due_time(),
            closed_time=status.since if status and status.is_done else None,
        )

    def _assignee(self, columns: ItemColumns, names: Names) -> tuple[str | None, str | None]:
        """The name of who has an item, and its id as an identity, which a team is not."""
        assigned = columns.assignee()
        if assigned is None:
            return None, None
        if assigned.kind == "team":
            team = names.teams.get(assigned.id)
            return (team.name if team else None), None
        user = names.users.get(assigned.id)
        return (user.name if user else None), self.object_id(assigned.id)


def _status(item: Item, board: Board | None, status: ItemStatus | None) -> tuple[TicketStatus, str | None]:
    """OCSF's status of an item, and why if it is not its label that says so."""
    for what, state in (("item", item.state), ("board", board.state if board else None)):
        if state in ("archived", "deleted"):
            return TicketStatus.CLOSED, f"{what} {state}"
    return (status.status_id if status else TicketStatus.UNKNOWN), None


def _user_type(kind: str | None) -> UserType:
    """OCSF's type for a kind of user. Besides people there are agents and users of services, of many kinds."""
    word = (kind or "").lower()
    if word in ("member", "guest", "view_only", "portal"):
        return UserType.USER
    if word == "admin":
        return UserType.ADMIN
    return UserType.SERVICE if word else UserType.UNKNOWN
