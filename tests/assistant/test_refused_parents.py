"""What the vendor answers for one of several parents means the same to a check and to a sync."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import Cursor, Stream
from dazz_assets.assistant.stream_checks import StreamCheck, check_streams
from dazz_assets.connections import Connection
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake
from dazz_assets.lake.queries.sql import query
from dazz_assets.reports import StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.help_desk_vendor import DeskApi
from tests.http.loopback import Clock, Reply, Vendor

STREAMS = ("keys", "visits")
REFUSALS = {
    "403": Reply(403, {"message": "no"}),
    "404": Reply(404, {"message": "no"}),
    "410": Reply(410, {"message": "closed in May"}),
    "451": Reply(451, {"message": "withheld"}),
    "words of a 400": Reply(400, {"code": "insufficient_scope", "message": "no"}),
    "words of a 409": Reply(409, {"message": "You lack a permission there"}),
    "GraphQL code": Reply(200, {"data": None, "errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}]}),
    "words of a 200": Reply(200, {"error": "Access denied to this room"}),
    "status in a 200": Reply(200, {"error": {"code": 404, "message": "no such room"}}),
    "gone in a 200": Reply(200, {"error": {"status": 410, "message": "closed in May"}}),
}
FAILURES = {
    "400": Reply(400, {"message": "the page is too large"}),
    "method": Reply(405, {"message": "Method not allowed"}),
    "token": Reply(401, {"message": "token expired"}),
    "token in a 200": Reply(200, {"error": {"status": 401, "message": "Unauthorized: token expired"}}),
    "query": Reply(200, {"errors": [{"message": "Cannot query field 'permissions' on type 'Room'"}]}),
    "quota of a 403": Reply(403, {"message": "Daily quota exceeded, access denied"}),
    "quota of a 402": Reply(402, {"message": "Not allowed: the monthly quota is exceeded"}),
    "long wait of a 403": Reply(403, {"message": "no"}, headers={"Retry-After": "90000"}),
    "quota of a 200": Reply(200, {"error": "Forbidden until tomorrow: daily limit exceeded"}),
}


class RoomsStream(Stream):
    path = "/rooms"


class KeysStream(Stream):
    parent = RoomsStream
    path = "/rooms/{parent.id}/keys"
    permissions = ("Keys: read",)


class VisitsStream(Stream):
    parent = RoomsStream
    path = "/rooms/{parent.id}/visits"
    cursor = Cursor("at", since="since")


class HouseIntegration(DeskApi):
    name = "house"
    streams = (RoomsStream, KeysStream, VisitsStream)


class House:
    """Three rooms, each with a key and a visit. answers: of rooms, in place of their lists."""

    def __init__(self, vendor: Vendor, folder: Path) -> None:
        self.answers: dict[str, Reply] = {}
        self.made = 0
        vendor.handler = lambda asked: self._answer(asked.path.split("/"))
        self._url, self._lake = vendor.url, Lake(folder / "lake")

    def check(self, stream: str) -> StreamCheck:
        return check_streams(self._session(), [stream])[-1]

    def sync(self, stream: str) -> StreamReport:
        session = self._session()
        return sync_stream(session, session.spec.streams[stream], SyncRange(from_mark=True))

    def stored(self, stream: str) -> list[str]:
        found = query(self._lake, f"select distinct key from raw.house_{stream} order by key").to_pylist()
        return [row["key"] for row in found]

    def _session(self) -> Session:
        spec = read_integration(HouseIntegration)
        config = {"token": "secret", "base_url": self._url}
        connection = Connection(id="acme", integration=spec.name, start=date(2026, 1, 5), config=config)
        clock = Clock(datetime(2026, 1, 21, 12, tzinfo=UTC).timestamp())
        now = lambda: datetime.fromtimestamp(clock.now, UTC)  # noqa: E731
        return Session(spec, connection, self._lake, now=now, sleep=clock.sleep)

    def _answer(self, path: list[str]) -> Reply:
        if len(path) == 2:
            return Reply(body={"items": [{"id": room} for room in "abc"]})
        room = path[2]
        record: dict[str, Any] = {"id": f"{room}{self.made}", "at": f"2026-01-0{6 + self.made}T00:00:00Z"}
        return self.answers.get(room, Reply(body={"items": [record]}))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Vendor() as vendor:
        house = House(vendor, tmp_path)
        house.sync("rooms")
        yield house


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_parent_that_is_refused_is_passed_over_and_keeps_what_is_stored_of_it(
    house: House, stream: str, refusal: str
) -> None:
    house.sync(stream)
    house.answers["a"], house.made = REFUSALS[refusal], 1
    report = house.sync(stream)
    assert {"a0", "b1", "c1"} <= set(house.stored(stream))
    assert "a1" not in house.stored(stream)
    (told,) = report.passed_over
    assert told.startswith("a: house/acme")
    checked = house.check(stream)
    assert checked.outcome == "partly"
    assert checked.reason.startswith("refused for 1 record of rooms: ")


@pytest.mark.parametrize("refusal", REFUSALS)
def test_all_parents_refused_fail_both(house: House, refusal: str) -> None:
    house.answers = dict.fromkeys("abc", REFUSALS[refusal])
    with pytest.raises(SyncError, match="3 of 3 rooms failed"):
        house.sync("keys")
    assert house.check("keys").is_problem


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("failure", FAILURES)
def test_what_is_no_refusal_of_one_parent_fails_both(house: House, stream: str, failure: str) -> None:
    house.answers["a"] = FAILURES[failure]
    assert house.check(stream).is_problem
    with pytest.raises(SyncError):
        house.sync(stream)


@pytest.mark.parametrize("failure", ["method", "query", "quota of a 402"])
def test_words_of_something_else_name_no_permission(house: House, failure: str) -> None:
    house.answers["a"] = FAILURES[failure]
    checked = house.check("keys")
    assert (checked.outcome, checked.needs) == ("failed", ())
    assert "Keys: read" not in checked.reason
