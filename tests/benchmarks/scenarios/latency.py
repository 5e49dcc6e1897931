"""Latency: pages that take 100 ms each, one after another by links, and by number with eight at once allowed."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from tests.benchmarks.line_up import (
    FETCH,
    LIMIT,
    PLAIN,
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

SECONDS, AT_ONCE = 0.1, 8
QUICK = FULL = 100 * PAGE_SIZE
_NUMBERED = Contender(
    "fetch", "**ours**, fetch by page number", our_fetch("numbered_issues"), count_lake("numbered_issues")
)


def run(options: Options) -> str:
    records = options.records(QUICK, FULL)
    pages = ceil(records / PAGE_SIZE)
    with serve(records, latency=SECONDS) as server:
        by_link = measure_all(options.chosen((LIMIT, PLAIN, *WAITING_PEERS, FETCH)), server, records, options.repeat)
    with serve(records, latency=SECONDS, at_once=AT_ONCE) as server:
        by_number = measure_all(options.chosen((_NUMBERED,)), server, records, options.repeat)
    return "\n\n".join(
        [
            f"{pages} pages of {PAGE_SIZE}, {SECONDS * 1000:.0f} ms each.",
            _format(by_link.values(), pages * SECONDS),
            f"The same by page number, {AT_ONCE} at once allowed.",
            _format(by_number.values(), ceil(pages / AT_ONCE) * SECONDS),
        ]
    )


def _format(measured: Iterable[Measured], floor: float) -> str:
    head = ["", "wall s", "x floor", "s from the first request", "x floor", "CPU s", "requests", "most at once"]
    rows = [
        [
            item.contender.title,
            f"{item.usage.wall:.2f}",
            f"{item.usage.wall / floor:.2f}",
            f"{item.from_first_request:.2f}",
            f"{item.from_first_request / floor:.2f}",
            f"{item.usage.cpu:.2f}",
            f"{item.counts.requests}",
            f"{item.counts.most_at_once}",
        ]
        for item in measured
    ]
    return format_table(head, [["floor", f"{floor:.2f}", "1.00", f"{floor:.2f}", "1.00", "", "", ""], *rows])
