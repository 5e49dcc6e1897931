"""`dazz new`: write a new integration from one page of an API, and record its first scenario."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dazz_assets.cli.exit_status import UsageError
from dazz_assets.cli.output import print_note, print_result
from dazz_assets.cli.review_note import print_review_note
from dazz_assets.counts import format_count

if TYPE_CHECKING:
    from dazz_assets.assistant.generate import AuthorChoices, Proposal
    from dazz_assets.cli.new_flags import VendorNames
    from dazz_assets.cli.sample_page import Credentials
    from dazz_assets.connections import Connection
    from dazz_assets.http import Page
    from dazz_assets.recording.record_scenario import RecordedScenario

_CONNECTION = "main"

VendorName = Annotated[str, typer.Argument(metavar="VENDOR", help="Name of the vendor: letters, digits, _ and -.")]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help="URL of the API, like https://api.vendor.com.")
]
AuthKind = Annotated[
    str | None,
    typer.Option(
        "--auth",
        metavar="KIND",
        help="Authentication: bearer (default), header:NAME[:FORMAT], param:NAME, basic or none.",
    ),
]
ApiPath = Annotated[
    str | None,
    typer.Option(
        "--path",
        metavar="PATH",
        help="Path of the first stream, with its query, like '/orgs/{config.org}/issues?limit=100'.",
    ),
]
Headers = Annotated[
    list[str] | None,
    typer.Option(
        "--header",
        metavar="'NAME: VALUE'",
        help="A header that requests send, like 'Accept: application/vnd.vendor+json'. Can be repeated. A value may "
        "hold fields of the config, like {config.account}.",
    ),
]
Stream = Annotated[
    str | None, typer.Option("--stream", metavar="NAME", help="Name of the stream. Default: the last word of the path.")
]
Records = Annotated[
    str | None,
    typer.Option(
        "--records", metavar="PATH", help="Path of the list of records in a page; '' if the page itself is the list."
    ),
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="PATH[,PATH]", help="Path of the field, or fields, that identify a record."),
]
CursorField = Annotated[
    str | None,
    typer.Option("--cursor", metavar="PATH", help="Path of the time of the last change; 'none' for a snapshot stream."),
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="PARAM", help="The API's parameter that requests changes since a time.")
]
PaginatorKind = Annotated[
    str | None,
    typer.Option(
        "--paginator",
        metavar="KIND",
        help="link-header, next-link:PATH, cursor-token:PATH:PARAM, page-number[:PARAM], offset[:PARAM] or none.",
    ),
]
TokenEnv = Annotated[
    str | None,
    typer.Option(
        "--token-env", metavar="NAME", help="Environment variable that holds the token. Default: <VENDOR>_TOKEN."
    ),
]
Sample = Annotated[
    Path | None,
    typer.Option("--sample", metavar="FILE", help="Use this file, a page of the API as JSON, instead of fetching one."),
]
Into = Annotated[
    Path | None,
    typer.Option(
        "--into",
        metavar="FOLDER",
        help="Create the integration's folder here. Default: ./integrations if it exists, else the current folder.",
    ),
]


def new_integration(
    vendor: VendorName,
    base_url: BaseUrl = None,
    auth: AuthKind = None,
    path: ApiPath = None,
    header: Headers = None,
    stream: Stream = None,
    records: Records = None,
    key: Key = None,
    cursor: CursorField = None,
    since: Since = None,
    paginator: PaginatorKind = None,
    token_env: TokenEnv = None,
    sample: Sample = None,
    into: Into = None,
) -> None:
    """Write a new integration with a stream, models and a parser, from one page of an API.

    The page is fetched from the API, with a token from the environment, or read from a file. What you don't set with
    options is inferred from the page; at a terminal you are asked to confirm it. Never overwrites files.
    """
    from dazz_assets.cli.new_flags import read_vendor

    names = read_vendor(vendor)
    folder = _choose_folder(names.name, into)
    flags = {
        "--base-url": base_url,
        "--auth": auth,
        "--path": path,
        "--stream": stream,
        "--records": records,
        "--key": key,
        "--cursor": cursor,
        "--since": since,
        "--paginator": paginator,
        "--token-env": token_env,
        "--sample": str(sample) if sample else None,
        "--into": str(into) if into else None,
    }
    headers = header or []
    _check_flags(flags, headers)
    draft = _make_draft(vendor, names, flags, headers, sample, is_first_party=_is_first_party(folder))
    connection = _make_connection(names.name, draft.credentials)
    files = _write_files(folder, draft.proposal)
    _print_proposal(folder, files, draft.proposal, connection)
    recorded = _record_first_scenario(folder, connection, draft.page if sample else None)
    print_result(f"\nRecorded in {recorded.folder}: `pytest {quote(str(folder))}` runs it.")
    print_review_note(recorded)
    _print_next_steps(folder, draft.proposal.plan.stream, connection, from_sample=sample is not None)


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is proposed, the page that it is inferred from, and the credentials that fetched the page."""

    credentials: "Credentials"
    page: "Page"
    proposal: "Proposal"


def _check_flags(flags: Mapping[str, str | None], headers: Sequence[str]) -> None:
    """Check flags first, so that a bad one is reported before any question, and one with a secret is not repeated."""
    from dazz_assets.cli import new_flags

    for flag, check in (
        ("--base-url", new_flags.read_base_url),
        ("--auth", new_flags.read_auth),
        ("--path", new_flags.read_api_path),
    ):
        if (given := flags[flag]) is not None:
            check(given)
    new_flags.read_headers(headers)


def _make_draft(
    vendor: str,
    names: "VendorNames",
    flags: dict[str, str | None],
    header_texts: Sequence[str],
    sample: Path | None,
    *,
    is_first_party: bool,
) -> _Draft:
    """Ask for what the flags don't say, get a page, and propose an integration. Raises UsageError or FetchError."""
    from dazz_assets.assistant.generate.proposal import config_fields
    from dazz_assets.cli.new_flags import check_auth_header, read_auth, read_headers
    from dazz_assets.cli.prompts import ask_missing, complete_proposal, is_terminal, show_answers_on_failure
    from dazz_assets.cli.sample_page import fetch_sample_page, find_credentials

    token_env, headers = flags["--token-env"], read_headers(header_texts)

    def check_auth(text: str) -> None:
        auth = read_auth(text)
        check_auth_header(auth, headers)
        if sample is None:
            find_credentials(names.name, config_fields(auth, headers), token_env).check_set()

    with show_answers_on_failure(vendor, flags, header_texts):
        base_url, auth, path = ask_missing(flags, check_auth)
        wanted = _read_wanted(names, {**flags, "--base-url": base_url, "--auth": auth, "--path": path}, headers)
        credentials = find_credentials(wanted.name, wanted.settings, token_env)
        page = fetch_sample_page(wanted, credentials, sample)
        proposal = complete_proposal(wanted, page, is_first_party=is_first_party, interactive=is_terminal())
    return _Draft(credentials, page, proposal)


def _read_wanted(names: "VendorNames", given: Mapping[str, str | None], headers: Mapping[str, str]) -> "AuthorChoices":
    """Read flags and answers into what the author wants. Raises UsageError."""
    from dazz_assets.assistant.generate import stream_name_from_path
    from dazz_assets.assistant.generate.proposal import AuthorChoices
    from dazz_assets.cli import new_flags

    path, params = new_flags.read_api_path(given["--path"] or "")
    key, cursor, paginator = given["--key"], given["--cursor"], given["--paginator"]
    return AuthorChoices(
        name=names.name,
        prefix=names.prefix,
        base_url=new_flags.read_base_url(given["--base-url"] or ""),
        auth=new_flags.read_auth(given["--auth"] or ""),
        path=path,
        params=params,
        headers=headers,
        stream=new_flags.read_stream_name(given["--stream"], stream_name_from_path(path)),
        records=given["--records"],
        primary_key=None if key is None else new_flags.read_key(key),
        cursor=None if cursor is None else "" if cursor == new_flags.NONE else cursor,
        since=given["--since"],
        paginator="inferred" if paginator is None else new_flags.read_paginator(paginator),
    )


def _record_first_scenario(folder: Path, connection: "Connection", sample: "Page | None") -> "RecordedScenario":
    """Record the integration in this folder for the first time: from the real API, or from the sample page.

    Raises RecordingError.
    """
    from dazz_assets.cli.progress_view import show_progress
    from dazz_assets.errors import RecordingError
    from dazz_assets.privacy.pseudonyms import pseudonym_key
    from dazz_assets.recording.record_scenario import record_scenario
    from dazz_assets.recording.requests_adapter import SampleSeam
    from dazz_assets.recording.scenario_names import DEFAULT_RECORDS, DEFAULT_SCENARIO
    from dazz_assets.spec.discovery import find_integration

    spec, key = find_integration(str(folder)), pseudonym_key()
    try:
        if sample is None:
            with show_progress() as progress:
                return record_scenario(
                    spec, connection, DEFAULT_SCENARIO, key=key, records=DEFAULT_RECORDS, progress=progress
                )
        # No request is sent, so any config values do.
        placeholder = connection.model_copy(update={"config": {name: f"sample-{name}" for name in connection.config}})
        seams = (SampleSeam(sample.body),)
        return record_scenario(spec, placeholder, DEFAULT_SCENARIO, key=key, records=None, pages=1, seams=seams)
    except (RecordingError, KeyboardInterrupt) as error:
        reason = str(error).rstrip(".") or "interrupted"
        raise RecordingError(
            f"{folder} was written, but not recorded: {reason}. Correct it and run "
            f"`{_record_command(folder, connection)}`, or remove the folder and start again"
        ) from None


def _choose_folder(name: str, into: Path | None) -> Path:
    """The folder for the new integration. Raises UsageError if it exists, or if the integration's name is taken."""
    from difflib import get_close_matches

    from dazz_assets.home import in_project
    from dazz_assets.spec.discovery import discover

    parent = into or in_project("integrations" if in_project("integrations").is_dir() else "")
    folder = parent / name
    if folder.exists():
        raise UsageError(f"{folder} already exists and is not overwritten: choose another name, or another --into")
    known = discover().integrations
    if name in known:
        raise UsageError(f"there is already an integration named {name!r}: choose another name, such as '{name}-2'")
    if close := get_close_matches(name, known, n=1, cutoff=0.8):
        print_note(f"warning: there is already an integration with a similar name, {close[0]!r}", "yellow")
    return folder


def _is_first_party(folder: Path) -> bool:
    return any((parent / "dazz_assets" / "declare").is_dir() for parent in folder.resolve().parents)


def _write_files(folder: Path, proposal: "Proposal") -> list[str]:
    """Write the integration's source, and return the names of its files."""
    from dazz_assets.assistant.generate import write_source

    files = write_source(proposal.plan)
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(files)


def _make_connection(integration: str, credentials: "Credentials") -> "Connection":
    """The connection to add to connections.yaml for the integration."""
    from datetime import UTC, datetime, timedelta

    from dazz_assets.connections import Connection

    return Connection(
        id=_CONNECTION,
        integration=integration,
        start=datetime.now(UTC).date() - timedelta(days=365),
        config={name: f"${{{variable}}}" for name, variable in credentials.variables.items()},
    )


def _print_proposal(folder: Path, files: list[str], proposal: "Proposal", connection: "Connection") -> None:
    print_result(f"Written to {folder}: {', '.join(files)}.")
    print_result(_format_summary(proposal))
    if personal := proposal.plan.personal:
        print_result(f"Declared personal, and replaced by pseudonyms in recordings: {', '.join(personal)}.")
    for warning in proposal.open_questions:
        print_note(f"warning: {warning}", "yellow")
    print_result("\nAdd to connections.yaml:\n")
    for line in _connection_yaml(connection):
        print_result(line)


def _print_next_steps(folder: Path, stream: str, connection: "Connection", *, from_sample: bool) -> None:
    target = quote(str(folder))
    print_result("\nNext:\n")
    for command in (
        f"dazz preview {target} {stream} --connection {connection.id}",
        *([_record_command(folder, connection)] if from_sample else []),
        f"dazz sync {target} --connection {connection.id}",
        f"pytest {target}",
    ):
        print_result(f"  {command}")
    if from_sample:
        print_result("\nThe recording was made from the sample; `dazz record` replaces it with one from the real API.")


def _record_command(folder: Path, connection: "Connection") -> str:
    return f"dazz record {quote(str(folder))} --connection {connection.id}"


def _format_summary(proposal: "Proposal") -> str:
    from dazz_assets.assistant.generate import write_call

    plan, count = proposal.plan, len(proposal.records)
    where = f"at `{plan.records}`" if plan.records else "in the page itself"
    paginator = write_call(plan.paginator) if plan.paginator else "none"
    return (
        f"Stream {plan.stream}, from {format_count(count, 'record')} {where}: key {', '.join(plan.primary_key)}, "
        f"cursor {plan.cursor.field if plan.cursor else 'none'}, paginator {paginator}."
    )


def _connection_yaml(connection: "Connection") -> list[str]:
    import yaml

    entry: dict[str, Any] = {"id": connection.id, "integration": connection.integration, "start": connection.start}
    if connection.config:
        entry["config"] = connection.config
    return str(yaml.safe_dump({"connections": [entry]}, sort_keys=False)).splitlines()
