"""The daily job that compacts the lake."""

import dagster as dg

from dazz_assets.lake.compaction import compact
from dazz_assets.orchestration.workplace import RESOURCE, Workplace


@dg.op(required_resource_keys={RESOURCE}, tags={"kind": "deltalake"})
def compact_lake(context: dg.OpExecutionContext):  # type: ignore[no-untyped-def]
    """Join small files of raw tables, and remove files that no version of the last days needs."""
    workplace: Workplace = getattr(context.resources, RESOURCE)
    for report in compact(workplace.lake):
        context.log.info(str(report))


@dg.job(executor_def=dg.in_process_executor, description="Compact and vacuum the lake, under each connection's lock.")
def compact_job() -> None:
    """The lake's housekeeping."""
    compact_lake()


compact_daily = dg.ScheduleDefinition(name="compact_daily", job=compact_job, cron_schedule="30 3 * * *")
