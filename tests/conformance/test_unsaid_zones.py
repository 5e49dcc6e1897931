"""Cursors in a zone of the vendor's, and bounds that don't say which zone they are in."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Cursor, Stream
from tests.conformance.conftest import Connect
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.http.loopback import Reply, Vendor

WARNING = "the cursors at `updated` are times of the zone +0530, and bounds are sent in UTC without saying so"


class TasksStream(Stream[Item]):
    path = "/tasks"
    params = {"jql": "updated >= '{cursor.since}'"}


def told(connect: Connect, api: Vendor, at: object, **of_cursor: Any) -> list[str]:
    """The warnings of a sync that speak of zones."""
    stream = declare("TasksStream", TasksStream, cursor=Cursor("updated", **of_cursor))
    api.script(Reply(body=[{"id": 1, "updated": at}]))
    report = connect(declare("TrackerIntegration", CommonIntegration, streams=(stream,))).sync(stream)
    return [warning for warning in report.warnings if "zone" in warning and "offset" not in warning]


@pytest.mark.parametrize("format", ["%Y-%m-%d %H:%M", "%Y/%m/%dT%H:%M:%S"])
def test_they_are_told(connect: Connect, api: Vendor, format: str) -> None:
    (warning,) = told(connect, api, "2026-02-01T10:00:00.000+0530", format=format)
    assert warning.startswith(WARNING)
    assert warning.endswith(
        'Name it in the Cursor of TasksStream, as in zone="{config.zone}"; if it is UTC, set zone="UTC"'
    )


@pytest.mark.parametrize(
    ("at", "of_cursor"),
    [
        ("2026-02-01T10:00:00+05:30", {"format": "%Y-%m-%d %H:%M", "zone": "Asia/Kolkata"}),
        ("2026-02-01T10:00:00+05:30", {"format": "%Y-%m-%d %H:%M", "zone": "UTC"}),
        ("2026-02-01T10:00:00+05:30", {"format": "%Y-%m-%dT%H:%M:%S%z"}),
        ("2026-02-01T10:00:00+05:30", {"format": "%Y-%m-%dT%H:%M:%SZ"}),
        ("2026-02-01T10:00:00+05:30", {"format": "%Y-%m-%dT%H:%M:%S.000+0000"}),
        ("2026-02-01T10:00:00+05:30", {"format": "%Y-%m-%d %H:%M UTC"}),
        ("2026-02-01T10:00:00+05:30", {"format": "epoch"}),
        ("2026-02-01T10:00:00+05:30", {}),
        ("2026-02-01T10:00:00+00:00", {"format": "%Y-%m-%d %H:%M"}),
        ("2026-02-01T10:00:00Z", {"format": "%Y-%m-%d %H:%M"}),
        ("2026-02-01 10:00:00", {"format": "%Y-%m-%d %H:%M"}),
        (1_769_940_000, {"format": "%Y-%m-%d %H:%M"}),
    ],
)
def test_what_says_its_zone_or_has_none_is_not(
    connect: Connect, api: Vendor, at: object, of_cursor: dict[str, Any]
) -> None:
    assert told(connect, api, at, **of_cursor) == []
