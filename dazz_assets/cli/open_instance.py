"""Open the Dagster instance and the lake that `dazz sync`, `parse` and `demo` share with the UI."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dazz_assets.lake import Lake
    from dazz_assets.orchestration.dagster_instance import DagsterInstance


@contextmanager
def open_instance_and_lake() -> Iterator[tuple[DagsterInstance, Lake]]:
    """Open the instance, created on first use, and the lake. Raises KeyboardInterrupt for an interrupted run."""
    from dazz_assets.home import lake_url
    from dazz_assets.lake import Lake
    from dazz_assets.orchestration.dagster_instance import DagsterExecutionInterruptedError, open_instance

    with open_instance() as instance:
        try:
            yield instance, Lake(lake_url())
        except DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None
