"""Errors that a GraphQL API answered with status 200 are told for what they are, with no word of that vendor's."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import CursorToken, Stream
from dazz_assets.http import FetchError, RateLimitedError, Request, ResponseRules
from dazz_assets.http.client import Client
from dazz_assets.http.retry import ATTEMPTS
from tests.conformance.conftest import Connect, api, clock, connect, lake
from tests.conformance.connected import items
from tests.conformance.integrations import CommonIntegration, Item
from tests.http.loopback import Clock, Reply, Vendor

__all__ = ["api", "clock", "connect", "lake"]

FOLDER = os.environ.get("VENDOR_DATA")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="VENDOR_DATA is not set: the vendors' own data is not here")
FILE = Path(FOLDER or ".") / "recorded" / "monday_errors_in_200.json"
BODIES: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))["bodies"] if FOLDER else []


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


@pytest.mark.parametrize("recorded", BODIES, ids=range(len(BODIES)))
def test_it_fails_with_the_vendors_words_and_as_the_error_that_is_expected(
    api: Vendor, clock: Clock, recorded: dict[str, Any]
) -> None:
    api.script(Reply(recorded["status"], recorded["body"]))
    client = Client(api.url, clock=clock, sleep=clock.sleep)
    with pytest.raises(FetchError) as caught:
        client.send(Request(api.url, "POST", body=BoardsStream.body), ResponseRules(records="data.boards"))
    expected, body = recorded["expect"], recorded["body"]
    message = body["error_message"] if "error_message" in body else body["errors"][0]["message"]
    assert message in str(caught.value)
    assert isinstance(caught.value, RateLimitedError) is (expected["error"] == "RateLimitedError")
    waits = [round(seconds) for seconds in clock.sleeps]
    assert waits == [expected["wait"]] * (ATTEMPTS - 1) if "wait" in expected else waits == []


@pytest.mark.parametrize("recorded", [item for item in BODIES if "begins anew" in item["expect"]["error"]])
def test_a_walk_whose_cursor_expired_begins_anew(connect: Connect, api: Vendor, recorded: dict[str, Any]) -> None:
    api.script(
        boards(1, following="b"), Reply(recorded["status"], recorded["body"]), boards(1, following="c"), boards(2)
    )
    acme = connect(BoardsIntegration)
    acme.sync(BoardsStream)
    assert acme.ids(BoardsStream) == [1, 2]
    assert len(api.requests) == 4
