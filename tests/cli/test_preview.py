"""`dazz preview` shows one page of a stream, and stores nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Project, noon
from tests.cli.vendor import TOKEN


def run_preview(project: Project, stream: str, *args: str, status: int = 0) -> tuple[str, str]:
    result = project.run("preview", project.target, stream, "--connection", "acme", *args, status=status)
    return result.out, result.err


def test_a_page_is_shown_with_its_fields_and_the_fit_of_declarations(project: Project) -> None:
    out, err = run_preview(project, "incidents")
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0] == "incidents/acme, stream incidents"
    assert lines[1].startswith(f"GET {project.url}/incidents?since=")
    assert lines[2].endswith("3 records at `items`")
    assert lines[4].split() == ["id", "updated_at", "service", "cost"]
    assert lines[6].split() == ["i1", noon(20), "s1", "12.50"]
    assert ["updated_at", "time", "reads", noon(20)] in [line.split() for line in lines]
    assert "model: Incident accepts 3 of 3 records, and reads 4 of 4 fields" in lines
    assert "key: id, in every record, and unique" in lines
    assert "cursor: updated_at, in every record, oldest first in this page" in lines
    assert "paginator: none; detected in this page: none" in lines
    assert (
        lines[-1]
        == "next: none, this is the last page: no paginator is set, and the page shows no sign of another page"
    )
    assert err == ""
    assert project.vendor.requests == ["/incidents"]


def test_nothing_is_stored(project: Project) -> None:
    project.env["DAZZ_HOME"] = str(project.folder / "empty")
    project.env["DAGSTER_HOME"] = None
    run_preview(project, "incidents")
    assert not (project.folder / "empty").exists()


def test_ten_records_are_shown_and_the_others_counted(project: Project) -> None:
    for number in range(20):
        project.vendor.incident(f"n{number:02}", noon(2))
    out, _ = run_preview(project, "incidents")
    assert "and 13 more" in out
    assert "n07" in out
    assert "n08" not in out


def test_a_narrow_terminal_shows_the_most_useful_columns(project: Project) -> None:
    project.env["COLUMNS"] = "30"
    out, _ = run_preview(project, "incidents")
    assert out.splitlines()[4].split() == ["id", "updated_at"]


def test_declarations_that_do_not_fit_are_warnings(project: Project) -> None:
    project.vendor.responses["/incidents"] = (
        b'{"items": [{"id": 1, "updated_at": "soon", "extra": {"x": 1}}], "next_cursor": "t"}'
    )
    out, err = run_preview(project, "incidents")
    warnings = err.splitlines()
    assert warnings[0].startswith("warning: invalid, 1 record: id: Input should be a valid string; service: Field")
    assert warnings[1].startswith("warning: cursor: updated_at, 'soon' is not a time")
    assert warnings[2] == (
        "warning: no paginator is set, but `next_cursor` holds a token: set "
        '`paginator = CursorToken("next_cursor", param="cursor")`'
    )
    assert "no record in this page has service, cost" in out
    assert ["extra", "object", "ignores"] in [line.split() for line in out.splitlines()]


def test_a_wrong_path_of_records_shows_the_page_instead(project: Project) -> None:
    project.vendor.responses["/incidents"] = b'{"data": [{"id": "x"}], "took": 3}'
    out, err = run_preview(project, "incidents", status=1)
    assert "nothing is at `items`" in err
    assert "lists in the page: data (1)" in out
    assert ["data[].id", "string", "x"] in [line.split() for line in out.splitlines()]


def test_json_holds_the_whole_preview(project: Project) -> None:
    document = project.json("preview", project.target, "incidents", "--connection", "acme")
    assert (document["integration"], document["connection"], document["stream"]) == ("incidents", "acme", "incidents")
    assert [record["id"] for record in document["records"]] == ["i1", "i2", "i3"]
    assert document["fields"][0] == {
        "path": "id",
        "kinds": ["string"],
        "of": 3,
        "missing": 0,
        "null": 0,
        "example": "i1",
    }
    assert document["model"]["reading"] == {
        "read": ["cost", "id", "service", "updated_at"],
        "ignored": [],
        "absent": [],
    }
    assert document["paging"] == {
        "declared": None,
        "detected": [],
        "warning": None,
        "next": None,
        "last": "no paginator is set, and the page shows no sign of another page",
    }


@pytest.mark.parametrize("args", [[], ["--json"]], ids=["text", "json"])
def test_a_secret_that_the_vendor_sends_back_is_masked(project: Project, args: list[str]) -> None:
    record = f'{{"id": "{TOKEN}", "{TOKEN}": "my {TOKEN}", "odd": "\\ud800", "big": {"9" * 400}}}'
    project.vendor.responses["/incidents"] = f'{{"items": [{record}], "next": "/x?k={TOKEN}"}}'.encode()
    out, err = run_preview(project, "incidents", *args)
    assert TOKEN not in out + err
    assert "***" in out


def test_control_characters_from_the_vendor_do_not_reach_the_terminal(project: Project) -> None:
    project.vendor.responses["/incidents"] = b'{"items": [{"id": "\\u001b[31mred", "\\u001b[2J": 1}]}'
    out, err = run_preview(project, "incidents")
    assert "\x1b" not in out + err


def test_personal_fields_are_marked_and_missing_ones_are_warnings(project: Project) -> None:
    declared = 'path = "/incidents"\n    personal = ("lead.nme", "lead.login", "team", "lead.pets.name")'
    file = Path(project.target)
    file.write_text(file.read_text(encoding="utf-8").replace('path = "/incidents"', declared), encoding="utf-8")
    lead = '{"name": "Ann", "login": "ann", "pets": []}'
    record = f'{{"id": "i1", "lead": {lead}, "team": {{"boss": "Ann"}}}}'
    project.vendor.responses["/incidents"] = f'{{"items": [{record}]}}'.encode()
    out, err = run_preview(project, "incidents")
    rows = [line.split() for line in out.splitlines()]
    assert ["lead.login", "string", "ignores,", "personal", "ann"] in rows
    assert ["team", "object", "ignores,", "personal"] in rows
    assert ["team.boss", "string", "ignores,", "personal", "Ann"] in rows
    assert ["id", "string", "reads", "i1"] in rows
    warning = "IncidentsStream.personal: no record has `lead.nme` (did you mean `lead.name`?)"
    assert [line for line in err.splitlines() if "personal" in line] == [f"warning: {warning}"]
    assert project.json("preview", project.target, "incidents")["personal"] == {
        "stream": "IncidentsStream",
        "declared": ["lead.nme", "lead.login", "team", "lead.pets.name"],
        "absent": ["lead.nme"],
        "misspelt": {"lead.nme": "lead.name"},
    }


def test_the_only_connection_is_the_default_and_one_of_several_must_be_named(project: Project) -> None:
    assert project.run("preview", project.target, "incidents").out.startswith("incidents/acme, stream incidents")
    project.configure({}, {"id": "globex"})
    project.vendor.requests.clear()
    result = project.run("preview", project.target, "incidents", status=2)
    assert result.err == ("Error: incidents has several connections: choose one with --connection, from acme, globex\n")
    assert project.vendor.requests == []


def test_without_a_stream_the_streams_are_listed(project: Project) -> None:
    result = project.run("preview", project.target, status=2)
    assert result.err == "Error: which stream? incidents has: services, incidents\n"


def test_an_unknown_stream_or_connection_is_wrong_usage(project: Project) -> None:
    _, err = run_preview(project, "incident", status=2)
    assert err == "Error: incidents has no stream 'incident'; did you mean 'incidents'?\n"
    result = project.run("preview", project.target, "incidents", "--connection", "acne", status=2)
    assert "did you mean 'acme'?" in result.err
    assert project.vendor.requests == []


def test_a_rejected_token_is_reported_as_in_check(project: Project) -> None:
    project.configure({"config": project.config("wrong-9d2e")})
    _, err = run_preview(project, "incidents", status=1)
    assert "incidents/acme, stream incidents" in err
    assert "Check the connection's credentials" in err
    assert "wrong-9d2e" not in err


def test_an_empty_page_is_a_warning(project: Project) -> None:
    project.vendor.incidents = []
    out, err = run_preview(project, "incidents")
    assert "0 records at `items`" in out
    assert err == "warning: no records, so there is nothing to show\n"


def test_dagster_is_not_imported(project: Project, tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    code = (
        "import sys; from dazz_assets.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit as end: print(end.code, 'dagster' in sys.modules)"
    )
    env = {**os.environ, **{name: value for name, value in project.env.items() if value is not None}}
    command = [sys.executable, "-c", code, "preview", project.target, "incidents", "--connection", "acme"]
    result = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert result.stdout.splitlines()[-1] == "0 False", result.stderr
