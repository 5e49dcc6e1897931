"""`dazz sync`: its output and exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dazz_assets.cli import comparison_view
from dazz_assets.errors import ParseError
from dazz_assets.lake import LakeError
from dazz_assets.orchestration import assets
from dazz_assets.orchestration.dagster_instance import open_instance
from tests.cli.conftest import Project, days_ago, noon
from tests.cli.terminal import run_at_terminal
from tests.cli.vendor import TOKEN
from tests.http.loopback import Reply

STREAM_KEYS = {
    "connection",
    "stream",
    "requests",
    "records",
    "bytes",
    "retries",
    "waited_seconds",
    "high_water_mark",
    "drift",
}


def test_with_json_the_result_is_one_document_with_streams_parsers_and_errors(project: Project) -> None:
    document = project.json("sync", project.target)
    assert document.keys() == {"streams", "parsers", "errors"}
    services, incidents = document["streams"]
    assert services.keys() >= STREAM_KEYS
    assert (services["stream"], services["records"], services["high_water_mark"]) == ("services", 1, None)
    assert (incidents["connection"], incidents["stream"]) == ("acme", "incidents")
    assert (incidents["requests"], incidents["records"], incidents["retries"]) == (1, 3, 0)
    assert incidents["high_water_mark"] == noon(1)
    (tickets,) = document["parsers"]
    assert tickets.keys() >= {"connection", "parser", "objects", "windows", "quarantined"}
    assert (tickets["parser"], tickets["objects"], tickets["quarantined"]) == ("tickets", 3, 0)
    assert tickets["windows"] in (2, 3)  # Two of the days may be in the same week.
    assert document["errors"] == []


def test_the_next_sync_fetches_what_changed(project: Project) -> None:
    project.run("sync", project.target)
    project.vendor.incident("i1", noon(0).replace("12:00:00", "00:00:01"))
    document = project.json("sync", project.target)
    assert {item["stream"]: item["records"] for item in document["streams"]} == {"services": 1, "incidents": 1}


def test_without_json_the_result_is_a_table_without_control_codes(project: Project) -> None:
    result = project.run("sync", project.target)
    assert "high-water mark" in result.out
    assert noon(1).replace("T", " ") in result.out
    assert "incidents/acme incidents: 3 records fetched, 1 page," in result.err
    assert "\x1b" not in result.out + result.err


def test_stream_and_range_limit_what_is_fetched(project: Project) -> None:
    document = project.json(
        "sync",
        project.target,
        "--stream",
        "incidents",
        "--since",
        days_ago(12).isoformat(),
        "--until",
        days_ago(5).isoformat(),
    )
    (incidents,) = document["streams"]
    assert (incidents["stream"], incidents["records"], incidents["high_water_mark"]) == ("incidents", 1, None)
    assert "nothing is fetched yet" in incidents["gap"]


def test_a_range_that_ends_before_the_connections_start_is_no_success(project: Project) -> None:
    result = project.run("sync", project.target, "--stream", "incidents", "--until", "2020-01-01", status=1)
    assert f"as the connection starts later, on {days_ago(30)}. For what lies before, name a `since` too" in result.err
    assert project.vendor.requests == []


def test_records_from_before_the_connections_start_are_fetched_by_a_range_that_names_it(project: Project) -> None:
    project.vendor.incident("i0", noon(90))
    bounds = ("--since", days_ago(100).isoformat(), "--until", days_ago(80).isoformat())
    project.run("sync", project.target, *bounds)
    assert project.json("query", "select key from raw.incidents_incidents") == [{"key": "i0"}]
    assert project.json("query", "select count(*) as n from tickets") == [{"n": 1}]


def test_a_refetch_removes_records_that_are_no_longer_listed(project: Project) -> None:
    project.run("sync", project.target)
    project.vendor.incidents.pop(0)
    project.run("sync", project.target, "--refetch")
    assert project.json("query", "select count(*) as n from tickets") == [{"n": 2}]


def test_the_old_name_of_refetch_works_and_names_the_new_one(project: Project) -> None:
    project.run("sync", project.target)
    project.vendor.incidents.pop(0)
    result = project.run("sync", project.target, "--full-refresh", "--json")
    assert "--full-refresh is now called --refetch" in result.err
    assert json.loads(result.out)["streams"]
    assert project.json("query", "select count(*) as n from tickets") == [{"n": 2}]


def test_help_shows_refetch_but_not_its_old_name(project: Project) -> None:
    out = project.run("sync", "--help").out
    assert "--refetch" in out
    assert "--full-refresh" not in out


def test_a_connection_that_fails_is_named_and_the_others_are_synced(project: Project) -> None:
    project.configure({}, {"id": "beta", "config": project.config("wrong-9d2e")})
    result = project.run("sync", project.target, "--json", status=1)
    assert "wrong-9d2e" not in result.out + result.err
    document = project.json("query", "select connection, count(*) as n from tickets group by all")
    assert document == [{"connection": "acme", "n": 3}]
    assert '"connection": "beta"' in result.out
    assert "Check the connection's credentials" in result.out


def test_records_that_are_fetched_again_are_not_new(synced: Project) -> None:
    result = synced.run("sync", synced.target)
    header, *table = (line.split() for line in result.out.splitlines()[:4])
    assert header[:5] == ["connection", "stream", "requests", "fetched", "new"]
    (incidents,) = [row for row in table if row[1:2] == ["incidents"]]
    assert int(incidents[3]) > int(incidents[4]) == 0
    assert f"incidents/acme incidents: {incidents[3]} record" in result.err
    assert " fetched, 1 page, " in result.err


def test_each_warning_is_named_as_one_and_a_quarantine_has_its_reason_and_its_query(project: Project) -> None:
    unusable = '{"id": "i9", "service": "s1", "cost": 1}'
    wrong = [f'{{"id": "w{number}", "service": 5, "cost": 1, "updated_at": "{noon(3)}"}}' for number in range(2)]
    valid = f'{{"id": "ok", "service": "s1", "cost": 1, "updated_at": "{noon(3)}"}}'
    records = ", ".join([unusable, *wrong, *[valid.replace("ok", f"ok{number}") for number in range(30)]])
    project.vendor.responses["/incidents"] = f'{{"items": [{records}]}}'.encode()
    result = project.run("sync", project.target)
    cursorless, keyless, held = [line for line in result.err.splitlines() if ": warning: " in line]
    assert cursorless.startswith("incidents/acme incidents: warning: 1 record had no cursor at `updated_at`")
    assert keyless == "incidents/acme incidents: warning: 1 record without a key or cursor"
    assert held.startswith(
        "incidents/acme tickets: warning: 3 in quarantine, most often for `incidents: service: Input should be"
    )
    query = held.partition('see `dazz query "')[2].removesuffix('"`')
    where = "integration = 'incidents' and connection = 'acme' and parser = 'tickets'"
    assert query == f"select * from quarantine where {where}"
    assert len(project.json("query", query)) == 3


def write_with_notes(project: Project, of_service: str) -> Path:
    """The integration with a stream of notes of each service, whose path has this template."""
    code = Path(project.target).read_text(encoding="utf-8")
    notes = (
        f"class NotesStream(Stream):\n    parent = ServicesStream\n    path = '/services/{of_service}/notes'\n\n\n"
        "class IncidentsIntegration"
    )
    code = code.replace("class IncidentsIntegration", notes)
    code = code.replace("(ServicesStream, IncidentsStream)", "(ServicesStream, NotesStream, IncidentsStream)")
    target = project.folder / "with_notes.py"
    target.write_text(code, encoding="utf-8")
    return target


def test_a_template_that_fits_no_parent_is_told_once_and_with_all_of_some_parents_names(project: Project) -> None:
    target = write_with_notes(project, "{parent.slug}")
    project.vendor.services = [{"id": f"s{number}", "name": "Shop"} for number in range(4)]
    said = project.run("sync", str(target), status=1).err
    assert said.count("has no value in a record of services") == 1, said

    project.vendor.services[0]["slug"] = "first"
    project.vendor.responses["/services/first/notes"] = b'{"items": []}'
    said = project.run("sync", str(target)).err
    assert said.count("has no value in a record of services") == 1, said
    assert "incidents/acme notes: warning: services s1, s2, s3 were passed over: " in said


def test_parents_that_are_refused_alike_are_told_together(project: Project) -> None:
    target = write_with_notes(project, "{parent.id}")
    project.vendor.services = [{"id": f"s{number}", "name": "Shop"} for number in range(5)]
    project.vendor.responses["/services/s0/notes"] = b'{"items": []}'
    for number in range(1, 5):
        project.vendor.refused[f"/services/s{number}/notes"] = Reply(403, {"message": "not yours"})
    (told,) = [line for line in project.run("sync", str(target)).err.splitlines() if "not yours" in line]
    assert "notes: warning: services s1, s2, s3, s4 were passed over" in told
    project.vendor.refused["/services/s0/notes"] = Reply(403, {"message": "not yours"})
    (told,) = [line for line in project.run("sync", str(target), status=1).err.splitlines() if "not yours" in line]
    assert (told.count("not yours"), "5 of 5 services failed (s0: GET " in told) == (1, True)


def test_the_streams_fit_a_terminal_of_80_columns_as_a_table(synced: Project) -> None:
    printed = run_at_terminal(synced.command("sync", synced.target), synced.env, width=80)
    assert "row 1 of 2" not in printed
    assert "high-water" in printed


def test_the_query_of_a_quarantine_shows_what_this_integration_holds_and_no_other(project: Project) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    other = project.folder / "outages.py"
    other.write_text(text.replace("IncidentsIntegration", "OutagesIntegration"), encoding="utf-8")
    project.configure({}, {"integration": "outages"})

    def sync(target: str, wrong: int) -> str:
        """The query that is told after a sync in which so many records are wrong."""
        records = [
            {"id": f"w{number}", "service": 5 if number < wrong else "s1", "cost": 1, "updated_at": noon(3)}
            for number in range(40)
        ]
        project.vendor.responses["/incidents"] = json.dumps({"items": records}).encode()
        return project.run("sync", target).err.partition('see `dazz query "')[2].partition('"`')[0]

    queries = sync(project.target, 2), sync(str(other), 3)
    assert [len(project.json("query", query)) for query in queries] == [2, 3]


def test_one_wrong_token_is_one_error_that_names_the_streams(project: Project) -> None:
    project.configure({"config": project.config("wrong-9d2e")})
    errors = [line for line in project.run("sync", project.target, status=1).err.splitlines() if "Error: " in line]
    assert len(errors) == 2
    assert errors[0].startswith("Error: incidents/acme, streams services, incidents: 401 ")
    assert errors[0].endswith("replace them in its config.")
    assert errors[1] == "Error: incidents/acme, tickets: not run, because services failed"


def test_a_stream_that_failed_is_named_though_a_parser_bears_its_name(project: Project) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    more = text[text.index("    @parser\n") :].replace("def tickets", "def costs")
    target = project.folder / "alike.py"
    target.write_text(text.replace("def tickets", "def services") + "\n" + more, encoding="utf-8")
    project.vendor.responses["/services"] = b'{"items": 1}'
    errors = [line for line in project.run("sync", str(target), status=1).err.splitlines() if "Error: " in line]
    assert errors[1:] == ["Error: incidents/acme: parser services, costs did not run, because services failed"]


def test_a_wrong_placeholder_of_several_streams_is_one_error(project: Project) -> None:
    target = Path(project.target)
    text = target.read_text(encoding="utf-8").replace(
        'records = "items"', 'records = "items"\n    facts = {"me": "/me"}'
    )
    for path in ("/services", "/incidents"):
        text = text.replace(f'path = "{path}"', f'path = "{path}"\n    headers = {{"Site": "{{facts.me.site}}"}}')
    target.write_text(text, encoding="utf-8")
    project.vendor.responses["/me"] = b'{"name": "we"}'
    errors = [line for line in project.run("sync", project.target, status=1).err.splitlines() if "Error: " in line]
    assert errors[0] == (
        "Error: incidents/acme, streams services, incidents: {facts.me.site} has no value in what the vendor answered; "
        "correct the placeholder"
    )
    assert len(errors) == 2


@pytest.mark.parametrize("kind", [ParseError, LakeError])
@pytest.mark.parametrize("parsers", [["tickets"], ["tickets", "visits"]])
def test_an_error_that_does_not_say_whom_it_failed_is_told_whole(
    project: Project, monkeypatch: pytest.MonkeyPatch, kind: type[Exception], parsers: list[str]
) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    more = [text[text.index("    @parser\n") :].replace("def tickets", f"def {name}") for name in parsers[1:]]
    Path(project.target).write_text("\n".join([text, *more]), encoding="utf-8")

    def fail(*_: object, **__: object) -> None:
        raise kind("the folder is not ours; give it back")

    monkeypatch.setattr(assets, "parse", fail)
    monkeypatch.setattr(comparison_view, "compare_parse", fail)
    errors = [line for line in project.run("sync", project.target, status=1).err.splitlines() if "Error: " in line]
    named = parsers[0] if len(parsers) == 1 else f"parsers {', '.join(parsers)}"
    assert errors == [f"Error: incidents/acme, {named}: the folder is not ours; give it back"]
    each = [f"incidents/acme, {name}: the folder is not ours; give it back" for name in parsers]
    for command in (["parse"], ["parse", "--compare"]):
        document = project.json(*command, project.target, status=1)
        assert [error["message"] for error in document["errors"]] == each


def test_different_failures_are_different_errors(project: Project) -> None:
    project.vendor.responses |= {"/services": b'{"items": 1}', "/incidents": b'{"items": "none"}'}
    document = project.json("sync", project.target, status=1)
    assert [(item.get("stream"), item.get("failed_inputs")) for item in document["errors"]] == [
        ("services", None),
        ("incidents", None),
        (None, ["services"]),
    ]
    errors = [line for line in project.run("sync", project.target, status=1).err.splitlines() if "Error: " in line]
    assert [name in line for name, line in zip(("services", "incidents", "tickets"), errors, strict=True)] == [True] * 3


def test_wrong_config_of_one_of_several_connections_is_a_failure(project: Project) -> None:
    project.configure({}, {"id": "beta", "config": project.config("${NOT_SET_ANYWHERE}")}, {"id": "../x"})
    document = project.json("sync", project.target, status=1)
    errors = {item["connection"]: item["message"] for item in document["errors"]}
    assert "NOT_SET_ANYWHERE" in errors["beta"]
    assert "`id`" in errors["../x"]
    assert {item["connection"] for item in document["streams"]} == {"acme"}


def test_invalid_entries_of_other_integrations_are_ignored(project: Project) -> None:
    project.configure({}, {"id": "../x", "integration": "github"})
    assert project.json("sync", project.target)["errors"] == []


def test_wrong_config_of_every_connection_is_wrong_usage(project: Project) -> None:
    project.configure({"config": project.config("${NOT_SET_ANYWHERE}")})
    document = project.json("sync", project.target, status=2)
    assert document["streams"] == []
    assert "NOT_SET_ANYWHERE" in document["errors"][0]["message"]


def test_the_token_is_not_written_into_the_home(synced: Project) -> None:
    written = [path for path in synced.home.rglob("*") if path.is_file()]
    assert written
    assert [path for path in written if TOKEN.encode() in path.read_bytes()] == []


def test_runs_are_stored_on_the_instance_that_the_ui_opens(synced: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(synced.home / "dagster"))
    with open_instance() as instance:
        jobs = {run.job_name: run.status.value for run in instance.get_runs()}
    assert jobs == {"incidents_snapshots": "SUCCESS", "incidents_sync": "SUCCESS"}
