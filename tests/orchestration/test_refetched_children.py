"""A refetch reaches snapshots of changed parents through Dagster, as `dazz sync --refetch` runs it."""

from __future__ import annotations

from pathlib import Path

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.orchestration.dagster_instance import open_temporary_instance
from dazz_assets.orchestration.local_runs import sync_connections
from tests.help_desk_vendor import Customer
from tests.http.loopback import Vendor
from tests.tracker_vendor import Tracker, TrackerIntegration


def test_a_refetch_lists_the_children_of_unchanged_parents(tmp_path: Path) -> None:
    with Vendor() as vendor, open_temporary_instance() as instance:
        tracker = Tracker(vendor)
        tracker.comment("a", "a1")
        tracker.comment("b", "b1")
        customer = Customer(tmp_path, vendor.url, TrackerIntegration)

        def sync(sync_range: SyncRange) -> list[str]:
            connections = [customer.connection]
            sync_connections(customer.spec, connections, sync_range=sync_range, instance=instance, lake=customer.lake)
            paths = [request.path for request in vendor.requests]
            vendor.requests.clear()
            return sorted(path for path in paths if path.endswith("/comments"))

        every = ["/issues/a/comments", "/issues/b/comments"]
        sync(SyncRange(from_mark=True))
        sync(SyncRange(from_mark=True))  # the first one ran snapshots before there were issues
        assert sync(SyncRange(from_mark=True)) == []
        assert sync(SyncRange(refetch=True)) == every
