"""The grid of an integration: connections by windows, from the earliest start to the open window."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Literal

import dagster as dg
import pytest

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.orchestration.partitions import Grid, today
from dazz_assets.orchestration.run_config import StreamOptions, stream_options, sync_range
from dazz_assets.spec.specs import IntegrationSpec
from tests.orchestration.conftest import WEEK, Connect, week


def windows_of(grid: Grid) -> list[str]:
    definition = grid.grid_def.get_partitions_def_for_dimension("window")
    return list(definition.get_partition_keys())


@pytest.mark.parametrize("kind", ["day", "week", "month"])
def test_dagsters_windows_are_ours(
    spec: IntegrationSpec, connect: Connect, kind: Literal["day", "week", "month"]
) -> None:
    grid = Grid.of(replace(spec, window=kind), [connect(start=date(2026, 1, 14))])
    ours = [window.isoformat() for window in grid.windows.between(date(2026, 1, 14), today())]
    assert windows_of(grid) == ours
    assert ours[-1] == grid.last.isoformat()


def test_it_begins_on_the_monday_of_the_earliest_start(spec: IntegrationSpec, connect: Connect) -> None:
    grid = Grid.of(spec, [connect(start=date(2026, 9, 1)), connect("beta", start=date(2026, 9, 20))])
    assert windows_of(grid)[0] == "2026-08-31"


def test_without_connections_it_is_the_current_window(spec: IntegrationSpec) -> None:
    assert windows_of(Grid.of(spec, [])) == [week(0).isoformat()]


def test_a_start_in_the_future_gives_the_current_window(spec: IntegrationSpec, connect: Connect) -> None:
    assert windows_of(Grid.of(spec, [connect(start=week(-9))])) == [week(0).isoformat()]


def test_keys_are_split_as_they_were_made(spec: IntegrationSpec) -> None:
    grid = Grid.of(spec, [])
    assert grid.split(grid.key("acme", week(0))) == ("acme", week(0))
    assert grid.key("acme", week(0)) == dg.MultiPartitionKey({"connection": "acme", "window": week(0).isoformat()})


def test_windows_outside_count_in_the_nearest(spec: IntegrationSpec, connect: Connect) -> None:
    grid = Grid.of(spec, [connect()])
    rows = {week(60): 1, week(5): 2, week(1): 3, date(2099, 1, 5): 4, None: 9}
    assert grid.rows_by_window(rows) == {week(5): 3, week(1): 3, week(0): 4}


def start(window: date) -> datetime:
    return datetime.combine(window, time(), UTC)


def test_partitions_of_the_middle_are_their_windows(spec: IntegrationSpec, connect: Connect) -> None:
    grid = Grid.of(spec, [connect()])
    assert sync_range(StreamOptions(), grid, [week(3), week(2)]) == SyncRange(
        since=start(week(3)), until=start(week(1))
    )


def test_the_first_partition_reaches_back_and_the_last_to_now(spec: IntegrationSpec, connect: Connect) -> None:
    grid = Grid.of(spec, [connect()])
    assert sync_range(StreamOptions(), grid, [week(5)]) == SyncRange(until=start(week(4)))
    assert sync_range(StreamOptions(), grid, [week(0)]) == SyncRange(since=start(week(0)))


@pytest.mark.parametrize(
    "extent",
    [
        SyncRange(from_mark=True),
        SyncRange(replace=True),
        SyncRange(),
        SyncRange(since=start(week(2))),
        SyncRange(until=start(week(1)) + WEEK / 3),
    ],
)
def test_an_extent_is_read_from_the_options_as_it_was_written(spec: IntegrationSpec, extent: SyncRange) -> None:
    assert sync_range(stream_options(extent), Grid.of(spec, []), [week(0)]) == extent
