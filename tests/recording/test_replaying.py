"""A replay takes nothing but what was recorded, and tells what does not fit."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_socket import SocketBlockedError, disable_socket, enable_socket

from dazz_assets.errors import RecordingError
from dazz_assets.recording.record_scenario import record_scenario
from dazz_assets.recording.replay import Replay, replay_scenario
from dazz_assets.spec.specs import IntegrationSpec
from tests.recording.shop import INTEGRATION, KEY, Shop, connection_to, written


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop's integration with its recording."""
    shop = Shop()
    folder = tmp_path_factory.mktemp("made") / "vendor"
    record_scenario(written(folder), connection_to(shop.url), "default", key=KEY, records=3)
    shop.vendor.close()
    return folder


class Copy:
    """A copy of the recorded integration, to be changed."""

    def __init__(self, made: Path, folder: Path) -> None:
        shutil.copytree(made, folder)
        self.folder = folder
        self.scenario = folder / "recordings" / "default"

    def integration(self, old: str = "", new: str = "") -> IntegrationSpec:
        assert old in INTEGRATION
        return written(self.folder, INTEGRATION.replace(old, new, 1))

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.scenario / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))

    def stale(self, spec: IntegrationSpec | None = None) -> dict[str, tuple[str, ...]]:
        with replay_scenario(self.scenario, spec or self.integration()) as replay:
            assert replay.problems == []
            return {item.path: item.lines for item in replay.stale()}

    def problems(self, spec: IntegrationSpec) -> list[str]:
        with replay_scenario(self.scenario, spec) as replay:
            return replay.problems


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Copy:
    return Copy(made, tmp_path / "vendor")


@pytest.fixture
def no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    with pytest.raises(SocketBlockedError):
        socket.socket()
    yield
    enable_socket()


@pytest.mark.usefixtures("no_network")
def test_what_was_just_recorded_fits_with_the_network_blocked(copy: Copy) -> None:
    assert copy.stale() == {}


def test_a_field_that_no_parser_reads_changes_the_raw_record_alone(copy: Copy) -> None:
    copy.edit("first/1-accounts.001.json", '"id": "a2"', '"colour": "blue",\n          "id": "a2"')
    copy.edit("second/1-accounts.001.json", '"id": "a2"', '"colour": "blue",\n          "id": "a2"')
    assert copy.stale() == {"first/raw/accounts": ('record a2: record.colour: (missing) -> "blue"',)}


def test_a_field_that_the_parser_reads_changes_the_record_and_its_object(copy: Copy) -> None:
    copy.edit("first/2-orders.person-c0a5269e.001.json", '"total": 12.50', '"total": 13.00')
    stale = copy.stale()
    assert set(stale) == {"first/raw/orders", "first/objects/invoices.invoices"}
    assert stale["first/raw/orders"] == ("record o1: record.total: 12.50 -> 13.00",)
    (line,) = stale["first/objects/invoices.invoices"]
    assert line.endswith(': total: "12.5" -> "13"')


def test_a_number_that_is_only_written_otherwise_is_another_text_and_the_same_object(copy: Copy) -> None:
    copy.edit("first/2-orders.person-c0a5269e.001.json", '"total": 12.50', '"total": 12.500')
    assert copy.stale() == {"first/raw/orders": ("record o1: record.total: 12.50 -> 12.500",)}


def test_white_space_in_a_recording_does_not_count(copy: Copy) -> None:
    for file in copy.scenario.glob("*/?-*.json"):
        file.write_text(file.read_text().replace("\n", "\n\n\t"))
    assert copy.stale() == {}


def test_a_changed_parser_changes_objects_and_no_records(copy: Copy) -> None:
    spec = copy.integration("total=order.total,", "total=order.total * 2,")
    stale = copy.stale(spec)
    assert set(stale) == {"first/objects/invoices.invoices", "second/objects/invoices.invoices"}
    assert stale["first/objects/invoices.invoices"][-1] == "and 3 more of object: changed"


def test_a_record_that_the_model_refuses_is_put_aside_and_missing(copy: Copy) -> None:
    copy.edit("first/2-orders.person-c0a5269e.001.json", '"total": 12.50', '"total": "much"')
    stale = copy.stale()
    assert set(stale) == {"first/raw/orders", "first/objects/invoices.invoices", "first/quarantine/invoices"} | {
        "second/quarantine/invoices"
    }
    assert stale["first/quarantine/invoices"] == ("put aside o1: not expected",)
    (line,) = stale["first/objects/invoices.invoices"]
    assert line.endswith(": missing")


def test_a_request_that_was_not_recorded_is_told_with_the_nearest_that_was(copy: Copy) -> None:
    spec = copy.integration('    path = "/accounts"\n', '    path = "/accounts"\n    params = {"state": "active"}\n')
    problems = copy.problems(spec)
    assert problems[0] == (
        "first sync: GET https://api.shop.example/accounts?state=active was requested and not recorded\n"
        "    nearest: GET https://api.shop.example/accounts\n"
        '    differs in: query.state: (missing) -> "active"'
    )
    # What follows from it is not told one by one, nor what the second sync would do.
    assert problems[1:] == ["first sync: of the recorded requests 8 were then not made"]


def test_a_header_that_changed_is_told(copy: Copy) -> None:
    spec = copy.integration('    records = "items"', '    headers = {"X-Api-Version": "2"}\n    records = "items"')
    assert 'differs in: headers.x-api-version: (missing) -> "2"' in copy.problems(spec)[0]


def test_a_recording_that_was_not_requested_is_told(copy: Copy) -> None:
    text = (copy.scenario / "first" / "1-accounts.002.json").read_text()
    (copy.scenario / "first" / "1-accounts.003.json").write_text(text.replace("?after=2", "?after=9"))
    assert copy.problems(copy.integration()) == [
        "first sync: 1-accounts.003 was recorded and not requested: GET https://api.shop.example/accounts?after=9\n"
        "    nearest: GET https://api.shop.example/accounts?after=2\n"
        '    differs in: query.after: "9" -> "2"'
    ]


def test_a_request_more_than_was_recorded_is_told(copy: Copy) -> None:
    spec = copy.integration('paginator = NextLink("next")', 'paginator = NextLink("again")')
    copy.edit("first/1-accounts.001.json", '"next":', '"again": "https://api.shop.example/accounts?x=1",\n "next":')
    assert "GET https://api.shop.example/accounts?x=1 was requested and not recorded" in copy.problems(spec)[0]


def test_an_integration_that_asks_twice_is_told(copy: Copy) -> None:
    copy.edit("first/1-accounts.001.json", '"status": 200', '"status": 503')
    assert copy.problems(copy.integration())[0] == (
        "first sync: GET https://api.shop.example/accounts was requested more often than it was recorded"
    )


def test_a_parser_that_raises_is_told_with_its_place(copy: Copy) -> None:
    spec = copy.integration("account=ids[order.login]", 'account=ids["nobody"]')
    (problem,) = copy.problems(spec)
    assert problem.startswith("first sync: shop/test, parser invoices, window 2026-01-01: the parser raised KeyError")


def test_a_recording_that_is_no_json_is_told_with_its_file(copy: Copy) -> None:
    copy.edit("first/1-accounts.001.json", '"status": 200,', '"status": 200')
    with pytest.raises(RecordingError, match=r"1-accounts.001.json is no recording of a request: .* line 1[0-9]"):
        copy.problems(copy.integration())


def test_the_clock_stands_at_the_recordings_moment_and_goes_on_afterwards(copy: Copy) -> None:
    file = copy.scenario / "scenario.json"
    times = {"first": "2026-02-03T04:05:06Z", "second": "2026-02-04T04:05:06Z"}
    file.write_text(json.dumps(json.loads(file.read_text()) | times))
    spec = copy.integration("issued_at=order.updated_at", "issued_at=datetime.now().astimezone()")
    before = time.time()
    with replay_scenario(copy.scenario, spec) as replay:
        assert issued(replay) == {datetime(2026, 2, 4, 4, 5, 6, tzinfo=UTC)}
        assert replay.texts["first/objects/invoices.invoices"].count('"issued_at": "2026-02-03T04:05:06Z"') == 8
        assert before <= time.time() < before + 120


def issued(replay: Replay) -> set[datetime]:
    (model,) = replay.spec.parsers["invoices"].models
    return {item.issued_at for item in replay.objects(model)}  # type: ignore[attr-defined]


def test_what_is_asked_for_that_there_is_not_is_told_with_what_there_is(copy: Copy) -> None:
    from dazz_assets.domain import Finding

    with replay_scenario(copy.scenario, copy.integration()) as replay:
        with pytest.raises(RecordingError, match="shop has no stream 'order'; did you mean 'orders'"):
            replay.records("order")
        with pytest.raises(RecordingError, match="no parser of shop returns Finding; there are: Invoice"):
            replay.objects(Finding)
