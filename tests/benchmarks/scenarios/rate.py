"""Rate: a vendor that allows 50 requests a second, and answers 429 above it.

Ours and airbyte-cdk run with and without being told so.
"""

from __future__ import annotations

from math import ceil

from tests.benchmarks.line_up import (
    AIRBYTE_TOLD,
    FETCH_UNTOLD,
    RATE,
    WAITING_PEERS,
    Contender,
    Measured,
    count_lake,
    measure_all,
    our_fetch,
)
from tests.benchmarks.options import Options
from tests.benchmarks.processes import PAGE_SIZE, serve
from tests.benchmarks.tables import format_table

QUICK = FULL = 500 * PAGE_SIZE
_TOLD = Contender("fetch", "**ours**, `Rate(50, per=1)`", our_fetch("limited_issues"), count_lake("limited_issues"))


def run(options: Options) -> str:
    records = options.records(QUICK, FULL)
    pages = ceil(records / PAGE_SIZE)
    floor = pages / RATE
    chosen = options.chosen((*WAITING_PEERS, AIRBYTE_TOLD, FETCH_UNTOLD, _TOLD))
    with serve(records, rate=RATE) as server:
        measured = measure_all(chosen, server, records, options.repeat)
    first = ["floor", f"{floor:.2f}", "1.00", f"{floor:.2f}", "1.00", f"{pages}", "0"]
    head = ["", "wall s", "x floor", "s from the first request", "x floor", "requests", "429s"]
    table = format_table(head, [first, *(_row(item, floor) for item in measured.values())])
    return f"{pages} pages of {PAGE_SIZE}, {RATE} requests a second allowed.\n\n{table}"


def _row(item: Measured, floor: float) -> list[str]:
    return [
        item.contender.title,
        f"{item.usage.wall:.2f}",
        f"{item.usage.wall / floor:.2f}",
        f"{item.from_first_request:.2f}",
        f"{item.from_first_request / floor:.2f}",
        f"{item.counts.requests}",
        f"{item.counts.refused}",
    ]
