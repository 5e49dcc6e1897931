"""What we use of Dagster that it does not publish. No other module imports from `dagster._*`.

Each name says why there is no public way; `tests/orchestration/test_dagster_internals.py` fails where a new version of
Dagster moves one or changes what we use of it.
"""

from typing import TYPE_CHECKING

from dagster import DagsterInstance

if TYPE_CHECKING:
    from dagster._core.remote_origin import RemoteJobOrigin

# `DagsterInstance.from_config` opens an instance, but lets nothing override its `dagster.yaml`; only a reference does.
# `DagsterInstance.local_temp` does as well, but promises an instance for tests.
from dagster._core.instance.ref import InstanceRef as InstanceRef

# `define_asset_job` is public, the type of what it gives is not. Used in annotations only.
from dagster._core.definitions.unresolved_asset_job_definition import (  # isort: skip
    UnresolvedAssetJobDefinition as UnresolvedAssetJobDefinition,
)

# What the UI shows as stale is worked out by this alone; GraphQL, the public way to it, needs a server. For tests.
from dagster._core.definitions.data_version import CachingStaleStatusResolver as CachingStaleStatusResolver  # isort: skip
from dagster._core.loader import LoadingContextForTest as LoadingContextForTest  # isort: skip

# `QueuedRunCoordinator` is public, the type of its limits is not. Used in annotations only.
from dagster._core.run_coordinator.queued_run_coordinator import RunQueueConfig as RunQueueConfig  # isort: skip

# An event log of one's own is configured by the name of its class (`event_log_storage` in `dagster.yaml`, which is
# public), but neither the storage classes nor what they store are.
from dagster._config.config_schema import UserConfigSchema as UserConfigSchema
from dagster._core.events import ASSET_CHECK_EVENTS as ASSET_CHECK_EVENTS
from dagster._core.events import ASSET_EVENTS as ASSET_EVENTS
from dagster._core.events import EVENT_TYPE_TO_PIPELINE_RUN_STATUS as EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage as SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS as SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData as ConfigurableClassData

# `compute_logs` in `dagster.yaml` is public, the place of the class that captures nothing is not.
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager as NoOpComputeLogManager  # isort: skip


def runs_to_dequeue(instance: DagsterInstance) -> set[str]:
    """The queued runs that the daemon would start now. It decides this in a loop with no public way in; for tests."""
    from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon

    daemon = QueuedRunCoordinatorDaemon(interval_seconds=5)
    return {run.run_id for run in daemon._get_runs_to_dequeue(instance, instance.get_concurrency_config(), None)}


def place_of_job(name: str) -> "RemoteJobOrigin":
    """Where a job is, without which no run of it can be queued. Only a code location that runs has one; for tests."""
    from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

    location = GrpcServerCodeLocationOrigin(host="localhost", port=1, location_name="dazz")
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), name)
