"""`dazz check`: which streams of a connection work, by a page of each that is fetched and not stored."""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from dazz_assets.cli.exit_status import FAILED, WRONG_USAGE, UsageError, end_command, mask_secrets
from dazz_assets.cli.options import ConnectionIds, TargetArgument
from dazz_assets.cli.output import print_note, print_result, print_table
from dazz_assets.counts import format_count

if TYPE_CHECKING:
    from dazz_assets.assistant.stream_checks import StreamCheck
    from dazz_assets.cli.target import Target

StreamNames = Annotated[
    list[str] | None,
    typer.Option("--stream", metavar="NAME", help="Only this stream. Can be repeated. Default: all streams."),
]
_WORDS = {
    "untried": "nothing to try",
    "skipped": "skipped: counts as no records",
    "partly": "partly: some of it is refused",
}


def check_connections(
    name_or_path: TargetArgument, connection: ConnectionIds = None, stream: StreamNames = None
) -> None:
    """Test connections: fetch the first page of each stream, and say which work and what the others lack.

    Nothing is stored. A sub-stream is tried with a few records of its parent's first page.
    """
    from dazz_assets.assistant.stream_checks import ConnectionRefused, check_streams
    from dazz_assets.cli.progress_view import show_progress
    from dazz_assets.cli.target import find_target
    from dazz_assets.connections import BadConnection
    from dazz_assets.home import lake_url
    from dazz_assets.lake import Lake
    from dazz_assets.session import Session
    from dazz_assets.spec.combination_rules import find_lists_without_key, find_unused_secrets

    target = find_target(name_or_path, connection)
    _check_names(target, stream)
    lake = Lake(lake_url())
    failed, unusable = 0, len(target.problems)
    for warning in (*find_unused_secrets(target.spec), *find_lists_without_key(target.spec)):
        print_note(f"{target.spec.name}: warning: {warning}", "yellow")
    for text in target.problems.values():
        print_note(f"failed: {mask_secrets(text)}", "red")
    for item in target.connections:
        try:
            with show_progress() as progress, closing(Session(target.spec, item, lake, progress=progress)) as session:
                checks = check_streams(session, stream)
        except BadConnection as error:
            unusable += 1
            print_note(f"failed: {mask_secrets(str(error))}", "red")
        except ConnectionRefused as error:
            failed += 1
            print_note(f"failed: {mask_secrets(str(error))}", "red")
        else:
            failed += any(each.is_problem for each in checks)
            _print_checks(f"{target.spec.name}/{item.id}", checks)
    if failed:
        from dazz_assets.cli.sandbox_connections import note_stopped_sandbox

        note_stopped_sandbox(target.connections)
    if unusable == len(target.connections) + len(target.problems):
        end_command(WRONG_USAGE)
    if failed or unusable:
        end_command(FAILED)


def _check_names(target: "Target", names: Sequence[str] | None) -> None:
    from dazz_assets.names import suggest

    streams = target.spec.streams
    for name in names or ():
        if name not in streams:
            raise UsageError(f"{target.spec.name} has no stream {name!r}{suggest(name, streams)}")


def _print_checks(label: str, checks: Sequence["StreamCheck"]) -> None:
    streams = [each for each in checks if not each.is_fact]
    works = sum(each.outcome == "works" for each in streams)
    verdict = "failed" if any(each.is_problem for each in checks) else "ok"
    verb = "works" if len(streams) == 1 else "work"
    partly = sum(each.outcome == "partly" for each in streams)
    more = f", {partly} partly" if partly else ""
    print_result(f"{label}: {verdict}, {works} of {format_count(len(streams), 'stream')} {verb}{more}")
    print_table(
        ("stream", "result", "records", "requests"),
        [
            (
                each.name,
                mask_secrets(_describe(each)),
                each.records if each.outcome in ("works", "partly") and not each.is_fact else None,
                each.requests,
            )
            for each in checks
        ],
    )
    for each in checks:
        for warning in each.warnings if each.outcome == "works" else ():
            print_note(f"{label}, {each.name}: warning: {mask_secrets(warning)}", "yellow")
    for alike in _by_cause(checks):
        first, names = alike[0], [each.name for each in alike]
        if not first.is_problem:
            text = f"{label}, {', '.join(names)}: {first.reason}"
        elif names[1:]:  # An error names connection and stream.
            text = f"{first.reason} It is the same for {', '.join(names[1:])}."
        else:
            text = first.reason
        print_note(mask_secrets(text), "red" if first.is_problem else "")


def _by_cause(checks: Sequence["StreamCheck"]) -> list[list["StreamCheck"]]:
    """The checks with something to tell, those together that it is the same for."""
    found: dict[str, list[StreamCheck]] = {}
    for each in checks:
        if each.reason:
            found.setdefault(each.cause or f"{each.name} {each.reason}", []).append(each)
    return list(found.values())


def _describe(check: "StreamCheck") -> str:
    words = _WORDS.get(check.outcome, check.outcome)
    if check.outcome == "not found":
        return f"{words}; may need {', '.join(check.needs)}" if check.needs else words
    return f"{words}; needs {', '.join(check.needs)}" if check.needs else words
