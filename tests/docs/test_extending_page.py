"""The auth, the paginator and the seam that docs/extending.md shows work, as they stand there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from dazz_assets import Request, Response, Seam
from dazz_assets.assistant.announced_requests import announce_requests
from dazz_assets.assistant.page_preview import preview
from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake, query
from dazz_assets.recording.record_scenario import record_scenario
from dazz_assets.recording.replay import replay_scenario
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec
from tests.docs.markdown import blocks
from tests.http.loopback import ReceivedRequest, Reply, Vendor

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
SHOWN = {block.words[0]: block.text for block in blocks(PAGE)}
KEY = "canary-key-5c1f0e77a2"


class Depot:
    """The vendor of the page: 45 crates in ranges of 20, for whoever has the token that it gave last."""

    def __init__(self) -> None:
        self.tokens = 0
        self.requests_a_token = 1_000
        self._left = 0
        self.vendor = Vendor()
        self.vendor.handler = self._answer

    @property
    def token(self) -> str:
        return f"canary-0f3c81d2b7-{self.tokens}"

    def _answer(self, asked: ReceivedRequest) -> Reply:
        if (asked.method, asked.path) == ("POST", "/session"):
            if json.loads(asked.body) != {"key": KEY}:
                return Reply(400, {"message": f"{asked.body.decode()} is no key"})
            self.tokens += 1
            self._left = self.requests_a_token
            return Reply(body={"token": self.token})
        if asked.headers.get("Authorization") != f"Bearer {self.token}" or not self._left:
            return Reply(401, {"message": f"{asked.headers.get('Authorization')} has expired"})
        self._left -= 1
        start = int(asked.query["from"][0])
        crates = [{"id": number} for number in range(start, min(start + 20, 45))]
        return Reply(body={"items": crates, "range": {"to": start + len(crates), "of": 45}})


@pytest.fixture
def depot() -> Iterator[Depot]:
    depot = Depot()
    with depot.vendor:
        yield depot


@pytest.fixture
def spec(tmp_path: Path) -> IntegrationSpec:
    file = tmp_path / "depot" / "depot.py"
    file.parent.mkdir()
    file.write_text(SHOWN["depot.py"], encoding="utf-8")
    return find_integration(str(file))


def connection_to(depot: Depot, key: str = KEY) -> Connection:
    config = {"api_key": key, "base_url": depot.vendor.url}
    return Connection(id="acme", integration="depot", start=date(2026, 1, 5), config=config)


def test_a_sync_brings_all_pages_with_one_token(depot: Depot, spec: IntegrationSpec, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    sync_stream(Session(spec, connection_to(depot), lake), spec.streams["crates"], SyncRange(from_mark=True))
    assert query(lake, "select count(*) from raw.depot_crates").to_pylist() == [{"count_star()": 45}]
    targets = [f"{asked.method} {asked.target}" for asked in depot.vendor.requests]
    assert targets == ["POST /session", *(f"GET /v1/crates?from={start}" for start in (0, 20, 40))]


def test_a_token_that_expires_amid_the_list_is_renewed(depot: Depot, spec: IntegrationSpec, tmp_path: Path) -> None:
    depot.requests_a_token = 2
    lake = Lake(tmp_path / "lake")
    report = sync_stream(Session(spec, connection_to(depot), lake), spec.streams["crates"], SyncRange(from_mark=True))
    assert (report.stored, depot.tokens) == (45, 2)


def test_preview_shows_the_paginator_by_its_name_and_the_request_that_it_makes_next(
    depot: Depot, spec: IntegrationSpec, tmp_path: Path
) -> None:
    found = preview(Session(spec, connection_to(depot), Lake(tmp_path)), spec.streams["crates"])
    assert len(found.records) == 20
    assert (found.paging.declared, found.paging.warning) == ("Ranges", None)
    assert found.paging.next is not None
    assert found.paging.next.url == f"{depot.vendor.url}/v1/crates?from=20"


def test_explain_shows_the_first_request_and_what_the_auth_asks_before_it(spec: IntegrationSpec) -> None:
    (told,) = announce_requests(spec, spec.streams["crates"])
    assert (told.method, told.url) == ("GET", "https://api.depot.example/v1/crates?from=0")
    assert told.note == "the auth asks POST https://api.depot.example/session before it"


def test_it_is_recorded_and_replayed_without_key_and_token(depot: Depot, spec: IntegrationSpec) -> None:
    folder = record_scenario(spec, connection_to(depot), "default", key=b"a key", records=None, pages=None).folder
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.json")}
    login = json.loads(files["first/0-other.001.json"])
    assert login["request"]["url"] == "https://api.depot.example/session"
    assert len([name for name in files if name.startswith("first/1-crates.")]) == 3
    assert not [name for name, content in files.items() if b"canary" in content]
    asked = len(depot.vendor.requests)
    with replay_scenario(folder) as replay:
        assert (replay.problems, replay.stale_snapshots()) == ([], [])
        assert len(replay.records("crates")) == 45
    assert len(depot.vendor.requests) == asked


@pytest.fixture
def sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The page's seam in a module, beside an SDK that answers with what it is told."""

    class DepotSdk:
        def call(self, method: str, url: str, body: bytes) -> tuple[int, bytes]:
            return 200, b"sent: " + body

    (tmp_path / "depot_seam.py").write_text(SHOWN["seam.py"], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "depot_sdk", SimpleNamespace(DepotSdk=DepotSdk))
    yield import_module("depot_seam")
    del sys.modules["depot_seam"]


def test_the_seam_hands_over_each_call_of_the_sdk(sdk: ModuleType) -> None:
    seam: Seam = sdk.SdkSeam()

    def tape(request: Request, send: Callable[[Request], Response]) -> Response:
        assert (request.method, request.url, request.body) == ("PUT", "https://depot.example/x", b"1")
        sent = send(Request(request.url, request.method, body=b"2"))
        return Response(sent.status, body=sent.body + b", kept")

    with seam.recording(tape):
        assert sdk.DepotSdk().call("PUT", "https://depot.example/x", b"1") == (200, b"sent: 2, kept")
    with seam.replaying(lambda request: Response(404, body=request.url.encode())):
        assert sdk.DepotSdk().call("PUT", "https://depot.example/x", b"1") == (404, b"https://depot.example/x")
    assert sdk.DepotSdk().call("PUT", "https://depot.example/x", b"1") == (200, b"sent: 1")
