"""The tables that a parser publishes to."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

from dazz_assets.domain import DomainObject
from dazz_assets.lake import Table, TableVersion, WindowState
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec
from dazz_assets.tables import parser_tables


class PublishedTables:
    """A parser's tables of one connection, one a model, and its quarantine, each in one version."""

    def __init__(self, session: Session, parser: ParserSpec) -> None:
        lake, integration, connection = session.lake, session.spec.name, session.connection.id
        self._lake, self._integration, self._parser, self._connection = lake, integration, parser.name, connection
        self.tables: Mapping[type[DomainObject], Table] = parser_tables(session, parser, lake)
        self.quarantine = lake.quarantine(integration, parser.name, connection)
        self.snapshots: Mapping[type[DomainObject], TableVersion | None] = {
            model: table.open() for model, table in self.tables.items()
        }
        self.put_aside: TableVersion | None = self.quarantine.open()

    @property
    def windows(self) -> list[Mapping[date | None, WindowState]]:
        """What each table's windows were parsed from."""
        return [snapshot.window_states() if snapshot else {} for snapshot in self.snapshots.values()]

    def is_checked(self, transactions: Mapping[str, int]) -> bool:
        """Whether all tables are right up to these passes of the inputs; then no file needs to be opened."""
        return all(
            snapshot is not None and all(snapshot.transaction(name) == value for name, value in transactions.items())
            for snapshot in (*self.snapshots.values(), self.put_aside)
        )

    def unfit(self, fingerprints: Mapping[date | None, str]) -> set[date | None]:
        """Windows that some table holds from another set of records, or doesn't hold, or should no longer hold."""
        found: set[date | None] = set()
        for windows in self.windows:
            parsed = {window: state.fingerprint for window, state in windows.items()}
            found |= {window for window, text in fingerprints.items() if parsed.get(window) != text}
            found |= parsed.keys() - fingerprints.keys()
        return found

    def uncovered(self, lost: Collection[tuple[str, str]], parsed: Collection[date | None]) -> set[date | None]:
        """Windows, not parsed yet, with an object put aside for one of these (model and id), which are gone now."""
        if not lost or self.put_aside is None:
            return set()
        gone = set(lost)
        found = set()
        for batch in self.put_aside.read(["kind", "model", "object_id", "window_start"]):
            for row in batch.to_pylist():
                if row["kind"] == "duplicate" and (row["model"], row["object_id"]) in gone:
                    found.add(row["window_start"])
        return found - set(parsed)

    def ids(self, windows: Collection[date | None]) -> set[tuple[str, str]]:
        """The published objects of some windows, by model and id; none where nothing put aside could need them."""
        if self.put_aside is None or not self.put_aside.rows:
            return set()
        return {
            (model.__name__, id_)
            for model, snapshot in self.snapshots.items()
            if snapshot is not None
            for batch in snapshot.read(["id"], windows)
            for id_ in batch.column("id").to_pylist()
            if id_ is not None
        }

    def abandoned(self) -> Iterator[Table]:
        """Tables with objects of models that the parser no longer returns."""
        current = {table.path.folder for table in self.tables.values()}
        for table in self._lake.tables_of_parser(self._integration, self._parser, self._connection):
            if table.path.folder not in current and (snapshot := table.open()) is not None and snapshot.files:
                yield table

    def put_aside_in(self, windows: Collection[date | None]) -> list[dict[str, Any]]:
        """The rows of some windows in quarantine."""
        if self.put_aside is None or not windows:
            return []
        return [row for batch in self.put_aside.read(windows=windows) for row in batch.to_pylist()]
