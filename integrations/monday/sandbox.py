"""How Monday's platform API behaves, for the sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar

import msgspec
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSyntaxError,
    execute_sync,  # pyright: ignore[reportUnknownVariableType]  # Its type leaves open what middleware is.
    parse,
    validate,
)

from dazz_assets.sandbox import (
    HISTORY,
    QUIET,
    Change,
    Quota,
    RateLimit,
    Record,
    SandboxRequest,
    SandboxResponse,
    VendorSandbox,
    json_response,
    pick_time,
    route,
)

from . import sandbox_data as data
from .sandbox_complexity import PointBudget, count_points
from .sandbox_queries import SCHEMA, Account, Root, refusal

VERSIONS = ("2026-04", "2026-07", "2026-10")
SCOPES = frozenset({"boards:read", "teams:read", "updates:read", "users:read", "workspaces:read"})
_FIRST_USER, _FIRST_TEAM, _FIRST_WORKSPACE, _FIRST_BOARD = 50_000_001, 900_001, 3_000_001, 7_100_000_001
_FIRST_ITEM, _FIRST_UPDATE = 8_200_000_001, 4_300_000_001
_SHARE_OF_FIRST = 0.62
_DAY = 86_400.0


class MondaySandbox(VendorSandbox):
    """Boards with their items, and who works on them.

    The first board has most items and a board of its subitems; of the last three one has items of several levels, one
    is archived and one deleted. zone: of the user whose token it is; days are counted in it. clock: of the limits.
    """

    name: ClassVar[str] = "monday"
    token = "sandbox-monday-token"  # noqa: S105 - opens nothing but this sandbox

    def __init__(
        self,
        seed: int = 1,
        *,
        now: datetime | None = None,
        boards: int = 8,
        items: int = 900,
        users: int = 30,
        updates: int = 200,
        zone: str = "America/Los_Angeles",
        scopes: frozenset[str] = SCOPES,
        queries: int = 1_000,
        calls: int = 25_000,
        points: int = 10_000_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sizes = boards, items, users, updates
        self._clock = clock
        self.minute, self.day = RateLimit(queries, per=60, clock=clock), RateLimit(calls, per=_DAY, clock=clock)
        self.points = PointBudget(points, clock=clock)
        self._quota = Quota(queries, 0, 0, exceeded=False)
        self.account = Account(zone, scopes)
        super().__init__(seed, now=now)

    def settings(self, url: str) -> dict[str, str]:
        return {"token": self.token, "base_url": f"{url}/v2"}

    # Responses

    def authenticate(self, request: SandboxRequest) -> SandboxResponse | None:
        if request.headers.get("authorization", "").removeprefix("Bearer ") != self.token:
            return json_response({"errors": ["Not Authenticated"]}, status=401)
        self._quota = self.minute.spend()
        if self._quota.exceeded:
            wait = max(1, self._quota.reset - int(self._clock()))
            error = refusal("Minute limit rate exceeded", "RATE_LIMIT_EXCEEDED", 429, retry_in_seconds=wait)
            return json_response({"errors": [error.formatted]}, status=429, headers={"Retry-After": str(wait)})
        if self.day.spend().exceeded:
            return _report(refusal("Daily limit exceeded", "DAILY_LIMIT_EXCEEDED", 429))
        return None

    def decorate(self, request: SandboxRequest, response: SandboxResponse) -> SandboxResponse:
        """Say in headers what is left of each limit; for how long is told of what is used up."""
        policy = (
            f'"minuteRate";q={self.minute.requests};w=60, "concurrency";q=40;qu="concurrent-requests", '
            f'"complexityMinute";q={self.points.points};w=60;qu="content-bytes"'
        )
        wait = f";t={max(1, self._quota.reset - int(self._clock()))}" if self._quota.exceeded else ""
        rest = (
            f'"minuteRate";r={self._quota.remaining}{wait}, "concurrency";r=39, '
            f'"complexityMinute";r={self.points.left()};t={self.points.seconds_to_reset()}'
        )
        headers = {**response.headers, "RateLimit-Policy": policy, "RateLimit": rest}
        return SandboxResponse(response.status, response.body, headers, response.records)

    def not_found(self, request: SandboxRequest) -> SandboxResponse:
        return json_response({"errors": [{"message": "Not found"}]}, status=404)

    @route("POST", "/v2")
    def answer_query(self, request: SandboxRequest) -> SandboxResponse:
        """A query; https://developer.monday.com/api-reference/docs/introduction-to-graphql"""
        version = request.headers.get("api-version", VERSIONS[1])
        if version not in VERSIONS:
            return _report(refusal(f"Invalid API version: {version}", "InvalidVersionException", 400))
        try:
            asked = msgspec.json.decode(request.body)
            document = parse(asked["query"])
        except GraphQLSyntaxError as error:
            return _report(error)
        except (msgspec.DecodeError, KeyError, TypeError):
            return json_response({"errors": [{"message": "Bad request"}]}, status=400)
        if errors := validate(SCHEMA, document):
            return _report(*errors)
        variables: dict[str, Any] = asked.get("variables") or {}
        points, before = count_points(document, variables), self.points.left()
        if not self.points.spend(points):
            return _report(self._over_budget(points, before))
        left = {"before": before, "after": self.points.left(), "query": points}
        root = Root(self.account, {**left, "reset_in_x_seconds": self.points.seconds_to_reset()})
        found = execute_sync(SCHEMA, document, root.fields(), variable_values=variables)
        return _respond(found)

    def _over_budget(self, points: int, left: int) -> GraphQLError:
        return refusal(
            "Complexity budget exhausted",
            "COMPLEXITY_BUDGET_EXHAUSTED",
            429,
            complexity=points,
            complexity_budget_left=left,
            complexity_budget_limit=self.points.points,
            retry_in_seconds=self.points.seconds_to_reset(),
        )

    def expire_cursors(self) -> None:
        """Let an hour pass for all cursors that were given."""
        self.account.cursors.clear()

    # Records, and how they change

    def populate(self, random: Random) -> None:
        boards, items, users, updates = self._sizes
        for limit in (self.minute, self.day, self.points):
            limit.clear()
        self.account = account = Account(self.account.zone, self.account.scopes)
        start, end = self.now - HISTORY, self.now - QUIET
        for number in range(users):
            someone = data.user(random, _FIRST_USER + number, start)
            account.users[someone["id"]] = someone
        for number, name in enumerate(data.TEAMS):
            members = random.sample(list(account.users), min(5, users))
            account.teams[str(_FIRST_TEAM + number)] = data.team(_FIRST_TEAM + number, name, members, start)
        for number, name in enumerate(("Engineering", "Operations")):
            account.workspaces[str(_FIRST_WORKSPACE + number)] = data.workspace(_FIRST_WORKSPACE + number, name, start)
        self._add_boards(random, boards, start)
        # Automations change several items in one second, and pages may end amid them.
        times = [_after(random, start, end) for _ in range(max(1, items // 3))]
        for _ in range(items):
            self._add_item(random, self._pick_board(random), random.choice(times))
        for item in random.sample(list(account.items.values()), items // 2):
            changed = random.choice(times)
            if changed > datetime.fromisoformat(item["created_at"]):
                data.set_status(random, item, account.boards[item["board"]["id"]], changed)
        for _ in range(updates):
            self._add_update(random, _after(random, start, end))

    def evolve(self, random: Random, change: Change, until: datetime) -> None:
        account = self.account
        active = sorted(id_ for id_, item in account.items.items() if item["state"] == "active")
        gone = random.sample(active, 2)
        for id_, state in zip(gone, ("archived", "deleted"), strict=True):
            account.items[id_]["state"] = state
        touched = {account.items[id_]["board"]["id"] for id_ in gone}
        moved = random.sample([id_ for id_ in active if id_ not in gone], max(3, len(active) // 40))
        for id_ in moved:
            item = account.items[id_]
            data.set_status(random, item, account.boards[item["board"]["id"]], _after(random, change.at, until))
        homes = [self._pick_board(random) for _ in range(4)]
        new = [self._add_item(random, home, _after(random, change.at, until))["id"] for home in homes]
        touched |= {account.items[id_]["board"]["id"] for id_ in new}
        self._count_items()
        left = random.choice(sorted(account.users))
        account.users[left]["status"] = "INACTIVE" if account.users[left]["status"] != "INACTIVE" else "ACTIVE"
        added = [self._add_update(random, _after(random, change.at, until))["id"] for _ in range(3)]
        edited = self._edit_recent_update(random, change.at, until, without=added)
        change.changed.update(items=moved, boards=sorted(touched), users=[left], updates=edited)
        change.added.update(items=new, listed_items=self._listed(new), updates=added)
        change.removed.update(items=gone, listed_items=self._listed(gone))

    def _add_boards(self, random: Random, boards: int, start: datetime) -> None:
        account, owner = self.account, next(iter(self.account.users))
        for number in range(boards):
            owner, workspace = random.choice(list(account.users)), random.choice(list(account.workspaces))
            name = data.TOPICS[number % len(data.TOPICS)]
            created = start - timedelta(days=number + 1)
            board = data.board(random, _FIRST_BOARD + number, name, workspace, owner, created)
            account.boards[board["id"]] = board
        first, *_, levels, archived, deleted = account.boards.values()
        levels["hierarchy_type"], archived["state"], deleted["state"] = "multi_level", "archived", "deleted"
        below = data.board(
            random, _FIRST_BOARD + boards, f"Subitems of {first['name']}", first["workspace_id"], owner, start
        )
        account.boards[below["id"]] = {**below, "type": "sub_items_board"}

    def _pick_board(self, random: Random) -> Record:
        """Most items are on the first board; none are new on a deleted one."""
        first, *others = [board for board in self.account.boards.values() if board["state"] != "deleted"]
        return first if random.random() < _SHARE_OF_FIRST else random.choice(others)

    def _add_item(self, random: Random, home: Record, created: datetime) -> Record:
        account = self.account
        id_ = _FIRST_ITEM + len(account.items)
        parent = self._pick_parent(random, home)
        item = data.item(random, id_, home, created, list(account.users), list(account.teams), parent)
        account.items[item["id"]] = item
        home["items_count"] += 1
        return item

    def _pick_parent(self, random: Random, home: Record) -> Record | None:
        """For a subitem an item of the first board, or on the board of several levels one of the same board."""
        if home["type"] == "sub_items_board":
            place = next(iter(self.account.boards))
        elif home["hierarchy_type"] == "multi_level" and random.random() < 0.5:
            place = home["id"]
        else:
            return None
        above = [item for item in self.account.items.values() if item["board"]["id"] == place]
        return random.choice(above) if above else None

    def _listed(self, ids: list[str]) -> list[str]:
        """Those of items that are listed without a rule: not what is below others on a board of several levels."""
        items, boards = self.account.items, self.account.boards
        levels = {id_ for id_, board in boards.items() if board["hierarchy_type"] == "multi_level"}
        return [id_ for id_ in ids if items[id_]["board"]["id"] not in levels or items[id_]["parent_item"] is None]

    def _count_items(self) -> None:
        """An item's change does not move its board's `updated_at`; how many there are, the board says."""
        for board in self.account.boards.values():
            on_board = (item for item in self.account.items.values() if item["board"]["id"] == board["id"])
            board["items_count"] = sum(item["state"] == "active" for item in on_board)

    def _add_update(self, random: Random, created: datetime) -> Record:
        account = self.account
        id_ = _FIRST_UPDATE + 10 * len(account.updates)
        item, creator = random.choice(list(account.items)), random.choice(list(account.users))
        update = data.update(random, id_, item, creator, created)
        account.updates[update["id"]] = update
        return update

    def _edit_recent_update(self, random: Random, at: datetime, until: datetime, *, without: list[str]) -> list[str]:
        """Somebody edits an update of the last days."""
        recent = data.timestamp(at - timedelta(days=5))
        updates = self.account.updates
        ids = sorted(id_ for id_, found in updates.items() if found["created_at"] > recent and id_ not in without)
        for id_ in ids[:1]:
            text, time_ = f"{random.choice(data.COMMENTS)} (edited)", data.timestamp(_after(random, at, until))
            updates[id_] |= {"text_body": text, "body": f"<p>{text}</p>", "edited_at": time_, "updated_at": time_}
        return ids[:1]


def _after(random: Random, start: datetime, end: datetime) -> datetime:
    """A whole second in (start, end]."""
    return pick_time(random, start, end, timedelta(seconds=1))


def _respond(found: ExecutionResult) -> SandboxResponse:
    for error in found.errors or ():
        if (error.extensions or {}).get("code") == "CursorException":
            # The older form of errors, which this one still has.
            old: Record = {"error_code": "CursorException", "error_message": error.message, "error_data": {}}
            return json_response({**old, "status_code": 200})
    body: Record = {"data": found.data, "extensions": {"request_id": "00000000-0000-4000-8000-000000000000"}}
    if found.errors:
        body["errors"] = [error.formatted for error in found.errors]
    return json_response(body, records=_count_records(found.data or {}))


def _report(*errors: GraphQLError) -> SandboxResponse:
    return json_response({"errors": [error.formatted for error in errors]})


def _count_records(found: Mapping[str, Any]) -> int:
    """How many records are in the lists of an answer, for the statistics."""
    pages: list[Record] = [found["next_items_page"]] if found.get("next_items_page") else []
    lists: list[list[Record | None]] = [value for value in found.values() if isinstance(value, list)]
    records = [record for listed in lists for record in listed if record]
    pages += [record["items_page"] for record in records if "items_page" in record]
    return sum(len(page["items"]) for page in pages) if pages else len(records)
