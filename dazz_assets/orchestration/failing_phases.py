"""Phases of a connection that keep failing, and when each is tried again.

A phase that failed is tried again after the connection's interval, then after twice, four times and so on, up to a day
where the vendor refuses the credentials or the config is wrong, and up to an hour where the cause may pass by itself.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from dazz_assets.orchestration.dagster_instance import CONNECTION_TAG, INTEGRATION_TAG
from dazz_assets.orchestration.jobs import Phase, PhasePlan, job_name
from dazz_assets.orchestration.run_history import failed_steps
from dazz_assets.orchestration.runs import REFUSED_TAG, connection_tag_key
from dazz_assets.reports import describe_failing
from dazz_assets.spec.specs import IntegrationSpec

_LONGEST_DELAY = timedelta(hours=1)
_LONGEST_DELAY_IF_REFUSED = timedelta(days=1)
# A phase is tried at least once a day, or at its interval, so older failures are of no use to `failing_connections`.
_RECENT = timedelta(days=2)
_MOST_RUNS = 100
_MOST_DOUBLINGS = 20
# Room for what a vendor said and our advice after it.
_LONGEST_REASON = 1_000
_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


@dataclass(frozen=True, slots=True)
class FailingPhase:
    """A phase whose last runs all failed, with nothing done in the last one.

    failures: how many in a row. reason: why the last one failed. next_try: when the sensor requests it again.
    interval: the connection's.
    """

    failures: int
    reason: str
    next_try: datetime
    interval: timedelta

    def is_waiting(self, now: datetime) -> bool:
        """Whether a sync that begins now leaves the phase out."""
        # Syncs begin at each interval, give or take a tick.
        return now < self.next_try - self.interval / 2

    def __str__(self) -> str:
        at = self.next_try.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
        return describe_failing(self.failures, self.reason, at)


def find_failing_phases(
    instance: dg.DagsterInstance,
    spec: IntegrationSpec,
    connection: str,
    interval: timedelta,
    changed_at: datetime | None = None,
) -> dict[Phase, FailingPhase]:
    """The failing phases of a connection, from its last runs, whoever started them.

    A success ends a row of failures, also one of assets that were materialized in the UI.

    changed_at: when the connections were changed: what failed before no longer counts.
    """
    where = f"{spec.name}/{connection}"
    tagged = dg.RunsFilter(tags={connection_tag_key(where): where}, statuses=_FINISHED)
    records = [
        record
        for record in instance.get_run_records(tagged, limit=_MOST_RUNS)
        if (changed_at is None or _created_at(record) >= changed_at) and not _failed_for_several(record)
    ]
    jobs: dict[str, Phase] = {job_name(spec, phase): phase for phase in PhasePlan.of(spec).nodes}
    failing = {}
    for job, phase in jobs.items():
        failures = _last_failures([item for item in records if item.dagster_run.job_name not in jobs.keys() - {job}])
        if failures and instance.get_run_stats(failures[0].dagster_run.run_id).steps_succeeded == 0:
            failing[phase] = _describe(instance, failures, interval)
    return failing


def failing_connections(instance: dg.DagsterInstance, integration: str, now: datetime) -> set[str]:
    """The connections, such as `desk/acme`, with a run that failed lately."""
    failed = dg.RunsFilter(
        tags={INTEGRATION_TAG: integration}, statuses=[dg.DagsterRunStatus.FAILURE], created_after=now - _RECENT
    )
    return {run.tags[CONNECTION_TAG] for run in instance.get_runs(failed) if CONNECTION_TAG in run.tags}


def _failed_for_several(record: dg.RunRecord) -> bool:
    """Whether a run over several connections failed, which may have been for others only."""
    run = record.dagster_run
    return run.status is dg.DagsterRunStatus.FAILURE and CONNECTION_TAG not in run.tags


def _last_failures(records: list[dg.RunRecord]) -> list[dg.RunRecord]:
    """The failed runs since the last success, the newest first."""
    failures = []
    for record in records:
        if record.dagster_run.status is dg.DagsterRunStatus.SUCCESS:
            break
        failures.append(record)
    return failures


def _describe(instance: dg.DagsterInstance, failures: list[dg.RunRecord], interval: timedelta) -> FailingPhase:
    last = failures[0].dagster_run
    steps = failed_steps(instance, last.run_id)
    reason = min(steps.values())[1] if steps else f"run {last.run_id[:8]} ended before any step; the UI shows why"
    # What it is said of is named beside it.
    reason = reason.removeprefix(f"{last.tags.get(CONNECTION_TAG, '')}, ")
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[:_LONGEST_REASON].rsplit(maxsplit=1)[0]} …"
    longest = _LONGEST_DELAY_IF_REFUSED if REFUSED_TAG in last.tags else _LONGEST_DELAY
    delay = interval * 2 ** min(len(failures) - 1, _MOST_DOUBLINGS)
    next_try = _created_at(failures[0]) + max(interval, min(delay, longest))
    return FailingPhase(len(failures), reason, next_try, interval)


def _created_at(record: dg.RunRecord) -> datetime:
    return record.create_timestamp.replace(tzinfo=UTC)
