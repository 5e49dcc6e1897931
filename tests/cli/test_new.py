"""`dazz new` writes an integration from one page, fetched from the API or read from a file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from dazz_assets.assistant.generate import write_call
from dazz_assets.cli import new_flags
from dazz_assets.connections import read_connections
from tests.cli.new_workspace import FLAGS, RECORDS, TOKEN, Workspace
from tests.http.loopback import ReceivedRequest, Reply, Vendor

# From a sample page


def test_settings_without_a_flag_are_inferred_from_the_page(workspace: Workspace) -> None:
    result = workspace.new("acme", *FLAGS, "--sample", workspace.sample)
    spec = workspace.read_spec("acme")
    (stream,) = spec.streams.values()
    assert (spec.name, spec.integration.base_url) == ("acme", "https://api.acme.example/v1")
    assert write_call(spec.integration.auth) == 'BearerToken("{config.token}")'
    assert (stream.name, stream.path, stream.records, stream.primary_key) == ("issues", "/issues", "data", ("id",))
    assert stream.cursor is not None
    assert stream.cursor.field == "updatedAt"
    assert write_call(stream.paginator) == 'NextLink("links.next")'
    assert list(spec.parsers) == ["acme_issues"]
    lines = result.out.splitlines()
    assert lines[0] == "Written to acme: __init__.py, models.py, integration.py."
    assert lines[1] == (
        'Stream issues, from 2 records at `data`: key id, cursor updatedAt, paginator NextLink("links.next").'
    )


def test_flags_take_precedence_over_the_page(workspace: Workspace) -> None:
    flags = ("--stream", "tickets", "--key", "title,id", "--cursor", "none", "--paginator", "page-number:p")
    stream = workspace.generate(*flags, "--auth", "header:X-Key")
    assert (stream.name, stream.primary_key, stream.cursor) == ("tickets", ("title", "id"), None)
    assert write_call(stream.paginator) == 'PageNumber(param="p")'
    assert write_call(workspace.read_spec("acme").integration.auth) == 'ApiKey(header="X-Key")'


@pytest.mark.parametrize(
    ("flag", "code"),
    [
        ("link-header", "LinkHeader()"),
        ("next-link:@odata\\.nextLink", r'NextLink("@odata\\.nextLink")'),
        ("cursor-token:meta.page.after:page[after]", 'CursorToken("meta.page.after", param="page[after]")'),
        ("page-number", "PageNumber()"),
        ("page-number:p", 'PageNumber(param="p")'),
        ("offset", "Offset()"),
        ("offset:startAt", 'Offset(param="startAt")'),
    ],
)
def test_each_paginator_has_a_flag_and_is_written_as_one(flag: str, code: str) -> None:
    paginator = new_flags.read_paginator(flag)
    assert write_call(paginator) == code
    assert new_flags.read_paginator(new_flags.write_paginator(paginator)) == paginator


@pytest.mark.parametrize(
    ("flag", "code"),
    [
        ("bearer", 'BearerToken("{config.token}")'),
        ("header:X-Key", 'ApiKey(header="X-Key")'),
        ("header:Authorization:token {config.token}", 'ApiKey(header="Authorization", format="token {config.token}")'),
        ("param:key", 'ApiKey(param="key")'),
        ("param:auth[key]", 'ApiKey(param="auth[key]")'),
        ("basic", 'Basic("{config.username}", "{config.password}")'),
    ],
)
def test_each_auth_has_a_flag(flag: str, code: str) -> None:
    assert write_call(new_flags.read_auth(flag)) == code


def test_none_means_no_paginator_and_no_auth() -> None:
    assert (new_flags.read_paginator("none"), new_flags.write_paginator(None), new_flags.read_auth("none")) == (
        None,
        "none",
        None,
    )


def test_basic_auth_has_a_variable_for_user_name_and_one_for_password(workspace: Workspace) -> None:
    result = workspace.new("acme", *FLAGS, "--sample", workspace.sample, "--auth", "basic")
    (entry,) = read_connection_entries(result.out)
    assert entry["config"] == {"username": "${ACME_USERNAME}", "password": "${ACME_PASSWORD}"}
    assert workspace.read_spec("acme").config.model_fields["username"].annotation is str
    assert workspace.read_spec("acme").config.model_fields["password"].annotation is SecretStr


def read_connection_entries(out: str) -> list[dict[str, Any]]:
    """The entries printed for connections.yaml."""
    text = out.partition("Add to connections.yaml:")[2].partition("Recorded in")[0]
    return list(yaml.safe_load(text)["connections"])


def test_the_printed_connection_fits_the_generated_integration(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ("--path", "/orgs/{config.org}/issues?limit=100&v=02&state=")
    result = workspace.new(
        "acme", "--base-url", "https://api.acme.example", *path, "--sample", workspace.sample, "--token-env", "T0"
    )
    file = workspace.folder / "connections.yaml"
    file.write_text(yaml.safe_dump({"connections": read_connection_entries(result.out)}), encoding="utf-8")
    (connection,) = read_connections(file).valid
    monkeypatch.setenv("T0", TOKEN)
    monkeypatch.setenv("ACME_ORG", "nimbus")
    spec = workspace.read_spec("acme")
    assert connection.load(spec.config).model_dump()["org"] == "nimbus"
    assert dict(spec.streams["issues"].params) == {"limit": 100, "v": "02", "state": ""}
    assert f"dazz preview acme issues --connection {connection.id}" in result.out


def test_since_becomes_the_parameter_of_the_cursor(workspace: Workspace) -> None:
    cursor = workspace.generate("--since", "updated_after").cursor
    assert cursor is not None
    assert (cursor.field, cursor.since) == ("updatedAt", "updated_after")


def test_the_folder_is_created_in_integrations_or_where_into_says(workspace: Workspace) -> None:
    (workspace.folder / "integrations").mkdir()
    workspace.new("acme", *FLAGS, "--sample", workspace.sample)
    workspace.new("other-vendor", *FLAGS, "--sample", workspace.sample, "--into", "some/where else")
    assert workspace.read_spec("integrations/acme").name == "acme"
    spec = workspace.read_spec("some/where else/other_vendor")
    assert (spec.name, spec.integration.__name__) == ("other_vendor", "OtherVendorIntegration")


def test_what_the_page_does_not_prove_is_a_warning(workspace: Workspace) -> None:
    result = workspace.new("acme", *FLAGS, "--sample", workspace.write_page([{"id": 1}]))
    assert [line for line in result.err.splitlines() if line.startswith("warning: ")] == [
        "warning: the page shows no way to the next page; without a paginator, only one page is fetched",
        "warning: no cursor: each sync fetches the whole list",
        "warning: one record shows neither what types a field may have, nor that the key is unique",
    ]


def test_names_of_people_are_declared_personal_and_recorded_as_pseudonyms(workspace: Workspace) -> None:
    records = [{"id": 1, "lead": {"name": "Grace Hopper", "email": "grace@navy.mil"}}, {"id": 2, "lead": None}]
    result = workspace.new("acme", *FLAGS, "--sample", workspace.write_page(records))
    (stream,) = workspace.read_spec("acme").streams.values()
    assert stream.personal == ("lead.name",)
    assert "Declared personal, and replaced by pseudonyms in recordings: lead.name." in result.out.splitlines()
    recorded = [file.read_text(encoding="utf-8") for file in (workspace.folder / "acme").rglob("*") if file.is_file()]
    assert not any("Grace" in text or "grace@" in text for text in recorded)
    assert "Review the recording before you commit it" in result.err


def test_next_steps_are_printed_last(workspace: Workspace) -> None:
    lines = workspace.new("acme", *FLAGS, "--sample", workspace.sample).out.splitlines()
    recorded = f"Recorded in {workspace.folder / 'acme' / 'recordings' / 'default'}: `pytest acme` runs it."
    assert lines[lines.index(recorded) :] == [
        recorded,
        "",
        "Next:",
        "",
        "  dazz preview acme issues --connection main",
        "  dazz record acme --connection main",
        "  dazz sync acme --connection main",
        "  pytest acme",
        "",
        "The recording was made from the sample; `dazz record` replaces it with one from the real API.",
    ]


def test_a_page_with_newest_records_first_suggests_order_desc(workspace: Workspace) -> None:
    days = [{"id": day, "updated": f"2026-01-0{day}"} for day in (3, 2, 1)]
    assert (
        'set `order="desc"` on the cursor to stop early'
        in workspace.new("acme", *FLAGS, "--sample", workspace.write_page(days)).err
    )


@pytest.mark.xdist_group("types")
def test_the_generated_code_passes_the_type_checker(workspace: Workspace, mypy_cache: Path) -> None:
    workspace.generate("--since", "from")
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={mypy_cache}", "acme"]
    result = subprocess.run(command, cwd=workspace.folder, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout


# From the API


def test_with_a_token_in_the_environment_the_page_is_fetched(workspace: Workspace, api: Vendor) -> None:
    following = {"Link": f'<{api.url}/orgs/a%20b/issues?page=2>; rel="next"'}
    api.handler = lambda asked: Reply(body=[]) if "page" in asked.query else Reply(body=RECORDS, headers=following)
    workspace.env |= {"ACME_TOKEN": TOKEN, "ACME_ORG": "a b"}
    result = workspace.new("acme", "--base-url", api.url, "--path", "/orgs/{config.org}/issues?limit=2")
    assert api.requests[0].target == "/orgs/a%20b/issues?limit=2"
    assert api.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    (stream,) = workspace.read_spec("acme").streams.values()
    assert write_call(stream.paginator) == "LinkHeader()"
    assert "dazz record" not in result.out
    assert TOKEN not in result.out + result.err
    assert all(TOKEN not in file.read_text(encoding="utf-8") for file in workspace.folder.rglob("*.py"))


def test_an_open_api_needs_no_token(workspace: Workspace, api: Vendor) -> None:
    api.script(Reply(body={"data": RECORDS, "links": {"next": None}}))
    workspace.new("acme", "--base-url", api.url, "--path", "/issues", "--auth", "none")
    assert "Authorization" not in api.requests[0].headers
    assert set(workspace.read_spec("acme").config.model_fields) == {"base_url"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.ndjson", "\n".join(json.dumps(record) for record in RECORDS)),
        ("page.JSONL", json.dumps(RECORDS[0])),
        ("page.txt", "\n".join(json.dumps(record) for record in RECORDS) + "\n"),
        ("page.csv", "id,title,updatedAt\na,x,2026-01-01T00:00:00Z\nb,y,2026-01-02T00:00:00Z\n"),
        ("page.json", "\ufeff" + json.dumps(RECORDS)),
    ],
    ids=["NDJSON", "one line", "NDJSON by its content", "CSV", "JSON with a byte order mark"],
)
def test_a_sample_may_have_any_format_that_the_network_may(workspace: Workspace, name: str, content: str) -> None:
    file = workspace.folder / name
    file.write_text(content, encoding="utf-8")
    result = workspace.new("acme", *FLAGS, "--sample", str(file))
    count = "1 record" if name == "page.JSONL" else "2 records"
    assert f"Stream issues, from {count} in the page itself: key id, cursor updatedAt" in result.out


def test_a_sample_in_another_format_is_refused_with_the_reason(workspace: Workspace) -> None:
    error = workspace.run_rejected("acme", *FLAGS, "--sample", workspace.write_page(b"<html>"))
    assert "is not JSON" in error


def test_with_a_sample_nothing_is_fetched(workspace: Workspace, api: Vendor) -> None:
    workspace.env["ACME_TOKEN"] = TOKEN
    workspace.new("acme", "--base-url", api.url, "--path", "/issues", "--sample", workspace.sample)
    assert api.requests == []


def test_a_rejected_token_shows_the_response_without_the_token_and_nothing_is_written(
    workspace: Workspace, api: Vendor
) -> None:
    def reject(asked: ReceivedRequest) -> Reply:
        return Reply(401, {"message": f"{asked.headers['Authorization']} opens nothing"})

    api.handler = reject
    workspace.env["ACME_TOKEN"] = TOKEN
    result = workspace.new("acme", "--base-url", api.url, "--path", "/issues", status=1)
    assert "Bearer *** opens nothing" in result.err
    assert not (workspace.folder / "acme").exists()


# Wrong usage


def test_an_existing_folder_is_not_overwritten(workspace: Workspace) -> None:
    (workspace.folder / "acme").mkdir()
    error = workspace.run_rejected("acme", *FLAGS, "--sample", workspace.sample)
    assert error == "acme already exists and is not overwritten: choose another name, or another --into"


def test_a_taken_name_is_rejected_and_a_similar_one_is_a_warning(workspace: Workspace) -> None:
    assert "there is already an integration named 'github'" in workspace.run_rejected("github", *FLAGS)
    result = workspace.new("gitub", *FLAGS, "--sample", workspace.sample)
    assert "warning: there is already an integration with a similar name, 'github'" in result.err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("2fa", "as 'vendor-2fa'"),
        ("my vendor", "as 'my-vendor'"),
        ("api.vendor.com", "as 'api-vendor-com'"),
        ("../up", "as 'up'"),
        ("größe", "can't be the name"),
        ("", "as 'acme'"),
        ("class", "as 'class-api'"),
        ("connection", "as 'connection-api'"),
        ("v" * 31, "use at most 30"),
    ],
)
def test_an_invalid_name_is_rejected_with_a_valid_one(workspace: Workspace, name: str, message: str) -> None:
    assert message in workspace.run_rejected(name, *FLAGS, "--sample", workspace.sample)


def test_without_a_terminal_missing_flags_are_named(workspace: Workspace) -> None:
    assert workspace.run_rejected("acme") == "--base-url and --path are missing"
    assert workspace.run_rejected("acme", "--path", "/x") == "--base-url is missing"
    error = workspace.run_rejected("acme", *FLAGS, "--token-env", "MY_TOKEN")
    assert (
        error == "no page to generate from: set MY_TOKEN in the environment to fetch one, or give a file with --sample"
    )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--base-url", "api.acme.example"], "write it like https://api.vendor.com"),
        (["--base-url", "https://u:p@api.acme.example"], "is not the URL of an API"),
        (["--path", "https://api.acme.example/x"], "give only what comes after the base URL"),
        (["--path", "/orgs/{org}/x"], "{org} is not a field of the connection's config: write it like {config.org}"),
        (["--path", "/orgs/{parent.id}/x"], "the first stream can't have a parent"),
        (["--path", "/x?since={cursor.since}"], "name its parameter with --since"),
        (["--path", "/x/{config.token}"], "--path can't contain {config.token}"),
        (["--path", "/a b"], "contains ' '"),
        (["--path", "/{config.org}"], "name it with --stream"),
        (["--stream", "My Stream"], "'My Stream' can't be a stream's name"),
        (["--auth", "barer"], "is not one of: bearer, header:NAME[:FORMAT], param:NAME, basic, none"),
        (["--auth", "berer"], "did you mean 'bearer'?"),
        (["--auth", "heeder:X-Key"], "did you mean 'header'?"),
        (["--auth", "header:"], "is not one of: bearer"),
        (["--auth", "header:X-Key:{key}"], "is not one of: bearer"),
        (["--auth", "header:X-Key:Token {token}"], "write {config.token}"),
        (["--auth", "param:"], "is not one of: bearer"),
        (["--paginator", "next-lnk:next"], "did you mean 'next-link'?"),
        (["--paginator", "next-link"], "is not one of: link-header, next-link:PATH"),
        (
            ["--paginator", "none"],
            "`links.next` says that there are more pages, so the stream needs a paginator: set it with --paginator, "
            "for example `--paginator next-link:links.next`",
        ),
        (["--paginator", "link-header"], 'LinkHeader() finds nothing in the page; use NextLink("links.next")'),
        (["--paginator", "next-link:next"], 'NextLink("next") finds nothing in the page; use NextLink("links.next")'),
        (["--key", "id,"], "give the path of a field, or several separated by commas"),
        (["--key", "owner.email"], "`owner.email` has no value in 1 of 2 records; unique in this page: id, title"),
        (["--key", "iid"], "`iid` has no value in 2 of 2 records; unique in this page: id"),
        (["--records", "dta"], "nothing is at `dta`"),
        (["--records", "links"], "is not a list"),
        (["--cursor", "title"], "`title` holds 'x', which is not a time; there are: updatedAt"),
        (["--cursor", "updated_at"], "`updated_at` is in no record; did you mean 'updatedAt'?: set it with --cursor"),
        (["--cursor", "none", "--since", "from"], "`since` needs a cursor"),
        (["--sample", "nowhere.json"], "nowhere.json can't be read: No such file"),
    ],
)
def test_invalid_flags_are_rejected_with_a_fix(workspace: Workspace, flags: list[str], message: str) -> None:
    assert message in workspace.run_rejected("acme", *FLAGS, "--sample", workspace.sample, *flags)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"data": []}, "`data` has no records, so there are no fields to make models from"),
        ([], "the page has no records"),
        (
            {"id": 1, "name": "x"},
            "the page has no list, so it has no records: it is an object with the keys id, name",
        ),
        (["a", "b"], "the page has items that are not objects with fields"),
        ([{"name": "x"}, {"name": "y"}], "no field has the name of an identifier (unique in this page: name)"),
        ([{"id": 1}, {"id": 1}], "(unique in this page: none)"),
        (
            {"data": RECORDS, "has_more": True},
            "`has_more` says that there are more pages, so the stream needs a paginator: set it with --paginator, for "
            "example `--paginator page-number:page`",
        ),
        (b"<html>", "page.json is not JSON"),
        (b"", "page.json is empty"),
        (b"[" * 100_000, "page.json is not JSON"),
    ],
)
def test_a_page_that_can_not_become_an_integration_is_rejected_with_the_reason(
    workspace: Workspace, document: Any, message: str
) -> None:
    assert message in workspace.run_rejected("acme", *FLAGS, "--sample", workspace.write_page(document))


@pytest.mark.parametrize("flags", [(), ("--paginator", "page-number:page")], ids=["inferred", "given"])
def test_pages_that_the_path_counts_and_a_flag_ends_are_read_with_both(
    workspace: Workspace, flags: tuple[str, ...]
) -> None:
    sample = workspace.write_page({"data": RECORDS, "has_more": True})
    path = ("--path", "/issues?page=1&per_page=2")
    result = workspace.new("acme", *FLAGS[:2], *path, "--sample", sample, *flags)
    (stream,) = workspace.read_spec("acme").streams.values()
    assert write_call(stream.paginator) == 'PageNumber(more="has_more")'
    assert stream.params == {"per_page": 2}
    assert "no next page" not in result.err
