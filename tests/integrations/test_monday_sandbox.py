"""Monday's sandbox behaves as Monday does: pages, cursors, filters by the day, refusals and limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from dazz_assets.sandbox import Sandbox
from dazz_assets.sandbox.quotas import RateLimit
from integrations.monday.sandbox import SCOPES, MondaySandbox
from integrations.monday.sandbox_complexity import PointBudget
from tests.http.loopback import Clock

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ITEMS = """
query ($board: ID!, $params: ItemsQuery, $limit: Int!) {
  boards(ids: [$board], state: all, hierarchy_types: [classic, multi_level]) {
    items_page(limit: $limit, query_params: $params) { cursor items { id updated_at } }
  }
}
"""
NEXT = """
query ($cursor: String!, $limit: Int!) {
  next_items_page(cursor: $cursor, limit: $limit) { cursor items { id updated_at } }
}
"""


class Api:
    """A client of the API."""

    def __init__(self, url: str, token: str) -> None:
        self.url = f"{url}/v2"
        self.headers = {"Authorization": token, "API-Version": "2026-07"}

    def post(self, query: str, **variables: Any) -> requests.Response:
        body = {"query": query, "variables": variables}
        return requests.post(self.url, json=body, headers=self.headers, timeout=5)

    def data(self, query: str, **variables: Any) -> Any:
        answer = self.post(query, **variables).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def error(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = self.post(query, **variables)
        assert answer.status_code == 200
        error: dict[str, Any] = answer.json()["errors"][0]
        return error

    def items(self, board: str, limit: int = 20, **params: Any) -> list[dict[str, str]]:
        """All items of a board, page by page."""
        found = self.data(ITEMS, board=board, params=params or None, limit=limit)["boards"][0]["items_page"]
        items = list(found["items"])
        while cursor := found["cursor"]:
            found = self.data(NEXT, cursor=cursor, limit=limit)["next_items_page"]
            items += found["items"]
        return items


@pytest.fixture(scope="module")
def vendor() -> MondaySandbox:
    return MondaySandbox(seed=2, now=NOW, boards=5, items=150, updates=60, users=12)


@pytest.fixture
def api(vendor: MondaySandbox) -> Iterator[Api]:
    vendor.reset()
    with Sandbox([vendor]) as sandbox:
        yield Api(sandbox.url("monday"), vendor.token)


def board(vendor: MondaySandbox, **wanted: str) -> str:
    """The id of the first board with these values."""
    found = vendor.account.boards.values()
    return next(str(of["id"]) for of in found if all(of[name] == value for name, value in wanted.items()))


def active(vendor: MondaySandbox, board_id: str) -> set[str]:
    items = vendor.account.items.values()
    return {item["id"] for item in items if item["board"]["id"] == board_id and item["state"] == "active"}


NEWEST_FIRST = [{"column_id": "__last_updated__", "direction": "desc"}]


def since(day: str) -> list[dict[str, Any]]:
    return [
        {
            "column_id": "__last_updated__",
            "compare_attribute": "UPDATED_AT",
            "operator": "greater_than_or_equals",
            "compare_value": ["EXACT", day],
        }
    ]


@pytest.mark.parametrize("order", [[], NEWEST_FIRST, [{"column_id": "__last_updated__"}]])
def test_pages_of_items_hold_each_active_item_once(api: Api, vendor: MondaySandbox, order: list[Any]) -> None:
    first = board(vendor)
    items = api.items(first, order_by=order)
    assert len(items) > 60
    assert sorted(item["id"] for item in items) == sorted(active(vendor, first))


def test_items_are_sorted_by_their_last_change_only_if_that_is_asked_for(api: Api, vendor: MondaySandbox) -> None:
    times = [item["updated_at"] for item in api.items(board(vendor), order_by=NEWEST_FIRST)]
    assert times == sorted(times, reverse=True)
    unsorted = [item["updated_at"] for item in api.items(board(vendor))]
    assert unsorted not in (times, times[::-1])


def test_a_rule_counts_days_in_the_zone_of_who_asks(api: Api, vendor: MondaySandbox) -> None:
    """In Los Angeles the day is that of seven or eight hours before."""
    first = board(vendor)
    item = next(iter(active(vendor, first)))
    vendor.account.items[item]["updated_at"] = "2026-05-10T05:00:00Z"
    assert item in {found["id"] for found in api.items(first, rules=since("2026-05-09"))}
    assert item not in {found["id"] for found in api.items(first, rules=since("2026-05-10"))}


@pytest.mark.parametrize("value", [["TODAY"], ["EXACT"], ["EXACT", "2026-13-01"], "2026-05-01", 7])
def test_a_rule_with_another_value_is_refused(api: Api, vendor: MondaySandbox, value: Any) -> None:
    rule = {**since("2026-01-01")[0], "compare_value": value}
    error = api.error(ITEMS, board=board(vendor), params={"rules": [rule]}, limit=5)
    assert error["extensions"]["code"] == "InvalidArgumentException"


def test_a_cursor_and_a_filter_exclude_each_other(api: Api, vendor: MondaySandbox) -> None:
    query = 'query { boards { items_page(cursor: "a", query_params: {}) { cursor } } }'
    assert api.error(query)["extensions"]["code"] == "InvalidArgumentException"


@pytest.mark.parametrize("cursor", ["nonsense", None])
def test_a_cursor_that_expired_is_refused_in_the_older_form_of_errors(
    api: Api, vendor: MondaySandbox, cursor: str | None
) -> None:
    given = api.data(ITEMS, board=board(vendor), limit=5)["boards"][0]["items_page"]["cursor"]
    vendor.expire_cursors()
    answer = api.post(NEXT, cursor=cursor or given, limit=5)
    assert (answer.status_code, answer.json()["error_code"]) == (200, "CursorException")


def test_archived_and_deleted_items_are_on_no_page(api: Api, vendor: MondaySandbox) -> None:
    change = vendor.change(4)
    gone = set(change.removed["items"])
    assert {vendor.account.items[item]["state"] for item in gone} == {"archived", "deleted"}
    listed = {item["id"] for of in vendor.account.boards for item in api.items(of)}
    assert gone.isdisjoint(listed)


def test_all_levels_of_items_need_a_rule(api: Api, vendor: MondaySandbox) -> None:
    levels = board(vendor, hierarchy_type="multi_level")
    query = ITEMS.replace("query_params: $params", 'query_params: $params, hierarchy_scope_config: "allItems"')
    subitems = {item["id"] for item in vendor.account.items.values() if item["parent_item"]}

    def listed(text: str, params: Any) -> set[str]:
        page = api.data(text, board=levels, params=params, limit=500)["boards"][0]["items_page"]
        return {item["id"] for item in page["items"]}

    assert listed(query, None) == set()
    assert listed(query, {"rules": since("2020-01-01")}) == active(vendor, levels)
    assert listed(ITEMS, None) == active(vendor, levels) - subitems
    assert active(vendor, levels) & subitems


def test_boards_that_are_not_active_or_have_several_levels_are_listed_only_on_request(
    api: Api, vendor: MondaySandbox
) -> None:
    plain = {of["id"] for of in api.data("{ boards(limit: 50) { id } }")["boards"]}
    every = "{ boards(limit: 50, state: all, hierarchy_types: [classic, multi_level]) { id } }"
    assert {of["id"] for of in api.data(every)["boards"]} == set(vendor.account.boards)
    hidden = [vendor.account.boards[of] for of in set(vendor.account.boards) - plain]
    assert sorted((of["state"], of["hierarchy_type"]) for of in hidden) == [
        ("active", "multi_level"),
        ("archived", "classic"),
        ("deleted", "classic"),
    ]


def test_deactivated_users_are_listed_only_on_request(api: Api, vendor: MondaySandbox) -> None:
    some = next(iter(vendor.account.users))
    vendor.account.users[some]["status"] = "INACTIVE"
    assert some not in {user["id"] for user in api.data("{ users { id } }")["users"]}
    asked = api.data("{ users(status: [ACTIVE, INACTIVE, PENDING]) { id } }")["users"]
    assert [user["id"] for user in asked] == list(vendor.account.users)


def test_updates_come_newest_first_and_from_a_range_of_creation(api: Api, vendor: MondaySandbox) -> None:
    query = (
        "query ($from: String, $to: String) { updates(limit: 100, from_date: $from, to_date: $to) { id created_at } }"
    )
    updates = api.data(query)["updates"]
    times = [update["created_at"] for update in updates]
    assert (len(updates), times) == (60, sorted(times, reverse=True))
    first, last = times[30][:10], times[10][:10]
    some = api.data(query, **{"from": first, "to": last})["updates"]
    assert [update["id"] for update in some] == [of["id"] for of in updates if first <= of["created_at"][:10] <= last]
    some = api.data(query, **{"from": times[30][:16], "to": times[10][:16]})["updates"]
    assert [update["id"] for update in some] == [update["id"] for update in updates[10:31]]
    assert api.error(query, **{"from": times[30]})["extensions"]["code"] == "InvalidArgumentException"


@pytest.mark.parametrize(
    "query",
    [
        "{ updates(limit: 101) { id } }",
        "{ users(limit: 1001) { id } }",
        "{ updates(limit: 100, page: 101) { id } }",
        "{ boards { items_page(limit: 501) { cursor } } }",
    ],
)
def test_a_limit_above_the_most_is_refused(api: Api, query: str) -> None:
    assert api.error(query)["extensions"]["code"] == "InvalidArgumentException"


@pytest.mark.parametrize("query", ["{ boards { phone } }", "{ boards {", "query ($a: Int) { boards(ids: $a) { id } }"])
def test_a_query_that_does_not_fit_the_schema_is_refused(api: Api, query: str) -> None:
    assert api.error(query)["message"]


def test_values_that_add_up_subitems_come_only_to_who_says_that_they_are_understood(
    api: Api, vendor: MondaySandbox
) -> None:
    levels = board(vendor, hierarchy_type="multi_level")

    def kinds(arguments: str) -> set[str]:
        values = f"column_values({arguments}) {{ __typename }}"
        text = ITEMS.replace("id updated_at", values)
        page = api.data(text, board=levels, params=None, limit=9)["boards"][0]["items_page"]
        return {value["__typename"] for item in page["items"] for value in item["column_values"]}

    assert kinds("types: [status]") == {"StatusValue"}
    assert kinds("types: [status], capabilities: [CALCULATED]") == {"StatusValue", "BatteryValue"}


def test_a_wrong_token_is_refused(api: Api) -> None:
    api.headers["Authorization"] = "wrong"
    assert api.post("{ boards { id } }").status_code == 401


def test_an_unknown_version_is_refused(api: Api) -> None:
    api.headers["API-Version"] = "2019-01"
    assert api.error("{ boards { id } }")["extensions"]["code"] == "InvalidVersionException"


def test_a_missing_scope_is_named_in_a_200_beside_what_may_be_read() -> None:
    vendor = MondaySandbox(now=NOW, boards=5, items=10, updates=5, users=6, scopes=SCOPES - {"teams:read"})
    with Sandbox([vendor]) as sandbox:
        answer = Api(sandbox.url("monday"), vendor.token).post("{ workspaces { id } teams { id } }").json()
    assert (len(answer["data"]["workspaces"]), answer["data"]["teams"]) == (2, None)
    assert answer["errors"][0]["extensions"]["code"] == "missingRequiredPermissions"
    assert answer["errors"][0]["path"] == ["teams"]


def test_over_the_queries_of_a_minute_it_refuses_until_the_minute_is_over() -> None:
    clock = Clock(NOW.timestamp())
    vendor = MondaySandbox(now=NOW, boards=5, items=10, updates=5, users=6, queries=2, clock=clock)
    with Sandbox([vendor]) as sandbox:
        api = Api(sandbox.url("monday"), vendor.token)
        answers = [api.post("{ teams { id } }") for _ in range(3)]
        clock.sleep(float(answers[2].headers["Retry-After"]))
        later = api.post("{ teams { id } }")
    assert [answer.status_code for answer in (*answers, later)] == [200, 200, 429, 200]
    assert '"minuteRate";r=0;t=' in answers[2].headers["RateLimit"]
    assert answers[0].headers["RateLimit"].startswith('"minuteRate";r=1, "concurrency";r=39, "complexityMinute";r=')
    assert answers[0].headers["RateLimit-Policy"].startswith('"minuteRate";q=2;w=60, "concurrency";q=40')


def test_over_the_calls_of_a_day_it_refuses_in_a_200() -> None:
    vendor = MondaySandbox(now=NOW, boards=5, items=10, updates=5, users=6, calls=1)
    with Sandbox([vendor]) as sandbox:
        api = Api(sandbox.url("monday"), vendor.token)
        api.data("{ teams { id } }")
        assert api.error("{ teams { id } }")["extensions"] == {"code": "DAILY_LIMIT_EXCEEDED", "status_code": 429}


def test_a_query_says_what_it_cost_and_what_is_left_until_when() -> None:
    clock = Clock(NOW.timestamp())
    vendor = MondaySandbox(now=NOW, boards=5, items=10, updates=5, users=6, points=1_000, clock=clock)
    query = "{ complexity { before after query reset_in_x_seconds } users(limit: 200) { id name } }"
    with Sandbox([vendor]) as sandbox:
        api = Api(sandbox.url("monday"), vendor.token)
        first, second = (api.data(query)["complexity"] for _ in range(2))
        refused = api.error(query)["extensions"]
        clock.sleep(refused["retry_in_seconds"])
        third = api.data(query)["complexity"]
    cost = first["query"]
    assert (first["before"], first["after"], second["after"]) == (1_000, 1_000 - cost, 1_000 - 2 * cost)
    assert (first["reset_in_x_seconds"], cost) == (61, 2 + 4 + 2 * 200)
    assert (refused["code"], refused["complexity"], refused["complexity_budget_left"]) == (
        "COMPLEXITY_BUDGET_EXHAUSTED",
        cost,
        1_000 - 2 * cost,
    )
    assert third["before"] == 1_000


def test_limits_begin_anew_with_a_reset() -> None:
    vendor = MondaySandbox(now=NOW, boards=5, items=10, updates=5, users=6)
    assert isinstance(vendor.minute, RateLimit)
    assert isinstance(vendor.points, PointBudget)
    vendor.points.spend(1_000)
    vendor.reset()
    assert vendor.points.left() == 10_000_000


def test_a_change_of_an_item_moves_its_time_and_not_that_of_its_board(vendor: MondaySandbox) -> None:
    """What `updated_at` of a board follows, the vendor does not say; the sandbox takes the worst case."""
    vendor.reset()
    before = {of["id"]: dict(of) for of in vendor.account.boards.values()}
    change = vendor.change(7)
    for of in vendor.account.boards.values():
        assert of["updated_at"] == before[of["id"]]["updated_at"]
    counted = {
        of["id"] for of in vendor.account.boards.values() if of["items_count"] != before[of["id"]]["items_count"]
    }
    assert counted <= set(change.changed["boards"])
    assert counted
    moved = [vendor.account.items[item]["updated_at"] for item in change.changed["items"]]
    assert all(datetime.fromisoformat(at) > change.at for at in moved)


def test_equal_seeds_and_changes_give_equal_records() -> None:
    one, two, other = (MondaySandbox(seed, now=NOW, boards=5, items=60, updates=9, users=6) for seed in (5, 5, 6))
    assert one.account.items == two.account.items
    assert one.account.items != other.account.items
    assert [one.change(seed) for seed in (1, 2)] == [two.change(seed) for seed in (1, 2)]
    assert one.account == two.account


def test_changes_never_lie_in_the_future(vendor: MondaySandbox) -> None:
    vendor.reset()
    for seed in range(10):
        vendor.change(seed)
    times = [item["updated_at"] for item in vendor.account.items.values()]
    assert max(map(datetime.fromisoformat, times)) <= NOW
