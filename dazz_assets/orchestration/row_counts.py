"""What the lake holds, by window: from the logs of its tables alone, no data file is opened."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from dazz_assets.lake import TableVersion
from dazz_assets.lake.object_columns import object_schema
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec, StreamSpec

Rows = dict[date | None, int]


def stream_snapshot(session: Session, stream: StreamSpec) -> TableVersion | None:
    """The newest version of a stream's raw table; None before its first sync."""
    return session.raw(stream).open()


def count_stream_rows(session: Session, stream: StreamSpec) -> Rows:
    """Raw rows by window, all versions of a record counted."""
    return _rows([stream_snapshot(session, stream)])


def count_parser_rows(session: Session, parser: ParserSpec) -> Rows:
    """Published objects by window, of all the parser's models."""
    return _rows(
        session.lake.domain(
            model.table_name(), session.spec.name, parser.name, session.connection.id, object_schema(model)
        ).open()
        for model in parser.models
    )


def windows_outside_grid(session: Session, parser: ParserSpec, grid: Grid, windows: Iterable[date]) -> set[date]:
    """Windows outside the grid that hold records of a parser's inputs and whose nearest is one of these."""
    asked = set(windows)
    inputs = [session.spec.streams[item.stream] for item in parser.incremental_inputs]
    stored = {window for stream in inputs for window in count_stream_rows(session, stream) if window}
    return {window for window in stored if grid.nearest(window) != window and grid.nearest(window) in asked}


def _rows(snapshots: Iterable[TableVersion | None]) -> Rows:
    rows: Counter[date | None] = Counter()
    for snapshot in snapshots:
        for file in snapshot.files if snapshot else ():
            rows[file.window] += file.rows
    return dict(rows)
