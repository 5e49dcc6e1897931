"""A replay answers recorded requests only, and reports every difference."""

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
from tests.recording.shop import INTEGRATION, KEY, Shop, connection_to, write_integration


@pytest.fixture(scope="module")
def recorded_vendor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the shop's integration with its recording."""
    shop = Shop()
    folder = tmp_path_factory.mktemp("recorded") / "vendor"
    record_scenario(write_integration(folder), connection_to(shop.url), "default", key=KEY, records=3)
    shop.vendor.close()
    return folder


class Copy:
    """A copy of the recorded integration, for a test to change."""

    def __init__(self, recorded_vendor: Path, folder: Path) -> None:
        shutil.copytree(recorded_vendor, folder)
        self.folder = folder
        self.scenario = folder / "recordings" / "default"

    def integration(self, old: str = "", new: str = "") -> IntegrationSpec:
        assert old in INTEGRATION
        return write_integration(self.folder, INTEGRATION.replace(old, new, 1))

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.scenario / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))

    def stale(self, spec: IntegrationSpec | None = None) -> dict[str, tuple[str, ...]]:
        with replay_scenario(self.scenario, spec or self.integration()) as replay:
            assert replay.problems == []
            return {item.path: item.lines for item in replay.stale_snapshots()}

    def problems(self, spec: IntegrationSpec) -> list[str]:
        with replay_scenario(self.scenario, spec) as replay:
            return replay.problems


@pytest.fixture
def copy(recorded_vendor: Path, tmp_path: Path) -> Copy:
    return Copy(recorded_vendor, tmp_path / "vendor")


@pytest.fixture
def no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    with pytest.raises(SocketBlockedError):
        socket.socket()
    yield
    enable_socket()


@pytest.mark.usefixtures("no_network")
def test_a_new_recording_replays_with_the_network_blocked(copy: Copy) -> None:
    assert copy.stale() == {}


def test_a_change_of_a_field_that_no_parser_reads_changes_the_raw_record_only(copy: Copy) -> None:
    copy.edit("first/1-accounts.001.json", '"id": "a2"', '"colour": "blue",\n          "id": "a2"')
    copy.edit("second/1-accounts.001.json", '"id": "a2"', '"colour": "blue",\n          "id": "a2"')
    assert copy.stale() == {"first/raw/accounts": ('record a2: record.colour: (missing) -> "blue"',)}


def test_a_change_of_a_field_that_the_parser_reads_changes_the_record_and_its_object(copy: Copy) -> None:
    copy.edit("first/2-orders.person-c0a5269e.001.json", '"total": 12.50', '"total": 13.00')
    stale = copy.stale()
    assert set(stale) == {"first/raw/orders", "first/objects/invoices.invoices"}
    assert stale["first/raw/orders"] == ("record o1: record.total: 12.50 -> 13.00",)
    (line,) = stale["first/objects/invoices.invoices"]
    assert line.endswith(': total: "12.5" -> "13"')


def test_a_number_written_differently_changes_the_record_but_not_the_object(copy: Copy) -> None:
    copy.edit("first/2-orders.person-c0a5269e.001.json", '"total": 12.50', '"total": 12.500')
    assert copy.stale() == {"first/raw/orders": ("record o1: record.total: 12.50 -> 12.500",)}


def test_white_space_in_a_recording_does_not_count(copy: Copy) -> None:
    for file in copy.scenario.glob("*/?-*.json"):
        file.write_text(file.read_text().replace("\n", "\n\n\t"))
    assert copy.stale() == {}


def test_a_changed_parser_changes_objects_but_no_records(copy: Copy) -> None:
    spec = copy.integration("total=order.total,", "total=order.total * 2,")
    stale = copy.stale(spec)
    assert set(stale) == {"first/objects/invoices.invoices", "second/objects/invoices.invoices"}
    assert stale["first/objects/invoices.invoices"][-1] == "and 3 more objects: changed"


def test_a_record_that_the_model_refuses_is_quarantined_and_its_object_missing(copy: Copy) -> None:
    copy.edit("first/2-orders.person-c0a5269e.001.json", '"total": 12.50', '"total": "much"')
    stale = copy.stale()
    assert set(stale) == {"first/raw/orders", "first/objects/invoices.invoices", "first/quarantine/invoices"} | {
        "second/quarantine/invoices"
    }
    assert stale["first/quarantine/invoices"] == ("quarantine row o1: not expected",)
    (line,) = stale["first/objects/invoices.invoices"]
    assert line.endswith(": missing")


def test_an_unrecorded_request_is_reported_with_the_nearest_recorded_one(copy: Copy) -> None:
    spec = copy.integration('    path = "/accounts"\n', '    path = "/accounts"\n    params = {"state": "active"}\n')
    problems = copy.problems(spec)
    assert problems[0] == (
        "first sync: GET https://api.shop.example/accounts?state=active was requested but not recorded\n"
        "    nearest: GET https://api.shop.example/accounts\n"
        '    differs in: query.state: (missing) -> "active"'
    )
    # Its consequences are only counted, and the second sync does not run.
    assert problems[1:] == ["first sync: as a result, 8 recorded requests were not sent"]


def test_a_changed_header_is_reported(copy: Copy) -> None:
    spec = copy.integration('    records = "items"', '    headers = {"X-Api-Version": "2"}\n    records = "items"')
    assert 'differs in: headers.x-api-version: (missing) -> "2"' in copy.problems(spec)[0]


def test_a_recorded_request_that_was_not_sent_is_reported(copy: Copy) -> None:
    text = (copy.scenario / "first" / "1-accounts.002.json").read_text()
    (copy.scenario / "first" / "1-accounts.003.json").write_text(text.replace("?after=2", "?after=9"))
    assert copy.problems(copy.integration()) == [
        "first sync: 1-accounts.003 was recorded but not requested: GET https://api.shop.example/accounts?after=9\n"
        "    nearest: GET https://api.shop.example/accounts?after=2\n"
        '    differs in: query.after: "9" -> "2"'
    ]


def test_an_additional_request_is_reported(copy: Copy) -> None:
    spec = copy.integration('paginator = NextLink("next")', 'paginator = NextLink("again")')
    copy.edit("first/1-accounts.001.json", '"next":', '"again": "https://api.shop.example/accounts?x=1",\n "next":')
    assert "GET https://api.shop.example/accounts?x=1 was requested but not recorded" in copy.problems(spec)[0]


def test_a_repeated_request_is_reported(copy: Copy) -> None:
    copy.edit("first/1-accounts.001.json", '"status": 200', '"status": 503')
    assert copy.problems(copy.integration())[0] == (
        "first sync: GET https://api.shop.example/accounts was requested more often than recorded"
    )


def test_a_parser_that_raises_is_reported_with_parser_and_window(copy: Copy) -> None:
    spec = copy.integration("account=ids[order.login]", 'account=ids["nobody"]')
    (problem,) = copy.problems(spec)
    assert problem.startswith("first sync: shop/test, parser invoices, window 2026-01-01: the parser raised KeyError")


def test_a_recorded_file_that_is_not_json_is_reported_by_name(copy: Copy) -> None:
    copy.edit("first/1-accounts.001.json", '"status": 200,', '"status": 200')
    with pytest.raises(RecordingError, match=r"1-accounts.001.json is not a recorded request: .* line 1[0-9]"):
        copy.problems(copy.integration())


def test_the_clock_stands_at_the_time_of_the_recording_and_goes_on_afterwards(copy: Copy) -> None:
    file = copy.scenario / "scenario.json"
    times = {"first": "2026-02-03T04:05:06Z", "second": "2026-02-04T04:05:06Z"}
    file.write_text(json.dumps(json.loads(file.read_text()) | times))
    spec = copy.integration("issued_at=order.updated_at", "issued_at=datetime.now().astimezone()")
    before = time.time()
    with replay_scenario(copy.scenario, spec) as replay:
        assert issue_dates(replay) == {datetime(2026, 2, 4, 4, 5, 6, tzinfo=UTC)}
        assert replay.snapshots["first/objects/invoices.invoices"].count('"issued_at": "2026-02-03T04:05:06Z"') == 8
        assert before <= time.time() < before + 120


def issue_dates(replay: Replay) -> set[datetime]:
    (model,) = replay.spec.parsers["invoices"].models
    return {item.issued_at for item in replay.objects(model)}  # type: ignore[attr-defined]


def test_an_unknown_stream_or_model_is_an_error_that_suggests_known_ones(copy: Copy) -> None:
    from dazz_assets.domain import Finding

    with replay_scenario(copy.scenario, copy.integration()) as replay:
        with pytest.raises(RecordingError, match="shop has no stream 'order'; did you mean 'orders'"):
            replay.records("order")
        with pytest.raises(RecordingError, match="no parser of shop returns Finding; there are: Invoice"):
            replay.objects(Finding)
