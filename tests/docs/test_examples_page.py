"""The two integrations that docs/examples.md shows are short, and read the APIs that they are about: the sandboxes'."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from dazz_assets.connections import Connection
from dazz_assets.declare.config import config_texts, secrets_by_field
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.http.auth.auth_choice import choose_auth
from dazz_assets.lake import Lake, query
from dazz_assets.reports import ParseReport, StreamReport
from dazz_assets.sandbox import HISTORY, Sandbox, SandboxRequest, SandboxResponse, VendorSandbox, json_response, route
from dazz_assets.secret_store import FileSecretStore
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from dazz_assets.transform.parse_windows import parse
from integrations.jira.sandbox import JiraSandbox
from integrations.jira.sandbox_jql import milliseconds
from integrations.monday.sandbox import MondaySandbox
from integrations.monday.sandbox_complexity import PointBudget
from integrations.monday.sandbox_data import timestamp
from tests.docs.markdown import blocks
from tests.http.loopback import Clock

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
FILES = {block.words[0]: block.text for block in blocks(PAGE) if block.words}
EXAMPLES = ("docket.py", "mosaic.py")
NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Author:
    """An author's folder with the page's files, and a connection to a vendor's sandbox."""

    def __init__(self, folder: Path, name: str, config: dict[str, str]) -> None:
        for path, text in FILES.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        self.spec = find_integration(str(folder / f"{name}.py"))
        self.connection = Connection(id="acme", integration=name, start=(NOW - HISTORY).date(), config=config)
        self.lake = Lake(folder / "lake")
        self.clock = Clock(NOW.timestamp())
        self._secrets = folder / "secrets"

    @property
    def session(self) -> Session:
        return Session(
            self.spec,
            self.connection,
            self.lake,
            now=lambda: datetime.fromtimestamp(self.clock.now, UTC),
            sleep=self.clock.sleep,
            open_secret_store=lambda: FileSecretStore(folder=self._secrets),
        )

    def sync(self) -> dict[str, StreamReport]:
        """Each stream, from its mark."""
        self.clock.sleep(60)
        session = self.session
        return {
            name: sync_stream(session, stream, SyncRange(from_mark=True)) for name, stream in self.spec.streams.items()
        }

    def parse(self) -> ParseReport:
        return parse(self.session, self.spec.parsers["work_items"], windows=None)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return query(self.lake, sql).to_pylist()

    def keys(self, stream: str) -> set[str]:
        return {row["key"] for row in self.rows(f"select key from raw.{self.spec.name}_{stream}")}


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_has_less_than_80_lines_as_the_projects_formatter_writes_them(name: str) -> None:
    assert len(FILES[name].splitlines()) < 80
    command = [sys.executable, "-m", "ruff", "format", "--config", str(ROOT / "pyproject.toml"), "--stdin-filename"]
    written = subprocess.run([*command, name, "-"], input=FILES[name], capture_output=True, text=True, check=True)
    assert written.stdout == FILES[name]


def test_the_connections_that_the_page_shows_sign_in_as_it_says(tmp_path: Path) -> None:
    chosen = []
    for text in (block.text for block in blocks(PAGE) if block.language == "yaml"):
        for shown in yaml.safe_load(text)["connections"]:
            author = Author(tmp_path, shown["integration"], shown["config"])
            config = author.spec.config.model_validate(shown["config"])
            auth = choose_auth(author.spec.integration.auth, config_texts(config), secrets_by_field(config))
            chosen.append((shown["id"], type(auth).__name__))
    assert chosen == [("acme", "Basic"), ("globex", "RefreshToken"), ("acme", "BearerToken")]


# Docket, against Jira's sandbox


@pytest.fixture
def site() -> Iterator[tuple[JiraSandbox, str]]:
    vendor = JiraSandbox(seed=2, now=NOW, projects=5, users=20, issues=90)
    with Sandbox([vendor]) as sandbox:
        yield vendor, sandbox.url("jira")


Site = tuple[JiraSandbox, str]


def paths(vendor: VendorSandbox) -> list[str]:
    return [served.request.path for served in vendor.traffic.log]


def comments(vendor: JiraSandbox) -> set[str]:
    return {comment["id"] for said in vendor.comments.values() for comment in said}


def test_docket_brings_all_issues_with_their_comments_and_each_becomes_a_work_item(site: Site, tmp_path: Path) -> None:
    vendor, url = site
    author = Author(tmp_path, "docket", vendor.settings(url))
    reports = author.sync()

    assert (author.keys("issues"), author.keys("comments")) == (set(vendor.issues), comments(vendor))
    assert not any(report.warnings for report in reports.values())
    assert "nextPageToken" in str([served.request.query for served in vendor.traffic.log])
    assert author.parse().objects == 90
    assert author.rows("from quarantine") == []
    found = {row["uid"]: row for row in author.rows("from work_items")}
    for number, issue in vendor.issues.items():
        fields = issue["fields"]
        who = fields["assignee"]["displayName"] if fields["assignee"] else None
        assert (found[number]["key"], found[number]["title"]) == (issue["key"], fields["summary"])
        assert (found[number]["vendor_status"], found[number]["assignee"]) == (fields["status"]["name"], who)
    assert {row["status"] for row in found.values()} == {"New", "In Progress", "Resolved"}


def test_docket_then_asks_only_for_what_changed(site: Site, tmp_path: Path) -> None:
    vendor, url = site
    author = Author(tmp_path, "docket", vendor.settings(url))
    author.sync()
    vendor.traffic.clear()
    author.sync()
    assert paths(vendor) == ["/rest/api/3/myself", "/rest/api/3/search/jql"]
    newest = max(milliseconds(issue["fields"]["updated"]) for issue in vendor.issues.values())
    look_back = newest - 10 * 60 * 1_000 - 1
    assert vendor.traffic.log[-1].request.params()["jql"].startswith(f"updated >= {look_back} AND updated < ")

    change = vendor.change(3)
    vendor.traffic.clear()
    reports = author.sync()
    issues = change.changed["issues"] + change.added["issues"]
    assert reports["issues"].records == len(issues)
    assert reports["comments"].records == len(change.changed["comments"] + change.added["comments"])
    assert sorted(path.split("/")[-2] for path in paths(vendor) if path.endswith("/comment")) == sorted(issues)


def test_docket_signs_in_by_oauth_with_a_refresh_token_that_is_replaced(site: Site, tmp_path: Path) -> None:
    vendor, url = site
    settings = vendor.oauth_settings(url)
    config = {name: settings[name] for name in ("site", "base_url", "client_id", "client_secret", "refresh_token")}
    author = Author(tmp_path, "docket", {**config, "token_url": f"{url}/oauth/token"})
    author.sync()
    author.clock.sleep(7_200)
    vendor.change(3)
    author.sync()

    assert vendor.oauth.refresh_token == "sandbox-refresh-token-000002"
    assert set(vendor.issues) <= author.keys("issues")


def test_docket_tells_of_a_wrong_token_instead_of_an_empty_list(site: Site, tmp_path: Path) -> None:
    vendor, url = site
    author = Author(tmp_path, "docket", {**vendor.settings(url), "token": "wrong"})
    with pytest.raises(SyncError, match="Client must be authenticated"):
        author.sync()


# Mosaic, against Monday's


class OddBoards(MondaySandbox):
    """Two boards were deleted since they were listed, which is told in two ways; and the first answer about items is
    that they can't be had now."""

    has_blocked = False

    @route("POST", "/v2")
    def answer_query(self, request: SandboxRequest) -> SandboxResponse:
        board = json.loads(request.body)["variables"].get("board")
        if board and not self.has_blocked:
            self.has_blocked = True
            return json_response({"errors": [{"message": "busy", "extensions": {"code": "API_TEMPORARILY_BLOCKED"}}]})
        first, second, *_ = self.account.boards
        if board == first:
            self.account.boards[first]["state"] = "deleted"
        if board == second:
            return json_response({"errors": [{"message": "gone", "extensions": {"code": "InvalidBoardIdException"}}]})
        return super().answer_query(request)


Account = tuple[MondaySandbox, Author]


@contextmanager
def account_of(folder: Path, kind: type[MondaySandbox] = MondaySandbox, items: int = 60) -> Iterator[Account]:
    vendor = kind(seed=3, boards=5, items=items, updates=1, users=12, now=NOW)
    with Sandbox([vendor]) as sandbox:
        author = Author(folder, "mosaic", vendor.settings(sandbox.url("monday")))
        limit(vendor, author, points=10_000_000)
        yield vendor, author


def limit(vendor: MondaySandbox, author: Author, points: int) -> None:
    """Give the account so many points a minute, by the author's clock."""
    vendor.points = PointBudget(points, clock=lambda: author.clock.now)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with account_of(tmp_path) as account:
        yield account


def listed(vendor: MondaySandbox) -> dict[str, Any]:
    """The active items of boards that are listed: active ones, of one level."""
    boards = {
        id_
        for id_, board in vendor.account.boards.items()
        if (board["state"], board["hierarchy_type"]) == ("active", "classic")
    }
    items = vendor.account.items.items()
    return {id_: item for id_, item in items if item["state"] == "active" and item["board"]["id"] in boards}


def asked(vendor: MondaySandbox) -> Counter[str]:
    """How many requests asked for what."""
    bodies = [served.request.body.decode() for served in vendor.traffic.log]
    fields = ("next_items_page", "items_page", "boards")
    return Counter(next(field for field in fields if field in body) for body in bodies)


def test_mosaic_brings_all_items_of_all_boards_and_each_becomes_a_work_item(account: Account) -> None:
    vendor, author = account
    reports = author.sync()

    items = listed(vendor)
    assert author.keys("items") == set(items)
    assert not any(report.warnings for report in reports.values())
    assert author.parse().objects == len(items)
    assert author.rows("from quarantine") == []
    found = {row["uid"]: row for row in author.rows("from work_items")}
    for id_, item in items.items():
        status = next(value for value in item["column_values"] if value["id"] == "status")
        board = vendor.account.boards[item["board"]["id"]]["name"]
        assert (found[id_]["title"], found[id_]["project_name"]) == (item["name"], board)
        assert (found[id_]["vendor_status"], found[id_]["src_url"]) == (status["label"], item["url"])
        assert (found[id_]["status"] == "Resolved") == status["is_done"]


def test_mosaic_asks_the_other_query_for_the_pages_after_the_first_one(tmp_path: Path) -> None:
    with account_of(tmp_path, items=840) as (vendor, author):
        author.sync()
        assert asked(vendor)["next_items_page"] == 1
        assert author.keys("items") == set(listed(vendor))


def test_mosaic_then_asks_each_board_once_and_stores_only_what_changed(account: Account) -> None:
    vendor, author = account
    author.sync()
    boards = len(author.keys("boards"))
    vendor.traffic.clear()
    reports = author.sync()
    assert reports["items"].records == 0
    assert asked(vendor) == {"boards": 2, "items_page": boards}

    change = vendor.change(3)
    news = {*change.changed["items"], *change.added["items"]} & set(listed(vendor))
    assert author.sync()["items"].records == len(news) > 0


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Pacific/Kiritimati"])
def test_mosaic_brings_the_first_day_whole_in_whatever_zone_days_are_counted(account: Account, zone: str) -> None:
    vendor, author = account
    vendor.account.zone = zone
    begin = datetime.combine(author.connection.start, time(), UTC)
    for minute, item in enumerate(vendor.account.items.values()):
        item["updated_at"] = timestamp(begin + timedelta(minutes=minute))
    author.sync()

    assert author.keys("items") == set(listed(vendor))


def test_mosaic_waits_for_a_budget_that_is_spent(account: Account) -> None:
    vendor, author = account
    limit(vendor, author, points=30_000)
    began = author.clock.now
    reports = author.sync()

    assert author.keys("items") == set(listed(vendor))
    assert author.clock.now - began > 120
    assert [report.retries for report in reports.values()] == [0, 0]


def test_mosaic_takes_errors_in_a_200_for_what_they_are(tmp_path: Path) -> None:
    with account_of(tmp_path, OddBoards) as (vendor, author):
        warnings = author.sync()["items"].warnings

    gone = list(vendor.account.boards)[:2]
    left = {id_ for id_, item in listed(vendor).items() if item["board"]["id"] not in gone}
    assert author.keys("items") == left != set()
    assert any("gone" in text for text in warnings)
