"""Reports as metadata of materializations. Numbers stay numbers, so that the UI plots them."""

from datetime import datetime
from typing import Any

import dagster as dg

from dazz_assets.sync.reports import ParseReport, StreamReport

Metadata = dict[str, Any]


def of(report: StreamReport | ParseReport) -> Metadata:
    """What a report says, for each event of its pass."""
    return of_stream(report) if isinstance(report, StreamReport) else of_parser(report)


def of_stream(report: StreamReport) -> Metadata:
    """What a sync of a stream did, for each of its events."""
    found: Metadata = {
        "dazz/records": report.records,
        "dazz/requests": report.requests,
        "dazz/pages": report.pages,
        "dazz/bytes": report.bytes,
        "dazz/retries": report.retries,
        "dazz/waited_seconds": float(report.waited_seconds),
        "dazz/ended": report.ended,
        "dazz/high_water_mark": _mark(report.high_water_mark),
        "dazz/total": report.total,
        "dazz/passed_over": report.passed_over or None,
        "dazz/warnings": report.warnings or None,
        "dazz/gap": report.gap,
        "dazz/version": report.version,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def of_parser(report: ParseReport) -> Metadata:
    """What a parse did, for each of its events."""
    found: Metadata = {
        "dazz/quarantined": report.quarantined,
        "dazz/invalid": sum(report.invalid.values()),
        "dazz/duplicates": len(report.duplicates),
        "dazz/stale_windows": len(report.stale),
        "dazz/read": dict(report.read) or None,
        "dazz/inputs": dict(report.inputs) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _mark(text: str | None) -> object:
    if text is None:
        return None
    try:
        return dg.MetadataValue.timestamp(datetime.fromisoformat(text))
    except ValueError:
        return text
