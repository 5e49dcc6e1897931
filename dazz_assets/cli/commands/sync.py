"""`dazz sync`: fetch what is new of connections, or a range, and parse it."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from dazz_assets.cli.exit_status import UsageError, when_interrupted
from dazz_assets.cli.options import AsJson, ConnectionIds, Since, TargetArgument, Until, check_range
from dazz_assets.cli.output import print_note

if TYPE_CHECKING:
    from dazz_assets.extract.ranges import SyncRange

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
    from dazz_assets.orchestration.local_runs import sync_connections

    target = find_target(name_or_path, connection)
    bounded = since is not None or until is not None
    sync_range = SyncRange(
        from_mark=not bounded and not refetch, since=since, until=until, refetch=refetch, accept_shrink=accept_shrink
    )
    run = partial(sync_connections, target.spec, target.connections, streams=stream, sync_range=sync_range)
    with when_interrupted(_describe_interrupted(sync_range)):
        run_and_finish(run, target, as_json=as_json)


def _describe_interrupted(sync_range: "SyncRange") -> str:
    """What holds after an interrupted sync, and which command goes on with it. A plain sync goes on from the marks."""
    if sync_range.refetch:
        return (
            "Streams that were fetched whole by then are replaced, all others are as they were. Run the same command "
            "again to fetch everything again: a sync without --refetch fetches only what is new."
        )
    if not sync_range.from_mark:
        return (
            "Stored data is safe. Run the same command again to fetch the rest of this range: a sync without --since "
            "and --until goes on from the marks, whatever is missing before them."
        )
    return "Stored data is safe, and the next sync continues from there."
