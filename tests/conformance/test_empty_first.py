"""A first sync that brings nothing because its bounds are not what the API takes says so (conformance 117)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Cursor, Stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import param
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor


class MessagesStream(Stream[Item]):
    path = "/messages"


class Channel:
    """Messages with a time in seconds, which are listed between `oldest` and `latest`."""

    def __init__(self, *times: int) -> None:
        self.times = times
        self.needs_bounds = False

    def __call__(self, request: ReceivedRequest) -> Reply:
        if self.needs_bounds and not param(request, "oldest"):
            return Reply(400, {"message": "oldest is required"})
        oldest, latest = (float(param(request, name) or default) for name, default in (("oldest", 0), ("latest", 1e15)))
        return Reply(body=[{"id": at, "ts": at} for at in self.times if oldest <= at < latest])


def stream_with(**of_cursor: Any) -> type[Stream[Any]]:
    return declare("MessagesStream", MessagesStream, cursor=Cursor("ts", **of_cursor))


@pytest.mark.parametrize(
    "of_cursor",
    [
        {"since": "oldest", "format": "epoch_ms"},
        {"since": "latest", "until": "oldest", "both": True, "format": "epoch"},
    ],
    ids=["another unit", "exchanged"],
)
def test_117_bounds_that_make_each_list_empty_are_told_until_they_are_corrected(
    connect: Connect, api: Vendor, of_cursor: dict[str, Any]
) -> None:
    api.handler = Channel(1_770_000_000, 1_770_100_000)
    wrong = stream_with(**of_cursor)
    acme = connect(declare("ChatIntegration", CommonIntegration, streams=(wrong,)))
    for _ in range(2):
        (warning,) = acme.sync(wrong).warnings
        assert "though without bounds the API lists 1770000000, which changed at 2026-02-02T02:40:00Z" in warning
        assert warning.startswith("no record came, asked for what changed since 1767571200")
    right = stream_with(since="oldest", format="epoch")
    acme = connect(declare("ChatIntegration", CommonIntegration, streams=(right,)))
    assert [text for text in acme.sync(right).warnings if "no record came" in text] == []
    assert acme.ids(right) == [1_770_000_000, 1_770_100_000]


@pytest.mark.parametrize("times", [(), (1_600_000_000,)], ids=["no records", "only older ones"])
def test_117_a_stream_without_records_of_the_range_is_not_told_of_and_asked_once(
    connect: Connect, api: Vendor, times: tuple[int, ...]
) -> None:
    api.handler = Channel(*times)
    stream = stream_with(since="oldest", format="epoch")
    acme = connect(declare("ChatIntegration", CommonIntegration, streams=(stream,)))
    assert [acme.sync(stream).warnings for _ in range(3)] == [[], [], []]
    assert [bool(param(request, "oldest")) for request in api.requests] == [True, False, True, True]


def test_117_nor_is_one_whose_api_takes_no_list_without_bounds(connect: Connect, api: Vendor) -> None:
    api.handler = channel = Channel()
    channel.needs_bounds = True
    stream = stream_with(since="oldest", format="epoch")
    acme = connect(declare("ChatIntegration", CommonIntegration, streams=(stream,)))
    assert acme.sync(stream).warnings == []


def test_117_nor_one_whose_first_record_came_just_then(connect: Connect, api: Vendor, clock: Clock) -> None:
    api.script(Reply(body=[]), Reply(body=[{"id": 1, "ts": int(clock.now) + 5}]))
    stream = stream_with(since="oldest", format="epoch")
    acme = connect(declare("ChatIntegration", CommonIntegration, streams=(stream,)))
    assert acme.sync(stream).warnings == []
