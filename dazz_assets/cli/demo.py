"""`dazz demo`."""

import os
from dataclasses import astuple
from pathlib import Path

from dazz_assets.cli.failures import FAILED, end
from dazz_assets.cli.output import put_table, say, tell


def run_demo() -> None:
    """A first sync, an incremental one and a restream of the vendors' sandboxes, with what each took.

    It starts anew each time: what an earlier demo stored is removed. Where the connections file has connections of
    your own, the demo keeps to a home of its own, the folder `demo` in yours.
    """
    from dazz_assets.cli.demonstration import Demonstration
    from dazz_assets.cli.progress import shown
    from dazz_assets.cli.vendors import connections_to, in_file, started_nearby, write
    from dazz_assets.cli.work import at_work
    from dazz_assets.connections import connections_path
    from dazz_assets.home import home

    path = connections_path()
    is_ours = in_file(path) is not None
    if not is_ours:
        _move_home(home() / "demo")
        tell(f"{path} has connections of your own: the demo keeps to {home()}.")
    sandbox = started_nearby()
    try:
        connections = connections_to(sandbox)
        # Nothing that opens anything is written under the home, be it only a sandbox.
        if is_ours and not path.absolute().is_relative_to(home()):
            write(path, connections)
        with shown() as progress, at_work() as (instance, lake):
            demonstration = Demonstration(sandbox, connections, lake, instance, progress)
            demonstration.run()
    finally:
        sandbox.close()
    put_table(
        ("step", "integration", "requests", "records", "findings", "seconds"),
        [astuple(row) for row in demonstration.rows],
        title="What happened (findings: those of the windows that were parsed)",
    )
    say("")
    say(f'dazz query "{demonstration.sql}"')
    table = demonstration.findings()
    put_table(table.column_names, [list(row.values()) for row in table.to_pylist()])
    say("")
    for claim in demonstration.claims:
        say(f"{'ok' if claim.holds else 'NOT SO'}: {claim.text}")
    for error in demonstration.errors:
        tell(f"Error: {error}", "red")
    if demonstration.errors or not all(claim.holds for claim in demonstration.claims):
        end(FAILED)


def _move_home(folder: Path) -> None:
    from dazz_assets.home import DAGSTER_VARIABLE, HOME_VARIABLE, LAKE_VARIABLE

    os.environ[HOME_VARIABLE] = str(folder)
    os.environ.pop(LAKE_VARIABLE, None)
    os.environ.pop(DAGSTER_VARIABLE, None)
