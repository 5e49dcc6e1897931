"""Tick: one evaluation of the sensor of an integration with a thousand connections and three years of windows each."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.benchmarks.environments import our_python
from tests.benchmarks.many_connections import copy_connection
from tests.benchmarks.options import Options
from tests.benchmarks.our_connection import CONNECTION, integration_file, write_connections
from tests.benchmarks.processes import run_measured, serve
from tests.benchmarks.tables import format_ticks

_CONNECTIONS = 1_000
_RECORDS = 2_000
_HISTORY = timedelta(days=3 * 365)


def run(options: Options) -> str:
    ids = [f"customer-{number:04}" for number in range(1, _CONNECTIONS)]
    start = (datetime.now(UTC) - _HISTORY).date()
    with serve(_RECORDS) as server, tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        home = Path(name)
        env = write_connections("issues", server.url, home, start=start)
        first = run_measured([our_python(), "-m", "dazz_assets.cli", "sync", str(integration_file("issues"))], env)
        events = copy_connection(home, ids)
        env = write_connections("issues", server.url, home, [CONNECTION, *ids], start)
        out = home / "seconds.json"
        usage = run_measured([our_python(), "-m", "tests.benchmarks.contenders.our_tick", str(out)], env)
        seconds: dict[str, tuple[float, float]] = json.loads(out.read_text(encoding="utf-8"))
    table = format_ticks(seconds)
    return (
        f"{_CONNECTIONS:,} connections with {_HISTORY.days // 7} weeks each, {events:,} events in the instance; the "
        f"fastest of three ticks, {usage.peak_mb:,.0f} MB at the peak. (The first sync of one connection over these "
        f"weeks took {first.wall:.1f} s.)\n\n{table}"
    )
