"""`dazz parse` parses stored records again."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Project, days_ago, noon


def test_a_restream_makes_no_request(project: Project) -> None:
    project.run("sync", project.target)
    requests = len(project.vendor.requests)
    document = project.json("parse", project.target)
    assert document["streams"] == []
    assert [(item["parser"], item["records"]) for item in document["parsers"]] == [("tickets", 3)]
    assert len(project.vendor.requests) == requests


def test_a_range_parses_the_windows_that_overlap_it(project: Project) -> None:
    project.run("sync", project.target)
    document = project.json(
        "parse", project.target, "tickets", "--since", days_ago(21).isoformat(), "--until", days_ago(19).isoformat()
    )
    (tickets,) = document["parsers"]
    assert (tickets["windows"], tickets["records"]) == (1, 1)


def test_stale_parses_only_windows_whose_full_refresh_inputs_changed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dazz_assets.transform.raw_inputs.MOST_ROWS_REFRESHED", 0)
    project.run("sync", project.target)
    (tickets,) = project.json("parse", project.target, "--stale")["parsers"]
    assert tickets["windows"] == 0
    project.vendor.services = [{"id": "s1", "name": "Store"}]
    project.run("sync", project.target, "--stream", "services")
    (tickets,) = project.json("parse", project.target, "--stale")["parsers"]
    assert tickets["records"] == 3
    assert project.json("query", "select distinct service from tickets") == [{"service": "Store"}]


def test_a_parser_that_fails_is_named_with_what_it_raised(project: Project) -> None:
    project.vendor.incident("explode", noon(2))
    document = project.json("sync", project.target, status=1)
    (error,) = document["errors"]
    assert (error["connection"], error["parser"]) == ("acme", "tickets")
    assert "no service of this incident" in error["message"]


def test_an_unknown_parser_is_wrong_usage(synced: Project) -> None:
    result = synced.run("parse", synced.target, "ticket", status=2)
    assert "did you mean 'tickets'?" in result.err
