"""The integrations that docs/templates.md shows load, and send what the page says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from dazz_assets.assistant.announced_requests import announce_requests
from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake, query
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec
from dazz_assets.transform.parse_windows import parse
from tests.docs.markdown import only_block
from tests.http.loopback import ReceivedRequest, Reply, Vendor

PAGE = (Path(__file__).parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")


def _sent(spec: IntegrationSpec) -> Iterator[str]:
    for stream in spec.streams.values():
        for request in announce_requests(spec, stream):
            if request.sync in {"first sync", "incremental sync"}:
                yield f"{stream.name}, {request.sync}: {request.method} {request.url}"
                if request.body:
                    yield f"    {request.body}"


def test_its_integration_sends_the_requests_that_it_shows(tmp_path: Path) -> None:
    (tmp_path / "tracker.py").write_text(only_block(PAGE, "python", "class TrackerIntegration"), encoding="utf-8")
    spec = find_integration(str(tmp_path / "tracker.py"))
    assert list(_sent(spec)) == only_block(PAGE, "text").splitlines()


def test_its_planner_asks_for_several_boards_in_one_request(tmp_path: Path) -> None:
    (tmp_path / "planner.py").write_text(only_block(PAGE, "python", "class PlannerIntegration"), encoding="utf-8")
    spec = find_integration(str(tmp_path / "planner.py"))
    lake = Lake(tmp_path / "lake")

    def answer(asked: ReceivedRequest) -> Reply:
        of_board: dict[str, dict[str, object]] = {
            "/boards": {},
            "/items": {"board": {"id": 2}, "changed": "2026-01-06T10:00:00Z"},
            "/labels/search": {"boardId": "3"},
        }
        ids = (1, 2, 3) if asked.path == "/boards" else (7,)
        return Reply(body={"items": [{"id": id_, **of_board[asked.path]} for id_ in ids]})

    with Vendor() as vendor:
        vendor.handler = answer
        config = {"token": "t", "base_url": vendor.url}
        connection = Connection(id="acme", integration="planner", start=date(2026, 1, 5), config=config)
        for name in spec.streams:
            sync_stream(Session(spec, connection, lake), spec.streams[name], SyncRange(from_mark=True))
    _, items, labels = vendor.requests
    assert items.target == "/items?boards=1%2C2%2C3&since=2026-01-05T00%3A00%3A00Z"
    assert json.loads(labels.body) == {"filter": {"boards": ["1", "2", "3"]}}
    parents = [query(lake, f"select parent from raw.planner_{name}").to_pylist() for name in ("items", "labels")]
    assert parents == [[{"parent": "2"}], [{"parent": "3"}]]


def _answer(asked: ReceivedRequest) -> Reply:
    answers = {
        "/sites": [{"id": "s-1"}],
        "/sites/s-1/myself": {"id": 7, "timeZone": "Europe/Berlin"},
        "/sites/s-1/entries": {"entries": [{"id": 1, "changed": "2026-01-06T10:00:00Z"}]},
    }
    return Reply(body=answers[asked.path])


def test_its_facts_are_fetched_before_the_stream_that_names_them_and_reach_the_parser(tmp_path: Path) -> None:
    (tmp_path / "diary.py").write_text(only_block(PAGE, "python", "class DiaryIntegration"), encoding="utf-8")
    spec = find_integration(str(tmp_path / "diary.py"))
    lake = Lake(tmp_path / "lake")
    with Vendor() as vendor:
        vendor.handler = _answer
        config = {"token": "t", "base_url": vendor.url}
        connection = Connection(id="acme", integration="diary", start=date(2026, 1, 5), config=config)
        session = Session(spec, connection, lake)
        sync_stream(session, spec.streams["entries"], SyncRange(from_mark=True))
    assert [asked.path for asked in vendor.requests] == ["/sites", "/sites/s-1/myself", "/sites/s-1/entries"]
    assert vendor.requests[-1].query["q"] == ['author = 7 AND changed >= "2026-01-05 01:00"']
    parse(Session(spec, connection, lake), spec.parsers["written"], windows=None)
    assert query(lake, "select author from writtens").to_pylist() == [{"author": 7}]
