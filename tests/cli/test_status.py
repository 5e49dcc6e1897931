"""`dazz status` shows what is stored, when it was synced, and the last error."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest

from tests.cli.conftest import Project, noon
from tests.cli.terminal import run_at_terminal
from tests.cli.vendor import TOKEN
from tests.http.loopback import Reply


def test_a_synced_stream_shows_rows_mark_requests_and_when_it_is_due(synced: Project) -> None:
    streams = {item["stream"]: item for item in synced.json("status")["streams"] if item["integration"] == "incidents"}
    incidents = streams["incidents"]
    assert (incidents["connection"], incidents["rows"], incidents["requests"]) == ("acme", 3, 1)
    assert incidents["high_water_mark"] == noon(1)
    assert incidents["last_error"] is None
    last, due = (datetime.fromisoformat(incidents[name]) for name in ("last_sync", "due_next"))
    assert datetime.now(UTC) - last < timedelta(minutes=10)
    assert due - last <= timedelta(minutes=15)
    assert streams["services"]["high_water_mark"] is None


def test_a_parser_shows_objects_windows_and_what_is_stale_or_quarantined(synced: Project) -> None:
    (tickets,) = synced.json("status")["parsers"]
    assert (tickets["integration"], tickets["parser"], tickets["objects"]) == ("incidents", "tickets", 3)
    assert (tickets["stale_windows"], tickets["quarantined"], tickets["last_error"]) == (0, 0, None)
    assert tickets["last_parse"] is not None


def test_the_last_error_is_shown_until_a_sync_succeeds(project: Project) -> None:
    project.env["INCIDENTS_TOKEN"] = "wrong-9d2e"
    project.run("sync", project.target, status=1)
    result = project.run("status")
    assert "opens nothing here" in result.err
    assert "wrong-9d2e" not in result.out + result.err
    project.env["INCIDENTS_TOKEN"] = TOKEN
    project.run("sync", project.target)
    assert [item["last_error"] for item in project.json("status")["streams"]] == [None, None]


def test_assets_that_a_translator_renames_keep_their_history(project: Project) -> None:
    (project.folder / "naming.py").write_text(TRANSLATOR, encoding="utf-8")
    project.env["DAZZ_TRANSLATOR"] = f"{project.folder / 'naming.py'}:Ours"
    project.run("sync", project.target)
    status = project.json("status")
    assert all(item["last_sync"] for item in status["streams"])
    assert all(item["last_parse"] for item in status["parsers"])


TRANSLATOR = """
from dazz_assets.orchestration.translator import Translator

class Ours(Translator):
    def asset_key(self, spec, node):
        return super().asset_key(spec, node).with_prefix("ours")
"""


def test_a_connection_that_was_never_synced_is_due_now(project: Project) -> None:
    streams = project.json("status")["streams"]
    assert [(item["stream"], item["rows"], item["last_sync"]) for item in streams] == [
        ("incidents", 0, None),
        ("services", 0, None),
    ]
    assert all(item["due_next"] for item in streams)


def test_windows_whose_full_refresh_input_changed_are_stale_where_there_are_too_many_to_parse_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dazz_assets.transform.raw_inputs.MOST_ROWS_REFRESHED", 0)
    project.run("sync", project.target)
    project.vendor.services = [{"id": "s1", "name": "Store"}]
    result = project.run("sync", project.target, "--stream", "services")
    assert "were parsed with an older state of services; run `dazz parse " in result.err
    (tickets,) = project.json("status")["parsers"]
    assert tickets["stale_windows"] == tickets["windows"] > 0


def test_windows_that_were_stored_and_not_parsed_are_stale(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.run("sync", project.target)
    (before,) = project.json("status")["parsers"]
    project.vendor.incidents = [{**incident, "title": "changed"} for incident in project.vendor.incidents]
    with monkeypatch.context() as patch:
        patch.setattr("dazz_assets.orchestration.assets.parse", _fail)
        project.run("sync", project.target, "--refetch", status=1)
    (tickets,) = project.json("status")["parsers"]
    assert (before["stale_windows"], tickets["stale_windows"]) == (0, len(project.vendor.incidents))


def _fail(*_: object, **__: object) -> NoReturn:
    raise OSError("the disk is full")


def test_stored_streams_are_shown_after_their_connection_was_removed(project: Project) -> None:
    project.run("sync", project.target)
    project.configure()
    streams = project.json("status")["streams"]
    assert [(item["stream"], item["due_next"]) for item in streams] == [("incidents", None), ("services", None)]


def test_what_is_empty_is_not_shown_of_a_connection_that_was_removed(project: Project) -> None:
    project.vendor.services, project.vendor.incidents = [], []
    project.run("sync", project.target)
    assert len(project.json("status")["streams"]) == 2
    project.configure()
    status = project.json("status")
    assert (status["streams"], status["parsers"]) == ([], [])
    assert "no longer configured" not in project.run("status").err


def test_a_connection_whose_variable_is_not_set_is_told(project: Project) -> None:
    assert project.json("status")["problems"] == []
    project.env["INCIDENTS_TOKEN"] = None
    assert project.run("status").err == (
        "Connection not usable: connection 'acme' of incidents: config.token needs the environment variable "
        "INCIDENTS_TOKEN, which is not set\n"
    )


def test_why_a_connection_fails_is_told_to_its_end(project: Project) -> None:
    reason = "the words of the vendor, " * 15 + "which end here"
    project.vendor.refused |= dict.fromkeys(("/services", "/incidents"), Reply(401, {"message": reason}))
    project.run("sync", project.target, status=1)
    assert "which end here" in project.run("status").err


def test_names_and_times_are_whole_on_a_terminal_of_100_columns(synced: Project) -> None:
    lines = run_at_terminal(synced.command("status"), synced.env, width=100).splitlines()
    assert max(map(len, lines)) <= 100
    words = " ".join(lines).split()
    assert {"incidents/acme", "services", "tickets", f"{noon(1)[:10]}", "12:00Z"} <= set(words)


def test_a_connection_that_was_removed_is_said_to_be_and_its_old_errors_are_not_shown(project: Project) -> None:
    project.run("sync", project.target)
    project.env["INCIDENTS_TOKEN"] = "wrong-9d2e"
    project.run("sync", project.target, status=1)
    project.configure({"id": "beta"})
    result = project.run("status")
    assert result.err == "incidents/acme is no longer configured; what is stored of it stays\n"
    status = project.json("status")
    configured = {(item["connection"], item["configured"]) for item in [*status["streams"], *status["parsers"]]}
    assert configured == {("acme", False), ("beta", True)}


@pytest.mark.parametrize("text", ["connections: [", "connections: [{id: acme, integration: incidents, start: soon}]"])
def test_a_connection_whose_entry_is_wrong_is_not_said_to_be_removed(project: Project, text: str) -> None:
    project.run("sync", project.target)
    project.connections.write_text(text, encoding="utf-8")
    result = project.run("status")
    assert "no longer configured" not in result.err
    assert "Connection not usable" in result.err


def test_an_error_names_its_connection_once(project: Project) -> None:
    project.env["INCIDENTS_TOKEN"] = "wrong-9d2e"
    project.run("sync", project.target, status=1)
    for line in project.run("status").err.splitlines():
        assert line.count("incidents/acme") == 1, line


def test_an_integration_that_is_not_discovered_is_named_with_what_to_set(project: Project) -> None:
    project.env["DAZZ_INTEGRATIONS"] = None
    never_synced = project.run("status")
    assert never_synced.out.startswith("Nothing is stored in ")
    advice = (
        "what is due or stale is not known of incidents, which is not discovered: add the path of the file to "
        "DAZZ_INTEGRATIONS"
    )
    assert advice in never_synced.err
    project.run("sync", project.target)
    synced = project.run("status")
    assert advice in synced.err
    assert "incidents" in synced.out
    document = project.json("status")
    assert document["unknown"] == ["incidents"]
    assert [item["due_next"] for item in document["streams"]] == [None, None]
    project.env["DAZZ_INTEGRATIONS"] = project.target
    document = project.json("status")
    assert document["unknown"] == []
    assert all(item["due_next"] for item in document["streams"])
    assert "discovered" not in project.run("status").err


def test_compact_prints_what_it_did(synced: Project) -> None:
    assert "of 4 tables had something to compact or remove" in synced.run("compact").out
