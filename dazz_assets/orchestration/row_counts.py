"""Row counts by window, from the logs of the lake's tables. No data file is opened."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from dazz_assets.lake import TableVersion
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec

Rows = dict[date | None, int]


def count_rows(version: TableVersion | None) -> Rows:
    """Rows of a table by window. In a raw table, every version of a record counts."""
    rows: Counter[date | None] = Counter()
    for file in version.files if version else ():
        rows[file.window] += file.rows
    return dict(rows)


def windows_outside_grid(session: Session, parser: ParserSpec, grid: Grid, windows: Iterable[date]) -> set[date]:
    """Windows outside the grid with records of a parser's inputs, whose nearest grid window is one of `windows`."""
    wanted = set(windows)
    inputs = [session.spec.streams[item.stream] for item in parser.incremental_inputs]
    stored = {window for stream in inputs for window in count_rows(session.raw(stream).open()) if window}
    return {window for window in stored if grid.nearest(window) != window and grid.nearest(window) in wanted}
