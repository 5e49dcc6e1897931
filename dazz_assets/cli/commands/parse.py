"""`dazz parse`."""

from typing import Annotated

import typer

from dazz_assets.cli.exit_status import Refused
from dazz_assets.cli.options import AsJson, ConnectionIds, Since, TargetArgument, Until, check_range

Parser = Annotated[str | None, typer.Argument(help="A parser's name; all by default.")]
Stale = Annotated[bool, typer.Option("--stale", help="Only windows whose full-refresh inputs changed.")]
Compare = Annotated[bool, typer.Option("--compare", help="Publish nothing: show what would change.")]
ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="With --compare: status 1 where something would change, as where it fails.")
]


def parse_again(
    target: TargetArgument,
    parser: Parser = None,
    connection: ConnectionIds = None,
    since: Since = None,
    until: Until = None,
    stale: Stale = False,
    compare: Compare = False,
    exit_code: ExitCode = False,
    as_json: AsJson = False,
) -> None:
    """Parse again from what is stored, with no request: every window, or those that meet [since, until).

    Always also each window whose records are no longer those that it was parsed from.

    With --compare nothing is published: it shows which objects the code at hand would add, remove and change.
    """
    check_range(since, until)
    if stale and (since is not None or until is not None):
        raise Refused("--stale finds its windows by itself: leave out --since and --until")
    if exit_code and not compare:
        raise Refused("--exit-code says whether something would change: give --compare too")
    from dazz_assets.cli.target import find_target

    chosen = find_target(target, connection)
    if compare:
        from dazz_assets.cli.comparison_view import print_changes

        print_changes(chosen, parser, since, until, stale=stale, exit_code=exit_code, as_json=as_json)
    from dazz_assets.cli.open_instance import open_work
    from dazz_assets.cli.progress_view import show_progress
    from dazz_assets.cli.run_summary import finish_run
    from dazz_assets.orchestration.local_runs import parse_connections

    with show_progress(as_json=as_json) as progress, open_work() as (instance, lake):
        outcome = parse_connections(
            chosen.spec,
            chosen.connections,
            parser=parser,
            since=since,
            until=until,
            stale=stale,
            instance=instance,
            lake=lake,
            progress=progress,
        )
    finish_run(outcome, chosen, as_json=as_json)
