"""What a parse would change: the same parse, into files of its own, compared with what is published."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from tempfile import TemporaryDirectory
from typing import Any

from dazz_assets.domain import DomainObject
from dazz_assets.lake import Lake, Table, TableVersion
from dazz_assets.lake.row_diff import diff_rows
from dazz_assets.lake.schema import added_columns
from dazz_assets.reports import ParseReport
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec
from dazz_assets.tables import parser_tables
from dazz_assets.transform.parse_windows import ParsedFiles, WindowParser, windows_to_parse
from dazz_assets.transform.published_tables import PublishedTables
from dazz_assets.transform.raw_inputs import RawInputs
from dazz_assets.transform.value_diff import MISSING, Difference, diff_collections, diff_values

_EXAMPLES = 3
# Beyond these, examples that show a field of which there is none yet.
_MOST_EXAMPLES = 10
_TITLES = ("title", "name", "summary", "subject")
_INDEX = re.compile(r"\.\d+(?=\.|$)")


@dataclass(frozen=True, slots=True)
class Example:
    """An object that comes, goes or changes (then its fields say how), or something put aside: a record's stream and
    key, with the reason as its title."""

    id: str
    title: str | None = None
    fields: tuple[Difference, ...] = ()


@dataclass(slots=True)
class TableChanges:
    """What changes in one table of a parser: counts, and a few examples of each kind.

    objects: how many the parsed windows would hold. fields: of the changed objects how many differ in each field; an
    item of a list counts for its list.
    """

    table: str
    model: str | None = None
    objects: int = 0
    added: int = 0
    gone: int = 0
    changed: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    examples_added: list[Example] = field(default_factory=list)
    examples_gone: list[Example] = field(default_factory=list)
    examples_changed: list[Example] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.gone or self.changed)

    def add(self, example: Example) -> None:
        """One comes."""
        self.added += 1
        if len(self.examples_added) < _EXAMPLES:
            self.examples_added.append(example)

    def remove(self, example: Example) -> None:
        """One goes."""
        self.gone += 1
        if len(self.examples_gone) < _EXAMPLES:
            self.examples_gone.append(example)

    def change(self, example: Example) -> None:
        """One changes."""
        self.changed += 1
        names = {_INDEX.sub("", item.path) for item in example.fields}
        count, shows_more = len(self.examples_changed), not names <= self.fields.keys()
        if count < _EXAMPLES or (shows_more and count < _MOST_EXAMPLES):
            self.examples_changed.append(example)
        self.fields.update(names)


@dataclass(slots=True)
class Comparison:
    """What a parse of one parser of one connection would change, by table; False where nothing.

    windows: how many it would parse. quarantine: what would be put aside, and what no longer.
    """

    connection: str
    parser: str
    windows: int = 0
    tables: list[TableChanges] = field(default_factory=list)
    quarantine: TableChanges = field(default_factory=lambda: TableChanges("quarantine"))

    def __bool__(self) -> bool:
        return any([*self.tables, self.quarantine])


def compare_parse(
    session: Session,
    parser: ParserSpec,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    stale: bool = False,
) -> Comparison:
    """Parse as `parse` does, every window or those that meet [since, until) or that are stale, and publish nothing.

    Nothing is written to the lake; the connection's lock is held. Raises ParseError where the parse would fail,
    LakeError where its publishing would be refused.
    """
    progress = session.progress
    with session.lake.lock(
        session.spec.name,
        session.connection.id,
        lambda whom: progress.waiting(session.name, 0, whom),
        action="compared",
    ):
        progress.began(session.name, parser.name)
        try:
            return _compare(session, parser, since, until, stale=stale)
        finally:
            progress.ended(session.name, parser.name)


def _compare(
    session: Session, parser: ParserSpec, since: datetime | None, until: datetime | None, *, stale: bool
) -> Comparison:
    inputs, published = RawInputs(session, parser), PublishedTables(session, parser)
    windows: Collection[date | None] | None = None
    if stale:
        windows = ()
    elif since is not None or until is not None:
        windows = _meeting(session, inputs.fingerprints, since, until)
    chosen = windows_to_parse(inputs, published, windows, stale=stale)
    found = Comparison(session.connection.id, parser.name)
    if chosen is None:
        return found
    report = ParseReport(session.connection.id, parser.name)
    with TemporaryDirectory(prefix="dazz-compare-") as folder:
        tables = parser_tables(session, parser, Lake(folder))
        with WindowParser(session, parser, inputs, published, tables, report).run(chosen) as parsed:
            found.windows = len(parsed.windows)
            found.tables = [_compared(model, parsed, published) for model in published.tables]
            found.tables += [_abandoned(table) for table in published.abandoned()]
            _compare_quarantine(found.quarantine, parsed, published)
    return found


def _meeting(
    session: Session, windows: Collection[date | None], since: datetime | None, until: datetime | None
) -> set[date | None]:
    """Of some windows those that meet [since, until), in a grid from the connection's start to now; one outside of it
    counts as the nearest. What has no windows meets any range that the grid meets."""
    kind = session.windows
    grid_first, grid_last = kind.floor(session.connection.start), kind.floor(session.now().date())

    def meets(first: date, last: date) -> bool:
        return (since is None or since < _midnight(kind.after(last))) and (until is None or until > _midnight(first))

    if not meets(grid_first, grid_last):
        return set()
    nearest = {window: window and min(max(window, grid_first), grid_last) for window in windows}
    return {window for window, place in nearest.items() if place is None or meets(place, place)}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _compared(model: type[DomainObject], parsed: ParsedFiles, published: PublishedTables) -> TableChanges:
    table, snapshot = parsed.tables[model], published.snapshots[model]
    files = list(parsed.files[model].values())
    found = TableChanges(model.table_name(), model.__name__, sum(file.rows for file in files))
    before: list[str] = []
    if snapshot is not None:
        _demand_types_kept(published.tables[model], snapshot)
        replaced = parsed.replaced(model)
        before = snapshot.duckdb_paths([file for file in snapshot.files if file.window in replaced])
    after = [table.root.duckdb_path(f"{table.path.folder}/{file.path}") for file in files]
    for was, now in diff_rows(before, after):
        if was is not None and now is not None:
            if fields := _fields(was, now):
                found.change(_example(now, fields))
        elif now is not None:
            found.add(_example(now))
        elif was is not None:
            found.remove(_example(was))
    return found


def _demand_types_kept(table: Table, snapshot: TableVersion) -> None:
    """Raises CommitRefused where a column has another type than is stored, as the commit would."""
    if table.schema is not None:
        added_columns(snapshot.schema, table.schema, table.path.folder)


def _fields(was: object, now: object) -> tuple[Difference, ...]:
    """What differs; a column that one side lacks is null there."""
    nothing = (None, MISSING)
    return tuple(item for item in diff_values(was, now) if not (item.before in nothing and item.after in nothing))


def _abandoned(table: Table) -> TableChanges:
    """The objects of a model that the parser no longer returns: all of them go."""
    found = TableChanges(table.path.name)
    snapshot = table.open()
    for row, _ in diff_rows(snapshot.duckdb_paths() if snapshot else [], []):
        if row is not None:
            found.remove(_example(row))
    return found


def _example(row: Mapping[str, Any], fields: tuple[Difference, ...] = ()) -> Example:
    title = next((row[name] for name in _TITLES if isinstance(row.get(name), str)), None)
    return Example(str(row["id"]), title, fields)


def _compare_quarantine(found: TableChanges, parsed: ParsedFiles, published: PublishedTables) -> None:
    now = _by_name(parsed.quarantine.rows())
    differ = diff_collections(_by_name(published.put_aside_in(parsed.put_aside)), now)
    found.objects = len(now)
    for name, reason in differ.added.items():
        found.add(Example(name, str(reason)))
    for name, reason in differ.gone.items():
        found.remove(Example(name, str(reason)))
    for name, fields in differ.changed.items():
        found.change(
            Example(name, str(now[name]), tuple(Difference("reason", item.before, item.after) for item in fields))
        )


def _by_name(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Why each record and object is put aside, by its stream and key, or its model and id."""
    found: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for row in rows:
        name = f"{row['model']} {row['object_id']}" if row["kind"] == "duplicate" else f"{row['stream']} {row['key']}"
        seen[name] += 1
        # An object may be put aside several times.
        found[name if seen[name] == 1 else f"{name} ({seen[name]})"] = f"{row['kind']}: {row['reason']}"
    return found
