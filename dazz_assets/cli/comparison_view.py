"""Run `dazz parse --compare` and print what a parse would change, as JSON or as tables with examples."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NoReturn

from dazz_assets.cli.exit_status import DONE, FAILED, UsageError, end_command, mask_secrets
from dazz_assets.cli.output import one_line, print_json, print_note, print_result, print_table
from dazz_assets.cli.progress_view import show_progress
from dazz_assets.cli.run_summary import run_document, run_exit_status
from dazz_assets.cli.target import Target
from dazz_assets.counts import format_count
from dazz_assets.errors import ParseError, add_place
from dazz_assets.home import lake_url
from dazz_assets.lake import Lake, LakeError
from dazz_assets.names import suggest
from dazz_assets.orchestration.outcomes import Outcome, Problem
from dazz_assets.session import Session
from dazz_assets.transform.compare import Comparison, Example, TableChanges, compare_parse
from dazz_assets.transform.value_diff import MISSING

# The number of fields shown for each example.
_MAX_FIELDS = 5


def print_changes(
    target: Target,
    parser: str | None,
    since: datetime | None,
    until: datetime | None,
    *,
    stale: bool,
    processes: int | None,
    exit_code: bool,
    as_json: bool,
) -> NoReturn:
    """Compare what the parsers of each connection yield now with what is published, print it, and end the command.

    A parser that fails does not stop the others. exit_code: end with FAILED if anything would change.
    """
    spec = target.spec
    if parser is not None and parser not in spec.parsers:
        raise UsageError(f"{spec.name} has no parser {parser!r}{suggest(parser, spec.parsers)}")
    outcome, comparisons = Outcome(), list[Comparison]()
    lake = Lake(lake_url())
    with show_progress(as_json=as_json) as progress:
        for connection in target.connections:
            session = Session(spec, connection, lake, progress=progress)
            for item in [spec.parsers[parser]] if parser else spec.parsers.values():
                try:
                    found = compare_parse(session, item, since=since, until=until, stale=stale, processes=processes)
                    comparisons.append(found)
                except (ParseError, LakeError) as error:
                    text = add_place(str(error), session.name, item.name)
                    outcome.errors.append(Problem(connection.id, text, parser=item.name))
    outcome.errors.extend(Problem(id_, text) for id_, text in target.problems.items())
    if as_json:
        print_json(_document(comparisons, outcome))
    else:
        _print_comparisons(comparisons, outcome)
    status = run_exit_status(outcome, target)
    end_command(FAILED if status == DONE and exit_code and any(comparisons) else status)


def _print_comparisons(comparisons: Sequence[Comparison], outcome: Outcome) -> None:
    columns = ("connection", "parser", "windows", "table", "objects", "added", "gone", "changed")
    rows = [
        (item.connection, item.parser, item.windows, each.table, each.objects, each.added, each.gone, each.changed)
        for item in comparisons
        for each in _all_tables(item)
    ]
    if rows:
        print_table(columns, rows)
    for item in comparisons:
        for each in filter(None, _all_tables(item)):
            print_result(f"\n{item.connection} {item.parser}, {each.table}:")
            for line in _format_changes(each):
                print_result(f"  {mask_secrets(one_line(line))}")
    if not any(comparisons) and not outcome.errors:
        print_result("No difference: a parse would publish the same objects again.")
    for error in outcome.errors:
        print_note(f"Error: {mask_secrets(error.message)}", "red")


def _all_tables(comparison: Comparison) -> list[TableChanges]:
    return [*comparison.tables, comparison.quarantine]


def _format_changes(changes: TableChanges) -> Iterator[str]:
    """Lines with the count of changes by field, then examples: + for added, - for gone, ~ for changed objects."""
    for name, count in changes.fields.most_common():
        yield f"{name}: {count:,} changed"
    for sign, examples, count in (
        ("+", changes.examples_added, changes.added),
        ("-", changes.examples_gone, changes.gone),
        ("~", changes.examples_changed, changes.changed),
    ):
        for example in examples:
            yield f"{sign} {_format_example(example)}"
        if count > len(examples):
            yield f"{sign} ... and {count - len(examples):,} more"


def _format_example(example: Example) -> str:
    fields = [str(item) for item in example.fields[:_MAX_FIELDS]]
    if len(example.fields) > _MAX_FIELDS:
        fields.append(f"and {format_count(len(example.fields) - _MAX_FIELDS, 'more field')}")
    label = f"{example.id} ({example.title})" if example.title else example.id
    return f"{label}: {'; '.join(fields)}" if fields else label


def _document(comparisons: Sequence[Comparison], outcome: Outcome) -> dict[str, Any]:
    return {
        "differs": any(comparisons),
        "comparisons": [
            {
                "connection": item.connection,
                "parser": item.parser,
                "windows": item.windows,
                "tables": [_table_document(each) | {"model": each.model} for each in item.tables],
                "quarantine": _table_document(item.quarantine),
            }
            for item in comparisons
        ],
        "errors": run_document(outcome)["errors"],
    }


def _table_document(changes: TableChanges) -> dict[str, Any]:
    examples = {
        "added": changes.examples_added,
        "gone": changes.examples_gone,
        "changed": changes.examples_changed,
    }
    return {
        "table": changes.table,
        "objects": changes.objects,
        "added": changes.added,
        "gone": changes.gone,
        "changed": changes.changed,
        "fields": dict(changes.fields.most_common()),
        "examples": {kind: [_example_document(example) for example in each] for kind, each in examples.items()},
    }


def _example_document(example: Example) -> dict[str, Any]:
    fields = [
        {"path": item.path}
        | {name: value for name, value in (("before", item.before), ("after", item.after)) if value is not MISSING}
        for item in example.fields
    ]
    return {"id": example.id, "title": example.title} | ({"fields": fields} if fields else {})
