"""The queue of runs: of those that work on a connection one runs at a time, also where a run works on several.

Dagster limits runs by the value of a tag, and a run has one value a tag. So a run has a tag for each connection that it
works on, and each such tag is limited to one run.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import dagster as dg

from dazz_assets.orchestration import runs
from dazz_assets.orchestration.partitions import RANGE_END, RANGE_START

if TYPE_CHECKING:
    from dazz_assets.orchestration.dagster_internals import RunQueueConfig

_PARTITION = "dagster/partition"
_INTEGRATION = "dazz/integration"


class ConnectionRunCoordinator(dg.QueuedRunCoordinator):
    """Dagster's own queue, which tags each run with the connections of its partitions and limits these tags."""

    def submit_run(self, context: dg.SubmitRunContext) -> dg.DagsterRun:
        """Put a run into the queue, with its connections as tags."""
        run = context.dagster_run
        if wanted := set(connections_of_partitions(self._instance, run)) - runs.connections_of(run):
            self._instance.add_run_tags(run.run_id, runs.connection_tags(wanted))
        return super().submit_run(context)

    def get_run_queue_config(self) -> "RunQueueConfig":
        """The configured limits, and one for each connection that a queued run works on."""
        config = super().get_run_queue_config()
        queued = self._instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
        tags = sorted({tag for run in queued for tag in run.tags if tag.startswith(runs.EACH_CONNECTION)})
        limits = [*(config.tag_concurrency_limits or ()), *({"key": tag, "limit": 1} for tag in tags)]
        return config._replace(tag_concurrency_limits=limits)


def connections_of_partitions(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterable[str]:
    """The connections that a run's partitions are of, as `snyk/acme`.

    None for assets whose keys don't begin with their integration's name: the lock of the connection holds all the same.
    """
    first = run.tags.get(RANGE_START) or run.tags.get(_PARTITION)
    last = run.tags.get(RANGE_END) or first
    integrations = {key.path[0] for key in run.asset_selection or ()}
    integration = run.tags.get(_INTEGRATION) or (integrations.pop() if len(integrations) == 1 else None)
    if first is None or last is None or integration is None:
        return ()
    known = list(instance.get_dynamic_partitions(f"{integration}_connections"))
    # A partition of the grid is `<connection>|<window>`; ids of connections hold no `|`.
    ends = [key.partition("|")[0] for key in (first, last)]
    if not set(ends) <= set(known):
        return ()
    start, end = sorted(map(known.index, ends))
    return [f"{integration}/{connection}" for connection in known[start : end + 1]]
