"""`dazz parse --compare` shows what a parse would change, without changing anything."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Project, days_ago, noon


@pytest.fixture
def editable(project: Project) -> Iterator[Project]:
    """A synced project whose integration may be edited between commands."""
    project.run("sync", project.target)
    yield project
    _unload_integration()


def _unload_integration() -> None:
    """Make the next command load the file again, as it would in a new process."""
    for name in [name for name in sys.modules if name.startswith("dazz_at_")]:
        del sys.modules[name]


def edit(project: Project, old: str, new: str) -> None:
    path = Path(project.target)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    _unload_integration()


def read_home(project: Project) -> dict[str, bytes]:
    """All files and folders of the lake and the Dagster instance, except locks."""
    return {
        str(path): path.read_bytes() if path.is_file() else b""
        for path in project.home.rglob("*")
        if ".locks" not in path.parts
    }


COST = "cost=incident.cost,"
DOUBLED = "cost=incident.cost * 2,"


def test_no_difference_is_reported_as_such(editable: Project) -> None:
    result = editable.run("parse", editable.target, "--compare", "--exit-code")
    assert "No difference: a parse would publish the same objects again." in result.out
    document = editable.json("parse", editable.target, "--compare", "--exit-code")
    assert document["differs"] is False
    (comparison,) = document["comparisons"]
    assert (comparison["connection"], comparison["parser"], comparison["windows"]) == ("acme", "tickets", 3)
    assert [(item["table"], item["objects"], item["changed"]) for item in comparison["tables"]] == [("tickets", 3, 0)]


def test_a_changed_parser_is_shown_field_by_field(editable: Project) -> None:
    edit(editable, COST, DOUBLED)
    result = editable.run("parse", editable.target, "tickets", "--compare")
    assert "cost: 3 changed" in result.out
    assert 'cost: "12.5" -> "25"' in result.out
    (comparison,) = editable.json("parse", editable.target, "--compare")["comparisons"]
    (tickets,) = comparison["tables"]
    assert (tickets["added"], tickets["gone"], tickets["changed"], tickets["fields"]) == (0, 0, 3, {"cost": 3})
    (field,) = tickets["examples"]["changed"][0]["fields"]
    assert field == {"path": "cost", "before": "12.500000000000000000", "after": "25.000000000000000000"}


def test_a_difference_is_a_failure_only_where_that_is_asked_for(editable: Project) -> None:
    edit(editable, COST, DOUBLED)
    editable.run("parse", editable.target, "--compare")
    editable.run("parse", editable.target, "--compare", "--exit-code", status=1)
    assert editable.json("parse", editable.target, "--compare", "--exit-code", status=1)["differs"] is True


def test_neither_the_lake_nor_the_instance_is_touched(editable: Project) -> None:
    edit(editable, COST, DOUBLED)
    requests, before = len(editable.vendor.requests), read_home(editable)
    editable.run("parse", editable.target, "--compare")
    assert read_home(editable) == before
    assert len(editable.vendor.requests) == requests


def test_the_next_parse_does_what_was_shown_and_then_nothing_differs(editable: Project) -> None:
    edit(editable, "id=self.object_id(incident.id)", 'id=self.object_id("new", incident.id)')
    (comparison,) = editable.json("parse", editable.target, "--compare")["comparisons"]
    (tickets,) = comparison["tables"]
    assert (tickets["added"], tickets["gone"], tickets["changed"]) == (3, 3, 0)
    editable.run("parse", editable.target)
    ids = {row["id"] for row in editable.json("query", "select id from tickets")}
    assert ids == {example["id"] for example in tickets["examples"]["added"]}
    editable.run("parse", editable.target, "--compare", "--exit-code")


def test_a_range_compares_the_windows_that_overlap_it(editable: Project) -> None:
    edit(editable, COST, DOUBLED)
    day = (days_ago(21).isoformat(), days_ago(19).isoformat())
    document = editable.json("parse", editable.target, "--compare", "--since", day[0], "--until", day[1])
    (comparison,) = document["comparisons"]
    assert (comparison["windows"], comparison["tables"][0]["changed"]) == (1, 1)


def test_records_that_would_be_quarantined_are_shown(editable: Project) -> None:
    edit(editable, "    cost: Decimal\n\n\nclass Ticket", "    cost: Decimal = Field(gt=13)\n\n\nclass Ticket")
    edit(editable, "import BaseModel, SecretStr", "import BaseModel, Field, SecretStr")
    edit(editable, '    path = "/incidents"', '    path = "/incidents"\n    max_invalid = 1.0')
    result = editable.run("parse", editable.target, "--compare")
    assert "+ incidents i1 (invalid: cost: Input should be greater than 13)" in result.out
    (comparison,) = editable.json("parse", editable.target, "--compare")["comparisons"]
    assert (comparison["quarantine"]["added"], comparison["tables"][0]["gone"]) == (3, 3)


def test_a_parser_that_raises_is_an_error_and_the_other_connections_are_compared(project: Project) -> None:
    project.configure({}, {"id": "beta"})
    project.run("sync", project.target, "--connection", "beta")
    project.vendor.incident("explode", noon(2))
    project.run("sync", project.target, "--connection", "acme", status=1)
    document = project.json("parse", project.target, "--compare", status=1)
    assert [(item["connection"], item["parser"]) for item in document["errors"]] == [("acme", "tickets")]
    assert "no service of this incident" in document["errors"][0]["message"]
    assert [item["connection"] for item in document["comparisons"]] == ["beta"]
    assert "Error: incidents/acme, parser tickets" in project.run("parse", project.target, "--compare", status=1).err


def test_a_model_that_rejects_every_record_is_an_error(editable: Project) -> None:
    edit(editable, "    cost: Decimal\n\n\nclass Ticket", "    cost: Decimal\n    owner: str\n\n\nclass Ticket")
    result = editable.run("parse", editable.target, "--compare", status=1)
    assert "records of incidents that were read are invalid" in result.err
    assert "owner: Field required" in result.err


def test_an_unknown_parser_is_wrong_usage(synced: Project) -> None:
    result = synced.run("parse", synced.target, "ticket", "--compare", status=2)
    assert "incidents has no parser 'ticket'; did you mean 'tickets'?" in result.err


def test_exit_code_without_compare_is_wrong_usage(synced: Project) -> None:
    result = synced.run("parse", synced.target, "--exit-code", status=2)
    assert "--exit-code needs --compare: it reports whether anything would change" in result.err


def test_an_input_that_was_never_synced_is_named(project: Project) -> None:
    result = project.run("parse", project.target, "--compare", status=1)
    assert "its input services was never synced" in result.err
