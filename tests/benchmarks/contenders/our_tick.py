"""Ticks of the sensor of one integration, on the instance and lake that the environment names.

Writes the seconds and CPU seconds of each kind of tick to a file as JSON: with nothing due, and with a sync of every
connection due, of which a tick requests as many as may wait in the queue.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from dazz_assets.connections import Connection, connections_path, read_connections
from dazz_assets.orchestration.dagster_instance import open_instance
from dazz_assets.orchestration.definitions import assemble_definitions
from dazz_assets.orchestration.resource import RESOURCE, DazzResource
from dazz_assets.orchestration.sensor import MOST_WAITING_RUNS, ConnectionState, write_states
from dazz_assets.spec.discovery import Discovered, find_integration
from tests.benchmarks.our_connection import integration_file

_RUNS = 3


class Ticks:
    """Evaluates ticks of the integration's sensor, as the daemon does every 30 seconds."""

    def __init__(self, instance: dg.DagsterInstance, connections: Sequence[Connection]) -> None:
        spec = find_integration(str(integration_file("issues")))
        found = Discovered(integrations={spec.name: spec})
        self._repository = assemble_definitions(found, tuple(connections)).get_repository_def()
        self._sensor = self._repository.get_sensor_def(f"{spec.name}_connections")
        self._instance = instance
        self._ids = [item.id for item in connections]
        instance.add_dynamic_partitions(f"{spec.name}_connections", self._ids)

    def time(self, began: datetime, requests: int) -> tuple[float, float]:
        """The least CPU seconds of a tick if each sync began then, after its seconds. requests: of how many runs."""
        cursor = write_states({id_: ConnectionState(began.isoformat()) for id_ in self._ids})
        return min((self._time_once(cursor, requests) for _ in range(_RUNS)), key=lambda item: item[1])

    def _time_once(self, cursor: str, requests: int) -> tuple[float, float]:
        context = dg.build_sensor_context(
            instance=self._instance,
            cursor=cursor,
            repository_def=self._repository,
            resources={RESOURCE: DazzResource()},
            instance_ref=self._instance.get_ref(),
        )
        started = time.perf_counter(), time.process_time()
        data: Any = self._sensor.evaluate_tick(context)
        seconds = time.perf_counter() - started[0], time.process_time() - started[1]
        requested = len(data.run_requests or [])
        if requested != requests:
            raise RuntimeError(f"a tick requested {requested} runs and not {requests}: {data.skip_message}")
        return seconds


def main(out: str) -> None:
    connections = read_connections(connections_path()).valid
    now = datetime.now(UTC)
    with open_instance() as instance:
        ticks = Ticks(instance, connections)
        found = {
            "nothing due": ticks.time(now, 0),
            "every connection due": ticks.time(now - timedelta(days=1), min(len(connections), MOST_WAITING_RUNS)),
        }
    with open(out, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main(sys.argv[1])
