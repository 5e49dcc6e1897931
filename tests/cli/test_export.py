"""`dazz export ocsf` writes published findings as valid OCSF events."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from dazz_assets import Incremental, parser
from dazz_assets.cli import app
from dazz_assets.domain import (
    AffectedCode,
    AffectedPackage,
    DomainObject,
    Finding,
    FindingClass,
    RawRecord,
    Severity,
    Status,
)
from dazz_assets.domain.ocsf_events import Event, ocsf_event
from tests.cli.closed_pipe import run_without_reader
from tests.domain.test_ocsf_events import EXPORTED, FULL, problems
from tests.help_desk_vendor import (
    Customer,
    Desk,
    DeskApi,
    DeskIntegration,
    PagedDeskApi,
    TicketsOnly,
    TicketsStream,
    help_desk,
)


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


def nullable(model: type[BaseModel]) -> list[str]:
    """The fields of a model that may be null."""
    return [name for name, field in model.model_fields.items() if type(None) in get_args(field.annotation)]


def findings_with_a_null_each() -> Iterator[Finding]:
    """For each field that may be null, of a finding, a package and a place in code, a finding in which it alone is."""
    ids = count()
    for field in nullable(Finding):
        yield full_finding(next(ids), **{field: None})
    for item in (full_finding(0).affected_packages[0], full_finding(0).affected_code[0]):
        holder = "affected_packages" if isinstance(item, AffectedPackage) else "affected_code"
        for field in nullable(type(item)):
            yield full_finding(next(ids), **{holder: [item.model_copy(update={field: None})]})


def full_finding(number: int, **given: Any) -> Finding:
    package = AffectedPackage(
        name="left-pad",
        version="1",
        package_manager="npm",
        purl="pkg:npm/left-pad@1",
        affected_versions="<2",
        fix_available=True,
        fixed_in_version="2",
        manifest_path="package.json",
        scope="runtime",
        relationship="direct",
    )
    place = AffectedCode(file_path="src/a.py", start_line=1, end_line=2, commit="c0ffee")
    required: dict[str, Any] = {
        "id": f"f{number:03}",
        "uid": str(number),
        "class_uid": FindingClass.VULNERABILITY,
        "title": "a title",
        "raw_record": RawRecord(stream="tickets", key="1"),
        "status_id": Status.NEW,
        "vendor_status": "open",
        "severity_id": Severity.HIGH,
        "resource_type": "repository",
        "resource_id": "r",
        "resource_uid": "7",
        "affected_packages": [package],
        "affected_code": [place],
    }
    return Finding(**{**FULL, **required, **given})


class NullsDesk(PagedDeskApi):
    streams = (TicketsStream,)

    @parser
    def findings(self, tickets: Incremental[TicketsStream]) -> Iterator[Finding]:
        yield from findings_with_a_null_each()


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


def test_a_finding_is_the_same_event_whichever_of_its_fields_is_null(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.tickets = {1: desk.tickets[1]}
    publish(desk, tmp_path, monkeypatch, NullsDesk)
    result = run()

    assert result.exit_code == 0, result.stderr
    found = {event["metadata"]["uid"]: event for event in events(result.stdout)}
    assert found == {finding.id: expected_event(finding) for finding in findings_with_a_null_each()}
    assert len(found) > 40
    assert [problems(event) for event in found.values()] == [[]] * len(found)


def expected_event(finding: Finding) -> Event:
    event: Event = json.loads(
        json.dumps(ocsf_event(finding, integration="desk", connection="acme", exported_at=EXPORTED))
    )
    return event


def test_findings_of_another_model_are_refused_by_name_and_leave_no_file(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(desk, tmp_path, monkeypatch, OtherDesk)
    (tmp_path / "folder").mkdir()
    result = run("--output", str(tmp_path / "folder" / "events.jsonl"))

    assert result.exit_code == 1
    assert "desk/acme: the finding " in result.stderr
    assert "Only objects of `dazz_assets.domain.Finding`, as it is now, can be exported" in result.stderr
    assert list((tmp_path / "folder").iterdir()) == []


@pytest.mark.parametrize("integration", [DeskIntegration, TicketsOnly])
def test_where_no_finding_was_published_it_says_so_and_names_no_other_table(
    integration: type[DeskApi], desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(desk, tmp_path, monkeypatch, integration)
    result = run()

    assert result.exit_code == 2
    assert "There is nothing to export: no finding was published yet." in result.stderr
    assert "Did you mean" not in result.stderr


def publish(desk: Desk, home: Path, monkeypatch: pytest.MonkeyPatch, integration: type[DeskApi]) -> None:
    monkeypatch.setenv("DAZZ_HOME", str(home))
    customer = Customer(home, desk.vendor.url, integration)
    customer.sync()
    if customer.spec.parsers:
        customer.parse()
