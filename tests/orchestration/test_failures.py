"""The failure of a run names the connection and the line of the author's code, and no secret in any form."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pytest

from dazz_assets import Incremental, parser
from dazz_assets.domain import DomainObject
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.orchestration.local_runs import sync_connections
from dazz_assets.orchestration.outcomes import Outcome
from dazz_assets.orchestration.run_history import RunHistory
from dazz_assets.spec.read import read_integration
from tests.orchestration.conftest import Connect, MaterializeFromUi, at, week
from tests.orchestration.vendor import TOKEN, IncidentsIntegration, IncidentsStream, Vendor

SECRET = f"{TOKEN}/+"
FORMS = [SECRET, quote(SECRET, safe=""), b64encode(f"me:{SECRET}".encode()).decode()]


class Ticket(DomainObject):
    title: str


class RaisingIntegration(IncidentsIntegration):
    name = "incidents"

    @parser
    def tickets(self, incidents: Incremental[IncidentsStream]) -> Iterator[Ticket]:  # type: ignore[override]
        for _ in incidents:
            raise KeyError(" ".join(FORMS))
        yield Ticket(id="1", title="")


@pytest.fixture
def failure(
    connect: Connect, instance: dg.DagsterInstance, lake: Lake, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> tuple[Outcome, dg.Failure]:
    """The outcome of a sync whose parser raises an error with the secret in its text, and the failure of its step."""
    monkeypatch.setattr("tests.orchestration.vendor.TOKEN", SECRET)
    vendor.incident("1", at(week(1)))
    spec = read_integration(RaisingIntegration)
    outcome = sync_connections(
        spec, [connect(token=SECRET)], sync_range=SyncRange(from_mark=True), instance=instance, lake=lake
    )
    run = instance.get_runs(limit=1)[0]
    (record,) = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    event = record.event_log_entry.dagster_event
    assert event is not None
    stored = event.step_failure_data.user_failure_data
    assert stored is not None
    return outcome, dg.Failure(stored.description, metadata=stored.metadata)


def _line_that_raises() -> int:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if "raise KeyError" in line)


def test_a_parser_that_raises_is_shown_with_file_line_and_traceback(failure: tuple[Outcome, dg.Failure]) -> None:
    outcome, step_failure = failure
    (problem,) = outcome.errors
    assert f"(line {_line_that_raises()} of test_failures.py)" in problem.message
    assert problem.message.startswith("incidents/acme, parser tickets")
    trace = str(step_failure.metadata["dazz/traceback"].value)
    assert 'raise KeyError(" ".join(FORMS))' in trace
    assert "KeyError" in trace


def test_no_form_of_the_secret_is_in_message_or_traceback(failure: tuple[Outcome, dg.Failure]) -> None:
    outcome, step_failure = failure
    shown = f"{outcome.errors[0].message} {step_failure.description} {step_failure.metadata['dazz/traceback'].value}"
    assert "***" in shown
    assert [form for form in FORMS if form in shown] == []


def test_a_failed_run_over_several_connections_counts_for_the_one_that_failed(
    connect: Connect, materialize_from_ui: MaterializeFromUi, instance: dg.DagsterInstance
) -> None:
    connections = [connect("acme", token="wrong-canary"), connect("beta")]
    assert not materialize_from_ui(connections, ["incidents/raw/services"]).success
    history = RunHistory(instance)
    assert list(history.last_failures("incidents/acme")) == ["incidents__raw__services"]
    assert history.last_failures("incidents/beta") == {}
    assert history.last_failures("incidents/ac") == {}
