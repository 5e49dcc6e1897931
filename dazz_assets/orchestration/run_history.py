"""How the last runs of a connection ended: when its assets were materialized, and why its jobs failed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from dazz_assets.orchestration.partitions import connection_of_partition
from dazz_assets.orchestration.runs import connection_tag_key, connections_of

_RUNS_SEARCHED = 10


@dataclass(frozen=True, slots=True)
class LastMaterialization:
    """The last materialization of an asset for a connection: its time, and how many requests its sync sent."""

    at: datetime
    requests: int | None


class RunHistory:
    """Reads from the instance when assets were last materialized, and why the last runs failed."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._newest: dict[dg.AssetKey, dict[str, int]] = {}

    def last_materialization(self, asset: Iterable[str], connection: str) -> LastMaterialization | None:
        """The newest materialization of an asset for a connection, over all windows; None if there is none."""
        key = dg.AssetKey(list(asset))
        if key not in self._newest:
            self._newest[key] = self._newest_ids(key)
        storage_id = self._newest[key].get(connection)
        if storage_id is None:
            return None
        records = self._instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=key, storage_ids=[storage_id]), limit=1
        ).records
        if not records or records[0].asset_materialization is None:
            return None
        requests = records[0].asset_materialization.metadata.get("dazz/requests")
        value = requests.value if requests is not None else None
        return LastMaterialization(
            datetime.fromtimestamp(records[0].timestamp, UTC), value if isinstance(value, int) else None
        )

    def _newest_ids(self, key: dg.AssetKey) -> dict[str, int]:
        """The storage id of an asset's newest materialization, by connection."""
        by_partition = self._instance.get_latest_storage_id_by_partition(key, dg.DagsterEventType.ASSET_MATERIALIZATION)
        newest: dict[str, int] = {}
        for partition, storage_id in by_partition.items():
            connection = connection_of_partition(partition)
            newest[connection] = max(storage_id, newest.get(connection, 0))
        return newest

    def last_failures(self, where: str) -> dict[str, tuple[datetime, str]]:
        """The time and message of each step that failed in the latest finished run of each job of a connection.

        where: the connection, such as `desk/acme`.
        """
        failures: dict[str, tuple[datetime, str]] = {}
        jobs_seen: set[str] = set()
        tagged = dg.RunsFilter(tags={connection_tag_key(where): where})
        for record in self._instance.get_run_records(tagged, limit=_RUNS_SEARCHED):
            run = record.dagster_run
            finished = run.status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS)
            if run.job_name in jobs_seen or not finished:
                continue
            jobs_seen.add(run.job_name)
            if run.status is dg.DagsterRunStatus.FAILURE:
                others = connections_of(run) - {where}
                failures |= {
                    step: (at, text)
                    for step, (at, text) in failed_steps(self._instance, run.run_id).items()
                    # A run over several connections may have failed for others only. Its message then names these.
                    if where in text or not any(other in text for other in others)
                }
        return failures


def failed_steps(instance: dg.DagsterInstance, run_id: str) -> dict[str, tuple[datetime, str]]:
    """The time and message of each failed step of a run."""
    failed = {}
    for record in instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records:
        event = record.event_log_entry.dagster_event
        if event is None or event.step_key is None:
            continue
        data = event.step_failure_data
        description = data.user_failure_data.description if data.user_failure_data else None
        text = description or (data.error.message if data.error else "") or "failed"
        if data.error is not None and data.error.cls_name == dg.DagsterExecutionInterruptedError.__name__:
            text = "the last run was interrupted"
        failed[event.step_key] = (datetime.fromtimestamp(record.event_log_entry.timestamp, UTC), text)
    return failed
