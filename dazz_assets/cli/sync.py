"""`dazz sync`."""

from typing import Annotated

import typer

from dazz_assets.cli.failures import Refused
from dazz_assets.cli.options import AsJson, ConnectionIds, Since, Target, Until, check_range
from dazz_assets.cli.output import tell

Streams = Annotated[
    list[str] | None, typer.Option("--stream", metavar="NAME", help="Only this stream; may be repeated.")
]
Refetch = Annotated[
    bool,
    typer.Option("--refetch", help="Fetch from the start, and replace what is stored when all of it is there."),
]
# What `--refetch` was called before; goes away in the next version.
FormerRefetch = Annotated[bool, typer.Option("--full-refresh", hidden=True)]


def sync_streams(
    target: Target,
    connection: ConnectionIds = None,
    stream: Streams = None,
    since: Since = None,
    until: Until = None,
    refetch: Refetch = False,
    full_refresh: FormerRefetch = False,
    as_json: AsJson = False,
) -> None:
    """Fetch what changed, and parse it. The runs show in the Dagster UI.

    A connection that fails does not sink the others. Exit status 2 only where the config of every connection is wrong.
    """
    check_range(since, until)
    if full_refresh:
        tell("--full-refresh is now called --refetch; the old name goes away in the next version.")
        refetch = True
    if refetch and (since is not None or until is not None):
        raise Refused("--refetch fetches from the connection's start to now: leave out --since and --until")
    from dazz_assets.cli.chosen import choose
    from dazz_assets.cli.outcome import finish
    from dazz_assets.cli.progress import shown
    from dazz_assets.cli.work import at_work
    from dazz_assets.orchestration.execute import sync
    from dazz_assets.sync.extent import Extent

    chosen = choose(target, connection)
    bounded = since is not None or until is not None
    extent = Extent(from_mark=not bounded and not refetch, since=since, until=until, replace=refetch)
    with shown(as_json=as_json) as progress, at_work() as (instance, lake):
        outcome = sync(
            chosen.spec,
            chosen.connections,
            streams=stream,
            extent=extent,
            instance=instance,
            lake=lake,
            progress=progress,
        )
    finish(outcome, chosen, as_json=as_json)
