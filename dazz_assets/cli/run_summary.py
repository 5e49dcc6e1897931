"""Print the outcome of a sync or a parse, as JSON or as tables, and derive the exit status from it."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NoReturn

from dazz_assets.cli.advice import describe_other_versions, parse_command
from dazz_assets.cli.exit_status import DONE, FAILED, WRONG_USAGE, end_command, mask_secrets
from dazz_assets.cli.open_instance import open_instance_and_lake
from dazz_assets.cli.output import print_json, print_note, print_table
from dazz_assets.cli.progress_view import show_progress
from dazz_assets.cli.sandbox_connections import note_stopped_sandbox
from dazz_assets.cli.target import Target
from dazz_assets.counts import format_count
from dazz_assets.orchestration.outcomes import Outcome, Problem
from dazz_assets.reports import ParseReport, StreamReport

_STREAM = ("connection", "stream", "requests", "records", "bytes", "retries", "waited_seconds", "high_water_mark")
_STREAM_JSON_ONLY = (
    "received",
    "pages",
    "stored",
    "total",
    "end_reason",
    "problems",
    "passed_over",
    "warnings",
    "gap",
    "drift",
)


def run_and_finish(run: Callable[..., Outcome], target: Target, *, as_json: bool) -> NoReturn:
    """Run a sync or a parse on the shared instance and lake, showing its progress; print the outcome and end.

    run: takes `instance`, `lake` and `progress`.
    """
    with show_progress(as_json=as_json) as progress, open_instance_and_lake() as (instance, lake):
        outcome = run(instance=instance, lake=lake, progress=progress)
    finish_run(outcome, target, as_json=as_json)


def finish_run(outcome: Outcome, target: Target, *, as_json: bool) -> NoReturn:
    """Print the outcome, with the connections whose entries are invalid, and end the command with its exit status."""
    outcome.errors.extend(Problem(id_, text) for id_, text in target.problems.items())
    print_run(outcome, target, as_json=as_json)
    if any(error.stream for error in outcome.errors):
        note_stopped_sandbox(target.connections)
    end_command(run_exit_status(outcome, target))


def print_run(outcome: Outcome, target: Target, *, as_json: bool) -> None:
    """Print what was done, warnings and errors."""
    if as_json:
        print_json(run_document(outcome))
        return
    if outcome.streams:
        columns = ("connection", "stream", "requests", "records", "bytes", "retries", "waited s", "high-water mark")
        print_table(columns, [[getattr(item, name) for name in _STREAM] for item in outcome.streams])
    if outcome.parsers:
        rows = [
            (item.connection, item.parser, item.objects, len(item.windows), item.quarantined)
            for item in outcome.parsers
        ]
        print_table(("connection", "parser", "objects", "windows", "quarantined"), rows)
    for report in outcome.streams:
        keyless = [f"{format_count(report.problems, 'record')} without a key or cursor"] if report.problems else []
        gap = [report.gap] if report.gap else []
        for text in [*report.warnings, *report.passed_over, *keyless, *gap]:
            print_note(f"{report.connection} {report.stream}: {mask_secrets(text)}", "yellow")
    for parsed in outcome.parsers:
        for text in parsed.warnings:
            print_note(f"{parsed.connection} {parsed.parser}: warning: {mask_secrets(text)}", "yellow")
        if parsed.stale:
            windows = "1 window was" if len(parsed.stale) == 1 else f"{len(parsed.stale):,} windows were"
            print_note(
                f"{parsed.connection} {parsed.parser}: {windows} parsed with an older state of "
                f"{', '.join(parsed.changed_inputs)}; run `{parse_command(target.given, '--stale')}` to parse "
                f"{'it' if len(parsed.stale) == 1 else 'them'} again",
                "yellow",
            )
        if parsed.other_versions:
            text = describe_other_versions(parsed.parser, parsed.version, parsed.other_versions, target.given)
            print_note(f"{parsed.connection}: {text}", "yellow")
    for error in outcome.errors:
        print_note(f"Error: {mask_secrets(error.message)}", "red")


def run_document(outcome: Outcome) -> dict[str, Any]:
    """The JSON document for an outcome."""
    return {
        "streams": [_stream_document(item) for item in outcome.streams],
        "parsers": [_parser_document(item) for item in outcome.parsers],
        "errors": [
            {name: value for name, value in asdict(item).items() if value is not None}
            | {"message": mask_secrets(item.message)}
            for item in outcome.errors
        ],
    }


def run_exit_status(outcome: Outcome, target: Target) -> int:
    """The exit status of an outcome: WRONG_USAGE only if the config of every connection is wrong."""
    if not outcome.errors:
        return DONE
    unusable = {item.connection for item in outcome.errors if item.stream is None and item.parser is None}
    return WRONG_USAGE if all(item.id in unusable for item in target.connections) else FAILED


def _stream_document(report: StreamReport) -> dict[str, Any]:
    document = {name: getattr(report, name) for name in (*_STREAM, *_STREAM_JSON_ONLY)}
    return document | {
        name: [mask_secrets(text) for text in document[name]] for name in ("warnings", "passed_over", "drift")
    }


def _parser_document(report: ParseReport) -> dict[str, Any]:
    return {
        "connection": report.connection,
        "parser": report.parser,
        "objects": report.objects,
        "windows": len(report.windows),
        "quarantined": report.quarantined,
        "invalid": sum(report.invalid.values()),
        "duplicates": len(report.duplicates),
        "replaced": report.replaced,
        "stale_windows": len(report.stale),
        "version": report.version,
        "other_versions": report.other_versions,
        "warnings": report.warnings,
    }
