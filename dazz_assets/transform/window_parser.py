"""Parses windows one after another: each into files that are not committed, and notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from types import TracebackType
from typing import Any

from dazz_assets.declare.integration import Integration
from dazz_assets.declare.parser import FullRefresh, Incremental
from dazz_assets.domain import DomainObject
from dazz_assets.errors import ParseError
from dazz_assets.http.quotes import shorten
from dazz_assets.lake import DataFile, Table
from dazz_assets.lake.objects.object_file import ObjectFile
from dazz_assets.lake.versions.latest_versions import LatestVersions
from dazz_assets.session import Session
from dazz_assets.spec.specs import InputSpec, ParserSpec
from dazz_assets.transform.parse_notes import ParsedWindow, ParseNotes
from dazz_assets.transform.records import Scope, StoredRecords, TooManyInvalidError
from dazz_assets.transform.result_checks import (
    describe_error,
    describe_foreign_ids,
    find_object_fault,
    find_result_fault,
    find_stream_fault,
    format_raising_line,
)

_OBJECTS_PER_BATCH = 1_000
_LONGEST_KEY = 100

Window = date | None
Model = type[DomainObject]


@dataclass(frozen=True)
class WindowInputs:
    """What a parser reads: the latest versions of each stream's records, in one version of its raw table.

    departures: of a snapshot, see `RawInputs`. provenance: names the versions of the tables.
    """

    latest: Mapping[str, LatestVersions]
    departures: Callable[[str], Mapping[str, datetime | None]]
    provenance: str


@dataclass(frozen=True, slots=True)
class WindowTask:
    """A window to be parsed, the fingerprint of its records, and the paths of its files in the order of the models."""

    window: Window
    fingerprint: str
    paths: Sequence[str]


class WindowParser:
    """Runs one parser over windows and writes files for `tables`. As a context manager, it ends its thread."""

    def __init__(
        self,
        session: Session,
        parser: ParserSpec,
        integration: Integration[Any],
        inputs: WindowInputs,
        tables: Mapping[Model, Table],
    ) -> None:
        self._session = session
        self._parser = parser
        self._inputs = inputs
        self._tables = tables
        self._function = getattr(integration, parser.name)
        self._is_sensitive = any(session.spec.streams[item.stream].sensitive for item in parser.inputs)
        # Reads records ahead of the parser, and writes its objects behind it.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="dazz-parse")
        self._notes = ParseNotes(parser.inputs)
        self._inputs_read: Mapping[str, StoredRecords] = {}
        scope: Scope = "all" if parser.incremental_inputs else "all in order"
        self._full_refresh = {
            item.parameter: self._read_records(item, scope) for item in parser.inputs if item.kind == "full_refresh"
        }

    def __enter__(self) -> WindowParser:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, trace: TracebackType | None) -> None:
        self._thread.shutdown(wait=True)

    def parse(self, tasks: Sequence[WindowTask]) -> Iterator[ParsedWindow]:
        """Parse windows in this order, each apart from the others. One without files is the last."""
        before: _Unfinished | None = None
        for task in tasks:
            parsed = self._parse(task)
            if before is not None:
                yield before.finish()
            before = parsed
            if not parsed.files:
                break
        if before is not None:
            yield before.finish()

    def _parse(self, task: WindowTask) -> _Unfinished:
        files: list[Future[DataFile]] = []
        error: Exception | None = None
        try:
            files = self._write_window(task)
        except TooManyInvalidError:
            pass
        except Exception as raised:  # noqa: BLE001  whoever takes it raises it
            error = raised
        read_whole = any(records.was_read for records in self._full_refresh.values())
        return _Unfinished(files, self._notes.take(task.window, error=error, read_whole=read_whole))

    def _write_window(self, task: WindowTask) -> list[Future[DataFile]]:
        """The files of a window, which the thread finishes."""
        window = task.window
        for records in self._full_refresh.values():
            records.forget_last_read()
        incremental = {
            item.parameter: self._read_records(item, "window", window) for item in self._parser.incremental_inputs
        }
        self._inputs_read = {**self._full_refresh, **incremental}
        handles: dict[str, object] = {name: FullRefresh(records) for name, records in self._full_refresh.items()}
        handles |= {name: Incremental(records) for name, records in incremental.items()}
        files: dict[Model, ObjectFile] = {}
        try:
            for (model, table), path in zip(self._tables.items(), task.paths, strict=True):
                writer = table.new_file(window, fingerprint=task.fingerprint, inputs=self._inputs.provenance, path=path)
                files[model] = ObjectFile(model, writer, self._thread)
            with self._explained(window):
                result = self._function(**handles)
                self._raise_fault(find_result_fault(result), window)
                objects = iter(result)
            while batch := self._take_objects(objects, window):
                self._write(batch, files, window)
            return [file.close() for file in files.values()]
        except BaseException:
            for file in files.values():
                file.discard()
            raise

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
            problem = f"{described}{format_raising_line(error, self._function)}{self._describe_last_read()}"
            failed = ParseError(f"{self._where(window)}: {problem}; nothing was published")
            if not self._is_sensitive:
                raise failed from error
        # Raised out here, so that a traceback does not show what the parser said.
        if failed is not None:
            raise failed

    def _describe_last_read(self) -> str:
        """`, when it had read record 7 of issues`: where the parser is in its inputs; empty if it is in none."""
        streams = {item.parameter: item.stream for item in self._parser.inputs}
        places = [
            f"record {shorten(key, _LONGEST_KEY)} of {streams[name]}"
            for name, records in self._inputs_read.items()
            if (key := records.last_read()) is not None
        ]
        return f", when it had read {' and '.join(places)}" if places else ""

    def _write(self, batch: list[DomainObject], files: Mapping[Model, ObjectFile], window: Window) -> None:
        self._raise_fault(find_object_fault(batch, files), window)
        self._raise_fault(find_stream_fault(batch, self._session.spec.streams), window)
        if not self._notes.warnings and (foreign := describe_foreign_ids(batch)) is not None:
            self._notes.warnings.append(foreign)
        try:
            for model, file in files.items():
                file.add(batch if len(files) == 1 else [item for item in batch if type(item) is model])
        except ValueError as error:
            raise ParseError(f"{self._where(window)}: {error}") from None
        self._session.progress.parsed(self._session.name, self._parser.name, objects=len(batch))

    def _raise_fault(self, fault: str | None, window: Window) -> None:
        if fault is not None:
            raise_fault(fault, self._where(window))

    def _read_records(self, item: InputSpec, scope: Scope, window: Window = None) -> StoredRecords:
        return StoredRecords(
            self._session.spec.streams[item.stream],
            self._inputs.latest[item.stream],
            self._notes.quarantine,
            self._notes.counts[item.parameter],
            scope,
            window,
            self._thread,
            departures=lambda: self._inputs.departures(item.stream),
        )

    def _where(self, window: Window) -> str:
        return format_place(self._session, self._parser, window)


@dataclass(slots=True)
class _Unfinished:
    """A window whose files are being finished."""

    files: Sequence[Future[DataFile]]
    parsed: ParsedWindow

    def finish(self) -> ParsedWindow:
        """The window, once its files are on the disk."""
        try:
            self.parsed.files = [file.result() for file in self.files]
        except Exception as error:  # noqa: BLE001  as when it is raised while objects are written
            self.parsed.error = error
        return self.parsed


def format_place(session: Session, parser: ParserSpec, window: Window = None) -> str:
    """Where something happened, to begin a message with."""
    return f"{session.name}, parser {parser.name}{f', window {window}' if window else ''}"


def raise_fault(fault: str, where: str) -> None:
    """Raise ParseError for a fault of a parser. fault: what it did and what to do, without a full stop."""
    raise ParseError(f"{where}: {fault}{'' if fault.endswith('?') else '.'} Nothing was published")
