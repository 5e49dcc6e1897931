"""Errors that a GraphQL API answered with status 200 are told for what they are, in a sync of that vendor."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import CursorToken, Stream
from dazz_assets.errors import SyncError
from dazz_assets.http import RateLimitedError
from dazz_assets.http.errors import VendorReportedError
from dazz_assets.http.retry import ATTEMPTS
from dazz_assets.sandbox import Fault
from tests.conformance.conftest import Connect, api, clock, connect, lake
from tests.conformance.connected import items
from tests.conformance.integrations import CommonIntegration, Item
from tests.http.loopback import Reply, Vendor
from tests.integrations.monday_connection import connected
from tests.integrations.vendor_data import monday_errors, needs_vendor_data

__all__ = ["api", "clock", "connect", "lake"]

pytestmark = needs_vendor_data
BODIES = monday_errors()


class BoardsStream(Stream[Item]):
    path = "/v2"
    method = "POST"
    body = {"query": "{ boards { id } }"}
    records = "data.boards"
    paginator = CursorToken("data.next", param="variables.cursor")


class BoardsIntegration(CommonIntegration):
    streams = (BoardsStream,)


def boards(*numbers: int, following: str | None = None) -> Reply:
    return Reply(body={"data": {"boards": items(*numbers), "next": following}})


KINDS = {
    "FIELD_LIMIT_EXCEEDED": RateLimitedError,
    "CursorException": VendorReportedError,
    "DAILY_LIMIT_EXCEEDED": RateLimitedError,
    "COMPLEXITY_BUDGET_EXHAUSTED": RateLimitedError,
}


def code_and_message(body: dict[str, Any]) -> tuple[str, str]:
    """The vendor's code, and its words."""
    if "error_code" in body:
        return body["error_code"], body["error_message"]
    [error] = body["errors"]
    return error["extensions"]["code"], error["message"]


def test_the_recorded_errors_are_those_that_are_expected_here() -> None:
    assert {code_and_message(recorded["body"])[0] for recorded in BODIES} == KINDS.keys()


@pytest.mark.parametrize("recorded", BODIES, ids=range(len(BODIES)))
def test_each_is_of_its_kind_in_the_vendors_words_after_the_waits_that_it_asks_for(
    tmp_path: Path, recorded: dict[str, Any]
) -> None:
    code, message = code_and_message(recorded["body"])
    with connected(tmp_path) as (vendor, acme):
        vendor.faults.add(Fault(kind="status", status=recorded["status"], body=recorded["body"], times=ATTEMPTS + 1))
        with pytest.raises(SyncError, match=re.escape(message)) as caught:
            acme.sync("boards")
        asked = vendor.traffic.stats().requests
        waits = [round(seconds) for seconds in acme.clock.sleeps]

    assert type(caught.value.__context__) is KINDS[code]
    wait = recorded["expect"].get("wait")
    assert waits == ([wait] * (ATTEMPTS - 1) if wait else [])
    assert asked == (ATTEMPTS if wait else 1)


@pytest.mark.parametrize("recorded", [item for item in BODIES if "begins anew" in item["expect"]["error"]])
def test_a_walk_whose_cursor_expired_begins_anew(connect: Connect, api: Vendor, recorded: dict[str, Any]) -> None:
    api.script(
        boards(1, following="b"), Reply(recorded["status"], recorded["body"]), boards(1, following="c"), boards(2)
    )
    acme = connect(BoardsIntegration)
    acme.sync(BoardsStream)
    assert acme.ids(BoardsStream) == [1, 2]
    assert len(api.requests) == 4
