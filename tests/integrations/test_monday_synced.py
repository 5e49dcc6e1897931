"""Syncs of Monday's sandbox bring all records, then exactly what changed, and work items follow."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from random import Random

import pytest

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.sandbox import SandboxRequest, SandboxResponse, json_response
from integrations.monday import sandbox_data as data
from integrations.monday.integration import MondayIntegration
from integrations.monday.sandbox import MondaySandbox
from tests.integrations.monday_connection import MondayCustomer, connected

Account = tuple[MondaySandbox, MondayCustomer]


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with connected(tmp_path) as account:
        yield account


def active(vendor: MondaySandbox) -> set[str]:
    return {id_ for id_, item in vendor.account.items.items() if item["state"] == "active"}


def below_others_on_their_board(vendor: MondaySandbox) -> set[str]:
    """Subitems on a board of several levels, which are listed only with a rule."""
    levels = {id_ for id_, board in vendor.account.boards.items() if board["hierarchy_type"] == "multi_level"}
    items = vendor.account.items.items()
    return {id_ for id_, item in items if item["board"]["id"] in levels and item["parent_item"]}


def asked(vendor: MondaySandbox) -> Counter[str]:
    """How many requests asked for what, since the last reset of the log."""
    bodies = [json.loads(served.request.body)["query"] for served in vendor.traffic.log]
    fields = ("next_items_page", "items_page", "workspaces", "users(", "teams", "updates(", "boards(")
    return Counter(next(field.strip("(") for field in fields if field in body) for body in bodies)


def test_the_first_sync_brings_all_that_there_is(account: Account) -> None:
    vendor, acme = account
    reports = acme.sync()
    assert [report.warnings for report in reports.values()] == [[]] * 8
    for stream in ("workspaces", "boards", "users", "teams", "updates"):
        assert acme.keys(stream) == set(getattr(vendor.account, stream))
    assert acme.keys("items") == active(vendor)
    assert acme.keys("listed_items") == active(vendor) - below_others_on_their_board(vendor)
    assert (len(acme.keys("items")), len(acme.keys("boards"))) == (60, 6)
    assert vendor.traffic.stats().statuses.keys() == {200}


def test_records_arrive_as_they_were_asked_for(account: Account) -> None:
    vendor, acme = account
    acme.sync("users", "boards", "newest_items", "items")
    users = {row["key"]: json.loads(row["record"]) for row in acme.rows("from raw.monday_users")}
    assert users == vendor.account.users
    [row] = acme.rows("select record from raw.monday_items order by key limit 1")
    stored, held = json.loads(row["record"]), vendor.account.items[data_id(0)]
    assert stored["name"] == held["name"]
    values = {value["id"]: value for value in held["column_values"]}
    assert [value["id"] for value in stored["column_values"]] == list(values)
    status = next(value for value in stored["column_values"] if value["id"] == "status")
    assert status == {
        name: values["status"][name] for name in ("id", "type", "index", "label", "is_done", "updated_at")
    }


def data_id(place: int) -> str:
    return str(8_200_000_001 + place)


def test_a_board_with_more_items_than_a_page_comes_in_pages(tmp_path: Path) -> None:
    with connected(tmp_path, items=840, updates=1) as (vendor, acme):
        acme.sync("boards", "newest_items", "items")
        first = next(iter(vendor.account.boards))
        assert sum(item["board"]["id"] == first for item in vendor.account.items.values()) > 500
        assert acme.keys("items") == active(vendor)
        assert asked(vendor)["next_items_page"] == 1


class Forgetful(MondaySandbox):
    """Lets all cursors expire, once, when one is used."""

    has_forgotten = False

    def authenticate(self, request: SandboxRequest) -> SandboxResponse | None:
        if b"next_items_page" in request.body and not self.has_forgotten:
            self.has_forgotten = True
            self.expire_cursors()
        return super().authenticate(request)


@pytest.mark.parametrize("stream", ["items", "listed_items"])
def test_if_a_cursor_expires_the_board_is_walked_again(tmp_path: Path, stream: str) -> None:
    with connected(tmp_path, vendor=Forgetful, items=840, updates=1) as (vendor, acme):
        acme.sync("boards", "newest_items", stream)
        listed = active(vendor) - (below_others_on_their_board(vendor) if stream == "listed_items" else set())
        assert acme.keys(stream) == listed
        assert acme.rows(f"select count(*) as rows from raw.monday_{stream}") == [{"rows": len(listed)}]
        assert asked(vendor)["next_items_page"] == 2


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Pacific/Kiritimati"])
def test_later_syncs_store_exactly_what_changed_whatever_the_zone_of_who_asks(tmp_path: Path, zone: str) -> None:
    with connected(tmp_path, zone=zone) as (vendor, acme):
        acme.sync("boards", "newest_items", "items", "updates")
        for seed in range(1, 4):
            change, stored = vendor.change(seed), acme.stored_by_sync("boards", "newest_items", "items", "updates")
            for stream in ("items", "updates"):
                expected = {*change.changed[stream], *change.added[stream]} - set(change.removed.get(stream, ()))
                assert stored[stream] == expected


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Pacific/Kiritimati"])
def test_what_changed_on_the_first_day_is_brought_whatever_the_zone_of_who_asks(tmp_path: Path, zone: str) -> None:
    with connected(tmp_path, zone=zone, items=24, updates=1) as (vendor, acme):
        begin = datetime.combine(acme.connection.start, time(), UTC)
        for hour, item in enumerate(vendor.account.items.values()):
            item["updated_at"] = data.timestamp(begin + timedelta(hours=hour))
        acme.sync("boards", "newest_items", "items")
        assert acme.keys("items") == set(vendor.account.items)


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Pacific/Kiritimati"])
@pytest.mark.parametrize("hour", [0, 10, 11, 23])
def test_no_change_is_missed_at_any_hour_of_the_day(tmp_path: Path, zone: str, hour: int) -> None:
    """Each item changes a second after the one before, with a sync in between."""
    with connected(tmp_path, zone=zone, items=4, updates=1) as (vendor, acme):
        at = datetime(2026, 5, 20, hour, 59, 58, tzinfo=UTC)
        for place, item in enumerate(vendor.account.items.values()):
            item["updated_at"] = "2026-01-01T00:00:00Z"
            vendor.account.items[data_id(place)]["board"] = {"id": next(iter(vendor.account.boards))}
        for place in range(4):
            vendor.account.items[data_id(place)] |= {"updated_at": data.timestamp(at + timedelta(seconds=place))}
            acme.sync("boards", "newest_items", "items")
        rows = acme.rows("select key, cursor from raw.monday_items order by key")
        assert [row["key"] for row in rows] == [data_id(place) for place in range(4)]
        stored = [json.loads(row["record"])["updated_at"] for row in acme.rows("from raw.monday_items order by key")]
        assert stored == [data.timestamp(at + timedelta(seconds=place)) for place in range(4)]


def test_a_sync_with_nothing_new_asks_no_board_for_its_items_and_stores_nothing(tmp_path: Path) -> None:
    """Which of 100 boards have anything new is asked in two requests."""
    with connected(tmp_path, boards=99, items=300, updates=1, points=100_000_000) as (vendor, acme):
        acme.sync()
        assert asked(vendor)["items_page"] == 100 + 100 + 2
        vendor.traffic.clear()
        assert not any(acme.stored_by_sync().values())
        again = asked(vendor)
        assert again.pop("boards") in (3, 4)  # One may be asked for ahead, of a page that is not there.
        assert again == {"items_page": 2, "workspaces": 2, "users": 2, "teams": 1, "updates": 2}


def test_only_boards_with_an_item_that_changed_are_asked_for_items(account: Account) -> None:
    vendor, acme = account
    acme.sync()
    item = vendor.account.items[data_id(0)]
    item["updated_at"] = data.timestamp(datetime(2026, 6, 1, 8, tzinfo=UTC))
    vendor.traffic.clear()
    assert acme.stored_by_sync("boards", "newest_items", "items")["items"] == {item["id"]}
    assert boards_asked_for_items(vendor) == [item["board"]["id"]]


def boards_asked_for_items(vendor: MondaySandbox) -> list[str]:
    variables = [json.loads(served.request.body)["variables"] for served in vendor.traffic.log]
    return [given["board"] for given in variables if "board" in given]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_change_in_the_second_of_the_newest_one_is_found_wherever_it_is_listed(account: Account, place: int) -> None:
    """Automations change several items in one second, and a sync may come amid them."""
    vendor, acme = account
    at = data.timestamp(datetime(2026, 6, 1, 8, tzinfo=UTC))
    home = next(iter(vendor.account.boards))
    items = sorted((it for it in vendor.account.items.values() if it["board"]["id"] == home), key=lambda it: it["id"])
    late, others = items[place], [item for number, item in enumerate(items[:3]) if number != place]
    for item in others:
        item["updated_at"] = at
    acme.sync()
    late["updated_at"] = at
    assert acme.stored_by_sync("boards", "newest_items", "items")["items"] == {late["id"]}


def test_a_board_that_is_refused_among_others_costs_no_other_board_its_items(tmp_path: Path) -> None:
    class Refusing(MondaySandbox):
        """Refuses each query that names the second board."""

        def authenticate(self, request: SandboxRequest) -> SandboxResponse | None:
            names = json.loads(request.body)["variables"].get("boards", [])
            if second(self) in names:
                error = {"message": "Board not found", "extensions": {"code": "ResourceNotFoundException"}}
                return json_response({"data": None, "errors": [error]})
            return super().authenticate(request)

    def second(vendor: MondaySandbox) -> str:
        return list(vendor.account.boards)[1]

    with connected(tmp_path, vendor=Refusing) as (vendor, acme):
        warning, *_ = acme.sync("boards", "newest_items", "items")["newest_items"].warnings
        assert warning.startswith(f"boards {second(vendor)}")
        refused = {id_ for id_, item in vendor.account.items.items() if item["board"]["id"] == second(vendor)}
        assert refused
        assert acme.keys("items") == active(vendor) - refused


def test_which_items_are_listed_is_asked_of_the_boards_with_anything_new(account: Account) -> None:
    vendor, acme = account
    acme.sync()
    change = vendor.change(1)
    vendor.traffic.clear()
    acme.sync("boards", "newest_items", "listed_items")
    moved = {vendor.account.items[id_]["board"]["id"] for id_ in change.changed["items"]}
    assert set(boards_asked_for_items(vendor)) == moved | set(change.changed["boards"])
    assert acme.keys("listed_items") == active(vendor) - below_others_on_their_board(vendor)


def test_an_item_that_went_while_another_came_is_no_longer_listed(account: Account) -> None:
    """The board then has as many items as before."""
    vendor, acme = account
    acme.sync()
    home = next(iter(vendor.account.boards))
    old, *_ = (id_ for id_, item in vendor.account.items.items() if item["board"]["id"] == home)
    at = data.timestamp(datetime(2026, 6, 1, 8, tzinfo=UTC))
    vendor.account.items[data_id(1_000)] = vendor.account.items[old] | {"id": data_id(1_000), "updated_at": at}
    vendor.account.items[old] = vendor.account.items[old] | {"state": "archived"}
    before = acme.keys("listed_items")
    acme.sync("boards", "newest_items", "listed_items")
    assert acme.keys("listed_items") == before - {old} | {data_id(1_000)}


def test_work_items_of_archived_and_deleted_items_are_closed_if_they_were_not_done(account: Account) -> None:
    vendor, acme = account
    acme.sync()
    acme.parse(every=True)
    open_before = {row["uid"] for row in acme.rows("select uid from work_items where status <> 'Resolved'")}
    gone: set[str] = set()
    for seed in range(1, 4):
        gone |= set(vendor.change(seed).removed["items"])
        acme.sync("boards", "newest_items", "listed_items", "items")
    acme.parse(every=True)
    closed = acme.rows("from work_items where status_detail = 'item no longer listed'")
    assert {row["uid"] for row in closed} <= gone
    assert {row["uid"] for row in closed} >= gone & open_before - on_closed_boards(vendor)
    assert closed
    assert all(row["status"] == "Closed" and row["closed_time"] is not None for row in closed)
    done = acme.rows(f"select status from work_items where uid in {tuple(gone - open_before)}")
    assert {row["status"] for row in done} <= {"Resolved", "Closed"}


def on_closed_boards(vendor: MondaySandbox) -> set[str]:
    closed = {id_ for id_, board in vendor.account.boards.items() if board["state"] != "active"}
    return {id_ for id_, item in vendor.account.items.items() if item["board"]["id"] in closed}


def test_work_items_of_an_archived_board_are_closed_and_say_so(account: Account) -> None:
    vendor, acme = account
    acme.sync()
    acme.parse(every=True)
    found = acme.rows("select uid, status, status_detail from work_items where status_detail = 'board archived'")
    assert {row["uid"] for row in found} == on_closed_boards(vendor)
    assert {row["status"] for row in found} == {"Closed"}


def test_each_item_is_a_work_item_with_its_board_and_people(account: Account) -> None:
    vendor, acme = account
    acme.sync()
    acme.parse(every=True)
    acme.parse(None, name="identities")
    rows = {row["uid"]: row for row in acme.rows("from work_items")}
    assert rows.keys() == active(vendor)
    ours = MondayIntegration(connection="acme")
    for uid, item in vendor.account.items.items():
        row, board = rows[uid], vendor.account.boards[item["board"]["id"]]
        assert (row["title"], row["src_url"], row["project_uid"]) == (item["name"], item["url"], board["id"])
        assert (row["id"], row["project_name"]) == (ours.object_id(uid), board["name"])
        assert row["parent_id"] == (ours.object_id(item["parent_item"]["id"]) if item["parent_item"] else None)
    identities = {row["id"] for row in acme.rows("from identities")}
    assert identities == {ours.object_id(user) for user in vendor.account.users}
    assert {row["creator_id"] for row in rows.values()} - {None} <= identities
    assert {row["assignee_id"] for row in rows.values()} - {None} <= identities
    ids = {row["id"] for row in rows.values()}
    assert {row["parent_id"] for row in rows.values()} - {None} <= ids
    assert acme.rows("from quarantine") == []


def test_edits_and_replies_of_the_last_week_are_found_and_older_ones_by_a_refetch(account: Account) -> None:
    vendor, acme = account
    updates = sorted(vendor.account.updates.values(), key=lambda update: update["created_at"])
    oldest, recent, newest = updates[0], updates[-2], updates[-1]
    recent["created_at"] = data.timestamp(datetime.fromisoformat(newest["created_at"]) - timedelta(days=6))
    acme.sync("updates")
    for update in (recent, oldest):
        update["text_body"] = "edited"
        data.reply(Random(1), update, 7, "1", datetime(2026, 5, 31, tzinfo=UTC))

    def edited() -> set[str]:
        rows = acme.rows("from raw.monday_updates")
        return {row["key"] for row in rows if json.loads(row["record"])["text_body"] == "edited"}

    acme.sync("updates")
    assert edited() == {recent["id"]}
    acme.sync("updates", sync_range=SyncRange(refetch=True))
    assert edited() == {recent["id"], oldest["id"]}
    assert acme.keys("updates") == set(vendor.account.updates)


def test_a_list_of_updates_that_is_too_long_is_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.monday.sandbox_queries._MOST_UPDATES", 200)
    with connected(tmp_path, updates=450) as (vendor, acme):
        acme.sync("updates")
        assert acme.keys("updates") == set(vendor.account.updates)
