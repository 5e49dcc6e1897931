"""The vendors' own example responses, served over HTTP and recorded: replayed they give what a live sync gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.orchestration.dagster_instance import open_temporary_instance
from dazz_assets.orchestration.local_runs import sync_connections
from dazz_assets.recording.record_scenario import record_scenario
from dazz_assets.recording.replay import replay_scenario
from dazz_assets.recording.scenario import CONNECTION, recordings_folder
from dazz_assets.sensitive import SensitiveFields
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec
from tests.http.loopback import ReceivedRequest, Reply, Vendor
from tests.integrations.make_recordings import copied
from tests.integrations.sync_results import Found, People, no_network, read
from tests.integrations.vendor_data import answer_as_github, answer_as_snyk, needs_vendor_data

pytestmark = needs_vendor_data

START = date(2021, 1, 4)
NOW = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """How a vendor answers, what its config has beside a token, what that gives, and which streams have nothing."""

    answer: Callable[[ReceivedRequest], Reply]
    config: dict[str, str]
    findings: int
    empty: tuple[str, ...] = ()


CASES = {
    "github": Case(answer_as_github, {"org": "acme"}, 13, empty=("generic_secret_alerts",)),
    "snyk": Case(answer_as_snyk, {}, 8),
}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


def live(spec: IntegrationSpec, connection: Connection, lake: Lake) -> Found:
    with open_temporary_instance() as instance:
        for _ in range(2):
            outcome = sync_connections(
                spec, [connection], sync_range=SyncRange(from_mark=True), instance=instance, lake=lake
            )
            assert outcome.errors == []
    return Found.of(Session(spec, connection, lake))


@pytest.mark.parametrize("name", CASES)
def test_recorded_and_replayed_they_give_the_rows_and_findings_of_a_live_sync(
    name: str, vendor: Vendor, tmp_path: Path
) -> None:
    case = CASES[name]
    vendor.handler = case.answer
    # The examples are spread over five years: in windows of a month there are not so many that hold none.
    spec = copied(name, tmp_path, window="month")
    assert spec.window == "month"
    config = {"token": "canary-8d1f", "base_url": vendor.url, **case.config}
    connection = Connection(id=CONNECTION, integration=name, start=START, config=config)
    ours = _files(recordings_folder(find_integration(name)))

    with time_machine.travel(NOW):
        recorded = record_scenario(spec, connection, "vendor", key=b"key", records=None, pages=None)
        expected = live(spec, connection, Lake(tmp_path / "lake"))
    with no_network(), replay_scenario(recorded.folder, spec) as replay:
        assert (replay.problems, replay.stale_snapshots()) == ([], [])
        found = Found.of(replay.session)

    # GitHub's webhooks are about the repositories of a person, who is known there too by who dismissed an alert.
    personal = {path for stream in spec.streams.values() for path in stream.personal}
    people = People(numbers=personal | {"repository.owner.id"})
    for stream, rows in expected.rows.items():
        assert bool(rows) == (stream not in case.empty)
        hides = SensitiveFields(spec.streams[stream].sensitive)
        real = [{**row, "record": read(hides.hide_keeping_kinds(row["record"]))} for row in _redact(rows)]
        assert people.rows(_redact(found.rows[stream]), rows) == real
    # GitHub's octocat is a member, which is a person's, and owns the repository, which is not: two by a recording.
    for objects in (found.objects, expected.objects):
        objects.pop("identities", None)
    assert people.real(found.objects, expected.objects) == expected.objects
    findings = [item for items in expected.objects.values() for item in items.values() if "severity" in item]
    assert len(findings) == case.findings
    assert people.pairs
    assert people.has_one_pseudonym_each
    assert recorded.folder.is_relative_to(tmp_path)
    assert _files(recordings_folder(find_integration(name))) == ours


def _redact(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without the one token that a vendor's example has: a recording has another in its place."""
    token = re.compile(r'("temp_clone_token":)"[^"]+"')
    return [{**row, "record": token.sub(r'\1"redacted"', row["record"])} for row in rows]


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
