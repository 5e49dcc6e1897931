"""`dazz parse`: parse stored records again with the code at hand, or compare what that would change."""

from functools import partial
from typing import Annotated

import typer

from dazz_assets.cli.exit_status import UsageError, when_interrupted
from dazz_assets.cli.options import AsJson, ConnectionIds, Since, TargetArgument, Until, check_range

Parser = Annotated[str | None, typer.Argument(metavar="PARSER", help="Only this parser. Default: all parsers.")]
Stale = Annotated[bool, typer.Option("--stale", help="Only windows whose full-refresh inputs changed.")]
Compare = Annotated[bool, typer.Option("--compare", help="Show what would change, and publish nothing.")]
Processes = Annotated[
    int | None,
    typer.Option(
        "--processes",
        metavar="N",
        min=1,
        help="Parse windows of many records in up to N processes. Default: DAZZ_PARSE_PROCESSES, or 1.",
    ),
]
ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="With --compare: exit with status 1 if anything would change.")
]


def parse_again(
    name_or_path: TargetArgument,
    parser: Parser = None,
    connection: ConnectionIds = None,
    since: Since = None,
    until: Until = None,
    stale: Stale = False,
    processes: Processes = None,
    compare: Compare = False,
    exit_code: ExitCode = False,
    as_json: AsJson = False,
) -> None:
    """Parse stored records again, without any request: all windows, or those that overlap --since and --until.

    Also parses every other window whose records have changed since it was parsed.

    With --compare, nothing is published: it shows which objects the current code would add, remove and change.
    """
    check_range(since, until)
    if stale and (since is not None or until is not None):
        raise UsageError("--stale selects the windows itself: leave out --since and --until")
    if exit_code and not compare:
        raise UsageError("--exit-code needs --compare: it reports whether anything would change")
    from dazz_assets.cli.target import find_target

    target = find_target(name_or_path, connection)
    if compare:
        from dazz_assets.cli.comparison_view import print_changes

        with when_interrupted("Nothing was published."):
            print_changes(
                target, parser, since, until, stale=stale, processes=processes, exit_code=exit_code, as_json=as_json
            )
    from dazz_assets.cli.run_summary import run_and_finish
    from dazz_assets.orchestration.local_runs import parse_connections

    run = partial(
        parse_connections,
        target.spec,
        target.connections,
        parser=parser,
        since=since,
        until=until,
        stale=stale,
        processes=processes,
    )
    with when_interrupted(
        "What a parser published is safe: the new objects of each parser that was done by then, and of all others the "
        "former ones. Run the same command again to parse the rest: a sync parses only what changed."
    ):
        run_and_finish(run, target, as_json=as_json)
