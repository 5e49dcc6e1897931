"""The tables that a parser publishes to: its models' tables and its quarantine."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dazz_assets.counts import format_count
from dazz_assets.domain import DomainObject
from dazz_assets.errors import ParseError
from dazz_assets.lake import Commit, Table, TableVersion, WindowState
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec
from dazz_assets.tables import parser_tables
from dazz_assets.transform.raw_inputs import parsed_by

# The application transaction of each table that names the parse which published to it last.
_PARSE = "parse"

# A window of one of the tables: the table's number, the window, and its state.
TableWindow = tuple[int, date | None, WindowState]


def new_parse() -> dict[str, int]:
    """The transaction with which one parse, and no other, publishes to each table."""
    return {_PARSE: time.time_ns()}


class PublishedTables:
    """The tables of one parser of one connection, one per model, and its quarantine, each opened at one version."""

    def __init__(self, session: Session, parser: ParserSpec) -> None:
        lake, integration, connection = session.lake, session.spec.name, session.connection.id
        self._lake, self._integration, self._parser, self._connection = lake, integration, parser.name, connection
        self._parser_version = parser.version
        self._parsers = session.spec.parsers.keys()
        self._place = f"{session.name}, parser {parser.name}"
        self.tables: Mapping[type[DomainObject], Table] = parser_tables(session, parser, lake)
        self.quarantine = lake.quarantine(integration, parser.name, connection)
        self.versions: Mapping[type[DomainObject], TableVersion | None] = {
            model: table.open() for model, table in self.tables.items()
        }
        self.quarantine_version: TableVersion | None = self.quarantine.open()

    @property
    def windows(self) -> list[Mapping[date | None, WindowState]]:
        """What the windows of each table were parsed from, in the order of the models."""
        return [version.window_states() if version else {} for version in self.versions.values()]

    @property
    def states(self) -> list[TableWindow]:
        """The states of the windows of all tables, each with the number of its table."""
        return [(number, *state) for number, windows in enumerate(self.windows) for state in windows.items()]

    @property
    def quarantined_rows(self) -> int:
        """How many records and objects are in quarantine."""
        return self.quarantine_version.rows if self.quarantine_version else 0

    @property
    def other_parser_versions(self) -> list[str]:
        """The versions of the parser, other than its present one, that some windows were parsed by."""
        versions = {parsed_by(state.inputs) for _, _, state in self.states}
        return sorted(version for version in versions if version not in (None, self._parser_version))

    def is_checked(self, transactions: Mapping[str, int]) -> bool:
        """Whether all tables are up to date with these passes of the inputs, so that no file needs to be opened."""
        return not self.is_broken_off and all(
            version is not None and all(version.transaction(name) == value for name, value in transactions.items())
            for version in self._all_versions
        )

    @property
    def objects(self) -> int:
        """How many objects are published."""
        return sum(version.rows for version in self.versions.values() if version is not None)

    @cached_property
    def is_broken_off(self) -> bool:
        """Whether the last parse published to some of the tables only, two did so at once, or one was removed since.

        What the tables say of each other is then not to be trusted: the quarantine no longer has an object that another
        window had taken and would give back, and no fingerprint tells that it is published nowhere.
        """
        return len(set(map(_parse_number, self._all_versions))) > 1

    @property
    def _all_versions(self) -> tuple[TableVersion | None, ...]:
        return (*self.versions.values(), self.quarantine_version)

    def commit(self, table: Table, opened: TableVersion | None, commit: Commit) -> None:
        """Commit to one of the tables, which was opened at this version.

        Raises ParseError if another parse published to it since, as one may where no lock keeps them apart.
        """

        def check_and_commit(current: TableVersion | None) -> Commit:
            if _parse_number(current) != _parse_number(opened):
                raise ParseError(
                    f"{self._place}: another parse published meanwhile, so this one is discarded: parse again"
                )
            return commit

        table.commit(check_and_commit)

    def changed_windows(self, fingerprints: Mapping[date | None, str]) -> set[date | None]:
        """The windows whose records changed since they were parsed: some table holds one from other records,
        lacks it, or should no longer hold it.

        After a parse that broke off, all count, also those of which only the quarantine tells. A window whose
        full-refresh inputs alone changed is stale, not changed: see `RawInputs.changed_inputs`.
        """
        found: set[date | None] = set()
        if self.is_broken_off:
            quarantined = self.quarantine_version.window_states().keys() if self.quarantine_version else ()
            found |= {*fingerprints, *quarantined} - ({None} - fingerprints.keys())
        for windows in self.windows:
            parsed = {window: state.fingerprint for window, state in windows.items()}
            found |= {window for window, text in fingerprints.items() if parsed.get(window) != text}
            found |= parsed.keys() - fingerprints.keys()
        return found

    @cached_property
    def windows_of_duplicates(self) -> Mapping[tuple[str, str], set[date | None]]:
        """The windows whose duplicates are in quarantine, by model and id of the object."""
        found: dict[tuple[str, str], set[date | None]] = defaultdict(set)
        columns = ["kind", "model", "object_id", "window_start"]
        for batch in self.quarantine_version.read(columns) if self.quarantine_version is not None else ():
            for row in batch.filter(pc.equal(batch.column("kind"), pa.scalar("duplicate"))).to_pylist():
                found[row["model"], row["object_id"]].add(row["window_start"])
        return found

    def ids_with_duplicates(self, windows: Collection[date | None]) -> set[tuple[str, str]]:
        """The published objects of some windows of which duplicates are in quarantine, by model and id."""
        return {
            found
            for model, version in self.versions.items()
            if version is not None and self.windows_of_duplicates
            for batch in version.read(["id"], windows)
            for found in self.find_duplicated(model, batch)
        }

    def find_duplicated(self, model: type[DomainObject], batch: pa.RecordBatch) -> Iterator[tuple[str, str]]:
        """The objects in a batch with ids of which duplicates are in quarantine, by model and id."""
        for id_ in batch.column("id").to_pylist():
            if id_ is not None and (model.__name__, id_) in self.windows_of_duplicates:
                yield model.__name__, id_

    def undeclared_tables(self) -> Iterator[Table]:
        """The tables that hold objects of models that the parser no longer returns."""
        current = {table.path.folder for table in self.tables.values()}
        for table in self._lake.tables_of_parser(self._integration, self._parser, self._connection):
            if table.path.folder not in current and (version := table.open()) is not None and version.files:
                yield table

    def describe_undeclared_parsers(self) -> Iterator[str]:
        """Of each parser that the integration no longer has, what is still read beside the objects of this one."""
        for table in self.tables.values():
            for other in self._lake.tables_beside(table.path):
                parser, version = other.path.parser, None if other.path.parser in self._parsers else other.open()
                if version is not None and version.rows:
                    yield (
                        f"{table.path.name} also has {format_count(version.rows, 'object')} of parser {parser}, which "
                        f"{self._integration} no longer has, so that a query of {table.path.name} reads both: remove "
                        f"the folder {other.path.folder} of the lake"
                    )

    def quarantine_rows(self, windows: Collection[date | None]) -> Iterator[dict[str, Any]]:
        """The quarantine rows of some windows."""
        if self.quarantine_version is not None and windows:
            for batch in self.quarantine_version.read(windows=windows):
                yield from batch.to_pylist()


def _parse_number(version: TableVersion | None) -> int | None:
    """The parse that published to a table last."""
    return None if version is None else version.transaction(_PARSE)
