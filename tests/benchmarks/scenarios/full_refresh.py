"""Full refresh: parsers that read all records of a stream, of which there are many."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.benchmarks.environments import our_python
from tests.benchmarks.options import Options
from tests.benchmarks.our_connection import count_published
from tests.benchmarks.processes import BenchmarkError, Usage, run_measured
from tests.benchmarks.stored_hosts import ALERTS, WINDOWS, store_hosts
from tests.benchmarks.tables import format_table

FEW = 100_000
QUICK, FULL = 1_000_000, 10_000_000
# The parsers, with what a table says of them, and how often each reads all records.
PARSERS = {
    "machines": ("an object for each record", 1),
    "counted": (f"{len(WINDOWS)} windows, each reads all records and keeps none", len(WINDOWS)),
    "looked_up": (f"{len(WINDOWS)} windows, each keeps a value of every record", len(WINDOWS)),
}


def run(options: Options) -> str:
    sizes = (FEW, options.records(QUICK, FULL))
    few, many = ({name: _measure(name, records) for name in PARSERS} for records in sizes)
    head = ["a parser with", *(f"peak MB, {size:,}" for size in sizes), *(f"wall s, {size:,}" for size in sizes)]
    rows = [
        [
            title,
            *(f"{usage.peak_mb:,.0f}" for usage in (few[name], many[name])),
            *(f"{usage.wall:.1f}" for usage in (few[name], many[name])),
            f"{many[name].cpu / sizes[1] / times * 1e6:.1f}",
        ]
        for name, (title, times) in PARSERS.items()
    ]
    table = format_table([*head, "CPU us a record read"], rows)
    return f"A `FullRefresh` input of records of 150 bytes, in no order.\n\n{table}"


def _measure(parser: str, records: int) -> Usage:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        store_hosts(Path(folder), records)
        usage = run_measured(
            [our_python(), "-m", "tests.benchmarks.contenders.our_parse", "hosts", folder, "1", parser]
        )
        published = count_published("hosts", Path(folder), parser)
    expected = records if parser == "machines" else ALERTS * len(WINDOWS)
    if published != expected:
        raise BenchmarkError(f"{published:,} objects were published by {parser}, and not {expected:,}")
    print(f"  {parser}, {records:,}: {usage.wall:.2f} s", flush=True)
    return usage
