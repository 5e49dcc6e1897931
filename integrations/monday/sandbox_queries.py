"""What Monday's API answers to a query, for the sandbox: each root field with its filters, pages and refusals."""

from __future__ import annotations

import hashlib
import json
import operator
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from graphql import GraphQLError, build_schema

from dazz_assets.sandbox import Listing, Record, numbered_page

SCHEMA = build_schema((Path(__file__).parent / "sandbox_schema.graphql").read_text(encoding="utf-8"))
CURSOR_SECONDS = 3_600
# The most that a list gives at once, and that the list of updates gives in all.
_MOST = {"items_page": 500, "next_items_page": 500, "users": 1_000, "updates": 100}
_MOST_UPDATES = 10_000
_OPERATORS: Mapping[str, Callable[[date, date], bool]] = {
    "greater_than": operator.gt,
    "greater_than_or_equals": operator.ge,
    "lower_than": operator.lt,
    "lower_than_or_equal": operator.le,
}


@dataclass
class Place:
    """Where a cursor goes on: the list, the cursor of its last item there, and when the list was begun."""

    board: str
    query: str
    after: str
    began_at: float


@dataclass
class Account:
    """The records of an account, by id. zone: that of who asks. scopes: what the token may read."""

    zone: str
    scopes: frozenset[str]
    workspaces: dict[str, Record] = field(default_factory=dict[str, Record])
    boards: dict[str, Record] = field(default_factory=dict[str, Record])
    users: dict[str, Record] = field(default_factory=dict[str, Record])
    teams: dict[str, Record] = field(default_factory=dict[str, Record])
    items: dict[str, Record] = field(default_factory=dict[str, Record])
    updates: dict[str, Record] = field(default_factory=dict[str, Record])
    cursors: dict[str, Place] = field(default_factory=dict[str, Place])


def refusal(message: str, code: str, status: int = 200, **more: object) -> GraphQLError:
    """An error as the API reports it, beside what could be read."""
    return GraphQLError(message, extensions={"code": code, "status_code": status, **more})


class Root:
    """Resolves the fields of a query. complexity: what the field of that name says."""

    def __init__(self, account: Account, complexity: Mapping[str, int]) -> None:
        self._account = account
        self._complexity = complexity

    def fields(self) -> dict[str, Callable[..., Any]]:
        """The root fields, each with what answers it."""
        account = self._account
        answers: dict[str, tuple[str, Callable[..., Any]]] = {
            "complexity": ("", lambda: self._complexity),
            "workspaces": ("workspaces:read", partial(_numbered, list(account.workspaces.values()))),
            "boards": ("boards:read", self._boards),
            "users": ("users:read", self._users),
            "teams": ("teams:read", lambda: list(account.teams.values())),
            "next_items_page": ("boards:read", self._next_items_page),
            "updates": ("updates:read", self._updates),
        }
        return {name: partial(self._answer, name, scope, answer) for name, (scope, answer) in answers.items()}

    def _answer(self, name: str, scope: str, answer: Callable[..., Any], _: Any, **args: Any) -> Any:
        if scope and scope not in self._account.scopes:
            raise refusal("Unauthorized field or type", "missingRequiredPermissions", 403, required_scopes=[scope])
        _check_limit(name, args)
        return answer(**args)

    def _boards(
        self,
        *,
        limit: int,
        page: int,
        state: str,
        ids: Sequence[str] | None = None,
        order_by: str | None = None,
        hierarchy_types: Sequence[str] | None = None,
    ) -> list[Record]:
        levels = hierarchy_types or ["classic"]
        boards = [
            board
            for board in self._account.boards.values()
            if state in ("all", board["state"])
            and board["hierarchy_type"] in levels
            and (not ids or board["id"] in ids)
        ]
        boards.sort(key=lambda board: (board["created_at"], board["id"]), reverse=order_by == "created_at")
        return [self._board(board) for board in numbered_page(boards, page, limit)[0]]

    def _board(self, board: Record) -> Record:
        def columns(_: Any, *, ids: Sequence[str] | None = None, types: Sequence[str] | None = None) -> list[Record]:
            return [
                of for of in board["columns"] if (not ids or of["id"] in ids) and (not types or of["type"] in types)
            ]

        return {**board, "columns": columns, "items_page": partial(self._items_page, board["id"])}

    def _users(
        self, *, limit: int, page: int, ids: Sequence[str] | None = None, status: Sequence[str] | None = None
    ) -> list[Record]:
        wanted = status or ["ACTIVE", "PENDING"]
        users = [user for user in self._account.users.values() if user["status"] in wanted]
        return list(numbered_page([user for user in users if not ids or user["id"] in ids], page, limit)[0])

    def _updates(
        self,
        *,
        limit: int,
        page: int,
        ids: Sequence[str] | None = None,
        from_date: str | None = None,
        to_date: str | None = None,
    ) -> list[Record]:
        """Newest first, filtered by when they were created; both ends count."""
        if (from_date is None) != (to_date is None):
            raise refusal("from_date and to_date must be used together", "InvalidArgumentException")
        if page * limit > _MOST_UPDATES:
            raise refusal("Pagination limit exceeded", "InvalidArgumentException")
        updates = [update for update in self._account.updates.values() if not ids or update["id"] in ids]
        if from_date and to_date:
            since, until = _begin(from_date), _end(to_date)
            updates = [update for update in updates if since <= _begin(update["created_at"]) <= until]
        updates.sort(key=lambda update: (update["created_at"], int(update["id"])), reverse=True)
        return list(numbered_page(updates, page, limit)[0])

    def _items_page(
        self,
        board: str,
        _: Any,
        *,
        limit: int,
        cursor: str | None = None,
        query_params: Record | None = None,
        hierarchy_scope_config: str | None = None,
    ) -> Record:
        _check_limit("items_page", {"limit": limit})
        if cursor is not None:
            if query_params is not None:
                raise refusal("cursor and query_params can't be used together", "InvalidArgumentException")
            return self._next_items_page(cursor=cursor, limit=limit)
        query = {"params": query_params or {}, "all": hierarchy_scope_config == "allItems"}
        return self._page_of_items(Place(board, json.dumps(query), "", time.time()), limit)

    def _next_items_page(self, *, cursor: str, limit: int) -> Record:
        place = self._account.cursors.get(cursor)
        if place is None or time.time() - place.began_at > CURSOR_SECONDS:
            raise refusal(
                "CursorError: The cursor provided for pagination has expired. Please refresh your query and obtain a "
                "new cursor to continue fetching items",
                "CursorException",
            )
        return self._page_of_items(place, limit)

    def _page_of_items(self, place: Place, limit: int) -> Record:
        page = self._items_of(place).page(limit, after=place.after)
        cursor = None
        if page.after:
            cursor = hashlib.sha256(f"{place.board}{place.query}{page.after}".encode()).hexdigest()[:32]
            self._account.cursors[cursor] = Place(place.board, place.query, page.after, place.began_at)
        return {"cursor": cursor, "items": [_item(item) for item in page.records]}

    def _items_of(self, place: Place) -> Listing:
        """The active items of a board in the order that was asked for; without one, in none that tells anything."""
        query: dict[str, Any] = json.loads(place.query)
        rules: list[Record] = query["params"].get("rules") or []
        orders: list[Record] = query["params"].get("order_by") or []
        items = [
            item
            for item in self._account.items.values()
            if item["board"]["id"] == place.board and item["state"] == "active"
        ]
        if self._account.boards[place.board]["hierarchy_type"] == "multi_level":
            # The vendor's fault: all levels, without a rule, are none.
            levels_all = query["all"]
            items = [item for item in items if (rules if levels_all else item["parent_item"] is None)]
        items = [item for item in items if all(self._fits(item, rule) for rule in rules)]
        if not orders:
            return Listing(items, key=lambda item: (zlib.crc32(item["id"].encode()), item["id"]))
        if [order["column_id"] for order in orders] != ["__last_updated__"]:
            raise refusal("The sandbox sorts by __last_updated__ alone", "InvalidColumnIdException")
        descending = str(orders[0]["direction"]) == "desc"
        return Listing(items, key=lambda item: (item["updated_at"], int(item["id"])), descending=descending)

    def _fits(self, item: Record, rule: Record) -> bool:
        """Whether an item fits a rule. Days are those of the zone of who asks."""
        compare, value = _OPERATORS.get(rule["operator"]), rule["compare_value"]
        if rule["column_id"] != "__last_updated__" or rule.get("compare_attribute") != "UPDATED_AT" or compare is None:
            raise refusal("The sandbox compares __last_updated__ alone", "InvalidColumnIdException")
        try:
            kind, day = value[0], date.fromisoformat(value[1])
        except (IndexError, KeyError, TypeError, ValueError):
            kind, day = "", date.min
        if kind != "EXACT":
            raise refusal(f"Invalid compare value: {json.dumps(value)}", "InvalidArgumentException")
        updated_at = datetime.fromisoformat(item["updated_at"]).astimezone(ZoneInfo(self._account.zone))
        return compare(updated_at.date(), day)


def _item(item: Record) -> Record:
    def column_values(
        _: Any,
        *,
        ids: Sequence[str] | None = None,
        types: Sequence[str] | None = None,
        capabilities: Sequence[str] | None = None,
    ) -> list[Record]:
        return [
            value
            for value in item["column_values"]
            if (not ids or value["id"] in ids)
            and (not types or value["type"] in types)
            and (value["__typename"] != "BatteryValue" or "CALCULATED" in (capabilities or ()))
        ]

    return {**item, "column_values": column_values}


def _numbered(
    records: Sequence[Record], *, limit: int, page: int, state: str, ids: Sequence[str] | None = None
) -> list[Record]:
    chosen = [of for of in records if state in ("all", of["state"]) and (not ids or of["id"] in ids)]
    return list(numbered_page(chosen, page, limit)[0])


def _check_limit(name: str, args: Mapping[str, Any]) -> None:
    limit = args.get("limit")
    if limit is not None and not 0 < limit <= _MOST.get(name, 500):
        raise refusal(f"limit must be between 1 and {_MOST.get(name, 500)}", "InvalidArgumentException")


def _begin(text: str) -> datetime:
    """The time that a text names, in UTC; of a date its begin."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise refusal(f"Invalid date: {text}", "InvalidArgumentException") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _end(text: str) -> datetime:
    """The last moment of the date or minute that a text names."""
    unit = timedelta(days=1) if "T" not in text else timedelta(minutes=1)
    return _begin(text) + unit - timedelta(microseconds=1)
