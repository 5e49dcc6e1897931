"""Syncs of one connection with nothing new, one after another in one process, on the instance of the environment."""

from __future__ import annotations

import sys

from dazz_assets.connections import connections_path, read_connections
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.home import lake_url
from dazz_assets.lake import Lake
from dazz_assets.orchestration.dagster_instance import open_instance
from dazz_assets.orchestration.local_runs import sync_connections
from dazz_assets.spec.discovery import find_integration
from tests.benchmarks.our_connection import CONNECTION, integration_file


def main(runs: int) -> None:
    spec = find_integration(str(integration_file("issues")))
    connections = [item for item in read_connections(connections_path()).valid if item.id == CONNECTION]
    with open_instance() as instance:
        for _ in range(runs):
            from_mark = SyncRange(from_mark=True)
            outcome = sync_connections(
                spec, connections, sync_range=from_mark, instance=instance, lake=Lake(lake_url())
            )
            if outcome.errors:
                raise RuntimeError(outcome.errors[0].message)


if __name__ == "__main__":
    main(int(sys.argv[1]))
