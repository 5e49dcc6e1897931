"""Sync: the whole command `dazz sync`, with Dagster, fetch and a parse, beside dlt's fetch alone."""

from __future__ import annotations

from tests.benchmarks.line_up import DLT, FETCH, LIMIT, SYNC, SYNC_IN_TWO, measure_all
from tests.benchmarks.options import Options
from tests.benchmarks.processes import serve
from tests.benchmarks.tables import compare

QUICK, FULL = 100_000, 1_000_000


def run(options: Options) -> str:
    records = options.records(QUICK, FULL)
    with serve(records) as server:
        measured = measure_all(options.chosen((LIMIT, DLT, FETCH, SYNC, SYNC_IN_TWO)), server, records, options.repeat)
    table = compare(measured, (LIMIT, DLT))
    return f"{records:,} issues of 1.3 kB, 100 a page; dlt fetches, `dazz sync` fetches and parses.\n\n{table}"
