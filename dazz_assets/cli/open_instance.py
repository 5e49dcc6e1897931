"""What a command works on that syncs or parses: the instance and the lake that the UI has too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from dazz_assets.lake import Lake


@contextmanager
def open_work() -> Iterator[tuple[DagsterInstance, Lake]]:
    """The instance, created on first use, and the lake. An interrupted run ends as KeyboardInterrupt."""
    from dagster import DagsterExecutionInterruptedError

    from dazz_assets.home import lake_url
    from dazz_assets.lake import Lake
    from dazz_assets.orchestration.dagster_instance import open_instance

    with open_instance() as found:
        try:
            yield found, Lake(lake_url())
        except DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None
