"""`dazz new` writes an integration from one page: of the real API, or of a file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from typer.testing import CliRunner

from dazz_assets.assistant.generate import write_call
from dazz_assets.cli import app, new_flags, prompts
from dazz_assets.connections import read_connections
from dazz_assets.spec.discovery import load_classes
from dazz_assets.spec.read import describe
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec
from tests.cli.conftest import Ran
from tests.http.loopback import Asked, Reply, Vendor

TOKEN = "canary-8c1d2e"
RECORDS = [
    {"id": "a", "title": "x", "updatedAt": "2026-01-01T00:00:00Z", "owner": {"email": "a@b.example"}},
    {"id": "b", "title": "y", "updatedAt": "2026-01-02T00:00:00Z", "owner": None},
]
PAGE = {"data": RECORDS, "links": {"next": "/v1/issues?page=2"}}
FLAGS = ("--base-url", "https://api.acme.example/v1/", "--path", "/issues")


class Desk:
    """An empty folder in which commands are run, and a page in a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env: dict[str, str | None] = {"COLUMNS": "200", "DAZZ_HOME": str(folder / "home")}
        self.sample = self.page(PAGE)

    def page(self, document: Any) -> str:
        file = self.folder / "page.json"
        file.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        return str(file)

    def new(self, *args: str, status: int = 0, typed: str = "") -> Ran:
        result = CliRunner().invoke(app, ["new", *args], env=self.env, input=typed, prog_name="dazz")
        assert result.exit_code == status, f"{result.exit_code}: {result.stdout}{result.stderr}{result.exception}"
        return Ran(result.stdout, result.stderr)

    def made(self, *args: str) -> StreamSpec:
        """The stream of an integration that is made from the sample with these flags beside the others."""
        self.new("acme", *FLAGS, "--sample", self.sample, *args)
        (stream,) = self.spec("acme").streams.values()
        return stream

    def spec(self, folder: str) -> IntegrationSpec:
        (class_,) = load_classes(self.folder / folder)
        return describe(class_)

    def refused(self, *args: str) -> str:
        """What is said of flags that make no integration; nothing is written."""
        before = sorted(self.folder.rglob("*"))
        ran = self.new(*args, status=2)
        assert sorted(self.folder.rglob("*")) == before
        assert ran.out == ""
        return ran.err.splitlines()[-1].removeprefix("Error: ")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    vendor = Vendor()
    yield vendor
    vendor.close()


# From a sample


def test_what_no_flag_says_is_read_from_the_page(desk: Desk) -> None:
    ran = desk.new("acme", *FLAGS, "--sample", desk.sample)
    spec = desk.spec("acme")
    (stream,) = spec.streams.values()
    assert (spec.name, spec.integration.base_url) == ("acme", "https://api.acme.example/v1")
    assert write_call(spec.integration.auth) == 'BearerToken("{config.token}")'
    assert (stream.name, stream.path, stream.records, stream.primary_key) == ("issues", "/issues", "data", ("id",))
    assert stream.cursor is not None
    assert stream.cursor.field == "updatedAt"
    assert write_call(stream.paginator) == 'NextLink("links.next")'
    assert list(spec.parsers) == ["acme_issues"]
    said = ran.out.splitlines()
    assert said[0] == "Written to acme: __init__.py, models.py, integration.py."
    assert said[1] == (
        'Stream issues, from 2 records at `data`: key id, cursor updatedAt, paginator NextLink("links.next").'
    )


def test_flags_come_before_what_the_page_shows(desk: Desk) -> None:
    flags = ("--stream", "tickets", "--key", "title,id", "--cursor", "none", "--paginator", "page-number:p")
    stream = desk.made(*flags, "--auth", "header:X-Key")
    assert (stream.name, stream.primary_key, stream.cursor) == ("tickets", ("title", "id"), None)
    assert write_call(stream.paginator) == 'PageNumber(param="p")'
    assert write_call(desk.spec("acme").integration.auth) == 'ApiKey(header="X-Key")'


@pytest.mark.parametrize(
    ("flag", "code"),
    [
        ("link-header", "LinkHeader()"),
        ("next-link:@odata\\.nextLink", r'NextLink("@odata\\.nextLink")'),
        ("cursor-token:meta.page.after:page[after]", 'CursorToken("meta.page.after", "page[after]")'),
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


def test_none_is_no_paginator_and_no_auth() -> None:
    assert (new_flags.read_paginator("none"), new_flags.write_paginator(None), new_flags.read_auth("none")) == (
        None,
        "none",
        None,
    )


def test_a_user_name_and_a_password_are_two_variables(desk: Desk) -> None:
    ran = desk.new("acme", *FLAGS, "--sample", desk.sample, "--auth", "basic")
    (entry,) = connections_in(ran.out)
    assert entry["config"] == {"username": "${ACME_USERNAME}", "password": "${ACME_PASSWORD}"}
    assert desk.spec("acme").config.model_fields["username"].annotation is str
    assert desk.spec("acme").config.model_fields["password"].annotation is SecretStr


def connections_in(out: str) -> list[dict[str, Any]]:
    """The entries that are printed for connections.yaml."""
    text = out.partition("In connections.yaml:")[2].partition("Recorded in")[0]
    return list(yaml.safe_load(text)["connections"])


def test_the_connection_that_is_printed_works_with_what_is_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ("--path", "/orgs/{config.org}/issues?limit=100&v=02&state=")
    ran = desk.new(
        "acme", "--base-url", "https://api.acme.example", *path, "--sample", desk.sample, "--token-env", "T0"
    )
    file = desk.folder / "connections.yaml"
    file.write_text(yaml.safe_dump({"connections": connections_in(ran.out)}), encoding="utf-8")
    (connection,) = read_connections(file).valid
    monkeypatch.setenv("T0", TOKEN)
    monkeypatch.setenv("ACME_ORG", "nimbus")
    spec = desk.spec("acme")
    assert connection.load(spec.config).model_dump()["org"] == "nimbus"
    assert dict(spec.streams["issues"].params) == {"limit": 100, "v": "02", "state": ""}
    assert f"dazz preview acme issues --connection {connection.id}" in ran.out


def test_a_parameter_for_changes_makes_the_cursor_ask(desk: Desk) -> None:
    cursor = desk.made("--since", "updated_after").cursor
    assert cursor is not None
    assert (cursor.field, cursor.since) == ("updatedAt", "updated_after")


def test_it_goes_into_the_folder_integrations_or_the_one_that_is_named(desk: Desk) -> None:
    (desk.folder / "integrations").mkdir()
    desk.new("acme", *FLAGS, "--sample", desk.sample)
    desk.new("other-vendor", *FLAGS, "--sample", desk.sample, "--into", "some/where else")
    assert desk.spec("integrations/acme").name == "acme"
    spec = desk.spec("some/where else/other_vendor")
    assert (spec.name, spec.integration.__name__) == ("other_vendor", "OtherVendorIntegration")


def test_what_the_page_leaves_open_is_told(desk: Desk) -> None:
    ran = desk.new("acme", *FLAGS, "--sample", desk.page([{"id": 1}]))
    assert [line for line in ran.err.splitlines() if line.startswith("warning: ")] == [
        "warning: the page shows no way to the next page; without a paginator, only one page is fetched",
        "warning: no cursor: each sync fetches the whole list",
        "warning: one record doesn't show which fields are optional: review models.py",
    ]


def test_names_of_people_are_declared_and_recorded_as_pseudonyms(desk: Desk) -> None:
    records = [{"id": 1, "lead": {"name": "Grace Hopper", "email": "grace@navy.mil"}}, {"id": 2, "lead": None}]
    ran = desk.new("acme", *FLAGS, "--sample", desk.page(records))
    (stream,) = desk.spec("acme").streams.values()
    assert stream.personal == ("lead.name",)
    assert "Declared personal, so that recordings hold pseudonyms there: lead.name." in ran.out.splitlines()
    recorded = [file.read_text(encoding="utf-8") for file in (desk.folder / "acme").rglob("*") if file.is_file()]
    assert not any("Grace" in text or "grace@" in text for text in recorded)
    assert "Read what it holds before you commit it" in ran.err


def test_what_is_done_is_told_before_what_is_next(desk: Desk) -> None:
    said = desk.new("acme", *FLAGS, "--sample", desk.sample).out.splitlines()
    recorded = f"Recorded in {desk.folder / 'acme' / 'recordings' / 'default'}: `pytest acme` runs it."
    assert said[said.index(recorded) :] == [
        recorded,
        "",
        "Next:",
        "",
        "  dazz preview acme issues --connection main",
        "  dazz record acme --connection main",
        "  dazz sync acme --connection main",
        "  pytest acme",
        "",
        "The recording is of the sample; `dazz record` makes one from the real API in its place.",
    ]


def test_a_page_from_new_to_old_is_told_as_a_way_to_stop_early(desk: Desk) -> None:
    days = [{"id": day, "updated": f"2026-01-0{day}"} for day in (3, 2, 1)]
    assert 'set `order="desc"` on the cursor to stop early' in desk.new("acme", *FLAGS, "--sample", desk.page(days)).err


def test_the_code_passes_the_type_checker_in_the_folder_where_it_is_written(desk: Desk) -> None:
    desk.made("--since", "from")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", "/dev/null", "acme"]
    ran = subprocess.run(command, cwd=desk.folder, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout


# From the real API


def test_with_a_token_in_the_environment_the_page_comes_from_the_api(desk: Desk, vendor: Vendor) -> None:
    following = {"Link": f'<{vendor.url}/orgs/a%20b/issues?page=2>; rel="next"'}
    vendor.handler = lambda asked: Reply(body=[]) if "page" in asked.query else Reply(body=RECORDS, headers=following)
    desk.env |= {"ACME_TOKEN": TOKEN, "ACME_ORG": "a b"}
    ran = desk.new("acme", "--base-url", vendor.url, "--path", "/orgs/{config.org}/issues?limit=2")
    assert vendor.asked[0].target == "/orgs/a%20b/issues?limit=2"
    assert vendor.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"
    (stream,) = desk.spec("acme").streams.values()
    assert write_call(stream.paginator) == "LinkHeader()"
    assert "dazz record" not in ran.out
    assert TOKEN not in ran.out + ran.err
    assert all(TOKEN not in file.read_text(encoding="utf-8") for file in desk.folder.rglob("*.py"))


def test_an_open_api_needs_no_token(desk: Desk, vendor: Vendor) -> None:
    vendor.script(Reply(body={"data": RECORDS, "links": {"next": None}}))
    desk.new("acme", "--base-url", vendor.url, "--path", "/issues", "--auth", "none")
    assert "Authorization" not in vendor.asked[0].headers
    assert set(desk.spec("acme").config.model_fields) == {"base_url"}


def test_a_sample_is_taken_and_nobody_is_asked(desk: Desk, vendor: Vendor) -> None:
    desk.env["ACME_TOKEN"] = TOKEN
    desk.new("acme", "--base-url", vendor.url, "--path", "/issues", "--sample", desk.sample)
    assert vendor.asked == []


def test_a_refusal_says_what_the_vendor_said_without_the_token_and_nothing_is_written(
    desk: Desk, vendor: Vendor
) -> None:
    def refuse(asked: Asked) -> Reply:
        return Reply(401, {"message": f"{asked.headers['Authorization']} opens nothing"})

    vendor.handler = refuse
    desk.env["ACME_TOKEN"] = TOKEN
    ran = desk.new("acme", "--base-url", vendor.url, "--path", "/issues", status=1)
    assert "Bearer *** opens nothing" in ran.err
    assert not (desk.folder / "acme").exists()


# What can't be


def test_nothing_is_written_over(desk: Desk) -> None:
    (desk.folder / "acme").mkdir()
    said = desk.refused("acme", *FLAGS, "--sample", desk.sample)
    assert said == "acme is there already, and nothing is written over: take another name, or another --into"


def test_a_name_that_another_integration_has_is_refused_and_one_close_to_it_is_told(desk: Desk) -> None:
    assert "there is an integration named 'github' already" in desk.refused("github", *FLAGS)
    ran = desk.new("gitub", *FLAGS, "--sample", desk.sample)
    assert "warning: there is an integration with a name much like it, 'github'" in ran.err


@pytest.mark.parametrize(
    ("name", "said"),
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
def test_a_name_that_can_not_be_is_refused_with_one_that_can(desk: Desk, name: str, said: str) -> None:
    assert said in desk.refused(name, *FLAGS, "--sample", desk.sample)


def test_without_a_terminal_what_is_missing_is_named(desk: Desk) -> None:
    assert desk.refused("acme") == "--base-url and --path are missing"
    assert desk.refused("acme", "--path", "/x") == "--base-url is missing"
    said = desk.refused("acme", *FLAGS, "--token-env", "MY_TOKEN")
    assert said == "there is no page to begin with: set MY_TOKEN in the environment, or give one by --sample"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--base-url", "api.acme.example"], "write it as https://api.vendor.com"),
        (["--base-url", "https://u:p@api.acme.example"], "is no address of an API"),
        (["--path", "https://api.acme.example/x"], "give only what comes after the base URL"),
        (["--path", "/orgs/{org}/x"], "{org} is no field of the connection's config; write it as {config.org}"),
        (["--path", "/orgs/{parent.id}/x"], "the first stream has no parent"),
        (["--path", "/x?since={cursor.since}"], "give its parameter's name by `--since`"),
        (["--path", "/x/{config.token}"], "{config.token} can't be part of it"),
        (["--path", "/a b"], "holds ' '"),
        (["--path", "/{config.org}"], "name it by --stream"),
        (["--stream", "My Stream"], "'My Stream' can't be a stream's name"),
        (["--auth", "barer"], "is none of: bearer, header:NAME[:FORMAT], param:NAME, basic, none"),
        (["--auth", "header:"], "is none of: bearer"),
        (["--auth", "header:X-Key:{key}"], "is none of: bearer"),
        (["--auth", "header:X-Key:Token {token}"], "write it as {config.token}"),
        (["--auth", "param:"], "is none of: bearer"),
        (["--paginator", "next-lnk:next"], "did you mean 'next-link'?"),
        (["--paginator", "next-link"], "is none of: link-header, next-link:PATH"),
        (
            ["--paginator", "none"],
            "`links.next` says that there are more pages, so the stream needs a paginator, for example NextLink(",
        ),
        (["--paginator", "link-header"], 'LinkHeader() finds nothing in the page; use NextLink("links.next")'),
        (["--paginator", "next-link:next"], 'NextLink("next") finds nothing in the page; use NextLink("links.next")'),
        (["--key", "id,"], "give the path of a field, or of several with commas"),
        (["--key", "owner.email"], "`owner.email` has no value in 1 of 2 records; unique in this page: id, title"),
        (["--key", "iid"], "`iid` has no value in 2 of 2 records; unique in this page: id"),
        (["--records", "dta"], "nothing is at `dta`"),
        (["--records", "links"], "is not a list"),
        (["--cursor", "title"], "`title` holds 'x', which is not a time; there are: updatedAt"),
        (["--cursor", "updated_at"], "`updated_at` is in no record; did you mean 'updatedAt'?; set --cursor"),
        (["--cursor", "none", "--since", "from"], "`since` needs a cursor"),
        (["--sample", "nowhere.json"], "nowhere.json can't be read: No such file"),
    ],
)
def test_flags_that_can_not_be_are_refused_with_what_can(desk: Desk, flags: list[str], said: str) -> None:
    assert said in desk.refused("acme", *FLAGS, "--sample", desk.sample, *flags)


@pytest.mark.parametrize(
    ("document", "said"),
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
            "`has_more` says that there are more pages, so the stream needs a paginator; set",
        ),
        (b"<html>", "page.json is no JSON"),
        (b"", "page.json is empty"),
        (b"[" * 100_000, "page.json is no JSON"),
    ],
)
def test_a_page_that_makes_no_integration_is_refused_with_what_is_missing(desk: Desk, document: Any, said: str) -> None:
    assert said in desk.refused("acme", *FLAGS, "--sample", desk.page(document))


# At a terminal


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "at_terminal", lambda: True)


@pytest.mark.usefixtures("terminal")
def test_at_a_terminal_what_is_missing_is_asked_for_with_what_the_page_shows(desk: Desk) -> None:
    typed = ["https://api.acme.example", "header:X-Key", "/v1/issues", "", "", "", "updated_after", ""]
    ran = desk.new("acme", "--sample", desk.sample, typed="\n".join(typed) + "\n")
    (stream,) = desk.spec("acme").streams.values()
    assert write_call(desk.spec("acme").integration.auth) == 'ApiKey(header="X-Key")'
    assert write_call(stream.cursor) == 'Cursor("updatedAt", since="updated_after")'
    assert write_call(stream.paginator) == 'NextLink("links.next")'
    for shown in ("[bearer]", "[data]", "[id]", "[updatedAt]", "[next-link:links.next]"):
        assert shown in ran.err


@pytest.mark.usefixtures("terminal")
def test_an_answer_that_can_not_be_is_told_and_asked_for_again(desk: Desk) -> None:
    typed = ["api.acme.example", "https://api.acme.example", "", "/issues", "", "", "none", "nxt", "offset:start"]
    ran = desk.new("acme", "--sample", desk.sample, typed="\n".join(typed) + "\n")
    (stream,) = desk.spec("acme").streams.values()
    assert stream.cursor is None
    assert write_call(stream.paginator) == 'Offset(param="start")'
    assert "write it as https://api.vendor.com" in ran.err
    assert "is none of: link-header" in ran.err


@pytest.mark.usefixtures("terminal")
def test_how_auths_are_written_is_told_where_one_is_asked_for(desk: Desk) -> None:
    typed = ["https://api.acme.example", "header:Authorization:Token {config.token}", "/v1/issues", "", "", "", "", ""]
    ran = desk.new("acme", "--sample", desk.sample, typed="\n".join(typed) + "\n")
    assert write_call(desk.spec("acme").integration.auth) == (
        'ApiKey(header="Authorization", format="Token {config.token}")'
    )
    assert "header:NAME:FORMAT  the token in a text of that header" in ran.err


@pytest.mark.usefixtures("terminal")
def test_an_empty_answer_is_told_to_be_none_where_there_is_no_default(desk: Desk) -> None:
    typed = ["", "https://api.acme.example", "none", "", "/issues", "", "", "", "", ""]
    ran = desk.new("acme", "--sample", desk.sample, typed="\n".join(typed) + "\n")
    assert ran.err.count("There is no default here: type an answer, or stop by Ctrl-C") == 2


@pytest.mark.usefixtures("terminal")
def test_the_page_itself_is_an_answer_to_where_the_records_are(desk: Desk) -> None:
    flags = (*FLAGS, "--auth", "none", "--records", "dta")
    desk.new("acme", *flags, "--sample", desk.page(RECORDS), typed="\n\n\n\n\n")
    (stream,) = desk.spec("acme").streams.values()
    assert stream.records == ""


@pytest.mark.usefixtures("terminal")
def test_a_token_that_is_not_set_is_told_before_more_is_asked_for(desk: Desk) -> None:
    ran = desk.new("acme", typed="https://api.acme.example\nbasic\n", status=2)
    assert "Path of the first stream" not in ran.err
    assert ran.err.splitlines()[-5:] == [
        "To go on from your answers:",
        "",
        "  dazz new acme --base-url https://api.acme.example --auth basic",
        "",
        "Error: there is no page to begin with: set ACME_USERNAME, ACME_PASSWORD in the environment, or give one by "
        "--sample",
    ]


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("reply", "status"),
    [(Reply(401), 1), (Reply(404), 1), (Reply(body={"id": 1, "items": []}), 2)],
    ids=["wrong token", "wrong path", "no records"],
)
def test_where_the_first_page_fails_the_command_is_told_with_what_was_answered(
    desk: Desk, vendor: Vendor, reply: Reply, status: int
) -> None:
    vendor.handler = lambda asked: reply
    desk.env["MY_TOKEN"] = TOKEN
    typed = f"{vendor.url}\nheader:X-Key:t {{token}}\n/issues?state=open&limit=2\n"
    ran = desk.new("acme", "--token-env", "MY_TOKEN", "--key", "id", typed=typed, status=status)
    again = (
        f"  dazz new acme --base-url {vendor.url} --auth 'header:X-Key:t {{token}}' "
        "--path '/issues?state=open&limit=2' --key id --token-env MY_TOKEN"
    )
    assert again in ran.err.splitlines()
    assert ran.err.splitlines()[-1].startswith("Error: ")
    assert not (desk.folder / "acme").exists()


@pytest.mark.usefixtures("terminal")
def test_a_flag_that_can_not_be_is_refused_before_anything_is_asked(desk: Desk) -> None:
    said = desk.new("acme", "--path", "/a b", "--sample", desk.sample, status=2).err
    assert said.startswith("Error: --path '/a b' holds ' '")


def test_where_nothing_was_asked_no_command_is_told(desk: Desk, vendor: Vendor) -> None:
    vendor.handler = lambda asked: Reply(404)
    ran = desk.new("acme", "--base-url", vendor.url, "--path", "/issues", "--auth", "none", status=1)
    assert "dazz new" not in ran.err


@pytest.mark.usefixtures("terminal")
def test_what_the_page_does_not_show_is_asked_for(desk: Desk) -> None:
    sample = desk.page([{"name": "x"}, {"name": "y"}])
    desk.new("acme", *FLAGS, "--auth", "none", "--sample", sample, typed="nme\nname\n\n\n\n")
    (stream,) = desk.spec("acme").streams.values()
    assert stream.primary_key == ("name",)


@pytest.mark.usefixtures("terminal")
def test_a_paginator_that_the_page_needs_and_does_not_show_is_asked_for(desk: Desk) -> None:
    sample = desk.page({"data": RECORDS, "has_more": True})
    typed = ["none", "offset:start", "", "", "none", ""]
    desk.new("acme", *FLAGS, "--auth", "none", "--sample", sample, typed="\n".join(typed) + "\n")
    (stream,) = desk.spec("acme").streams.values()
    assert write_call(stream.paginator) == 'Offset(param="start")'
