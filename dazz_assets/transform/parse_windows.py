"""One parse of one parser: windows of raw records into domain objects, published in one commit of each table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from dazz_assets.declare.parser import FullRefresh, Incremental
from dazz_assets.domain import DomainObject
from dazz_assets.errors import ParseError
from dazz_assets.lake import Commit, DataFile, SliceWriter, Table
from dazz_assets.lake.duplicate_ids import DuplicateId, find_duplicate_ids, without_rows
from dazz_assets.lake.latest_versions import LatestByWindow
from dazz_assets.lake.object_columns import make_batch
from dazz_assets.lake.table import read_uncommitted, remove_uncommitted
from dazz_assets.reports import ParseReport
from dazz_assets.session import Session
from dazz_assets.spec.specs import InputSpec, ParserSpec
from dazz_assets.transform.published_tables import PublishedTables
from dazz_assets.transform.quarantine import Quarantine
from dazz_assets.transform.raw_inputs import RawInputs
from dazz_assets.transform.records import ReadCounts, StoredRecords, TooManyInvalidError, is_too_much
from dazz_assets.transform.records import RecordWindow as StoredWindow
from dazz_assets.transform.result_checks import (
    describe_error,
    fault_of_ids,
    fault_of_object,
    fault_of_result,
    line_raised,
)

_OBJECTS_A_BATCH = 1_000

Window = date | None
Model = type[DomainObject]


@dataclass(frozen=True, slots=True)
class ParsedFiles:
    """What one parse made, to be published or compared. As a context manager it removes what was not committed.

    files: by model and window, of `tables`: of the parsed windows, and of those that gave an object to one of them.
    windows: those that were parsed; one without a file has no records any more.
    quarantine: what was put aside; its rows replace all of the windows `put_aside`.
    """

    tables: Mapping[Model, Table]
    files: Mapping[Model, Mapping[Window, DataFile]]
    windows: Set[Window]
    quarantine: Quarantine
    put_aside: Set[Window]

    def replaced(self, model: Model) -> Set[Window]:
        """The windows of a model's table that its files replace."""
        return self.windows | self.files[model].keys()

    def __enter__(self) -> ParsedFiles:
        return self

    def __exit__(self, *_: object) -> None:
        _remove_uncommitted(self.tables, self.files)


class WindowParser:
    """Parses windows of one parser into files of `tables`: the published ones, or others of the same schema."""

    def __init__(
        self,
        session: Session,
        parser: ParserSpec,
        inputs: RawInputs,
        published: PublishedTables,
        tables: Mapping[Model, Table],
        report: ParseReport,
    ) -> None:
        self._session = session
        self._parser = parser
        self._inputs = inputs
        self._published = published
        self._tables = tables
        self._report = report
        self._function = getattr(session.parsing_integration, parser.name)
        self._quarantine = Quarantine()
        self._counted: dict[str, ReadCounts] = defaultdict(ReadCounts)
        self._full = {
            item.parameter: self._records(item, None) for item in parser.inputs if item.kind == "full_refresh"
        }
        self._files: dict[Model, dict[Window, DataFile]] = {model: {} for model in parser.models}
        self._done: set[Window] = set()

    def run(self, windows: Collection[Window]) -> ParsedFiles:
        """Parse these windows, and those that turn out to need it. Raises ParseError."""
        try:
            with suppress(TooManyInvalidError):
                self._parse_all(set(windows))
            self._check_invalid()
            self._take_out_doubles()
            return self._parsed()
        except BaseException:
            self._discard()
            raise

    def _parse_all(self, windows: set[Window]) -> None:
        while windows:
            self._latest = {
                item.stream: LatestByWindow(self._inputs.snapshots[item.stream], windows)
                for item in self._parser.incremental_inputs
            }
            for window in sorted(windows, key=str):
                if window in self._inputs.fingerprints:
                    self._parse_window(window)
                self._done.add(window)
            windows = self._published.uncovered(self._lost_ids(), self._done)

    def _lost_ids(self) -> set[tuple[str, str]]:
        """Objects, by model and id, that the parsed windows held and no longer do: what gave way to one is back."""
        before = self._published.ids(self._done)
        if not before:
            return set()
        now = {
            (model.__name__, id_)
            for model, files in self._files.items()
            for file in files.values()
            for id_ in _ids(self._tables[model], file)
        }
        return before - now

    def _parse_window(self, window: Window) -> None:
        handles: dict[str, object] = {name: FullRefresh(records) for name, records in self._full.items()}
        for item in self._parser.incremental_inputs:
            handles[item.parameter] = Incremental(self._records(item, StoredWindow(window, self._latest[item.stream])))
        writers = {model: self._writer(table, window) for model, table in self._tables.items()}
        try:
            for batch in _batched(self._objects(window, handles)):
                self._write(batch, writers, window)
        except BaseException:
            for writer in writers.values():
                writer.discard()
            raise
        for model, writer in writers.items():
            self._files[model][window] = writer.close()

    def _objects(self, window: Window, handles: dict[str, object]) -> Iterator[DomainObject]:
        try:
            made = self._function(**handles)
            self._demand_none(fault_of_result(made), window)
            yield from made
        except (ParseError, TooManyInvalidError):
            raise
        except Exception as error:
            what = f"{describe_error(error)}{line_raised(error, self._function)}"
            raise ParseError(f"{self._place(window)}: {what}; nothing was published", self._report) from error

    def _write(self, batch: list[DomainObject], writers: dict[Model, SliceWriter], window: Window) -> None:
        for item in batch:
            self._demand_none(fault_of_object(item, writers), window)
        for model, writer in writers.items():
            of_model = [item for item in batch if type(item) is model]
            try:
                writer.write(make_batch(of_model, model))
            except ValueError as error:
                raise ParseError(f"{self._place(window)}: {error}", self._report) from None
        self._session.progress.parsed(self._session.where, self._parser.name, objects=len(batch))

    def _demand_none(self, fault: str | None, window: Window) -> None:
        if fault is not None:
            raise ParseError(f"{self._place(window)}: {fault}. Nothing was published", self._report)

    def _records(self, item: InputSpec, window: StoredWindow | None = None) -> StoredRecords:
        stream = self._session.spec.streams[item.stream]
        snapshot = self._inputs.snapshots[item.stream]
        counted, ordered = self._counted[item.stream], not self._parser.incremental_inputs
        return StoredRecords(stream, snapshot, self._quarantine, counted, window, ordered=ordered)

    def _writer(self, table: Table, window: Window) -> SliceWriter:
        return table.new_file(window, fingerprint=self._inputs.fingerprints[window], inputs=self._inputs.names)

    def _check_invalid(self) -> None:
        report = self._report
        for name, counted in self._counted.items():
            report.read[name], report.invalid[name] = counted.read, counted.invalid
            report.replaced += counted.replaced
            stream = self._session.spec.streams[name]
            if is_too_much(stream, counted.invalid, counted.read):
                raise ParseError(
                    f"{self._place(None)}: {counted.invalid} of {counted.read} records of {name} are invalid, more "
                    f"than max_invalid = {stream.max_invalid} allows ({self._quarantine.example(name)}); correct "
                    f"{stream.required_model.__name__}, then parse again. Nothing was published",
                    report,
                )

    def _take_out_doubles(self) -> None:
        for model, table in self._tables.items():
            files = self._files[model]
            lost: dict[tuple[Window, str], list[DuplicateId]] = defaultdict(list)
            snapshot = self._published.snapshots[model]
            found = list(find_duplicate_ids(table, list(files.values()), snapshot, self._done))
            objects = sum(file.rows for file in files.values())
            self._demand_none(fault_of_ids(model, objects, [double.id for double in found]), None)
            for double in found:
                lost[double.window, double.path].append(double)
                self._quarantine.duplicate(double.window, model.__name__, double.id, double.kept)
                self._report.duplicates.append(double.id)
            for (window, path), rows in lost.items():
                self._rewrite(model, window, path, rows)

    def _rewrite(self, model: Model, window: Window, path: str, lost: Collection[DuplicateId]) -> None:
        files, table, snapshot = self._files[model], self._tables[model], self._published.snapshots[model]
        stored_in = snapshot if window not in files else None
        before = stored_in.windows().get(window) if stored_in else None
        files[window], old = (
            without_rows(
                table,
                path,
                window,
                {double.row for double in lost},
                stored_in=stored_in,
                fingerprint=before.fingerprint if before else self._inputs.fingerprints[window],
                inputs=before.inputs if before else self._inputs.names,
            ),
            files.get(window),
        )
        if old is not None:
            remove_uncommitted(table, old)

    def _parsed(self) -> ParsedFiles:
        report, done = self._report, self._done
        put_aside = set(done)
        if any(records.was_read for records in self._full.values()):
            put_aside.add(None)
        rewritten = {window for files in self._files.values() for window in files} - done
        report.quarantined = self._quarantine.count
        self._quarantine.keep(self._published.put_aside_in(rewritten))
        report.windows = dict.fromkeys(done, 0)
        for files in self._files.values():
            for window in done & files.keys():
                report.windows[window] += files[window].rows
        report.records = sum(report.windows.values())
        return ParsedFiles(self._tables, self._files, done, self._quarantine, put_aside | rewritten)

    def _discard(self) -> None:
        _remove_uncommitted(self._tables, self._files)

    def _place(self, window: Window) -> str:
        at = f", window {window}" if window else ""
        return f"{self._session.where}, parser {self._parser.name}{at}"


def _batched(objects: Iterable[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for item in objects:
        batch.append(item)
        if len(batch) >= _OBJECTS_A_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _remove_uncommitted(tables: Mapping[Model, Table], files: Mapping[Model, Mapping[Window, DataFile]]) -> None:
    for model, of_model in files.items():
        for file in of_model.values():
            remove_uncommitted(tables[model], file)


def _ids(table: Table, file: DataFile) -> Iterator[str]:
    for batch in read_uncommitted(table, file, ["id"]):
        yield from (id_ for id_ in batch.column("id").to_pylist() if id_ is not None)


def publish(parsed: ParsedFiles, inputs: RawInputs, published: PublishedTables) -> None:
    """Quarantine first: until a domain table is committed its windows don't fit, and are parsed again."""
    _commit_quarantine(parsed, inputs, published)
    for model, table in published.tables.items():
        _commit(parsed, inputs, model, table)
    for table in published.abandoned():
        table.commit(lambda _: Commit(replace="everything"))


def _commit(parsed: ParsedFiles, inputs: RawInputs, model: type[DomainObject], table: Table) -> None:
    files = list(parsed.files[model].values())
    commit = Commit(files, parsed.replaced(model) or "nothing", inputs.checked)
    table.commit(lambda _: commit)


def _commit_quarantine(parsed: ParsedFiles, inputs: RawInputs, published: PublishedTables) -> None:
    table, windows = published.quarantine, parsed.put_aside
    files = parsed.quarantine.files(table, windows, inputs.fingerprints)
    stored = published.put_aside.windows().keys() if published.put_aside else set()
    replaced = {file.window for file in files} | (windows & stored)
    commit = Commit(files, replaced or "nothing", inputs.checked)
    table.commit(lambda _: commit)


def parse(
    session: Session,
    parser: ParserSpec,
    *,
    windows: Collection[date | None] | None,
    stale: bool = False,
) -> ParseReport:
    """Parse windows (None: every window that has records) and, always, each whose records are no longer those that it
    was parsed from; with `stale` also those whose full-refresh inputs changed. Makes no request.

    Raises ParseError, and then nothing of this parse is published; LakeError.
    """
    progress = session.progress
    with session.lake.lock(
        session.spec.name, session.connection.id, lambda whom: progress.waiting(session.where, 0, whom)
    ):
        progress.began(session.where, parser.name)
        try:
            return _parse(session, parser, windows, stale=stale)
        finally:
            progress.ended(session.where, parser.name)


def _parse(
    session: Session, parser: ParserSpec, windows: Collection[date | None] | None, *, stale: bool
) -> ParseReport:
    inputs, published = RawInputs(session, parser), PublishedTables(session, parser)
    report = ParseReport(session.connection.id, parser.name)
    report.inputs = {name: snapshot.version for name, snapshot in inputs.snapshots.items()}
    chosen = windows_to_parse(inputs, published, windows, stale=stale)
    if chosen is not None:
        with WindowParser(session, parser, inputs, published, published.tables, report).run(chosen) as parsed:
            publish(parsed, inputs, published)
        published = PublishedTables(session, parser)
    report.stale = sorted(_stale(inputs, published), key=str)
    return report


def windows_to_parse(
    inputs: RawInputs, published: PublishedTables, windows: Collection[date | None] | None, *, stale: bool
) -> set[date | None] | None:
    """The windows that a parse of these parses, as `parse` says; None where there is nothing to look at.

    Where nothing came since the tables were last found right, the log says so, and no file is opened.
    """
    asked_for = windows is None or bool(windows) or stale
    if not asked_for and published.is_checked(inputs.checked):
        return None
    chosen = set(inputs.fingerprints) if windows is None else set(windows) & inputs.fingerprints.keys()
    chosen |= published.unfit(inputs.fingerprints)
    return chosen | _stale(inputs, published) if stale else chosen


def _stale(inputs: RawInputs, published: PublishedTables) -> set[date | None]:
    return {
        window for windows in published.windows for window, state in windows.items() if inputs.is_stale(state.inputs)
    }
