"""`dazz parse`."""

from typing import Annotated

import typer

from dazz_assets.cli.failures import Refused
from dazz_assets.cli.options import AsJson, ConnectionIds, Since, Target, Until, check_range

Parser = Annotated[str | None, typer.Argument(help="A parser's name; all by default.")]
Stale = Annotated[bool, typer.Option("--stale", help="Only windows whose full-refresh inputs changed.")]


def parse_again(
    target: Target,
    parser: Parser = None,
    connection: ConnectionIds = None,
    since: Since = None,
    until: Until = None,
    stale: Stale = False,
    as_json: AsJson = False,
) -> None:
    """Parse again from what is stored, with no request: every window, or those that meet [since, until).

    Always also each window whose records are no longer those that it was parsed from.
    """
    check_range(since, until)
    if stale and (since is not None or until is not None):
        raise Refused("--stale finds its windows by itself: leave out --since and --until")
    from dazz_assets.cli.chosen import choose
    from dazz_assets.cli.outcome import finish
    from dazz_assets.cli.progress import shown
    from dazz_assets.cli.work import at_work
    from dazz_assets.orchestration.execute import parse_windows

    chosen = choose(target, connection)
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
