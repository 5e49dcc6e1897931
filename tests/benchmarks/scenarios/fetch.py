"""Fetch: all issues, 100 a page, as fast as they come."""

from __future__ import annotations

from tests.benchmarks.line_up import (
    AIRBYTE,
    DLT,
    FETCH,
    FETCH_COMPRESSED,
    LIMIT,
    PEERS,
    PLAIN,
    SINGER_MSGSPEC,
    measure_all,
)
from tests.benchmarks.options import Options
from tests.benchmarks.processes import serve
from tests.benchmarks.tables import compare

QUICK, FULL = 100_000, 1_000_000


def run(options: Options) -> str:
    sizes = (QUICK, FULL) if options.full and not options.wanted_records else (options.records(QUICK, FULL),)
    return "\n\n".join(_measure(options, records) for records in sizes)


def _measure(options: Options, records: int) -> str:
    contenders = options.chosen((LIMIT, PLAIN, *PEERS, FETCH))
    with serve(records) as server:
        measured = measure_all(contenders, server, records, options.repeat)
    with serve(records, compressed=True) as server:
        measured |= measure_all(options.chosen((FETCH_COMPRESSED,)), server, records, options.repeat)
    table = compare(measured, (LIMIT, PLAIN, DLT, AIRBYTE, SINGER_MSGSPEC))
    return f"{records:,} issues of 1.3 kB, 100 a page.\n\n{table}"
