"""Parses windows of raw records into domain objects, and publishes them in one commit per table."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass

from dazz_assets.counts import format_count
from dazz_assets.errors import ParseError
from dazz_assets.lake import Commit, DataFile, Table
from dazz_assets.lake.table import read_uncommitted, remove_uncommitted, remove_unfinished
from dazz_assets.lake.versions.duplicate_ids import DuplicateId, copy_without_rows, find_duplicate_ids
from dazz_assets.lake.versions.latest_versions import LatestVersions
from dazz_assets.reports import ParseReport
from dazz_assets.session import Session
from dazz_assets.spec.found_again import CodePlace
from dazz_assets.spec.specs import ParserSpec, StreamSpec
from dazz_assets.transform.fewer_collections import fewer_collections
from dazz_assets.transform.parse_messages import Job
from dazz_assets.transform.parse_notes import ParsedWindow, ParseNotes, add_counts, count_whole
from dazz_assets.transform.parse_workers import (
    ROWS_WORTH_A_PROCESS,
    ParseWorkers,
    Shares,
    count_rows,
    describe_job,
    read_processes,
)
from dazz_assets.transform.published_tables import PublishedTables, new_parse
from dazz_assets.transform.quarantine import Quarantine
from dazz_assets.transform.raw_inputs import RawInputs
from dazz_assets.transform.records import RecordCounts, TooManyInvalidError, exceeds_max_invalid
from dazz_assets.transform.result_checks import find_id_fault
from dazz_assets.transform.window_parser import (
    Model,
    Window,
    WindowInputs,
    WindowParser,
    WindowTask,
    format_place,
    raise_fault,
)

# Of fewer objects any share may go without a word.
_FEWEST_TOLD = 20


def parse(
    session: Session,
    parser: ParserSpec,
    *,
    windows: Collection[Window] | None,
    stale: bool = False,
    processes: int | None = None,
) -> ParseReport:
    """Parse windows and publish their objects. Sends no request; holds the connection's lock.

    windows: None is every window that has records. Windows whose records changed since they were parsed are always
    included. stale: also parse windows whose full-refresh inputs changed, whatever the parser's `refresh` says.
    processes: how many may parse windows side by side, where that pays. Default: `DAZZ_PARSE_PROCESSES`, or 1.
    Raises ParseError, and then publishes nothing of this parse; LakeError.
    """
    with session.at_work(parser.name):
        session.store_sensitive_fields()
        processes = processes or read_processes(format_place(session, parser))
        return _parse(session, parser, windows, stale=stale, processes=processes)


def _parse(
    session: Session, parser: ParserSpec, windows: Collection[Window] | None, *, stale: bool, processes: int
) -> ParseReport:
    inputs, published = RawInputs(session, parser), PublishedTables(session, parser)
    report = ParseReport(session.connection.id, parser.name, version=parser.version)
    report.held_in_quarantine = published.quarantined_rows
    report.inputs = {name: version.version for name, version in inputs.versions.items()}
    to_parse = windows_to_parse(inputs, published, windows, stale=stale)
    if to_parse is not None:
        run = ParserRun(session, parser, inputs, published, published.tables, report, processes)
        with run.run(to_parse) as parsed:
            publish(parsed, inputs, published)
        before, published = published.objects, PublishedTables(session, parser)
        lost = _describe_lost_objects(before, published.objects)
        report.warnings = [*report.warnings, *lost, *published.describe_undeclared_parsers()]
    report.stale = sorted(stale_windows(inputs, published), key=str)
    report.other_versions = published.other_parser_versions
    report.changed_inputs = sorted(_changed_inputs(inputs, published))
    report.held_in_quarantine = published.quarantined_rows
    return report


def _describe_lost_objects(before: int, now: int) -> Iterator[str]:
    """Tell of a parser that leaves out most of what it made before."""
    if before >= _FEWEST_TOLD and 2 * now < before:
        are = "is" if now == 1 else "are"
        yield (
            f"{format_count(now, 'object')} {are} published, and {before:,} were before: unless their records are "
            "gone, correct the parser, and parse again"
        )


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
        window
        for windows in published.windows
        for window, state in windows.items()
        if inputs.changed_inputs(state.inputs)
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


class ParserRun:
    """Runs one parser over windows and writes files for `tables`: the published ones, or others of the same schema.

    processes: how many may parse side by side, this one included.
    """

    def __init__(
        self,
        session: Session,
        parser: ParserSpec,
        inputs: RawInputs,
        published: PublishedTables,
        tables: Mapping[Model, Table],
        report: ParseReport,
        processes: int = 1,
    ) -> None:
        self._session = session
        self._parser = parser
        self._inputs = inputs
        self._published = published
        self._tables = tables
        self._report = report
        self._processes = processes
        self._notes = ParseNotes(parser.inputs)
        self._has_read_whole = False
        self._tasks: list[WindowTask] = []
        self._files: dict[Model, dict[Window, DataFile]] = {model: {} for model in parser.models}
        self._parsed: set[Window] = set()

    @fewer_collections()
    def run(self, windows: Collection[Window]) -> ParsedFiles:
        """Parse these windows, and those whose duplicates become valid by it. Raises ParseError."""
        try:
            with suppress(TooManyInvalidError):
                self._parse_all(set(windows))
            self._check_invalid()
            self._remove_duplicates()
            return self._finish()
        except BaseException as error:
            self._remove_files()
            if isinstance(error, ParseError):
                error.report = self._report
            raise

    def _parse_all(self, windows: set[Window]) -> None:
        if not windows:
            return
        facts = self._session.read_facts()
        latest = {name: LatestVersions(version) for name, version in self._inputs.versions.items()}
        inputs = WindowInputs(latest, self._inputs.departures, self._inputs.provenance)
        integration = self._session.make_parsing_integration(facts)

        def make_job(place: CodePlace) -> Job:
            return describe_job(self._session, self._parser, place, facts, self._inputs, inputs, self._tables)

        with WindowParser(self._session, self._parser, integration, inputs, self._tables) as here:
            while windows:
                self._parse_windows(windows, here, make_job)
                self._parsed |= windows
                duplicates = self._published.windows_of_duplicates
                windows = {window for id_ in self._removed_ids() for window in duplicates[id_]} - self._parsed

    def _parse_windows(self, windows: set[Window], here: WindowParser, make_job: Callable[[CodePlace], Job]) -> None:
        """Parse windows in any order, and add what came of them in theirs, so that it is as if one followed another."""
        tasks = [self._make_task(window) for window in sorted(windows, key=str) if window in self._inputs.fingerprints]
        self._tasks += tasks
        rows = count_rows([self._inputs.versions[item.stream] for item in self._parser.incremental_inputs], windows)
        arrived: dict[Window, ParsedWindow] = {}
        to_add = deque(task.window for task in tasks)
        with ParseWorkers(self._session, self._parser) as workers:
            workers.start(min(self._processes, len(tasks), sum(rows.values()) // ROWS_WORTH_A_PROCESS) - 1)
            shares = Shares(tasks, rows, 1 + workers.count)
            for parsed in workers.parse(shares, here, make_job):
                arrived[parsed.window] = parsed
                while to_add and to_add[0] in arrived:
                    self._add(arrived.pop(to_add.popleft()))
                if arrived and (last := self._find_end(arrived)) is not None:
                    shares.end_with(last.window)

    def _make_task(self, window: Window) -> WindowTask:
        paths = [table.new_path(window) for table in self._tables.values()]
        return WindowTask(window, self._inputs.fingerprints[window], paths)

    def _add(self, parsed: ParsedWindow) -> None:
        """Add what came of the next window. Raises TooManyInvalidError, or why the window could not be parsed."""
        self._notes.add(parsed)
        self._report.warnings = self._notes.warnings
        self._has_read_whole |= parsed.read_whole
        for item in self._parser.inputs:
            total, counts = self._notes.counts[item.parameter], parsed.counts[item.parameter]
            if item.kind == "full_refresh":
                count_whole(total, counts)
            else:
                stream = self._session.spec.streams[item.stream]
                add_counts(total, counts, stream, self._inputs.versions[item.stream])
            if total.stopped:
                raise TooManyInvalidError
        if parsed.error is not None:
            raise parsed.error
        for model, file in zip(self._tables, parsed.files, strict=True):
            self._files[model][parsed.window] = file

    def _find_end(self, arrived: Mapping[Window, ParsedWindow]) -> ParsedWindow | None:
        """Of windows that wait for others to be added, the one with which it is certain that the parse fails."""
        invalid = {name: counts.invalid for name, counts in self._notes.counts.items()}
        for _, parsed in sorted(arrived.items(), key=lambda item: str(item[0])):
            if not parsed.files:
                return parsed
            for item in self._parser.incremental_inputs:
                stream, version = self._session.spec.streams[item.stream], self._inputs.versions[item.stream]
                invalid[item.parameter] += parsed.counts[item.parameter].invalid
                if exceeds_max_invalid(stream, invalid[item.parameter], version.rows):
                    return parsed
        return None

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

    def _remove_files(self) -> None:
        """Remove all files, finished or not, by whichever process."""
        _remove_uncommitted_files(self._tables, self._files)
        for task in self._tasks:
            for table, path in zip(self._tables.values(), task.paths, strict=True):
                remove_unfinished(table, path)

    def _check_invalid(self) -> None:
        report, read = self._report, [(item.stream, self._notes.counts[item.parameter]) for item in self._parser.inputs]
        for name, counts in read:
            report.read[name] = report.read.get(name, 0) + counts.read
            report.invalid[name] = report.invalid.get(name, 0) + counts.invalid
            report.replaced += counts.replaced
        # A parse that stopped has not seen all windows: whatever the share is, it must not be published.
        for name, counts in sorted(read, key=lambda item: not item[1].stopped):
            stream = self._session.spec.streams[name]
            if counts.stopped or exceeds_max_invalid(stream, counts.invalid, counts.read):
                raise ParseError(f"{self._where()}: {self._describe_invalid(stream, counts)}")

    def _describe_invalid(self, stream: StreamSpec, counts: RecordCounts) -> str:
        kind, reason = self._notes.quarantine.first_reason(stream.name)
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
            if fault := find_id_fault(model, objects, [item.id for item in duplicates]):
                raise_fault(fault, self._where())
            for item in duplicates:
                by_file[item.window, item.path].append(item)
                self._notes.quarantine.add_duplicate(item.window, model.__name__, item.id, item.kept)
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
        if self._has_read_whole:
            quarantined.add(None)
        rewritten = {window for files in self._files.values() for window in files} - parsed
        report.quarantined = self._notes.quarantine.count
        report.quarantine_reason = self._notes.quarantine.commonest_reason
        self._notes.quarantine.carry_over(self._published.quarantine_rows(rewritten))
        report.windows = dict.fromkeys(parsed, 0)
        for files in self._files.values():
            for window in parsed & files.keys():
                report.windows[window] += files[window].rows
        report.objects = sum(report.windows.values())
        return ParsedFiles(self._tables, self._files, parsed, self._notes.quarantine, quarantined | rewritten)

    def _where(self) -> str:
        return format_place(self._session, self._parser)


def publish(parsed: ParsedFiles, inputs: RawInputs, published: PublishedTables) -> None:
    """Commit what was parsed, quarantine first. If that breaks off, the next parse is of every window.

    Raises ParseError if another parse published meanwhile.
    """
    transactions = {**inputs.checked, **new_parse()}
    opened, windows = published.quarantine_version, parsed.quarantined_windows
    held = parsed.quarantine.write_files(published.quarantine, windows, inputs.fingerprints)
    stored = opened.window_states().keys() if opened else set()
    replaced = {file.window for file in held} | (windows & stored)
    published.commit(published.quarantine, opened, Commit(held, replaced or "nothing", transactions))
    for model, table in published.tables.items():
        files = list(parsed.files[model].values())
        commit = Commit(files, parsed.replaced_windows(model) or "nothing", transactions)
        published.commit(table, published.versions[model], commit)
    for table in published.undeclared_tables():
        table.commit(lambda _: Commit(replace="everything"))


def _remove_uncommitted_files(tables: Mapping[Model, Table], files: Mapping[Model, Mapping[Window, DataFile]]) -> None:
    for model, of_model in files.items():
        for file in of_model.values():
            remove_uncommitted(tables[model], file)
