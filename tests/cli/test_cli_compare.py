"""`dazz parse --compare` shows what a parse would change, and changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Project, at, days_ago


@pytest.fixture
def changing(project: Project) -> Iterator[Project]:
    """A synced project whose integration can be edited between two commands."""
    project.run("sync", project.target)
    yield project
    _forget_module()


def _forget_module() -> None:
    """Each command of a user is a process of its own, which reads the file anew."""
    for name in [name for name in sys.modules if name.startswith("dazz_at_")]:
        del sys.modules[name]


def edit(project: Project, old: str, new: str) -> None:
    path = Path(project.target)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    _forget_module()


def files(project: Project) -> dict[str, bytes]:
    """All files and folders of the lake and the Dagster instance, but for the locks."""
    return {
        str(path): path.read_bytes() if path.is_file() else b""
        for path in project.home.rglob("*")
        if ".locks" not in path.parts
    }


COST = "cost=incident.cost,"
DOUBLED = "cost=incident.cost * 2,"


def test_where_nothing_changed_it_says_so(changing: Project) -> None:
    ran = changing.run("parse", changing.target, "--compare", "--exit-code")
    assert "No difference: a parse would publish what is published." in ran.out
    document = changing.json("parse", changing.target, "--compare", "--exit-code")
    assert document["differs"] is False
    (comparison,) = document["comparisons"]
    assert (comparison["connection"], comparison["parser"], comparison["windows"]) == ("acme", "tickets", 3)
    assert [(item["table"], item["objects"], item["changed"]) for item in comparison["tables"]] == [("tickets", 3, 0)]


def test_a_changed_parser_is_shown_field_by_field(changing: Project) -> None:
    edit(changing, COST, DOUBLED)
    ran = changing.run("parse", changing.target, "tickets", "--compare")
    assert "cost: 3 changed" in ran.out
    assert 'cost: "12.5" -> "25"' in ran.out
    (comparison,) = changing.json("parse", changing.target, "--compare")["comparisons"]
    (tickets,) = comparison["tables"]
    assert (tickets["added"], tickets["gone"], tickets["changed"], tickets["fields"]) == (0, 0, 3, {"cost": 3})
    (field,) = tickets["examples"]["changed"][0]["fields"]
    assert field == {"path": "cost", "before": "12.500000000000000000", "after": "25.000000000000000000"}


def test_a_difference_is_a_failure_only_where_that_is_asked_for(changing: Project) -> None:
    edit(changing, COST, DOUBLED)
    changing.run("parse", changing.target, "--compare")
    changing.run("parse", changing.target, "--compare", "--exit-code", status=1)
    assert changing.json("parse", changing.target, "--compare", "--exit-code", status=1)["differs"] is True


def test_neither_the_lake_nor_the_instance_is_touched(changing: Project) -> None:
    edit(changing, COST, DOUBLED)
    asked, before = len(changing.vendor.requests), files(changing)
    changing.run("parse", changing.target, "--compare")
    assert files(changing) == before
    assert len(changing.vendor.requests) == asked


def test_the_parse_that_follows_does_what_was_told_and_then_nothing_differs(changing: Project) -> None:
    edit(changing, "id=self.object_id(incident.id)", 'id=self.object_id("new", incident.id)')
    (comparison,) = changing.json("parse", changing.target, "--compare")["comparisons"]
    (tickets,) = comparison["tables"]
    assert (tickets["added"], tickets["gone"], tickets["changed"]) == (3, 3, 0)
    changing.run("parse", changing.target)
    ids = {row["id"] for row in changing.json("query", "select id from tickets")}
    assert ids == {example["id"] for example in tickets["examples"]["added"]}
    changing.run("parse", changing.target, "--compare", "--exit-code")


def test_a_range_compares_the_windows_that_meet_it(changing: Project) -> None:
    edit(changing, COST, DOUBLED)
    day = (days_ago(21).isoformat(), days_ago(19).isoformat())
    document = changing.json("parse", changing.target, "--compare", "--since", day[0], "--until", day[1])
    (comparison,) = document["comparisons"]
    assert (comparison["windows"], comparison["tables"][0]["changed"]) == (1, 1)


def test_what_would_be_put_aside_is_shown(changing: Project) -> None:
    edit(changing, "    cost: Decimal\n\n\nclass Ticket", "    cost: Decimal = Field(gt=13)\n\n\nclass Ticket")
    edit(changing, "import BaseModel, SecretStr", "import BaseModel, Field, SecretStr")
    edit(changing, '    path = "/incidents"', '    path = "/incidents"\n    max_invalid = 1.0')
    ran = changing.run("parse", changing.target, "--compare")
    assert "+ incidents i1 (invalid: cost: Input should be greater than 13)" in ran.out
    (comparison,) = changing.json("parse", changing.target, "--compare")["comparisons"]
    assert (comparison["quarantine"]["added"], comparison["tables"][0]["gone"]) == (3, 3)


def test_a_parser_that_raises_is_an_error_and_the_other_connections_are_compared(project: Project) -> None:
    project.configure({}, {"id": "beta"})
    project.run("sync", project.target, "--connection", "beta")
    project.vendor.incident("explode", at(2))
    project.run("sync", project.target, "--connection", "acme", status=1)
    document = project.json("parse", project.target, "--compare", status=1)
    assert [(item["connection"], item["parser"]) for item in document["errors"]] == [("acme", "tickets")]
    assert "no service of this incident" in document["errors"][0]["message"]
    assert [item["connection"] for item in document["comparisons"]] == ["beta"]
    assert "Error: incidents/acme, parser tickets" in project.run("parse", project.target, "--compare", status=1).err


def test_a_model_that_refuses_every_record_is_an_error(changing: Project) -> None:
    edit(changing, "    cost: Decimal\n\n\nclass Ticket", "    cost: Decimal\n    owner: str\n\n\nclass Ticket")
    ran = changing.run("parse", changing.target, "--compare", status=1)
    assert "records of incidents are invalid" in ran.err
    assert "owner: Field required" in ran.err


def test_an_unknown_parser_is_wrong_usage(synced: Project) -> None:
    ran = synced.run("parse", synced.target, "ticket", "--compare", status=2)
    assert "incidents has no parser 'ticket'; did you mean 'tickets'?" in ran.err


def test_exit_code_without_compare_is_refused(synced: Project) -> None:
    ran = synced.run("parse", synced.target, "--exit-code", status=2)
    assert "--exit-code says whether something would change: give --compare too" in ran.err


def test_what_was_never_synced_is_named(project: Project) -> None:
    ran = project.run("parse", project.target, "--compare", status=1)
    assert "its input services was never synced" in ran.err
