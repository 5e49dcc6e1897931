"""Outcomes of runs, written to their events and read from them: reports of what was done, problems of what failed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import dagster as dg
from pydantic import TypeAdapter

from dazz_assets.reports import ParseReport, StreamReport

Report = StreamReport | ParseReport

# The newest materialization of each connection in a run has the reports. A failure has both.
_REPORTS = "dazz/reports"
_FAILURES = "dazz/failures"
_STREAM, _PARSER = TypeAdapter(StreamReport), TypeAdapter(ParseReport)


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong with a stream or a parser of a connection. Both are None if the connection itself is wrong.

    cause: what went wrong, where it is the same for all that it fails. failed_inputs: it was not run, because these
    streams failed.
    """

    connection: str
    message: str
    stream: str | None = None
    parser: str | None = None
    cause: str = ""
    failed_inputs: tuple[str, ...] = ()


_PROBLEM = TypeAdapter(Problem)


@dataclass(slots=True)
class Outcome:
    """What one or several runs did, and what went wrong."""

    streams: list[StreamReport] = field(default_factory=list)
    parsers: list[ParseReport] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Add the outcome of another run."""
        self.streams += other.streams
        self.parsers += other.parsers
        self.errors += other.errors


def write_reports(reports: Iterable[Report]) -> dict[str, dg.MetadataValue[Any]]:
    """Reports as metadata of a materialization."""
    return {_REPORTS: dg.MetadataValue.json([_to_json(report) for report in reports])}


def write_failure(problems: Iterable[Problem], reports: Iterable[Report]) -> dict[str, dg.MetadataValue[Any]]:
    """Problems as metadata of a failure, with the reports of what was done before them."""
    return {_FAILURES: dg.MetadataValue.json([asdict(item) for item in problems]), **write_reports(reports)}


def read_outcome(events: Iterable[dg.DagsterEvent]) -> Outcome:
    """The outcome of a run, from its events in their order."""
    outcome = Outcome()
    for metadata in filter(None, map(_find_metadata, events)):
        for report in _read_entries(metadata, _REPORTS):
            if "stream" in report:
                outcome.streams.append(_STREAM.validate_python(_restore_windows(report)))
            else:
                outcome.parsers.append(_PARSER.validate_python(_restore_windows(report)))
        outcome.errors += [_PROBLEM.validate_python(item) for item in _read_entries(metadata, _FAILURES)]
    return outcome


def _find_metadata(event: dg.DagsterEvent) -> Mapping[str, dg.MetadataValue[Any]] | None:
    if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
        return event.step_materialization_data.materialization.metadata
    if event.event_type == dg.DagsterEventType.STEP_FAILURE and event.step_failure_data.user_failure_data:
        return event.step_failure_data.user_failure_data.metadata
    return None


def _read_entries(metadata: Mapping[str, dg.MetadataValue[Any]], name: str) -> Iterator[dict[str, Any]]:
    if isinstance(found := metadata.get(name), dg.JsonMetadataValue) and isinstance(found.data, Sequence):
        yield from found.data


def _to_json(report: Report) -> dict[str, Any]:
    """A report as JSON. Windows are pairs or text, as a JSON object can't have null as a key."""
    values = asdict(report) | {"windows": [[_format_window(window), count] for window, count in report.windows.items()]}
    return values | (
        {"stale": [_format_window(window) for window in report.stale]} if isinstance(report, ParseReport) else {}
    )


def _format_window(window: date | None) -> str | None:
    return window.isoformat() if window else None


def _restore_windows(report: dict[str, Any]) -> dict[str, Any]:
    return report | {"windows": dict(report["windows"])}
