"""Options of a run that can't be met, as somebody gives them in the launchpad, are told in a sentence."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from tests.orchestration.conftest import Connect, MaterializeFromUi, week
from tests.orchestration.vendor import Vendor

STREAM = "incidents/raw/incidents"


def failure(result: dg.ExecuteInProcessResult) -> str:
    """What the only failed step says."""
    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data
    assert data.user_failure_data is not None, data.error_display_string
    return str(data.user_failure_data.description)


@pytest.mark.parametrize(
    ("asset", "options", "message"),
    [
        (
            "incidents/tickets",
            {"processes": 0},
            "incidents, tickets: the run's config is wrong: `processes` is 0: write a whole number of processes",
        ),
        ("incidents/tickets", {"processes": -2}, "`processes` is -2: write a whole number of processes, 1 or more"),
        (
            STREAM,
            {"since": "soon"},
            "incidents, incidents: the run's config is wrong: `since` is 'soon': write a time as 2026-01-31T12:00:00Z",
        ),
        (STREAM, {"refetch": True, "from_mark": True}, "the run's config is wrong: refetch, from_mark, and since or"),
    ],
)
def test_a_wrong_option_is_told_with_integration_and_asset(
    asset: str, options: dict[str, Any], message: str, connect: Connect, materialize_from_ui: MaterializeFromUi
) -> None:
    said = failure(materialize_from_ui([connect()], [asset], week(1), **options))
    assert message in said
    assert "validation error" not in said


def test_a_range_that_ends_before_the_start_fails_before_any_request(
    connect: Connect, vendor: Vendor, materialize_from_ui: MaterializeFromUi
) -> None:
    connection = connect()
    result = materialize_from_ui([connection], [STREAM], week(1), until="2020-01-01T00:00:00Z")
    assert failure(result).startswith(
        "incidents/acme, stream incidents: there is nothing to fetch until 2020-01-01T00:00:00+00:00, as the "
        f"connection starts later, on {connection.start}."
    )
    assert vendor.requests == []


def test_a_range_before_the_start_is_fetched_if_both_its_ends_are_named(
    connect: Connect, vendor: Vendor, materialize_from_ui: MaterializeFromUi
) -> None:
    result = materialize_from_ui(
        [connect()], [STREAM], week(1), since="2020-01-01T00:00:00Z", until="2020-02-01T00:00:00Z"
    )
    assert result.success
    assert len(vendor.requests) == 1
