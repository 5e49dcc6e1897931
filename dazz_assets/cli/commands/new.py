"""`dazz new`."""

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dazz_assets.cli.exit_status import Refused
from dazz_assets.cli.output import print_note, print_result

if TYPE_CHECKING:
    from dazz_assets.assistant.generate import AuthorChoices, Proposal
    from dazz_assets.cli.new_flags import VendorNames
    from dazz_assets.cli.sample_page import Credentials
    from dazz_assets.connections import Connection
    from dazz_assets.http import Page
    from dazz_assets.recording.record_scenario import RecordedScenario

_CONNECTION = "main"

VendorName = Annotated[str, typer.Argument(metavar="VENDOR", help="Its name: letters, digits, _ and -.")]
BaseUrl = Annotated[str | None, typer.Option("--base-url", metavar="URL", help="Where the API is.")]
AuthKind = Annotated[
    str | None,
    typer.Option("--auth", metavar="KIND", help="bearer (default), header:NAME[:FORMAT], param:NAME, basic or none."),
]
ApiPath = Annotated[
    str | None,
    typer.Option(
        "--path", metavar="PATH", help="Of the first stream, as '/orgs/{config.org}/issues?limit=100'; a query too."
    ),
]
Stream = Annotated[
    str | None, typer.Option("--stream", metavar="NAME", help="Of the stream; the path's last word by default.")
]
Records = Annotated[
    str | None, typer.Option("--records", metavar="PATH", help="Of the list in a page; '' where the page is the list.")
]
Key = Annotated[str | None, typer.Option("--key", metavar="PATH[,PATH]", help="What tells records apart.")]
CursorField = Annotated[
    str | None, typer.Option("--cursor", metavar="PATH", help="Of the time of the last change; 'none' for a snapshot.")
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="PARAM", help="The API's parameter for changes since a time.")
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
        "--token-env", metavar="NAME", help="The environment variable with the token; <VENDOR>_TOKEN by default."
    ),
]
Sample = Annotated[
    Path | None,
    typer.Option("--sample", metavar="FILE", help="A page of the API in JSON, in place of one from the real API."),
]
Into = Annotated[
    Path | None,
    typer.Option(
        "--into", metavar="FOLDER", help="Where the folder is made; ./integrations if it is there, else here."
    ),
]


def new_integration(
    vendor: VendorName,
    base_url: BaseUrl = None,
    auth: AuthKind = None,
    path: ApiPath = None,
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
    """Write a new integration: stream, models and parser, from one page of the API.

    The page comes from the real API, with the token in the environment, or from a file. What no flag says is read from
    it; at a terminal you are asked. Nothing is written over.
    """
    from dazz_assets.assistant.generate import write_source
    from dazz_assets.assistant.generate.proposal import config_fields
    from dazz_assets.cli import new_flags
    from dazz_assets.cli.commands.record import tell_to_read
    from dazz_assets.cli.prompts import ask_missing, is_terminal, keep_answers, settle_proposal
    from dazz_assets.cli.sample_page import fetch_sample_page, find_credentials

    named = new_flags.read_vendor(vendor)
    folder = _folder(named.name, into)
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

    def check_auth(text: str) -> None:
        if sample is None:
            find_credentials(named.name, config_fields("", {}, new_flags.read_auth(text)), token_env).demand()

    # First: what can't be is not to be found out after the questions, nor repeated where it holds a secret.
    for given, check in (
        (base_url, new_flags.read_base_url),
        (auth, new_flags.read_auth),
        (path, new_flags.read_api_path),
    ):
        if given is not None:
            check(given)
    with keep_answers(vendor, flags):
        base_url, auth, path = ask_missing(flags, check_auth)
        wanted = _wanted(named, {**flags, "--base-url": base_url, "--auth": auth, "--path": path})
        credentials = find_credentials(wanted.name, config_fields(wanted.path, wanted.params, wanted.auth), token_env)
        page = fetch_sample_page(wanted, credentials, sample)
        proposal = settle_proposal(wanted, page, is_ours=_is_beside_framework(folder), asks=is_terminal())
    files = write_source(proposal.plan)
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    connection = _connection(wanted, credentials)
    _tell(folder, list(files), proposal, connection)
    recorded = _record(folder, connection, page if sample else None)
    print_result(f"\nRecorded in {recorded.folder}: `pytest {quote(str(folder))}` runs it.")
    tell_to_read(recorded)
    _say_next(folder, proposal.plan.stream, connection, is_of_sample=sample is not None)


def _wanted(named: "VendorNames", given: Mapping[str, str | None]) -> "AuthorChoices":
    """What flags and answers ask for. Raises Refused for what can't be."""
    from dazz_assets.assistant.generate import stream_name_from_path
    from dazz_assets.assistant.generate.proposal import AuthorChoices
    from dazz_assets.cli import new_flags

    path, params = new_flags.read_api_path(given["--path"] or "")
    key, cursor, paginator = given["--key"], given["--cursor"], given["--paginator"]
    return AuthorChoices(
        name=named.name,
        prefix=named.prefix,
        base_url=new_flags.read_base_url(given["--base-url"] or ""),
        auth=new_flags.read_auth(given["--auth"] or ""),
        path=path,
        params=params,
        stream=new_flags.read_stream_name(given["--stream"], stream_name_from_path(path)),
        records=given["--records"],
        primary_key=None if key is None else new_flags.read_key(key),
        cursor=None if cursor is None else "" if cursor == new_flags.NONE else cursor,
        since=given["--since"],
        paginator="inferred" if paginator is None else new_flags.read_paginator(paginator),
    )


def _record(folder: Path, connection: "Connection", sample: "Page | None") -> "RecordedScenario":
    """Make the first recording of the integration in this folder: from the real API, or from the page of a sample.

    Raises RecordingError.
    """
    from dazz_assets.cli.progress_view import show_progress
    from dazz_assets.errors import RecordingError
    from dazz_assets.privacy.pseudonyms import pseudonym_key
    from dazz_assets.recording.record_scenario import record_scenario
    from dazz_assets.recording.requests_adapter import SampleSeam
    from dazz_assets.recording.scenario import DEFAULT, RECORDS
    from dazz_assets.spec.discovery import find_integration

    spec, key = find_integration(str(folder)), pseudonym_key()
    try:
        if sample is None:
            with show_progress() as progress:
                return record_scenario(spec, connection, DEFAULT, key=key, records=RECORDS, progress=progress)
        # Nothing is asked for, so that any values will do.
        anything = connection.model_copy(update={"config": {name: f"sample-{name}" for name in connection.config}})
        seams = (SampleSeam(sample.body),)
        return record_scenario(spec, anything, DEFAULT, key=key, records=None, pages=1, seams=seams)
    except (RecordingError, KeyboardInterrupt) as error:
        why = str(error).rstrip(".") or "interrupted"
        raise RecordingError(
            f"{folder} is written, and not recorded: {why}. Correct it and run `{_recording(folder, connection)}`, or "
            "remove the folder to begin anew"
        ) from None


def _folder(name: str, into: Path | None) -> Path:
    """Where the integration is to be. Raises Refused where something is there, or another one has its name."""
    from difflib import get_close_matches

    from dazz_assets.spec.discovery import discover

    parent = into or (Path("integrations") if Path("integrations").is_dir() else Path())
    folder = parent / name
    if folder.exists():
        raise Refused(f"{folder} is there already, and nothing is written over: take another name, or another --into")
    known = discover().integrations
    if name in known:
        raise Refused(f"there is an integration named {name!r} already: take another name, as '{name}-2'")
    if close := get_close_matches(name, known, n=1, cutoff=0.8):
        print_note(f"warning: there is an integration with a name much like it, {close[0]!r}", "yellow")
    return folder


def _is_beside_framework(folder: Path) -> bool:
    return any((parent / "dazz_assets" / "authoring").is_dir() for parent in folder.resolve().parents)


def _connection(wanted: "AuthorChoices", credentials: "Credentials") -> "Connection":
    """The entry of connections.yaml that goes with the integration."""
    from datetime import UTC, datetime, timedelta

    from dazz_assets.connections import Connection

    return Connection(
        id=_CONNECTION,
        integration=wanted.name,
        start=datetime.now(UTC).date() - timedelta(days=365),
        config={name: f"${{{variable}}}" for name, variable in credentials.variables.items()},
    )


def _tell(folder: Path, files: list[str], proposal: "Proposal", connection: "Connection") -> None:
    print_result(f"Written to {folder}: {', '.join(files)}.")
    print_result(_summary(proposal))
    if personal := proposal.plan.personal:
        print_result(f"Declared personal, so that recordings hold pseudonyms there: {', '.join(personal)}.")
    for doubt in proposal.open_questions:
        print_note(f"warning: {doubt}", "yellow")
    print_result("\nIn connections.yaml:\n")
    for line in _entry(connection):
        print_result(line)


def _say_next(folder: Path, stream: str, connection: "Connection", *, is_of_sample: bool) -> None:
    target = quote(str(folder))
    print_result("\nNext:\n")
    for command in (
        f"dazz preview {target} {stream} --connection {connection.id}",
        *([_recording(folder, connection)] if is_of_sample else []),
        f"dazz sync {target} --connection {connection.id}",
        f"pytest {target}",
    ):
        print_result(f"  {command}")
    if is_of_sample:
        print_result("\nThe recording is of the sample; `dazz record` makes one from the real API in its place.")


def _recording(folder: Path, connection: "Connection") -> str:
    return f"dazz record {quote(str(folder))} --connection {connection.id}"


def _summary(proposal: "Proposal") -> str:
    from dazz_assets.assistant.generate import write_call

    plan, count = proposal.plan, len(proposal.records)
    where = f"at `{plan.records}`" if plan.records else "in a list that is the page"
    paginator = write_call(plan.paginator) if plan.paginator else "none"
    return (
        f"Stream {plan.stream}, from {count} record{'s' * (count != 1)} {where}: key {', '.join(plan.primary_key)}, "
        f"cursor {plan.cursor.field if plan.cursor else 'none'}, paginator {paginator}."
    )


def _entry(connection: "Connection") -> list[str]:
    import yaml

    entry: dict[str, Any] = {"id": connection.id, "integration": connection.integration, "start": connection.start}
    if connection.config:
        entry["config"] = connection.config
    return str(yaml.safe_dump({"connections": [entry]}, sort_keys=False)).splitlines()
