"""`dazz demo`: all that the library does, shown against the sandboxes, with claims that are checked."""

import os
from dataclasses import astuple
from pathlib import Path

from dazz_assets.cli.exit_status import FAILED, end_command
from dazz_assets.cli.output import print_note, print_result, print_table


def run_demo() -> None:
    """Sync and parse from the vendors' sandboxes: a first sync, an incremental sync and a restream.

    Prints the requests and records of each step. Each demo deletes what the last one stored. If your connections file
    has connections of your own, the demo uses a separate home, the folder `demo` in yours. The file also stays as it
    is while the sandbox that it names is running, as the demo's own ends with it.
    """
    from dazz_assets.cli.demo_steps import Demonstration
    from dazz_assets.cli.open_instance import open_instance_and_lake
    from dazz_assets.cli.progress_view import show_progress
    from dazz_assets.cli.sandbox_connections import (
        is_running,
        read_sandbox_connections,
        sandbox_connections,
        start_sandbox_nearby,
        write_connections,
    )
    from dazz_assets.connections import connections_path
    from dazz_assets.home import home

    path = connections_path()
    existing = read_sandbox_connections(path)
    if existing is None:
        _use_home(home() / "demo")
        print_note(f"{path} has connections of your own, so the demo uses {home()}.")
    works = bool(existing) and all(map(is_running, existing or ()))
    if works:
        print_note(f"{path} stays as it is, as the sandbox that it names is running. The demo starts another.")
    # Never write tokens into the home, not even those of a sandbox.
    writes = existing is not None and not works and not path.absolute().is_relative_to(home())
    sandbox = start_sandbox_nearby()
    try:
        connections = sandbox_connections(sandbox)
        if writes:
            write_connections(path, connections)
            print_note(f"{path} now has the connections of the demo's sandbox. After the demo, `dazz dev` serves it.")
        with show_progress() as progress, open_instance_and_lake() as (instance, lake):
            demonstration = Demonstration(sandbox, connections, lake, instance, progress)
            demonstration.run()
    finally:
        sandbox.close()
    print_table(
        ("step", "integration", "requests", "records", "objects", "waited s", "seconds"),
        [astuple(row) for row in demonstration.rows],
        title="Steps (objects: in the windows that were parsed)",
    )
    print_result("")
    table = demonstration.count_findings()
    if table is None:
        print_result("No findings: none of these vendors has any.")
    else:
        print_result(f'dazz query "{demonstration.sql}"')
        print_table(table.column_names, [list(row.values()) for row in table.to_pylist()], exact=True)
    print_result("")
    for claim in demonstration.claims:
        print_result(f"{'ok' if claim.holds else 'FAILED'}: {claim.text}")
    for error in demonstration.errors:
        print_note(f"Error: {error}", "red")
    if demonstration.errors or not all(claim.holds for claim in demonstration.claims):
        end_command(FAILED)


def _use_home(folder: Path) -> None:
    from dazz_assets.home import DAGSTER_VARIABLE, HOME_VARIABLE, LAKE_VARIABLE

    os.environ[HOME_VARIABLE] = str(folder)
    os.environ.pop(LAKE_VARIABLE, None)
    os.environ.pop(DAGSTER_VARIABLE, None)
