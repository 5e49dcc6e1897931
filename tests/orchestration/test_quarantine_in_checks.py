"""A check shows what is in quarantine, and stays failed as long as something is. It shows no secrets and no people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import dagster as dg
import pytest
from pydantic import BaseModel

from dazz_assets import Cursor, FullRefresh, Incremental, Stream, parser
from dazz_assets.orchestration import checks
from dazz_assets.orchestration.dagster_internals import last_check_evaluation
from dazz_assets.orchestration.quarantine_view import TABLE, TABLE_COLUMNS, make_table
from dazz_assets.reports import ParseReport
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec
from dazz_assets.transform.quarantine import HeldQuarantine
from tests.orchestration.conftest import Connect, MaterializeFromUi, at, week
from tests.orchestration.vendor import TOKEN, Service, StatusPage, Ticket, Vendor

RAW, TICKETS, SERVICES = "incidents/raw/incidents", "incidents/tickets", "incidents/raw/services"
Row = Mapping[str, Any]


class Caller(BaseModel):
    name: str
    age: int | None = None


class Incident(BaseModel):
    id: str
    title: str
    service: str
    updated_at: datetime
    caller: Caller | None = None
    api_key: int | None = None

    def model_post_init(self, context: Any, /) -> None:
        if self.title.startswith("tell"):
            raise ValueError(self.title)


class ServicesStream(Stream[Service]):
    """Services of the shop."""

    path = "/services"
    personal = "name"


class IncidentsStream(Stream[Incident]):
    """Incidents of all services, with who called."""

    path = "/incidents"
    cursor = Cursor("updated_at", since="since", order="asc")
    personal = "caller.name"
    max_invalid = 1.0


class CalledIncidents(StatusPage):
    """A status page whose incidents name who called."""

    name = "incidents"
    streams = (ServicesStream, IncidentsStream)

    @parser
    def tickets(
        self, services: FullRefresh[ServicesStream], incidents: Incremental[IncidentsStream]
    ) -> Iterator[Ticket]:
        """Incidents as tickets, by title."""
        list(services)
        for incident in incidents:
            yield Ticket(id=self.object_id(incident.title), title=incident.title, service=incident.service)


class Checks:
    """The checks of the tickets, as the UI shows them."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance

    def last(self, check: str) -> dg.AssetCheckEvaluation:
        key = dg.AssetCheckKey(dg.AssetKey(TICKETS.split("/")), check)
        found = last_check_evaluation(self._instance, key)
        assert found is not None
        return found

    def passed(self, check: str = "records_valid") -> bool:
        return self.last(check).passed

    def text(self, check: str = "records_valid") -> str:
        return str(self.last(check).description)

    def rows(self, check: str = "records_valid") -> list[Row]:
        table = self.last(check).metadata.get("dazz/quarantine")
        return [dict(item.data) for item in table.records] if isinstance(table, dg.TableMetadataValue) else []


@pytest.fixture
def spec() -> IntegrationSpec:
    return read_integration(CalledIncidents)


@pytest.fixture
def shown(instance: dg.DagsterInstance) -> Checks:
    return Checks(instance)


Sync = Callable[..., None]


@pytest.fixture
def sync(materialize_from_ui: MaterializeFromUi, connect: Connect) -> Sync:
    """Syncs and parses windows of a connection, by default all."""

    def run(first: int = 5, last: int = 0, connection: str = "acme") -> None:
        made = connect(connection)
        assert materialize_from_ui([made], [SERVICES]).success
        assert materialize_from_ui([made], [RAW, TICKETS], week(first), week(last)).success

    return run


def put_invalid(vendor: Vendor, id_: str = "7", back: int = 2, values: Mapping[str, object] | None = None) -> None:
    """Add an incident that the model refuses."""
    vendor.incident(id_, at(week(back)))
    vendor.incidents[-1] |= values or {"title": 13}


def test_the_check_shows_each_record_with_reason_window_and_what_its_value_looks_like(
    vendor: Vendor, sync: Sync, shown: Checks
) -> None:
    vendor.incident("1", at(week(1)))
    put_invalid(vendor, "7", values={"title": 4711, "service": None})
    sync()
    assert shown.rows() == [
        {
            "connection": "acme",
            "window": week(2).isoformat(),
            "stream or model": "incidents",
            "key or id": "7",
            "reason": "title: Input should be a valid string; service: Input should be a valid string",
            "value, masked": "number 9999; null",
        }
    ]
    assert shown.text() == (
        f"acme: tickets: 1 record is in quarantine (1 of incidents in window {week(2)}), the first because of: title: "
        "Input should be a valid string; service: Input should be a valid string. Let the model of IncidentsStream "
        "accept what the vendor sends, then run `dazz parse incidents tickets`. The table `quarantine` of the lake "
        "holds all"
    )


def test_it_stays_failed_in_an_idle_sync_and_when_another_window_is_parsed_until_the_record_is_right(
    vendor: Vendor, sync: Sync, shown: Checks
) -> None:
    put_invalid(vendor)
    sync()
    first = shown.rows()
    sync(0, 0)
    assert (shown.passed(), shown.rows()) == (False, first)
    vendor.incident("8", at(week(0)))
    sync(0, 0)
    assert (shown.passed(), shown.rows()) == (False, first)
    vendor.incident("7", at(week(0)), title="right now")
    sync(0, 0)
    assert shown.passed()
    assert shown.rows() == []


def test_it_stays_failed_when_another_connection_is_synced(vendor: Vendor, sync: Sync, shown: Checks) -> None:
    put_invalid(vendor)
    sync()
    first = shown.rows()
    vendor.incidents.clear()
    sync(connection="beta")
    sync(0, 0, connection="beta")
    assert not shown.passed()
    assert shown.text().startswith("acme: tickets: 1 record is in quarantine")
    assert shown.rows() == first


def test_at_most_twenty_rows_are_shown_and_all_are_counted(vendor: Vendor, sync: Sync, shown: Checks) -> None:
    for number in range(30):
        put_invalid(vendor, str(number), back=number % 5)
    sync()
    assert len(shown.rows()) == 20
    assert shown.rows()[0]["window"] == week(0).isoformat()
    assert "30 records are in quarantine" in shown.text()
    assert shown.last("records_valid").metadata["dazz/quarantined"].value == 30


def test_the_examples_of_each_connection_are_shown() -> None:
    results = [
        (connection, checks.CheckResult("records_valid", False, "", metadata={TABLE: make_table([row] * 20)}))
        for connection in ("acme", "beta", "gamma")
        for row in [dg.TableRecord(dict.fromkeys(TABLE_COLUMNS, connection))]
    ]
    table = checks.combine_results(dg.AssetKey(TICKETS), "records_valid", results).metadata[TABLE]
    assert isinstance(table, dg.TableMetadataValue)
    assert len(table.records) == 20
    assert {row.data["connection"] for row in table.records} == {"acme", "beta", "gamma"}


def test_objects_with_one_id_are_shown_by_the_check_of_ids(vendor: Vendor, sync: Sync, shown: Checks) -> None:
    for number in range(12):
        vendor.incident(str(number), at(week(2)), title="down" if number < 2 else f"down {number}")
    sync()
    sync(0, 0)
    (row,) = shown.rows("ids_unique")
    assert (row["stream or model"], row["window"]) == ("Ticket", week(2).isoformat())
    assert f"1 object is in quarantine (1 of Ticket in window {week(2)})" in shown.text("ids_unique")
    assert shown.passed("records_valid")


@pytest.mark.parametrize(
    ("values", "masked"),
    [
        ({"title": None}, "null"),
        ({"title": True}, "true"),
        ({"title": -12.5}, "number -99.9"),
        ({"title": ["jane", "joe"]}, "a list of 2"),
        ({"title": {"jane": 1}}, "an object of 1 field"),
        ({"api_key": "hunter2-hunter2"}, "hidden"),
        ({"caller": {"name": ["Jane Doe"]}}, "hidden"),
        ({"caller": "Jane Doe"}, "hidden"),
        ({"service": 7, "caller": {"name": "Jane Doe", "age": "forty"}}, 'number 9; text "aaaaa"'),
        ({"title": "tell jane.doe@corp.io"}, "an object of 4 fields"),
        ({"title": f"tell {TOKEN}"}, "an object of 4 fields"),
    ],
)
def test_values_are_masked_and_those_of_people_and_secrets_hidden(
    values: dict[str, object], masked: str, vendor: Vendor, sync: Sync, shown: Checks
) -> None:
    put_invalid(vendor, values=values)
    sync()
    (row,) = shown.rows()
    assert row["value, masked"] == masked
    for hidden in ("jane", "Jane", "hunter2", TOKEN):
        assert hidden not in str(shown.last("records_valid"))


def test_a_key_that_names_a_person_is_hidden(vendor: Vendor, shown: Checks, sync: Sync) -> None:
    put_invalid(vendor, "jane.doe@corp.io")
    sync()
    assert [row["key or id"] for row in shown.rows()] == ["hidden"]


@pytest.mark.parametrize(
    ("cursor", "masked"),
    [
        ("noon, says jane", '"aaaa, aaaa aaaa"'),
        ("2 o'clock, says jane", '"9 a\'aaaaa, aaaa aaaa"'),
        ("""2 o'clock, says "jane\"""", r'''"9 a\'aaaaa, aaaa "aaaa""'''),
    ],
)
def test_a_cursor_that_is_no_time_is_masked(cursor: str, masked: str, spec: IntegrationSpec) -> None:
    held = HeldQuarantine()
    reason = f"the cursor at updated_at is not a time: {cursor!r}"
    row = {"stream": "incidents", "key": "7", "kind": "no cursor", "reason": reason, "window_start": None}
    held.records.add({**row, "model": None, "object_id": None})
    (result, *_) = checks.assess_parser(spec, ParseReport("acme", "tickets"), held)
    assert f"is not a time: {masked}. Correct `cursor` of IncidentsStream, then run `dazz sync" in result.text


def test_of_a_record_that_is_not_json_the_check_says_so(vendor: Vendor, sync: Sync, shown: Checks) -> None:
    vendor.incident("1", at(week(1)))
    put_invalid(vendor, values={"priority": float("nan")})
    sync()
    assert "the first because of: it can't be read: NaN is not JSON. No model can accept what is" in shown.text()
