"""Compares what a parse would publish with what is published: parses into temporary files and publishes nothing."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from tempfile import TemporaryDirectory
from typing import Any

from dazz_assets.domain import DomainObject
from dazz_assets.lake import Lake, Table, TableVersion
from dazz_assets.lake.schema import added_columns
from dazz_assets.lake.versions.row_diff import diff_rows
from dazz_assets.reports import ParseReport
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec
from dazz_assets.tables import parser_tables
from dazz_assets.transform.parse_windows import ParsedFiles, ParserRun, windows_to_parse
from dazz_assets.transform.parse_workers import read_processes
from dazz_assets.transform.published_tables import PublishedTables
from dazz_assets.transform.raw_inputs import RawInputs
from dazz_assets.transform.value_diff import MISSING, Difference, diff_collections, diff_values
from dazz_assets.transform.window_parser import format_place
from dazz_assets.windows import WindowSpan

_EXAMPLES = 3
# More examples are kept up to this many, if they show a changed field that no other example shows.
_MOST_EXAMPLES = 10
_TITLES = ("title", "name", "summary", "subject")
_INDEX = re.compile(r"\.\d+(?=\.|$)")


@dataclass(frozen=True, slots=True)
class Example:
    """An object that is added, gone or changed, or an entry of the quarantine.

    id: of an entry of the quarantine, the record's stream and key, or the object's model and id.
    title: a title found among the object's fields, or the reason of the quarantine.
    fields: what differs in a changed object.
    """

    id: str
    title: str | None = None
    fields: tuple[Difference, ...] = ()


@dataclass(slots=True)
class TableChanges:
    """What changes in one table of a parser: counts, and a few examples of each kind. False if nothing changes.

    objects: how many objects the parsed windows would hold.
    fields: how many of the changed objects differ in each field; items of a list count for the list.
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
        """Count an object that is added."""
        self.added += 1
        if len(self.examples_added) < _EXAMPLES:
            self.examples_added.append(example)

    def remove(self, example: Example) -> None:
        """Count an object that is gone."""
        self.gone += 1
        if len(self.examples_gone) < _EXAMPLES:
            self.examples_gone.append(example)

    def change(self, example: Example) -> None:
        """Count an object that is changed."""
        self.changed += 1
        names = {_INDEX.sub("", item.path) for item in example.fields}
        count, shows_new_field = len(self.examples_changed), not names <= self.fields.keys()
        if count < _EXAMPLES or (shows_new_field and count < _MOST_EXAMPLES):
            self.examples_changed.append(example)
        self.fields.update(names)


@dataclass(slots=True)
class Comparison:
    """What a parse of one parser of one connection would change. False if nothing.

    windows: how many windows it would parse. quarantine: what would enter and leave quarantine.
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
    processes: int | None = None,
) -> Comparison:
    """Compare what `parse` would publish with what is published. Writes nothing to the lake.

    since, until: parse the windows that overlap [since, until). stale: parse the stale windows. By default, parse every
    window. Windows whose records changed are always parsed. processes: see `parse`. Holds the connection's lock.
    Raises ParseError if the parse would fail, LakeError if the lake would refuse its commit.
    """
    with session.at_work(parser.name, action="compared"):
        processes = processes or read_processes(format_place(session, parser))
        return _compare(session, parser, since, until, stale=stale, processes=processes)


def _compare(
    session: Session,
    parser: ParserSpec,
    since: datetime | None,
    until: datetime | None,
    *,
    stale: bool,
    processes: int,
) -> Comparison:
    inputs, published = RawInputs(session, parser), PublishedTables(session, parser)
    windows: Collection[date | None] | None = None
    if stale:
        windows = ()
    elif since is not None or until is not None:
        windows = _windows_in_range(session, inputs.fingerprints, since, until)
    to_parse = windows_to_parse(inputs, published, windows, stale=stale)
    found = Comparison(session.connection.id, parser.name)
    if to_parse is None:
        return found
    report = ParseReport(session.connection.id, parser.name)
    with TemporaryDirectory(prefix="dazz-compare-") as folder:
        tables = parser_tables(session, parser, Lake(folder))
        with ParserRun(session, parser, inputs, published, tables, report, processes).run(to_parse) as parsed:
            found.windows = len(parsed.windows)
            found.tables = [_compare_model(model, parsed, published) for model in published.tables]
            found.tables += [_compare_undeclared(table) for table in published.undeclared_tables()]
            _compare_quarantine(found.quarantine, parsed, published)
    return found


def _windows_in_range(
    session: Session, windows: Collection[date | None], since: datetime | None, until: datetime | None
) -> set[date | None]:
    """The windows that overlap [since, until), in a grid from the connection's start to now.

    A window outside the grid counts as the nearest one in it. The window None overlaps if any window of the grid does.
    """
    floor = session.windows.floor
    grid = WindowSpan(session.windows, floor(session.connection.start), floor(session.now().date()))
    if not grid.overlaps(since, until):
        return set()

    def is_in_range(window: date | None) -> bool:
        if window is None:
            return True
        nearest = grid.nearest(window)
        return WindowSpan(session.windows, nearest, nearest).overlaps(since, until)

    return set(filter(is_in_range, windows))


def _compare_model(model: type[DomainObject], parsed: ParsedFiles, published: PublishedTables) -> TableChanges:
    table, version = parsed.tables[model], published.versions[model]
    files = list(parsed.files[model].values())
    found = TableChanges(model.table_name(), model.__name__, sum(file.rows for file in files))
    before: list[str] = []
    if version is not None:
        _check_column_types(published.tables[model], version)
        replaced = parsed.replaced_windows(model)
        before = version.duckdb_paths([file for file in version.files if file.window in replaced])
    after = [table.root.duckdb_path(f"{table.path.folder}/{file.path}") for file in files]
    for old, new in diff_rows(before, after):
        if old is not None and new is not None:
            if fields := _diff_fields(old, new):
                found.change(_make_example(new, fields))
        elif new is not None:
            found.add(_make_example(new))
        elif old is not None:
            found.remove(_make_example(old))
    return found


def _check_column_types(table: Table, version: TableVersion) -> None:
    """Raise CommitRefusedError if a column's type is not the stored one, as the commit would."""
    if table.schema is not None:
        added_columns(version.schema, table.schema, table.path.folder)


def _diff_fields(old: object, new: object) -> tuple[Difference, ...]:
    """The fields that differ. A missing column counts as null."""
    null = (None, MISSING)
    return tuple(item for item in diff_values(old, new) if not (item.before in null and item.after in null))


def _compare_undeclared(table: Table) -> TableChanges:
    """Count all objects of a model that the parser no longer returns as gone."""
    found = TableChanges(table.path.name)
    version = table.open()
    for row, _ in diff_rows(version.duckdb_paths() if version else [], []):
        if row is not None:
            found.remove(_make_example(row))
    return found


def _make_example(row: Mapping[str, Any], fields: tuple[Difference, ...] = ()) -> Example:
    title = next((row[name] for name in _TITLES if isinstance(row.get(name), str)), None)
    return Example(str(row["id"]), title, fields)


def _compare_quarantine(found: TableChanges, parsed: ParsedFiles, published: PublishedTables) -> None:
    after = _reasons_by_name(parsed.quarantine.rows())
    before = _reasons_by_name(published.quarantine_rows(parsed.quarantined_windows))
    changes = diff_collections(before, after)
    found.objects = len(after)
    for name, reason in changes.added.items():
        found.add(Example(name, str(reason)))
    for name, reason in changes.gone.items():
        found.remove(Example(name, str(reason)))
    for name, fields in changes.changed.items():
        found.change(
            Example(name, str(after[name]), tuple(Difference("reason", item.before, item.after) for item in fields))
        )


def _reasons_by_name(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Why each record or object is in quarantine, by its stream and key or its model and id."""
    found: dict[str, str] = {}
    seen: Counter[str] = Counter()
    # In an order that does not depend on where they are stored, as an object may be in quarantine several times.
    for row in sorted(rows, key=lambda row: str(row["reason"])):
        name = f"{row['model']} {row['object_id']}" if row["kind"] == "duplicate" else f"{row['stream']} {row['key']}"
        seen[name] += 1
        found[name if seen[name] == 1 else f"{name} ({seen[name]})"] = f"{row['kind']}: {row['reason']}"
    return found
