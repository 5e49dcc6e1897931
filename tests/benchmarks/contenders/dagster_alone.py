"""Dagster alone: two assets that do nothing, partitioned as ours are, in one run on an instance like ours."""

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


if __name__ == "__main__":
    main()
