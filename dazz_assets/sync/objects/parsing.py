"""The work of one parse: objects of each window into files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from dazz_assets.authoring.inputs import FullRefresh, Incremental
from dazz_assets.authoring.spec import InputSpec, ParserSpec
from dazz_assets.domain import DomainObject
from dazz_assets.lake import DataFile, SliceWriter, Table
from dazz_assets.lake.by_window import LatestByWindow
from dazz_assets.lake.doubles import Double, doubles, without_rows
from dazz_assets.lake.new_files import read_new, remove_new
from dazz_assets.sync.errors import ParseError
from dazz_assets.sync.objects.columns import batch_of
from dazz_assets.sync.objects.inputs import Inputs
from dazz_assets.sync.objects.published import Published
from dazz_assets.sync.objects.quarantine import Quarantine
from dazz_assets.sync.objects.stored import Counted, StoredRecords, TooManyInvalidError, is_too_much
from dazz_assets.sync.objects.stored import Window as StoredWindow
from dazz_assets.sync.objects.yielded import fault_of_ids, fault_of_object, fault_of_result, said
from dazz_assets.sync.raised import place_of
from dazz_assets.sync.reports import ParseReport
from dazz_assets.sync.session import Session

_OBJECTS_A_BATCH = 1_000

Window = date | None
Model = type[DomainObject]


@dataclass(frozen=True, slots=True)
class Parsed:
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

    def __enter__(self) -> Parsed:
        return self

    def __exit__(self, *_: object) -> None:
        _remove_uncommitted(self.tables, self.files)


class Parsing:
    """Parses windows of one parser into files of `tables`: the published ones, or others of the same schema."""

    def __init__(
        self,
        session: Session,
        parser: ParserSpec,
        inputs: Inputs,
        published: Published,
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
        self._counted: dict[str, Counted] = defaultdict(Counted)
        self._full = {
            item.parameter: self._records(item, None) for item in parser.inputs if item.kind == "full_refresh"
        }
        self._files: dict[Model, dict[Window, DataFile]] = {model: {} for model in parser.models}
        self._done: set[Window] = set()

    def run(self, windows: Collection[Window]) -> Parsed:
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
                for item in self._parser.incremental
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
        for item in self._parser.incremental:
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
            raise ParseError(
                f"{self._place(window)}: {said(error)}{place_of(error, self._function)}; nothing was published",
                self._report,
            ) from error

    def _write(self, batch: list[DomainObject], writers: dict[Model, SliceWriter], window: Window) -> None:
        for item in batch:
            self._demand_none(fault_of_object(item, writers), window)
        for model, writer in writers.items():
            of_model = [item for item in batch if type(item) is model]
            try:
                writer.write(batch_of(of_model, model))
            except ValueError as error:
                raise ParseError(f"{self._place(window)}: {error}", self._report) from None
        self._session.progress.parsed(self._session.where, self._parser.name, objects=len(batch))

    def _demand_none(self, fault: str | None, window: Window) -> None:
        if fault is not None:
            raise ParseError(f"{self._place(window)}: {fault}. Nothing was published", self._report)

    def _records(self, item: InputSpec, window: StoredWindow | None = None) -> StoredRecords:
        stream = self._session.spec.streams[item.stream]
        snapshot = self._inputs.snapshots[item.stream]
        counted, ordered = self._counted[item.stream], not self._parser.incremental
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
                    f"{stream.read_as.__name__}, then parse again. Nothing was published",
                    report,
                )

    def _take_out_doubles(self) -> None:
        for model, table in self._tables.items():
            files = self._files[model]
            lost: dict[tuple[Window, str], list[Double]] = defaultdict(list)
            snapshot = self._published.snapshots[model]
            found = list(doubles(table, list(files.values()), snapshot, self._done))
            objects = sum(file.rows for file in files.values())
            self._demand_none(fault_of_ids(model, objects, [double.id for double in found]), None)
            for double in found:
                lost[double.window, double.path].append(double)
                self._quarantine.duplicate(double.window, model.__name__, double.id, double.kept)
                self._report.duplicates.append(double.id)
            for (window, path), rows in lost.items():
                self._rewrite(model, window, path, rows)

    def _rewrite(self, model: Model, window: Window, path: str, lost: Collection[Double]) -> None:
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
            remove_new(table, old)

    def _parsed(self) -> Parsed:
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
        return Parsed(self._tables, self._files, done, self._quarantine, put_aside | rewritten)

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
            remove_new(tables[model], file)


def _ids(table: Table, file: DataFile) -> Iterator[str]:
    for batch in read_new(table, file, ["id"]):
        yield from (id_ for id_ in batch.column("id").to_pylist() if id_ is not None)
