"""At a terminal, `dazz new` asks for what the flags and the page leave open."""

from __future__ import annotations

import pytest

from dazz_assets.assistant.generate import write_call
from dazz_assets.cli import prompts
from tests.cli.new_workspace import FLAGS, RECORDS, TOKEN, Workspace
from tests.http.loopback import Reply, Vendor


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "is_terminal", lambda: True)


@pytest.mark.usefixtures("terminal")
def test_missing_flags_are_asked_for_with_defaults_from_the_page(workspace: Workspace) -> None:
    answers = ["https://api.acme.example", "header:X-Key", "/v1/issues", "", "", "", "updated_after", ""]
    result = workspace.new("acme", "--sample", workspace.sample, answers="\n".join(answers) + "\n")
    (stream,) = workspace.read_spec("acme").streams.values()
    assert write_call(workspace.read_spec("acme").integration.auth) == 'ApiKey(header="X-Key")'
    assert write_call(stream.cursor) == 'Cursor("updatedAt", since="updated_after")'
    assert write_call(stream.paginator) == 'NextLink("links.next")'
    for shown in ("[bearer]", "[data]", "[id]", "[updatedAt]", "[next-link:links.next]"):
        assert shown in result.err


@pytest.mark.usefixtures("terminal")
def test_an_invalid_answer_is_asked_for_again(workspace: Workspace) -> None:
    answers = ["api.acme.example", "https://api.acme.example", "", "/issues", "", "", "none", "nxt", "offset:start"]
    result = workspace.new("acme", "--sample", workspace.sample, answers="\n".join(answers) + "\n")
    (stream,) = workspace.read_spec("acme").streams.values()
    assert stream.cursor is None
    assert write_call(stream.paginator) == 'Offset(param="start")'
    assert "write it like https://api.vendor.com" in result.err
    assert "is not one of: link-header" in result.err


@pytest.mark.usefixtures("terminal")
def test_why_a_time_of_creation_is_not_proposed_is_said_before_the_question(workspace: Workspace) -> None:
    sample = workspace.write_page([{"id": 1, "created_at": "2026-01-01T00:00:00Z"}])
    flags = (*FLAGS, "--auth", "none", "--sample", sample)
    shown = workspace.new("acme", *flags, answers="\n\n\n\n").err
    note = "No cursor: `created_at` stays as it is when a record changes."
    assert 0 < shown.index(note) < shown.index("Which field is the time of the last change")
    assert note in (workspace.folder / "acme" / "integration.py").read_text(encoding="utf-8").replace("\n    # ", " ")


@pytest.mark.usefixtures("terminal")
def test_the_question_for_auth_explains_the_forms(workspace: Workspace) -> None:
    answers = [
        "https://api.acme.example",
        "header:Authorization:Token {config.token}",
        "/v1/issues",
        "",
        "",
        "",
        "",
        "",
    ]
    result = workspace.new("acme", "--sample", workspace.sample, answers="\n".join(answers) + "\n")
    assert write_call(workspace.read_spec("acme").integration.auth) == (
        'ApiKey(header="Authorization", format="Token {config.token}")'
    )
    assert "header:NAME:FORMAT  the token within a text in the header NAME" in result.err


@pytest.mark.usefixtures("terminal")
def test_an_empty_answer_without_a_default_is_asked_for_again(workspace: Workspace) -> None:
    answers = ["", "https://api.acme.example", "none", "", "/issues", "", "", "", "", ""]
    result = workspace.new("acme", "--sample", workspace.sample, answers="\n".join(answers) + "\n")
    assert result.err.count("This question has no default: type an answer, or stop with Ctrl-C") == 2


@pytest.mark.usefixtures("terminal")
def test_an_empty_answer_for_records_means_the_page_itself(workspace: Workspace) -> None:
    flags = (*FLAGS, "--auth", "none", "--records", "dta")
    workspace.new("acme", *flags, "--sample", workspace.write_page(RECORDS), answers="\n\n\n\n\n")
    (stream,) = workspace.read_spec("acme").streams.values()
    assert stream.records == ""


@pytest.mark.usefixtures("terminal")
def test_a_missing_token_is_reported_before_further_questions(workspace: Workspace) -> None:
    result = workspace.new("acme", answers="https://api.acme.example\nbasic\n", status=2)
    assert "Path of the first stream" not in result.err
    assert result.err.splitlines()[-5:] == [
        "To continue with your answers:",
        "",
        "  dazz new acme --base-url https://api.acme.example --auth basic",
        "",
        "Error: no page to generate from: set ACME_USERNAME, ACME_PASSWORD in the environment to fetch one, or give a "
        "file with --sample",
    ]


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("reply", "status"),
    [(Reply(401), 1), (Reply(404), 1), (Reply(body={"id": 1, "items": []}), 2)],
    ids=["wrong token", "wrong path", "no records"],
)
def test_a_first_page_that_fails_prints_the_command_with_the_answers(
    workspace: Workspace, api: Vendor, reply: Reply, status: int
) -> None:
    api.handler = lambda asked: reply
    workspace.env["MY_TOKEN"] = TOKEN
    answers = f"{api.url}\nheader:X-Key:t {{config.token}}\n/issues?state=open&limit=2\n"
    result = workspace.new("acme", "--token-env", "MY_TOKEN", "--key", "id", answers=answers, status=status)
    command = (
        f"  dazz new acme --base-url {api.url} --auth 'header:X-Key:t {{config.token}}' "
        "--path '/issues?state=open&limit=2' --key id --token-env MY_TOKEN"
    )
    assert command in result.err.splitlines()
    assert result.err.splitlines()[-1].startswith("Error: ")
    assert not (workspace.folder / "acme").exists()


@pytest.mark.usefixtures("terminal")
def test_an_invalid_flag_is_reported_before_any_question(workspace: Workspace) -> None:
    error = workspace.new("acme", "--path", "/a b", "--sample", workspace.sample, status=2).err
    assert error.startswith("Error: --path '/a b' contains ' '")


def test_without_questions_no_command_is_printed(workspace: Workspace, api: Vendor) -> None:
    api.handler = lambda asked: Reply(404)
    result = workspace.new("acme", "--base-url", api.url, "--path", "/issues", "--auth", "none", status=1)
    assert "dazz new" not in result.err


@pytest.mark.usefixtures("terminal")
def test_a_key_that_the_page_does_not_show_is_asked_for(workspace: Workspace) -> None:
    sample = workspace.write_page([{"name": "x"}, {"name": "y"}])
    workspace.new("acme", *FLAGS, "--auth", "none", "--sample", sample, answers="nme\nname\n\n\n\n")
    (stream,) = workspace.read_spec("acme").streams.values()
    assert stream.primary_key == ("name",)


@pytest.mark.usefixtures("terminal")
def test_a_paginator_that_the_page_needs_but_does_not_show_is_asked_for(workspace: Workspace) -> None:
    sample = workspace.write_page({"data": RECORDS, "has_more": True})
    answers = ["none", "offset:start", "", "", "none", ""]
    workspace.new("acme", *FLAGS, "--auth", "none", "--sample", sample, answers="\n".join(answers) + "\n")
    (stream,) = workspace.read_spec("acme").streams.values()
    assert write_call(stream.paginator) == 'Offset(param="start", more="has_more")'
