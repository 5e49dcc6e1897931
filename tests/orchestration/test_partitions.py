"""The grid of an integration has each connection and window, from the earliest start to the open window."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import dagster as dg
import pytest

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.orchestration.partitions import Grid, today
from dazz_assets.orchestration.run_config import StreamOptions, options_from_range, range_from_options
from dazz_assets.spec.specs import IntegrationSpec
from tests.orchestration.conftest import WEEK, Connect, week


def list_windows(grid: Grid) -> list[str]:
    definition = grid.grid_def.get_partitions_def_for_dimension("window")
    return list(definition.get_partition_keys())


@pytest.mark.parametrize("kind", ["day", "week", "month"])
def test_the_windows_of_dagster_are_ours(
    spec: IntegrationSpec, connect: Connect, kind: Literal["day", "week", "month"]
) -> None:
    grid = Grid.of(replace(spec, window=kind), [connect(start=date(2026, 1, 14))])
    ours = [window.isoformat() for window in grid.windows.between(date(2026, 1, 14), today())]
    assert list_windows(grid) == ours
    assert ours[-1] == grid.last.isoformat()


def test_the_grid_begins_on_the_monday_of_the_earliest_start(spec: IntegrationSpec, connect: Connect) -> None:
    grid = Grid.of(spec, [connect(start=date(2026, 9, 1)), connect("beta", start=date(2026, 9, 20))])
    assert list_windows(grid)[0] == "2026-08-31"


def test_without_connections_the_grid_is_the_current_window(spec: IntegrationSpec) -> None:
    assert list_windows(Grid.of(spec, [])) == [week(0).isoformat()]


def test_a_start_in_the_future_gives_the_current_window(spec: IntegrationSpec, connect: Connect) -> None:
    assert list_windows(Grid.of(spec, [connect(start=week(-9))])) == [week(0).isoformat()]


def test_splitting_a_key_gives_its_connection_and_window(spec: IntegrationSpec) -> None:
    grid = Grid.of(spec, [])
    assert grid.split(grid.key("acme", week(0))) == ("acme", week(0))
    assert grid.key("acme", week(0)) == dg.MultiPartitionKey({"connection": "acme", "window": week(0).isoformat()})


def test_windows_outside_the_grid_count_in_the_nearest(spec: IntegrationSpec, connect: Connect) -> None:
    grid = Grid.of(spec, [connect()])
    rows = {week(60): 1, week(5): 2, week(1): 3, date(2099, 1, 5): 4, None: 9}
    assert grid.rows_by_window(rows) == {week(5): 3, week(1): 3, week(0): 4}


def test_a_window_of_another_kind_counts_in_the_one_that_it_begins_in(spec: IntegrationSpec, connect: Connect) -> None:
    grid = Grid.of(spec, [connect()])
    assert grid.rows_by_window({week(2) + timedelta(days=3): 1}) == {week(2): 1}


def start(window: date) -> datetime:
    return datetime.combine(window, time(), UTC)


def test_partitions_in_the_middle_cover_their_windows(spec: IntegrationSpec, connect: Connect) -> None:
    grid = Grid.of(spec, [connect()])
    assert range_from_options(StreamOptions(), grid, [week(3), week(2)]) == SyncRange(
        since=start(week(3)), until=start(week(1))
    )


def test_the_first_partition_reaches_back_to_the_start_and_the_last_to_now(
    spec: IntegrationSpec, connect: Connect
) -> None:
    grid = Grid.of(spec, [connect()])
    assert range_from_options(StreamOptions(), grid, [week(5)]) == SyncRange(until=start(week(4)))
    assert range_from_options(StreamOptions(), grid, [week(0)]) == SyncRange(since=start(week(0)))


@pytest.mark.parametrize(
    "sync_range",
    [
        SyncRange(from_mark=True),
        SyncRange(refetch=True),
        SyncRange(),
        SyncRange(since=start(week(2))),
        SyncRange(until=start(week(1)) + WEEK / 3),
    ],
)
def test_a_range_is_read_from_the_options_as_it_was_written(spec: IntegrationSpec, sync_range: SyncRange) -> None:
    assert range_from_options(options_from_range(sync_range), Grid.of(spec, []), [week(0)]) == sync_range
