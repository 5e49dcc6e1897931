"""Private names of Dagster that we use. No other module imports from `dagster._*`.

A comment at each name explains why there is no public way. `tests/orchestration/test_dagster_internals.py` fails if a
new version of Dagster moves a name or changes what we use of it.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    DagsterEvent,
    DagsterInstance,
    DataVersion,
    MaterializeResult,
)

if TYPE_CHECKING:
    from dagster._core.remote_origin import RemoteJobOrigin

# Overrides settings of an instance's `dagster.yaml`. `DagsterInstance.from_config` can't override any.
# `DagsterInstance.local_temp` can, but is meant for tests.
from dagster._core.instance.ref import InstanceRef as InstanceRef

# The return type of `define_asset_job`, which is public while the type isn't. Used in annotations only.
from dagster._core.definitions.unresolved_asset_job_definition import (  # isort: skip
    UnresolvedAssetJobDefinition as UnresolvedAssetJobDefinition,
)

# Computes what the UI shows as stale. The public way, GraphQL, needs a server. For tests.
from dagster._core.definitions.data_version import CachingStaleStatusResolver as CachingStaleStatusResolver  # isort: skip
from dagster._core.loader import LoadingContextForTest as LoadingContextForTest  # isort: skip

# The type of the limits of `QueuedRunCoordinator`, which is public while the type isn't. Used in annotations only.
from dagster._core.run_coordinator.queued_run_coordinator import RunQueueConfig as RunQueueConfig  # isort: skip

# A custom event log is configured by its class name (`event_log_storage` in `dagster.yaml`, which is public), but the
# storage classes and what they store are private.
from dagster._config.config_schema import UserConfigSchema as UserConfigSchema
from dagster._core.events import ASSET_CHECK_EVENTS as ASSET_CHECK_EVENTS
from dagster._core.events import ASSET_EVENTS as ASSET_EVENTS
from dagster._core.events import EVENT_TYPE_TO_PIPELINE_RUN_STATUS as EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.storage.event_log.in_memory import InMemoryEventLogStorage as InMemoryEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable as SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage as SqlEventLogStorage
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage as SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS as SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData as ConfigurableClassData

# `compute_logs` in `dagster.yaml` is public, but the module of the class that captures nothing isn't.
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager as NoOpComputeLogManager  # isort: skip


# `DagsterInstance.ephemeral`, which is public, makes its event log itself.
def instance_in_memory(event_log: InMemoryEventLogStorage) -> DagsterInstance:
    """What `DagsterInstance.ephemeral` makes, without telemetry and with this event log."""
    from dagster._core.instance.types import InstanceType
    from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
    from dagster._core.run_coordinator import DefaultRunCoordinator
    from dagster._core.storage.root import TemporaryLocalArtifactStorage
    from dagster._core.storage.runs import InMemoryRunStorage

    return DagsterInstance(
        instance_type=InstanceType.EPHEMERAL,
        local_artifact_storage=TemporaryLocalArtifactStorage(),  # type: ignore[no-untyped-call]
        run_storage=InMemoryRunStorage(),
        event_storage=event_log,
        compute_log_manager=NoOpComputeLogManager(),
        run_coordinator=DefaultRunCoordinator(),
        run_launcher=SyncInMemoryRunLauncher(),
        settings={"telemetry": {"enabled": False}},
    )


def runs_to_dequeue(instance: DagsterInstance) -> set[str]:
    """The ids of the queued runs that the daemon would start now, which only its own loop knows. For tests."""
    from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon

    daemon = QueuedRunCoordinatorDaemon(interval_seconds=5)
    return {run.run_id for run in daemon._get_runs_to_dequeue(instance, instance.get_concurrency_config(), None)}


def job_origin(name: str) -> "RemoteJobOrigin":
    """The origin of a job, which a queued run needs and only a running code location provides. For tests."""
    from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

    location = GrpcServerCodeLocationOrigin(host="localhost", port=1, location_name="dazz")
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), name)


# There is no public way to read evaluations of checks.
def last_check_evaluation(instance: DagsterInstance, check: AssetCheckKey) -> AssetCheckEvaluation | None:
    """The last evaluation of a check, which the UI shows for its asset."""
    from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as Status

    records = instance.event_log_storage.get_asset_check_execution_history(
        check, limit=1, status={Status.SUCCEEDED, Status.FAILED}
    )
    return records[0].evaluation if records else None


# A partition's own data version and provenance. `MaterializeResult` has one for all partitions of a run, so the step
# must log its materializations itself. Dagster's observations of partitions do the same, with the same metadata key.
def silent_result(asset: AssetKey) -> MaterializeResult[Any]:
    """The result of a step that logs its materializations itself: Dagster then logs none for it."""
    from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

    return MaterializeResult(asset_key=asset, metadata={SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True})


def log_materializations(
    context: AssetExecutionContext, materializations: Sequence[AssetMaterialization]
) -> Iterator[DagsterEvent]:
    """Log materializations in one batch, as Dagster does its own. `context.log_event` stores them one by one."""
    from dagster._core.events import DagsterEventBatchMetadata

    step, batch, last = context.get_step_execution_context(), str(uuid.uuid4()), len(materializations) - 1
    for number, materialization in enumerate(materializations):
        position = DagsterEventBatchMetadata(batch, is_end=number == last)
        yield DagsterEvent.asset_materialization(step, materialization, position)


@dataclass(frozen=True, slots=True)
class ProvenanceTags:
    """The tags of a materialization by which Dagster finds out whether it is stale."""

    tags: Mapping[str, str]

    def but_outdated(self, inputs: Iterable[AssetKey], code_version: str | None) -> dict[str, str]:
        """The tags of a partition that was made by another code version, or before some of its inputs changed."""
        from dagster._core.definitions import data_version

        tags = dict(self.tags)
        if code_version is not None:
            tags[data_version.CODE_VERSION_TAG] = code_version
        for key in inputs:
            tags[data_version.get_input_data_version_tag(key)] = "outdated"
            # Dagster compares an input's newest version with the one at this event. The log's first event is of a run.
            tags[data_version.get_input_event_pointer_tag(key)] = "1"
        return tags


def provenance_tags(context: AssetExecutionContext, asset: AssetKey) -> ProvenanceTags:
    """The tags that Dagster itself would give: the code version, and the inputs as they were when the step began."""
    from dagster._core.execution.plan import execute_step

    step = context.get_step_execution_context()
    code_version = execute_step._get_code_version(asset, step)
    inputs = execute_step._get_input_provenance_data(asset, step)
    # The data version here is a placeholder: each partition has its own.
    return ProvenanceTags(execute_step._build_data_version_tags(DataVersion(""), code_version, inputs, True))
