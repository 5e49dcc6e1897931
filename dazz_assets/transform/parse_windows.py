"""Parses windows of raw records into domain objects, and publishes them in one commit per table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from itertools import islice

from dazz_assets.counts import format_count
from dazz_assets.declare.parser import FullRefresh, Incremental
from dazz_assets.domain import DomainObject
from dazz_assets.errors import ParseError
from dazz_assets.lake import Commit, DataFile, Table
from dazz_assets.lake.duplicate_ids import DuplicateId, copy_without_rows, find_duplicate_ids
from dazz_assets.lake.latest_versions import LatestVersions
from dazz_assets.lake.object_file import ObjectFile
from dazz_assets.lake.table import read_uncommitted, remove_uncommitted
from dazz_assets.reports import ParseReport
from dazz_assets.session import Session
from dazz_assets.spec.specs import InputSpec, ParserSpec, StreamSpec
from dazz_assets.transform.fewer_collections import fewer_collections
from dazz_assets.transform.published_tables import PublishedTables
from dazz_assets.transform.quarantine import Quarantine
from dazz_assets.transform.raw_inputs import RawInputs
from dazz_assets.transform.records import (
    RecordCounts,
    Scope,
    StoredRecords,
    TooManyInvalidError,
    exceeds_max_invalid,
)
from dazz_assets.transform.result_checks import (
    describe_error,
    describe_foreign_ids,
    find_id_fault,
    find_object_fault,
    find_result_fault,
    find_stream_fault,
    format_raising_line,
)

_OBJECTS_PER_BATCH = 1_000

Window = date | None
Model = type[DomainObject]


def parse(
    session: Session,
    parser: ParserSpec,
    *,
    windows: Collection[Window] | None,
    stale: bool = False,
) -> ParseReport:
    """Parse windows and publish their objects. Sends no request; holds the connection's lock.

    windows: None is every window that has records. Windows whose records changed since they were parsed are always
    included. stale: also parse windows whose full-refresh inputs changed, whatever the parser's `refresh` says.
    Raises ParseError, and then publishes nothing of this parse; LakeError.
    """
    progress = session.progress
    lock = session.lake.lock(
        session.spec.name, session.connection.id, lambda whom: progress.waiting(session.name, 0, whom)
    )
    with lock, progress.during(session.name, parser.name):
        session.store_sensitive_fields()
        return _parse(session, parser, windows, stale=stale)


def _parse(session: Session, parser: ParserSpec, windows: Collection[Window] | None, *, stale: bool) -> ParseReport:
    inputs, published = RawInputs(session, parser), PublishedTables(session, parser)
    report = ParseReport(session.connection.id, parser.name, version=parser.version)
    report.held_in_quarantine = published.quarantined_rows
    report.inputs = {name: version.version for name, version in inputs.versions.items()}
    to_parse = windows_to_parse(inputs, published, windows, stale=stale)
    if to_parse is not None:
        with (
            fewer_collections(),
            WindowParser(session, parser, inputs, published, published.tables, report).run(to_parse) as parsed,
        ):
            publish(parsed, inputs, published)
        published = PublishedTables(session, parser)
    report.stale = sorted(stale_windows(inputs, published), key=str)
    report.other_versions = published.other_parser_versions
    report.changed_inputs = sorted(_changed_inputs(inputs, published))
    report.held_in_quarantine = published.quarantined_rows
    return report


def windows_to_parse(
    inputs: RawInputs, published: PublishedTables, windows: Collection[Window] | None, *, stale: bool
) -> set[Window] | None:
    """The windows that `parse` would parse; None if there is nothing to do.

    If no input changed since the tables were last checked, which their logs tell, no file is opened.
    """
    is_requested = windows is None or bool(windows) or stale
    if not is_requested and published.is_checked(inputs.checked):
        return None
    found = set(inputs.fingerprints) if windows is None else set(windows) & inputs.fingerprints.keys()
    found |= published.changed_windows(inputs.fingerprints)
    return found | stale_windows(inputs, published) if stale or inputs.refreshes else found


def outdated_windows(inputs: RawInputs, published: PublishedTables) -> set[Window]:
    """The windows that a stale parse would parse: of changed records, of changed inputs, and those never parsed."""
    is_checked = published.is_checked(inputs.checked)
    changed = set[Window]() if is_checked else published.changed_windows(inputs.fingerprints)
    return changed | stale_windows(inputs, published)


def stale_windows(inputs: RawInputs, published: PublishedTables) -> set[Window]:
    """The windows whose full-refresh inputs changed since they were parsed."""
    if inputs.refreshes and published.is_checked(inputs.checked):
        return set()
    return {
        window for windows in published.windows for window, state in windows.items() if inputs.is_stale(state.inputs)
    }


def _changed_inputs(inputs: RawInputs, published: PublishedTables) -> set[str]:
    """The full-refresh inputs that changed since some window was parsed."""
    return {name for _, _, state in published.states for name in inputs.changed_inputs(state.inputs)}


@dataclass(frozen=True, slots=True)
class ParsedFiles:
    """The files that one parse wrote, to be published or compared. On exit, removes those that were not committed.

    files: by model and window, files of `tables`: for the parsed windows, and for those that lost a duplicate object
        to a parsed one.
    windows: the windows that were parsed; one without a file has no records any more.
    quarantine: the new quarantine rows; they replace all rows of `quarantined_windows`.
    """

    tables: Mapping[Model, Table]
    files: Mapping[Model, Mapping[Window, DataFile]]
    windows: Set[Window]
    quarantine: Quarantine
    quarantined_windows: Set[Window]

    def replaced_windows(self, model: Model) -> Set[Window]:
        """The windows of a model's table that its files replace."""
        return self.windows | self.files[model].keys()

    def __enter__(self) -> ParsedFiles:
        return self

    def __exit__(self, *_: object) -> None:
        _remove_uncommitted_files(self.tables, self.files)


class WindowParser:
    """Runs one parser over windows and writes files for `tables`: the published ones, or others of the same schema."""

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
        self._is_sensitive = any(session.spec.streams[item.stream].sensitive for item in parser.inputs)
        # Reads records ahead of the parser, and writes its objects behind it.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="dazz-parse")
        self._quarantine = Quarantine()
        self._counts: dict[str, RecordCounts] = defaultdict(RecordCounts)
        self._latest = {name: LatestVersions(version) for name, version in inputs.versions.items()}
        scope: Scope = "all" if parser.incremental_inputs else "all in order"
        self._full_refresh = {
            item.parameter: self._read_records(item, scope) for item in parser.inputs if item.kind == "full_refresh"
        }
        self._files: dict[Model, dict[Window, DataFile]] = {model: {} for model in parser.models}
        # The files of the last window, which are being written.
        self._finishing: dict[tuple[Model, Window], Future[DataFile]] = {}
        self._parsed: set[Window] = set()

    def run(self, windows: Collection[Window]) -> ParsedFiles:
        """Parse these windows, and those whose duplicates become valid by it. Raises ParseError."""
        try:
            with self._thread, suppress(TooManyInvalidError):
                self._parse_all(set(windows))
            self._check_invalid()
            self._remove_duplicates()
            return self._finish()
        except BaseException:
            while self._finishing:
                with suppress(Exception):
                    self._take_finished()
            _remove_uncommitted_files(self._tables, self._files)
            raise

    def _parse_all(self, windows: set[Window]) -> None:
        while windows:
            for window in sorted(windows, key=str):
                if window in self._inputs.fingerprints:
                    self._parse_window(window)
                self._parsed.add(window)
            self._take_finished()
            duplicates = self._published.windows_of_duplicates
            windows = {window for id_ in self._removed_ids() for window in duplicates[id_]} - self._parsed

    def _removed_ids(self) -> set[tuple[str, str]]:
        """The objects, by model and id, that the parsed windows no longer hold: their duplicates may return."""
        before = self._published.ids_with_duplicates(self._parsed)
        if not before:
            return set()
        now = {
            found
            for model, files in self._files.items()
            for file in files.values()
            for batch in read_uncommitted(self._tables[model], file, ["id"])
            for found in self._published.find_duplicated(model, batch)
        }
        return before - now

    def _parse_window(self, window: Window) -> None:
        handles: dict[str, object] = {name: FullRefresh(records) for name, records in self._full_refresh.items()}
        for item in self._parser.incremental_inputs:
            handles[item.parameter] = Incremental(self._read_records(item, "window", window))
        fingerprint, inputs = self._inputs.fingerprints[window], self._inputs.provenance
        files = {
            model: ObjectFile(model, table.new_file(window, fingerprint=fingerprint, inputs=inputs), self._thread)
            for model, table in self._tables.items()
        }
        try:
            with self._explained(window):
                result = self._function(**handles)
                self._raise_fault(find_result_fault(result), window)
                objects = iter(result)
            while batch := self._take_objects(objects, window):
                self._write(batch, files, window)
            self._take_finished()
            self._finishing = {(model, window): file.close() for model, file in files.items()}
        except BaseException:
            for file in files.values():
                file.discard()
            raise

    def _take_finished(self) -> None:
        """Wait for the files of the window before."""
        while self._finishing:
            (model, window), file = self._finishing.popitem()
            self._files[model][window] = file.result()

    def _take_objects(self, objects: Iterator[DomainObject], window: Window) -> list[DomainObject]:
        with self._explained(window):
            return list(islice(objects, _OBJECTS_PER_BATCH))

    @contextmanager
    def _explained(self, window: Window) -> Iterator[None]:
        """Say what an exception of the author's code is about."""
        failed: ParseError | None = None
        try:
            yield
        except (ParseError, TooManyInvalidError):
            raise
        except Exception as error:
            described = describe_error(error, self._parser.models, is_sensitive=self._is_sensitive)
            problem = f"{described}{format_raising_line(error, self._function)}"
            failed = ParseError(f"{self._where(window)}: {problem}; nothing was published", self._report)
            if not self._is_sensitive:
                raise failed from error
        # Raised out here, so that a traceback does not show what the parser said.
        if failed is not None:
            raise failed

    def _write(self, batch: list[DomainObject], files: Mapping[Model, ObjectFile], window: Window) -> None:
        self._raise_fault(find_object_fault(batch, files), window)
        self._raise_fault(find_stream_fault(batch, self._session.spec.streams), window)
        if not self._report.warnings and (foreign := describe_foreign_ids(batch)) is not None:
            self._report.warnings.append(foreign)
        try:
            for model, file in files.items():
                file.add(batch if len(files) == 1 else [item for item in batch if type(item) is model])
        except ValueError as error:
            raise ParseError(f"{self._where(window)}: {error}", self._report) from None
        self._session.progress.parsed(self._session.name, self._parser.name, objects=len(batch))

    def _raise_fault(self, fault: str | None, window: Window) -> None:
        if fault is not None:
            end = "" if fault.endswith("?") else "."
            raise ParseError(f"{self._where(window)}: {fault}{end} Nothing was published", self._report)

    def _read_records(self, item: InputSpec, scope: Scope, window: Window = None) -> StoredRecords:
        return StoredRecords(
            self._session.spec.streams[item.stream],
            self._latest[item.stream],
            self._quarantine,
            self._counts[item.stream],
            scope,
            window,
            self._thread,
            departures=lambda: self._inputs.departures(item.stream),
        )

    def _check_invalid(self) -> None:
        report = self._report
        for name, counts in self._counts.items():
            report.read[name], report.invalid[name] = counts.read, counts.invalid
            report.replaced += counts.replaced
            stream = self._session.spec.streams[name]
            if exceeds_max_invalid(stream, counts.invalid, counts.read):
                raise ParseError(f"{self._where(None)}: {self._describe_invalid(stream, counts)}", report)

    def _describe_invalid(self, stream: StreamSpec, counts: RecordCounts) -> str:
        kind, reason = self._quarantine.first_reason(stream.name)
        total = (
            f"the first {format_count(counts.read, 'record')} of {stream.name} that were read"
            if counts.stopped
            else f"{format_count(counts.read, 'record')} of {stream.name}"
        )
        advice = {
            "no key": f"correct `primary_key` of {stream.stream.__name__}, then sync again",
            "no cursor": f"correct `cursor` of {stream.stream.__name__}, then sync again",
            "unreadable": f"to do without such records, raise `max_invalid` of {stream.stream.__name__}",
        }.get(kind, f"correct {stream.required_model.__name__}, then parse again")
        return (
            f"{counts.invalid} of {total} are invalid, more than max_invalid = {stream.max_invalid} allows ({reason}); "
            f"{advice}. Nothing was published"
        )

    def _remove_duplicates(self) -> None:
        for model, table in self._tables.items():
            files = self._files[model]
            by_file: dict[tuple[Window, str], list[DuplicateId]] = defaultdict(list)
            version = self._published.versions[model]
            duplicates = list(find_duplicate_ids(table, list(files.values()), version, self._parsed))
            objects = sum(file.rows for file in files.values())
            self._raise_fault(find_id_fault(model, objects, [item.id for item in duplicates]), None)
            for item in duplicates:
                by_file[item.window, item.path].append(item)
                self._quarantine.add_duplicate(item.window, model.__name__, item.id, item.kept)
                self._report.duplicates.append(item.id)
            for (window, path), rows in by_file.items():
                self._remove_rows(model, window, path, rows)

    def _remove_rows(self, model: Model, window: Window, path: str, duplicates: Collection[DuplicateId]) -> None:
        files, table, version = self._files[model], self._tables[model], self._published.versions[model]
        stored_in = version if window not in files else None
        before = stored_in.window_states().get(window) if stored_in else None
        files[window], old = (
            copy_without_rows(
                table,
                path,
                window,
                {item.row for item in duplicates},
                stored_in=stored_in,
                fingerprint=before.fingerprint if before else self._inputs.fingerprints[window],
                inputs=before.inputs if before else self._inputs.provenance,
            ),
            files.get(window),
        )
        if old is not None:
            remove_uncommitted(table, old)

    def _finish(self) -> ParsedFiles:
        """Complete the report, and return the files."""
        report, parsed = self._report, self._parsed
        quarantined = set(parsed)
        if any(records.was_read for records in self._full_refresh.values()):
            quarantined.add(None)
        rewritten = {window for files in self._files.values() for window in files} - parsed
        report.quarantined = self._quarantine.count
        report.quarantine_reason = self._quarantine.commonest_reason
        self._quarantine.carry_over(self._published.quarantine_rows(rewritten))
        report.windows = dict.fromkeys(parsed, 0)
        for files in self._files.values():
            for window in parsed & files.keys():
                report.windows[window] += files[window].rows
        report.objects = sum(report.windows.values())
        return ParsedFiles(self._tables, self._files, parsed, self._quarantine, quarantined | rewritten)

    def _where(self, window: Window) -> str:
        at = f", window {window}" if window else ""
        return f"{self._session.name}, parser {self._parser.name}{at}"


def publish(parsed: ParsedFiles, inputs: RawInputs, published: PublishedTables) -> None:
    """Commit what was parsed, quarantine first: windows of tables not committed yet are then parsed again."""
    _commit_quarantine(parsed, inputs, published)
    for model, table in published.tables.items():
        _commit(table, parsed.files[model].values(), parsed.replaced_windows(model), inputs)
    for table in published.undeclared_tables():
        table.commit(lambda _: Commit(replace="everything"))


def _commit_quarantine(parsed: ParsedFiles, inputs: RawInputs, published: PublishedTables) -> None:
    table, windows = published.quarantine, parsed.quarantined_windows
    files = parsed.quarantine.write_files(table, windows, inputs.fingerprints)
    stored = published.quarantine_version.window_states().keys() if published.quarantine_version else set()
    _commit(table, files, {file.window for file in files} | (windows & stored), inputs)


def _commit(table: Table, files: Iterable[DataFile], replaced: Set[Window], inputs: RawInputs) -> None:
    commit = Commit(list(files), replaced or "nothing", inputs.checked)
    table.commit(lambda _: commit)


def _remove_uncommitted_files(tables: Mapping[Model, Table], files: Mapping[Model, Mapping[Window, DataFile]]) -> None:
    for model, of_model in files.items():
        for file in of_model.values():
            remove_uncommitted(tables[model], file)
