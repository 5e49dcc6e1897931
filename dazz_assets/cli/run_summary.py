"""Print the outcome of a sync or a parse, as JSON or as tables, and derive the exit status from it."""

from collections.abc import Callable, Iterator, Sequence
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
from dazz_assets.names import list_names
from dazz_assets.orchestration.outcomes import Outcome, Problem
from dazz_assets.reports import ParseReport, StreamReport, without_address

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
        columns = ("connection", "stream", "requests", "fetched", "new", "bytes", "retries", "waited s")
        print_table((*columns, "high-water mark"), [_stream_row(item, target) for item in outcome.streams])
    if outcome.parsers:
        rows = [
            (item.connection, item.parser, item.objects, len(item.windows), item.quarantined)
            for item in outcome.parsers
        ]
        print_table(("connection", "parser", "objects", "windows", "quarantined"), rows)
    for report in outcome.streams:
        for text in _stream_warnings(report, target.spec.streams[report.stream].parent, outcome.errors):
            _print_warning(f"{target.spec.name}/{report.connection} {report.stream}", text)
    for parsed in outcome.parsers:
        for text in _parser_warnings(parsed, target):
            _print_warning(f"{target.spec.name}/{parsed.connection} {parsed.parser}", text)
    for text in _describe_errors(outcome.errors, target):
        print_note(f"Error: {mask_secrets(text)}", "red")


def _stream_row(report: StreamReport, target: Target) -> list[object]:
    """A row of the table of streams. Of a list that each sync fetches whole, no record is newer than another."""
    is_whole = target.spec.streams[report.stream].cursor is None
    first = [report.connection, report.stream, report.requests, report.received, None if is_whole else report.records]
    # In two words, so that a narrow column breaks it between day and time.
    mark = report.high_water_mark and report.high_water_mark.replace("T", " ")
    return [*first, report.bytes, report.retries, report.waited_seconds, mark]


def _print_warning(where: str, text: str) -> None:
    print_note(f"{where}: warning: {mask_secrets(text)}", "yellow")


def _stream_warnings(report: StreamReport, parent: str | None, errors: Sequence[Problem]) -> list[str]:
    keyless = [f"{format_count(report.problems, 'record')} without a key or cursor"] if report.problems else []
    return [*report.warnings, *_passed_over(report, parent, errors), *keyless, *([report.gap] if report.gap else [])]


def _passed_over(report: StreamReport, parent: str | None, errors: Sequence[Problem]) -> Iterator[str]:
    """Why parents were passed over, each reason once, unless it is what failed the stream."""
    failed = [item.message for item in errors if (item.connection, item.stream) == (report.connection, report.stream)]
    alike: dict[str, list[tuple[str, str]]] = {}
    for key, reason in report.refusals:
        alike.setdefault(without_address(reason), []).append((key, reason))
    for problem, found in alike.items():
        if not any(problem.rstrip(".") in message for message in failed):
            names = list_names(key for key, _ in found)
            yield f"{parent} {names} {'was' if len(found) == 1 else 'were'} passed over: {found[0][1]}"


def _parser_warnings(report: ParseReport, target: Target) -> Iterator[str]:
    yield from report.warnings
    if report.quarantined:
        reason = f"most often for `{report.quarantine_reason}`; " if report.quarantine_reason else ""
        names = {"integration": target.spec.name, "connection": report.connection, "parser": report.parser}
        where = " and ".join(f"{column} = '{name}'" for column, name in names.items())
        yield (
            f'{report.quarantined:,} in quarantine, {reason}see `dazz query "select * from quarantine where {where}"`'
        )
    if report.stale:
        windows = "1 window was" if len(report.stale) == 1 else f"{len(report.stale):,} windows were"
        yield (
            f"{windows} parsed with an older state of {', '.join(report.changed_inputs)}; "
            f"run `{parse_command(target.given, '--stale')}` to parse "
            f"{'it' if len(report.stale) == 1 else 'them'} again"
        )
    if report.other_versions:
        yield describe_other_versions(report.parser, report.version, report.other_versions, target.given)


def _describe_errors(problems: Sequence[Problem], target: Target) -> list[str]:
    """The errors: one for all of a connection that failed by the same cause, one for all that did not run."""
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for problem in sorted(problems, key=lambda problem: bool(problem.failed_inputs)):
        apart = problem.cause or ("" if problem.failed_inputs else problem.message)
        groups.setdefault((problem.connection, apart), []).append(problem)
    return [_describe_alike(found, f"{target.spec.name}/{found[0].connection}") for found in groups.values()]


def _describe_alike(problems: Sequence[Problem], where: str) -> str:
    first = problems[0]
    streams = [problem.stream for problem in problems if problem.stream is not None]
    parsers = [problem.parser for problem in problems if problem.parser is not None]
    if len(problems) == 1 or not (streams or parsers):
        return first.message
    if not first.failed_inputs:
        named = [f"{kind} {', '.join(names)}" for kind, names in (("streams", streams), ("parsers", parsers)) if names]
        return f"{where}, {' and '.join(named)}: {first.cause or first.message.removeprefix(f'{where}: ')}"
    inputs = dict.fromkeys(name for problem in problems for name in problem.failed_inputs)
    failed = [name for name in inputs if name not in streams]
    # A parser may bear the name of its stream.
    named = [f"parser {name}" if name in (*streams, *inputs) else name for name in parsers]
    return f"{where}: {', '.join([*streams, *named])} did not run, because {', '.join(failed)} failed"


def run_document(outcome: Outcome) -> dict[str, Any]:
    """The JSON document for an outcome."""
    return {
        "streams": [_stream_document(item) for item in outcome.streams],
        "parsers": [_parser_document(item) for item in outcome.parsers],
        "errors": [
            {name: value for name, value in asdict(item).items() if value and name != "cause"}
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
