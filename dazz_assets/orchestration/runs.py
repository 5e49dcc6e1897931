"""Runs of a connection: how they are tagged, which process works on it, and which runs died with their process."""

import hashlib
import socket
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

import dagster as dg
import psutil

from dazz_assets.orchestration.dagster_instance import CONNECTION_TAG

# The UI hides tags whose keys begin with `.dagster/`: only we read these. It shows CONNECTION_TAG.
PROCESS_TAG = ".dagster/dazz_process"
# Of a run in which the vendor refused a request, or the config was wrong.
REFUSED_TAG = ".dagster/dazz_refused"
CONNECTION_TAG_PREFIX = ".dagster/dazz_connection."
# The longest name that Dagster accepts after the slash of a tag key.
_MAX_TAG_NAME = 63
IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]
_RUNNING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
# Seconds. A process's start time is computed from the system clock, which may be adjusted between two readings.
_START_TIME_TOLERANCE = 5.0
# A run is tagged with its process by its first step, a moment after it starts.
_TAGGED_WITHIN = timedelta(minutes=2)


def connection_tags(connections: Collection[str]) -> dict[str, str]:
    """The tags of a run over connections, such as `desk/acme`: a hidden one for each, and for a single one its name.

    The name tag, which the UI shows, has one connection as its value, so that a limit per unique value is a limit per
    connection.
    """
    single = {CONNECTION_TAG: next(iter(connections))} if len(connections) == 1 else {}
    return {**{connection_tag_key(where): where for where in connections}, **single}


def connection_tag_key(where: str) -> str:
    """The key of the hidden tag of one connection, such as `desk/acme`, with a hash at the end of a long name."""
    namespace, _, name = f"{CONNECTION_TAG_PREFIX}{where.replace('/', '.')}".partition("/")
    if len(name) > _MAX_TAG_NAME:
        digest = hashlib.sha256(where.encode()).hexdigest()[:16]
        name = f"{name[: _MAX_TAG_NAME - len(digest) - 1]}.{digest}"
    return f"{namespace}/{name}"


def connections_of(run: dg.DagsterRun) -> set[str]:
    """The connections that a run is tagged with, such as `desk/acme`."""
    return {value for tag, value in run.tags.items() if tag == CONNECTION_TAG or tag.startswith(CONNECTION_TAG_PREFIX)}


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
