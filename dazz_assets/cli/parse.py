"""`dazz parse`."""

from typing import Annotated

import typer

from dazz_assets.cli.failures import Refused
from dazz_assets.cli.options import AsJson, ConnectionIds, Since, Target, Until, check_range

Parser = Annotated[str | None, typer.Argument(help="A parser's name; all by default.")]
Stale = Annotated[bool, typer.Option("--stale", help="Only windows whose full-refresh inputs changed.")]
Compare = Annotated[bool, typer.Option("--compare", help="Publish nothing: show what would change.")]
ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="With --compare: status 1 where something would change, as where it fails.")
]


def parse_again(
    target: Target,
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
    from dazz_assets.cli.chosen import choose

    chosen = choose(target, connection)
    if compare:
        from dazz_assets.cli.compared import show_changes

        show_changes(chosen, parser, since, until, stale=stale, exit_code=exit_code, as_json=as_json)
    from dazz_assets.cli.outcome import finish
    from dazz_assets.cli.progress import shown
    from dazz_assets.cli.work import at_work
    from dazz_assets.orchestration.execute import parse_windows

    with shown(as_json=as_json) as progress, at_work() as (instance, lake):
        outcome = parse_windows(
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
    finish(outcome, chosen, as_json=as_json)
