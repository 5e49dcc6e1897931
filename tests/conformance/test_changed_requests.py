"""A stream that asks for something else than before says that older records are not asked for again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from dazz_assets import ConnectionConfig, Cursor, Integration, Stream
from dazz_assets.connections import Connection
from tests.conformance.conftest import Connect
from tests.conformance.connected import Connected
from tests.conformance.integrations import Item
from tests.declaring import declare
from tests.http.loopback import ReceivedRequest, Reply, Vendor

WARNING = "the request of tasks is another one than in its last sync"


class TrackerConfig(ConnectionConfig):
    token: SecretStr
    projects: str = "A"


class TasksStream(Stream[Item]):
    path = "/tasks"
    primary_key = "id"
    cursor = Cursor("at", since="since")
    method = "POST"
    body = {"projects": "{config.projects}", "page": {"limit": 50}, "key": "{config.token}"}


class TrackerIntegration(Integration[TrackerConfig]):
    name = "vendor"
    base_url = "https://api.vendor.example"
    streams = (TasksStream,)


class Tracker:
    """Tasks of several projects, one an hour."""

    def __init__(self) -> None:
        self.tasks: list[dict[str, Any]] = [
            {"id": number, "project": "AB"[number % 2], "at": f"2026-02-01T{number:02d}:00:00Z"} for number in range(20)
        ]

    def __call__(self, request: ReceivedRequest) -> Reply:
        asked = json.loads(request.body)
        projects = asked["projects"].split(",")
        return Reply(body=[task for task in self.tasks if task["project"] in projects and task["at"] >= asked["since"]])


def told(acme: Connected, stream: type[Stream[Any]] = TasksStream) -> list[str]:
    return [warning for warning in acme.sync(stream).warnings if warning.startswith(WARNING)]


def configure(acme: Connected, api: Vendor, **config: str) -> None:
    values = {"base_url": api.url, "token": "canary-7f3a", **config}
    acme.connection = Connection(id="acme", integration="vendor", start=acme.connection.start, config=values)


def test_a_config_that_asks_for_more_is_told_once_and_a_refetch_brings_it(connect: Connect, api: Vendor) -> None:
    api.handler = Tracker()
    acme = connect(TrackerIntegration)
    assert told(acme) == []
    configure(acme, api, projects="A,B")
    (warning,) = told(acme)
    assert warning.endswith("if it asks for more records or fields than before, older ones come by `--refetch` alone")
    assert told(acme) == []
    assert acme.ids(TasksStream) != list(range(20))
    acme.sync_range(TasksStream, replace=True)
    assert acme.ids(TasksStream) == list(range(20))


@pytest.mark.parametrize(
    "changed",
    [
        {"params": {"status": "any"}},
        {"path": "/all/tasks"},
        {"body": {**TasksStream.body, "status": "any"}},
    ],
)
def test_so_is_a_class_that_does(connect: Connect, api: Vendor, changed: dict[str, Any]) -> None:
    api.handler = Tracker()
    told(connect(TrackerIntegration))
    stream = declare("TasksStream", TasksStream, **changed)
    assert len(told(connect(declare("TrackerIntegration", TrackerIntegration, streams=(stream,))), stream)) == 1


@pytest.mark.parametrize("config", [{"token": "canary-8a4b"}, {}], ids=["another token", "nothing"])
@pytest.mark.parametrize("limit", [50, 100])
def test_neither_another_secret_nor_another_page_size_is_told(
    connect: Connect, api: Vendor, config: dict[str, str], limit: int
) -> None:
    api.handler = Tracker()
    told(connect(TrackerIntegration))
    stream = declare("TasksStream", TasksStream, body={**TasksStream.body, "page": {"limit": limit}})
    acme = connect(declare("TrackerIntegration", TrackerIntegration, streams=(stream,)))
    configure(acme, api, **config)
    assert told(acme, stream) == []


def test_a_sync_in_which_nothing_is_listed_does_not_repeat_it(connect: Connect, api: Vendor) -> None:
    """Only changed parents are listed, and none changed."""
    api.handler = lambda request: Reply(body=[{"id": 1, "at": "2026-02-01T00:00:00Z"}])
    boards = declare("BoardsStream", TasksStream, cursor=None, body={}, path="/boards")

    def cards(**settings: Any) -> type[Stream[Any]]:
        cursor = Cursor("at", since="since")
        of_cards = {"parent": boards, "parents": "changed", "path": "/{parent.id}", "cursor": cursor, **settings}
        return declare("TasksStream", TasksStream, **of_cards)

    for status in ("open", "any"):
        stream = cards(body={"status": status})
        acme = connect(declare("TrackerIntegration", TrackerIntegration, streams=(boards, stream)))
        acme.sync(boards)
        for _ in range(2):
            assert told(acme, stream) == []
