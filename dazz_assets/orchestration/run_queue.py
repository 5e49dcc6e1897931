"""The run queue: it starts one run of a connection at a time, even if a run works on several connections.

Dagster limits runs by the value of a tag, and a tag of a run has one value. So a run gets a tag for each of its
connections, and each of these tags is limited to one run.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import dagster as dg

from dazz_assets.orchestration import runs
from dazz_assets.orchestration.dagster_instance import INTEGRATION_TAG
from dazz_assets.orchestration.partitions import RANGE_END, RANGE_START, connection_of_partition

if TYPE_CHECKING:
    from dazz_assets.orchestration.dagster_internals import RunQueueConfig

_PARTITION = "dagster/partition"


class ConnectionRunCoordinator(dg.QueuedRunCoordinator):
    """Dagster's queue, which also tags each run with the connections of its partitions and limits these tags."""

    def submit_run(self, context: dg.SubmitRunContext) -> dg.DagsterRun:
        """Queue a run, tagged with its connections."""
        run = context.dagster_run
        if missing := set(connections_of_partitions(self._instance, run)) - runs.connections_of(run):
            self._instance.add_run_tags(run.run_id, runs.connection_tags(missing))
        return super().submit_run(context)

    def get_run_queue_config(self) -> "RunQueueConfig":
        """The configured limits, and one for each connection of a queued run."""
        config = super().get_run_queue_config()
        queued = self._instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
        tags = sorted({tag for run in queued for tag in run.tags if tag.startswith(runs.CONNECTION_TAG_PREFIX)})
        limits = [*(config.tag_concurrency_limits or ()), *({"key": tag, "limit": 1} for tag in tags)]
        return config._replace(tag_concurrency_limits=limits)


def connections_of_partitions(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterable[str]:
    """The connections of a run's partitions, such as `desk/acme`.

    Empty for assets whose keys don't begin with the integration's name. The connection's lock still protects these.
    """
    first = run.tags.get(RANGE_START) or run.tags.get(_PARTITION)
    last = run.tags.get(RANGE_END) or first
    integrations = {key.path[0] for key in run.asset_selection or ()}
    integration = run.tags.get(INTEGRATION_TAG) or (integrations.pop() if len(integrations) == 1 else None)
    if first is None or last is None or integration is None:
        return ()
    known = list(instance.get_dynamic_partitions(f"{integration}_connections"))
    ends = [connection_of_partition(key) for key in (first, last)]
    if not set(ends) <= set(known):
        return ()
    start, end = sorted(map(known.index, ends))
    return [f"{integration}/{connection}" for connection in known[start : end + 1]]
