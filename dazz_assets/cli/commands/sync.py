"""`dazz sync`: fetch what is new of connections, or a range, and parse it."""

from functools import partial
from typing import Annotated

import typer

from dazz_assets.cli.exit_status import UsageError
from dazz_assets.cli.options import AsJson, ConnectionIds, Since, TargetArgument, Until, check_range
from dazz_assets.cli.output import print_note

Streams = Annotated[
    list[str] | None, typer.Option("--stream", metavar="NAME", help="Only this stream. Can be repeated.")
]
Refetch = Annotated[
    bool,
    typer.Option(
        "--refetch", help="Fetch all records again from the start, and replace what is stored once that is complete."
    ),
]
AcceptShrink = Annotated[
    bool,
    typer.Option(
        "--accept-shrink", help="Replace a snapshot even if it has lost far more records than its max_shrink allows."
    ),
]
# The old name of `--refetch`, to be removed in the next version.
FormerRefetch = Annotated[bool, typer.Option("--full-refresh", hidden=True)]


def sync_streams(
    name_or_path: TargetArgument,
    connection: ConnectionIds = None,
    stream: Streams = None,
    since: Since = None,
    until: Until = None,
    refetch: Refetch = False,
    accept_shrink: AcceptShrink = False,
    full_refresh: FormerRefetch = False,
    as_json: AsJson = False,
) -> None:
    """Fetch what changed, and parse it. The runs show up in the Dagster UI.

    A connection that fails does not stop the others. Exit status 2 only if the config of every connection is wrong.
    """
    check_range(since, until)
    if full_refresh:
        print_note("--full-refresh is now called --refetch; the old name will be removed in the next version.")
        refetch = True
    if refetch and (since is not None or until is not None):
        raise UsageError("--refetch fetches from the connection's start to now: leave out --since and --until")
    from dazz_assets.cli.run_summary import run_and_finish
    from dazz_assets.cli.target import find_target
    from dazz_assets.extract.ranges import SyncRange
    from dazz_assets.lake.freed_memory import return_large_blocks
    from dazz_assets.orchestration.local_runs import sync_connections

    return_large_blocks()
    target = find_target(name_or_path, connection)
    bounded = since is not None or until is not None
    sync_range = SyncRange(
        from_mark=not bounded and not refetch, since=since, until=until, refetch=refetch, accept_shrink=accept_shrink
    )
    run = partial(sync_connections, target.spec, target.connections, streams=stream, sync_range=sync_range)
    run_and_finish(run, target, as_json=as_json)
