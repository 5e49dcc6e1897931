"""What a sync of Monday does at each of its limits, and with each of its errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dazz_assets.assistant.stream_checks import check_streams
from dazz_assets.errors import SyncError
from dazz_assets.sandbox import Fault, SandboxRequest, SandboxResponse, json_response
from integrations.monday.sandbox import SCOPES, MondaySandbox
from tests.integrations.monday_connection import MondayCustomer, connected
from tests.integrations.vendor_data import monday_errors, needs_vendor_data

BODIES = monday_errors()

Account = tuple[MondaySandbox, MondayCustomer]


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with connected(tmp_path) as account:
        yield account


def error(message: str, code: str, **extensions: Any) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code, **extensions}}]}


# As the vendor's pages name them: https://developer.monday.com/api-reference/docs/errors
LIMITS = {
    "queries a minute": (429, error("Minute limit rate exceeded", "RATE_LIMIT_EXCEEDED", status_code=429)),
    "requests at once": (200, error("Max concurrency exceeded", "maxConcurrencyExceeded", status_code=429)),
    "requests at once for a field": (
        200,
        {
            "error_message": "Concurrency limit exceeded for the field",
            "error_code": "FIELD_LIMIT_EXCEEDED",
            "error_data": {"entity": "boards"},
            "status_code": 429,
        },
    ),
    "points a minute": (200, error("Complexity budget exhausted", "COMPLEXITY_BUDGET_EXHAUSTED", status_code=429)),
    "points a minute, in the older form": (
        200,
        {"error_code": "ComplexityException", "error_message": "Complexity budget exhausted", "status_code": 429},
    ),
    "requests of an address": (200, error("IP rate limit exceeded", "IP_RATE_LIMIT_EXCEEDED")),
}


def told_in_body(body: dict[str, Any], seconds: int) -> dict[str, Any]:
    """The error with how long to wait, where its form has that."""
    told: dict[str, Any] = json.loads(json.dumps(body))
    inner = told["errors"][0]["extensions"] if "errors" in told else told.setdefault("error_data", {})
    inner["retry_in_seconds"] = seconds
    return told


@pytest.mark.parametrize(("status", "body"), LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize("says", ["header", "body"])
def test_a_limit_is_waited_for_as_long_as_the_answer_says(
    account: Account, status: int, body: dict[str, Any], says: str
) -> None:
    vendor, acme = account
    headers = {"Retry-After": "37"} if says == "header" else {}
    answer = told_in_body(body, 37) if says == "body" else body
    vendor.faults.add(Fault(kind="status", status=status, headers=headers, body=answer))
    acme.sync("teams")
    assert acme.keys("teams") == set(vendor.account.teams)
    assert 37 <= acme.clock.slept < 45


def test_the_calls_of_a_day_are_not_waited_for(tmp_path: Path) -> None:
    with connected(tmp_path, calls=3) as (_, acme):
        with pytest.raises(SyncError, match="Daily limit exceeded"):
            acme.sync("users", "teams", "workspaces")
        assert acme.keys("teams")
        assert acme.keys("workspaces") == set()
        assert acme.clock.slept < 60


def test_a_budget_of_points_that_pays_for_two_boards_a_minute_brings_all(tmp_path: Path) -> None:
    """A page of items costs 234,007 points. What one costs is known after the first, which four ask for at once."""
    with connected(tmp_path, points=500_000) as (vendor, acme):
        acme.sync("boards", "newest_items", "items")
        assert acme.keys("items") == set(vendor.account.items)
        assert 2 * 60 <= acme.clock.slept < 5 * 60


def test_a_list_in_pages_keeps_a_budget_without_a_refusal(tmp_path: Path) -> None:
    """A page of updates costs 13,206 points; five and one that is empty do not fit into a minute of 40,000."""
    with connected(tmp_path, points=40_000, updates=450) as (vendor, acme):
        acme.sync("updates")
        assert acme.keys("updates") == set(vendor.account.updates)
        asked = [served.request.body for served in vendor.traffic.log]
        assert len(set(asked)) == len(asked)  # None was sent twice.
        assert acme.clock.slept > 60


def test_queries_are_spaced_so_that_the_smallest_plan_takes_them(tmp_path: Path) -> None:
    with connected(tmp_path) as (vendor, acme):
        acme.sync()
        requests = vendor.traffic.stats().requests
        assert acme.clock.slept > (requests - 5) * 60 / 1_000 / 2


@needs_vendor_data
@pytest.mark.parametrize("recorded", [body for body in BODIES if "begins anew" not in body["expect"]["error"]])
@pytest.mark.parametrize(
    "stream", ["workspaces", "boards", "users", "teams", "listed_items", "newest_items", "items", "updates"]
)
def test_a_recorded_limit_is_waited_for_or_told_in_the_vendors_words(
    account: Account, recorded: dict[str, Any], stream: str
) -> None:
    vendor, acme = account
    acme.sync("boards", "newest_items")
    expected, body = recorded["expect"], recorded["body"]
    vendor.faults.add(Fault(kind="status", status=recorded["status"], body=body))
    slept = acme.clock.slept
    if "wait" in expected:
        acme.sync(stream)
        assert acme.clock.slept - slept >= expected["wait"]
        assert acme.keys(stream)
    else:
        with pytest.raises(SyncError, match=body["errors"][0]["message"]):
            acme.sync(stream)


class Expiring(MondaySandbox):
    """Answers the first question for a further page with the recorded error."""

    error: dict[str, Any] | None = next((it for it in BODIES if "begins anew" in it["expect"]["error"]), None)

    def authenticate(self, request: SandboxRequest) -> SandboxResponse | None:
        if b"next_items_page" in request.body and self.error is not None:
            recorded, self.error = self.error, None
            return json_response(recorded["body"], status=recorded["status"])
        return super().authenticate(request)


@needs_vendor_data
@pytest.mark.parametrize("stream", ["listed_items", "items"])
def test_the_recorded_error_of_an_expired_cursor_begins_the_list_anew(tmp_path: Path, stream: str) -> None:
    with connected(tmp_path, vendor=Expiring, items=840, updates=1) as (vendor, acme):
        acme.sync("boards", "newest_items", stream)
        assert isinstance(vendor, Expiring)
        assert vendor.error is None
        assert len(acme.keys(stream)) > 800


def test_a_board_that_is_gone_is_passed_over_with_a_warning(account: Account) -> None:
    vendor, acme = account
    acme.sync("boards", "newest_items")
    gone = error("Board not found", "ResourceNotFoundException", status_code=404)
    vendor.faults.add(Fault(kind="status", status=200, body={"data": None, **gone}))
    [report] = acme.sync("items").values()
    assert any(text.startswith("newest_items 7100") and "Board not found" in text for text in report.warnings)
    assert 0 < len(acme.keys("items")) < 60
    acme.sync("items")
    assert acme.keys("items") == set(vendor.account.items)


def test_a_board_that_is_missing_in_an_answer_closes_nothing(account: Account) -> None:
    """Whether its items are gone, such an answer does not say."""
    vendor, acme = account
    acme.sync("boards", "newest_items", "listed_items")
    before = acme.keys("listed_items")
    vendor.change(1)
    vendor.faults.add(Fault(kind="status", status=200, body={"data": {"boards": []}}, times=9, skip=3))
    with pytest.raises(SyncError, match="7100000"):
        acme.sync("boards", "newest_items", "listed_items")
    assert acme.keys("listed_items") == before
    vendor.faults.clear()
    acme.sync("listed_items")
    assert acme.keys("listed_items") != before


def test_a_board_whose_items_came_with_an_error_is_named_and_the_others_are_stored(account: Account) -> None:
    vendor, acme = account
    acme.sync("boards", "newest_items")
    page = {"cursor": None, "items": [{"id": "1", "updated_at": "2026-05-01T00:00:00Z"}]}
    partial = {"data": {"boards": [{"items_page": page}]}, **error("Column failed", "ColumnValueException")}
    vendor.faults.add(Fault(kind="status", status=200, body=partial))
    with pytest.raises(SyncError, match="Column failed"):
        acme.sync("items")
    assert "1" not in acme.keys("items")
    assert len(acme.keys("items")) > 0


def test_an_account_that_is_blocked_for_a_while_is_asked_again(account: Account) -> None:
    vendor, acme = account
    vendor.faults.add(Fault(kind="status", status=200, body=error("Blocked", "API_TEMPORARILY_BLOCKED")))
    acme.sync("teams")
    assert acme.keys("teams") == set(vendor.account.teams)


@pytest.mark.parametrize(
    "stream", ["workspaces", "boards", "users", "teams", "listed_items", "newest_items", "items", "updates"]
)
def test_a_token_that_lacks_a_scope_fails_the_streams_that_need_it_and_no_other(tmp_path: Path, stream: str) -> None:
    with connected(tmp_path, boards=4, items=12) as (vendor, acme):
        acme.sync("boards", "newest_items")
        needed = acme.spec.streams[stream].stream.permissions
        vendor.account.scopes = SCOPES - {needed[0]}
        with pytest.raises(SyncError, match=f"Unauthorized field or type.*The stream needs `{needed[0]}`"):
            acme.sync(stream)
        vendor.account.scopes = frozenset(needed)
        acme.sync(stream)
        assert acme.keys(stream)


def test_a_check_of_the_connection_names_the_scopes_that_a_refused_stream_needs(tmp_path: Path) -> None:
    with connected(tmp_path, boards=4, items=12, scopes=SCOPES - {"teams:read"}) as (_, acme):
        refused = {check.name: check.needs for check in check_streams(acme.session) if check.outcome != "works"}
    assert refused == {"teams": ("teams:read", "users:read")}


def test_a_wrong_token_is_told_once_and_never_shown(account: Account) -> None:
    vendor, acme = account
    vendor.token = "another"
    with pytest.raises(SyncError, match="401") as caught:
        acme.sync("teams")
    assert "sandbox-monday-token" not in str(caught.value)
