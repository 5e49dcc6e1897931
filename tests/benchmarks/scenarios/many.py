"""Many: connections in one process, each at its vendor's limit: how many of them does a core hold?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from math import ceil
from pathlib import Path

from tests.benchmarks.environments import our_python
from tests.benchmarks.options import Options
from tests.benchmarks.processes import PAGE_SIZE, BenchmarkError, RunningServer, run_measured, serve
from tests.benchmarks.tables import format_table

RATE = 2
# Vendors count over a minute or an hour, in which a request that comes a little early does no harm.
_ALLOWED = RATE + 1
QUICK, FULL = 40 * PAGE_SIZE, 120 * PAGE_SIZE
_CONNECTIONS: Sequence[int] = (1, 50, 100, 200)


def run(options: Options) -> str:
    records = options.records(QUICK, FULL)
    pages = ceil(records / PAGE_SIZE)
    with serve(records, rate=_ALLOWED, per_token=True) as server:
        rows = [_measure(server, connections, records, pages / RATE) for connections in _CONNECTIONS]
    head = ["connections", "records/s", "wall s", "share of the limit", "CPU s", "cores busy", "peak MB", "429s"]
    return (
        f"{pages} pages of {PAGE_SIZE} for each connection, of which its `rate` allows {RATE} a second: "
        f"{pages / RATE:.0f} s at the limit, from the first request on.\n\n{format_table(head, rows)}"
    )


def _measure(server: RunningServer, connections: int, records: int, floor: float) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        server.take_counts()
        module = "tests.benchmarks.contenders.our_many"
        usage = run_measured([our_python(), "-m", module, server.url, folder, str(connections)])
        counts = server.take_counts()
        stored = int((Path(folder) / "stored").read_text(encoding="utf-8"))
    if stored != connections * records:
        raise BenchmarkError(f"{connections} connections stored {stored:,} records of {connections * records:,}")
    print(f"  {connections} connections: {usage.wall:.2f} s", flush=True)
    seconds = usage.ended_at - counts.first_at
    return [
        f"{connections}",
        f"{stored / seconds:,.0f}",
        f"{usage.wall:.2f}",
        f"{floor / seconds:.2f}",
        f"{usage.cpu:.2f}",
        f"{usage.cpu / usage.wall:.2f}",
        f"{usage.peak_mb:,.0f}",
        f"{counts.refused}",
    ]
