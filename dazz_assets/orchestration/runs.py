"""Which process works on which connection, and what becomes of runs whose process died.

The file lock of a connection ends with its process. Dagster's run does not: it stays STARTED, and its tag keeps the
next one waiting for ever.
"""

import socket
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

import dagster as dg
import psutil

from dazz_assets.orchestration.home import CONNECTION_TAG

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


def claim(instance: dg.DagsterInstance, run: dg.DagsterRun, connections: set[str]) -> None:
    """Say that this process works on connections (as `snyk/acme`) in this run, and fail the runs of dead ones."""
    fail_dead(instance, at_work(instance, connections), besides=run.run_id)
    wanted = {**connection_tags(connections | connections_of(run)), PROCESS_TAG: process_tag()}
    if any(run.tags.get(tag) != value for tag, value in wanted.items()):
        instance.add_run_tags(run.run_id, wanted)


def at_work(instance: dg.DagsterInstance, connections: set[str]) -> list[dg.RunRecord]:
    """The runs that have started and not ended of any of these connections."""
    records = instance.get_run_records(dg.RunsFilter(statuses=_AT_WORK))
    return [record for record in records if connections_of(record.dagster_run) & connections]


def fail_dead(instance: dg.DagsterInstance, records: Iterable[dg.RunRecord], besides: str = "") -> set[str]:
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
