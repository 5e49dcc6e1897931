"""Runs of a connection: which process works on it, which runs died with their process, and how its last runs ended."""

import hashlib
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
import psutil

from dazz_assets.orchestration.dagster_instance import CONNECTION_TAG

PROCESS_TAG = "dazz/process"
CONNECTION_TAG_PREFIX = f"{CONNECTION_TAG}."
# The longest name that Dagster accepts after the slash of a tag key.
_MAX_TAG_NAME = 63
IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_RUNNING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
# Seconds. A process's start time is computed from the system clock, which may be adjusted between two readings.
_START_TIME_TOLERANCE = 5.0
# A run is tagged with its process by its first step, a moment after it starts.
_TAGGED_WITHIN = timedelta(minutes=2)
_RUNS_SEARCHED = 10


def connection_tags(connections: Collection[str]) -> dict[str, str]:
    """The tags of a run over connections (as `snyk/acme`): one for each, and for a single connection also its name.

    The name tag has one connection as its value, so that a limit per unique value is a limit per connection.
    """
    single = {CONNECTION_TAG: next(iter(connections))} if len(connections) == 1 else {}
    return {**{connection_tag_key(where): where for where in connections}, **single}


def connection_tag_key(where: str) -> str:
    """The key of the tag of one connection: `dazz/connection.snyk.acme` for `snyk/acme`; of a long name, its hash."""
    namespace, _, name = f"{CONNECTION_TAG_PREFIX}{where.replace('/', '.')}".partition("/")
    if len(name) > _MAX_TAG_NAME:
        digest = hashlib.sha256(where.encode()).hexdigest()[:16]
        name = f"{name[: _MAX_TAG_NAME - len(digest) - 1]}.{digest}"
    return f"{namespace}/{name}"


def connections_of(run: dg.DagsterRun) -> set[str]:
    """The connections that a run is tagged with, as `snyk/acme`."""
    return {value for tag, value in run.tags.items() if f"{tag}.".startswith(CONNECTION_TAG_PREFIX)}


def process_tag() -> str:
    """An id of this process that no later process has: host, process id and start time."""
    process = psutil.Process()
    return f"{socket.gethostname()}:{process.pid}:{process.create_time():.2f}"


def claim_connections(instance: dg.DagsterInstance, run: dg.DagsterRun, connections: set[str]) -> None:
    """Tag a run with this process and the connections it works on, and fail dead runs of these connections."""
    fail_dead_runs(instance, find_running(instance, connections), exclude=run.run_id)
    wanted = {**connection_tags(connections | connections_of(run)), PROCESS_TAG: process_tag()}
    if any(run.tags.get(tag) != value for tag, value in wanted.items()):
        instance.add_run_tags(run.run_id, wanted)


def find_running(instance: dg.DagsterInstance, connections: set[str]) -> list[dg.RunRecord]:
    """The runs of any of these connections that are starting or started."""
    records = instance.get_run_records(dg.RunsFilter(statuses=_RUNNING))
    return [record for record in records if connections_of(record.dagster_run) & connections]


def fail_dead_runs(instance: dg.DagsterInstance, records: Iterable[dg.RunRecord], exclude: str = "") -> set[str]:
    """Mark runs as failed whose process on this host is gone, except the run with the id `exclude`. Returns their ids.

    A dead run would otherwise stay STARTED, and its tags would block every later run of its connections.
    """
    dead = set()
    for record in records:
        run = record.dagster_run
        if run.run_id != exclude and run.status in _RUNNING and not _is_alive(record):
            process = run.tags.get(PROCESS_TAG, "unknown")
            instance.report_run_failed(
                run,
                f"The process of this run ({process}) is gone: it was killed or crashed. The next sync continues.",
            )
            dead.add(run.run_id)
    return dead


def _is_alive(record: dg.RunRecord) -> bool:
    """Whether a run's process is alive. A process on another host counts as alive."""
    tag = record.dagster_run.tags.get(PROCESS_TAG)
    if tag is None:
        return datetime.now(UTC) - record.update_timestamp.replace(tzinfo=UTC) < _TAGGED_WITHIN
    host, pid, started = tag.rsplit(":", 2)
    if host != socket.gethostname():
        return True
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(started)) < _START_TIME_TOLERANCE
    except psutil.NoSuchProcess:
        return False


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
            # A partition of the grid is `<connection>|<window>`, and ids of connections contain no `|`.
            connection = partition.partition("|")[0]
            newest[connection] = max(storage_id, newest.get(connection, 0))
        return newest

    def last_failures(self, where: str) -> dict[str, tuple[datetime, str]]:
        """The time and message of each step that failed in the latest finished run of each job of a connection.

        where: the connection, as `snyk/acme`.
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
                    for step, (at, text) in self._failed_steps(run.run_id).items()
                    # A run over several connections may have failed for others only. Its message then names these.
                    if where in text or not any(other in text for other in others)
                }
        return failures

    def _failed_steps(self, run_id: str) -> dict[str, tuple[datetime, str]]:
        failed = {}
        for record in self._instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records:
            event = record.event_log_entry.dagster_event
            if event is None or event.step_key is None:
                continue
            data = event.step_failure_data
            description = data.user_failure_data.description if data.user_failure_data else None
            text = description or (data.error.message if data.error else "") or "failed"
            failed[event.step_key] = (datetime.fromtimestamp(record.event_log_entry.timestamp, UTC), text)
        return failed
