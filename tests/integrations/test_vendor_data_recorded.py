"""The vendors' own example responses, served over HTTP and recorded: replayed they give what a live sync gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

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
from dazz_assets.session import Session
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec
from tests.http.loopback import ReceivedRequest, Reply, Vendor
from tests.integrations.make_recordings import copied
from tests.integrations.sync_results import Found, People, no_network, read
from tests.integrations.test_vendor_data import FOLDER, example, load, webhook_alerts

pytestmark = pytest.mark.skipif(FOLDER is None, reason="VENDOR_DATA is not set: the vendors' own data is not here")

START = date(2021, 1, 4)
NOW = datetime(2026, 1, 5, tzinfo=UTC)


def github(asked: ReceivedRequest) -> Reply:
    """Repositories and alerts, newest first, in a page each."""
    alerts = example("/orgs/{org}/dependabot/alerts") + webhook_alerts()
    lists = {
        "/orgs/acme/repos": example("/orgs/{org}/repos"),
        "/orgs/acme/dependabot/alerts": sorted(alerts, key=lambda alert: str(alert["updated_at"]), reverse=True),
    }
    return Reply(body=lists[asked.path])


def snyk(asked: ReceivedRequest) -> Reply:
    """An organisation with a project, and issues of every kind."""
    records, page = load("snyk/records.json"), load("snyk/issues_page.json")
    if asked.path == "/rest/orgs":
        return Reply(body={"data": [records["organization"]], "links": {}})
    if asked.path.endswith("/projects"):
        return Reply(body={"data": [records["project"]], "links": {}})
    since, until = asked.query["updated_after"][0], asked.query.get("updated_before", ["9"])[0]
    issues = [*page["data"], *(records[name] for name in ("issue", "cloud_issue", "code_issue"))]
    return Reply(body={**page, "data": [item for item in issues if since <= item["attributes"]["updated_at"] < until]})


@dataclass(frozen=True)
class Case:
    """How a vendor answers, what its config has beside a token, and how many findings that gives."""

    answer: Callable[[ReceivedRequest], Reply]
    config: dict[str, str]
    findings: int


CASES = {"github": Case(github, {"org": "acme"}, 4), "snyk": Case(snyk, {}, 8)}


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
    config = {"token": "canary-8d1f", "base_url": vendor.url, **case.config}
    connection = Connection(id=CONNECTION, integration=name, start=START, config=config)
    ours = _files(recordings_folder(find_integration(name)))

    with time_machine.travel(NOW):
        recorded = record_scenario(spec, connection, "vendor", key=b"key", records=None, pages=None)
        expected = live(spec, connection, Lake(tmp_path / "lake"))
    with no_network(), replay_scenario(recorded.folder, spec) as replay:
        assert (replay.problems, replay.stale_snapshots()) == ([], [])
        found = Found.of(replay.session)

    people = People(numbers={path for stream in spec.streams.values() for path in stream.personal})
    for stream, rows in expected.rows.items():
        assert rows
        assert people.rows(found.rows[stream], rows) == [{**row, "record": read(row["record"])} for row in rows]
    assert people.real(found.objects, expected.objects) == expected.objects
    assert len(expected.objects["findings"]) == case.findings
    assert people.pairs
    assert people.has_one_pseudonym_each
    assert recorded.folder.is_relative_to(tmp_path)
    assert _files(recordings_folder(find_integration(name))) == ours


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
