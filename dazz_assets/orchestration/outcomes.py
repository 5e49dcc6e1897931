"""What a run did, written to its events and read from them: reports where work ended, problems where it failed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import dagster as dg
from pydantic import TypeAdapter

from dazz_assets.reports import ParseReport, StreamReport

Report = StreamReport | ParseReport

# Of a connection's events in a run the one that stands for it has this; a failure has both.
_REPORTS = "dazz/reports"
_PROBLEMS = "dazz/problems"
_STREAM, _PARSER = TypeAdapter(StreamReport), TypeAdapter(ParseReport)


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong with a stream or a parser of a connection; both None where the connection itself is wrong."""

    connection: str
    message: str
    stream: str | None = None
    parser: str | None = None


@dataclass(slots=True)
class Outcome:
    """What was done, and what went wrong."""

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
    return {_REPORTS: dg.MetadataValue.json([_written(report) for report in reports])}


def write_failure(problems: Iterable[Problem], reports: Iterable[Report]) -> dict[str, dg.MetadataValue[Any]]:
    """Problems, and what was reported before them, as metadata of a failure."""
    return {_PROBLEMS: dg.MetadataValue.json([asdict(item) for item in problems]), **write_reports(reports)}


def read_outcome(events: Iterable[dg.DagsterEvent]) -> Outcome:
    """What a run did, from its events, in their order."""
    outcome = Outcome()
    for metadata in filter(None, map(_metadata_of, events)):
        for report in _values(metadata, _REPORTS):
            if "stream" in report:
                outcome.streams.append(_STREAM.validate_python(_with_windows(report)))
            else:
                outcome.parsers.append(_PARSER.validate_python(_with_windows(report)))
        outcome.errors += [Problem(**item) for item in _values(metadata, _PROBLEMS)]
    return outcome


def _metadata_of(event: dg.DagsterEvent) -> Mapping[str, dg.MetadataValue[Any]] | None:
    if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
        return event.step_materialization_data.materialization.metadata
    if event.event_type == dg.DagsterEventType.STEP_FAILURE and event.step_failure_data.user_failure_data:
        return event.step_failure_data.user_failure_data.metadata
    return None


def _values(metadata: Mapping[str, dg.MetadataValue[Any]], name: str) -> Iterator[dict[str, Any]]:
    if isinstance(found := metadata.get(name), dg.JsonMetadataValue) and isinstance(found.data, Sequence):
        yield from found.data


def _written(report: Report) -> dict[str, Any]:
    """A report as JSON, whose objects have no dates and no null for keys."""
    values = asdict(report) | {"windows": [[_text(window), count] for window, count in report.windows.items()]}
    return values | ({"stale": [_text(window) for window in report.stale]} if isinstance(report, ParseReport) else {})


def _text(window: date | None) -> str | None:
    return window.isoformat() if window else None


def _with_windows(report: dict[str, Any]) -> dict[str, Any]:
    return report | {"windows": dict(report["windows"])}
