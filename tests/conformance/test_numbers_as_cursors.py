"""A cursor that is a number and no time: an id, a sequence, a score (conformance 131)."""

from __future__ import annotations

from typing import Any

import pytest

from dazz_assets import Cursor, Stream
from tests.conformance.conftest import Connect
from tests.conformance.connected import param
from tests.conformance.integrations import CommonIntegration, Item
from tests.declaring import declare
from tests.first_check import check_first
from tests.http.loopback import ReceivedRequest, Reply, Vendor

TOLD = "which as times lie before 1990"


class PlayersStream(Stream[Item]):
    path = "/players"
    records = "players"
    max_pages = 1


def connect_players(connect: Connect, cursor: Cursor, **settings: Any) -> tuple[Any, type[Stream[Any]]]:
    stream = declare("PlayersStream", PlayersStream, name="players", cursor=cursor, **settings)
    return connect(declare("LeagueIntegration", CommonIntegration, streams=(stream,))), stream


def players(*points: Any) -> list[dict[str, Any]]:
    return [
        {"id": number, "points": value, "joined": "2026-01-10T08:00:00Z", "seen": {"at": "2026-02-01"}}
        for number, value in enumerate(points, 1)
    ]


@pytest.mark.parametrize("points", [(0, 1, 6), (3,), (2.5, None, 17), ("12", "7"), (612_000_000, 5)])
def test_131_is_told_with_the_fields_that_are_times(connect: Connect, api: Vendor, points: tuple[Any, ...]) -> None:
    api.handler = lambda _: Reply(body={"players": players(*points)})
    acme, stream = connect_players(connect, Cursor("points", nulls="fetched"))
    for _ in range(2):
        (warning,) = acme.sync(stream).warnings
        assert warning.startswith("the cursors at `points` are numbers such as")
        assert TOLD in warning
        assert "Name a field that is a time (joined, seen.at) in the Cursor of PlayersStream" in warning


def test_131_what_lies_in_a_sensitive_field_is_not_named(connect: Connect, api: Vendor) -> None:
    api.handler = lambda _: Reply(body={"players": players(1, 2)})
    acme, stream = connect_players(connect, Cursor("points"), sensitive=("seen",))
    (warning,) = acme.sync(stream).warnings
    assert "a field that is a time (joined) in" in warning


def test_131_a_check_tells_of_it(connect: Connect, api: Vendor) -> None:
    api.handler = lambda _: Reply(body={"players": players(0, 1, 6)})
    acme, _ = connect_players(connect, Cursor("points"))
    (warning,) = check_first(acme.session).warnings
    assert TOLD in warning


@pytest.mark.parametrize("format_", ["epoch", "epoch_ms"])
def test_131_an_id_from_which_the_api_lists_on_is_told_while_nothing_comes(
    connect: Connect, api: Vendor, format_: str
) -> None:
    """`since_id=1767571200`: no id is that great, so each list is empty."""

    def page(request: ReceivedRequest) -> Reply:
        after = int(param(request, "since_id", "0"))
        return Reply(body={"players": [player for player in players(*range(60)) if player["id"] > after]})

    api.handler = page
    acme, stream = connect_players(connect, Cursor("id", since="since_id", format=format_))
    for _ in range(3):
        (warning,) = acme.sync(stream).warnings
        assert "the cursors at `id` are numbers such as 1, which as times lie before 1990" in warning
        assert "and none that counts, as an id does" in warning


@pytest.mark.parametrize(
    "points",
    [
        (),
        (None, None),
        (0,),
        (0, 1_770_000_000),
        (1_770_000_000_000, 5),
        ("1985-01-01T00:00:00Z", "1986-01-01"),
        ("2026-01-31", "2026-02-01"),
    ],
)
def test_131_times_are_not(connect: Connect, api: Vendor, points: tuple[Any, ...]) -> None:
    api.handler = lambda _: Reply(body={"players": players(*points)})
    acme, stream = connect_players(connect, Cursor("points", nulls="fetched"))
    assert [warning for warning in acme.sync(stream).warnings if TOLD in warning] == []
    assert [warning for warning in check_first(acme.session).warnings if TOLD in warning] == []
