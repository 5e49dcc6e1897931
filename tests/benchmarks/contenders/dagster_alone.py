"""Dagster alone: two assets that do nothing, partitioned as ours are, in one run on an instance like ours.

`like-command`: with the garbage collector's settings that the command `dazz` has.
"""

import gc
import sys

# What `dazz_assets.cli.main` sets, before anything is imported.
if is_like_command := sys.argv[1:] == ["like-command"]:
    gc.set_threshold(50_000)

import dagster as dg

from dazz_assets.orchestration.dagster_instance import open_instance
from tests.benchmarks.issue_pages import first_day

_GRID = dg.MultiPartitionsDefinition(
    {
        "connection": dg.StaticPartitionsDefinition(["benchmark"]),
        "window": dg.WeeklyPartitionsDefinition(first_day().date().isoformat(), day_offset=1, end_offset=1),
    }
)


@dg.asset(partitions_def=_GRID)
def issues() -> None:
    """Fetches nothing."""


@dg.asset(partitions_def=_GRID, deps=[issues])
def problems() -> None:
    """Parses nothing."""


def main() -> None:
    window = _GRID.get_partition_keys()[-1]
    with open_instance() as instance:
        assert dg.materialize([issues, problems], instance=instance, partition_key=window).success
    if is_like_command:
        gc.freeze()


if __name__ == "__main__":
    main()
