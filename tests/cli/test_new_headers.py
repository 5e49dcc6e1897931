"""`dazz new --header` sends headers with the sample request, and writes them into the integration."""

from __future__ import annotations

import pytest
import yaml
from pydantic import SecretStr

from dazz_assets.cli import prompts
from tests.cli.new_workspace import FLAGS, RECORDS, TOKEN, Workspace
from tests.http.loopback import ReceivedRequest, Reply, Vendor

ACCEPT = "application/vnd.acme+json;version=2"


def refuse_others(asked: ReceivedRequest) -> Reply:
    """An API that answers only to its own media type and account."""
    if asked.headers.get("Accept") != ACCEPT or asked.headers.get("X-Account") != "nimbus":
        return Reply(406, {"message": f"{asked.headers.get('Accept')} is not served"})
    return Reply(body={"data": RECORDS, "links": {"next": None}})


def test_headers_are_sent_with_the_sample_and_with_all_that_follow(workspace: Workspace, api: Vendor) -> None:
    api.handler = refuse_others
    workspace.env |= {"ACME_TOKEN": TOKEN, "ACME_ACCOUNT": "nimbus"}
    headers = ("--header", f" Accept : {ACCEPT}", "--header", "X-Account: {config.account}")
    result = workspace.new("acme", "--base-url", api.url, "--path", "/issues", *headers)
    spec = workspace.read_spec("acme")
    assert dict(spec.integration.headers) == {"Accept": ACCEPT, "X-Account": "{config.account}"}
    assert spec.config.model_fields["account"].annotation is str
    assert "account: ${ACME_ACCOUNT}" in result.out
    assert "Recorded in" in result.out
    assert len(api.requests) > 1


def test_headers_are_only_written_where_the_sample_is_a_file(workspace: Workspace) -> None:
    workspace.new("acme", *FLAGS, "--sample", workspace.sample, "--header", f"Accept: {ACCEPT}")
    assert dict(workspace.read_spec("acme").integration.headers) == {"Accept": ACCEPT}


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("DD-Application-Key: {config.app}", "app"),
        ("X-Tenant: {config.tenant_secret}", "tenant_secret"),
        ("Cookie: session={config.session}", "session"),
    ],
)
def test_a_field_that_is_secret_by_its_name_or_by_its_headers_is_declared_so(
    workspace: Workspace, header: str, field: str
) -> None:
    result = workspace.new("acme", *FLAGS, "--sample", workspace.sample, "--header", header)
    assert workspace.read_spec("acme").config.model_fields[field].annotation is SecretStr
    assert f"{field}: ${{ACME_{field.upper()}}}" in result.out


def test_the_secret_of_a_header_is_shown_nowhere(workspace: Workspace, api: Vendor) -> None:
    api.handler = lambda asked: Reply(400, {"message": f"{asked.headers.get('X-Session')} has ended"})
    workspace.env |= {"ACME_SID": TOKEN}
    flags = ("--base-url", api.url, "--path", "/issues", "--auth", "none")
    result = workspace.new("acme", *flags, "--header", "X-Session-Token: {config.sid}", status=1)
    assert api.requests[0].headers["X-Session-Token"] == TOKEN
    assert TOKEN not in result.out + result.err


@pytest.mark.parametrize(
    "header",
    [
        "X-Api-Key: hunter2",
        "Cookie: sid=hunter2",
        "Proxy-Authorization: Basic hunter2",
        # In two parts, so that secret scanners don't report this file.
        "X-Version: sk_live_" + "hunter2D4e5F6",
    ],
)
def test_a_secret_written_out_is_refused_and_not_repeated(workspace: Workspace, header: str) -> None:
    error = workspace.run_rejected("acme", *FLAGS, "--sample", workspace.sample, "--header", header)
    name = header.partition(":")[0]
    assert f"the value of --header {name!r} looks like a secret" in error
    assert f"send it with --auth header:{name}, or put a field of the connection's config in its place" in error
    assert "hunter2" not in error


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ((), "Authorization: Token {config.token}"),
        (("--auth", "basic"), "authorization: {config.key}"),
        (("--auth", "header:X-Key"), "x-key: {config.key}"),
    ],
)
def test_a_header_that_the_auth_sets_is_refused(workspace: Workspace, auth: tuple[str, ...], header: str) -> None:
    error = workspace.run_rejected("acme", *FLAGS, "--sample", workspace.sample, *auth, "--header", header)
    assert "is the header that the auth sets: leave it out" in error


def test_a_header_of_an_api_without_auth_may_hold_its_token(workspace: Workspace) -> None:
    flags = ("--auth", "param:key", "--header", "Authorization: Token {config.token}")
    result = workspace.new("acme", *FLAGS, "--sample", workspace.sample, *flags)
    entry = yaml.safe_load(result.out.partition("Add to connections.yaml:")[2].partition("Recorded in")[0])
    assert entry["connections"][0]["config"] == {"token": "${ACME_TOKEN}"}


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (["hunter2"], "--header takes a name, a colon and a value, like --header 'Accept: application/json'"),
        ([": hunter2"], "--header takes a name, a colon and a value"),
        (["X Y: 1"], "--header takes a name, a colon and a value"),
        (["Accept:"], "--header 'Accept' needs a value"),
        (["Accept: a\nX-Other: b"], "--header 'Accept' needs a value of printable Latin letters"),
        (["Accept: größe→"], "--header 'Accept' needs a value of printable Latin letters"),
        (["Accept: a", "accept: b"], "--header 'accept' is given twice"),
        (["Host: api.other.example"], "--header 'Host' is set for each request"),
        (["X-Org: {org}"], "--header: {org} is not a field of the connection's config: write it like {config.org}"),
        (["X-Org: {config.base_url}"], "--header can't contain {config.base_url}: use another name"),
        (["X-Org: {config._org}"], "--header can't contain {config._org}: use another name"),
        (["X-Org: {config.copy}"], "--header can't contain {config.copy}: use another name"),
        (["X-Org: {parent.id}"], "--header: the first stream can't have a parent"),
        (["X-Since: {cursor.since}"], "--header can't contain a bound of the cursor: name its parameter with --since"),
    ],
)
def test_a_malformed_header_is_refused_with_the_form(workspace: Workspace, headers: list[str], message: str) -> None:
    flags = [flag for text in headers for flag in ("--header", text)]
    error = workspace.run_rejected("acme", *FLAGS, "--sample", workspace.sample, *flags)
    assert message in error
    assert "hunter2" not in error


def test_the_command_to_continue_with_has_the_headers(
    workspace: Workspace, api: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts, "is_terminal", lambda: True)
    api.handler = refuse_others
    answers = f"{api.url}\nnone\n/issues\n"
    result = workspace.new("acme", "--header", "Accept: text/csv", "--header", "X-A: 1", answers=answers, status=1)
    assert f"dazz new acme --base-url {api.url} --auth none --path /issues --header 'Accept: text/csv'" in result.err
    assert "--header 'X-A: 1'" in result.err


def test_at_a_terminal_an_auth_that_sets_a_given_header_is_reported_before_the_path_is_asked_for(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts, "is_terminal", lambda: True)
    answers = "https://api.acme.example\nheader:X-Key\n"
    flags = ("--sample", workspace.sample, "--header", "X-Key: {config.key}")
    error = workspace.new("acme", *flags, answers=answers, status=2).err
    assert "is the header that the auth sets" in error
    assert "Path of the first stream" not in error
