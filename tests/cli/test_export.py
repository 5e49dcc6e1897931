"""`dazz export ocsf` writes published findings as valid OCSF events."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dazz_assets import Incremental, parser
from dazz_assets.cli import app
from dazz_assets.domain import DomainObject, Finding, FindingClass, RawRecord, Severity, Status
from tests.cli.closed_pipe import run_without_reader
from tests.domain.test_ocsf_events import problems
from tests.help_desk_vendor import Customer, Desk, PagedDeskApi, TicketsStream, help_desk


class FindingDesk(PagedDeskApi):
    streams = (TicketsStream,)

    @parser
    def findings(self, tickets: Incremental[TicketsStream]) -> Iterator[Finding]:
        for ticket in tickets:
            yield Finding(
                id=self.object_id(ticket.id),
                uid=str(ticket.id),
                class_uid=FindingClass.VULNERABILITY,
                title=ticket.title,
                raw_record=RawRecord(stream="tickets", key=str(ticket.id)),
                status_id=Status.NEW,
                vendor_status="open",
                severity_id=Severity.HIGH,
                resource_type="repository",
                resource_id="r",
                resource_uid="7",
                cves=["CVE-2026-1"],
                first_seen_time=ticket.updated_at,
                last_seen_time=ticket.updated_at,
            )


class OtherFinding(DomainObject):
    table = "findings"
    text: str


class OtherDesk(PagedDeskApi):
    streams = (TicketsStream,)

    @parser
    def findings(self, tickets: Incremental[TicketsStream]) -> Iterator[OtherFinding]:
        for ticket in tickets:
            yield OtherFinding(id=self.object_id(ticket.id), text=ticket.title)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with help_desk() as desk:
        for number in (1, 2, 3, 4):
            desk.put(number, f"2026-01-0{number + 5}T10:00:00Z")
        yield desk


@pytest.fixture
def home(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the findings of two connections."""
    monkeypatch.setenv("DAZZ_HOME", str(tmp_path))
    for connection in ("acme", "beta"):
        customer = Customer(tmp_path, desk.vendor.url, FindingDesk, connection=connection)
        customer.sync()
        customer.parse()
    return tmp_path


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["export", "ocsf", *arguments])


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.usefixtures("home")
def test_each_finding_is_one_valid_event_on_a_line_of_its_own() -> None:
    result = run()
    found = events(result.stdout)

    assert result.exit_code == 0
    assert [problems(event) for event in found] == [[]] * 8
    assert {event["metadata"]["tenant_uid"] for event in found} == {"acme", "beta"}
    assert {event["metadata"]["product"]["name"] for event in found} == {"desk"}
    assert {event["message"] for event in found} == {"ticket 1", "ticket 2", "ticket 3", "ticket 4"}
    assert "8 findings exported." in result.stderr


@pytest.mark.usefixtures("home")
def test_one_connection_alone_can_be_exported() -> None:
    assert {event["metadata"]["tenant_uid"] for event in events(run("--connection", "beta").stdout)} == {"beta"}


def test_a_connection_without_findings_is_an_error_that_leaves_no_file(home: Path) -> None:
    result = run("--connection", "bta", "--output", str(home / "events.jsonl"))

    assert result.exit_code != 0
    assert "There are no findings of bta. There are some of acme, beta." in f"{result.stderr}{result.exception}"
    assert [path.name for path in home.iterdir() if "events" in path.name] == []


def test_events_can_be_written_to_a_file(home: Path) -> None:
    result = run("--output", str(home / "events.jsonl"))

    assert result.stdout == ""
    assert len(events((home / "events.jsonl").read_text())) == 8


def test_it_ends_in_silence_when_its_reader_does(home: Path) -> None:
    command = [sys.executable, "-m", "dazz_assets.cli", "export", "ocsf"]
    assert run_without_reader(command, {"DAZZ_HOME": str(home)}) == ("", 1)


def test_the_same_findings_are_the_same_events(home: Path) -> None:
    assert run().stdout == run().stdout


def test_before_the_first_sync_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAZZ_HOME", str(tmp_path))
    result = run()

    assert result.exit_code != 0
    assert "run `dazz sync` first" in result.stderr


def test_findings_of_another_model_are_refused_by_name(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAZZ_HOME", str(tmp_path))
    customer = Customer(tmp_path, desk.vendor.url, OtherDesk)
    customer.sync()
    customer.parse()
    result = run()

    assert result.exit_code != 0
    assert "Only objects of `dazz_assets.domain.Finding` can be exported" in result.stderr
