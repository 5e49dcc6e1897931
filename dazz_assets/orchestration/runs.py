"""Runs: which process works on which connection, what becomes of runs whose process died, and what they said."""

import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
import psutil

from dazz_assets.orchestration.dagster_instance import CONNECTION_TAG

PROCESS_TAG = "dazz/process"
EACH_CONNECTION = f"{CONNECTION_TAG}/"
IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_AT_WORK = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
# Seconds: a process's time of start is worked out from the clock, which may be set in between.
_SAME_START = 5.0
# A run says which process it is with its first step, a moment after its start.
_SAYS_ITS_PROCESS_WITHIN = timedelta(minutes=2)


def connection_tags(connections: Collection[str]) -> dict[str, str]:
    """What a run over connections (as `snyk/acme`) says of them: a tag for each, and its name where it is the only one.

    The second has one connection a value, so that a limit on unique values of it is one on runs of a connection.
    """
    alone = {CONNECTION_TAG: next(iter(connections))} if len(connections) == 1 else {}
    return {**{f"{EACH_CONNECTION}{where}": "true" for where in connections}, **alone}


def connections_of(run: dg.DagsterRun) -> set[str]:
    """The connections that a run says it works on, as `snyk/acme`."""
    each = {tag.removeprefix(EACH_CONNECTION) for tag in run.tags if tag.startswith(EACH_CONNECTION)}
    return each | ({run.tags[CONNECTION_TAG]} if CONNECTION_TAG in run.tags else set())


def process_tag() -> str:
    """This process, in a way that no later process repeats: host, id and time of its start."""
    process = psutil.Process()
    return f"{socket.gethostname()}:{process.pid}:{process.create_time():.2f}"


def claim_connections(instance: dg.DagsterInstance, run: dg.DagsterRun, connections: set[str]) -> None:
    """Say that this process works on connections (as `snyk/acme`) in this run, and fail the runs of dead ones."""
    fail_dead_runs(instance, runs_at_work(instance, connections), besides=run.run_id)
    wanted = {**connection_tags(connections | connections_of(run)), PROCESS_TAG: process_tag()}
    if any(run.tags.get(tag) != value for tag, value in wanted.items()):
        instance.add_run_tags(run.run_id, wanted)


def runs_at_work(instance: dg.DagsterInstance, connections: set[str]) -> list[dg.RunRecord]:
    """The runs that have started and not ended of any of these connections."""
    records = instance.get_run_records(dg.RunsFilter(statuses=_AT_WORK))
    return [record for record in records if connections_of(record.dagster_run) & connections]


def fail_dead_runs(instance: dg.DagsterInstance, records: Iterable[dg.RunRecord], besides: str = "") -> set[str]:
    """Mark as failed those of the runs whose process on this host is gone; gives their ids."""
    dead = set()
    for record in records:
        run = record.dagster_run
        if run.run_id != besides and run.status in _AT_WORK and not _lives(record):
            who = run.tags.get(PROCESS_TAG, "which never said who it was")
            instance.report_run_failed(
                run,
                f"The process of this run ({who}) is gone without an end, as after a kill. The next sync goes on.",
            )
            dead.add(run.run_id)
    return dead


def _lives(record: dg.RunRecord) -> bool:
    """Whether a run's process lives, as far as this host can tell."""
    tag = record.dagster_run.tags.get(PROCESS_TAG)
    if tag is None:
        return datetime.now(UTC) - record.update_timestamp.replace(tzinfo=UTC) < _SAYS_ITS_PROCESS_WITHIN
    host, pid, started = tag.rsplit(":", 2)
    if host != socket.gethostname():
        return True
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(started)) < _SAME_START
    except psutil.NoSuchProcess:
        return False


_RUNS = 10


@dataclass(frozen=True, slots=True)
class LastMaterialization:
    """The last materialization of an asset for a connection: when, and how many requests its sync took."""

    at: datetime
    requests: int | None


class RunHistory:
    """Reads the instance; nothing is changed."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._latest: dict[dg.AssetKey, dict[str, int]] = {}

    def last(self, asset: Iterable[str], connection: str) -> LastMaterialization | None:
        """The newest materialization, over all windows."""
        key = dg.AssetKey(list(asset))
        if key not in self._latest:
            self._latest[key] = self._newest_by_connection(key)
        storage_id = self._latest[key].get(connection)
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

    def _newest_by_connection(self, key: dg.AssetKey) -> dict[str, int]:
        by_partition = self._instance.get_latest_storage_id_by_partition(key, dg.DagsterEventType.ASSET_MATERIALIZATION)
        newest: dict[str, int] = {}
        for partition, storage_id in by_partition.items():
            # A partition of the grid is `<connection>|<window>`; ids of connections hold no `|`.
            connection = partition.partition("|")[0]
            newest[connection] = max(storage_id, newest.get(connection, 0))
        return newest

    def failures(self, where: str) -> dict[str, tuple[datetime, str]]:
        """Of a connection (`snyk/acme`), the last failure of each step in its latest runs: when, and what it said."""
        found: dict[str, tuple[datetime, str]] = {}
        settled: set[str] = set()
        wanted = dg.RunsFilter(tags={f"{EACH_CONNECTION}{where}": "true"})
        for record in self._instance.get_run_records(wanted, limit=_RUNS):
            run = record.dagster_run
            if run.job_name in settled or run.status not in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS):
                continue
            settled.add(run.job_name)
            if run.status is dg.DagsterRunStatus.FAILURE:
                others = connections_of(run) - {where}
                found |= {
                    step: (at, text)
                    for step, (at, text) in self._failed_steps(run.run_id).items()
                    # A run over several connections may have failed for the others alone, which it then names.
                    if where in text or not any(other in text for other in others)
                }
        return found

    def _failed_steps(self, run_id: str) -> dict[str, tuple[datetime, str]]:
        found = {}
        for record in self._instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records:
            event = record.event_log_entry.dagster_event
            if event is None or event.step_key is None:
                continue
            data = event.step_failure_data
            told = data.user_failure_data.description if data.user_failure_data else None
            text = told or (data.error.message if data.error else "") or "failed"
            found[event.step_key] = (datetime.fromtimestamp(record.event_log_entry.timestamp, UTC), text)
        return found
