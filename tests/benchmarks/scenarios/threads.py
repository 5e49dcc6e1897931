"""Threads: what a page takes on each thread of a fetch, which shows what bounds it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.benchmarks.environments import our_python
from tests.benchmarks.options import Options
from tests.benchmarks.processes import PAGE_SIZE, run_measured, serve
from tests.benchmarks.tables import format_table

QUICK, FULL = 100_000, 1_000_000

_THREADS = {
    "dazz-fetch": "requests, until a page's records and its next request are known",
    "MainThread": "rows: keys, cursors, hashes, what is new",
    "dazz-encode_0": "Arrow batches, sorted by window, to Parquet",
}


def run(options: Options) -> str:
    records = options.records(QUICK, FULL)
    with serve(records) as server, tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        module = "tests.benchmarks.contenders.our_threads"
        run_measured([our_python(), "-m", module, server.url, folder])
        taken = json.loads((Path(folder) / "taken.json").read_text(encoding="utf-8"))

    def of_a_page(seconds: float) -> str:
        return f"{seconds / records * PAGE_SIZE * 1e6:,.0f}"

    rest = taken["cpu"] - sum(taken["threads"].values())
    rows = [[f"`{name}`: {does}", of_a_page(taken["threads"][name])] for name, does in _THREADS.items()]
    rows += [
        ["threads of libraries", of_a_page(rest)],
        ["all", of_a_page(taken["cpu"])],
        ["on the clock, from the first request to the last commit", of_a_page(taken["wall"])],
    ]
    table = format_table(["thread", "CPU microseconds a page"], rows)
    return f"{records:,} issues, 100 a page; without the start of the process.\n\n{table}"
