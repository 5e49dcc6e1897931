"""Row counts by window, from the logs of the lake's tables. No data file is opened."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from dazz_assets.lake import TableVersion
from dazz_assets.lake.object_columns import object_schema
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec, StreamSpec

Rows = dict[date | None, int]


def count_stream_rows(session: Session, stream: StreamSpec) -> Rows:
    """Raw rows of a stream by window. Every version of a record counts."""
    return _count_rows([session.raw(stream).open()])


def count_parser_rows(session: Session, parser: ParserSpec) -> Rows:
    """Published objects of all models of a parser by window."""
    return _count_rows(
        session.lake.domain(
            model.table_name(), session.spec.name, parser.name, session.connection.id, object_schema(model)
        ).open()
        for model in parser.models
    )


def windows_outside_grid(session: Session, parser: ParserSpec, grid: Grid, windows: Iterable[date]) -> set[date]:
    """Windows outside the grid with records of a parser's inputs, whose nearest grid window is one of `windows`."""
    wanted = set(windows)
    inputs = [session.spec.streams[item.stream] for item in parser.incremental_inputs]
    stored = {window for stream in inputs for window in count_stream_rows(session, stream) if window}
    return {window for window in stored if grid.nearest(window) != window and grid.nearest(window) in wanted}


def _count_rows(versions: Iterable[TableVersion | None]) -> Rows:
    rows: Counter[date | None] = Counter()
    for version in versions:
        for file in version.files if version else ():
            rows[file.window] += file.rows
    return dict(rows)
