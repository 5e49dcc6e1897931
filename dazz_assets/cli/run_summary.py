"""The outcome of a sync or a parse, as JSON and as tables, and the exit status that it means."""

from dataclasses import asdict
from typing import Any, NoReturn

from dazz_assets.cli.exit_status import DONE, FAILED, WRONG_USAGE, end_command, mask_secrets
from dazz_assets.cli.output import print_json, print_note, print_table
from dazz_assets.cli.target import Target
from dazz_assets.orchestration.outcomes import Outcome, Problem
from dazz_assets.reports import ParseReport, StreamReport

_STREAM = ("connection", "stream", "requests", "records", "bytes", "retries", "waited_seconds", "high_water_mark")
_STREAM_TOO = ("received", "pages", "stored", "total", "ended", "problems", "passed_over", "warnings", "gap", "drift")


def finish_run(outcome: Outcome, chosen: Target, *, as_json: bool) -> NoReturn:
    """Print the outcome, with the connections whose entries can't be read, and end with the status that it means."""
    outcome.errors.extend(Problem(id_, text) for id_, text in chosen.problems.items())
    print_run(outcome, as_json=as_json)
    end_command(run_exit_status(outcome, chosen))


def print_run(outcome: Outcome, *, as_json: bool) -> None:
    """Print what was done, and what went wrong."""
    if as_json:
        print_json(run_document(outcome))
        return
    if outcome.streams:
        columns = ("connection", "stream", "requests", "records", "bytes", "retries", "waited s", "high-water mark")
        print_table(columns, [[getattr(item, name) for name in _STREAM] for item in outcome.streams])
    if outcome.parsers:
        rows = [
            (item.connection, item.parser, item.records, len(item.windows), item.quarantined)
            for item in outcome.parsers
        ]
        print_table(("connection", "parser", "records", "windows", "quarantined"), rows)
    for report in outcome.streams:
        keyless = [f"{report.problems} records without key or cursor"] if report.problems else []
        gap = [report.gap] if report.gap else []
        for text in [*report.warnings, *report.passed_over, *keyless, *gap]:
            print_note(f"{report.connection} {report.stream}: {mask_secrets(text)}", "yellow")
    for parsed in outcome.parsers:
        if parsed.stale:
            print_note(
                f"{parsed.connection} {parsed.parser}: {len(parsed.stale)} windows were parsed with an older state of "
                "their full-refresh inputs; `dazz parse --stale` parses them again",
                "yellow",
            )
    for error in outcome.errors:
        print_note(f"Error: {mask_secrets(error.message)}", "red")


def run_document(outcome: Outcome) -> dict[str, Any]:
    """The JSON document of an outcome."""
    return {
        "streams": [_stream(item) for item in outcome.streams],
        "parsers": [_parser(item) for item in outcome.parsers],
        "errors": [
            {name: value for name, value in asdict(item).items() if value is not None}
            | {"message": mask_secrets(item.message)}
            for item in outcome.errors
        ],
    }


def run_exit_status(outcome: Outcome, chosen: Target) -> int:
    """The exit status: wrong config only where it left no connection to work with."""
    if not outcome.errors:
        return DONE
    unusable = {item.connection for item in outcome.errors if item.stream is None and item.parser is None}
    return WRONG_USAGE if all(item.id in unusable for item in chosen.connections) else FAILED


def _stream(report: StreamReport) -> dict[str, Any]:
    found = {name: getattr(report, name) for name in (*_STREAM, *_STREAM_TOO)}
    return found | {name: [mask_secrets(text) for text in found[name]] for name in ("warnings", "passed_over", "drift")}


def _parser(report: ParseReport) -> dict[str, Any]:
    return {
        "connection": report.connection,
        "parser": report.parser,
        "records": report.records,
        "windows": len(report.windows),
        "quarantined": report.quarantined,
        "invalid": sum(report.invalid.values()),
        "duplicates": len(report.duplicates),
        "replaced": report.replaced,
        "stale_windows": len(report.stale),
    }
