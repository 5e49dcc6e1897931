"""`dazz parse` parses stored records again."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.cli.conftest import Project, days_ago, noon
from tests.cli.vendor import INTEGRATION


def test_a_restream_makes_no_request(project: Project) -> None:
    project.run("sync", project.target)
    requests = len(project.vendor.requests)
    document = project.json("parse", project.target)
    assert document["streams"] == []
    assert [(item["parser"], item["objects"]) for item in document["parsers"]] == [("tickets", 3)]
    assert len(project.vendor.requests) == requests


def test_a_range_parses_the_windows_that_overlap_it(project: Project) -> None:
    project.run("sync", project.target)
    document = project.json(
        "parse", project.target, "tickets", "--since", days_ago(21).isoformat(), "--until", days_ago(19).isoformat()
    )
    (tickets,) = document["parsers"]
    assert (tickets["windows"], tickets["objects"]) == (1, 1)


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
    assert tickets["objects"] == 3
    assert project.json("query", "select distinct service from tickets") == [{"service": "Store"}]


def test_what_a_sync_advises_for_stale_windows_runs_as_printed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dazz_assets.transform.raw_inputs.MOST_ROWS_REFRESHED", 0)
    project.run("sync", project.target)
    project.vendor.services = [{"id": "s1", "name": "Store"}]
    advised = re.findall(r"`dazz (.*?)`", project.run("sync", project.target).err)
    assert advised == [f"parse {project.target} --stale"]
    project.run(*shlex.split(advised[0]))
    assert project.json("query", "select distinct service from tickets") == [{"service": "Store"}]


def test_sync_and_status_tell_of_windows_that_another_version_of_the_parser_parsed(project: Project) -> None:
    project.run("sync", project.target)
    assert "version" not in project.run("sync", project.target).err + project.run("status").err
    changed = project.folder / "newer" / "incidents.py"
    changed.parent.mkdir()
    changed.write_text(INTEGRATION.replace("@parser\n", '@parser(version="2")\n'), encoding="utf-8")
    project.target = project.env["DAZZ_INTEGRATIONS"] = str(changed)
    text = "tickets was last parsed with version 1 of the parser, and is now 2; run `dazz parse {} tickets`"
    assert (
        f"incidents/acme tickets: warning: {text.format(changed)} to parse it again"
        in project.run("sync", project.target).err
    )
    assert f"incidents/acme: {text.format('incidents')} to parse it again" in project.run("status").err
    (tickets,) = project.json("status")["parsers"]
    assert (tickets["version"], tickets["other_versions"]) == ("2", ["1"])
    project.run("parse", "incidents", "tickets")
    assert "version" not in project.run("sync", project.target).err + project.run("status").err


def test_a_parser_that_fails_is_named_with_what_it_raised(project: Project) -> None:
    project.vendor.incident("explode", noon(2))
    document = project.json("sync", project.target, status=1)
    (error,) = document["errors"]
    assert (error["connection"], error["parser"]) == ("acme", "tickets")
    assert "no service of this incident" in error["message"]


def test_an_unknown_parser_is_wrong_usage(synced: Project) -> None:
    result = synced.run("parse", synced.target, "ticket", status=2)
    assert "did you mean 'tickets'?" in result.err


@pytest.mark.parametrize("compare", [False, True])
def test_processes_are_started_as_the_option_says(
    project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, compare: bool
) -> None:
    monkeypatch.setattr("dazz_assets.transform.parse_windows.ROWS_WORTH_A_PROCESS", 1)
    project.run("sync", project.target)
    options = ["--compare"] if compare else []
    project.run("parse", project.target, *options)
    assert not caplog.records
    document = project.json("parse", project.target, "--processes", "2", *options)
    assert document["errors"] == []
    # The integration's file was written just now, so no other process can be sure to load what this one did.
    (record,) = [item for item in caplog.records if item.name == "dazz.parse"]
    assert record.getMessage().startswith("incidents/acme, parser tickets: not parsed by another process: ")


def test_there_is_one_process_at_least(project: Project) -> None:
    refused = project.run("parse", project.target, "--processes", "0", status=2).err
    assert "Invalid value for '--processes'" in refused
